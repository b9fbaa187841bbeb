//! The configuration of each tor, with the reason for every setting that a usual network does not have.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};
use data_encoding::BASE64;

use super::{
    keys::AuthorityKeys,
    names::NameServer,
    node::{Node, Role},
};

/// Seconds for the two halves of a vote; tor allows no less in a test network.
const VOTE_DELAY_SECS: u64 = 2;
/// Seconds from one first vote to the next, the least that tor allows.
const FIRST_VOTING_INTERVAL_SECS: u64 = 5;

/// What every server's past has: the same, so that all are chosen alike.
const BANDWIDTH_BYTES_PER_SEC: u64 = 1_000_000;
/// Tor keeps sums of days.
const HISTORY_INTERVAL_SECS: u64 = 86_400;

/// For every tor.
const ALL: &str = "\
RunAsDaemon 0
SafeLogging 0
LogTimeGranularity 1
CookieAuthentication 1
ShutdownWaitLength 0
# A tor that was idle goes to sleep, and would stay asleep when it is started again.
DormantCanceledByStartup 1
# Four relays of six will do for a circuit.
PathsNeededToBuildCircuits 0.67
Address 127.0.0.1
OutboundBindAddress 127.0.0.1
GeoIPFile /dev/null
GeoIPv6File /dev/null
# Cells are sent every 10 ms by default; a request then takes 12 ms instead of 4.
KISTSchedRunInterval 1 msec
# Without looking at the kernel's queues: on loopback that leaves cells lying now and then until others come.
Schedulers KISTLite
";

/// For the authority and the relays.
const SERVER: &str = "\
TestingTorNetwork 1
SocksPort 0
AssumeReachable 1
ContactInfo nobody
DirCache 1
BandwidthRate 1 GBytes
BandwidthBurst 1 GBytes
ExtendAllowPrivateAddresses 1
DoSCircuitCreationEnabled 0
DoSConnectionEnabled 0
";

/// For the client: what `TestingTorNetwork` implies, setting by setting, but without that option itself, because
/// it would make the client compute other periods for onion services than arti does.
const CLIENT: &str = "\
ClientOnly 1
EnforceDistinctSubnets 0
ClientRejectInternalAddresses 0
ClientDNSRejectInternalAddresses 0
DirAllowPrivateAddresses 1
ExtendAllowPrivateAddresses 1
ClientBootstrapConsensusAuthorityDownloadInitialDelay 0
ClientBootstrapConsensusFallbackDownloadInitialDelay 0
ClientBootstrapConsensusAuthorityOnlyDownloadInitialDelay 0
";

/// For the authority.
const AUTHORITY: &str = "\
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
AuthDirSharedRandomness 1
# One consensus for the life of the network: it is valid for two days, and nothing changes meanwhile.
V3AuthVotingInterval 86400
V3AuthNIntervalsValid 2
# No first vote by itself: it waits for the word, when all relays are known.
TestingV3AuthInitialVotingInterval 1800
TestingAuthDirTimeToLearnReachability 0
# Every relay may do everything from the start. Exit too, although most refuse every exit: without a single
# exit the weights by which clients choose their relays come out as zero.
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteExit *
TestingMinExitFlagThreshold 0
TestingMinFastFlagThreshold 0
MinUptimeHidServDirectoryV2 0
# Otherwise only the older half is called stable, and arti puts no other into an onion service's circuits.
AuthDirVoteStableGuaranteeMinUptime 0
AuthDirVoteStableGuaranteeMTBF 0
# All relays have one address.
AuthDirMaxServersPerAddr 0
# The period of onion services' keys, in minutes: the usual day, where a test network would make it minutes.
ConsensusParams hsdir_interval=1440 nf_pad_relays=1 nf_ito_low=100 nf_ito_high=200
";

