//! An entry as a line of JSON: the bytes in hexadecimal, and beside them what they say.

use crate::entry::json::body_to_json;
use crate::entry::{AuthorKey, EntryId, Kind, Scope};
use crate::store::StoreError;
use crate::store::entries::{StoredEntry, read_head};
use data_encoding::HEXLOWER;
use serde::Serialize;

#[derive(Serialize)]
struct Line {
    id: EntryId,
    author: AuthorKey,
    kind: u64,
    kind_name: Option<&'static str>,
    scope: Scope,
    n: u64,
    created: u64,
    head: String,
    body: Option<String>,
    content: Option<serde_json::Value>,
    /// Where a ruling hides it; the line says nothing where none does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
}

/// Writes the line of an entry, with its newline.
pub(super) fn write(entry: &StoredEntry, hidden: bool, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let (author, statement) = read_head(&entry.head)?;
    let line = Line {
        id: entry.id,
        author,
        kind: statement.kind,
        kind_name: Kind::from_number(statement.kind).map(Kind::name),
        scope: statement.scope(),
        n: statement.n,
        created: statement.created_hours,
        head: HEXLOWER.encode(&entry.head),
        body: entry.body.as_deref().map(|body| HEXLOWER.encode(body)),
        content: entry.body.as_deref().and_then(|body| body_to_json(statement.kind, body)),
        hidden,
    };
    serde_json::to_writer(&mut *out, &line)
        .map_err(|_| StoreError::Damaged("an entry cannot be written as JSON"))?;
    out.push(b'\n');
    Ok(())
}
