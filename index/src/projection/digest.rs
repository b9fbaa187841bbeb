//! Digests: one hash for each projection, equal wherever the set is.
//!
//! What is hashed is what readers get: the rows by entry id, and all that is derived from them, through
//! the same functions. Nothing in it depends on this node: no positions, no numbers of authors.

use super::{
    TABLES, authored, collage_items, collages, column, comments, descriptions, duplicates, hidden, links,
};
use super::{own_releases, profiles, reports, requests, subjects, tags, topics, votes, wants};
use crate::entry::request::Request;
use crate::entry::{EntryId, Kind};
use crate::store::{Store, StoreError};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

impl Store {
    /// The digest of each projection, by its name. All of one moment.
    pub fn projection_digests(&self) -> Result<BTreeMap<&'static str, [u8; 32]>, StoreError> {
        self.read(|db| {
            let digest = |&(kind, table): &(Kind, &'static str)| {
                let mut digest = Digest { db, hash: Sha256::new() };
                digest.rows(table)?;
                digest.derived(kind)?;
                Ok((table, digest.hash.finalize().into()))
            };
            let mut digests = TABLES.iter().map(digest).collect::<Result<BTreeMap<_, _>, StoreError>>()?;
            let mut rulings = Digest { db, hash: Sha256::new() };
            rulings.rulings()?;
            digests.insert("rulings", rulings.hash.finalize().into());
            Ok(digests)
        })
    }
}

struct Digest<'a> {
    db: &'a Connection,
    hash: Sha256,
}

