//! The first start: a node that knows no I2P router gets its first ones from a server behind Tor, or from a file.

use super::crossing::REACHABLE;
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use deadwax_tests::harness::reseed::{HOST, Kind, ReseedServer};
use deadwax_tests::harness::test_node::TestNode;
use std::path::PathBuf;
use std::time::Duration;

/// Tor first, then the server.
const TOLD: Duration = Duration::from_secs(120);

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let network = stage.step("private Tor and I2P networks start", |stage| stage.network())?;
    let infos = network.router_infos();
    let mut server = stage
        .step("a reseed server stands behind the exit", |stage| ReseedServer::start(&stage.dir(), &infos))?;

    stage.step("files that are damaged or wrongly signed are refused, and the node says so", |stage| {
        let mut node = node(stage, "bad", &server, &[Kind::Damaged, Kind::Wrong])?;
        node.start()?;
        let status = node
            .wait_status("words on the signature", TOLD, |status| says(status, "its signature is wrong"))?;
        ensure!(status["i2p"]["state"] == "starting", "{status}");
        node.stop()
    })?;
    let asked = server.requests()?;
    ensure!(
        asked.iter().filter(|request| request["status"] == 200).count() >= 2,
        "both were asked: {asked:?}"
    );

    let mut good = node(stage, "good", &server, &[Kind::Wrong, Kind::Good])?;
    stage.step("a good file through Tor makes I2P reachable", |_| {
        good.start()?;
        good.ready(REACHABLE)
    })?;
    stage.step("the server was asked through the exit, as routers ask", |_| {
        let asked = server.requests()?;
        let got = asked
            .iter()
            .find(|request| request["path"] == "/good/i2pseeds.su3")
            .context("it was not asked")?;
        ensure!(got["status"] == 200 && got["query"] == "netid=77", "{got}");
        ensure!(network.tor.names_resolved().contains(&HOST.to_owned()), "the exit resolved nothing");
        Ok(())
    })?;
    stage.step("the second start needs no server", |_| {
        good.stop()?;
        good.start()?;
        good.ready(REACHABLE)?;
        let asked = server.requests()?;
        ensure!(asked.is_empty(), "it asked again: {asked:?}");
        good.stop()
    })?;

    stage.step("a wrongly signed --reseed file is refused, and the node says so", |stage| {
        let file = reseed_file(stage, &server, Kind::Wrong)?;
        let mut node = node(stage, "wrong-file", &server, &[])?;
        node.run_with(&["--reseed", file.to_str().context("path")?]);
        node.start()?;
        node.wait_status("words on the file", TOLD, |status| says(status, "its signature is wrong"))?;
        node.stop()
    })?;
    stage.step("a good --reseed file makes I2P reachable", |stage| {
        let file = reseed_file(stage, &server, Kind::Good)?;
        let mut node = node(stage, "good-file", &server, &[])?;
        node.run_with(&["--reseed", file.to_str().context("path")?]);
        node.start()?;
        node.ready(REACHABLE)?;
        let asked = server.requests()?;
        ensure!(asked.is_empty(), "the server was asked: {asked:?}");
        node.stop()
    })
}

/// A node without RouterInfos that knows these files of the server.
fn node(stage: &Stage, name: &str, server: &ReseedServer, kinds: &[Kind]) -> Result<TestNode> {
    let urls: Vec<_> = kinds.iter().map(|kind| server.url(*kind)).collect();
    let file = stage.network()?.network_file_for_reseed(
        &format!("reseed-{name}"),
        &urls,
        &server.su3_certificate(),
        &server.tls_root(),
    )?;
    stage.node(name, "", Some(file))
}

fn says(status: &serde_json::Value, words: &str) -> bool {
    status["i2p"]["detail"].as_str().is_some_and(|detail| detail.contains(words))
}

/// Written where a node of another user can read it.
fn reseed_file(stage: &Stage, server: &ReseedServer, kind: Kind) -> Result<PathBuf> {
    let path = stage.dir().join(format!("{kind:?}.su3"));
    server.write(kind, &path)?;
    Ok(path)
}
