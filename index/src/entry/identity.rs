//! A person's or a node's signing key, and the counters that its next entries use.
//!
//! The file form is one JSON object, so that a person can read what it is:
//! `{"format":"deadwax/identity/1","secret":"<64 hex>","next_n":{"core":0,"main":0}}`.

use super::body::VerifiedEntry;
use super::charter::CharterSignature;
use super::head::AuthorKey;
use super::kind::Scope;
use super::limits::MAX_BODY_BYTES;
use crate::Problem;
use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

const FORMAT: &str = "deadwax/identity/1";
/// An identity file is under 300 bytes; more than this is not one.
pub const MAX_IDENTITY_BYTES: usize = 4096;

/// The lowest n that the author has not used, per scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextN {
    /// In scope `core`.
    pub core: u64,
    /// In scope `main`.
    pub main: u64,
}

impl NextN {
    /// The counter of a scope.
    pub fn of(&mut self, scope: Scope) -> &mut u64 {
        match scope {
            Scope::Core => &mut self.core,
            Scope::Main => &mut self.main,
        }
    }
}

/// An Ed25519 key with its counters.
pub struct Identity {
    key: SigningKey,
    /// What the next entries use.
    pub next_n: NextN,
}

/// Why a file is not an identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Not the JSON object of an identity.
    #[error("this is not an identity file: {0}")]
    Form(String),
}

impl IdentityError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        Problem {
            code: "identity.form",
            field: "key",
            message: format!("{}.", crate::mbid::capitalise(&self.to_string())),
            fix: "Name a file made by `deadwax identity new`.",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    secret: String,
    next_n: NextN,
}

impl Identity {
    /// A new key from the system's random numbers.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self::from_secret(secret))
    }

    /// The identity of a known 32-byte secret (RFC 8032 section 5.1.5), with both counters at 0.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(&secret), next_n: NextN::default() }
    }

    /// Reads the file form.
    ///
    /// # Errors
    /// [`IdentityError::Form`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, IdentityError> {
        let form = |reason: &str| IdentityError::Form(reason.to_owned());
        if bytes.len() > MAX_IDENTITY_BYTES {
            return Err(form("it is too long"));
        }
        let file: File =
            serde_json::from_slice(bytes).map_err(|_| form("it is not the JSON object of one"))?;
        if file.format != FORMAT {
            return Err(form("its format is another one"));
        }
        let secret = HEXLOWER.decode(file.secret.as_bytes()).ok().and_then(|secret| secret.try_into().ok());
        let secret = secret.ok_or_else(|| form("its secret is not 64 lowercase hexadecimal digits"))?;
        Ok(Self { next_n: file.next_n, ..Self::from_secret(secret) })
    }

    /// The 32-byte secret, to be encrypted. Whoever gets it wipes it.
    pub fn secret(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The file form, with a final newline. Whoever reads it can sign as this identity.
    pub fn to_file(&self) -> String {
        let file =
            File { format: FORMAT.into(), secret: HEXLOWER.encode(self.key.as_bytes()), next_n: self.next_n };
        serde_json::to_string(&file).expect("three plain fields always serialise") + "\n"
    }

    /// The public key.
    pub fn author(&self) -> AuthorKey {
        AuthorKey(self.key.verifying_key().to_bytes())
    }

    /// Signs a new entry with the given n, and remembers that n as used.
    ///
    /// # Panics
    /// If `body` cannot be one: not a map, or longer than a body may be. What
    /// [`super::json::body_from_json`] and [`super::Body::to_bytes`] make always can.
    pub fn sign(&mut self, body: Vec<u8>, kind: u64, n: u64, created_hours: u64) -> VerifiedEntry {
        let is_map = body.first().is_some_and(|first| first >> 5 == 5);
        assert!(is_map && body.len() <= MAX_BODY_BYTES, "not the bytes of a body");
        let next_n = self.next_n.of(Scope::of(kind));
        *next_n = (*next_n).max(n.saturating_add(1));
        VerifiedEntry::sign(body, kind, n, created_hours, &self.key)
    }

    /// Agrees to a charter as an operator; `message` is [`super::charter::Charter::to_be_signed`].
    pub fn sign_charter(&self, message: &[u8]) -> CharterSignature {
        CharterSignature { key: self.author(), signature: self.key.sign(message).to_bytes() }
    }
}

impl std::fmt::Debug for Identity {
    /// Never shows the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.author())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_back() {
        let mut identity = Identity::generate().unwrap();
        identity.sign(vec![0xa0], 32, 41, 494_000);
        let read = Identity::from_file(identity.to_file().as_bytes()).unwrap();
        assert_eq!(read.author(), identity.author());
        assert_eq!(read.next_n, NextN { core: 0, main: 42 });
        assert!(!format!("{identity:?}").contains(&HEXLOWER.encode(identity.key.as_bytes())));
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["", "{}", "[]", r#"{"format":"x","secret":"","next_n":{"core":0,"main":0}}"#] {
            assert!(Identity::from_file(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Identity::from_file(&[b' '; MAX_IDENTITY_BYTES + 1]).is_err());
    }
}
