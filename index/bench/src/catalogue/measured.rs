//! What the real catalogue looks like, as weights.
//!
//! Measured from two extracts of MusicBrainz (CC0): **A**, all of its records of 1968 to 1973 as of about
//! 2013 (3,691 artists, 1,006 labels, 7,126 release groups, 8,018 releases), and **B**, answers of its web
//! service (376 artists, 181 labels, 185 release groups, 517 releases). A has no catalogue numbers, media,
//! aliases or addresses; B is a small sample of well-known records, many of them Chinese.
//!
//! | measured | artist names (A) | titles of groups (A) | label names (A) | titles of tracks (B) |
//! |---|---|---|---|---|
//! | characters: mean, p50, p90, p99 | 13.9, 13, 22, 36 | 20.3, 17, 37, 70 | 11.9, 12, 19, 28 | 17.2, 14, 27, 75 |
//! | words: mean, p90, p99, maximum | 2.3, 4, 7, 9 | 3.75, 7, 13, 28 | 1.8, 3, 4, 7 | 3.1, 5, 15, 47 |
//! | share of the commonest word, 10, 100 | 6, 12.5, 25 % | 4.6, 16, 35 % | 19, 26, 41 % | |
//! | words that occur once, of all different ones | 79 % | 70 % | 85 % | |
//! | mean length of different words, of words | 6.2, 5.5 | 6.2, 4.7 | 6.0, 6.1 | |
//! | begin with "The" | 10.9 % | 7.0 % | | |
//! | Latin with diacritics, Cyrillic, kana, Han: per mille | 71, 4, 4, 4 | 85, 2, 5, 1 | 37, 2, 1, 2 | |
//! | the same, B | 72, 3, 13, 40 | 46, 0, 8, 294 (releases) | | |
//!
//! | measured | value |
//! |---|---|
//! | groups of an artist that has any (A) | 64 % have 1, 16 % 2, 8 % 3; p90 4, p99 11, maximum 159 ("Various Artists", 2.2 % of all) |
//! | artists named by a group (A) | 1: 96.9 %, 2: 2.8 %, 3: 0.2 %; under another name than their own: 1.4 % |
//! | title is the artist's name (A) | 7.8 % |
//! | releases of a group (A) | 1: 91.8 %, 2: 6.2 %, 3: 1.2 %; mean 1.12. All of MusicBrainz today: 5.7M of 4.5M, mean 1.27 |
//! | titles of groups that are different from all others (A) | 97 % |
//! | artists without country (A) | 33 %; with a year of birth or founding 66 %, of death or end 30 % |
//! | barcodes (A; B) | 0.6 %; 77 % (13 digits 75 %, 12 digits 25 %) |
//! | labels of a release (A; B) | none 24 %, one 76 %; of those with any: one 85 %, two 11 %, three 3 % |
//! | releases of a label (A) | mean 6.1, p90 12, p99 98; the first ten have 25 % of all |
//! | catalogue numbers (B) | on 95 % of labels; mean 8.4 characters; `AB123` 41 %, `AB 123` 17 %, `123` 7 %, `AB-123` 5 % |
//! | aliases (B) | 26 % of artists (0 to 87), 5 % of labels, 3 % of groups, 0.6 % of releases |
//! | disambiguation (B) | 27 % of artists, 2 % of groups, 18 % of releases |
//! | bytes of a line without addresses, media and tracks (A) | artist 472, label 405, group 633, release 1,770 |
//!
//! Assumed, as neither extract can tell: how release years are spread, how many records have which
//! addresses, and that fewer artists have aliases than the well-known ones of B.

/// A value and how often it occurs.
pub type Weights<T> = &'static [(T, u32)];

/// Words of an artist's name (A).
pub const ARTIST_WORDS: Weights<u64> = &[(2, 603), (1, 153), (3, 137), (4, 47), (5, 34), (6, 17), (7, 9)];
/// Words of a title (A).
pub const TITLE_WORDS: Weights<u64> = &[
    (2, 233), (3, 175), (1, 164), (4, 142), (5, 96), (6, 64), (7, 40), (8, 29), (9, 19), (10, 12), (11, 9),
    (13, 10), (18, 6), (28, 1),
];
/// Words of a label's name beside `Records` (A).
pub const LABEL_WORDS: Weights<u64> = &[(1, 650), (2, 290), (3, 50), (4, 10)];
/// Words of a track's title (B).
pub const TRACK_WORDS: Weights<u64> =
    &[(2, 283), (1, 237), (3, 183), (4, 165), (5, 57), (6, 22), (7, 14), (8, 8), (12, 20), (20, 11)];

