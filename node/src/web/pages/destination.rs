//! Which page an identifier is of, where the catalogue knows exactly one thing by it.

use crate::app::App;
use crate::web::error::WebError;
use deadwax_index::catalogue::lookup;
use deadwax_index::catalogue::{Kind, Named};
use deadwax_index::search::Identifier;
use deadwax_index::store::StoreError;

/// The page of an artist, a label or a release; none if the identifier is of something else, or of several things.
///
/// A release is meant only by its own MBID: by a barcode people look for the record, whichever pressing it is.
///
/// # Errors
/// The catalogue's.
pub fn page_of(app: &App, identifier: &Identifier) -> Result<Option<String>, WebError> {
    let asked = match identifier {
        Identifier::Mbid(mbid) => lookup::Identifier::Mbid(*mbid),
        Identifier::Catalogued(asked) => asked.clone(),
        Identifier::Infohash(..) => return Ok(None),
    };
    let is_mbid = matches!(asked, lookup::Identifier::Mbid(_));
    let found = app.search.catalogue().with(|catalogue| match catalogue {
        Some((catalogue, _)) => catalogue.records_of(&asked),
        None => Ok::<_, StoreError>(Vec::new()),
    })?;
    if let (Identifier::Mbid(mbid), []) = (identifier, found.as_slice())
        && app.store.own_release(mbid)?.is_some()
        && app.store.groups_of_mbid(mbid)?.is_empty()
    {
        // Nothing is linked to it yet, so there is no page of a group.
        return Ok(Some(format!("/release/{mbid}")));
    }
    let [(Named::Record(kind), mbid)] = found.as_slice() else { return Ok(None) };
    Ok(match kind {
        Kind::Artist => Some(format!("/artist/{mbid}")),
        Kind::Label => Some(format!("/label/{mbid}")),
        Kind::Release if is_mbid => Some(format!("/release/{mbid}")),
        Kind::Release | Kind::ReleaseGroup => None,
    })
}
