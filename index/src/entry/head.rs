//! The signed head of an entry: a tagged `COSE_Sign1` (RFC 9052) of one fixed shape.
//!
//! [`VerifiedHead::verify`] is the only way to a [`VerifiedHead`], and what it accepts is a pure
//! function of the bytes. `doc/ENTRY-FORMAT.md` section 3 says the same in words.
//!
//! Not here: which signatures hold ([`super::signature`]).

use super::cbor::{self, CborError, Value};
use super::kind::Scope;
use super::limits::{MAX_BODY_BYTES, MAX_HEAD_BYTES};
use super::signature::verify_signature;
use crate::Problem;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};

/// The version that this format has.
pub const VERSION: u64 = 1;
/// Tag 18, an array of four, and a protected header `{1: -19, 4: <32 bytes>}` up to the key.
pub(crate) const START: [u8; 10] = [0xd2, 0x84, 0x58, 0x26, 0xa2, 0x01, 0x32, 0x04, 0x58, 0x20];
/// The protected header within [`START`] and the key that follows it.
const PROTECTED: std::ops::Range<usize> = 4..42;
const KEY: std::ops::Range<usize> = 10..42;
/// The empty map of unprotected headers.
const UNPROTECTED: usize = 42;
const PAYLOAD: usize = 43;
const EXTERNAL_AAD: &[u8] = b"deadwax/entry/1";

/// A type of 32 bytes that is written in hexadecimal.
macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::entry::head::NotHex;

            /// 64 hexadecimal digits, in either case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| $crate::entry::head::NotHex)?;
                bytes.try_into().map(Self).map_err(|_| $crate::entry::head::NotHex)
            }
        }
    };
}
pub(crate) use hex_bytes;

hex_bytes! {
    /// SHA-256 of the complete bytes of a head: the entry's name.
    EntryId
}
hex_bytes! {
    /// An author's Ed25519 public key.
    AuthorKey
}

/// Text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not 64 hexadecimal digits")]
pub struct NotHex;

impl EntryId {
    /// The first 16 bytes, by which entries are fetched.
    pub fn prefix(&self) -> [u8; 16] {
        let mut prefix = [0; 16];
        prefix.copy_from_slice(&self.0[..16]);
        prefix
    }

    /// The lowest and the highest id that begin with these 16 bytes.
    pub(crate) fn range(prefix: &[u8; 16]) -> [Self; 2] {
        [0, 0xff].map(|rest| {
            let mut id = [rest; 32];
            id[..16].copy_from_slice(prefix);
            Self(id)
        })
    }
}

/// What a head says; the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Number of the kind, known or not.
    pub kind: u64,
    /// The author's own counter in the scope of the kind.
    pub n: u64,
    /// When the author says it was made: whole hours since 1970-01-01T00:00Z. Orders nothing.
    pub created_hours: u64,
    /// SHA-256 of the body.
    pub body_hash: [u8; 32],
    /// Length of the body, 1 to [`MAX_BODY_BYTES`].
    pub body_bytes: u64,
}

impl Statement {
    /// A statement about `body`.
    pub fn about(body: &[u8], kind: u64, n: u64, created_hours: u64) -> Self {
        let body_hash = Sha256::digest(body).into();
        Self { kind, n, created_hours, body_hash, body_bytes: body.len() as u64 }
    }

    /// The scope of the kind.
    pub fn scope(&self) -> Scope {
        Scope::of(self.kind)
    }

    fn payload(&self) -> Vec<u8> {
        cbor::encode(&Value::Map(vec![
            (0, Value::Uint(VERSION)),
            (1, Value::Uint(self.kind)),
            (2, Value::Uint(self.n)),
            (3, Value::Uint(self.created_hours)),
            (4, Value::Bytes(self.body_hash.to_vec())),
            (5, Value::Uint(self.body_bytes)),
        ]))
    }

