//! One signed entry crosses both networks: A to B over Tor, B to C over I2P.

use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Onion services and I2P tunnels both need some tries on a loaded machine.
pub const REACHABLE: Duration = Duration::from_secs(180);
/// A tail that broke is tried again with a back-off.
pub const ARRIVES: Duration = Duration::from_secs(180);

const MAGNET: &str = "magnet:?xt=urn:btih:5a5b5c5d5e5f606162636465666768696a6b6c6d&dn=Maps+of+Low+Water\
                      &tr=udp%3A%2F%2Ftracker.example.org%3A1337&tr=http%3A%2F%2Ftracker.example.org%2Fannounce";
const MBID: &str = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let network = stage.step("private Tor and I2P networks start", |stage| stage.network())?;
    let mut a = stage.node("a", "", Some(network.network_file("crossing-a", &[])?))?;
    let ready_a = stage.step("node A is reachable on both networks", |_| {
        a.start()?;
        a.ready(REACHABLE)
    })?;
    let peers_b = [format!("onion:{}", ready_a.onion.context("A has no onion service")?)];
    let mut b = stage.node("b", "", Some(network.network_file("crossing-b", &peers_b)?))?;
    let started = Instant::now();
    let ready_b = stage.step("node B is reachable on both networks", |_| {
        b.start()?;
        b.ready(REACHABLE)
    })?;
    stage.note("secs_to_reachable_on_both", started.elapsed().as_secs_f64());
    let peers_c = [format!("i2p:{}", ready_b.i2p.context("B has no I2P destination")?)];
    let mut c = stage.node("c", "", Some(network.network_file("crossing-c", &peers_c)?))?;
    stage.step("node C is reachable on both networks", |_| {
        c.start()?;
        c.ready(REACHABLE)
    })?;

    let receipt = stage.step("a link is signed on A", |_| {
        let (code, receipt) = a.command(&[
            "link",
            "add",
            "--magnet",
            MAGNET,
            "--mbid",
            MBID,
            "--artist",
            "The Salt Cartographers",
            "--title",
            "Maps of Low Water",
            "--year",
            "1994",
            "--format",
            "FLAC",
            "--encoding",
            "Lossless",
            "--media",
            "CD",
        ])?;
        ensure!(code == 0 && receipt["state"] == "released", "{receipt}");
        Ok(receipt)
    })?;
    let id = receipt["id"].as_str().context("no id")?.to_owned();
    let one = |status: &Value| status["scopes"]["main"]["count"] == 1;
    stage.step("B receives it over Tor", |_| b.wait_status("entry", ARRIVES, one))?;
    stage.step("C receives it over I2P", |_| c.wait_status("entry", ARRIVES, one))?;
    stage.step("head and body are byte-identical on all three, and roots are equal", |_| {
        let path = format!("/api/v1/entries/{id}");
        let (code, bytes) = a.get(&path)?;
        ensure!(code == 200 && bytes.len() > 164, "A does not serve its entry: {code}");
        ensure!(b.get(&path)? == (200, bytes.clone()) && c.get(&path)? == (200, bytes), "bytes differ");
        let roots = [&a, &b, &c].map(|node| node.status().map(|status| status["scopes"].clone()));
        let [a, b, c] = roots;
        let a = a?;
        ensure!(a == b? && a == c?, "roots differ");
        Ok(())
    })?;
    stage.step("each says that it agrees with its peer", |_| {
        for node in [&mut b, &mut c] {
            node.wait_status("equality", ARRIVES, |status| status["peers"][0]["equal"] == true)?;
        }
        Ok(())
    })?;
    stage.step("addresses stay the same after a restart", |_| {
        let before = b.status()?;
        b.stop()?;
        b.start()?;
        b.ready(REACHABLE)?;
        let after = b.status()?;
        for network in ["tor", "i2p"] {
            ensure!(before[network]["address"] == after[network]["address"], "{network} has another address");
        }
        Ok(())
    })?;
    stage.note("node_rss_kib", rss_kib(b.pid().context("B does not run")?)?);
    for node in [&mut a, &mut b, &mut c] {
        node.stop()?;
    }
    Ok(())
}

/// Resident memory of a process.
pub fn rss_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
