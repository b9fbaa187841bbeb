//! Which signatures hold: those of heads and of charters, by one rule.
//!
//! Not here: what is signed ([`super::head`], [`super::charter`]).

use super::head::{AuthorKey, HeadError};
use ed25519_dalek::{Signature, VerifyingKey};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Keys that are kept once they were judged, a megabyte of them: most entries that come in a row are by few
/// authors, and to judge a key takes a fifth of a verification.
const MAX_KEPT_KEYS: usize = 4_096;

/// The one rule for signatures (`doc/ENTRY-FORMAT.md` section 3.5).
///
/// They are checked one at a time with `verify_strict`: a batch accepts some that single
/// verification rejects, and an author could split the network with them.
///
/// # Errors
/// [`HeadError::Key`], [`HeadError::Signature`].
pub fn verify_signature(author: &AuthorKey, message: &[u8], signature: &[u8; 64]) -> Result<(), HeadError> {
    good_key(author)?
        .verify_strict(message, &Signature::from_bytes(signature))
        .map_err(|_| HeadError::Signature)
}

static GOOD_KEYS: LazyLock<Mutex<HashMap<AuthorKey, VerifyingKey>>> = LazyLock::new(Mutex::default);

/// As [`canonical_key`], which is a pure function of the key.
fn good_key(author: &AuthorKey) -> Result<VerifyingKey, HeadError> {
    let kept = || GOOD_KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept().get(author).copied();
    if let Some(key) = known {
        return Ok(key);
    }
    let key = canonical_key(author)?;
    let mut kept = kept();
    if kept.len() >= MAX_KEPT_KEYS {
        kept.clear();
    }
    kept.insert(*author, key);
    Ok(key)
}

/// A key that decompresses, compresses back to the same bytes (RFC 8032 section 5.1.3) and has not
/// small order. The last `verify_strict` checks too; here it is told apart from a bad signature.
fn canonical_key(author: &AuthorKey) -> Result<VerifyingKey, HeadError> {
    let key = VerifyingKey::from_bytes(&author.0).map_err(|_| HeadError::Key)?;
    let canonical = key.to_edwards().compress().to_bytes() == author.0;
    if canonical && !key.is_weak() { Ok(key) } else { Err(HeadError::Key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key whose y is not reduced: the point with y = 3, whose order is large, written as p + 3
    /// (RFC 8032 section 5.1.3).
    #[test]
    fn a_key_in_another_form_is_refused() {
        let mut unreduced = [0xff; 32];
        unreduced[0] = 0xf0;
        unreduced[31] = 0x7f;
        assert!(VerifyingKey::from_bytes(&unreduced).is_ok_and(|key| !key.is_weak()));
        assert!(matches!(canonical_key(&AuthorKey(unreduced)), Err(HeadError::Key)));
    }
}
