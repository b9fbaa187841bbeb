//! The four kinds of records, and what each is called in dumps and tables.

/// What a record is about; the integer is its form in the tables `aliases` and `urls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person, group or other bearer of a name.
    Artist = 0,
    /// A record label.
    Label = 1,
    /// An album as a work, over all its editions.
    ReleaseGroup = 2,
    /// One edition of a release group.
    Release = 3,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Artist, Self::Label, Self::ReleaseGroup, Self::Release];

    /// The name of its dump: of the member below `mbdump/`, and of the archive before `.tar.xz`.
    pub fn dump_name(self) -> &'static str {
        match self {
            Self::Artist => "artist",
            Self::Label => "label",
            Self::ReleaseGroup => "release-group",
            Self::Release => "release",
        }
    }

    /// The table of its records.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Artist => "artists",
            Self::Label => "labels",
            Self::ReleaseGroup => "release_groups",
            Self::Release => "releases",
        }
    }
}
