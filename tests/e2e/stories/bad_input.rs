//! Bad input on page, API and command line: a clear error with field and fix, and nothing changes.

use super::NO_NETWORKS;
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use deadwax_index::entry::limits::MAX_ENTRY_BYTES;
use deadwax_tests::harness::test_node::TestNode;
use deadwax_tests::samples;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const MBID: &str = "0d3f4cbd-1b0e-4dbb-8ba5-2a8e3f1d2c11";
const MAGNET: &str = "magnet:?xt=urn:btih:1111111111111111111111111111111111111111";

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    // An open set: the good entry at the end is by a stranger.
    let network = stage.dir().join("open.toml");
    std::fs::write(&network, "name = \"bad input\"\nprivate = true\n")?;
    let mut node = stage.node("node", NO_NETWORKS, Some(network))?;
    stage.step("a node without networks starts", |_| {
        node.start()?;
        node.ready(PATIENCE)
    })?;
    let before = node.status()?["scopes"].clone();
    stage.step("the API names what is wrong with an entry", |stage| {
        entries_are_refused(&node, &stage.dir())
    })?;
    stage.step("the API names what is wrong with a link", |_| links_are_refused(&node))?;
    stage.step("the form names it too, and keeps what was typed", |_| forms_are_refused(&node))?;
    stage.step("the command line names it too", |stage| commands_are_refused(&node, &stage.dir()))?;
    stage.step("the command line names what is wrong with a body", |_| bodies_are_refused(&node))?;
    stage.step("unknown addresses and odd requests get an error page or problem", |_| {
        addresses_are_refused(&node)
    })?;
    stage.step("nothing has changed", |_| {
        ensure!(node.status()?["scopes"] == before, "the set changed");
        Ok(())
    })?;
    stage.step("a good entry is accepted all the same, once", |_| {
        let entry = samples::entries(3, 1).remove(0).to_bytes();
        let (code, receipt) = post(&node, "/api/v1/entries", "application/cbor-seq", &entry)?;
        ensure!(code == 201, "{code} {receipt}");
        let (code, receipt) = post(&node, "/api/v1/entries", "application/cbor-seq", &entry)?;
        ensure!(code == 200 && receipt["state"] == "known", "{code} {receipt}");
        Ok(())
    })?;
    stage.step("without a node, commands that need one exit with 3", |_| {
        node.stop()?;
        let (code, error) = node.command(&["status"])?;
        ensure!(code == 3 && error["error"]["code"] == "node.absent", "{code} {error}");
        let (code, answer) = node.command(&["search", "anything at all"])?;
        ensure!(code == 0 && answer["groups"].is_array(), "search works on the files: {code} {answer}");
        Ok(())
    })
}

fn entries_are_refused(node: &TestNode, dir: &Path) -> Result<()> {
    let entry = samples::entries(2, 1).remove(0);
    let (head, body) = (entry.head().bytes().to_vec(), entry.body().context("a sample has a body")?.to_vec());
    let whole = entry.to_bytes();
    let changed = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let cases = [
        ("a damaged head", changed(&whole, 0), "head.form"),
        ("a wrong signature", changed(&whole, head.len() - 1), "head.signature"),
        ("another author's key", changed(&whole, 12), ""),
        ("a truncated head", head[..head.len() - 1].to_vec(), "head.form"),
        (
            "a body that does not match",
            [head.clone(), changed(&body, body.len() - 1)].concat(),
            "body.mismatch",
        ),
        ("an oversized entry", vec![0xd2; MAX_ENTRY_BYTES + 1], "entry.length"),
        ("nothing", Vec::new(), "head.form"),
    ];
    for (name, bytes, code) in cases {
        let (status, problem) = post(node, "/api/v1/entries", "application/cbor-seq", &bytes)?;
        is_problem(name, status, 400, &problem, code)?;
        let file = dir.join("entry.bin");
        std::fs::write(&file, &bytes)?;
        let (exit, answer) = node.command(&["entry", "verify", file.to_str().context("path")?])?;
        let mismatch = code == "body.mismatch" && exit == 0 && answer["body"] == "mismatch";
        ensure!(
            mismatch || (exit == 1 && answer["error"]["fix"].as_str().is_some_and(|fix| !fix.is_empty())),
            "{name}: {exit} {answer}"
        );
    }
    Ok(())
}

