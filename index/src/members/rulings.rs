//! Rulings: what more than half of the current roster says.

use super::Members;
use crate::entry::ballot::{BallotInfohash, BallotSubject, Dimension, Verdict};
use crate::entry::subject::Subject;
use crate::entry::{AuthorKey, EntryId, Scope};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What a ruling is about. Of a record the MBID alone: a UUID names one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RulingSubject {
    /// A record of MusicBrainz, or a release of our own.
    Mbid(Uuid),
    /// An entry.
    Entry(EntryId),
    /// An author.
    Author(AuthorKey),
    /// A torrent, by one of its infohashes.
    Infohash(BallotInfohash),
}

/// What more than half of the current roster says of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// Of what.
    pub subject: RulingSubject,
    /// As what it is judged.
    pub dimension: Dimension,
    /// What holds.
    pub verdict: Verdict,
    /// Operators on the current roster who say so.
    pub votes: usize,
    /// Operators on the current roster.
    pub roster: usize,
}

impl From<BallotSubject> for RulingSubject {
    fn from(subject: BallotSubject) -> Self {
        match subject {
            BallotSubject::Subject(Subject::Mbid { mbid, .. }) => Self::Mbid(mbid),
            BallotSubject::Subject(Subject::Entry(id)) => Self::Entry(id),
            BallotSubject::Author(key) => Self::Author(key),
            BallotSubject::Torrent(infohash) => Self::Infohash(infohash),
        }
    }
}

impl RulingSubject {
    fn dimension(&self) -> Dimension {
        match self {
            Self::Author(_) => Dimension::Author,
            Self::Mbid(_) | Self::Entry(_) | Self::Infohash(_) => Dimension::Visibility,
        }
    }
}

/// Verdicts of everybody by subject, author and n. Only those of the current roster count.
#[derive(Debug, Clone, Default)]
pub(super) struct Ballots(BTreeMap<RulingSubject, HashMap<AuthorKey, BTreeMap<u64, Verdict>>>);

impl Ballots {
    pub fn index(&mut self, subject: RulingSubject, author: AuthorKey, n: u64, verdict: Option<Verdict>) {
        let verdicts = self.0.entry(subject).or_default().entry(author).or_default();
        match verdict {
            Some(verdict) => verdicts.insert(n, verdict),
            None => verdicts.remove(&n),
        };
    }
}

impl Members {
    /// All rulings that hold, in the order of their subjects.
    pub fn rulings(&self) -> impl Iterator<Item = Ruling> {
        self.ballots.0.keys().filter_map(|subject| self.ruling(subject))
    }

    /// The ruling about this, if there is one.
    pub fn ruling(&self, subject: &RulingSubject) -> Option<Ruling> {
        let ballots = self.ballots.0.get(subject)?;
        let quota = self.chain.quota(Scope::Core, true);
        let roster = self.roster();
        let newest = roster.iter().filter_map(|key| ballots.get(key)?.range(..quota).next_back());
        let mut votes = [0; 2];
        newest.for_each(|(_, verdict)| votes[*verdict as usize] += 1);
        let verdict = [Verdict::Stands, Verdict::Falls]
            .into_iter()
            .find(|verdict| 2 * votes[*verdict as usize] > roster.len())?;
        Some(Ruling {
            subject: *subject,
            dimension: subject.dimension(),
            verdict,
            votes: votes[verdict as usize],
            roster: roster.len(),
        })
    }

    /// What falls, in the order of subjects.
    pub(crate) fn fallen(&self) -> impl Iterator<Item = RulingSubject> {
        let falls = |ruling: &Ruling| ruling.verdict == Verdict::Falls;
        self.rulings().filter(falls).map(|ruling| ruling.subject)
    }

    /// Whether a ruling hides this; if it is an author, bans them.
    pub fn is_fallen(&self, subject: &RulingSubject) -> bool {
        self.ruling(subject).is_some_and(|ruling| ruling.verdict == Verdict::Falls)
    }

    /// Whether a ruling bans this author.
    pub fn is_banned(&self, key: &AuthorKey) -> bool {
        self.is_fallen(&RulingSubject::Author(*key))
    }
}
