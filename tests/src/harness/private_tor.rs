//! A whole Tor network on loopback, out of Debian's `tor` and `tor-gencert`: one directory authority, five relays
//! and one client with a SOCKS port. Ready some ten seconds after [`PrivateTor::start`], most of which
//! the authority spends on its vote.
//!
//! The settings that are unlike a usual network's are explained where they are written, in `torrc.rs`.
//! What is served over this network is not here.

mod control;
mod keys;
mod names;
mod node;
#[cfg(test)]
mod tests;
mod torrc;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, bail, ensure};

use self::{
    keys::AuthorityKeys,
    names::NameServer,
    node::{Node, Role},
};
use super::namespace::Fence;

/// Enough for two three-hop circuits that share no relay with the introduction points' guards.
const RELAYS: usize = 5;
/// Of them, those that let streams out, where that is asked for: with a single one, a client whose circuits meet there
/// for something else finds no path out.
const EXITS: usize = 2;

/// How long each step may take; on two idle cores the slowest takes six seconds.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);

/// How often the control ports are asked.
const POLL_PAUSE: Duration = Duration::from_millis(50);

/// Ports are looked for here: below what the kernel gives to outgoing connections, which could
/// otherwise take a port between the moment it was found free and the moment tor binds it.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// What the network should have.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrivateTorOptions {
    /// Two relays let streams out, to this machine's loopback, and resolve names below `.test` to 127.0.0.1.
    pub exit: bool,
    /// What keeps it all on this machine.
    pub fence: Fence,
}

/// A running network. Dropping it ends its processes and waits for them.
pub struct PrivateTor {
    /// The authority first, the client last.
    nodes: Vec<Node>,
    socks: SocketAddr,
    arti_config: toml::Table,
    names: Option<NameServer>,
}