/// Writes `torrc` into the node's directory.
pub(super) fn write(
    node: &Node,
    authority: &Node,
    dir_port: u16,
    keys: &AuthorityKeys,
    names: Option<&NameServer>,
) -> anyhow::Result<()> {
    let dir = node.dir().display();
    let AuthorityKeys { v3_identity, rsa_identity, .. } = keys;
    let mut text = format!(
        "Nickname {name}\nDataDirectory {dir}\nLog notice file {dir}/log\nControlPort {control}\n\
         # Ends by itself if the test is killed.\n__OwningControllerProcess {pid}\n\
         DirAuthority {authority} orport={or_port} no-v2 v3ident={v3_identity} 127.0.0.1:{dir_port} {rsa_identity}\n{ALL}",
        name = node.name(),
        control = node.control_address(),
        pid = std::process::id(),
        authority = authority.name(),
        or_port = authority.main_address().port(),
    );
    let main = node.main_address();
    match node.role() {
        Role::Client => text += &format!("SocksPort {main}\n{CLIENT}"),
        Role::Relay { exit: false } => {
            text += &format!("ORPort {main}\n{SERVER}ExitRelay 0\nExitPolicy reject *:*\n")
        }
        Role::Relay { exit: true } => text += &format!("ORPort {main}\n{SERVER}{}", exit(node, names)?),
        Role::Authority { dir_port } => {
            text += &format!(
                "ORPort {main}\nDirPort 127.0.0.1:{dir_port}\n{SERVER}ExitRelay 0\nExitPolicy reject *:*\n{AUTHORITY}"
            );
            for which in ["V3Auth", "TestingV3AuthInitial"] {
                text += &format!("{which}VoteDelay {VOTE_DELAY_SECS}\n{which}DistDelay {VOTE_DELAY_SECS}\n");
            }
        }
    }
    fs::write(node.torrc(), text)?;
    Ok(())
}

/// Everything is accepted, since a policy of loopback alone is summed up as "rejects all" in the directory and no
/// client would use it. There is nothing but loopback in the namespace to get to.
fn exit(node: &Node, names: Option<&NameServer>) -> anyhow::Result<String> {
    let names = names.context("an exit needs a name server")?;
    let resolv_conf = node.dir().join("resolv.conf");
    fs::write(&resolv_conf, format!("nameserver {}\n", names.address()))?;
    Ok(format!(
        "ExitRelay 1\nExitPolicyRejectPrivate 0\nExitPolicy accept *:*\nServerDNSResolvConfFile {}\n\
         ServerDNSDetectHijacking 0\nServerDNSSearchDomains 0\nServerDNSAllowBrokenConfig 1\n",
        resolv_conf.display()
    ))
}

/// The command by which the authority votes as soon as it can: votes are spread over the seconds before an
/// interval begins, so the next one is made to begin just late enough for that.
pub(super) fn vote_soon(unix_secs: u64) -> String {
    let begins = unix_secs + 2 * VOTE_DELAY_SECS + 1;
    format!(
        "SETCONF TestingV3AuthInitialVotingInterval={FIRST_VOTING_INTERVAL_SECS} TestingV3AuthVotingStartOffset={}",
        begins % FIRST_VOTING_INTERVAL_SECS
    )
}

/// Gives the authority the two values that a network agrees on at random within a day. Without them arti knows
/// only one of the two periods that an onion service publishes for, and never calls it reachable.
pub(super) fn write_shared_random(authority_dir: &Path) -> anyhow::Result<()> {
    let value = |byte| BASE64.encode(&[byte; 32]);
    let text = format!(
        "Version 1\nTorVersion 0.4.8\nValidAfter {}\nValidUntil {}\n\
         SharedRandPreviousValue 1 {}\nSharedRandCurrentValue 1 {}\n",
        utc("1 minute ago")?,
        utc("30 days")?,
        value(1),
        value(2)
    );
    fs::write(authority_dir.join("sr-state"), text)?;
    Ok(())
}

/// Gives a server a past in which it carried traffic. A new one has none, the directory then says 0 for its
/// bandwidth, and clients never choose a relay of 0 beside one that happened to show a little: they would look for
/// circuits through the authority alone.
pub(super) fn write_bandwidth_history(dir: &Path) -> anyhow::Result<()> {
    let total = BANDWIDTH_BYTES_PER_SEC * HISTORY_INTERVAL_SECS;
    // A maximum is counted over ten seconds.
    let most = BANDWIDTH_BYTES_PER_SEC * 10;
    let mut text = format!("TorVersion Tor 0.4.8\nLastWritten {}\n", utc("1 minute ago")?);
    for way in ["Read", "Write"] {
        text += &format!(
            "BWHistory{way}Ends {}\nBWHistory{way}Interval {HISTORY_INTERVAL_SECS}\n\
             BWHistory{way}Values {total},{total}\nBWHistory{way}Maxima {most},{most}\n",
            utc("1 minute ago")?
        );
    }
    fs::write(dir.join("state"), text)?;
    Ok(())
}

/// A moment as tor writes it.
fn utc(when: &str) -> anyhow::Result<String> {
    let date = Command::new("date")
        .args(["--utc", "+%F %T", "--date", when])
        .output()
        .context("cannot start `date`")?;
    ensure!(date.status.success(), "date: {}", String::from_utf8_lossy(&date.stderr));
    Ok(String::from_utf8(date.stdout)?.trim().to_owned())
}
