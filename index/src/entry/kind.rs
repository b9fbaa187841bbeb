//! Kinds and scopes: the integer registries of `doc/ENTRY-FORMAT.md` section 5.

use serde::{Deserialize, Serialize};

/// The part of the set that an entry belongs to; decided by its kind alone, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Kinds 0 to 31: who belongs to the network.
    Core = 0,
    /// Kinds 32 and up: everything else, known or not.
    Main = 1,
}

impl Scope {
    /// Both scopes, in the order in which they are synchronised.
    pub const ALL: [Self; 2] = [Self::Core, Self::Main];

    /// The scope of a kind, known or not.
    pub fn of(kind: u64) -> Self {
        if kind < 32 { Self::Core } else { Self::Main }
    }

    /// Its name in addresses, JSON and the root.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Main => "main",
        }
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// The kinds with a number. Those up to [`Kind::Retract`] have a frozen body: [`super::bodies::Body`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $variant = $number),* }

        impl Kind {
            /// Every kind with a number, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The kind with this number.
            pub fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// Its number in a head.
            pub fn number(self) -> u64 { self as u64 }

            /// Its name in the registry.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

kinds! {
    /// The roster of a network with its limits.
    Charter = 0, "charter";
    /// One operator's verdict.
    Ballot = 1, "ballot";
    /// One member answers for another.
    Vouch = 2, "vouch";
    /// A node describes itself.
    Node = 3, "node";
    /// A torrent and the MBID of what is in it.
    Link = 32, "link";
    /// A record that MusicBrainz does not have.
    OwnRelease = 33, "own-release";
    /// A text about an MBID or an entry.
    Description = 34, "description";
    /// A tag on an MBID or an entry.
    Tag = 35, "tag";
    /// A vote on an MBID or an entry.
    Vote = 36, "vote";
    /// Something is wrong with an MBID or an entry.
    Report = 37, "report";
    /// A comment on an MBID, an entry or a topic.
    Comment = 38, "comment";
    /// Opens a forum thread.
    Topic = 39, "topic";
    /// A curated list.
    Collage = 40, "collage";
    /// One item of a collage, added or removed.
    CollageItem = 41, "collage-item";
    /// A wanted MBID or description.
    Request = 42, "request";
    /// Who wants a request filled.
    Want = 43, "want";
    /// The link that fills a request.
    Fill = 44, "fill";
    /// A person's self-description.
    Profile = 45, "profile";
    /// Takes back an entry of one's own.
    Retract = 46, "retract";
    /// Reserved: points granted.
    Award = 47, "award";
    /// Reserved: points promised.
    Pledge = 48, "pledge";
    /// Reserved: a public snapshot.
    Snapshot = 49, "snapshot";
    /// Reserved: a private message.
    Sealed = 50, "sealed";
    /// Reserved: one key acts for another.
    Delegation = 51, "delegation";
    /// Reserved: a new version of the software.
    ReleaseNotice = 52, "release-notice";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_scopes_agree_with_the_registry() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(*kind));
        }
        assert_eq!(Scope::of(31), Scope::Core);
        assert_eq!(Scope::of(32), Scope::Main);
        assert_eq!(Scope::of(u64::MAX), Scope::Main);
        assert_eq!(Kind::from_number(4), None);
        assert_eq!(Scope::from_name("main"), Some(Scope::Main));
        assert_eq!(Scope::from_name("Main"), None);
    }
}
