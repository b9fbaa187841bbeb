//! The fields of the submit pages, in order. Their names are fixed (`doc/PAGES.md`).

use crate::submit::Draft;
use deadwax_index::Problem;

/// What does not change about a field.
pub struct FieldSpec {
    /// `name` and `id`.
    pub name: &'static str,
    /// Label.
    pub label: &'static str,
    /// What to type, or empty.
    pub hint: &'static str,
    /// Whether it takes several lines.
    pub is_long: bool,
    /// Whether it is not language.
    pub is_code: bool,
    /// Class that says how wide it is: empty, `half` or `third`.
    pub width: &'static str,
    /// What to choose from; other text is fine too.
    pub list: &'static [&'static str],
    /// Values and their words, where nothing else can be said.
    pub options: &'static [(&'static str, &'static str)],
}

/// A field with what was typed.
pub struct Field<'a> {
    /// The field.
    pub spec: &'static FieldSpec,
    /// What was typed, or read from the files.
    pub value: &'a str,
    /// What to type, and where the value comes from.
    pub hint: String,
    /// Why it was refused.
    pub problem: Option<&'a Problem>,
}

impl Field<'_> {
    /// Ids of the texts that explain the field.
    pub fn described_by(&self) -> String {
        let name = self.spec.name;
        match (self.problem.is_some(), self.hint.is_empty()) {
            (false, true) => String::new(),
            (false, false) => format!("{name}-hint"),
            (true, true) => format!("{name}-error"),
            (true, false) => format!("{name}-error {name}-hint"),
        }
    }

    /// Whether the value is none of the options: it is kept all the same.
    pub fn is_odd(&self) -> bool {
        self.spec.options.iter().all(|(value, _)| *value != self.value)
    }
}

/// A field of plain text; the others say how they differ.
const fn field(name: &'static str, label: &'static str) -> FieldSpec {
    FieldSpec {
        name,
        label,
        hint: "",
        is_long: false,
        is_code: false,
        width: "half",
        list: &[],
        options: &[],
    }
}

/// What to choose from about something that is there or not.
const YES_OR_NO: &[(&str, &str)] = &[("", "not said"), ("yes", "yes"), ("no", "no")];

/// On the first page.
pub static MAGNET: FieldSpec = FieldSpec {
    hint: "Or the infohash alone. Clearnet trackers, web seeds and peer addresses in it are left out.",
    is_long: true,
    is_code: true,
    width: "",
    ..field("magnet", "Magnet")
};

/// What names the release.
pub static RELEASE: FieldSpec = FieldSpec {
    hint: "Its address on musicbrainz.org or another site, its MBID, its barcode, or words to find it by.",
    width: "",
    is_code: true,
    ..field("mbid", "Release")
};

/// What the release is called, where that is not known or another name is meant.
pub static NAMES: [FieldSpec; 4] = [
    field("artist", "Artist"),
    field("title", "Title"),
    FieldSpec { is_code: true, ..field("year", "Year of first release") },
    FieldSpec {
        list: &[
            "Album",
            "EP",
            "Single",
            "Album, Live",
            "Album, Compilation",
            "Album, Soundtrack",
            "Broadcast",
        ],
        ..field("type", "Type")
    },
];

/// What this copy is.
pub static COPY: [FieldSpec; 7] = [
    FieldSpec {
        width: "third",
        list: &["CD", "WEB", "Vinyl", "Cassette", "SACD", "DVD", "Blu-ray", "DAT", "Soundboard"],
        ..field("media", "Media")
    },
    FieldSpec {
        width: "third",
        list: &["FLAC", "MP3", "AAC", "Opus", "Ogg Vorbis", "ALAC", "WavPack", "DSD"],
        ..field("format", "Format")
    },
    FieldSpec {
        width: "third",
        list: &["Lossless", "24bit Lossless", "320", "V0 (VBR)", "V2 (VBR)", "256", "192"],
        ..field("encoding", "Encoding")
    },
    FieldSpec { options: YES_OR_NO, ..field("log", "Rip log") },
    FieldSpec { options: YES_OR_NO, ..field("cue", "Cue sheet") },
    field("label", "Record label"),
    FieldSpec { is_code: true, ..field("catno", "Catalogue number") },
];

/// What a record that MusicBrainz lacks can say beside what a link says.
pub static URL: FieldSpec = FieldSpec {
    hint: "Where it can be read about or heard, if anywhere. It is published as text; nobody fetches it.",
    is_code: true,
    width: "",
    ..field("url", "Address on the web")
};

fn all() -> impl Iterator<Item = &'static FieldSpec> {
    [&MAGNET, &RELEASE].into_iter().chain(&NAMES).chain(&COPY)
}

/// A field with its value, and the problem if it is the one at fault.
pub fn fill<'a>(
    spec: &'static FieldSpec,
    value: &'a str,
    note: Option<String>,
    fault: Option<(&str, &'a Problem)>,
) -> Field<'a> {
    let hint = match note {
        Some(note) if spec.hint.is_empty() => note,
        Some(note) => format!("{} {note}", spec.hint),
        None => spec.hint.to_owned(),
    };
    Field {
        spec,
        value,
        hint,
        problem: fault.filter(|(name, _)| *name == spec.name).map(|(_, problem)| problem),
    }
}

/// All fields of a draft that are not in `shown`, and that say something: they travel along unseen.
pub fn carried<'a>(draft: &'a Draft, shown: &[&str]) -> Vec<(&'static str, &'a str)> {
    let names = all().map(|spec| spec.name).chain(["torrent"]).filter(|name| !shown.contains(name));
    names.map(|name| (name, draft.field(name))).filter(|(_, value)| !value.is_empty()).collect()
}

/// The form's field for a field of a [`Problem`], which may be one within the magnet or the link.
pub fn at_fault(field: &str) -> Option<&'static str> {
    let name = match field {
        "xt" | "name" | "size_bytes" | "trackers" | "files" => "magnet",
        "torrent" => return Some("torrent_file"),
        "url" => return Some("url"),
        "types" => "type",
        "edition.label" => "label",
        "edition.catno" => "catno",
        field if field.starts_with("infohash") => "magnet",
        field => field,
    };
    all().map(|spec| spec.name).find(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_find_their_field() {
        for (field, name) in [
            ("mbid", Some("mbid")),
            ("infohash", Some("magnet")),
            ("infohash_v1", Some("magnet")),
            ("xt", Some("magnet")),
            ("torrent", Some("torrent_file")),
            ("edition.catno", Some("catno")),
            ("types", Some("type")),
            ("log", Some("log")),
            ("", None),
            ("idempotency_key", None),
        ] {
            assert_eq!(at_fault(field), name);
        }
    }

    #[test]
    fn every_field_of_a_draft_but_the_file_is_in_the_form() {
        let draft = serde_json::to_value(Draft::default()).unwrap();
        let mut expected: Vec<_> = draft.as_object().unwrap().keys().map(String::as_str).collect();
        expected.retain(|name| *name != "torrent");
        let mut names: Vec<_> = all().map(|spec| spec.name).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn what_is_not_shown_travels_along() {
        let draft =
            Draft { magnet: "m".into(), torrent: "t".into(), year: "1994".into(), ..Draft::default() };
        assert_eq!(carried(&draft, &["magnet"]), [("year", "1994"), ("torrent", "t")]);
    }
}
