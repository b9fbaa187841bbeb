//! `deadwax run` as a child process, with a data directory of its own.
//!
//! What it asks of a node it asks as an outsider would: with the command line and over the sockets.

use super::namespace::Fence;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often a file or an answer is looked for.
const POLL_PAUSE: Duration = Duration::from_millis(100);
/// A node that was told to stop closes its streams and routers; this is longer than it gives itself.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// How to run a node.
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
    /// `deadwax.toml`.
    pub config: String,
    /// Network file; without one the node must have both networks off.
    pub network: Option<PathBuf>,
    /// User to run as, where this process may choose.
    pub uid: Option<u32>,
    /// What keeps its packets on this machine.
    pub fence: Fence,
    /// More for `deadwax run`.
    pub arguments: Vec<String>,
}

/// A node. Dropping it ends the process.
pub struct TestNode {
    data_dir: PathBuf,
    options: NodeOptions,
    child: Option<Child>,
}

/// What the ready file says.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Ready {
    /// `<56>.onion`.
    pub onion: Option<String>,
    /// `<52>.b32.i2p`.
    pub i2p: Option<String>,
}

/// The program under test: `DEADWAX_BIN`, or what was built next to this one.
pub fn deadwax() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("DEADWAX_BIN") {
        return Ok(path.into());
    }
    let here = std::env::current_exe()?;
    let dirs = here.ancestors().skip(1).take(2);
    let found = dirs.map(|dir| dir.join("deadwax")).find(|path| path.exists());
    found.context("the program is not built: run `cargo build` first, or set DEADWAX_BIN")
}

impl TestNode {
    /// Prepares a node in `data_dir` without starting it.
    ///
    /// # Errors
    /// A configuration that would reach the public networks.
    pub fn new(data_dir: &Path, options: NodeOptions) -> Result<Self> {
        options.fence.check()?;
        let config: toml::Table = toml::from_str(&options.config).context("the test's own configuration")?;
        let off = |network: &str| {
            config.get(network).and_then(|table| table.get("enabled")) == Some(&toml::Value::Boolean(false))
        };
        let private = match &options.network {
            Some(file) => {
                toml::from_str::<toml::Table>(&std::fs::read_to_string(file)?)?.get("private")
                    == Some(&toml::Value::Boolean(true))
            }
            None => false,
        };
        ensure!(
            private || (off("tor") && off("i2p")),
            "refusing to start a node that is not on a private network"
        );
        std::fs::create_dir_all(data_dir)?;
        std::fs::write(data_dir.join("deadwax.toml"), &options.config)?;
        if let Some(uid) = options.uid {
            std::os::unix::fs::chown(data_dir, Some(uid), Some(uid))?;
        }
        Ok(Self { data_dir: std::path::absolute(data_dir)?, options, child: None })
    }

    /// Gives `deadwax run` more arguments from now on.
    pub fn run_with(&mut self, arguments: &[&str]) {
        self.options.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    }

    /// Starts the node. [`TestNode::ready`] tells when it can be reached.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "the node runs already");
        let _ = std::fs::remove_file(self.ready_file());
        let log = File::options().create(true).append(true).open(self.log_file())?;
        let mut command = Command::new(deadwax()?);
        command.arg("--data-dir").arg(&self.data_dir).arg("run").arg("--ready-file").arg(self.ready_file());
        if let Some(network) = &self.options.network {
            command.arg("--network").arg(network);
        }
        command.args(&self.options.arguments);
        if let Some(uid) = self.options.uid {
            command.uid(uid).gid(uid);
        }
        command.env("HOME", &self.data_dir).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn().context("cannot start deadwax")?);
        Ok(())
    }

    /// Waits until the node says that each of its networks is reachable.
    pub fn ready(&mut self, deadline: Duration) -> Result<Ready> {
        let file = self.ready_file();
        let text = self.wait("the ready file", deadline, || Ok(std::fs::read_to_string(&file).ok()))?;
        serde_json::from_str(&text).context("the ready file")
    }

    /// Polls `look` until it finds something; fails at once when the node ends.
    pub fn wait<T>(
        &mut self,
        what: &str,
        deadline: Duration,
        mut look: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            let failure = match look() {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => String::new(),
                Err(error) => format!(" (last: {error:#})"),
            };
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().transpose()) {
                bail!("the node ended with {}; its log ends:\n{}", status?, self.log_end());
            }
            if started.elapsed() > deadline {
                bail!("no {what} within {deadline:?}{failure}; the node's log ends:\n{}", self.log_end());
            }
            std::thread::sleep(POLL_PAUSE);
        }
    }

    /// Runs a `deadwax` command on this node's data directory with `--json`; the exit code, and the
    /// JSON of standard output or else of standard error.
    pub fn command(&self, arguments: &[&str]) -> Result<(i32, Value)> {
        let mut command = Command::new(deadwax()?);
        command.arg("--data-dir").arg(&self.data_dir).arg("--json").args(arguments);
        if let Some(uid) = self.options.uid {
            command.uid(uid).gid(uid);
        }
        let output = command.output()?;
        let bytes = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let json = serde_json::from_slice(bytes)
            .with_context(|| format!("deadwax {arguments:?} printed {}", String::from_utf8_lossy(bytes)))?;
        Ok((output.status.code().unwrap_or(-1), json))
    }

    /// `deadwax status --json`.
    pub fn status(&self) -> Result<Value> {
        let (code, status) = self.command(&["status"])?;
        ensure!(code == 0, "status exited with {code}: {status}");
        Ok(status)
    }

    /// Waits until `deadwax status` satisfies `condition`.
    pub fn wait_status(
        &mut self,
        what: &str,
        deadline: Duration,
        condition: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let probe = self.probe();
        self.wait(what, deadline, || Ok(Some(probe.status()?).filter(&condition)))
    }

    /// The same node for those who only ask it something, while somebody waits for it.
    pub fn probe(&self) -> Self {
        Self { data_dir: self.data_dir.clone(), options: self.options.clone(), child: None }
    }

    /// Asks for `path` on the node's web socket; the status code and the body.
    pub fn get(&self, path: &str) -> Result<(u16, Vec<u8>)> {
        let output = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "30",
                "--write-out",
                "\n%{http_code}",
                "--unix-socket",
            ])
            .arg(self.data_dir.join("web.sock"))
            .arg(format!("http://localhost{path}"))
            .output()?;
        ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
        let split = output.stdout.iter().rposition(|byte| *byte == b'\n').context("curl wrote no status")?;
        let code = std::str::from_utf8(&output.stdout[split + 1..])?.parse()?;
        Ok((code, output.stdout[..split].to_vec()))
    }

    /// Ends the node as a service manager would, and waits for it.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(&child, "TERM")?;
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                ensure!(
                    status.success(),
                    "the node stopped with {status}; its log ends:\n{}",
                    self.log_end()
                );
                return Ok(());
            }
            if started.elapsed() > STOP_TIMEOUT {
                child.kill()?;
                child.wait()?;
                bail!("the node did not stop; its log ends:\n{}", self.log_end());
            }
            std::thread::sleep(POLL_PAUSE);
        }
    }

    /// Ends the node without warning: `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// The process id of the running node.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where the node keeps everything.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn ready_file(&self) -> PathBuf {
        self.data_dir.join("ready.json")
    }

    /// What the node printed.
    pub fn log_file(&self) -> PathBuf {
        self.data_dir.join("node.log")
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a child of this process.
fn signal(child: &Child, name: &str) -> Result<()> {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status()?;
    ensure!(status.success(), "cannot signal the node");
    Ok(())
}