    fn from_payload(payload: &[u8]) -> Result<Self, HeadError> {
        let Value::Map(pairs) = cbor::decode(payload).map_err(HeadError::Payload)? else {
            return Err(HeadError::PayloadShape);
        };
        let mut pairs = pairs.into_iter();
        let mut next = |key: u64| match pairs.next() {
            Some((found, value)) if found == key => Ok(value),
            _ => Err(HeadError::PayloadShape),
        };
        let uint = |value: Value| match value {
            Value::Uint(number) => Ok(number),
            _ => Err(HeadError::PayloadShape),
        };
        let version = uint(next(0)?)?;
        if version != VERSION {
            return Err(HeadError::Version(version));
        }
        let (kind, n, created_hours) = (uint(next(1)?)?, uint(next(2)?)?, uint(next(3)?)?);
        let Value::Bytes(body_hash) = next(4)? else { return Err(HeadError::PayloadShape) };
        let body_hash = body_hash.try_into().map_err(|_| HeadError::PayloadShape)?;
        let body_bytes = uint(next(5)?)?;
        if pairs.next().is_some() {
            return Err(HeadError::PayloadShape);
        }
        if !(1..=MAX_BODY_BYTES as u64).contains(&body_bytes) {
            return Err(HeadError::BodyLength(body_bytes));
        }
        Ok(Self { kind, n, created_hours, body_hash, body_bytes })
    }
}

/// Why bytes are not a valid head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Longer than [`MAX_HEAD_BYTES`].
    #[error("the head has {0} bytes; at most {MAX_HEAD_BYTES} are allowed")]
    TooLong(usize),
    /// Not the fixed `COSE_Sign1` shape.
    #[error("the head is not a COSE_Sign1 of the form that entries have")]
    Form,
    /// The payload breaks the CBOR profile.
    #[error("the payload is not deterministic CBOR: {0}")]
    Payload(CborError),
    /// The payload is not the map of six fields.
    #[error("the payload does not have exactly the six fields of a head")]
    PayloadShape,
    /// A version other than 1.
    #[error("the head is of version {0}; only version 1 exists")]
    Version(u64),
    /// A body length outside 1 to [`MAX_BODY_BYTES`].
    #[error("the head declares a body of {0} bytes; 1 to {MAX_BODY_BYTES} are allowed")]
    BodyLength(u64),
    /// Not a canonical Ed25519 public key, or one of small order.
    #[error("the author's key is not a canonical Ed25519 public key, or one of small order")]
    Key,
    /// The signature does not verify.
    #[error("the signature does not match the head and its author's key")]
    Signature,
}

impl HeadError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        const DAMAGED: &str = "Get the entry again from another node; these bytes are damaged.";
        let (code, field, fix) = match self {
            Self::TooLong(_) => ("head.length", "head", DAMAGED),
            Self::Form => ("head.form", "head", DAMAGED),
            Self::Payload(_) => ("head.cbor", "payload", DAMAGED),
            Self::PayloadShape => ("head.payload", "payload", DAMAGED),
            Self::Version(_) => ("head.version", "version", "Sign the entry as version 1."),
            Self::BodyLength(_) => {
                ("head.body-length", "body_length", "Make the body smaller and sign again.")
            }
            Self::Key => ("head.key", "author", "Sign with a key made by `deadwax identity new`."),
            Self::Signature => ("head.signature", "signature", DAMAGED),
        };
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        Problem { code, field, message, fix }
    }
}

/// A head whose form, limits and signature have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHead {
    bytes: Box<[u8]>,
    id: EntryId,
    author: AuthorKey,
    statement: Statement,
}

