//! BitTorrent clients that live in I2P only, and something for them to share.
//!
//! They are libtorrent in `tests/python/torrent_peer.py`, each with a destination of its own. All of
//! this blocks.

mod content;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsStr,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

pub use self::content::{digests, make_content};
use super::{namespace, python::PythonProgram};

const SCRIPT: &str = "torrent_peer.py";

/// Hashing some megabytes takes less than a second.
const MAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// What a torrent is known by.
#[derive(Debug, Clone, Deserialize)]
pub struct Torrent {
    /// Version 1, 40 hex digits in lower case.
    pub infohash: String,
    /// The name of its folder.
    pub name: String,
    /// Of all files together.
    pub size_bytes: u64,
    /// With the magnet trackers, and no others.
    pub magnet: String,
}

/// Writes the version 1 torrent of a folder, with `trackers`, to `out`. The magnet in the reply names
/// `magnet_trackers` instead: what somebody from the clearnet would submit.
pub fn make_torrent(
    content: &Path,
    trackers: &[&str],
    magnet_trackers: &[&str],
    out: &Path,
) -> anyhow::Result<Torrent> {
    let mut arguments: Vec<&OsStr> =
        vec!["make".as_ref(), "--dir".as_ref(), content.as_ref(), "--out".as_ref(), out.as_ref()];
    for (option, urls) in [("--tracker", trackers), ("--magnet-tracker", magnet_trackers)] {
        arguments.extend(urls.iter().flat_map(|url| [OsStr::new(option), OsStr::new(url)]));
    }
    let mut program = PythonProgram::start(SCRIPT, arguments)?;
    let made = program.next(Instant::now() + MAKE_TIMEOUT)?.context("no torrent in a minute")?;
    Ok(serde_json::from_value(made)?)
}

/// A client that runs. Dropping it lets it leave its swarm, and ends it.
pub struct TorrentPeer {
    program: PythonProgram,
    events: Vec<TorrentEvent>,
}

/// Something that happened to a client.
#[derive(Debug, Clone, Deserialize)]
pub struct TorrentEvent {
    /// Since the client's start.
    pub secs: f64,
    /// What it was.
    #[serde(flatten)]
    pub happened: Happened,
}

/// What can happen to a client.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happened {
    /// A tracker named this many swarm members, perhaps the client itself among them.
    TrackerReply {
        /// The tracker's.
        url: String,
        /// As many as were named.
        members: u32,
    },
    /// An announce failed; it is tried again. A client's first one always does.
    TrackerError {
        /// The tracker's.
        url: String,
        /// Why.
        message: String,
    },
    /// A tracker answered, and complained.
    TrackerWarning {
        /// The tracker's.
        url: String,
        /// What it said.
        message: String,
    },
    /// The connections changed; these are all of them.
    Peers {
        /// Those that are only being made, too.
        peers: Vec<Connection>,
    },
    /// The client knows what is in the torrent; one that began with a magnet learned it from a peer.
    Metadata {
        /// Of the torrent's folder.
        name: String,
    },
    /// How far it is, every few seconds.
    Progress {
        /// What it has.
        done_bytes: u64,
        /// What it needs, as far as it knows.
        wanted_bytes: u64,
    },
    /// It has everything, checked piece by piece.
    Complete {
        /// What it has.
        size_bytes: u64,
        /// Who was connected.
        peers: Vec<Connection>,
    },
    /// Something failed.
    Error {
        /// What.
        message: String,
    },
    /// It did not get everything in time, and ends.
    Timeout,
}

/// Somebody a client is connected to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Connection {
    /// Inside I2P; else there is an IP address that should not be there.
    pub i2p: bool,
    /// The destination's hash in hex, or the IP address and port.
    pub peer: String,
}

impl TorrentPeer {
    /// Shares the content of a torrent file, which is in `dir` under the torrent's name, through the
    /// router of this SAM port. Announces to the file's trackers.
    pub fn seed(sam: SocketAddr, torrent: &Path, dir: &Path) -> anyhow::Result<Self> {
        Self::start(sam, dir, &["seed".as_ref(), "--torrent".as_ref(), torrent.as_ref()])
    }

    /// Gets what a magnet names into `dir`, and then shares it. A client that has not got it all
    /// within `limit` ends.
    pub fn leech(sam: SocketAddr, magnet: &str, dir: &Path, limit: Duration) -> anyhow::Result<Self> {
        let limit = limit.as_secs().to_string();
        let arguments = ["leech", "--magnet", magnet, "--limit", &limit, "--stay"];
        Self::start(sam, dir, &arguments.map(OsStr::new))
    }

    fn start(sam: SocketAddr, dir: &Path, arguments: &[&OsStr]) -> anyhow::Result<Self> {
        namespace::assert_loopback_only()?;
        ensure!(sam.ip().is_loopback(), "the SAM port has to be on loopback");
        let port = sam.port().to_string();
        let common: [&OsStr; 4] = ["--sam".as_ref(), port.as_ref(), "--dir".as_ref(), dir.as_ref()];
        let program = PythonProgram::start(SCRIPT, arguments.iter().chain(&common))?;
        Ok(Self { program, events: Vec::new() })
    }

    /// Waits for an event that `pick` makes something of. It is shown all events since the start, so
    /// that none can be missed.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        timeout: Duration,
        mut pick: impl FnMut(&TorrentEvent) -> Option<T>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + timeout;
        let mut seen = 0;
        loop {
            if let Some(found) = self.events[seen..].iter().find_map(&mut pick) {
                return Ok(found);
            }
            seen = self.events.len();
            let next = self.program.next(deadline);
            match next.with_context(|| self.describe(what))? {
                Some(event) => self.events.push(serde_json::from_value(event)?),
                None => bail!("not within {} s: {}", timeout.as_secs(), self.describe(what)),
            }
        }
    }

    /// Waits until a tracker has answered: from now on it can name this client to others.
    pub fn announced(&mut self, timeout: Duration) -> anyhow::Result<()> {
        self.wait_for("a tracker's answer", timeout, |event| {
            matches!(event.happened, Happened::TrackerReply { .. }).then_some(())
        })
    }

    /// Waits until the client has everything. Returns everybody it was connected to until then.
    pub fn complete(&mut self, timeout: Duration) -> anyhow::Result<Vec<Connection>> {
        self.wait_for("the whole content", timeout, |event| {
            matches!(event.happened, Happened::Complete { .. }).then_some(())
        })?;
        Ok(self.connections())
    }

    /// Everybody that the client was seen to be connected to so far.
    pub fn connections(&self) -> Vec<Connection> {
        let seen = self.events.iter().flat_map(|event| match &event.happened {
            Happened::Peers { peers } | Happened::Complete { peers, .. } => peers.clone(),
            _ => Vec::new(),
        });
        seen.collect()
    }

    /// What happened so far, as far as it was waited for.
    pub fn events(&self) -> &[TorrentEvent] {
        &self.events
    }

    fn describe(&self, what: &str) -> String {
        let events: String = self.events.iter().map(|event| format!("\n  {event:?}")).collect();
        format!("{what}; so far:{events}\n{}", self.program.complaints())
    }
}
