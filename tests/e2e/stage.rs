//! What each story plays on: the networks, folders, steps with their times, and the leak counter.

use anyhow::{Context, Result, ensure};
use deadwax_tests::harness::leak::LeakCounter;
use deadwax_tests::harness::namespace::Fence;
use deadwax_tests::harness::private_network::PrivateNetwork;
use deadwax_tests::harness::test_node::{NodeOptions, TestNode};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;
use tempfile::TempDir;

/// Nodes run as this user, which owns nothing else, so that their packets can be told from others'.
pub const NODE_UID: u32 = 62_177;

/// What lives as long as all stories together.
pub struct World {
    network: OnceLock<PrivateNetwork>,
    work: TempDir,
    artifacts: PathBuf,
    leak: LeakCounter,
}

impl World {
    /// Prepares folders and the leak counter.
    pub fn new() -> Result<Self> {
        let work = tempfile::tempdir()?;
        // Nodes of another user have to reach their own folders in it.
        std::fs::set_permissions(work.path(), std::fs::Permissions::from_mode(0o711))?;
        let artifacts = std::env::var_os("DEADWAX_ARTIFACTS")
            .map_or_else(|| work.path().join("artifacts"), PathBuf::from);
        std::fs::create_dir_all(&artifacts)?;
        let leak = LeakCounter::install(NODE_UID)?;
        Ok(Self { network: OnceLock::new(), work, artifacts, leak })
    }

    fn network(&self) -> Result<&PrivateNetwork> {
        if let Some(network) = self.network.get() {
            return Ok(network);
        }
        let started = Instant::now();
        let dir = self.work.path().join("network");
        std::fs::create_dir(&dir)?;
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755))?;
        let network = PrivateNetwork::start(&dir, true, Fence::Namespace)?;
        println!("  private networks ready after {:.1} s", started.elapsed().as_secs_f64());
        Ok(self.network.get_or_init(|| network))
    }
}

struct Step {
    name: String,
    ok: bool,
    secs: f64,
}

/// One story's stage.
pub struct Stage<'a> {
    world: &'a World,
    name: &'static str,
    steps: Vec<Step>,
    elsewhere_before: u64,
    packets_elsewhere: u64,
    control_packets: u64,
    notes: serde_json::Map<String, Value>,
}

impl<'a> Stage<'a> {
    /// An empty stage.
    pub fn new(world: &'a World, name: &'static str) -> Result<Self> {
        std::fs::create_dir_all(world.work.path().join(name))?;
        let elsewhere_before = world.leak.packets_elsewhere()?;
        Ok(Self {
            world,
            name,
            steps: Vec::new(),
            elsewhere_before,
            packets_elsewhere: 0,
            control_packets: 0,
            notes: serde_json::Map::new(),
        })
    }

    /// Does one step of the story and remembers how long it took.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let result = work(self).with_context(|| name.to_owned());
        let secs = started.elapsed().as_secs_f64();
        println!("  {} {name} ({secs:.1} s)", if result.is_ok() { "ok    " } else { "FAILED" });
        self.steps.push(Step { name: name.into(), ok: result.is_ok(), secs });
        result
    }

    /// A figure for the report.
    pub fn note(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        println!("         {name}: {value}");
        self.notes.insert(name.into(), value);
    }

    /// The private networks, started when first needed.
    pub fn network(&self) -> Result<&'a PrivateNetwork> {
        self.world.network()
    }

    /// A folder of this story's own.
    pub fn dir(&self) -> PathBuf {
        self.world.work.path().join(self.name)
    }

    /// Where screenshots go.
    pub fn artifacts(&self) -> &Path {
        &self.world.artifacts
    }

    /// A node of this story, not started yet.
    pub fn node(&self, name: &str, config: &str, network: Option<PathBuf>) -> Result<TestNode> {
        let options =
            NodeOptions { config: config.into(), network, uid: node_uid(), ..NodeOptions::default() };
        TestNode::new(&self.dir().join(name), options)
    }

    /// Checks that no packet of any node left loopback, and that one that does is seen.
    pub fn close(&mut self) -> Result<()> {
        self.step("no packet went anywhere but to loopback, and the counter works", |stage| {
            stage.packets_elsewhere = stage.world.leak.packets_elsewhere()? - stage.elsewhere_before;
            stage.control_packets = stage.world.leak.positive_control()?;
            ensure!(stage.packets_elsewhere == 0, "{} packets went elsewhere", stage.packets_elsewhere);
            ensure!(stage.control_packets > 0, "the counter missed the control packet");
            Ok(())
        })
    }

    /// Writes `STORY.json`.
    pub fn write_report(&self) -> Result<()> {
        let steps: Vec<_> = (1..)
            .zip(&self.steps)
            .map(|(n, step)| json!({"n": n, "name": step.name, "ok": step.ok, "secs": step.secs}))
            .collect();
        let report = json!({
            "steps": steps,
            "packets_elsewhere": self.packets_elsewhere,
            "control_packets": self.control_packets,
            "notes": self.notes,
        });
        let path = self.world.artifacts.join(format!("{}.json", self.name));
        std::fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")
            .context("cannot write the report")
    }
}

/// Only root may choose a user.
fn node_uid() -> Option<u32> {
    deadwax_tests::harness::leak::can_choose_uid().then_some(NODE_UID)
}
