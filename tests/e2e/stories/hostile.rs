//! Two honest nodes on the private networks that read each other over Tor, and one the other over I2P too, among a dozen
//! hostile peers behind onion services: the honest ones end equal, bounded, and say of each peer what is wrong with it.
//!
//! What each of these peers achieves, and more of them, is tested in `node/src/hostile`, in virtual time.

use super::crossing::{ARRIVES, REACHABLE};
use crate::stage::{NODE_UID, Stage};
use anyhow::{Context, Result, ensure};
use deadwax_index::entry::VerifiedEntry;
use deadwax_index::entry::identity::Identity;
use deadwax_index::ingest::ingest;
use deadwax_index::store::Store;
use deadwax_index::sync::wire::{write_id, write_mark};
use deadwax_tests::harness::hostile_peer::{Answer, HostilePeer, Request};
use deadwax_tests::harness::leak::can_choose_uid;
use deadwax_tests::harness::private_network::PrivateNetwork;
use deadwax_tests::harness::test_node::TestNode;
use deadwax_tests::samples;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Entries that each honest node has before it meets the other.
const OWN: u64 = 50;
/// Ids of entries that nobody has.
const INVENTED: u64 = 300;
/// Entries of which a hostile peer sends the heads alone.
const WITHHELD: u64 = 5;
/// Slots for which two faces of a peer show two entries.
const SLOTS: u64 = 10;
/// Decompressed bytes of a bomb.
const BOMB_BYTES: usize = 300_000_000;
const INCARNATION: &str = "0123456789abcdef0123456789abcdef";
const ROOT_OF_NOTHING: &str = "463d821e6841dbb661f4e638e6c9326a808db12853b76f69df42bf3d3111fcdd";
/// Back-offs of some seconds lie between two faults of a peer.
const NAMED: Duration = Duration::from_secs(120);
/// What an answer without end may get rid of on one connection: what is read of it, and what lies in the buffers of a
/// circuit (500 cells each way, and those of streams and sockets).
const MOST_SENT_BYTES: u64 = 2 << 20;
/// The same on all connections that two nodes open until they have named all faults.
const MOST_SENT_IN_ALL_BYTES: u64 = 16 << 20;
/// A node with a router and a Tor client; bombs of 300 MB would be seen.
const MOST_MEMORY_KIB: u64 = 300 << 10;

type Lie = Box<dyn Fn(&Request) -> Option<Answer> + Send + Sync>;

/// What a hostile peer does.
struct Face {
    name: &'static str,
    /// What is said of it.
    fault: Option<&'static str>,
    /// Whether honest node A follows it, and whether B does.
    followers: [bool; 2],
    /// Where it answers otherwise than with its state and its tails.
    lie: Lie,
    /// What its tail of `main` says, which ends with a mark of its newest position.
    tail: Vec<u8>,
    newest: u64,
}

impl Face {
    fn new(name: &'static str, fault: Option<&'static str>, newest: u64, mut tail: Vec<u8>) -> Self {
        write_mark(newest, &mut tail);
        Self { name, fault, followers: [true; 2], lie: Box::new(|_| None), tail, newest }
    }

    fn with(self, lie: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self { lie: Box::new(lie), ..self }
    }

    fn answer(&self, request: &Request) -> Answer {
        if let Some(answer) = (self.lie)(request) {
            return answer;
        }
        let path = request.path.split('?').next().unwrap_or_default();
        match path {
            "/sync/v1/state" => Answer::ok(self.state().to_string()),
            "/sync/v1/core/tail" => {
                let mut mark = Vec::new();
                write_mark(self.newest, &mut mark);
                Answer::StaysOpen(mark)
            }
            "/sync/v1/main/tail" => Answer::StaysOpen(self.tail.clone()),
            "/sync/v1/entries" => Answer::ok([]),
            _ => Answer::absent(),
        }
    }

    /// As if it had seven entries.
    fn state(&self) -> Value {
        json!({
            "scopes": {
                "core": {"count": 0, "root": ROOT_OF_NOTHING},
                "main": {"count": 7, "root": "77".repeat(32)},
            },
            "members_root": null,
            "incarnation": INCARNATION,
            "tail": {"core": self.newest, "main": self.newest},
        })
    }
}

