//! Profiles: what people say of themselves; the newest of each author counts.

use super::authored::{author_no, load_first};
use super::{Authored, Fold, Place};
use crate::entry::AuthorKey;
use crate::entry::texts::Profile;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};

pub(super) fn insert(fold: &Fold<'_>, place: &Place) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO profiles (seq, author_no, n) VALUES (?1, ?2, ?3)",
        params![place.seq, place.author_no, place.n],
    )
}

pub(crate) fn profile(db: &Connection, author_no: i64) -> Result<Option<Authored<Profile>>, StoreError> {
    let sql = "SELECT seq FROM profiles WHERE author_no = ?1 ORDER BY n DESC LIMIT 1";
    load_first(db, sql, &[&author_no], Profile::from_body)
}

impl Store {
    /// An author's newest profile.
    pub fn profile(&self, author: &AuthorKey) -> Result<Option<Authored<Profile>>, StoreError> {
        self.read(|db| match author_no(db, author)? {
            Some(author_no) => profile(db, author_no),
            None => Ok(None),
        })
    }
}
