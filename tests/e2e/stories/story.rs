//! The whole chain: a person submits on A through Tor, the entry goes to B over Tor and to C over I2P, a
//! reader finds it on C, and its magnet brings the music to an I2P torrent client that has never heard of us.

use super::crossing::{ARRIVES, REACHABLE};
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use deadwax_tests::harness::browser::{Browser, Shot};
use deadwax_tests::harness::i2p_reader::I2pReader;
use deadwax_tests::harness::test_node::TestNode;
use deadwax_tests::harness::torrent::{Torrent, TorrentPeer, digests, make_content, make_torrent};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A page over an onion service, on two cores that run everything else too.
const PAGE: Duration = Duration::from_secs(90);
/// How often a page that does not come is asked for.
const TRIES: u32 = 3;
/// The embedded router's streams stall for nine seconds at each lost packet, and first announces fail.
const DOWNLOAD: Duration = Duration::from_secs(300);
const SIZE_BYTES: u64 = 3 << 20;

const MBID: &str = "0d3f4cbd-1b0e-4dbb-8ba5-2a8e3f1d2c11";
const ARTIST: &str = "Harbour Static";
const TITLE: &str = "Letters from the Breakwater";
/// Two words, both misspelt.
const TYPO: &str = "harbuor breakwatr";

/// Each page of a submission has one.
const FORM: &str = "form[action='/submit']";

/// Pages are looked at in these widths, in pixels; the narrow one must not scroll sideways.
const WIDTHS: [u32; 2] = [320, 1280];

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let network = stage.step("private Tor and I2P networks start", |stage| stage.network())?;
    let [mut a, mut b, mut c] = three_nodes(stage)?;
    let (onion_a, i2p_a) = (address(&a, "tor")?, address(&a, "i2p")?);
    let (onion_c, i2p_c) = (address(&c, "tor")?, address(&c, "i2p")?);

    let sharing = stage.dir().join("sharing");
    std::fs::create_dir_all(&sharing)?;
    let content = make_content(&sharing, SIZE_BYTES, 2008)?;
    let torrent_file = sharing.join("album.torrent");
    let tracker = format!("http://{i2p_a}/announce");
    let clearnet = ["udp://tracker.example.org:1337/announce", "https://tracker.example.net/announce"];
    let torrent = make_torrent(&content, &[&tracker], &clearnet, &torrent_file)?;

    let mut browser = Browser::start(Some(network.socks()))?;
    stage.step("JavaScript is off in the browser, as a control page proves", |_| {
        browser.prove_javascript_off()
    })?;
    let id = stage.step("1: the browser submits a link on A's onion service", |stage| {
        submit(stage, &mut browser, &format!("http://{onion_a}"), &torrent)
    })?;
    let submitted = Instant::now();

    stage.step("2: the entry reaches B over Tor", |_| b.wait_status("entry", ARRIVES, holds_one))?;
    stage.note("secs_to_b_over_tor", submitted.elapsed().as_secs_f64());
    stage.step("2: the entry reaches C over I2P", |_| c.wait_status("entry", ARRIVES, holds_one))?;
    stage.note("secs_to_c_over_i2p", submitted.elapsed().as_secs_f64());
    stage.step("2: head and body are byte-identical on all three, and roots are equal", |_| {
        same_everywhere(&id, [&a, &b, &c])
    })?;

    let base_c = format!("http://{onion_c}");
    let magnet = stage.step("3: a misspelt search finds it on C, in the browser over Tor", |stage| {
        find(stage, &mut browser, &base_c, &torrent)
    })?;
    let sams: Vec<_> = (0..3).map(|number| network.sam(number)).collect();
    stage.step("3: and over I2P with plain HTTP, with the same headers", |_| {
        let mut reader = I2pReader::start(sams[2])?;
        let answer = reader.get(&format!("http://{i2p_c}/search?q={}", TYPO.replace(' ', "+")))?;
        ensure!(answer.status == 200 && answer.body.contains(&format!("data-mbid=\"{MBID}\"")), "{answer:?}");
        let page = reader.get(&format!("http://{i2p_c}/release-group/{MBID}"))?;
        ensure!(page.body.contains(&format!("data-entry=\"{id}\"")), "the page over I2P lacks the entry");
        visit(&mut browser, &format!("{base_c}/release-group/{MBID}"))?;
        same_headers(&browser.headers()?, &page.headers)
    })?;

    let getting = stage.dir().join("getting");
    std::fs::create_dir_all(&getting)?;
    let seeder = stage.step("4: a torrent client seeds, with A's tracker", |_| {
        let mut seeder = TorrentPeer::seed(sams[0], &torrent_file, &sharing)?;
        seeder.announced(DOWNLOAD)?;
        Ok(seeder)
    })?;
    let started = Instant::now();
    let leecher =
        stage.step("4: another takes the magnet from C's page and completes it, inside I2P only", |_| {
            let mut leecher = TorrentPeer::leech(sams[1], &magnet, &getting, DOWNLOAD)?;
            let connections = leecher.complete(DOWNLOAD)?;
            ensure!(!connections.is_empty() && connections.iter().all(|one| one.i2p), "{connections:?}");
            Ok(leecher)
        })?;
    stage.note("secs_from_magnet_to_complete", started.elapsed().as_secs_f64());
    stage.step("4: SHA-256 of each file is equal", |_| {
        ensure!(digests(&content)? == digests(&getting.join(&torrent.name))?, "the files differ");
        Ok(())
    })?;
    stage.step("4: C's page shows its seeders with their age", |stage| {
        let shown = wait_for_seeders(&mut browser, &base_c)?;
        stage.note("seeders_shown", shown);
        Ok(())
    })?;
    stage.step("6: each page is readable at 320 and 1280 px", |stage| {
        look_at_pages(stage, &mut browser, &base_c, &id)
    })?;
    drop((leecher, seeder));
    stage.step("all three stop cleanly", |_| {
        for node in [&mut a, &mut b, &mut c] {
            node.stop()?;
        }
        Ok(())
    })
}

