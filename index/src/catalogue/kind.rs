//! The four kinds of records, and what each is called in dumps and tables; and what MBIDs name.

/// What a record is about; the integer is its form in the tables `aliases` and, shifted, `urls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// What an MBID names: something that has a record here, or a recording, which is only named by tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Named {
    /// Something of which there are records.
    Record(Kind),
    /// A recording.
    Recording,
}

impl Named {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Record(Kind::Artist),
        Self::Record(Kind::Label),
        Self::Record(Kind::ReleaseGroup),
        Self::Record(Kind::Release),
        Self::Recording,
    ];

    /// Its number in the table `redirects`.
    pub(super) fn number(self) -> usize {
        match self {
            Self::Record(kind) => kind as usize,
            Self::Recording => 4,
        }
    }

    /// The table in MusicBrainz's own database, and the member of its dump; with `_gid_redirect` after it,
    /// the one of its merged MBIDs.
    pub(super) fn row_table(self) -> &'static str {
        match self {
            Self::Record(Kind::Artist) => "artist",
            Self::Record(Kind::Label) => "label",
            Self::Record(Kind::ReleaseGroup) => "release_group",
            Self::Record(Kind::Release) => "release",
            Self::Recording => "recording",
        }
    }

    /// The table of its merged MBIDs in MusicBrainz's own database.
    pub(super) fn redirect_table(self) -> &'static str {
        match self {
            Self::Record(Kind::Artist) => "artist_gid_redirect",
            Self::Record(Kind::Label) => "label_gid_redirect",
            Self::Record(Kind::ReleaseGroup) => "release_group_gid_redirect",
            Self::Record(Kind::Release) => "release_gid_redirect",
            Self::Recording => "recording_gid_redirect",
        }
    }
}