fn links_are_refused(node: &TestNode) -> Result<()> {
    let cases: [(&str, Value, &str, &str); 9] = [
        (
            "no torrent",
            serde_json::json!({"mbid": MBID, "artist": "a", "title": "t"}),
            "link.torrent",
            "magnet",
        ),
        (
            "not a magnet",
            serde_json::json!({"magnet": "hello", "mbid": MBID, "artist": "a", "title": "t"}),
            "",
            "magnet",
        ),
        (
            "a truncated infohash",
            serde_json::json!({"magnet": &MAGNET[..MAGNET.len() - 1], "mbid": MBID, "artist": "a", "title": "t"}),
            "",
            "",
        ),
        (
            "an artist's MBID",
            serde_json::json!({"magnet": MAGNET, "mbid": format!("https://musicbrainz.org/artist/{MBID}"), "artist": "a", "title": "t"}),
            "mbid.kind",
            "mbid",
        ),
        (
            "not an MBID",
            serde_json::json!({"magnet": MAGNET, "mbid": "x", "artist": "a", "title": "t"}),
            "mbid.form",
            "mbid",
        ),
        (
            "no artist",
            serde_json::json!({"magnet": MAGNET, "mbid": MBID, "title": "t"}),
            "link.artist",
            "artist",
        ),
        (
            "a year that is none",
            serde_json::json!({"magnet": MAGNET, "mbid": MBID, "artist": "a", "title": "t", "year": "soon"}),
            "link.year",
            "year",
        ),
        (
            "a broken .torrent",
            serde_json::json!({"torrent": "ZDQ6aW5mbw==", "mbid": MBID, "artist": "a", "title": "t"}),
            "",
            "",
        ),
        (
            "a title beyond its limit",
            serde_json::json!({"magnet": MAGNET, "mbid": MBID, "artist": "a", "title": "t".repeat(1001)}),
            "link.range",
            "title",
        ),
    ];
    for (name, draft, code, field) in cases {
        let (status, problem) =
            post(node, "/api/v1/entries", "application/json", draft.to_string().as_bytes())?;
        is_problem(name, status, 400, &problem, code)?;
        ensure!(field.is_empty() || problem["field"] == field, "{name}: {problem}");
    }
    for (name, kind, body) in [
        ("broken JSON", "application/json", "{"),
        ("an unknown field", "application/json", "{\"magnets\":\"\"}"),
        ("another type", "text/plain", "x"),
    ] {
        let (status, problem) = post(node, "/api/v1/entries", kind, body.as_bytes())?;
        is_problem(name, status, 400, &problem, "")?;
    }
    Ok(())
}

fn forms_are_refused(node: &TestNode) -> Result<()> {
    let form = "magnet=hello&mbid=&artist=Kept+Artist&title=Kept+Title&year=soon";
    let (status, page) = post_raw(node, "/submit", "application/x-www-form-urlencoded", form.as_bytes())?;
    let page = String::from_utf8(page)?;
    ensure!(status == 400, "status {status}");
    for kept in ["Kept Artist", "Kept Title", "soon", "hello"] {
        ensure!(page.contains(kept), "{kept:?} is not on the page any more");
    }
    Ok(())
}

fn commands_are_refused(node: &TestNode, dir: &Path) -> Result<()> {
    let torrent = dir.join("broken.torrent");
    std::fs::write(&torrent, b"d4:infod6:lengthi1e")?;
    let torrent = torrent.to_str().context("path")?;
    let cases: [(&[&str], i32); 6] = [
        (&["magnet", "magnet:?xt=urn:btih:123"], 1),
        (&["torrent", "inspect", torrent], 1),
        (&["link", "add", "--torrent", torrent, "--mbid", MBID, "--artist", "a", "--title", "t"], 1),
        (&["link", "add", "--magnet", MAGNET, "--mbid", "nonsense", "--artist", "a", "--title", "t"], 1),
        (&["identity", "show", torrent], 1),
        (&["entry", "verify", "/nonexistent"], 1),
    ];
    for (arguments, expected) in cases {
        let (code, answer) = node.command(arguments)?;
        let error = &answer["error"];
        let said = ["code", "message", "fix"]
            .iter()
            .all(|field| error[*field].as_str().is_some_and(|text| !text.is_empty()));
        ensure!(code == expected && said, "{arguments:?}: {code} {answer}");
    }
    Ok(())
}

