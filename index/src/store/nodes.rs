//! What nodes say of themselves: the newest `node` entry of an author (`doc/ENTRY-FORMAT.md` section 15.4).
//!
//! Not here: whose entries are worth reading, and which of these nodes become peers.

use super::entries::read_head;
use super::{Store, StoreError};
use crate::entry::node::Node;
use crate::entry::{AuthorKey, Body, Kind, Scope};
use rusqlite::params;

/// Heads that are looked at for one author, the newest first: whoever has vouched more often since is not found.
/// There is no index on kinds, and an author's part of `core` may be long.
const MAX_HEADS_EACH: usize = 1_024;
/// Heads that are looked at in all: some tenths of a second.
const MAX_HEADS: usize = 65_536;

impl Store {
    /// What each of `authors` says newest of its node, in their order; no more than `enough` of them. An entry that
    /// is void, has no body here or is hidden by a ruling counts for nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn newest_nodes(
        &self,
        authors: &[AuthorKey],
        enough: usize,
    ) -> Result<Vec<(AuthorKey, Node)>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT head, body FROM entries WHERE author_no = (SELECT author_no FROM authors WHERE key = ?1)
                 AND scope = ?2 AND body IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM hidden_entries WHERE hidden_entries.seq = entries.seq)
                 ORDER BY n DESC LIMIT ?3",
            )?;
            let (mut nodes, mut looked_at) = (Vec::new(), 0);
            for author in authors {
                if nodes.len() >= enough || looked_at >= MAX_HEADS {
                    break;
                }
                let mut rows =
                    statement.query(params![author.0, Scope::Core as i64, MAX_HEADS_EACH as i64])?;
                while let Some(row) = rows.next()? {
                    looked_at += 1;
                    let head: Vec<u8> = row.get(0)?;
                    if read_head(&head)?.1.kind != Kind::Node.number() {
                        continue;
                    }
                    let body: Vec<u8> = row.get(1)?;
                    if let Ok(Body::Node(node)) = Body::from_bytes(Kind::Node.number(), &body) {
                        nodes.push((*author, node));
                        break;
                    }
                }
            }
            Ok(nodes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;
    use crate::entry::vouch::Vouch;
    use crate::ingest::ingest;

    fn node(name: &str) -> Node {
        let onion = Some(format!("{}.onion", "a".repeat(56)));
        Node { name: name.into(), onion, i2p: None, tracker: false, text: None }
    }

    #[test]
    fn the_newest_entry_that_counts_is_found_for_each_author() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let author = |secret: u8, said: &[Option<&str>]| {
            let mut author = Identity::from_secret([secret; 32]);
            let vouch =
                || Body::Vouch(Vouch { key: AuthorKey([9; 32]), grant: 1, withdrawn: false, note: None });
            let entries = (0..).zip(said).map(|(n, said)| match said {
                // A node without a name or an address is void.
                Some("") => author.sign(vec![0xa0], Kind::Node.number(), n, 494_000),
                said => {
                    let body = said.map_or_else(vouch, |name| Body::Node(node(name)));
                    author.sign(body.to_bytes().unwrap(), body.kind().number(), n, 494_000)
                }
            });
            ingest(&store, &entries.collect::<Vec<_>>(), None).unwrap();
            author.author()
        };
        let moved = author(1, &[Some("Old quay"), None, Some("New quay"), None, Some("")]);
        let silent = author(2, &[None, None]);
        let other = author(3, &[Some("Tideline")]);
        let names = |authors: &[AuthorKey], enough| -> Vec<String> {
            let nodes = store.newest_nodes(authors, enough).unwrap();
            nodes.into_iter().map(|(_, node)| node.name).collect()
        };
        assert_eq!(names(&[silent, moved, AuthorKey([7; 32]), other], 9), ["New quay", "Tideline"]);
        assert_eq!(names(&[other, moved], 9), ["Tideline", "New quay"]);
        assert_eq!(names(&[silent, moved, other], 1), ["New quay"]);
    }
}