fn bytes(entries: &[VerifiedEntry]) -> Vec<u8> {
    entries.iter().flat_map(VerifiedEntry::to_bytes).collect()
}

fn ids(ids: impl Iterator<Item = [u8; 16]>) -> Vec<u8> {
    let mut tail = Vec::new();
    ids.for_each(|id| write_id(&id, &mut tail));
    tail
}

/// Short entries of one author; of the same slots at another time they are others.
fn signed(secret: u8, count: u64, created_hours: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([secret; 32]);
    (0..count).map(|n| author.sign(vec![0xa1, 0x05, 0x07], 99, n, created_hours)).collect()
}

/// A sound entry with some of its bytes changed.
fn changed(at: impl FnOnce(usize) -> usize, to: &[u8]) -> Vec<u8> {
    let entry = &samples::entries(9, 1)[0];
    let at = at(entry.head().bytes().len());
    let mut bytes = entry.to_bytes();
    assert!(bytes[at..at + to.len()] != *to, "nothing is changed");
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// Of a comparison there is nothing but this.
fn compares_with(
    path: &'static str,
    answer: impl Fn() -> Answer + Send + Sync + 'static,
) -> impl Fn(&Request) -> Option<Answer> + Send + Sync {
    move |request| request.path.ends_with(path).then(&answer)
}

fn faces() -> Result<Vec<Face>> {
    let version = || format!("ETag: \"{INCARNATION}-1\"\r\n");
    let invented =
        (0..INVENTED).map(|n| Sha256::digest(n.to_be_bytes())[..16].try_into().unwrap_or_default());
    let withheld = signed(7, WITHHELD, 494_000);
    let heads = withheld.iter().flat_map(|entry| entry.head().bytes().to_vec()).collect();
    let named = signed(8, WITHHELD, 494_000);
    let of_bomb = named[0].to_bytes();
    let bomb = zstd::encode_all(of_bomb.repeat(BOMB_BYTES / of_bomb.len()).as_slice(), 1)?;
    let rewound = |marks: &[u64]| {
        let mut tail = Vec::new();
        marks.iter().for_each(|mark| write_mark(*mark, &mut tail));
        tail
    };
    let digests: Vec<u8> = (0..131_072u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut two = [494_000, 494_001]
        .map(|hour| Face::new("shows two faces", None, SLOTS, bytes(&signed(6, SLOTS, hour))));
    two[0].followers = [true, false];
    two[1].followers = [false, true];
    let mut faces = vec![
        Face::new("invents ids", None, INVENTED, ids(invented)),
        Face::new("forges heads", Some("not a valid entry"), 1, changed(|head| head - 1, &[0xee])),
        Face::new("changes bodies", Some("not a valid entry"), 1, changed(|head| head + 9, &[0xee])),
        Face::new("withholds bodies", None, WITHHELD, heads),
        Face::new("has a sketch without end", Some("it is longer than"), 1, vec![])
            .with(compares_with("/main/sketch", move || Answer::Endless(206, version(), 7))),
        Face::new("has poisoned digests", Some("a list of ids"), 1, vec![]).with(move |request| {
            let path = request.path.as_str();
            match path {
                "/sync/v1/main/digests" => Some(Answer::Whole(200, version(), digests.clone())),
                "/sync/v1/main/ids" => Some(Answer::ok(vec![0xff; 16_000])),
                _ => None,
            }
        }),
        // The head ends with the length of the body (three bytes, the first of them 0x19) and the signature.
        Face::new(
            "sends frames that are too large",
            Some("a head has the wrong form"),
            1,
            changed(|head| head - 66 - 3, &[0x19, 0xff, 0xff]),
        ),
        Face::new("rewinds its tail", Some("its marks go back, from 9 to 3"), 1, rewound(&[9, 3])),
        Face::new(
            "sends a bomb",
            Some("more entries than were asked for"),
            WITHHELD,
            ids(named.iter().map(|entry| entry.head().id().prefix())),
        )
        .with(move |request| {
            let encoding = "Content-Encoding: zstd\r\n".to_owned();
            (request.path == "/sync/v1/entries").then(|| Answer::Whole(200, encoding, bomb.clone()))
        }),
        Face::new("has a state without end", Some("it is longer than 65536 bytes"), 1, vec![])
            .with(compares_with("/state", || Answer::Endless(200, String::new(), b' '))),
        // Its fault is told after two minutes, which virtual time has.
        Face::new("gives a byte now and then", None, 1, vec![])
            .with(compares_with("/state", || Answer::Drip(b' '))),
    ];
    faces.extend(two);
    Ok(faces)
}

/// A node's data directory with some entries in it, before its first start.
fn prepare(node: &TestNode, seed: u64) -> Result<()> {
    ingest(&Store::open(node.data_dir())?, &samples::entries(seed, OWN), None)?;
    if can_choose_uid() {
        for file in std::fs::read_dir(node.data_dir())? {
            std::os::unix::fs::chown(file?.path(), Some(NODE_UID), Some(NODE_UID))?;
        }
    }
    Ok(())
}

/// The peers that a node has beside the hostile ones.
fn network_file(
    network: &PrivateNetwork,
    number: usize,
    faces: &[(&'static str, [bool; 2], String)],
    honest: Vec<String>,
) -> Result<std::path::PathBuf> {
    let hostile = faces.iter().filter(|(_, followers, _)| followers[number]).map(|(_, _, address)| address);
    let peers: Vec<String> = hostile.cloned().chain(honest).collect();
    network.network_file(["hostile-a", "hostile-b"][number], &peers)
}

/// Plays the story.
pub fn run(stage: &mut Stage) -> Result<()> {
    let network = stage.step("private Tor and I2P networks start", |stage| stage.network())?;
    let begun = Instant::now();
    let mut servers = Vec::new();
    let mut faults = Vec::new();
    let addresses = stage.step("hostile peers have their onion services", |stage| {
        let mut addresses = Vec::new();
        for (number, face) in faces()?.into_iter().enumerate() {
            let socket = stage.dir().join(format!("{number}.sock"));
            let (name, followers, fault) = (face.name, face.followers, face.fault);
            servers.push((name, HostilePeer::start(&socket, move |request| face.answer(request))?));
            let address = format!("onion:{}", network.tor.serve_onion(&socket)?);
            faults.extend(fault.map(|fault| (name, address.clone(), fault)));
            addresses.push((name, followers, address));
        }
        Ok(addresses)
    })?;

    // B is told of an onion service before there is a node A behind it: so none has to be started twice.
    let of_a = format!("onion:{}", network.tor.serve_onion(&stage.dir().join("a/web.sock"))?);
    let mut b = stage.node("b", "", Some(network_file(network, 1, &addresses, vec![of_a.clone()])?))?;
    let ready_b = stage.step("honest node B is reachable on both networks", |_| {
        prepare(&b, 2)?;
        b.start()?;
        b.ready(REACHABLE)
    })?;
    let of_b = [
        format!("onion:{}", ready_b.onion.context("B has no onion service")?),
        format!("i2p:{}", ready_b.i2p.context("B has no I2P destination")?),
    ];
    let mut a = stage.node("a", "", Some(network_file(network, 0, &addresses, of_b.to_vec())?))?;
    stage.step("honest node A follows it over both, and is followed over Tor", |_| {
        prepare(&a, 1)?;
        a.start()?;
        a.ready(REACHABLE)
    })?;

    let expected = 2 * OWN + WITHHELD + SLOTS;
    let is_complete = |status: &Value| status["scopes"]["main"]["count"] == expected;
    stage.step("both have all entries of the other, and no more than that", |_| {
        for node in [&mut a, &mut b] {
            node.wait_status("entries", ARRIVES, is_complete)?;
        }
        Ok(())
    })?;
    stage.step("bodies that were withheld come with whoever has them", |stage| {
        let file = stage.dir().join("withheld.cbor");
        std::fs::write(&file, bytes(&signed(7, WITHHELD, 494_000)))?;
        let (code, read) = a.command(&["import", &file.display().to_string()])?;
        ensure!(code == 0, "{read}");
        let have_bodies = |node: &TestNode| -> Result<bool> {
            for entry in signed(7, WITHHELD, 494_000) {
                if node.get(&format!("/api/v1/entries/{}", entry.head().id()))? != (200, entry.to_bytes()) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        for node in [&mut a, &mut b] {
            let probe = node.probe();
            node.wait("bodies", ARRIVES, || Ok(have_bodies(&probe)?.then_some(())))?;
        }
        Ok(())
    })?;
    stage.step("sets and what follows from them are equal", |_| {
        let [of_a, of_b] = [&a, &b].map(|node| node.status().map(|status| status["scopes"].clone()));
        let (of_a, of_b) = (of_a?, of_b?);
        ensure!(of_a == of_b, "sets differ: {of_a} and {of_b}");
        ensure!(digest(&a)? == digest(&b)?, "projections differ");
        let lower = signed(6, SLOTS, 494_000).into_iter().zip(signed(6, SLOTS, 494_001));
        for (one, other) in lower {
            let id = one.head().id().min(other.head().id());
            ensure!(a.get(&format!("/api/v1/entries/{id}"))?.0 == 200, "the lower id holds the slot");
        }
        Ok(())
    })?;
    stage.step("A agrees with B over Tor and over I2P, and B with A over Tor", |_| {
        for (node, addresses) in [(&mut a, &of_b[..]), (&mut b, std::slice::from_ref(&of_a))] {
            for address in addresses {
                let agrees = |peer: &Value| peer["address"] == **address && peer["equal"] == true;
                node.wait_status("equality", ARRIVES, |status| peers(status).any(agrees))?;
            }
        }
        Ok(())
    })?;
    stage.step("both name the fault of each hostile peer, and it is in their logs", |_| {
        for node in [&mut a, &mut b] {
            let mut open: BTreeSet<_> = faults.iter().collect();
            let probe = node.probe();
            let log = node.log_file();
            node.wait("faults", NAMED, || {
                let status = probe.status()?;
                let log = std::fs::read_to_string(&log)?;
                open.retain(|(_, address, fault)| {
                    let says = |text: &Value| text.as_str().is_some_and(|text| text.contains(fault));
                    let is_it = |peer: &&Value| peer["address"] == **address && says(&peer["last_error"]);
                    !(peers(&status).find(is_it).is_some() && log.contains(fault))
                });
                ensure!(
                    open.is_empty(),
                    "not yet: {:?}",
                    open.iter().map(|(name, ..)| name).collect::<Vec<_>>()
                );
                Ok(Some(()))
            })?;
            let inventor =
                &addresses.iter().find(|(name, ..)| *name == "invents ids").context("no inventor")?.2;
            let status = node.status()?;
            let peer = peers(&status).find(|peer| peer["address"] == **inventor).context("no such peer")?;
            ensure!(peer["unsent"].as_u64() >= Some(INVENTED), "invented ids are not counted: {peer}");
        }
        Ok(())
    })?;
    stage.step("nobody read more than a little of what has no end, or kept it", |stage| {
        for node in [&a, &b] {
            let status = node.status()?;
            for (name, _, address) in &addresses {
                let Some(peer) = peers(&status).find(|peer| peer["address"] == **address) else { continue };
                ensure!(peer["bytes"].as_u64() < Some(MOST_SENT_BYTES), "{name}: {peer}");
            }
            let peak = peak_kib(node.pid().context("a node does not run")?)?;
            ensure!(peak < MOST_MEMORY_KIB, "a node had {peak} KiB");
            ensure!(is_complete(&status), "something else was kept: {}", status["scopes"]);
        }
        for (name, server) in &servers {
            ensure!(
                server.sent_bytes() < MOST_SENT_IN_ALL_BYTES,
                "{name} got rid of {}",
                server.sent_bytes()
            );
            stage.note(&format!("sent_bytes: {name}"), server.sent_bytes());
        }
        stage.note("peak_kib", json!([&a, &b].map(|node| node.pid().and_then(|pid| peak_kib(pid).ok()))));
        Ok(())
    })?;
    stage.note("secs_after_the_networks", begun.elapsed().as_secs_f64());
    a.stop()?;
    b.stop()
}

fn peers(status: &Value) -> impl Iterator<Item = &Value> {
    status["peers"].as_array().into_iter().flatten()
}

fn digest(node: &TestNode) -> Result<Value> {
    let (code, digest) = node.command(&["index", "digest"])?;
    ensure!(code == 0, "{digest}");
    Ok(digest)
}

/// The most that a process had in memory.
fn peak_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
