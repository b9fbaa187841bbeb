//! Records into the tables of a catalogue that is being made, and their tracks into the database `tracks`
//! that is attached to it. Nobody else sees either yet.

use super::addresses;
use super::kind::Kind;
use super::number_of;
use super::record::{Alias, CreditPart, Entity, Record, Relation, Release, ReleaseGroup};
use super::site::site_of;
use super::tracks;
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, Params, params};
use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, StoreError>;

/// Writes records; a record that comes again replaces the one before.
pub(super) struct Writer<'a> {
    db: &'a Connection,
    with_tracks: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(db: &'a Connection, with_tracks: bool) -> Self {
        Self { db, with_tracks }
    }

    /// Takes a record in.
    pub(super) fn write(&self, record: &Record) -> Result<()> {
        match record {
            Record::Artist(artist) => self.artist(artist),
            Record::Label(label) => self.label(label),
            Record::ReleaseGroup(group) => self.release_group(group),
            Record::Release(release) => self.release(release),
        }
    }

    fn artist(&self, artist: &Entity) -> Result<()> {
        let span = artist.life_span.as_ref();
        let owner_no = self.row(
            Kind::Artist,
            &artist.mbid,
            "INSERT OR IGNORE INTO artists
             (mbid, name, sort_name, disambiguation, type, country, begin_date, end_date, addresses)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                artist.mbid.as_bytes(),
                artist.name,
                some(&artist.sort_name).filter(|name| *name != artist.name),
                some(&artist.disambiguation),
                some(&artist.r#type),
                some(&artist.country),
                span.and_then(|span| some(&span.begin)),
                span.and_then(|span| some(&span.end)),
                addresses(&artist.relations),
            ],
        )?;
        self.aliases(Kind::Artist, owner_no, &artist.name, &artist.aliases)
    }

    fn label(&self, label: &Entity) -> Result<()> {
        let owner_no = self.row(
            Kind::Label,
            &label.mbid,
            "INSERT OR IGNORE INTO labels (mbid, name, disambiguation, type, country, label_code, addresses)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                label.mbid.as_bytes(),
                label.name,
                some(&label.disambiguation),
                some(&label.r#type),
                some(&label.country),
                label.label_code,
                addresses(&label.relations),
            ],
        )?;
        self.aliases(Kind::Label, owner_no, &label.name, &label.aliases)
    }

    fn release_group(&self, group: &ReleaseGroup) -> Result<()> {
        let owner_no = self.row(
            Kind::ReleaseGroup,
            &group.mbid,
            "INSERT OR IGNORE INTO release_groups
             (mbid, title, primary_type, secondary_types, first_release_date, disambiguation, credit_no,
              addresses)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                group.mbid.as_bytes(),
                group.title,
                some(&group.primary_type),
                some(&group.secondary_types.join(",")),
                some(&group.first_release_date),
                some(&group.disambiguation),
                self.credit_no(&group.artist_credit)?,
                addresses(&group.relations),
            ],
        )?;
        self.aliases(Kind::ReleaseGroup, owner_no, &group.title, &group.aliases)
    }

    fn release(&self, release: &Release) -> Result<()> {
        let first = release.release_events.first();
        let text = release.text_representation.as_ref();
        let release_no = self.row(
            Kind::Release,
            &release.mbid,
            "INSERT OR IGNORE INTO releases
             (mbid, release_group_mbid, title, status, date, country, barcode, asin, packaging, language,
              script, disambiguation, credit_no, addresses)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                release.mbid.as_bytes(),
                bytes(release.release_group.as_ref().and_then(|group| group.mbid())),
                release.title,
                some(&release.status),
                some(&release.date).or_else(|| first.and_then(|event| some(&event.date))),
                some(&release.country).or_else(|| first.and_then(|event| some(event.country()))),
                some(&release.barcode),
                some(&release.asin),
                some(&release.packaging),
                text.and_then(|text| some(&text.language)),
                text.and_then(|text| some(&text.script)),
                some(&release.disambiguation),
                self.credit_no(&release.artist_credit)?,
                addresses(&release.relations),
            ],
        )?;
        let sql = "INSERT INTO release_events (release_no, position, date, country) VALUES (?1, ?2, ?3, ?4)";
        for (position, event) in (0i64..).zip(&release.release_events).skip(1) {
            self.run(sql, params![release_no, position, some(&event.date), some(event.country())])?;
        }
        let sql =
            "INSERT INTO release_labels (release_no, position, label_mbid, label_name, catalogue_number)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        for (position, info) in (0i64..).zip(&release.label_info) {
            let label = info.label.as_ref();
            let mbid = bytes(label.and_then(|label| label.mbid()));
            let name = label.and_then(|label| some(&label.name));
            self.run(sql, params![release_no, position, mbid, name, some(&info.catalog_number)])?;
        }
        let sql = "INSERT INTO media (release_no, position, format, title, track_count)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        for (position, medium) in (0i64..).zip(&release.media) {
            let (format, title) = (some(&medium.format), some(&medium.title));
            self.run(sql, params![release_no, position, format, title, medium.track_count])?;
        }
        if self.with_tracks {
            // Compression into memory does not fail.
            let row = tracks::encode(release).map_err(|_| StoreError::Damaged("tracks cannot be packed"))?;
            if let Some(row) = row {
                let sql = "INSERT INTO tracks.release_tracks (release_no, tracks) VALUES (?1, ?2)";
                self.run(sql, params![release_no, row])?;
            }
        }
        self.aliases(Kind::Release, release_no, &release.title, &release.aliases)
    }

    /// Inserts a row and returns its number.
    fn row(&self, kind: Kind, mbid: &Uuid, sql: &str, values: impl Params + Copy) -> Result<i64> {
        if self.run(sql, values)? == 0 {
            self.forget(kind, mbid)?;
            self.run(sql, values)?;
        }
        Ok(self.db.last_insert_rowid())
    }

    /// Removes a record and what belongs to it alone.
    fn forget(&self, kind: Kind, mbid: &Uuid) -> Result<()> {
        let sql = format!("SELECT rowid FROM {} WHERE mbid = ?1", kind.table());
        let mbid = mbid.as_bytes();
        let Some(number) =
            self.db.prepare_cached(&sql)?.query_row([mbid], |row| row.get::<_, i64>(0)).optional()?
        else {
            return Ok(());
        };
        self.run("DELETE FROM aliases WHERE kind = ?1 AND owner_no = ?2", params![kind as i64, number])?;
        if kind == Kind::Release {
            for table in ["release_events", "release_labels", "media"] {
                self.run(&format!("DELETE FROM {table} WHERE release_no = ?1"), [number])?;
            }
            if self.with_tracks {
                self.run("DELETE FROM tracks.release_tracks WHERE release_no = ?1", [number])?;
            }
        }
        self.run(&format!("DELETE FROM {} WHERE rowid = ?1", kind.table()), [number])?;
        Ok(())
    }

    fn aliases(&self, kind: Kind, owner_no: i64, name: &str, aliases: &[Alias]) -> Result<()> {
        // The same alias may be there for several languages; one row is enough to be found by.
        let sql = "INSERT OR IGNORE INTO aliases (kind, owner_no, name, locale, is_primary)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        for alias in aliases.iter().filter(|alias| !alias.name.is_empty() && alias.name != name) {
            self.run(sql, params![kind as i64, owner_no, alias.name, some(&alias.locale), alias.primary])?;
        }
        Ok(())
    }

    /// The number of a credit, which is written if it is new.
    fn credit_no(&self, parts: &[CreditPart]) -> Result<Option<i64>> {
        if parts.is_empty() {
            return Ok(None);
        }
        let mut credit = String::new();
        let mut hash = Sha256::new();
        for part in parts {
            credit += &part.name;
            credit += &part.joinphrase;
            let mbid = part.artist.as_ref().and_then(|artist| artist.mbid()).unwrap_or_default();
            hash.update(mbid.as_bytes());
            for text in [&part.name, &part.joinphrase] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
        }
        let mut number = number_of(hash.finalize().into());
        let sql = "INSERT OR IGNORE INTO artist_credits (credit_no, credit) VALUES (?1, ?2)";
        while self.run(sql, params![number, credit])? == 0 {
            let sql = "SELECT credit FROM artist_credits WHERE credit_no = ?1";
            let known: String = self.db.prepare_cached(sql)?.query_row([number], |row| row.get(0))?;
            if known == credit {
                return Ok(Some(number));
            }
            // Two credits with the same 63 bits.
            number = number.wrapping_add(1) & i64::MAX;
        }
        let sql = "INSERT INTO artist_credit_names (credit_no, position, artist_mbid, name, join_phrase)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        for (position, part) in (0i64..).zip(parts) {
            let mbid = bytes(part.artist.as_ref().and_then(|artist| artist.mbid()));
            self.run(sql, params![number, position, mbid, part.name, part.joinphrase])?;
        }
        Ok(Some(number))
    }

    fn run(&self, sql: &str, values: impl Params) -> Result<usize> {
        Ok(self.db.prepare_cached(sql)?.execute(values)?)
    }
}

/// The addresses among relations, as a row has them.
fn addresses(relations: &[Relation]) -> Option<Vec<u8>> {
    addresses::encode(relations.iter().filter_map(site_of))
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn bytes(mbid: Option<Uuid>) -> Option<[u8; 16]> {
    mbid.map(|mbid| *mbid.as_bytes())
}
