//! The members of swarms, in memory and bounded.
//!
//! What is old makes room for what is new: in a full swarm the member, among too many swarms the
//! swarm, that was silent for longest.

use std::collections::{BTreeMap, HashMap};

use super::{SwarmHealth, TrackerStats};

/// Members of one swarm. A client that gets 25 at a time meets the others through them.
pub const MAX_SWARM_MEMBERS: usize = 200;

/// Swarms at a time.
pub const MAX_HASHES: usize = 100_000;

/// Members of all swarms together, which take some 100 MB: ten for each of [`MAX_HASHES`], and few
/// swarms have that many.
pub const MAX_MEMBERS: usize = 1_000_000;

/// How many expired swarms are let go at each announce, so that they go faster than they come.
const SWEEP: usize = 4;

/// Memory of a swarm besides its members: its places in the two maps (with their slack), estimated.
const SWARM_BYTES: usize = 180;

#[derive(Debug)]
struct Member {
    destination_hash: [u8; 32],
    last_announce_secs: u64,
    is_seeder: bool,
}

#[derive(Debug, Default)]
struct Swarm {
    members: Vec<Member>,
    /// Its key in `Swarms::by_age`.
    last_turn: u64,
    last_announce_secs: u64,
}

/// All swarms.
#[derive(Debug)]
pub(super) struct Swarms {
    expiry_secs: u64,
    max_hashes: usize,
    max_members: usize,
    swarms: HashMap<[u8; 20], Swarm>,
    /// The swarms by the turn of their last announce, oldest first.
    by_age: BTreeMap<u64, [u8; 20]>,
    turn: u64,
    members: usize,
    random: Random,
}

impl Swarms {
    pub(super) fn new(expiry_secs: u64, seed: u64) -> Self {
        Self {
            expiry_secs,
            max_hashes: MAX_HASHES,
            max_members: MAX_MEMBERS,
            swarms: HashMap::new(),
            by_age: BTreeMap::new(),
            turn: 0,
            members: 0,
            random: Random(seed),
        }
    }

    /// A member announces that it is there.
    pub(super) fn join(&mut self, infohash: [u8; 20], member: [u8; 32], is_seeder: bool, now_secs: u64) {
        self.sweep(SWEEP, now_secs);
        self.expire_members(&infohash, now_secs);
        self.turn += 1;
        let swarm = self.swarms.entry(infohash).or_default();
        self.by_age.remove(&swarm.last_turn);
        self.by_age.insert(self.turn, infohash);
        swarm.last_turn = self.turn;
        swarm.last_announce_secs = now_secs;

        let entry = Member { destination_hash: member, last_announce_secs: now_secs, is_seeder };
        if let Some(known) = swarm.members.iter_mut().find(|known| known.destination_hash == member) {
            *known = entry;
        } else if swarm.members.len() < MAX_SWARM_MEMBERS {
            swarm.members.push(entry);
            self.members += 1;
        } else if let Some(oldest) = swarm.members.iter_mut().min_by_key(|known| known.last_announce_secs) {
            *oldest = entry;
        }
        while self.swarms.len() > self.max_hashes || self.members > self.max_members {
            self.drop_oldest_swarm();
        }
    }

    /// A member announces that it leaves.
    pub(super) fn leave(&mut self, infohash: &[u8; 20], member: &[u8; 32], now_secs: u64) {
        self.expire_members(infohash, now_secs);
        self.retain(infohash, |known| known.destination_hash != *member);
    }

    /// At most `count` members other than `member`, each with the same chance, in random order.
    pub(super) fn others(&mut self, infohash: &[u8; 20], member: &[u8; 32], count: usize) -> Vec<[u8; 32]> {
        let Some(swarm) = self.swarms.get(infohash) else { return Vec::new() };
        let hashes = swarm.members.iter().map(|known| known.destination_hash);
        let mut others: Vec<_> = hashes.filter(|hash| hash != member).collect();
        let count = count.min(others.len());
        // The first steps of a Fisher-Yates shuffle.
        for i in 0..count {
            let choice = i + self.random.below(others.len() - i);
            others.swap(i, choice);
        }
        others.truncate(count);
        others
    }