/// A; B, which knows A by its onion address only; C, which knows B by its I2P destination only.
fn three_nodes(stage: &mut Stage) -> Result<[TestNode; 3]> {
    let network = stage.network()?;
    let mut nodes = Vec::new();
    let mut peers: Vec<String> = Vec::new();
    for (name, title) in [("a", "lighthouse"), ("b", "causeway"), ("c", "tideline")] {
        let file = network.network_file(&format!("story-{name}"), &peers)?;
        let mut node = stage.node(name, &format!("[node]\nname = \"{title}\"\n"), Some(file))?;
        let started = Instant::now();
        let ready =
            stage.step(&format!("node {} is reachable on both networks", name.to_uppercase()), |_| {
                node.start()?;
                node.ready(REACHABLE)
            })?;
        stage.note(&format!("secs_until_{name}_is_reachable"), started.elapsed().as_secs_f64());
        peers = vec![match name {
            "a" => format!("onion:{}", ready.onion.context("A has no onion service")?),
            _ => format!("i2p:{}", ready.i2p.context("B has no I2P destination")?),
        }];
        nodes.push(node);
    }
    nodes.try_into().map_err(|_| anyhow::anyhow!("there are three nodes"))
}

fn address(node: &TestNode, network: &str) -> Result<String> {
    Ok(node.status()?[network]["address"].as_str().context("no address")?.to_owned())
}

fn holds_one(status: &Value) -> bool {
    status["scopes"]["main"]["count"] == 1
}

/// Opens a page, and reloads as a reader does: in a network of six relays a circuit fails now and then.
fn visit(browser: &mut Browser, url: &str) -> Result<u16> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match browser.open(url, PAGE) {
            Err(error) if tries > 0 => println!("         reloading after: {:#}", error.root_cause()),
            done => return done,
        }
    }
}

/// Fills in the forms as a person does; the id on the receipt.
fn submit(stage: &mut Stage, browser: &mut Browser, base: &str, torrent: &Torrent) -> Result<String> {
    ensure!(visit(browser, &format!("{base}/"))? == 200, "no home page");
    shoot(stage, browser, "home-empty")?;
    ensure!(visit(browser, &format!("{base}/submit"))? == 200, "no form");
    shoot(stage, browser, "submit")?;
    let url = format!("https://musicbrainz.org/release-group/{MBID}");
    browser.fill(FORM, &[("magnet", torrent.magnet.as_str()), ("mbid", &url)])?;
    ensure!(browser.submit("button[name=check]", PAGE)? == 200, "no check page: {}", browser.text("main")?);
    shoot(stage, browser, "submit-check")?;
    let removed = browser.text(".sheet")?;
    ensure!(
        removed.contains("Removed") && removed.contains("2 trackers"),
        "clearnet trackers are not named: {removed}"
    );
    let good = [
        ("artist", ARTIST),
        ("title", TITLE),
        ("year", "2008"),
        ("type", "Album"),
        ("format", "FLAC"),
        ("encoding", "Lossless"),
        ("media", "CD"),
    ];
    // First with a mistake: nothing that was typed may be lost.
    browser.fill(FORM, &good)?;
    browser.fill(FORM, &[("year", "the year 2008")])?;
    ensure!(browser.submit("button[name=confirm]", PAGE)? == 400, "a year of words was taken");
    let error = browser.text("#year-error")?;
    ensure!(
        !error.is_empty() && browser.attribute("[name=artist]", "value")?.as_deref() == Some(ARTIST),
        "{error}"
    );
    shoot(stage, browser, "submit-refused")?;
    browser.fill(FORM, &[("year", "2008")])?;
    ensure!(
        browser.submit("button[name=confirm]", PAGE)? == 200,
        "the form was refused: {}",
        browser.text("main")?
    );
    shoot(stage, browser, "receipt")?;
    ensure!(browser.attribute("[data-entry]", "data-state")?.as_deref() == Some("released"), "not released");
    browser.attribute("[data-entry]", "data-entry")?.context("the receipt names no entry")
}

