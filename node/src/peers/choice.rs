//! Which nodes to follow beside those of the configuration. Pure: who there is, who is followed and who has failed
//! is told to it.
//!
//! Not here: reading `node` entries (`candidates.rs`), and doing what was chosen (`outbound.rs`).

use super::address::PeerAddress;
use deadwax_index::entry::AuthorKey;
use serde::Serialize;

/// Peers of the configuration or of the roster that a node follows, if there are so many: up to half of them
/// may lie or sleep, and it still hears of everything.
pub(super) const MIN_TRUSTED: usize = 4;
/// Peers that a node follows, unless its configuration has more: each costs three streams over Tor or I2P.
pub(super) const MAX_OUTBOUND: usize = 8;

/// Why a peer is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The operator named it.
    Configured,
    /// An author on the current roster said where its node is.
    Roster,
    /// Another member did.
    Member,
}

/// A node that could be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Who signed the entry that names it.
    pub(super) author: AuthorKey,
    pub(super) origin: Origin,
    /// One or two, in different networks, in the order in which they are tried.
    pub(super) addresses: Vec<PeerAddress>,
}

/// How a candidate has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Record {
    /// It is followed, and that goes well.
    Followed,
    /// Nothing is known against it.
    Waiting,
    /// It failed for long, or lied: it gets a place that nobody else wants.
    SetAside,
}

/// Whom to follow of `candidates`, which are in this node's own random order, beside `configured` others.
pub(super) fn choose(
    configured: usize,
    candidates: Vec<Candidate>,
    record: impl Fn(&AuthorKey) -> Record,
) -> Vec<Candidate> {
    let places = MAX_OUTBOUND.saturating_sub(configured);
    let trusted = MIN_TRUSTED.saturating_sub(configured).min(places);
    let mut waiting: Vec<(Record, Candidate)> =
        candidates.into_iter().map(|candidate| (record(&candidate.author), candidate)).collect();
    // Stable: among equals the random order stays.
    waiting.sort_by_key(|(record, _)| *record);
    let is_first = |(record, candidate): &mut (Record, Candidate)| {
        *record != Record::SetAside && candidate.origin == Origin::Roster
    };
    let mut chosen: Vec<Candidate> =
        waiting.extract_if(.., is_first).take(trusted).map(|(_, candidate)| candidate).collect();
    let left = places - chosen.len();
    chosen.extend(waiting.into_iter().take(left).map(|(_, candidate)| candidate));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn candidate(number: u8, origin: Origin) -> Candidate {
        Candidate { author: AuthorKey([number; 32]), origin, addresses: vec![] }
    }

    /// Members are 100 and above.
    fn candidates(numbers: &[u8]) -> Vec<Candidate> {
        let origin = |number: u8| if number < 100 { Origin::Roster } else { Origin::Member };
        numbers.iter().map(|number| candidate(*number, origin(*number))).collect()
    }

    fn chosen(configured: usize, numbers: &[u8], records: &[(u8, Record)]) -> Vec<u8> {
        let records: HashMap<u8, Record> = records.iter().copied().collect();
        let record = |author: &AuthorKey| records.get(&author.0[0]).copied().unwrap_or(Record::Waiting);
        choose(configured, candidates(numbers), record).iter().map(|chosen| chosen.author.0[0]).collect()
    }

    #[test]
    fn four_of_the_roster_come_first_and_eight_are_enough() {
        let numbers = [101, 102, 1, 2, 103, 3, 4, 5, 104, 105];
        assert_eq!(chosen(0, &numbers, &[]), [1, 2, 3, 4, 101, 102, 103, 5]);
        assert_eq!(chosen(3, &numbers, &[]), [1, 101, 102, 2, 103]);
        assert_eq!(chosen(6, &numbers, &[]), [101, 102]);
        assert!(chosen(8, &numbers, &[]).is_empty());
        assert!(chosen(20, &numbers, &[]).is_empty());
        assert_eq!(chosen(0, &[101, 1], &[]), [1, 101]);
    }

    #[test]
    fn who_is_followed_keeps_its_place_and_who_failed_waits_behind_all_others() {
        use Record::{Followed, SetAside};
        let many: Vec<u8> = (1..=9).chain(101..=109).collect();
        let kept = chosen(0, &many, &[(9, Followed), (108, Followed), (109, Followed)]);
        assert!([9, 108, 109].iter().all(|number| kept.contains(number)), "{kept:?}");
        assert_eq!(kept.len(), 8);
        // Whether it is followed or not.
        let without = chosen(0, &many, &[(1, SetAside), (2, SetAside), (101, SetAside)]);
        assert!([1, 2, 101].iter().all(|number| !without.contains(number)), "{without:?}");
        assert_eq!(without.len(), 8);
        // Nobody else wants the place.
        assert_eq!(chosen(0, &[1, 101, 2], &[(1, SetAside)]), [2, 101, 1]);
    }
}