impl PrivateTor {
    /// Starts a network whose keys and logs are below `dir`, and returns when circuits can be built.
    ///
    /// Blocks. Fails without its fence, or when a step takes too long or a tor ends; the error then
    /// has the end of the log of each tor that matters.
    pub fn start(dir: &Path, options: PrivateTorOptions) -> anyhow::Result<Self> {
        options.fence.check()?;
        let dir = std::path::absolute(dir)?;
        let mut ports = free_ports(2 * (RELAYS + 2) + 1)?.into_iter();
        let mut port = || ports.next().expect("as many ports as are asked for below");
        let dir_port = port();

        let roles = std::iter::once(Role::Authority { dir_port })
            .chain((0..RELAYS).map(|i| Role::Relay { exit: options.exit && i < EXITS }))
            .chain(std::iter::once(Role::Client));
        let nodes = roles
            .enumerate()
            .map(|(i, role)| Node::new(&dir, i, role, port(), port()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let names = if options.exit { Some(NameServer::start()?) } else { None };

        let authority = &nodes[0];
        let begun = Instant::now();
        let keys = keys::make(authority, dir_port).context("the authority's keys")?;
        tracing::debug!(millis = begun.elapsed().as_millis(), "the authority has its keys");
        torrc::write_shared_random(authority.dir())?;
        for node in &nodes {
            torrc::write(node, authority, dir_port, &keys, names.as_ref())?;
            torrc::write_bandwidth_history(node.dir())?;
        }
        let socks = nodes.last().expect("a client is among them").main_address();
        let arti_config = arti_config(authority, dir_port, &keys)?;
        let mut network = Self { nodes, socks, arti_config, names };
        network.bring_up()?;
        Ok(network)
    }

    /// The SOCKS port of the C client (onion addresses and, with an exit, host names).
    pub fn socks(&self) -> SocketAddr {
        self.socks
    }

    /// arti's configuration for this network and no other, as [`deadwax_onion_gateway::TorNetwork::Private`] takes it.
    pub fn arti_config(&self) -> &toml::Table {
        &self.arti_config
    }

    /// A relay's address and fingerprint in the form of a bridge line.
    pub fn bridge_line(&self) -> anyhow::Result<String> {
        let relay = &self.nodes[RELAYS];
        let fingerprint = keys::fingerprint(relay.dir())?;
        Ok(format!("{} {fingerprint}", relay.main_address()))
    }

    /// An onion service of the client's whose streams come to a Unix socket; where it is found. It lasts as long as
    /// the network.
    pub fn serve_onion(&self, socket: &Path) -> anyhow::Result<String> {
        let client = self.nodes.last().context("no client")?;
        let cookie = fs::read(client.dir().join("control_auth_cookie"))?;
        let mut control = control::Control::open(client.control_address(), &cookie)?;
        let socket = socket.display();
        let answer =
            control.ask(&format!("ADD_ONION NEW:ED25519-V3 Flags=Detach,DiscardPK Port=80,unix:{socket}"))?;
        let name = answer.iter().find_map(|line| line.strip_prefix("ServiceID=")).context("no address")?;
        Ok(format!("{name}.onion"))
    }

    /// The host names that the exit relays were asked to resolve, so far and in lower case.
    pub fn names_resolved(&self) -> Vec<String> {
        self.names.as_ref().map(NameServer::asked).unwrap_or_default()
    }

    fn bring_up(&mut self) -> anyhow::Result<()> {
        let servers = RELAYS + 1;
        for node in &mut self.nodes[..servers] {
            node.spawn()?;
        }
        self.wait("the authority has the descriptors of all relays", |nodes| {
            let held = nodes[0].ask("GETINFO desc/all-recent")?;
            Ok(count_lines(&held, "router ") == servers)
        })?;

        // Only now may it vote: a consensus that lacks a relay would stand for a day.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let vote = torrc::vote_soon(now);
        self.nodes[0].ask(&vote).context("the authority did not accept the time of its vote")?;
        self.wait("the consensus lists all relays", |nodes| Ok(nodes[0].relays_known()? == servers))?;

        // They asked before there was a consensus and would wait for long before they ask again.
        for relay in &mut self.nodes[1..servers] {
            relay.ask("SIGNAL RELOAD")?;
        }
        self.wait("the relays have the directory", |nodes| {
            for relay in &mut nodes[1..servers] {
                // A relay in so small a network may stay short of 100: it need not build circuits itself.
                if relay.relays_known()? != servers || relay.bootstrap_percent()? < 75 {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;

        self.nodes[servers].spawn()?;
        self.wait("the client can build circuits", |nodes| Ok(nodes[servers].bootstrap_percent()? == 100))
    }

    /// Polls until `done`; an error from `done` counts as "not yet", since control ports open when they can.
    fn wait(
        &mut self,
        what: &str,
        mut done: impl FnMut(&mut [Node]) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            for node in &mut self.nodes {
                node.must_be_alive()?;
            }
            let last = done(&mut self.nodes);
            if matches!(last, Ok(true)) {
                tracing::debug!(millis = begun.elapsed().as_millis(), "{what}");
                return Ok(());
            }
            if begun.elapsed() > STEP_TIMEOUT {
                let nodes: String = self.nodes.iter_mut().map(Node::describe).collect();
                bail!("not within {} s: {what}; last answer {last:?}\n{nodes}", STEP_TIMEOUT.as_secs());
            }
            thread::sleep(POLL_PAUSE);
        }
    }
}

/// What arti has to know of this network: who votes, whom to ask first, and that relays may share an address.
fn arti_config(authority: &Node, dir_port: u16, keys: &AuthorityKeys) -> anyhow::Result<toml::Table> {
    let AuthorityKeys { v3_identity, rsa_identity, ed_identity } = keys;
    let or_address = authority.main_address();
    let dir_address = SocketAddr::from((Ipv4Addr::LOCALHOST, dir_port));
    let text = format!(
        r#"
        [tor_network]
        fallback_caches = [{{ rsa_identity = "{rsa_identity}", ed_identity = "{ed_identity}", orports = ["{or_address}"] }}]
        [tor_network.authorities]
        v3idents = ["{v3_identity}"]
        uploads = [["{dir_address}"]]
        downloads = [["{dir_address}"]]
        votes = [["{dir_address}"]]

        [path_rules]
        # All relays have one address: no two count as one operator's because of it.
        ipv4_subnet_family_prefix = 33
        ipv6_subnet_family_prefix = 129
        reachable_addrs = ["127.0.0.0/8:*", "[::1]:*"]

        [override_net_params]
        # The usual sample of 60 guards cannot be had here, and arti warns about it every second.
        guard-min-filtered-sample-size = 3
        guard-max-sample-size = 5
        guard-n-primary-guards = 3

        [preemptive_circuits]
        # No exit circuits in advance: there may be no exit.
        initial_predicted_ports = []
        disable_at_threshold = 0

        [address_filter]
        allow_local_addrs = true
        "#
    );
    Ok(text.parse()?)
}

fn count_lines(lines: &[String], start: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(start)).count()
}

/// `count` different ports that nobody listens on.
#[expect(clippy::disallowed_methods, reason = "on loopback, and closed at once")]
fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let mut random = [0; 2];
    getrandom::fill(&mut random)?;
    let first = usize::from(u16::from_ne_bytes(random)) % PORTS.len();
    let ports: Vec<u16> = PORTS
        .cycle()
        .skip(first)
        .take(PORTS.len())
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .take(count)
        .collect();
    ensure!(ports.len() == count, "not enough free ports on loopback");
    Ok(ports)
}

/// The last lines of a file, for an error message.
fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| format!("(no {}: {error})", path.display()));
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
