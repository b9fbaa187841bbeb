//! What the fold keeps of an entry: its slot, and what its body says about membership.

use super::rulings::RulingSubject;
use crate::entry::ballot::Verdict;
use crate::entry::charter::{Charter, CharterId, signed_bytes};
use crate::entry::{AuthorKey, Body, EntryId, Kind, VerifiedHead};
use std::sync::Arc;

/// An entry of `core`, as far as membership is concerned.
#[derive(Debug, Clone)]
pub struct CoreEntry {
    pub(super) author: AuthorKey,
    pub(super) n: u64,
    pub(super) slot: Slot,
}

/// The head that holds a slot.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub id: EntryId,
    pub kind: u64,
    /// `None`: the body is not here.
    pub says: Option<Says>,
}

/// What a body says about membership.
#[derive(Debug, Clone)]
pub(super) enum Says {
    Charter(Carried),
    Ballot {
        subject: RulingSubject,
        verdict: Verdict,
    },
    Vouch {
        key: AuthorKey,
        grant: u32,
        withdrawn: bool,
    },
    /// Void, or of a kind that has no say.
    Nothing,
}

/// That an entry carries a charter.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    pub id: CharterId,
    pub prev: Option<CharterId>,
    /// Its content, as long as somebody may want it.
    pub said: Option<Arc<CharterSaid>>,
}

/// The content of a charter: up to 50 KB in memory, so it is kept once, and only where it may decide something.
#[derive(Debug)]
pub(super) struct CharterSaid {
    pub id: CharterId,
    pub charter: Charter,
    /// What its signatures are over.
    pub message: Vec<u8>,
    /// The body, to be kept once it is adopted.
    pub body: Vec<u8>,
}

impl CoreEntry {
    /// What `head` and its body, if it is here, say. Those of `main` say nothing.
    pub fn new(head: &VerifiedHead, body: Option<&[u8]>) -> Self {
        let statement = head.statement();
        Self::stored(head.id(), head.author(), statement.n, statement.kind, body)
    }

    /// As [`Self::new`], for a head that was verified before.
    pub(crate) fn stored(id: EntryId, author: AuthorKey, n: u64, kind: u64, body: Option<&[u8]>) -> Self {
        let says = body.map(|body| Says::of(kind, body));
        Self { author, n, slot: Slot { id, kind, says } }
    }

    /// The charter that it carries, if it carries one.
    pub(crate) fn charter(&self) -> Option<CharterId> {
        match &self.slot.says {
            Some(Says::Charter(said)) => Some(said.id),
            _ => None,
        }
    }
}

impl Says {
    fn of(kind: u64, body: &[u8]) -> Self {
        match Body::from_bytes(kind, body) {
            Ok(Body::Charter(charter)) => match CharterSaid::new(charter, body) {
                Some(said) => {
                    let (id, prev) = (said.id, said.charter.prev);
                    Self::Charter(Carried { id, prev, said: Some(Arc::new(said)) })
                }
                None => Self::Nothing,
            },
            Ok(Body::Ballot(ballot)) => {
                Self::Ballot { subject: ballot.subject.into(), verdict: ballot.verdict }
            }
            Ok(Body::Vouch(vouch)) => {
                Self::Vouch { key: vouch.key, grant: vouch.grant, withdrawn: vouch.withdrawn }
            }
            _ => Self::Nothing,
        }
    }
}

impl CharterSaid {
    /// `None` if `body` is not one; it was read from it.
    pub fn new(charter: Charter, body: &[u8]) -> Option<Self> {
        let message = signed_bytes(body).ok()?;
        Some(Self { id: CharterId::of(&message), charter, message, body: body.to_vec() })
    }
}

impl Slot {
    /// The same without the content of a charter, which the chain keeps if it wants it.
    pub fn without_content(self) -> Self {
        let says = self.says.map(|says| match says {
            Says::Charter(carried) => Says::Charter(Carried { said: None, ..carried }),
            says => says,
        });
        Self { says, ..self }
    }

    /// Whether it takes something from the author's budget, or may: a vouch whose body is not here.
    pub fn takes_budget(&self, author: &AuthorKey) -> bool {
        match &self.says {
            None => self.kind == Kind::Vouch.number(),
            Some(Says::Vouch { key, withdrawn, .. }) => !withdrawn && key != author,
            Some(_) => false,
        }
    }
}
