//! Writing replies: bencoded, compact, and never starting with `<`, at which i2psnark would never
//! announce again.

use super::{AnnounceError, SwarmHealth};

/// How many members a reply names at most. A client connects to about as many at once; more are
/// learned from them.
pub const MAX_REPLY_MEMBERS: usize = 25;

/// A dictionary of BEP 3 with BEP 23's compact `peers`, which in I2P are hashes of destinations,
/// 32 bytes each. The keys are in order.
pub(super) fn members(interval_secs: u64, health: Option<SwarmHealth>, others: &[[u8; 32]]) -> Vec<u8> {
    let (seeders, leechers) = health.map_or((0, 0), |health| (health.seeders, health.leechers));
    let peers = others.concat();
    let mut reply = format!(
        "d8:completei{seeders}e10:incompletei{leechers}e8:intervali{interval_secs}e5:peers{}:",
        peers.len()
    )
    .into_bytes();
    reply.extend(peers);
    reply.push(b'e');
    reply
}

/// A refusal.
pub(super) fn failure(error: &AnnounceError) -> Vec<u8> {
    let reason = error.to_string();
    format!("d14:failure reason{}:{reason}e", reason.len()).into_bytes()
}
