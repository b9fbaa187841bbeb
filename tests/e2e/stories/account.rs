//! A person in Tor Browser opens an account by invite, submits with a key of their own, and takes that key to another
//! node. Afterwards no file of the first node tells what they typed.

use super::crossing::REACHABLE;
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use deadwax_tests::harness::browser::Browser;
use deadwax_tests::harness::test_node::TestNode;
use std::path::Path;
use std::time::Duration;

/// A page over an onion service; signing in costs the node a derivation, too.
const PAGE: Duration = Duration::from_secs(90);
const NAME: &str = "Mara-Vell";
const PASSPHRASE: &str = "cold kelp under the ferry light";
const NEW_PASSPHRASE: &str = "warm slate above the ferry light";
/// What the reader in them looks for. Nothing that is published has these words.
const QUERY: &str = "zithern quobble";
const MBID: &str = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let network = stage.step("private Tor and I2P networks start", |stage| stage.network())?;
    let only_tor = "[i2p]\nenabled = false\n";
    let mut nodes = Vec::new();
    for (name, config) in [("a", ""), ("b", "[accounts]\nsign_up = \"open\"\n")] {
        let file = network.network_file(&format!("account-{name}"), &[])?;
        let mut node = stage.node(name, &format!("{only_tor}{config}"), Some(file))?;
        let base = stage.step(&format!("node {} is reachable over Tor", name.to_uppercase()), |_| {
            node.start()?;
            let ready = node.ready(REACHABLE)?;
            Ok(format!("http://{}", ready.onion.context("there is no onion service")?))
        })?;
        nodes.push((node, base));
    }
    let [(mut a, base_a), (mut b, base_b)]: [(TestNode, String); 2] =
        nodes.try_into().map_err(|_| anyhow::anyhow!("there are two nodes"))?;
    let mut browser = Browser::start(Some(network.socks()))?;
    stage.step("JavaScript is off in the browser, as a control page proves", |_| {
        browser.prove_javascript_off()
    })?;

    stage.step("an invite opens an account on A, and signs in", |_| {
        let (code, invite) = a.command(&["account", "invite"])?;
        ensure!(code == 0, "{invite}");
        let invite = invite["invite"].as_str().context("no invite")?.to_owned();
        browser.open(&format!("{base_a}/account/sign-up"), PAGE)?;
        let fields =
            [("name", NAME), ("passphrase", PASSPHRASE), ("repeat", PASSPHRASE), ("invite", &invite)];
        send(&mut browser, "/account/sign-up", &fields)?;
        ensure!(browser.text("header")?.contains(NAME), "{}", browser.text("header")?);
        let (key, (_, list)) = (key(&mut browser)?, a.command(&["account", "list"])?);
        ensure!(list[0]["name"] == NAME && list[0]["key"] == key, "{list}");
        Ok(())
    })?;
    let author = key(&mut browser)?;
    stage.step("what is submitted on A is signed with the account's key, n = 0", |_| {
        let entry = submit(&mut browser, &base_a, "5a5b5c5d5e5f606162636465666768696a6b6c6d")?;
        signed_by(&a, &entry, &author, 0)
    })?;
    stage.step("they search, change the passphrase, and take the key along", |_| {
        browser.open(&format!("{base_a}/search?q={}", QUERY.replace(' ', "+")), PAGE)?;
        browser.open(&format!("{base_a}/account/passphrase"), PAGE)?;
        let fields = [("old", PASSPHRASE), ("passphrase", NEW_PASSPHRASE), ("repeat", NEW_PASSPHRASE)];
        send(&mut browser, "/account/passphrase", &fields)?;
        browser.open(&format!("{base_a}/account/export"), PAGE)?;
        send(&mut browser, "/account/export", &[("passphrase", NEW_PASSPHRASE)])
    })?;
    let text = browser.text("#key")?;
    ensure!(text.contains("BEGIN AGE ENCRYPTED FILE"), "no key: {text}");

    stage.step("B takes the key, and goes on with n = 1", |_| {
        browser.open(&format!("{base_b}/account/import"), PAGE)?;
        send(
            &mut browser,
            "/account/import",
            &[("name", "mara"), ("key", &text), ("passphrase", NEW_PASSPHRASE)],
        )?;
        ensure!(key(&mut browser)? == author, "another key");
        let entry = submit(&mut browser, &base_b, "6a5b5c5d5e5f606162636465666768696a6b6c6d")?;
        signed_by(&b, &entry, &author, 1)
    })?;
    stage.step("A's session lives on beside it, and ends with a restart", |_| {
        browser.open(&format!("{base_a}/account"), PAGE)?;
        ensure!(key(&mut browser)? == author, "signed out");
        a.stop()?;
        no_trace(&a, &[PASSPHRASE, NEW_PASSPHRASE, QUERY, &QUERY.replace(' ', "+")])?;
        a.start()?;
        a.ready(REACHABLE)?;
        browser.open(&format!("{base_a}/account"), PAGE)?;
        ensure!(browser.url()?.ends_with("/account/sign-in"), "{}", browser.url()?);
        Ok(())
    })?;
    stage.step("they sign in again, delete the account on A, and A forgets them", |_| {
        send(&mut browser, "/account/sign-in", &[("name", NAME), ("passphrase", NEW_PASSPHRASE)])?;
        browser.open(&format!("{base_a}/account/delete"), PAGE)?;
        send(&mut browser, "/account/delete", &[("passphrase", NEW_PASSPHRASE)])?;
        let (_, list) = a.command(&["account", "list"])?;
        ensure!(list.as_array().is_some_and(Vec::is_empty), "{list}");
        a.stop()?;
        no_trace(&a, &[NAME, PASSPHRASE, NEW_PASSPHRASE])
    })?;
    stage.step("B stops cleanly", |_| b.stop())
}

