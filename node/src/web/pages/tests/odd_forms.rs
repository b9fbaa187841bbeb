//! Forms with odd, huge and hostile input: never an error of the node's own, never a lost field, never a second entry.

use super::checking::{fields_of, value};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};

/// Fields with text, which every page has to give back.
const TEXTS: [&str; 13] = [
    "magnet", "mbid", "artist", "title", "year", "type", "media", "format", "encoding", "log", "cue",
    "label", "catno",
];
const BUTTONS: [&str; 6] = ["confirm", "check", "back", "own", "drop_torrent", "checked"];

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        2 => Just(format!("magnet:?xt=urn:btih:{V1}&dn=a&tr=http://x.example/")),
        1 => Just(V1.to_owned()),
        1 => Just(V1[1..].to_owned()),
        2 => Just(GROUP.to_owned()),
        1 => Just(format!("https://musicbrainz.org/artist/{GROUP}")),
        1 => Just("</textarea><script>alert(1)</script>\"'><input name=confirm value=yes>".to_owned()),
        1 => Just("\u{202e}gnihton\u{2066} z\u{0334}\u{0335}\u{0336}algo\u{0}".to_owned()),
        1 => Just("9".repeat(5_000)),
        1 => Just("wörter ".repeat(2_000)),
        1 => Just("&amp;&#60;%00%ff+&&==".to_owned()),
        1 => Just("\"low water\" -water format:( artist:\"".to_owned()),
        4 => ".{0,40}",
        2 => "[a-zA-Z ]{1,20}",
        1 => "(19|20)[0-9]{2}",
    ]
}

fn odd_form() -> impl Strategy<Value = Vec<(String, String)>> {
    let texts = prop::collection::vec((prop::sample::select(TEXTS.to_vec()), odd_text()), 0..14);
    let buttons = prop::collection::vec(
        (prop::sample::select(BUTTONS.to_vec()), prop_oneof!["yes", "form", "sign", ".{0,5}"]),
        0..3,
    );
    let others = prop::collection::vec(
        (prop_oneof![Just("torrent".to_owned()), Just("choice".into()), Just("url".into())], odd_text()),
        0..2,
    );
    (texts, buttons, others).prop_map(|(texts, buttons, others)| {
        let mut fields: Vec<(String, String)> = Vec::new();
        let all = texts.into_iter().map(|(name, value)| (name.to_owned(), value));
        for (name, value) in
            all.chain(buttons.into_iter().map(|(name, value)| (name.to_owned(), value))).chain(others)
        {
            if !fields.iter().any(|(known, _)| *known == name) {
                fields.push((name, value));
            }
        }
        fields.push(("idempotency_key".into(), "0123456789abcdef0123456789abcdef".into()));
        fields
    })
}