impl VerifiedHead {
    /// Checks `bytes`, which must be one head and nothing else.
    ///
    /// The outcome depends on nothing but the bytes.
    ///
    /// # Errors
    /// A rule that the bytes break. Which one, if there are several, is not part of the format.
    pub fn verify(bytes: &[u8]) -> Result<Self, HeadError> {
        if bytes.len() > MAX_HEAD_BYTES {
            return Err(HeadError::TooLong(bytes.len()));
        }
        let (payload, signature) = split(bytes)?;
        let statement = Statement::from_payload(payload)?;
        let author = AuthorKey(bytes[KEY].try_into().map_err(|_| HeadError::Form)?);
        verify_signature(&author, &to_be_signed(&bytes[PROTECTED], payload), signature)?;
        Ok(Self { bytes: bytes.into(), id: EntryId(Sha256::digest(bytes).into()), author, statement })
    }

    /// Signs `statement`; the result verifies by construction.
    pub(crate) fn sign(statement: Statement, key: &SigningKey) -> Self {
        let author = AuthorKey(key.verifying_key().to_bytes());
        let payload = statement.payload();
        let mut bytes = START.to_vec();
        bytes.extend(author.0);
        let signature = key.sign(&to_be_signed(&bytes[PROTECTED], &payload));
        bytes.push(0xa0);
        cbor::write_header(2, payload.len() as u64, &mut bytes);
        bytes.extend(payload);
        cbor::write_header(2, 64, &mut bytes);
        bytes.extend(signature.to_bytes());
        let id = EntryId(Sha256::digest(&bytes).into());
        Self { bytes: bytes.into(), id, author, statement }
    }

    /// The complete bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entry's id.
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// Who signed.
    pub fn author(&self) -> AuthorKey {
        self.author
    }

    /// What is signed.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The scope of the kind.
    pub fn scope(&self) -> Scope {
        self.statement.scope()
    }
}

/// Author and statement of a head that was verified before it was stored; its signature is not
/// checked again.
pub(crate) fn read_trusted(bytes: &[u8]) -> Result<(AuthorKey, Statement), HeadError> {
    let (payload, _) = split(bytes)?;
    let author = AuthorKey(bytes[KEY].try_into().map_err(|_| HeadError::Form)?);
    Ok((author, Statement::from_payload(payload)?))
}

/// How many bytes the head at the start of `bytes` has: `None` if too few bytes are there to tell.
///
/// # Errors
/// [`HeadError::Form`] if no valid head begins like this.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    let known = bytes.len().min(START.len());
    if bytes[..known] != START[..known] {
        return Err(HeadError::Form);
    }
    let Some(first) = bytes.get(PAYLOAD) else { return Ok(None) };
    let (header, payload) = match first {
        // A payload holds a 32-byte hash, so its length never fits into the first byte.
        0x58 => match bytes.get(PAYLOAD + 1) {
            Some(length) => (2, usize::from(*length)),
            None => return Ok(None),
        },
        _ => return Err(HeadError::Form),
    };
    let length = PAYLOAD + header + payload + 66;
    if length > MAX_HEAD_BYTES { Err(HeadError::TooLong(length)) } else { Ok(Some(length)) }
}

/// Payload and signature of the fixed shape.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8; 64]), HeadError> {
    if length(bytes)? != Some(bytes.len()) || bytes[UNPROTECTED] != 0xa0 {
        return Err(HeadError::Form);
    }
    let payload = &bytes[PAYLOAD + 2..bytes.len() - 66];
    let signature = &bytes[bytes.len() - 66..];
    match (payload.len(), signature) {
        (24.., [0x58, 0x40, signature @ ..]) => {
            Ok((payload, signature.try_into().map_err(|_| HeadError::Form)?))
        }
        _ => Err(HeadError::Form),
    }
}

