//! The fields of the submit form, in order. Their names are fixed (`doc/PAGES.md`).

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
    /// Whether the form cannot be sent without it.
    pub is_required: bool,
    /// Whether it takes several lines.
    pub is_long: bool,
    /// Whether it is not language.
    pub is_code: bool,
    /// Class that says how wide it is: empty, `half` or `third`.
    pub width: &'static str,
    /// What to choose from; other text is fine too.
    pub list: &'static [&'static str],
    value: fn(&Draft) -> &str,
}

/// A field with what was typed.
pub struct Field<'a> {
    /// The field.
    pub spec: &'static FieldSpec,
    /// What was typed.
    pub value: &'a str,
    /// Why it was refused.
    pub problem: Option<&'a Problem>,
}

/// Fields that belong together.
pub struct Part<'a> {
    /// Heading.
    pub legend: &'static str,
    /// What to know about all of them.
    pub hint: &'static str,
    /// In order.
    pub fields: Vec<Field<'a>>,
}

impl Field<'_> {
    /// Ids of the texts that explain the field.
    pub fn described_by(&self) -> String {
        let name = self.spec.name;
        match (self.problem.is_some(), self.spec.hint.is_empty()) {
            (false, true) => String::new(),
            (false, false) => format!("{name}-hint"),
            (true, true) => format!("{name}-error"),
            (true, false) => format!("{name}-error {name}-hint"),
        }
    }
}

/// A field of plain text that may stay empty; the others say how they differ.
const fn field(name: &'static str, label: &'static str, value: fn(&Draft) -> &str) -> FieldSpec {
    FieldSpec {
        name,
        label,
        hint: "",
        is_required: false,
        is_long: false,
        is_code: false,
        width: "half",
        list: &[],
        value,
    }
}

const TORRENT: [FieldSpec; 1] = [FieldSpec {
    hint: "Clearnet trackers, web seeds and peer addresses in it are left out. I2P trackers stay.",
    is_required: true,
    is_long: true,
    is_code: true,
    width: "",
    ..field("magnet", "Magnet", |draft| &draft.magnet)
}];

const RELEASE: [FieldSpec; 5] = [
    FieldSpec {
        hint: "The address of the release group or release on musicbrainz.org, or its MBID.",
        is_required: true,
        is_code: true,
        width: "",
        ..field("mbid", "MusicBrainz", |draft| &draft.mbid)
    },
    field("artist", "Artist", |draft| &draft.artist),
    field("title", "Title", |draft| &draft.title),
    FieldSpec { is_code: true, ..field("year", "Year of first release", |draft| &draft.year) },
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
        ..field("type", "Type", |draft| &draft.types)
    },
];

const COPY: [FieldSpec; 5] = [
    FieldSpec {
        width: "third",
        list: &["CD", "WEB", "Vinyl", "Cassette", "SACD", "DVD", "Blu-ray", "DAT", "Soundboard"],
        ..field("media", "Media", |draft| &draft.media)
    },
    FieldSpec {
        width: "third",
        list: &["FLAC", "MP3", "AAC", "Opus", "Ogg Vorbis", "ALAC", "WavPack", "DSD"],
        ..field("format", "Format", |draft| &draft.format)
    },
    FieldSpec {
        width: "third",
        list: &["Lossless", "24bit Lossless", "320", "V0 (VBR)", "V2 (VBR)", "256", "192"],
        ..field("encoding", "Encoding", |draft| &draft.encoding)
    },
    field("label", "Record label", |draft| &draft.label),
    FieldSpec { is_code: true, ..field("catno", "Catalogue number", |draft| &draft.catno) },
];

const PARTS: [(&str, &str, &[FieldSpec]); 3] = [
    ("Torrent", "", &TORRENT),
    ("Release", "Artist and title may stay empty if this node knows the release already.", &RELEASE),
    ("This copy", "As far as you know it.", &COPY),
];

/// All parts with what was typed, and the problem at the field that has it.
pub fn parts<'a>(draft: &'a Draft, fault: Option<(&str, &'a Problem)>) -> Vec<Part<'a>> {
    let fill = |spec: &'static FieldSpec| Field {
        spec,
        value: (spec.value)(draft),
        problem: fault.filter(|(name, _)| *name == spec.name).map(|(_, problem)| problem),
    };
    let part = |(legend, hint, fields): (_, _, &'static [FieldSpec])| Part {
        legend,
        hint,
        fields: fields.iter().map(fill).collect(),
    };
    PARTS.into_iter().map(part).collect()
}

/// The form's field for a field of a [`Problem`], which may be one within the magnet or the link.
pub fn at_fault(field: &str) -> Option<&'static str> {
    let name = match field {
        "xt" | "torrent" | "name" | "size_bytes" | "trackers" => "magnet",
        "types" => "type",
        "edition.label" => "label",
        "edition.catno" => "catno",
        field if field.starts_with("infohash") => "magnet",
        field => field,
    };
    PARTS.iter().flat_map(|(_, _, fields)| fields.iter()).map(|spec| spec.name).find(|known| *known == name)
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
            ("edition.catno", Some("catno")),
            ("types", Some("type")),
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
        let mut names: Vec<_> =
            PARTS.iter().flat_map(|(_, _, fields)| fields.iter()).map(|spec| spec.name).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