/// Different words that titles draw from: with Zipf's law the commonest then are 5, 17 and 33 % of all (A).
pub const TITLE_VOCABULARY: u64 = 1_000_000;
/// The same for names: 4, 14 and 27 %.
pub const NAME_VOCABULARY: u64 = 30_000_000;
/// Words that are written small inside a title.
pub const FUNCTION_WORDS: u64 = 12;

/// Names that begin with the article, in a thousand (A).
pub const ARTIST_ARTICLE: u64 = 90;
/// The same of titles.
pub const TITLE_ARTICLE: u64 = 45;
/// Label names that end in `Records` (A).
pub const LABEL_RECORDS: u64 = 350;
/// Titles with two sides, `A / B`: singles (A).
pub const TWO_SIDES: u64 = 119;
/// Titles with an apostrophe (A).
pub const APOSTROPHE: u64 = 110;
/// Titles with something in brackets (A).
pub const BRACKETS: u64 = 28;
/// Titles with a number (A).
pub const NUMBER: u64 = 63;
/// Words with a diacritic, so that 85 of 1,000 titles have one (A).
pub const DIACRITIC_WORDS: u64 = 35;
/// Scripts of names and titles; between A and B where they disagree.
pub const SCRIPTS: Weights<Script> = &[
    (Script::Latin, 967), (Script::Kana, 11), (Script::Han, 15), (Script::Cyrillic, 5), (Script::Hangul, 2),
];

/// A script that names are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// With spaces.
    Latin,
    /// With spaces.
    Cyrillic,
    /// Hiragana and katakana, without spaces.
    Kana,
    /// Without spaces.
    Han,
    /// With spaces.
    Hangul,
}

/// Types of artists (A).
pub const ARTIST_TYPES: Weights<Option<&str>> =
    &[(Some("Person"), 489), (Some("Group"), 441), (None, 69), (Some("Other"), 1)];
/// Gender of persons (A).
pub const GENDERS: Weights<Option<&str>> = &[(Some("Male"), 610), (Some("Female"), 140), (None, 250)];
/// Countries of artists and releases (A).
pub const COUNTRIES: Weights<&str> = &[
    ("US", 456), ("GB", 159), ("DE", 60), ("FR", 50), ("IT", 33), ("JP", 40), ("CA", 22), ("ES", 22),
    ("NL", 21), ("BR", 21), ("GR", 19), ("JM", 17), ("SE", 14), ("XW", 40), ("XE", 14), ("FI", 7), ("AU", 6),
];
/// Types of labels (A).
pub const LABEL_TYPES: Weights<Option<&str>> = &[
    (Some("Original Production"), 587), (None, 256), (Some("Production"), 85), (Some("Reissue Production"), 31),
    (Some("Distributor"), 21), (Some("Holding"), 8), (Some("Publisher"), 7), (Some("Bootleg Production"), 5),
];
/// Primary types of groups (A).
pub const PRIMARY_TYPES: Weights<Option<&str>> =
    &[(Some("Album"), 760), (Some("Single"), 198), (None, 16), (Some("Other"), 14), (Some("EP"), 13)];
/// Secondary types of groups (B).
pub const SECONDARY_TYPES: Weights<&[&str]> = &[
    (&[], 779), (&["Live"], 108), (&["Compilation"], 70), (&["Soundtrack"], 38), (&["Compilation", "Soundtrack"], 5),
];
/// Artists that a group names (A).
pub const CREDITED: Weights<u64> = &[(1, 969), (2, 28), (3, 3)];
/// What stands between them (A).
pub const JOIN_PHRASES: Weights<&str> =
    &[(" & ", 777), (", ", 69), (" and ", 49), (" / ", 36), (" with ", 16), (" feat. ", 30), (" y ", 12)];
/// Groups by "Various Artists", in a thousand (A).
pub const VARIOUS: u64 = 22;
/// Groups by one of the artists with most of them.
pub const FAMOUS: u64 = 80;
/// Artists named as something else than their name (A).
pub const CREDITED_AS: u64 = 14;
/// Groups that have the artist's name as title (A).
pub const SELF_TITLED: u64 = 78;
/// Releases of a group: A's shape, stretched to the mean of all of MusicBrainz.
pub const RELEASES: Weights<u64> =
    &[(1, 850), (2, 96), (3, 28), (4, 11), (5, 6), (6, 4), (8, 3), (15, 2)];
