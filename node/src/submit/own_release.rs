//! A record that MusicBrainz does not have: from a small form to a signed own release, by whose UUID links name it.
//!
//! The format has more than the form: tracks and several artists are left to those who sign entries by hand.

use super::draft::Draft;
use super::{Receipt, SubmitError, answered, problem, receipt, receipt_key, sign};
use crate::accounts::sessions::Session;
use crate::accounts::signing::SigningKey;
use crate::app::App;
use deadwax_index::Problem;
use deadwax_index::entry::kind::Kind;
use deadwax_index::entry::own_release::{self, Artist, Label, Medium, OwnRelease};
use deadwax_index::entry::{Body, EntryId};
use deadwax_index::mbid::Uuid;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What is hashed before a body, so that it is the subject of nothing else.
const SUBJECT_CONTEXT: &[u8] = b"own release";

/// Signs an own release of a draft's artist, title, year, type, media, label and catalogue number, and of `url`. The
/// same record waiting for its release, or the same form sent again, is not signed twice. Answers with the UUID by which links name it.
///
/// # Errors
/// The first field that a person has to mend.
pub fn sign_own_release(
    app: &App,
    account: Option<&Arc<Session>>,
    draft: &Draft,
    url: &str,
    key: Option<&str>,
) -> Result<Uuid, SubmitError> {
    let body = body_of(draft, url)?;
    let bytes = Body::OwnRelease(body).to_bytes().map_err(|error| form_field(error.problem()))?;
    let subject = Sha256::new().chain_update(SUBJECT_CONTEXT).chain_update(&bytes).finalize().into();
    let signer = SigningKey::choose(app, account);
    let key = receipt_key(&signer.author(), key);
    let key = key.as_deref();
    if let Some(receipt) = answered(app, key)? {
        return uuid_of(receipt);
    }
    if let Some(entry) = app.store.waiting_about(&subject)? {
        return uuid_of(receipt(&entry, super::ReceiptState::Known));
    }
    account.map_or(Ok(()), |account| app.accounts.may_submit(account))?;
    uuid_of(sign(app, signer, bytes, Kind::OwnRelease, &subject, key)?)
}

fn uuid_of(receipt: Receipt) -> Result<Uuid, SubmitError> {
    let id: EntryId =
        receipt.id.parse().map_err(|_| problem("entry.id", "", "The entry has no id.", "Try again."))?;
    Ok(own_release::uuid(&id))
}

fn body_of(draft: &Draft, url: &str) -> Result<OwnRelease, Problem> {
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let artist = text(&draft.artist).ok_or_else(|| {
        problem("link.artist", "artist", "The artist is missing.", "Type the artist as the release names it.")
    })?;
    let title = text(&draft.title).ok_or_else(|| {
        problem("link.title", "title", "The title is missing.", "Type the title of the album.")
    })?;
    let date = text(&draft.year);
    if date.as_deref().is_some_and(|year| year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(problem(
            "link.year",
            "year",
            "This is not a year.",
            "Type four digits, or leave it empty.",
        ));
    }
    let (label, catno) = (text(&draft.label), text(&draft.catno));
    let has_label = label.is_some() || catno.is_some();
    let media = text(&draft.media);
    Ok(OwnRelease {
        title,
        artists: vec![Artist { name: artist, mbid: None, join: None }],
        release_group: None,
        types: draft.types.split(',').filter_map(text).collect(),
        date,
        country: None,
        labels: if has_label { vec![Label { name: label, catno, mbid: None }] } else { Vec::new() },
        barcode: None,
        status: None,
        media: media
            .map(|format| vec![Medium { format: Some(format), ..Medium::default() }])
            .unwrap_or_default(),
        urls: text(url).into_iter().collect(),
        language: None,
        disambiguation: None,
    })
}

/// The form's field for a field of the body.
fn form_field(problem: Problem) -> Problem {
    let field = match problem.field {
        "artists" | "artists.name" | "name" => "artist",
        "types" => "type",
        "date" => "year",
        "labels" | "labels.name" => "label",
        "labels.catno" => "catno",
        "media.format" => "media",
        "urls" => "url",
        field => field,
    };
    Problem { field, ..problem }
}
