//! What contributors write about a release group, an artist or the like: text without markup.

use super::torrents::Contributor;
use super::wording;
use crate::app::App;
use crate::web::error::WebError;
use deadwax_index::entry::subject::{Subject, SubjectKind};
use deadwax_index::mbid::Uuid;

/// Texts on one page: the best voted ones.
const MAX_TEXTS: usize = 3;
/// So much of a text is shown: three of them leave room for torrents.
const MAX_TEXT_CHARS: usize = 3000;

/// A text, and who wrote it.
pub struct Written {
    /// The text, with line breaks.
    pub text: String,
    /// Its language, as the author says.
    pub language: Option<String>,
    /// Who wrote it.
    pub contributor: Contributor,
}

/// The texts about a record.
///
/// # Errors
/// The store's.
pub fn about(app: &App, mbid: Uuid, kind: SubjectKind) -> Result<Vec<Written>, WebError> {
    let texts = app.store.descriptions(&Subject::Mbid { mbid, kind })?;
    let written =
        texts.into_iter().filter(|text| text.tally.score() >= 0).take(MAX_TEXTS).map(|text| Written {
            text: wording::shorten(&text.current.body.text, MAX_TEXT_CHARS),
            language: text.current.body.language.filter(|tag| is_language(tag)),
            contributor: Contributor::new(&text.current.author.to_string()),
        });
    Ok(written.collect())
}

/// Whether browsers may be told so: the form of BCP 47, in which each part has at most eight letters or digits.
fn is_language(tag: &str) -> bool {
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    tag.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        assert!(is_language("en") && is_language("zh-Hant-TW"));
        for tag in ["", "english, mostly", "en_GB", "en-", "ü"] {
            assert!(!is_language(tag), "{tag}");
        }
    }
}
