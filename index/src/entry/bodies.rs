//! What an entry says, whatever its kind: the bodies of all kinds that are frozen.
//!
//! Not here: bodies as bytes beside their heads ([`super::body`]).

use super::ballot::Ballot;
use super::cbor;
use super::charter::Charter;
use super::collage::{Collage, CollageItem};
use super::fields::BodyError;
use super::kind::Kind;
use super::link::Link;
use super::node::Node;
use super::opinion::{Report, Tag, Vote};
use super::own_release::OwnRelease;
use super::request::{Fill, Request, Want};
use super::retract::Retract;
use super::texts::{Comment, Description, Profile, Topic};
use super::vouch::Vouch;
use serde::{Deserialize as _, Serialize};

macro_rules! bodies {
    ($($(#[$doc:meta])* $kind:ident;)*) => {
        /// The body of an entry, by its kind. As JSON it is the object of its fields.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Body { $($(#[$doc])* $kind($kind)),* }

        impl Body {
            /// The kinds whose bodies are frozen, ascending.
            pub const KINDS: &'static [Kind] = &[$(Kind::$kind),*];

            /// The kind whose body it is.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind),* }
            }

            /// Reads the body of an entry of this kind.
            ///
            /// # Errors
            /// The first rule that the body breaks; [`BodyError::Kind`] for a kind without frozen
            /// body. The entry is void then.
            pub fn from_bytes(kind: u64, body: &[u8]) -> Result<Self, BodyError> {
                match Kind::from_number(kind) {
                    $(Some(Kind::$kind) => Ok(Self::$kind($kind::from_body(body)?)),)*
                    Some(_) => Err(cbor::decode(body).map_or_else(BodyError::Cbor, |_| BodyError::Kind(kind))),
                    None => Err(BodyError::Kind(kind)),
                }
            }

            /// The bytes, after the same checks that reading makes.
            ///
            /// # Errors
            /// The first field that breaks its limit, or a body that is too long.
            pub fn to_bytes(&self) -> Result<Vec<u8>, BodyError> {
                match self { $(Self::$kind(body) => Ok(body.to_body()?)),* }
            }

            /// Reads the JSON form of the body of this kind; `None` if the kind has none.
            ///
            /// # Errors
            /// A member that is missing, unknown, or of another type. Limits are not judged here:
            /// [`Self::to_bytes`] does.
            pub fn from_json(kind: u64, json: &serde_json::Value) -> Option<serde_json::Result<Self>> {
                match Kind::from_number(kind)? {
                    $(Kind::$kind => Some($kind::deserialize(json).map(Self::$kind)),)*
                    _ => None,
                }
            }
        }
    };
}

bodies! {
    /// Kind 0.
    Charter;
    /// Kind 1.
    Ballot;
    /// Kind 2.
    Vouch;
    /// Kind 3.
    Node;
    /// Kind 32.
    Link;
    /// Kind 33.
    OwnRelease;
    /// Kind 34.
    Description;
    /// Kind 35.
    Tag;
    /// Kind 36.
    Vote;
    /// Kind 37.
    Report;
    /// Kind 38.
    Comment;
    /// Kind 39.
    Topic;
    /// Kind 40.
    Collage;
    /// Kind 41.
    CollageItem;
    /// Kind 42.
    Request;
    /// Kind 43.
    Want;
    /// Kind 44.
    Fill;
    /// Kind 45.
    Profile;
    /// Kind 46.
    Retract;
}

#[cfg(test)]
mod tests;
