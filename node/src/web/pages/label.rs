//! A label: who it is, and the release groups with editions that it brought out.

use super::artist::entity_page;
use super::descriptions;
use super::group::{Position, elsewhere, read_mbid_of};
use super::works::{with_catalogue, works};
use super::{page, wording};
use crate::app::{SharedApp, blocking};
use crate::web::error::{PageError, hidden};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::entry::subject::SubjectKind;

/// `GET /label/{mbid}?offset=`.
pub async fn label(
    State(app): State<SharedApp>,
    mbid: Result<Path<String>, PathRejection>,
    position: Result<Query<Position>, QueryRejection>,
) -> Result<Response, PageError> {
    let mbid = read_mbid_of(mbid)?;
    let offset = position.map_or(0, |Query(position)| position.offset);
    blocking(&app, move |app| {
        if app.is_hidden(&mbid)? {
            return Err(hidden().into());
        }
        let found = with_catalogue(app, |catalogue| {
            let Some(record) = catalogue.label(&catalogue.resolve(&mbid)?)? else { return Ok(None) };
            let works = works(app, catalogue, &record.mbid, offset, "")?;
            Ok(Some((record, works)))
        })?;
        let Some((record, works)) = found else { return elsewhere(app, mbid) };
        if record.mbid != mbid {
            return Ok(Redirect::to(&format!("/label/{}", record.mbid)).into_response());
        }
        let code = record.label_code.map(|code| format!("LC {code}"));
        let facts = [record.disambiguation.clone(), record.kind.clone(), record.country.clone(), code];
        let written = descriptions::about(app, mbid, SubjectKind::Label)?;
        Ok(page(StatusCode::OK, &entity_page(app, "Label", record, works, wording::dotted(facts), written)))
    })
    .await
}