/// Two million fields in 12 MiB would be hundreds of MiB in memory.
#[tokio::test]
async fn a_form_of_very_many_fields_is_refused() {
    let node = Node::new(false);
    let names: Vec<_> = (0..65).map(|number| format!("field{number}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let page = node.post(&fields, &[]).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("too many fields"), "{}", page.text);
}

/// What a browser makes of a text in a page: it has no NUL.
fn shown(text: &str) -> String {
    text.replace('\u{0}', "")
}

#[test]
fn no_form_is_too_odd() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let node = Node::new(false);
    let mut runner = TestRunner::new(Runs { cases: 300, failure_persistence: None, ..Runs::default() });
    let run = |fields: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = runtime.block_on(node.post(&pairs, &[]));
        let said = |name: &str| pairs.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        if answer.status == StatusCode::SEE_OTHER {
            prop_assert!(!said("confirm").is_empty(), "signed without a word: {pairs:?}");
            // The same key, whatever else is sent: one entry.
            let count = node.app.store.scope_state(deadwax_index::entry::Scope::Main).unwrap().count;
            prop_assert!(count <= 2, "a second entry");
            return Ok(());
        }
        prop_assert!(
            answer.status == StatusCode::OK || answer.status == StatusCode::BAD_REQUEST,
            "{}",
            answer.status
        );
        prop_assert!(!answer.text.contains("<script"), "{}", answer.text);
        assert_page_is_sound("/submit", &answer.text);
        let back = fields_of(&answer.text);
        prop_assert_eq!(value(&back, "idempotency_key"), said("idempotency_key"));
        // What a record of its own says now is taken out of the form.
        let is_record_signed = said("own") == "sign" && !answer.text.contains("<h1>A record that");
        let said_by_record = ["mbid", "artist", "title", "year", "type"];
        for name in TEXTS.iter().filter(|name| !is_record_signed || !said_by_record.contains(name)) {
            let (typed, found) = (shown(said(name)), shown(value(&back, name)));
            // What was empty may be filled in.
            prop_assert!(typed.is_empty() || typed == found, "{name}: {typed:?} became {found:?}");
        }
        Ok(())
    };
    runner.run(&odd_form(), run).unwrap();
    // Not all of them may have been refused.
    let good = [
        ("magnet", V1),
        ("mbid", GROUP),
        ("artist", "a"),
        ("title", "t"),
        ("confirm", "yes"),
        ("idempotency_key", "another"),
    ];
    runtime.block_on(node.post(&good, &[])).location();
    assert!(node.app.store.scope_state(deadwax_index::entry::Scope::Main).unwrap().count >= 1);
}

#[tokio::test]
async fn huge_and_broken_requests_are_refused_in_plain_words() {
    let node = Node::new(false);
    let send = async |kind: &str, body: Vec<u8>| {
        let request = Request::post("/submit").header(HOST, "abc.onion").header(CONTENT_TYPE, kind);
        node.send(request.body(body.into()).unwrap()).await
    };
    const PARTS: &str = "multipart/form-data; boundary=x";
    let part = |name: &str, bytes: &[u8]| {
        [format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(), bytes, b"\r\n"]
            .concat()
    };
    let huge = vec![b'a'; crate::web::MAX_REQUEST_BYTES + 1];
    for (kind, body, status) in [
        ("application/x-www-form-urlencoded", [b"artist=".as_slice(), &huge].concat(), 413),
        (PARTS, [part("artist", &huge), b"--x--\r\n".to_vec()].concat(), 413),
        (PARTS, part("artist", b"a"), 400),
        (PARTS, b"no parts at all".to_vec(), 400),
        ("multipart/form-data", Vec::new(), 400),
        (PARTS, [part("artist", b"a").repeat(100), b"--x--\r\n".to_vec()].concat(), 400),
        (PARTS, [part("colour", b"blue"), b"--x--\r\n".to_vec()].concat(), 400),
        ("application/x-www-form-urlencoded", b"colour=blue".to_vec(), 400),
        ("text/plain", b"artist=a".to_vec(), 415),
        ("", b"artist=a".to_vec(), 415),
    ] {
        let answer = send(kind, body).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}: {}", answer.text);
        assert_page_is_sound("/submit", &answer.text);
    }
    // Text that is no UTF-8 is shown as far as it can be.
    let odd = send(PARTS, [part("artist", b"a\xff"), b"--x--\r\n".to_vec()].concat()).await;
    assert_eq!(value(&fields_of(&odd.text), "artist"), "a\u{fffd}");
}

#[tokio::test]
async fn forms_with_files_of_other_sites_are_refused_too() {
    let node = Node::new(false);
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"confirm\"\r\n\r\nyes\r\n--x\r\nContent-Disposition: form-data; name=\"magnet\"\r\n\r\n{V1}\r\n--x\r\nContent-Disposition: form-data; name=\"mbid\"\r\n\r\n{GROUP}\r\n--x--\r\n"
    );
    let request = Request::post("/submit").header(HOST, "abc.onion").header("sec-fetch-site", "cross-site");
    let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(body.into()).unwrap();
    assert_eq!(node.send(request).await.status, StatusCode::FORBIDDEN);
    assert!(node.app.store.newest_groups(1).unwrap().is_empty());
}