    pub(super) fn health(&mut self, infohash: &[u8; 20], now_secs: u64) -> Option<SwarmHealth> {
        self.expire_members(infohash, now_secs);
        let swarm = self.swarms.get(infohash)?;
        let seeders = swarm.members.iter().filter(|member| member.is_seeder).count();
        Some(SwarmHealth {
            seeders: seeders as u32,
            leechers: (swarm.members.len() - seeders) as u32,
            last_announce_age_secs: now_secs.saturating_sub(swarm.last_announce_secs),
        })
    }

    /// Each torrent that somebody seeds, with how many do.
    pub(super) fn seeders(&mut self, now_secs: u64) -> Vec<([u8; 20], u32)> {
        self.sweep(self.swarms.len(), now_secs);
        let seeders = |swarm: &Swarm| swarm.members.iter().filter(|member| member.is_seeder).count() as u32;
        let swarms = self.swarms.iter().map(|(infohash, swarm)| (*infohash, seeders(swarm)));
        swarms.filter(|(_, seeders)| *seeders > 0).collect()
    }

    pub(super) fn stats(&mut self, now_secs: u64) -> TrackerStats {
        let infohashes: Vec<_> = self.swarms.keys().copied().collect();
        for infohash in infohashes {
            self.expire_members(&infohash, now_secs);
        }
        let room: usize = self.swarms.values().map(|swarm| swarm.members.capacity()).sum();
        TrackerStats {
            hashes: self.swarms.len() as u64,
            members: self.members as u64,
            bytes: (self.swarms.len() * SWARM_BYTES + room * size_of::<Member>()) as u64,
        }
    }

    /// Lets go of the swarms in which everyone has expired, at most `count` of them.
    fn sweep(&mut self, count: usize, now_secs: u64) {
        for _ in 0..count {
            let Some((_, infohash)) = self.by_age.first_key_value() else { return };
            let last = self.swarms.get(infohash).map_or(0, |swarm| swarm.last_announce_secs);
            if now_secs.saturating_sub(last) <= self.expiry_secs {
                return;
            }
            self.drop_oldest_swarm();
        }
    }

    fn drop_oldest_swarm(&mut self) {
        if let Some((_, infohash)) = self.by_age.pop_first()
            && let Some(swarm) = self.swarms.remove(&infohash)
        {
            self.members -= swarm.members.len();
        }
    }

    fn expire_members(&mut self, infohash: &[u8; 20], now_secs: u64) {
        let expiry_secs = self.expiry_secs;
        self.retain(infohash, |member| now_secs.saturating_sub(member.last_announce_secs) <= expiry_secs);
    }

    /// A swarm without members is no swarm.
    fn retain(&mut self, infohash: &[u8; 20], keep: impl Fn(&Member) -> bool) {
        let Some(swarm) = self.swarms.get_mut(infohash) else { return };
        let before = swarm.members.len();
        swarm.members.retain(keep);
        self.members -= before - swarm.members.len();
        if swarm.members.is_empty() {
            self.by_age.remove(&swarm.last_turn);
            self.swarms.remove(infohash);
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): spreads choices evenly; nothing secret hangs on it.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is above 0 and small: the bias of the multiplication is
    /// `bound` in 2^64.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
impl Swarms {
    pub(super) fn limit(&mut self, max_hashes: usize, max_members: usize) {
        (self.max_hashes, self.max_members) = (max_hashes, max_members);
    }

    pub(super) fn len(&self) -> usize {
        self.swarms.len()
    }

    pub(super) fn size(&self, infohash: &[u8; 20]) -> usize {
        self.swarms.get(infohash).map_or(0, |swarm| swarm.members.len())
    }

    pub(super) fn holds(&self, infohash: &[u8; 20], member: &[u8; 32]) -> bool {
        let members = self.swarms.get(infohash).map(|swarm| swarm.members.iter());
        members.into_iter().flatten().any(|known| known.destination_hash == *member)
    }

    /// Whether limits hold and the books agree with what is held.
    pub(super) fn is_consistent(&self) -> bool {
        let members: usize = self.swarms.values().map(|swarm| swarm.members.len()).sum();
        let in_order = |(turn, infohash): (&u64, &[u8; 20])| {
            self.swarms.get(infohash).is_some_and(|swarm| swarm.last_turn == *turn)
        };
        members == self.members
            && members <= self.max_members
            && self.swarms.len() <= self.max_hashes
            && self.by_age.len() == self.swarms.len()
            && self.by_age.iter().all(in_order)
            && self.swarms.values().all(|swarm| (1..=MAX_SWARM_MEMBERS).contains(&swarm.members.len()))
    }
}