/// Fills in a form and sends it; whatever it leads to is a page.
fn send(browser: &mut Browser, action: &str, fields: &[(&str, &str)]) -> Result<()> {
    let form = format!("form[action='{action}']");
    browser.fill(&form, fields)?;
    let status = browser.submit(&form, PAGE)?;
    ensure!(status == 200, "{action}: {status}: {}", browser.text("main")?);
    Ok(())
}

/// The key on the page of one's account.
fn key(browser: &mut Browser) -> Result<String> {
    browser.attribute("[data-account]", "data-account")?.context("this is not the page of an account")
}

/// Submits a link; the id on its receipt.
fn submit(browser: &mut Browser, base: &str, infohash: &str) -> Result<String> {
    browser.open(&format!("{base}/submit"), PAGE)?;
    let magnet = format!("magnet:?xt=urn:btih:{infohash}");
    send(browser, "/submit", &[("magnet", magnet.as_str()), ("mbid", MBID)])?;
    let names = [("artist", "The Salt Cartographers"), ("title", "Maps of Low Water")];
    browser.fill("form[action='/submit']", &names)?;
    let status = browser.submit("button[name=confirm]", PAGE)?;
    ensure!(status == 200, "refused: {status}: {}", browser.text("main")?);
    browser.attribute("[data-entry]", "data-entry")?.context("the receipt names no entry")
}

fn signed_by(node: &TestNode, entry: &str, author: &str, n: u64) -> Result<()> {
    let (status, bytes) = node.get(&format!("/api/v1/entries/{entry}"))?;
    ensure!(status == 200, "the node does not serve the entry: {status}");
    let file = node.data_dir().with_extension("entry");
    std::fs::write(&file, bytes)?;
    let (code, verified) = node.command(&["entry", "verify", file.to_str().context("a path of ASCII")?])?;
    ensure!(code == 0 && verified["author"] == author && verified["n"] == n, "{verified}");
    Ok(())
}

/// Looks for texts in every file of a node, its log included.
fn no_trace(node: &TestNode, texts: &[&str]) -> Result<()> {
    ensure!(node.log_file().starts_with(node.data_dir()), "the log is elsewhere");
    search(node.data_dir(), texts)
}

fn search(folder: &Path, texts: &[&str]) -> Result<()> {
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.is_dir() {
            search(&path, texts)?;
        } else if path.is_file() {
            let bytes = std::fs::read(&path)?;
            for text in texts {
                let found =
                    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
                ensure!(!found, "{} has {text:?}", path.display());
            }
        }
    }
    Ok(())
}
