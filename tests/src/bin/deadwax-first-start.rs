//! By hand: how long a node that starts from nothing takes over a private Tor network, beside `curl` copying the same
//! bytes through the same onion service.
//!
//! Needs the namespace that `tests/run` enters, Debian's `tor`, `curl`, and entries:
//! `deadwax-bench gen-entries --count 100000 --out DIR`.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use deadwax_tests::harness::namespace::Fence;
use deadwax_tests::harness::private_tor::{PrivateTor, PrivateTorOptions};
use deadwax_tests::harness::test_node::{NodeOptions, TestNode, deadwax};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const REACHABLE: Duration = Duration::from_secs(180);
/// A million entries over a slow network.
const PATIENCE: Duration = Duration::from_secs(4 * 3_600);
/// An index in which nothing changes for so long is up to date.
const SETTLED: Duration = Duration::from_secs(5);
const TOR_ALONE: &str = "[i2p]\nenabled = false\n";

/// Measure a first start over a private Tor network
#[derive(Parser)]
#[command(name = "deadwax-first-start")]
struct Arguments {
    /// Folder with files of entries (.cbor)
    #[arg(long, value_name = "DIR")]
    entries: PathBuf,
    /// Work in this folder and keep it instead of a temporary one
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir()?;
    let work = arguments.work.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&work)?;
    let options = PrivateTorOptions { exit: false, fence: Fence::Namespace };
    let tor = PrivateTor::start(&work.join("tor"), options)?;

    let mut full = node(&work, "full", &tor, &[])?;
    import(full.data_dir(), &arguments.entries)?;
    full.start()?;
    let onion = full.ready(REACHABLE)?.onion.context("no onion service")?;
    let list = full.wait("segments", PATIENCE, || {
        let list: Value = get(full_dir(&work), "/sync/v1/segments")?;
        Ok((list["building"] == false).then_some(list))
    })?;
    let segments: Vec<Value> = ["core", "main"]
        .iter()
        .flat_map(|scope| list["scopes"][scope]["segments"].as_array().cloned().unwrap_or_default())
        .collect();
    let bytes: u64 = segments.iter().filter_map(|segment| segment["bytes"].as_u64()).sum();
    let groups = full.wait("the search index", PATIENCE, || {
        let before = search_total(&full_dir(&work))?;
        std::thread::sleep(SETTLED);
        Ok(Some(search_total(&full_dir(&work))?).filter(|groups| *groups > 0 && *groups == before))
    })?;
    let scopes = full.status()?["scopes"].clone();
    eprintln!("{} segments of {bytes} bytes; {}", segments.len(), scopes["main"]["count"]);

    let urls: Vec<String> = segments
        .iter()
        .filter_map(|segment| {
            Some(format!("http://{onion}/sync/v1/segments/{}", segment["sha256"].as_str()?))
        })
        .collect();
    // So that both begin with circuits that stand.
    copy(&tor, &[format!("http://{onion}/sync/v1/state")])?;
    let curl_before = copy(&tor, &urls)?;
    eprintln!("curl: {curl_before:.1} s");

    let mut empty = node(&work, "empty", &tor, &[format!("onion:{onion}")])?;
    empty.start()?;
    let connected = |peers: &Value| peers[0]["connected"] == true || peers["peers"][0]["connected"] == true;
    wait_for(&mut empty, "a connection", |node| Ok(connected(&node.command(&["peers"])?.1)))?;
    let began = Instant::now();
    let dir = empty.data_dir().to_owned();
    wait_for(&mut empty, "all entries", |_| Ok(get(dir.clone(), "/sync/v1/state")?["scopes"] == scopes))?;
    let entries_secs = began.elapsed().as_secs_f64();
    eprintln!("all entries: {entries_secs:.1} s");
    wait_for(&mut empty, "the search index", |_| Ok(search_total(&dir)? == groups))?;
    let indexed_secs = began.elapsed().as_secs_f64();
    let read_bytes = empty.status()?["peers"][0]["bytes"].clone();

    let curl_after = copy(&tor, &urls)?;
    eprintln!("curl: {curl_after:.1} s");
    let curl_secs = f64::midpoint(curl_before, curl_after);
    let report = json!({
        "entries": scopes["main"]["count"],
        "segments": segments.len(),
        "segment_bytes": bytes,
        "read_bytes": read_bytes,
        "curl_secs": [curl_before, curl_after],
        "entries_secs": entries_secs,
        "indexed_secs": indexed_secs,
        "ratio": entries_secs / curl_secs,
    });
    println!("{report}");
    empty.stop()?;
    full.stop()
}

fn full_dir(work: &Path) -> PathBuf {
    work.join("full")
}

/// A node with an onion service alone that follows `peers`.
fn node(work: &Path, name: &str, tor: &PrivateTor, peers: &[String]) -> Result<TestNode> {
    let mut file = toml::Table::new();
    file.insert("name".into(), "first-start".into());
    file.insert("private".into(), true.into());
    file.insert("peers".into(), peers.iter().cloned().map(toml::Value::from).collect::<Vec<_>>().into());
    file.insert("tor".into(), tor.arti_config().clone().into());
    let path = work.join(format!("{name}.toml"));
    std::fs::write(&path, toml::to_string(&file)?)?;
    let options = NodeOptions { config: TOR_ALONE.into(), network: Some(path), ..NodeOptions::default() };
    TestNode::new(&work.join(name), options)
}

fn import(data_dir: &Path, entries: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(entries)?.flatten().map(|file| file.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cbor"));
    files.sort();
    ensure!(!files.is_empty(), "no .cbor files in {}", entries.display());
    for file in files {
        let status =
            Command::new(deadwax()?).arg("--data-dir").arg(data_dir).arg("import").arg(&file).status()?;
        ensure!(status.success(), "the import of {} failed", file.display());
    }
    Ok(())
}

/// Polls until `done`.
fn wait_for(node: &mut TestNode, what: &str, done: impl Fn(&TestNode) -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !done(node).unwrap_or(false) {
        ensure!(began.elapsed() < PATIENCE, "waited for {what}; see {}", node.log_file().display());
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// JSON from a node's web socket.
fn get(data_dir: PathBuf, path: &str) -> Result<Value> {
    let output = Command::new("curl")
        .args(["--silent", "--fail", "--unix-socket"])
        .arg(data_dir.join("web.sock"))
        .arg(format!("http://localhost{path}"))
        .output()?;
    ensure!(output.status.success(), "curl: {path}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// How many groups a search finds that have links.
fn search_total(data_dir: &Path) -> Result<u64> {
    let found = get(data_dir.to_owned(), "/api/v1/search?q=has%3Alink&limit=1")?;
    found["total"].as_u64().context("no total")
}

/// Seconds in which `curl` copies these, one after the other on one connection.
fn copy(tor: &PrivateTor, urls: &[String]) -> Result<f64> {
    let began = Instant::now();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--socks5-hostname", &tor.socks().to_string()]);
    for url in urls {
        curl.args(["--output", "/dev/null", url]);
    }
    ensure!(curl.status()?.success(), "curl through Tor");
    Ok(began.elapsed().as_secs_f64())
}
