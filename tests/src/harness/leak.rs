//! Counts packets that try to leave loopback, with nftables, and proves that it would see one.
//!
//! In the namespace of `tests/run` such packets are routed to `lo` and die there; without a route they
//! would not even be sent, and a program that leaks would look like one that does not.
//!
//! Programs are told apart by their user. The kernel's own packets (resets, say) belong to nobody.
//! Without root, `unshare --map-root-user` gives us one single user, so nodes cannot run as another:
//! then everything in the namespace is counted, which is stricter.

#[cfg(test)]
mod tests;

use std::{
    io::Write as _,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::namespace;

/// Where Debian has `nft` and `ip`; not all users have it in their PATH.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Nobody's address (RFC 5737), to which the control datagram goes.
const NOBODY: &str = "192.0.2.1";

/// The discard port (RFC 863).
const DISCARD: u16 = 9;

/// Counters in the kernel, for this network namespace. Dropping it takes them away.
pub struct LeakCounter {
    table: String,
    /// `None` if users cannot be told apart here.
    uid: Option<u32>,
}

impl LeakCounter {
    /// Counts, from now on, the packets to anywhere but 127.0.0.0/8 and ::1: those of the user `uid`,
    /// and all together. Fails outside a loopback-only namespace.
    pub fn install(uid: u32) -> anyhow::Result<Self> {
        static INSTALLED: AtomicU32 = AtomicU32::new(0);
        namespace::assert_loopback_only()?;
        route_ipv6_to_loopback()?;
        let number = INSTALLED.fetch_add(1, Ordering::Relaxed);
        let table = format!("deadwax_leak_{}_{number}", std::process::id());
        let uid = can_choose_uid().then_some(uid);
        // Without a user of its own a node's packets are among all others.
        let of_user = uid.map_or_else(String::new, |uid| format!("meta skuid {uid}"));
        run(
            Command::new("nft").args(["-f", "-"]),
            &format!(
                "table inet {table} {{
                    counter of_user {{}}
                    counter of_all {{}}
                    chain leaving {{
                        type filter hook output priority 0; policy accept;
                        ip daddr 127.0.0.0/8 return
                        ip6 daddr ::1 return
                        counter name of_all
                        {of_user} counter name of_user
                    }}
                }}"
            ),
        )?;
        Ok(Self { table, uid })
    }

    /// Packets of the user to elsewhere since [`LeakCounter::install`], control packets included; all
    /// packets to elsewhere if users cannot be told apart ([`can_choose_uid`]).
    pub fn packets_elsewhere(&self) -> anyhow::Result<u64> {
        self.read("of_user")
    }

    /// Packets of anybody to elsewhere since [`LeakCounter::install`].
    pub fn packets_elsewhere_of_all(&self) -> anyhow::Result<u64> {
        self.read("of_all")
    }

    /// Sends one UDP datagram to an address that nobody has, as the user. Returns how many packets
    /// were counted meanwhile: at least 1, or it fails.
    pub fn positive_control(&self) -> anyhow::Result<u64> {
        let before = self.packets_elsewhere()?;
        send_datagram(NOBODY, self.uid)?;
        let counted = self.packets_elsewhere()? - before;
        ensure!(counted >= 1, "a packet to {NOBODY} was not counted: the counter proves nothing");
        Ok(counted)
    }

    fn read(&self, counter: &str) -> anyhow::Result<u64> {
        let text =
            run(Command::new("nft").args(["-j", "list", "counter", "inet", &self.table, counter]), "")?;
        let all: Value = serde_json::from_str(&text)?;
        let objects = all["nftables"].as_array().context("nft lists objects")?;
        let packets = objects.iter().find_map(|object| object["counter"]["packets"].as_u64());
        packets.with_context(|| format!("nft does not know the counter: {text}"))
    }
}

impl Drop for LeakCounter {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("nft").args(["delete", "table", "inet", &self.table]), "") {
            eprintln!("{error:?}");
        }
    }
}

/// Whether programs can be started as users of our choice: we are root, and of more than ourselves.
pub fn can_choose_uid() -> bool {
    // The owner of a process' folder is its effective user.
    let root = std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0);
    root && std::fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| has_many_users(&map))
}

/// `/proc/self/uid_map`: lines of first user inside, first user outside, count.
fn has_many_users(uid_map: &str) -> bool {
    let counts = uid_map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    counts.sum::<u64>() > 1
}

/// `tests/run` does it for IPv4. Where the kernel has no IPv6, nothing can leak through it.
fn route_ipv6_to_loopback() -> anyhow::Result<()> {
    let addresses = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    if !addresses.is_empty() {
        run(Command::new("ip").args(["-6", "route", "replace", "default", "dev", "lo"]), "")?;
    }
    Ok(())
}

/// From bash, because every user can run it, wherever the tests' own programs are.
fn send_datagram(address: &str, uid: Option<u32>) -> anyhow::Result<()> {
    namespace::assert_loopback_only()?;
    let mut command = Command::new("bash");
    command.arg("-c").arg(format!("echo control > /dev/udp/{address}/{DISCARD}")).current_dir("/");
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    run(&mut command, "").map(drop)
}

/// Runs a command to its end; it gets `input`. Returns what it printed.
fn run(command: &mut Command, input: &str) -> anyhow::Result<String> {
    command.env("PATH", PATH).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    child.stdin.take().context("a piped stdin is there")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed ({}): {complaint}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
