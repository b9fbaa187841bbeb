//! A head together with its body, or without it: bodies can be dropped, heads stay as proof.

use super::bodies::Body;
use super::head::{HeadError, Statement, VerifiedHead};
use crate::Problem;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

/// Entries that one more core is asked for: to start a thread costs as much as to verify one or two.
const MIN_SHARE: usize = 32;

/// A verified head and, where it is there, the body that it names.
///
/// The only value that the store accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry {
    head: VerifiedHead,
    body: Option<Box<[u8]>>,
}

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The head is not valid.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The body is not the map that the head names.
    #[error("the body is not a map with the hash and length in the head")]
    BodyMismatch,
}

impl EntryError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Head(error) => error.problem(),
            Self::BodyMismatch => Problem {
                code: "body.mismatch",
                field: "body",
                message: "The body is not a map with the hash and length in the head.".into(),
                fix: "Get the entry again from another node; these bytes are damaged.",
            },
        }
    }
}

impl VerifiedEntry {
    /// Checks that `body`, where given, is the one that `head` names.
    ///
    /// # Errors
    /// [`EntryError::BodyMismatch`].
    pub fn new(head: VerifiedHead, body: Option<&[u8]>) -> Result<Self, EntryError> {
        if body.is_some_and(|body| !matches(head.statement(), body)) {
            return Err(EntryError::BodyMismatch);
        }
        Ok(Self { head, body: body.map(Into::into) })
    }

    /// Splits and checks an entry in its wire form: a CBOR sequence (RFC 8742) of head and body.
    ///
    /// # Errors
    /// As [`VerifiedHead::verify`]; [`EntryError::BodyMismatch`] if what follows the head is not
    /// exactly the body.
    pub fn verify(bytes: &[u8]) -> Result<Self, EntryError> {
        let end = super::head::length(bytes)?.ok_or(HeadError::Form)?;
        let head = VerifiedHead::verify(bytes.get(..end).ok_or(HeadError::Form)?)?;
        let body = Some(&bytes[end..]).filter(|body| !body.is_empty());
        Self::new(head, body)
    }

    /// Checks many entries, each a head and maybe its body, on all cores; stops at the first that is not valid.
    ///
    /// # Errors
    /// What is wrong with one of those that are not valid.
    pub fn verify_all(raw: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<Vec<Self>, EntryError> {
        let verify = |raw: &[(Vec<u8>, Option<Vec<u8>>)]| -> Result<Vec<Self>, EntryError> {
            raw.iter().map(|(head, body)| Self::new(VerifiedHead::verify(head)?, body.as_deref())).collect()
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let share = raw.len().div_ceil(cores).max(MIN_SHARE);
        if raw.len() <= share {
            return verify(raw);
        }
        let parts = std::thread::scope(|scope| {
            let verify = &verify;
            let others: Vec<_> =
                raw[share..].chunks(share).map(|share| scope.spawn(move || verify(share))).collect();
            let own = verify(&raw[..share]);
            let others = others.into_iter().map(|other| match other.join() {
                Ok(verified) => verified,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            std::iter::once(own).chain(others).collect::<Vec<_>>()
        });
        let mut verified = Vec::with_capacity(raw.len());
        for part in parts {
            verified.extend(part?);
        }
        Ok(verified)
    }

    /// Signs a new entry.
    pub(crate) fn sign(body: Vec<u8>, kind: u64, n: u64, created_hours: u64, key: &SigningKey) -> Self {
        let head = VerifiedHead::sign(Statement::about(&body, kind, n, created_hours), key);
        Self { head, body: Some(body.into()) }
    }

    /// The head.
    pub fn head(&self) -> &VerifiedHead {
        &self.head
    }

    /// The body, if it is there.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Head, then body: the form on the wire and in files.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.head.bytes(), self.body().unwrap_or_default()].concat()
    }

    /// Why the entry counts for nothing, if it does: a projection's judgement, not the format's.
    /// An absent body is not judged.
    pub fn void_reason(&self) -> Option<String> {
        let error = Body::from_bytes(self.head.statement().kind, self.body()?).err()?;
        Some(error.to_string())
    }
}

/// Whether `body` is the one that `statement` names.
///
/// Its first byte has to be that of a map: in a sequence nothing else tells a body from the next
/// head or mark, so an author could smuggle those in. What is in the map is not judged here.
pub fn matches(statement: &Statement, body: &[u8]) -> bool {
    matches!(body.first(), Some(0xa0..=0xbb))
        && body.len() as u64 == statement.body_bytes
        && <[u8; 32]>::from(Sha256::digest(body)) == statement.body_hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;

    #[test]
    fn many_are_checked_as_one_is_and_in_order() {
        let mut author = Identity::from_secret([3; 32]);
        let entries: Vec<_> = (0..200).map(|n| author.sign(vec![0xa0], 99, n, 494_000)).collect();
        let mut raw: Vec<_> = entries
            .iter()
            .map(|entry| (entry.head().bytes().to_vec(), entry.body().map(<[u8]>::to_vec)))
            .collect();
        for count in [0, 1, 31, 32, 33, 200] {
            assert_eq!(VerifiedEntry::verify_all(&raw[..count]).unwrap(), entries[..count]);
        }
        for damaged in [0, 31, 32, 199] {
            let sound = raw[damaged].clone();
            *raw[damaged].0.last_mut().unwrap() ^= 1;
            assert_eq!(VerifiedEntry::verify_all(&raw), Err(HeadError::Signature.into()), "{damaged}");
            raw[damaged] = (sound.0.clone(), Some(vec![0xa0, 0]));
            assert_eq!(VerifiedEntry::verify_all(&raw), Err(EntryError::BodyMismatch), "{damaged}");
            raw[damaged] = sound;
        }
    }
}
