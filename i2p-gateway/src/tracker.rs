//! The BitTorrent tracker: who else, inside I2P, has or wants a torrent.
//!
//! It speaks the announce of BEP 3 with the compact replies that I2P clients use (32-byte hashes of
//! destinations), as i2psnark and libtorrent really send and read it. A swarm member is the
//! authenticated destination of the stream, never what a query says about itself.
//!
//! Members are kept in memory only and bounded in every direction; a hash that no catalogue knows
//! is tracked like any other, since its link may still be on its way.
//!
//! Not here: HTTP (each reply is the body of a `200 text/plain`, whatever it says), scrape, and what
//! other nodes' trackers know.

mod announce;
mod reply;
mod swarm;

use std::sync::{Mutex, MutexGuard, PoisonError};

use announce::{Announce, Event};
use swarm::Swarms;

pub use announce::{AnnounceError, MAX_QUERY_BYTES};
pub use reply::MAX_REPLY_MEMBERS;
pub use swarm::{MAX_HASHES, MAX_MEMBERS, MAX_SWARM_MEMBERS};

/// What i2psnark asks for at least, whatever a tracker says.
const CLIENT_INTERVAL_SECS: u64 = 15 * 60;

/// How much later than told a client may announce: i2psnark adds up to 17 minutes of its own.
const GRACE_SECS: u64 = 20 * 60;

/// The longest interval that a configuration can mean.
const MAX_INTERVAL_SECS: u64 = 24 * 60 * 60;

/// How a tracker behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackerConfig {
    /// Seconds that clients should wait between announces. 15 minutes or more, except in a private
    /// network for tests.
    pub interval_secs: u64,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self { interval_secs: CLIENT_INTERVAL_SECS }
    }
}

/// The state of one swarm, as announced; destinations are free, so it can be forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwarmHealth {
    /// Members that have everything.
    pub seeders: u32,
    /// Members that do not.
    pub leechers: u32,
    /// Seconds since anyone announced.
    pub last_announce_age_secs: u64,
}

/// How much a tracker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct TrackerStats {
    /// Torrents with at least one member.
    pub hashes: u64,
    /// Members, counted once for each torrent they are in.
    pub members: u64,
    /// Memory that both take, estimated.
    pub bytes: u64,
}

/// A tracker. All times are seconds of one clock of the caller's that never goes backwards.
#[derive(Debug)]
pub struct Tracker {
    interval_secs: u64,
    swarms: Mutex<Swarms>,
}

impl Tracker {
    /// An empty tracker.
    ///
    /// # Panics
    ///
    /// If the operating system gives no random bytes, without which no key could be made either.
    pub fn new(config: TrackerConfig) -> Self {
        let seed = getrandom::u64().expect("the operating system gives random bytes");
        Self::with_seed(config, seed)
    }

    fn with_seed(config: TrackerConfig, seed: u64) -> Self {
        let interval_secs = config.interval_secs.clamp(1, MAX_INTERVAL_SECS);
        let expiry_secs = interval_secs.max(CLIENT_INTERVAL_SECS) + GRACE_SECS;
        Self { interval_secs, swarms: Mutex::new(Swarms::new(expiry_secs, seed)) }
    }

    /// Answers an announce. `query` is the raw query string, `member` the SHA-256 of the
    /// destination that the stream came from. The reply is bencoded, a refusal too; it goes out with
    /// status 200 in either case, because i2psnark reads no other.
    pub fn announce(&self, query: &str, member: [u8; 32], now_secs: u64) -> Vec<u8> {
        let announce = match Announce::parse(query) {
            Ok(announce) => announce,
            Err(error) => return reply::failure(&error),
        };
        let mut swarms = self.swarms();
        if announce.event == Event::Stopped {
            swarms.leave(&announce.infohash, &member, now_secs);
        } else {
            swarms.join(announce.infohash, member, announce.is_seeder, now_secs);
        }
        let count = announce.wanted.min(MAX_REPLY_MEMBERS);
        let others = swarms.others(&announce.infohash, &member, count);
        let health = swarms.health(&announce.infohash, now_secs);
        reply::members(self.interval_secs, health, &others)
    }

    /// The swarm of a torrent; `None` if nobody is in it. For a v2 torrent, `infohash` is the first
    /// 20 bytes of its infohash, as clients announce it.
    pub fn health(&self, infohash: &[u8; 20], now_secs: u64) -> Option<SwarmHealth> {
        self.swarms().health(infohash, now_secs)
    }

    /// All torrents that somebody seeds, as announced (v2: the first 20 bytes), with how many do.
    pub fn seeders(&self, now_secs: u64) -> Vec<([u8; 20], u32)> {
        self.swarms().seeders(now_secs)
    }

    /// How much is held, after what expired was let go.
    pub fn stats(&self, now_secs: u64) -> TrackerStats {
        self.swarms().stats(now_secs)
    }

    /// A panic elsewhere leaves the swarms usable: each of their steps stands by itself.
    fn swarms(&self) -> MutexGuard<'_, Swarms> {
        self.swarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
