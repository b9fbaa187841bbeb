//! The body of a charter: the roster of a network and its limits, signed by the roster before it
//! (`doc/ENTRY-FORMAT.md` section 15.1).
//!
//! Not here: which charter is adopted, and who is a member because of it ([`crate::members`]).

use super::cbor::{self, Value};
use super::fields::{self, BodyError, Fields, any_text, bytes, map, needed, text};
use super::head::{AuthorKey, hex_bytes};
use super::limits::{QUOTA_CORE, QUOTA_MAIN};
use super::signature::verify_signature;
use super::texts::MAX_LABEL_BYTES;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};

/// Operators of a network, and signatures of a charter. All of them fit into one body beside the text.
pub const MAX_ROSTER: usize = 64;
/// What a network says of itself.
pub const MAX_CHARTER_TEXT_BYTES: usize = 4000;
/// Budgets, grants and quotas: more than any network has people or entries.
pub const MAX_AMOUNT: u64 = u32::MAX as u64;
/// What stands before the body in the message that operators sign.
const DOMAIN: &[u8] = b"deadwax/charter/1";
/// Where the signatures are in the body; everything else is signed.
const SIGNATURES: u64 = 7;

hex_bytes! {
    /// SHA-256 of what the operators of a charter sign: its name, whoever publishes it.
    CharterId
}

/// The roster of a network with its limits. The default has nobody on it, and is none yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// The charter before this one; none founds a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<CharterId>,
    /// Name of the network.
    pub name: String,
    /// The operators' keys, strictly ascending.
    pub roster: Vec<AuthorKey>,
    /// What each operator may grant by vouches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<u32>,
    /// The quota on n in `main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_main: Option<u32>,
    /// The quota on n in `core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_core: Option<u32>,
    /// What the network is for, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The operators who agree, keys strictly ascending. Whether they hold is not judged by reading.
    pub signatures: Vec<CharterSignature>,
}

/// One operator's signature of a charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterSignature {
    /// Who signed.
    pub key: AuthorKey,
    /// Ed25519, by the rule of heads.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub signature: [u8; 64],
}

fn to_hex<S: Serializer>(signature: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&HEXLOWER.encode(signature))
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| D::Error::custom("not 128 hexadecimal digits"))
}

impl Charter {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let amount = |fields: &mut Fields, key, field, low| match fields.uint(key, field, MAX_AMOUNT)? {
            Some(number) if number < low => Err(BodyError::Range(field)),
            number => Ok(number.map(|number| number as u32)),
        };
        let charter = Self {
            prev: fields.bytes(0, "prev")?.map(CharterId),
            name: needed(fields.text(1, "name", MAX_LABEL_BYTES)?, "name")?,
            roster: fields.array(2, "roster", MAX_ROSTER, |item| fixed(item, "roster").map(AuthorKey))?,
            budget: amount(fields, 3, "budget", 0)?,
            quota_main: amount(fields, 4, "quota_main", QUOTA_MAIN)?,
            quota_core: amount(fields, 5, "quota_core", QUOTA_CORE)?,
            text: fields.long(6, "text", MAX_CHARTER_TEXT_BYTES)?,
            signatures: fields.array(SIGNATURES, "signatures", MAX_ROSTER, CharterSignature::from_value)?,
        };
        if charter.roster.is_empty() {
            return Err(BodyError::Missing("roster"));
        }
        if charter.signatures.is_empty() {
            return Err(BodyError::Missing("signatures"));
        }
        // One way to write a roster, and nobody in it twice.
        if !charter.roster.is_sorted_by(|a, b| a < b) {
            return Err(BodyError::Range("roster"));
        }
        if !charter.signatures.is_sorted_by(|a, b| a.key < b.key) {
            return Err(BodyError::Range("signatures"));
        }
        Ok(charter)
    }

    fn to_value(&self) -> Value {
        let signatures = self.signatures.iter().map(CharterSignature::to_value).collect();
        let Value::Map(mut pairs) = self.unsigned() else { unreachable!("an array of pairs makes a map") };
        pairs.extend(fields::array(signatures).map(|signatures| (SIGNATURES, signatures)));
        Value::Map(pairs)
    }

    fn unsigned(&self) -> Value {
        let amount = |amount: Option<u32>| amount.map(|amount| Value::Uint(amount.into()));
        map([
            (0, self.prev.and_then(|prev| bytes(&prev.0))),
            (1, text(&self.name)),
            (2, fields::array(self.roster.iter().filter_map(|key| bytes(&key.0)).collect())),
            (3, amount(self.budget)),
            (4, amount(self.quota_main)),
            (5, amount(self.quota_core)),
            (6, any_text(&self.text)),
        ])
    }

    /// What operators sign of a charter that was made here. Of one that was read, [`signed_bytes`] knows the
    /// fields of later versions too.
    pub fn to_be_signed(&self) -> Vec<u8> {
        message(&self.unsigned())
    }

    /// This charter with the signatures that `sign` makes of [`Self::to_be_signed`] and no others; roster and
    /// signatures in the order that they have to have.
    pub fn signed(mut self, sign: impl FnOnce(&[u8]) -> Vec<CharterSignature>) -> Self {
        self.roster.sort();
        self.signatures = sign(&self.to_be_signed());
        self.signatures.sort_by_key(|signed| signed.key);
        self
    }

    /// Which keys of `roster` have signed `message`, the [`signed_bytes`] of the body that this was read from.
    pub fn signers<'a>(
        &'a self,
        roster: &'a [AuthorKey],
        message: &'a [u8],
    ) -> impl Iterator<Item = AuthorKey> + 'a {
        let by_roster = |signed: &&CharterSignature| roster.binary_search(&signed.key).is_ok();
        self.signatures
            .iter()
            .filter(by_roster)
            .filter(|signed| verify_signature(&signed.key, message, &signed.signature).is_ok())
            .map(|signed| signed.key)
    }
}

