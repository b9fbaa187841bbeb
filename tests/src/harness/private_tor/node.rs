//! One tor process: its directory, its ports, its life.

use std::{
    fs::{self, DirBuilder, File},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};

use super::{control::Control, count_lines, tail};

/// What a node does in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Decides who is in the network; a relay as well.
    Authority { dir_port: u16 },
    /// Carries circuits.
    Relay { exit: bool },
    /// Offers a SOCKS port.
    Client,
}

/// One tor, started or not.
pub(super) struct Node {
    name: String,
    role: Role,
    dir: PathBuf,
    /// The port others use: ORPort, or SocksPort for a client.
    main_port: u16,
    control_port: u16,
    child: Option<Child>,
    control: Option<Control>,
}

impl Node {
    /// Makes the node's directory.
    pub(super) fn new(
        network_dir: &Path,
        number: usize,
        role: Role,
        main_port: u16,
        control_port: u16,
    ) -> anyhow::Result<Self> {
        let name = match role {
            Role::Authority { .. } => "authority".to_owned(),
            Role::Relay { .. } => format!("relay{number}"),
            Role::Client => "client".to_owned(),
        };
        let dir = network_dir.join(&name);
        // tor refuses a directory that others can read.
        DirBuilder::new().recursive(true).mode(0o700).create(dir.join("keys"))?;
        fs::write(dir.join("empty"), "")?;
        Ok(Self { name, role, dir, main_port, control_port, child: None, control: None })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn main_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.main_port).into()
    }

    pub(super) fn control_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.control_port).into()
    }

    pub(super) fn torrc(&self) -> PathBuf {
        self.dir.join("torrc")
    }

    /// `tor` with nothing of the machine's own configuration: /etc/tor is not read.
    pub(super) fn tor(&self) -> Command {
        let mut tor = Command::new("tor");
        // An empty file of our own, because tor takes /dev/null for no file at all.
        tor.arg("--defaults-torrc").arg(self.dir.join("empty")).arg("--quiet").stdin(Stdio::null());
        tor
    }

    pub(super) fn spawn(&mut self) -> anyhow::Result<()> {
        let out = File::create(self.dir.join("out"))?;
        let child = self.tor().arg("-f").arg(self.torrc()).stderr(out.try_clone()?).stdout(out).spawn();
        self.child = Some(child.context("cannot start `tor` (Debian's package tor has it)")?);
        Ok(())
    }

    /// An error with the end of the log if the process was started and has ended.
    pub(super) fn must_be_alive(&mut self) -> anyhow::Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        if let Some(status) = child.try_wait()? {
            bail!("tor ended with {status}{}", self.describe());
        }
        Ok(())
    }

    /// One command over the control port, which is opened on first use.
    pub(super) fn ask(&mut self, command: &str) -> anyhow::Result<Vec<String>> {
        if self.control.is_none() {
            let cookie = fs::read(self.dir.join("control_auth_cookie"))?;
            self.control = Some(Control::open(self.control_address(), &cookie)?);
        }
        let control = self.control.as_mut().expect("opened above");
        let answer = control.ask(command);
        if answer.is_err() {
            // Whatever went wrong, the next question starts on a clean connection.
            self.control = None;
        }
        answer
    }

    /// How many relays are in the consensus that this node holds.
    pub(super) fn relays_known(&mut self) -> anyhow::Result<usize> {
        Ok(count_lines(&self.ask("GETINFO ns/all")?, "r "))
    }

    pub(super) fn bootstrap_percent(&mut self) -> anyhow::Result<u32> {
        let phase = self.ask("GETINFO status/bootstrap-phase")?.concat();
        let percent = phase.split("PROGRESS=").nth(1).and_then(|rest| rest.split(' ').next());
        percent.context("no progress in the answer")?.parse().context("progress is not a number")
    }

    /// What is known of a node, for an error message.
    pub(super) fn describe(&mut self) -> String {
        let mut text = format!("\n--- {} ---\n", self.name);
        if self.child.is_none() {
            return text + "not started\n";
        }
        for question in ["GETINFO status/bootstrap-phase", "GETINFO dormant"] {
            match self.ask(question) {
                Ok(answer) => text += &format!("{}\n", answer.join(" ")),
                Err(error) => text += &format!("{question}: {error}\n"),
            }
        }
        for file in ["out", "log"] {
            text += &format!("end of {file}:\n{}\n", tail(&self.dir.join(file), 15));
        }
        text
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Nothing of a test network is worth an orderly end. Fails only if it has ended already.
            child.kill().ok();
            child.wait().ok();
        }
    }
}