/// Length of a date before [`DIGITAL_YEAR`] (A) ...
pub const DATE_CHARS_EARLY: Weights<usize> = &[(4, 841), (7, 97), (10, 62)];
/// ... and from then on (B).
pub const DATE_CHARS_LATE: Weights<usize> = &[(10, 627), (4, 294), (0, 43), (7, 37)];
/// From when records have barcodes and exact dates: between A and B.
pub const DIGITAL_YEAR: u16 = 1983;
/// Status of releases (A).
pub const STATUS: Weights<Option<&str>> =
    &[(Some("Official"), 978), (None, 13), (Some("Bootleg"), 5), (Some("Promotion"), 3), (Some("Pseudo-Release"), 1)];
/// Barcodes before [`DIGITAL_YEAR`] (A) and from then on (B), in a thousand.
pub const BARCODE: [u64; 2] = [6, 770];
/// Releases with a number of Amazon's (B).
pub const ASIN: u64 = 66;
/// Packaging (A, B).
pub const PACKAGING: Weights<Option<&str>> = &[
    (None, 830), (Some("Jewel Case"), 90), (Some("Cardboard/Paper Sleeve"), 45), (Some("Gatefold Cover"), 20),
    (Some("Digipak"), 10), (Some("Other"), 5),
];
/// Release events (B).
pub const EVENTS: Weights<u64> = &[(1, 982), (2, 16), (3, 2)];
/// Labels of a release (A, B).
pub const LABELS: Weights<u64> = &[(0, 200), (1, 690), (2, 90), (3, 20)];
/// Labels with a catalogue number (B).
pub const CATALOGUE_NUMBER: u64 = 950;
/// Forms of catalogue numbers: `A` stands for letters, `9` for digits (B).
pub const NUMBER_FORMS: Weights<&str> = &[
    ("A9", 450), ("A 9", 190), ("9", 80), ("A-9", 70), ("9 9", 45), ("9-9-9", 45), ("9-9", 40), ("A A 9", 40),
    ("9A-9", 40),
];
/// Media of a release (B).
pub const MEDIA: Weights<u64> = &[(1, 893), (2, 73), (4, 22), (3, 7), (5, 5)];
/// Formats before [`DIGITAL_YEAR`] ...
pub const FORMATS_EARLY: Weights<Option<&str>> =
    &[(Some("12\" Vinyl"), 600), (Some("7\" Vinyl"), 250), (Some("Vinyl"), 90), (Some("Cassette"), 20), (None, 40)];
/// ... and from then on (B).
pub const FORMATS_LATE: Weights<Option<&str>> = &[
    (Some("CD"), 560), (Some("Digital Media"), 220), (Some("12\" Vinyl"), 110), (Some("DVD-Video"), 27), (None, 30),
    (Some("Cassette"), 20), (Some("7\" Vinyl"), 15), (Some("SHM-CD"), 9), (Some("Enhanced CD"), 9),
];
/// Tracks of a medium (B): p10 3, p50 10, p90 17.
pub const TRACKS: Weights<u64> = &[
    (1, 50), (2, 70), (4, 80), (7, 100), (9, 130), (10, 170), (11, 120), (12, 110), (14, 80), (17, 60), (20, 20),
    (36, 10),
];
/// Languages and scripts of what is printed (A, B).
pub const LANGUAGES: Weights<(Option<&str>, Option<&str>)> = &[
    ((Some("eng"), Some("Latn")), 740), ((None, None), 60), ((Some("spa"), Some("Latn")), 39),
    ((Some("fra"), Some("Latn")), 33), ((Some("ita"), Some("Latn")), 26), ((Some("deu"), Some("Latn")), 17),
    ((Some("por"), Some("Latn")), 17), ((Some("jpn"), Some("Jpan")), 20), ((Some("ell"), Some("Grek")), 11),
    ((Some("zho"), Some("Hant")), 12),
];
/// Artists with aliases, in a thousand: B has 260, of well-known artists.
pub const ARTIST_ALIASES: u64 = 90;
/// How many they have (B).
pub const ALIASES: Weights<u64> = &[(1, 400), (2, 280), (3, 170), (4, 60), (6, 50), (11, 40)];
/// Labels with aliases (B).
pub const LABEL_ALIASES: u64 = 53;
/// Groups with aliases (B).
pub const GROUP_ALIASES: u64 = 29;
/// Disambiguation of artists, groups and releases (B).
pub const DISAMBIGUATION: [u64; 3] = [270, 22, 180];
/// Artists, labels, groups and releases with addresses, in a thousand. Assumed.
pub const ADDRESSES: [u64; 4] = [350, 300, 250, 200];