impl CharterSignature {
    fn from_value(value: Value) -> Result<Self, BodyError> {
        const FIELD: &str = "signatures";
        let Value::Array(pair) = value else { return Err(BodyError::Type(FIELD)) };
        let [key, signature] = <[Value; 2]>::try_from(pair).map_err(|_| BodyError::Range(FIELD))?;
        Ok(Self { key: AuthorKey(fixed(key, FIELD)?), signature: fixed(signature, FIELD)? })
    }

    fn to_value(&self) -> Value {
        Value::Array([bytes(&self.key.0), bytes(&self.signature)].into_iter().flatten().collect())
    }
}

fn fixed<const N: usize>(value: Value, field: &'static str) -> Result<[u8; N], BodyError> {
    let Value::Bytes(bytes) = value else { return Err(BodyError::Type(field)) };
    bytes.try_into().map_err(|_| BodyError::Range(field))
}

/// What operators sign of the charter with this body: all of it but the signatures, also fields that only
/// later versions know.
///
/// # Errors
/// Not a map of the profile.
pub fn signed_bytes(body: &[u8]) -> Result<Vec<u8>, BodyError> {
    let Value::Map(mut pairs) = cbor::decode(body)? else { return Err(BodyError::Type("body")) };
    pairs.retain(|(key, _)| *key != SIGNATURES);
    Ok(message(&Value::Map(pairs)))
}

fn message(unsigned: &Value) -> Vec<u8> {
    [DOMAIN, &cbor::encode(unsigned)].concat()
}

impl CharterId {
    /// The id of the charter whose [`signed_bytes`] these are.
    pub fn of(signed_bytes: &[u8]) -> Self {
        Self(Sha256::digest(signed_bytes).into())
    }
}

/// How many of a roster have to sign the next charter: two thirds, rounded up.
pub fn needed_signatures(roster: usize) -> usize {
    (2 * roster).div_ceil(3)
}

fields::body!(Charter);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;

    #[test]
    fn two_thirds_are_rounded_up() {
        let needed: Vec<_> = (1..=9).map(needed_signatures).collect();
        assert_eq!(needed, [1, 2, 2, 3, 4, 4, 5, 6, 6]);
    }

    #[test]
    fn fields_of_later_versions_are_signed_and_signatures_are_not() {
        let identities = [1, 2].map(|seed| Identity::from_secret([seed; 32]));
        let mut roster: Vec<_> = identities.iter().map(Identity::author).collect();
        roster.sort();
        let charter = Charter { name: "Tidewater".into(), roster: roster.clone(), ..Charter::default() };
        let message = charter.to_be_signed();
        let mut charter =
            charter.signed(|message| identities.each_ref().map(|one| one.sign_charter(message)).to_vec());
        let body = charter.to_body().unwrap();
        assert_eq!(signed_bytes(&body).unwrap(), message);
        assert_eq!(charter.signers(&roster, &message).collect::<Vec<_>>(), roster);
        assert_eq!(charter.signers(&roster[1..], &message).count(), 1, "only the roster is asked");
        charter.signatures[0].signature[3] ^= 1;
        assert_eq!(charter.signers(&roster, &message).collect::<Vec<_>>(), roster[1..]);
        assert_eq!(signed_bytes(&charter.to_body().unwrap()).unwrap(), message, "the same charter");

        let Value::Map(mut pairs) = cbor::decode(&body).unwrap() else { unreachable!() };
        pairs.push((9, Value::Uint(7)));
        let later = signed_bytes(&cbor::encode(&Value::Map(pairs))).unwrap();
        assert_ne!(CharterId::of(&later), CharterId::of(&message), "nobody can add to what was signed");
    }
}
