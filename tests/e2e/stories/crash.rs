//! `kill -9` in the middle of a sync of 20,000 entries: the node catches up, nothing is lost.

use super::NO_NETWORKS;
use crate::stage::{NODE_UID, Stage};
use anyhow::{Result, ensure};
use deadwax_index::ingest::ingest;
use deadwax_index::store::Store;
use deadwax_tests::harness::leak::can_choose_uid;
use deadwax_tests::harness::test_node::TestNode;
use deadwax_tests::samples;
use rusqlite::Connection;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ENTRIES: u64 = 20_000;
/// How often B is killed on the way.
const KILLS: u64 = 4;
const PATIENCE: Duration = Duration::from_secs(120);

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let mut a = stage.node("a", NO_NETWORKS, Some(network_file(&stage.dir().join("a.toml"), &[])?))?;
    stage.step("A holds 20,000 signed entries", |_| {
        let store = Store::open(a.data_dir())?;
        for batch in samples::entries(1, ENTRIES).chunks(1000) {
            ingest(&store, batch, None)?;
        }
        drop(store);
        give_to_node(a.data_dir())?;
        a.start()?;
        a.wait_status("answer", PATIENCE, |status| status["scopes"]["main"]["count"] == ENTRIES)
    })?;
    let socket = format!("unix:{}", a.data_dir().join("web.sock").display());
    let mut b = stage.node("b", NO_NETWORKS, Some(network_file(&stage.dir().join("b.toml"), &[socket])?))?;
    let mut seen = 0;
    for kill in 1..=KILLS {
        stage.step(&format!("B is killed while it reads, for the {kill}. time"), |_| {
            b.start()?;
            let database = b.data_dir().join("entries.db");
            // What can be read from the database was acknowledged to the peer.
            let before = b.wait("progress", PATIENCE, || {
                Ok(Some(count(&database)?).filter(|count| *count > seen + 500 || *count == ENTRIES))
            })?;
            b.kill()?;
            let after = count(&database)?;
            ensure!(after >= before, "{before} entries were there before the kill, {after} after it");
            seen = after;
            Ok(())
        })?;
        stage.note("entries_when_killed", seen);
    }
    let started = Instant::now();
    stage.step("B catches up, and roots are equal", |_| {
        b.start()?;
        b.wait_status("equality", PATIENCE, |status| {
            status["peers"][0]["equal"] == true && count_of(status) == ENTRIES
        })?;
        let (a, b) = (a.status()?, b.status()?);
        ensure!(a["scopes"] == b["scopes"], "roots differ: {} {}", a["scopes"], b["scopes"]);
        Ok(())
    })?;
    stage.note("secs_to_catch_up", started.elapsed().as_secs_f64());
    stage.step("search on B finds what A finds", |_| {
        let query = ["search", "salt cartographers", "--limit", "5"];
        let found = |node: &TestNode| -> Result<Value> {
            let (code, answer) = node.command(&query)?;
            ensure!(code == 0, "{answer}");
            Ok(answer["total"].clone())
        };
        let expected = found(&a)?;
        ensure!(expected.as_u64().is_some_and(|total| total > 0), "A finds nothing");
        // The index follows the store within moments.
        let deadline = Instant::now() + PATIENCE;
        while found(&b)? != expected {
            ensure!(Instant::now() < deadline, "B finds {}, A {expected}", found(&b)?);
        }
        Ok(())
    })?;
    stage.step("B's database is sound", |_| {
        b.stop()?;
        let check = Connection::open(b.data_dir().join("entries.db"))?.query_row(
            "PRAGMA integrity_check",
            [],
            |row| row.get::<_, String>(0),
        )?;
        ensure!(check == "ok", "{check}");
        Ok(())
    })?;
    a.stop()
}

/// A network without any network: nodes that meet on Unix sockets.
fn network_file(path: &Path, peers: &[String]) -> Result<PathBuf> {
    let peers = peers.iter().map(|peer| format!("{peer:?}")).collect::<Vec<_>>().join(", ");
    std::fs::write(path, format!("name = \"crash\"\nprivate = true\npeers = [{peers}]\n"))?;
    Ok(path.to_owned())
}

/// The files of a folder become the node's, as if it had made them.
fn give_to_node(folder: &Path) -> Result<()> {
    if can_choose_uid() {
        for file in std::fs::read_dir(folder)? {
            std::os::unix::fs::chown(file?.path(), Some(NODE_UID), Some(NODE_UID))?;
        }
    }
    Ok(())
}

/// How many entries a database holds; 0 as long as there is none.
fn count(database: &Path) -> Result<u64> {
    if !database.exists() {
        return Ok(0);
    }
    let count =
        Connection::open(database)?.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0));
    // Right after the first start there are no tables yet.
    Ok(count.map_or(0, |count| count as u64))
}

fn count_of(status: &Value) -> u64 {
    status["scopes"]["main"]["count"].as_u64().unwrap_or(0)
}