fn same_everywhere(id: &str, nodes: [&TestNode; 3]) -> Result<()> {
    let path = format!("/api/v1/entries/{id}");
    let first = nodes[0].get(&path)?;
    ensure!(first.0 == 200 && first.1.len() > 164, "A does not serve its entry: {}", first.0);
    for node in &nodes[1..] {
        ensure!(node.get(&path)? == first, "bytes differ");
    }
    let scopes = nodes.map(|node| node.status().map(|status| status["scopes"].clone()));
    let [a, b, c] = scopes;
    let a = a?;
    ensure!(a == b? && a == c?, "roots differ");
    Ok(())
}

/// Searches with typing errors, opens what is found, and takes its magnet.
fn find(stage: &mut Stage, browser: &mut Browser, base: &str, torrent: &Torrent) -> Result<String> {
    ensure!(visit(browser, &format!("{base}/"))? == 200, "no home page");
    shoot(stage, browser, "home")?;
    browser.fill("form[action='/search']", &[("q", TYPO)])?;
    ensure!(browser.submit("form[action='/search']", PAGE)? == 200, "no results");
    shoot(stage, browser, "search")?;
    ensure!(browser.all_attributes("[data-mbid]", "data-mbid")? == [MBID], "{}", browser.text("main")?);
    ensure!(browser.follow("[data-mbid] a", PAGE)? == 200, "no page of the release group");
    browser.click("details.get summary")?;
    shoot(stage, browser, "release-group")?;
    let magnet = browser.text("code.magnet")?;
    ensure!(magnet.contains(&torrent.infohash), "another torrent: {magnet}");
    let trackers: Vec<_> = magnet.split('&').filter_map(|part| part.strip_prefix("tr=")).collect();
    ensure!(!trackers.is_empty(), "no tracker: {magnet}");
    for tracker in trackers {
        ensure!(tracker.to_lowercase().ends_with(".b32.i2p%2fannounce"), "not inside I2P: {tracker}");
    }
    ensure!(!magnet.contains("example"), "a clearnet tracker is left: {magnet}");
    let requests = browser.requests()?;
    ensure!(
        requests.iter().all(|url| url.starts_with(base) || url.starts_with("data:")),
        "pages ask elsewhere: {requests:?}"
    );
    Ok(magnet)
}

fn same_headers(tor: &[(String, String)], i2p: &[(String, String)]) -> Result<()> {
    // How long a connection is kept is asked for by the client.
    let names = |headers: &[(String, String)]| -> Vec<String> {
        headers.iter().map(|(name, _)| name.to_lowercase()).filter(|name| name != "connection").collect()
    };
    let (tor, i2p) = (names(tor), names(i2p));
    ensure!(tor == i2p, "headers differ: {tor:?} over Tor, {i2p:?} over I2P");
    ensure!(!tor.iter().any(|name| ["date", "server", "last-modified"].contains(&name.as_str())), "{tor:?}");
    ensure!(tor.iter().any(|name| name == "content-security-policy"), "{tor:?}");
    Ok(())
}

/// Reloads the page until somebody seeds; what it says then.
fn wait_for_seeders(browser: &mut Browser, base: &str) -> Result<String> {
    let started = Instant::now();
    loop {
        ensure!(visit(browser, &format!("{base}/release-group/{MBID}"))? == 200, "no page");
        let shown = browser.text(".link .seeds")?;
        if shown.contains("seeder") && shown.contains("as announced") && !shown.starts_with('0') {
            ensure!(shown.contains("ago") || shown.contains("just now"), "no age: {shown}");
            return Ok(shown);
        }
        ensure!(started.elapsed() < DOWNLOAD, "no seeder after {DOWNLOAD:?}: {shown}");
    }
}

/// Takes a picture of each page in each width.
fn look_at_pages(stage: &mut Stage, browser: &mut Browser, base: &str, id: &str) -> Result<()> {
    let pages = [
        ("home-seeded", "/".to_owned()),
        ("search-found", format!("/search?q={}", TYPO.replace(' ', "+"))),
        ("search-nothing", "/search?q=zanzibar+accordion+quintet".to_owned()),
        ("release-group-seeded", format!("/release-group/{MBID}")),
        ("receipt-later", format!("/submitted/{id}")),
        ("status", "/status".to_owned()),
        ("about", "/about".to_owned()),
        ("error", "/no-such-page".to_owned()),
    ];
    for (name, path) in pages {
        let status = visit(browser, &format!("{base}{path}"))?;
        ensure!(status == if name == "error" { 404 } else { 200 }, "{path}: {status}");
        shoot(stage, browser, name)?;
    }
    Ok(())
}

fn shoot(stage: &Stage, browser: &mut Browser, name: &str) -> Result<()> {
    for width in WIDTHS {
        let needed = browser.scroll_width(width)?;
        ensure!(needed <= width, "{name} needs {needed} px in a window of {width}");
        browser.screenshot(&picture(stage.artifacts(), name, width, ""), Shot::of_width(width))?;
    }
    let dark = Shot { dark: true, ..Shot::of_width(WIDTHS[1]) };
    browser.screenshot(&picture(stage.artifacts(), name, WIDTHS[1], "-dark"), dark)
}

fn picture(folder: &Path, name: &str, width: u32, suffix: &str) -> PathBuf {
    folder.join(format!("{name}-{width}{suffix}.png"))
}
