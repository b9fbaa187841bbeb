//! What one author has linked: for the page and the feed of a contributor.

use super::authored::{author_no, load};
use super::links::LinkEntry;
use super::{Page, column, limit_and_offset};
use crate::entry::link::Link;
use crate::entry::{AuthorKey, Scope};
use crate::store::{Store, StoreError};

/// The links of an author that count, with how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contributions {
    /// How many links there are.
    pub total: u64,
    /// Those that were asked for, the one with the highest n first.
    pub links: Vec<LinkEntry>,
}

impl Store {
    /// The links of an author, newest first; `None` if this node has no entry by them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn links_of_author(
        &self,
        author: &AuthorKey,
        page: Page,
    ) -> Result<Option<Contributions>, StoreError> {
        // By the slots of the author, of which there are no more than the quota allows.
        const LINKS: &str = "FROM entries CROSS JOIN links USING (seq)
                             WHERE entries.author_no = ?1 AND entries.scope = ?2";
        let scope = Scope::Main as i64;
        let [limit, offset] = limit_and_offset(&page);
        self.read(|db| {
            let Some(author_no) = author_no(db, author)? else { return Ok(None) };
            let total: Vec<i64> = column(db, &format!("SELECT count(*) {LINKS}"), &[&author_no, &scope])?;
            let sql = format!("SELECT seq {LINKS} ORDER BY entries.n DESC LIMIT ?3 OFFSET ?4");
            let seqs: Vec<i64> = column(db, &sql, &[&author_no, &scope, &limit, &offset])?;
            let links = seqs.into_iter().map(|seq| Ok(load(db, seq, Link::from_body)?.into()));
            let links = links.collect::<Result<_, StoreError>>()?;
            Ok(Some(Contributions { total: total.first().map_or(0, |total| *total as u64), links }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;
    use crate::entry::json::body_from_json;
    use crate::ingest::ingest;

    #[test]
    fn an_authors_links_come_newest_first_and_in_pages() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let link = |number: u64| {
            let text = format!(
                r#"{{"infohash_v1":"{number:040x}","mbid":"8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0",
                    "mbid_kind":"release-group","artist":"Nell Aster","title":"Low Water"}}"#
            );
            body_from_json(32, text.as_bytes()).unwrap()
        };
        let (mut nell, mut otto) = (Identity::from_secret([3; 32]), Identity::from_secret([4; 32]));
        let mut entries: Vec<_> = (0..5).map(|n| nell.sign(link(n), 32, n, 494_000)).collect();
        entries.push(otto.sign(link(9), 32, 0, 494_000));
        // A void entry is none of them.
        entries.push(nell.sign(vec![0xa0], 32, 5, 494_000));
        ingest(&store, &entries, None).unwrap();
        let found = store.links_of_author(&nell.author(), Page { offset: 1, limit: 2 }).unwrap().unwrap();
        assert_eq!(found.total, 5);
        let expected: Vec<_> = [3, 2].map(|n: usize| entries[n].head().id()).to_vec();
        assert_eq!(found.links.iter().map(|link| link.entry).collect::<Vec<_>>(), expected);
        assert_eq!(store.links_of_author(&AuthorKey([9; 32]), Page::ALL).unwrap(), None);
    }
}
