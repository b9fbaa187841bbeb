//! The fence around every test network: a network namespace in which there is nothing but loopback.
//!
//! Entering it is `tests/run`'s work (it needs rights that a test should not have); this only makes sure.

use anyhow::{Context as _, ensure};

/// What keeps a test network's packets on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fence {
    /// The namespace, whatever the programs are told. All tests have this one.
    #[default]
    Namespace,
    /// Only that everything is told to stay on loopback: authorities, relays, routers and nodes are
    /// given no address but 127.0.0.0/8. For trying out a network from outside it.
    Configuration,
}

impl Fence {
    /// Fails unless the fence is up.
    pub fn check(self) -> anyhow::Result<()> {
        match self {
            Self::Namespace => assert_loopback_only(),
            Self::Configuration => Ok(()),
        }
    }
}

/// Fails unless this process can reach nothing but itself: no interface other than `lo` exists here.
///
/// Everything that starts foreign programs calls it first, so that no test can put a packet on a real network.
pub fn assert_loopback_only() -> anyhow::Result<()> {
    let text = std::fs::read_to_string("/proc/net/dev").context("cannot list the network interfaces")?;
    let interfaces: Vec<&str> = interfaces(&text).collect();
    ensure!(
        interfaces == ["lo"],
        "refusing to start: this process sees the network interfaces {interfaces:?}, and only `lo` is allowed. \
         Run the tests that use networks with tests/run"
    );
    Ok(())
}

/// The names in `/proc/net/dev`: two lines of heading, then `name: figures`.
fn interfaces(proc_net_dev: &str) -> impl Iterator<Item = &str> {
    proc_net_dev.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n";

    #[test]
    fn every_interface_is_seen() {
        let text = format!("{HEADING}    lo: 1 2 3 4\n  eth0: 5 6 7 8\nwlp0s20f3:1 1 1 1\n");
        assert_eq!(interfaces(&text).collect::<Vec<_>>(), ["lo", "eth0", "wlp0s20f3"]);
    }

    #[test]
    fn loopback_alone_is_loopback_alone() {
        let text = format!("{HEADING}    lo: 1 2 3 4\n");
        assert_eq!(interfaces(&text).collect::<Vec<_>>(), ["lo"]);
    }
}
