//! Reasons of votes and reports: the registry of `doc/ENTRY-FORMAT.md` section 10.3.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Why somebody votes or reports. Numbers that have no word yet are kept, and shown as "other".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason(u64);

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        impl Reason {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// Every reason that has a word, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn known_word(self) -> Option<&'static str> {
                match self.0 { $($number => Some($word),)* _ => None }
            }
        }
    };
}

reasons! {
    /// None of the others; the note may say which.
    OTHER = 0, "other";
    /// The same as something else.
    DUPLICATE = 1, "duplicate";
    /// Made from a lossy source, and said to be lossless.
    TRANSCODE = 2, "transcode";
    /// The MBID is of another record.
    WRONG_MBID = 3, "wrong-mbid";
    /// Nobody has the torrent any more.
    DEAD = 4, "dead";
    /// Not what it says it is.
    FAKE = 5, "fake";
    /// Something is missing in it.
    INCOMPLETE = 6, "incomplete";
    /// Format or encoding are others than it says.
    WRONG_FORMAT = 7, "wrong-format";
    /// A bad rip, bad sound, bad names.
    POOR_QUALITY = 8, "poor-quality";
    /// Advertising, or the same over and over.
    SPAM = 9, "spam";
}

impl Reason {
    /// The reason with this number, whether it has a word or not.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number in a body.
    pub fn number(self) -> u64 {
        self.0
    }

    /// What it is shown as: its word, or "other".
    pub fn word(self) -> &'static str {
        self.known_word().unwrap_or("other")
    }

    /// The reason with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.word() == word)
    }
}

impl Serialize for Reason {
    /// The word, or the number where there is none: what is written is read back.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.known_word() {
            Some(word) => serializer.serialize_str(word),
            None => serializer.serialize_u64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a reason is a word or a number")]
        enum Json {
            Number(u64),
            Word(String),
        }
        match Json::deserialize(deserializer)? {
            Json::Number(number) => Ok(Self(number)),
            Json::Word(word) => Self::from_word(&word).ok_or_else(|| {
                D::Error::custom("a reason that is not in the registry of doc/ENTRY-FORMAT.md")
            }),
        }
    }
}
