//! A machine that is offline when the node starts: the node runs, says so, and keeps trying.

use crate::stage::Stage;
use anyhow::{Result, ensure};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let network = dead_network(stage)?;
    let mut node = stage.node("node", "", Some(network))?;
    stage.step("a node whose networks are down starts, and answers", |_| {
        node.start()?;
        let status = node.wait_status("answer", PATIENCE, |status| status["tor"]["address"].is_string())?;
        ensure!(status["tor"]["state"] == "starting" && status["i2p"]["state"] == "starting", "{status}");
        ensure!(node.get("/")?.0 == 200, "the home page is not there");
        Ok(())
    })?;
    stage.step("it knows both addresses, and says in plain words what it waits for", |_| {
        let status = node.wait_status("words", PATIENCE, |status| {
            ["tor", "i2p"]
                .iter()
                .all(|network| status[*network]["detail"].as_str().is_some_and(|detail| detail.len() > 10))
        })?;
        ensure!(status["i2p"]["address"].is_string(), "{status}");
        Ok(())
    })?;
    stage.step("links can be signed meanwhile, and are found", |_| {
        let magnet = "magnet:?xt=urn:btih:1111111111111111111111111111111111111111";
        let mbid = "https://musicbrainz.org/release-group/0d3f4cbd-1b0e-4dbb-8ba5-2a8e3f1d2c11";
        let (code, receipt) = node.command(&[
            "link",
            "add",
            "--magnet",
            magnet,
            "--mbid",
            mbid,
            "--artist",
            "Quiet Meridian",
            "--title",
            "Home by Dark",
        ])?;
        ensure!(code == 0, "{receipt}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (_, answer) = node.command(&["search", "quiet meridian"])?;
            if answer["total"] == 1 {
                // Nobody is told to open a magnet that would not stay inside I2P.
                let magnet =
                    answer["groups"][0]["links"][0]["magnet"].as_str().unwrap_or_default().to_owned();
                ensure!(magnet.contains(".b32.i2p"), "{magnet}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{answer}");
        }
    })?;
    stage.step("it stops cleanly", |_| node.stop())
}

/// A network file whose relays and routers do not exist.
fn dead_network(stage: &Stage) -> Result<PathBuf> {
    // A port that was free a moment ago: nobody answers there.
    #[expect(clippy::disallowed_methods, reason = "on loopback, and closed at once")]
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let dir = stage.dir();
    std::fs::create_dir_all(dir.join("no-routers"))?;
    let id = "A".repeat(40);
    let text = format!(
        "name = \"dead\"\nprivate = true\npublication_delay = false\n\
         [i2p]\nnet_id = 77\nrouter_infos = \"no-routers\"\n\
         [tor.tor_network]\nfallback_caches = [{{ rsa_identity = \"{id}\", ed_identity = \"{ed}\", orports = [\"127.0.0.1:{port}\"] }}]\n\
         [tor.tor_network.authorities]\nv3idents = [\"{id}\"]\nuploads = [[\"127.0.0.1:{port}\"]]\ndownloads = [[\"127.0.0.1:{port}\"]]\nvotes = [[\"127.0.0.1:{port}\"]]\n",
        ed = "A".repeat(43),
    );
    let path = dir.join("dead.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}
