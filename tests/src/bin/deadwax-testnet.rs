//! A whole Deadwax network on this machine, for trying it out: private Tor, private I2P, some nodes.
//!
//! It prints one line when everything is reachable, and waits until it is interrupted.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use deadwax_index::ingest::ingest;
use deadwax_index::store::Store;
use deadwax_tests::harness::namespace::Fence;
use deadwax_tests::harness::private_network::PrivateNetwork;
use deadwax_tests::harness::test_node::{NodeOptions, TestNode};
use deadwax_tests::samples;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Until a node is reachable on both networks.
const REACHABLE: Duration = Duration::from_secs(180);
/// Until all nodes have all entries.
const EQUAL: Duration = Duration::from_secs(300);
/// Nodes that one machine can be expected to run.
const MAX_NODES: usize = 12;

/// Start a private Tor network, a private I2P network and some nodes on this machine
#[derive(Parser)]
#[command(name = "deadwax-testnet", version)]
struct Arguments {
    /// How many nodes; each follows the one before it, in turn over Tor and over I2P
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// How many entries with invented records they hold
    #[arg(long, default_value_t = 50)]
    entries: u64,
    /// Which invented records
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep everything in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the answer as one line of JSON
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!((1..=MAX_NODES).contains(&arguments.nodes), "--nodes takes 1 to {MAX_NODES}");
    // Blocked before any thread starts, so that the wait at the end gets them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        Ok::<_, std::io::Error>((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    })?;
    let temporary = tempfile::tempdir()?;
    let dir = arguments.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&dir)?;

    eprintln!("starting private Tor and I2P networks ...");
    let network = PrivateNetwork::start(&dir.join("network"), false, Fence::Configuration)?;
    let mut nodes: Vec<(String, TestNode, deadwax_tests::harness::test_node::Ready)> = Vec::new();
    for number in 0..arguments.nodes {
        let name = char::from(b'a' + number as u8).to_string();
        eprintln!("starting node {name} ...");
        let peers: Vec<String> = nodes
            .last()
            .map(
                |(_, _, before)| {
                    if number % 2 == 1 { peer("onion", &before.onion) } else { peer("i2p", &before.i2p) }
                },
            )
            .transpose()?
            .into_iter()
            .collect();
        let file = network.network_file(&format!("node-{name}"), &peers)?;
        let config = format!("[node]\nname = \"{name}\"\n");
        let options = NodeOptions {
            config,
            network: Some(file),
            fence: Fence::Configuration,
            ..NodeOptions::default()
        };
        let mut node = TestNode::new(&dir.join(&name), options)?;
        if number == 0 {
            let store = Store::open(node.data_dir())?;
            ingest(&store, &samples::entries(arguments.seed, arguments.entries), None)?;
        }
        node.start()?;
        let ready = node.ready(REACHABLE)?;
        nodes.push((name, node, ready));
    }
    for (name, node, _) in &mut nodes {
        eprintln!("waiting until node {name} has all entries ...");
        node.wait_status("entries", EQUAL, |status| status["scopes"]["main"]["count"] == arguments.entries)?;
    }
    let (_, _, last) = nodes.last().context("there is at least one node")?;
    let network_file =
        network.network_file("network", &[peer("onion", &last.onion)?, peer("i2p", &last.i2p)?])?;

    let shown: Vec<_> = nodes
        .iter()
        .map(|(name, node, ready)| json!({"name": name, "onion": ready.onion, "i2p": ready.i2p, "data_dir": node.data_dir()}))
        .collect();
    let sam = network.sam(0);
    if arguments.json {
        println!(
            "{}",
            json!({"socks": network.socks().to_string(), "sam": sam.to_string(), "network_file": network_file, "nodes": shown})
        );
    } else {
        println!("SOCKS port of a Tor client   {}\nSAM port of an I2P router    {sam}", network.socks());
        for (name, node, ready) in &nodes {
            println!(
                "node {name}   http://{}\n         http://{}\n         {}",
                ready.onion.as_deref().unwrap_or("-"),
                ready.i2p.as_deref().unwrap_or("-"),
                node.data_dir().display()
            );
        }
        println!(
            "Join it:  deadwax --data-dir /tmp/my-node run --network {}\nCtrl-C ends everything.",
            network_file.display()
        );
    }
    runtime.block_on(async {
        tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
    });
    eprintln!("stopping ...");
    for (_, node, _) in &mut nodes {
        node.stop()?;
    }
    Ok(())
}

fn peer(network: &str, address: &Option<String>) -> Result<String> {
    Ok(format!("{network}:{}", address.as_ref().context("a node has no address")?))
}