/// The `Sig_structure` of RFC 9052 section 4.4: `["Signature1", protected, external_aad, payload]`.
fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    cbor::encode(&Value::Array(vec![
        Value::Text("Signature1".into()),
        bytes(protected),
        bytes(EXTERNAL_AAD),
        bytes(payload),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn head() -> VerifiedHead {
        VerifiedHead::sign(Statement::about(&[0xa0], 32, 5, 494_000), &key())
    }

    #[test]
    fn a_signed_head_verifies_and_starts_with_the_ten_bytes() {
        let head = head();
        assert_eq!(HEXLOWER.encode(&head.bytes()[..10]), "d2845826a20132045820");
        assert_eq!(VerifiedHead::verify(head.bytes()).unwrap(), head);
        assert_eq!(length(head.bytes()), Ok(Some(head.bytes().len())));
    }

    #[test]
    fn the_longest_head_is_as_long_as_the_limits_say() {
        let mut statement = Statement::about(&[0xa0], u64::MAX, u64::MAX, u64::MAX);
        statement.body_bytes = MAX_BODY_BYTES as u64;
        let head = VerifiedHead::sign(statement, &key());
        assert_eq!(head.bytes().len(), 183);
        assert!(VerifiedHead::verify(head.bytes()).is_ok());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let head = head();
        for bit in 0..head.bytes().len() * 8 {
            let mut bytes = head.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(VerifiedHead::verify(&bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_truncation_and_extension_is_noticed() {
        let head = head();
        for end in 0..head.bytes().len() {
            assert!(VerifiedHead::verify(&head.bytes()[..end]).is_err());
            assert!(matches!(length(&head.bytes()[..end]), Ok(None | Some(_))), "{end}");
        }
        let longer = [head.bytes(), &[0]].concat();
        assert_eq!(VerifiedHead::verify(&longer), Err(HeadError::Form));
    }

    #[test]
    fn a_payload_with_a_wrong_field_is_refused_although_it_is_signed() {
        let signed = |pairs: Vec<(u64, Value)>| {
            let payload = cbor::encode(&Value::Map(pairs));
            let mut bytes = START.to_vec();
            bytes.extend(key().verifying_key().to_bytes());
            let signature = key().sign(&to_be_signed(&bytes[PROTECTED], &payload));
            bytes.push(0xa0);
            cbor::write_header(2, payload.len() as u64, &mut bytes);
            bytes.extend(payload);
            cbor::write_header(2, 64, &mut bytes);
            bytes.extend(signature.to_bytes());
            VerifiedHead::verify(&bytes)
        };
        let good = || {
            vec![
                (0, Value::Uint(1)),
                (1, Value::Uint(32)),
                (2, Value::Uint(0)),
                (3, Value::Uint(494_000)),
                (4, Value::Bytes(vec![1; 32])),
                (5, Value::Uint(1)),
            ]
        };
        assert!(signed(good()).is_ok());
        let with = |index: usize, value: Value| {
            let mut pairs = good();
            pairs[index].1 = value;
            signed(pairs)
        };
        assert_eq!(with(0, Value::Uint(2)), Err(HeadError::Version(2)));
        assert_eq!(with(5, Value::Uint(0)), Err(HeadError::BodyLength(0)));
        assert_eq!(with(5, Value::Uint(16_385)), Err(HeadError::BodyLength(16_385)));
        assert_eq!(with(4, Value::Bytes(vec![1; 31])), Err(HeadError::PayloadShape));
        assert_eq!(with(1, Value::Text("link".into())), Err(HeadError::PayloadShape));
        let mut more = good();
        more.push((6, Value::Uint(0)));
        assert_eq!(signed(more), Err(HeadError::PayloadShape));
        assert_eq!(signed(good()[..5].to_vec()), Err(HeadError::PayloadShape));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = VerifiedHead::verify(&bytes);
            let _ = length(&bytes);
        }

        #[test]
        fn what_is_signed_is_read_back(kind: u64, n: u64, created_hours: u64, body in prop::collection::vec(any::<u8>(), 1..100)) {
            let statement = Statement::about(&body, kind, n, created_hours);
            let head = VerifiedHead::sign(statement.clone(), &key());
            let read = VerifiedHead::verify(head.bytes()).unwrap();
            prop_assert_eq!(read.statement(), &statement);
        }
    }
}