fn bodies_are_refused(node: &TestNode) -> Result<()> {
    // Commands run as the node's user, who may write only here.
    let paths = ["author.json", "body.json", "signed.bin"].map(|name| node.data_dir().join(name));
    let [key, body, out] = paths.each_ref().map(|path| path.to_str().unwrap_or_default());
    let (code, answer) = node.command(&["identity", "new", "--out", key])?;
    ensure!(code == 0, "{code} {answer}");
    let sign = |kind: &str, json: Value| -> Result<(i32, Value)> {
        std::fs::write(body, json.to_string())?;
        let command = ["entry", "sign", "--kind", kind, "--n", "0", "--created", "494000"];
        node.command(&[&command[..], &["--key", key, "--body", body, "--out", out]].concat())
    };
    let subject = serde_json::json!({"mbid": MBID, "mbid_kind": "release"});
    let cases = [
        ("vote", serde_json::json!({"subject": subject, "value": 2}), "body.range", "value"),
        ("vote", serde_json::json!({"subject": subject, "value": 1, "colour": "blue"}), "body.json", "body"),
        ("tag", serde_json::json!({"subject": subject, "tag": "Tidal"}), "body.range", "tag"),
        ("comment", serde_json::json!({"subject": subject, "text": "a\tb"}), "body.control", "text"),
        ("profile", serde_json::json!({}), "body.missing", "name"),
        ("own-release", serde_json::json!({"title": "t", "artists": []}), "body.missing", "artists"),
    ];
    for (kind, json, expected, field) in cases {
        let (code, answer) = sign(kind, json)?;
        let error = &answer["error"];
        let said = error["fix"].as_str().is_some_and(|fix| !fix.is_empty());
        let right = error["code"] == expected && error["field"] == field;
        ensure!(code == 1 && said && right, "{kind}: {code} {answer}");
    }
    let (code, answer) =
        sign("vote", serde_json::json!({"subject": subject, "value": -1, "reason": "dead"}))?;
    ensure!(code == 0 && answer["kind"] == 36 && answer["void"].is_null(), "{code} {answer}");
    // By decimal keys anything can be signed, and is judged by readers.
    let (code, answer) = sign("vote", serde_json::json!({"1": 2}))?;
    ensure!(code == 0 && answer["void"] == "subject is missing", "{code} {answer}");
    Ok(())
}

fn addresses_are_refused(node: &TestNode) -> Result<()> {
    for (path, expected) in [
        ("/nowhere", 404),
        ("/release-group/not-an-mbid", 400),
        ("/release-group/0d3f4cbd-1b0e-4dbb-8ba5-2a8e3f1d2c11", 404),
        ("/api/v1/nowhere", 404),
        ("/api/v1/entries/00", 400),
        ("/api/v1/mbid/x", 400),
        ("/sync/v1/other/tail?inc=0&after=0&form=ids", 404),
        ("/sync/v1/main/tail?inc=00&after=x&form=ids", 400),
        ("/sync/v1/main/tail?inc=00000000000000000000000000000000&after=0&form=ids", 410),
    ] {
        let (code, body) = node.get(path)?;
        ensure!(code == expected, "{path}: {code} {}", String::from_utf8_lossy(&body));
    }
    // A tracker never answers with anything but status 200 and bencode.
    let (code, body) = node.get("/announce?info_hash=x")?;
    ensure!(
        code == 200 && body.starts_with(b"d14:failure reason"),
        "{code} {}",
        String::from_utf8_lossy(&body)
    );
    Ok(())
}

fn is_problem(name: &str, status: u16, expected: u16, problem: &Value, code: &str) -> Result<()> {
    let said = ["code", "message", "fix"]
        .iter()
        .all(|field| problem[*field].as_str().is_some_and(|text| !text.is_empty()));
    let right = code.is_empty() || problem["code"] == code;
    ensure!(status == expected && said && right, "{name}: {status} {problem}");
    Ok(())
}

fn post(node: &TestNode, path: &str, kind: &str, body: &[u8]) -> Result<(u16, Value)> {
    let (status, answer) = post_raw(node, path, kind, body)?;
    let json = serde_json::from_slice(&answer)
        .with_context(|| format!("{status} {}", String::from_utf8_lossy(&answer)))?;
    Ok((status, json))
}

fn post_raw(node: &TestNode, path: &str, kind: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut file, body)?;
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "30",
            "--write-out",
            "\n%{http_code}",
            "--unix-socket",
        ])
        .arg(node.data_dir().join("web.sock"))
        .args(["--header", &format!("Content-Type: {kind}"), "--data-binary"])
        .arg(format!("@{}", file.path().display()))
        .arg(format!("http://localhost{path}"))
        .output()?;
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    let split = output.stdout.iter().rposition(|byte| *byte == b'\n').context("curl wrote no status")?;
    let code = std::str::from_utf8(&output.stdout[split + 1..])?.parse()?;
    Ok((code, output.stdout[..split].to_vec()))
}