impl Digest<'_> {
    /// What is serialised says where it ends, so nothing can shift from one item to the next.
    fn add(&mut self, item: &impl Serialize) -> Result<(), StoreError> {
        let item = serde_json::to_vec(item);
        self.hash.update(item.map_err(|_| StoreError::Damaged("what is shown cannot be written as JSON"))?);
        self.hash.update(b"\n");
        Ok(())
    }

    /// All rows with all columns but those that are this node's own.
    fn rows(&mut self, table: &str) -> Result<(), StoreError> {
        // CROSS JOIN: SQLite is not to walk all entries for the few of a small projection.
        let sql = format!(
            "SELECT entries.id AS entry, {table}.* FROM {table} CROSS JOIN entries USING (seq) ORDER BY entries.id"
        );
        let mut statement = self.db.prepare(&sql)?;
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (index, name) in names.iter().enumerate() {
                if name != "seq" && name != "author_no" {
                    self.value(row, index)?;
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, row: &Row<'_>, index: usize) -> Result<(), StoreError> {
        match row.get_ref(index)? {
            ValueRef::Null => self.add(&()),
            ValueRef::Integer(number) => self.add(&number),
            ValueRef::Real(number) => self.add(&number.to_bits()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => self.add(&bytes),
        }
    }

    fn keys<const N: usize>(&self, sql: &str) -> Result<Vec<[u8; N]>, StoreError> {
        column(self.db, sql, &[])
    }

    fn derived(&mut self, kind: Kind) -> Result<(), StoreError> {
        let db = self.db;
        match kind {
            Kind::Link => self.groups()?,
            Kind::OwnRelease => {
                for uuid in self.keys("SELECT DISTINCT uuid FROM own_releases ORDER BY uuid")? {
                    let record = own_releases::own_release(db, &Uuid::from_bytes(uuid))?;
                    self.add(&record.map(|record| (record.entry, record.group())))?;
                }
                for group in self.keys("SELECT DISTINCT group_mbid FROM own_releases ORDER BY group_mbid")? {
                    let records = own_releases::own_releases_of_group(db, &Uuid::from_bytes(group))?;
                    self.add(&ids(&records))?;
                }
            }
            Kind::Description => {
                for subject in subjects(db, "descriptions")? {
                    for text in descriptions::descriptions(db, &subject)? {
                        self.add(&(&subject, text.current.entry, ids(&text.history), text.tally))?;
                    }
                }
            }
            Kind::Tag => {
                for subject in subjects(db, "tags")? {
                    self.add(&(&subject, tags::tags(db, &subject)?))?;
                }
            }
            Kind::Vote => {
                for subject in subjects(db, "votes")? {
                    let (tally, votes) = (votes::tally(db, &[&subject])?, votes::votes(db, &subject)?);
                    self.add(&(&subject, tally, ids(&votes)))?;
                }
            }
            Kind::Report => {
                for subject in subjects(db, "reports")? {
                    let reasons = reports::reasons(db, &[&subject])?;
                    self.add(&(&subject, reasons, ids(&reports::reports(db, &subject)?)))?;
                }
            }
            Kind::Comment => {
                for subject in subjects(db, "comments")? {
                    for seq in comments::order(db, &subject)? {
                        let sql = "SELECT id FROM entries WHERE seq = ?1";
                        self.add(&(&subject, column::<[u8; 32]>(db, sql, &[&seq])?))?;
                    }
                }
            }
            Kind::Topic => {
                for section in topics::sections(db)? {
                    for topic in topics::topics(db, &section.section, &super::Page::ALL)? {
                        self.add(&(&section, topic.topic.entry, topic.comments, topic.last_hours))?;
                    }
                }
            }
            Kind::Collage => {
                for id in self.keys("SELECT collage FROM collages WHERE is_first ORDER BY collage")? {
                    let collage = collages::collage(db, &EntryId(id))?;
                    self.add(&(id, collage.map(|(collage, _)| collage.current.entry)))?;
                }
            }
            Kind::CollageItem => {
                for id in self.keys("SELECT collage FROM collages WHERE is_first ORDER BY collage")? {
                    let items = collage_items::items(db, &EntryId(id))?;
                    self.add(&(id, items.map(|of| ids(&of.items))))?;
                }
            }
            Kind::Request => self.requests()?,
            Kind::Want => {
                for subject in subjects(db, "wants")? {
                    self.add(&(&subject, wants::wants(db, &subject)?))?;
                }
            }
            Kind::Profile => {
                let sql = "SELECT DISTINCT key FROM profiles JOIN authors USING (author_no) ORDER BY key";
                for key in self.keys(sql)? {
                    let author_no = authored::author_no(db, &crate::entry::AuthorKey(key))?;
                    let profile = author_no.map(|author_no| profiles::profile(db, author_no)).transpose()?;
                    self.add(&(key, profile.flatten().map(|profile| profile.entry)))?;
                }
            }
            Kind::Retract => {
                let sql = "SELECT id FROM retracts JOIN entries ON target = id
                           WHERE retracts.author_no = entries.author_no ORDER BY id";
                for id in self.keys::<32>(sql)? {
                    self.add(&id)?;
                }
            }
            // Its rows are all there is; requests show them.
            Kind::Fill => {}
            _ => {}
        }
        Ok(())
    }

    /// What falls, whose votes do not count, and which entries are hidden. By which of several rulings an
    /// entry is hidden depends on which came first, and is this node's own.
    fn rulings(&mut self) -> Result<(), StoreError> {
        for subject in hidden::fallen(self.db)? {
            self.add(&subject)?;
        }
        let mut weightless = hidden::weightless(self.db)?;
        weightless.sort_unstable();
        self.add(&weightless)?;
        for id in self.keys::<32>("SELECT id FROM hidden_entries JOIN entries USING (seq) ORDER BY id")? {
            self.add(&id)?;
        }
        Ok(())
    }

    fn groups(&mut self) -> Result<(), StoreError> {
        let db = self.db;
        for mbid in self.keys("SELECT DISTINCT group_mbid FROM links ORDER BY group_mbid")? {
            let mbid = Uuid::from_bytes(mbid);
            let group = links::group(db, &mbid)?;
            let names =
                group.as_ref().map(|group| (group.artist(), group.title(), group.year(), group.types()));
            self.add(&(mbid, names, votes::group_score(db, &mbid)?))?;
            for edition in duplicates::editions(db, &mbid)? {
                self.add(&(edition.release, &edition.edition))?;
                for torrent in &edition.torrents {
                    let links: Vec<_> = torrent.links().map(|link| link.entry).collect();
                    self.add(&(links, torrent.tally, &torrent.reports, &torrent.duplicates))?;
                }
            }
        }
        Ok(())
    }

    fn requests(&mut self) -> Result<(), StoreError> {
        let db = self.db;
        let sql = "SELECT seq FROM requests JOIN entries USING (seq) ORDER BY id";
        for request in authored::load_all(db, sql, &[], Request::from_body)? {
            let request = requests::complete(db, request)?;
            let fills = request.fills.iter();
            let fills: Vec<_> = fills
                .map(|fill| (fill.fill.entry, fill.link.as_ref().map(|link| link.entry), fill.accepted))
                .collect();
            self.add(&(request.request.entry, request.wants, fills))?;
        }
        Ok(())
    }
}

fn ids<T>(entries: &[super::Authored<T>]) -> Vec<EntryId> {
    entries.iter().map(|entry| entry.entry).collect()
}
