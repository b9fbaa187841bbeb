//! What entries say, as rows: one function for each kind, reading through the projections what counts.

use super::{Number, Progress, Writer, hex};
use crate::entry::EntryId;
use crate::entry::link::Link;
use crate::entry::opinion::{Report, Tag};
use crate::entry::own_release::OwnRelease;
use crate::entry::reason::Reason;
use crate::entry::request::{Request, Want};
use crate::entry::retract::Retract;
use crate::entry::subject::Subject;
use crate::entry::texts::{Comment, Topic};
use crate::mbid::MbidKind;
use crate::projection::authored::{Authored, load};
use crate::projection::collage_items::ItemsOfCollage;
use crate::projection::{
    collage_items, column, descriptions, links, profiles, reports, requests, subjects, votes,
};
use crate::store::StoreError;
use rusqlite::ToSql;
use uuid::Uuid;

impl<F: FnMut(Progress)> Writer<'_, F> {
    pub(super) fn all_rows(&mut self) -> Result<(), StoreError> {
        self.links()?;
        self.groups()?;
        self.own_releases()?;
        self.descriptions()?;
        self.each("tags", "subject, tag, author_no", Tag::from_body, Self::tag)?;
        self.votes()?;
        self.reports()?;
        self.each("comments", "", Comment::from_body, Self::comment)?;
        self.each("topics", "", Topic::from_body, Self::topic)?;
        self.collages()?;
        self.each("requests", "", Request::from_body, Self::request)?;
        self.each("wants", "subject, author_no", Want::from_body, Self::want)?;
        self.profiles()?;
        self.each("retracts", "", Retract::from_body, Self::retract)
    }

    /// Calls `row` for the entries of a projection by id, for the newest of each of what `newest_of` names.
    fn each<T, E>(
        &mut self,
        table: &str,
        newest_of: &str,
        read: fn(&[u8]) -> Result<T, E>,
        row: fn(&mut Self, &Authored<T>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let rows = if newest_of.is_empty() {
            table.to_owned()
        } else {
            format!("(SELECT seq, max(n) FROM {table} GROUP BY {newest_of})")
        };
        let sql =
            format!("SELECT counting.seq FROM {rows} AS counting CROSS JOIN entries USING (seq) ORDER BY id");
        for seq in column::<i64>(self.db, &sql, &[])? {
            row(self, &load(self.db, seq, read)?)?;
            self.count_read();
        }
        Ok(())
    }

    fn links(&mut self) -> Result<(), StoreError> {
        self.each("links", "", Link::from_body, |writer, link| {
            let (said, edition) = (&link.body, &link.body.edition);
            writer.row(
                "links",
                &link.entry.0,
                &[
                    ("group_mbid", &said.group().to_string()),
                    ("mbid", &said.mbid.to_string()),
                    ("mbid_kind", &mbid_kind(said.mbid_kind)),
                    ("infohash_v1", &said.infohash_v1.map(|hash| hex(&hash))),
                    ("infohash_v2", &said.infohash_v2.map(|hash| hex(&hash))),
                    ("artist", &said.artist),
                    ("title", &said.title),
                    ("year", &said.year),
                    ("types", &list(&said.types)),
                    ("media", &said.media),
                    ("format", &said.format),
                    ("encoding", &said.encoding),
                    ("size_bytes", &said.size_bytes.map(Number)),
                    ("file_count", &said.file_count.map(Number)),
                    ("log", &said.log),
                    ("log_score", &said.log_score),
                    ("cue", &said.cue),
                    ("edition_title", &edition.title),
                    ("edition_year", &edition.year),
                    ("edition_label", &edition.label),
                    ("edition_catno", &edition.catno),
                    ("edition_country", &edition.country),
                    ("edition_barcode", &edition.barcode),
                    ("name", &said.name),
                    ("trackers", &list(&said.trackers)),
                ],
            )?;
            for (number, file) in (1i64..).zip(&said.files) {
                let columns: [(&str, &dyn ToSql); 3] =
                    [("number", &number), ("path", &file.path), ("size_bytes", &Number(file.size_bytes))];
                writer.row("link_files", &link.entry.0, &columns)?;
            }
            Ok(())
        })
    }

    /// Groups are nobody's entries: their rows have no seq.
    fn groups(&mut self) -> Result<(), StoreError> {
        let mbids: Vec<[u8; 16]> =
            column(self.db, "SELECT DISTINCT group_mbid FROM links ORDER BY group_mbid", &[])?;
        for mbid in mbids.into_iter().map(Uuid::from_bytes) {
            let Some(group) = links::group(self.db, &mbid)? else { continue };
            let score = votes::group_score(self.db, &mbid)?;
            let links: i64 = self
                .db
                .prepare_cached("SELECT count(*) FROM links WHERE group_mbid = ?1")?
                .query_row([mbid.as_bytes()], |row| row.get(0))?;
            self.copy
                .prepare_cached(
                    "INSERT INTO groups (mbid, artist, title, year, types, links, score)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(rusqlite::params![
                    mbid.to_string(),
                    group.artist(),
                    group.title(),
                    group.year(),
                    list(group.types()),
                    links,
                    score
                ])?;
        }
        Ok(())
    }

    fn own_releases(&mut self) -> Result<(), StoreError> {
        self.each("own_releases", "", OwnRelease::from_body, |writer, record| {
            let said = &record.body;
            let labels: Vec<_> = said.labels.iter().filter_map(|label| label.name.clone()).collect();
            let catnos: Vec<_> = said.labels.iter().filter_map(|label| label.catno.clone()).collect();
            writer.row(
                "own_releases",
                &record.entry.0,
                &[
                    ("uuid", &record.uuid().to_string()),
                    ("group_mbid", &record.group().to_string()),
                    ("title", &said.title),
                    ("artist", &said.artist()),
                    ("types", &list(&said.types)),
                    ("date", &said.date),
                    ("country", &said.country),
                    ("labels", &list(&labels)),
                    ("catnos", &list(&catnos)),
                    ("barcode", &said.barcode),
                    ("status", &said.status),
                    ("language", &said.language),
                    ("disambiguation", &said.disambiguation),
                    ("urls", &list(&said.urls)),
                ],
            )?;
            for (medium_number, medium) in (1i64..).zip(&said.media) {
                for (number, track) in (1i64..).zip(&medium.tracks) {
                    let columns: [(&str, &dyn ToSql); 7] = [
                        ("medium", &medium_number),
                        ("format", &medium.format),
                        ("track", &number),
                        ("number", &track.number),
                        ("title", &track.title),
                        ("artist", &track.artist),
                        ("length_ms", &track.length_ms),
                    ];
                    writer.row("own_release_tracks", &record.entry.0, &columns)?;
                }
            }
            Ok(())
        })
    }

    fn descriptions(&mut self) -> Result<(), StoreError> {
        for subject in subjects(self.db, "descriptions")? {
            for described in descriptions::descriptions(self.db, &subject)? {
                let current = [(&described.current, true)].into_iter();
                for (text, is_current) in current.chain(described.history.iter().map(|text| (text, false))) {
                    let (subject, kind) = subject_columns(&text.body.subject);
                    let columns: [(&str, &dyn ToSql); 6] = [
                        ("subject", &subject),
                        ("subject_kind", &kind),
                        ("is_current", &is_current),
                        ("text", &text.body.text),
                        ("language", &text.body.language),
                        ("replaces", &text.body.replaces.map(|id| hex(&id.0))),
                    ];
                    self.row("descriptions", &text.entry.0, &columns)?;
                }
            }
        }
        Ok(())
    }

    fn tag(&mut self, tag: &Authored<Tag>) -> Result<(), StoreError> {
        if tag.body.withdrawn {
            return Ok(());
        }
        let (subject, kind) = subject_columns(&tag.body.subject);
        let columns: [(&str, &dyn ToSql); 3] =
            [("subject", &subject), ("subject_kind", &kind), ("tag", &tag.body.tag)];
        self.row("tags", &tag.entry.0, &columns)
    }

    fn votes(&mut self) -> Result<(), StoreError> {
        for subject in subjects(self.db, "votes")? {
            for vote in votes::votes(self.db, &subject)? {
                let (subject, kind) = subject_columns(&vote.body.subject);
                let columns: [(&str, &dyn ToSql); 6] = [
                    ("subject", &subject),
                    ("subject_kind", &kind),
                    ("value", &vote.body.value),
                    ("reason", &vote.body.reason.map(Reason::word)),
                    ("reason_number", &vote.body.reason.map(|reason| Number(reason.number()))),
                    ("note", &vote.body.note),
                ];
                self.row("votes", &vote.entry.0, &columns)?;
            }
        }
        Ok(())
    }

    fn reports(&mut self) -> Result<(), StoreError> {
        for subject in subjects(self.db, "reports")? {
            for report in reports::reports(self.db, &subject)? {
                self.report(&report)?;
            }
        }
        Ok(())
    }

    fn report(&mut self, report: &Authored<Report>) -> Result<(), StoreError> {
        let (subject, kind) = subject_columns(&report.body.subject);
        let (other, other_kind) = report.body.other.as_ref().map(subject_columns).unzip();
        let columns: [(&str, &dyn ToSql); 7] = [
            ("subject", &subject),
            ("subject_kind", &kind),
            ("reason", &report.body.reason.word()),
            ("reason_number", &Number(report.body.reason.number())),
            ("note", &report.body.note),
            ("other", &other),
            ("other_kind", &other_kind),
        ];
        self.row("reports", &report.entry.0, &columns)
    }

    fn comment(&mut self, comment: &Authored<Comment>) -> Result<(), StoreError> {
        let (subject, kind) = subject_columns(&comment.body.subject);
        let columns: [(&str, &dyn ToSql); 4] = [
            ("subject", &subject),
            ("subject_kind", &kind),
            ("reply_to", &comment.body.reply_to.map(|id| hex(&id.0))),
            ("text", &comment.body.text),
        ];
        self.row("comments", &comment.entry.0, &columns)
    }

    fn topic(&mut self, topic: &Authored<Topic>) -> Result<(), StoreError> {
        let Topic { section, title, text } = &topic.body;
        let columns: [(&str, &dyn ToSql); 3] = [("section", section), ("title", title), ("text", text)];
        self.row("topics", &topic.entry.0, &columns)
    }

    fn collages(&mut self) -> Result<(), StoreError> {
        let ids: Vec<[u8; 32]> =
            column(self.db, "SELECT collage FROM collages WHERE is_first ORDER BY collage", &[])?;
        for id in ids {
            let Some(of) = collage_items::items(self.db, &EntryId(id))? else { continue };
            let ItemsOfCollage { collage, items } = of;
            let (id, said) = (hex(&id), &collage.current.body);
            let columns: [(&str, &dyn ToSql); 5] = [
                ("collage", &id),
                ("title", &said.title),
                ("description", &said.description),
                ("category", &said.category),
                ("open", &said.open),
            ];
            self.row("collages", &collage.current.entry.0, &columns)?;
            for (position, item) in (1i64..).zip(items) {
                let (name, kind) = subject_columns(&item.body.item);
                let columns: [(&str, &dyn ToSql); 6] = [
                    ("collage", &id),
                    ("position", &position),
                    ("item", &name),
                    ("item_kind", &kind),
                    ("sort", &item.body.sort),
                    ("note", &item.body.note),
                ];
                self.row("collage_items", &item.entry.0, &columns)?;
            }
        }
        Ok(())
    }

    fn request(&mut self, request: &Authored<Request>) -> Result<(), StoreError> {
        let current = requests::complete(self.db, request.clone())?;
        let said = &request.body;
        let (mbid, mbid_kind) = said.subject.as_ref().map(subject_columns).unzip();
        self.row(
            "requests",
            &request.entry.0,
            &[
                ("mbid", &mbid),
                ("mbid_kind", &mbid_kind),
                ("artist", &said.artist),
                ("title", &said.title),
                ("year", &said.year),
                ("formats", &list(&said.formats)),
                ("encodings", &list(&said.encodings)),
                ("media", &list(&said.media)),
                ("log", &said.log),
                ("cue", &said.cue),
                ("note", &said.note),
                ("wants", &Number(current.wants)),
                ("filled", &current.is_filled()),
            ],
        )?;
        for fill in &current.fills {
            let columns: [(&str, &dyn ToSql); 4] = [
                ("request", &hex(&request.entry.0)),
                ("link", &hex(&fill.fill.body.link.0)),
                ("accepted", &fill.accepted),
                ("note", &fill.fill.body.note),
            ];
            self.row("fills", &fill.fill.entry.0, &columns)?;
        }
        Ok(())
    }

    fn want(&mut self, want: &Authored<Want>) -> Result<(), StoreError> {
        if want.body.withdrawn {
            return Ok(());
        }
        let (subject, kind) = subject_columns(&want.body.subject);
        self.row("wants", &want.entry.0, &[("subject", &subject), ("subject_kind", &kind)])
    }

    fn profiles(&mut self) -> Result<(), StoreError> {
        let authors: Vec<i64> = column(
            self.db,
            "SELECT author_no FROM authors WHERE author_no IN (SELECT author_no FROM profiles) ORDER BY key",
            &[],
        )?;
        for author_no in authors {
            let Some(profile) = profiles::profile(self.db, author_no)? else { continue };
            let said = &profile.body;
            let columns: [(&str, &dyn ToSql); 3] =
                [("name", &said.name), ("text", &said.text), ("urls", &list(&said.urls))];
            self.row("profiles", &profile.entry.0, &columns)?;
        }
        Ok(())
    }

    fn retract(&mut self, retract: &Authored<Retract>) -> Result<(), StoreError> {
        let columns: [(&str, &dyn ToSql); 2] =
            [("target", &hex(&retract.body.entry.0)), ("note", &retract.body.note)];
        self.row("retracts", &retract.entry.0, &columns)
    }
}

/// A subject's name, and what it is.
fn subject_columns(subject: &Subject) -> (String, &'static str) {
    match subject {
        Subject::Mbid { mbid, kind } => (mbid.to_string(), kind.name()),
        Subject::Entry(id) => (hex(&id.0), "entry"),
    }
}

fn mbid_kind(kind: MbidKind) -> &'static str {
    // The same words as in the JSON form of links.
    kind.url_segment()
}

/// Texts as a JSON array; nothing where there are none.
fn list(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| serde_json::Value::from(texts.to_vec()).to_string())
}
