//! `private.db`: accounts, with their keys as the node's program encrypted them, invites, and entries of
//! accounts that lost their n.
//!
//! Not here: passphrases, encryption and sessions, which are the program's. Nothing in this file can open a key.

use super::private::Subject;
use super::{Store, StoreError, lock};
use crate::entry::identity::NextN;
use crate::entry::{AuthorKey, EntryId, Scope, VerifiedEntry};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Accounts of one node: their owners wait for each other when keys are opened, and each may take a vouch.
pub const MAX_ACCOUNTS: u64 = 10_000;
/// Invites that are not used yet.
pub const MAX_INVITES: u64 = 1_000;
/// Lost entries that are kept for one account; the oldest ones go first.
const MAX_LOSSES: i64 = 50;

/// A secret key under a passphrase, with all that it takes to open it but the passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Memory of the derivation.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Salt of the derivation.
    pub salt: [u8; 16],
    /// Nonce of the encryption.
    pub nonce: [u8; 24],
    /// The encrypted key with its tag.
    pub text: [u8; 48],
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its public key.
    pub author: AuthorKey,
    /// Its name as its owner typed it.
    pub name: String,
    /// Its name as it is compared.
    pub folded: String,
    /// Its secret key.
    pub sealed: Sealed,
    /// The lowest n that it never used.
    pub next_n: NextN,
}

/// What became of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    Added,
    /// Another account has the name.
    NameTaken,
    /// Another account has the key.
    KeyTaken,
    /// The invite is unknown, used or too old.
    NoInvite,
    /// There are [`MAX_ACCOUNTS`].
    Full,
}

/// An entry of an account that lost its n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The entry.
    pub id: EntryId,
    /// Its kind.
    pub kind: u64,
    /// What it is about.
    pub subject: Subject,
    /// What it says.
    pub body: Vec<u8>,
    /// The entry that says so now.
    pub again: Option<EntryId>,
}

impl Store {
    /// Keeps a new account. An invite, as its hash, is used up by that and by nothing else.
    pub fn add_account(
        &self,
        account: &Account,
        invite: Option<&[u8; 32]>,
        now_secs: u64,
    ) -> Result<Added, StoreError> {
        self.write_private(|db| {
            let has = |sql: &str, value: &dyn rusqlite::ToSql| db.prepare_cached(sql)?.exists([value]);
            if has("SELECT 1 FROM accounts WHERE folded = ?1", &account.folded)? {
                return Ok(Added::NameTaken);
            }
            if has("SELECT 1 FROM accounts WHERE author = ?1", &account.author.0)? {
                return Ok(Added::KeyTaken);
            }
            if count(db, "SELECT count(*) FROM accounts")? >= MAX_ACCOUNTS {
                return Ok(Added::Full);
            }
            if let Some(hash) = invite {
                let sql = "DELETE FROM invites WHERE hash = ?1 AND expires_at_secs > ?2";
                if db.execute(sql, params![hash, now_secs as i64])? == 0 {
                    return Ok(Added::NoInvite);
                }
            }
            let sealed = &account.sealed;
            db.execute(
                "INSERT INTO accounts (author, name, folded, memory_kib, passes, salt, nonce, sealed, next_core, next_main)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    account.author.0,
                    account.name,
                    account.folded,
                    sealed.memory_kib,
                    sealed.passes,
                    sealed.salt,
                    sealed.nonce,
                    sealed.text,
                    account.next_n.core as i64,
                    account.next_n.main as i64
                ],
            )?;
            Ok(Added::Added)
        })
    }

    /// The account with this name, in lower case.
    pub fn account(&self, folded: &str) -> Result<Option<Account>, StoreError> {
        self.write_private(|db| {
            let sql = "SELECT * FROM accounts WHERE folded = ?1";
            Ok(db.query_row(sql, [folded], account_of).optional()?)
        })
    }

    /// The account with this key.
    pub fn account_by_key(&self, author: &AuthorKey) -> Result<Option<Account>, StoreError> {
        self.write_private(|db| {
            let sql = "SELECT * FROM accounts WHERE author = ?1";
            Ok(db.query_row(sql, [author.0], account_of).optional()?)
        })
    }

    /// All accounts by name.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.write_private(|db| {
            let mut statement = db.prepare("SELECT * FROM accounts ORDER BY folded")?;
            Ok(statement.query_map([], account_of)?.collect::<Result<_, _>>()?)
        })
    }

    /// How many accounts there are.
    pub fn account_count(&self) -> Result<u64, StoreError> {
        self.write_private(|db| count(db, "SELECT count(*) FROM accounts"))
    }

    /// Keeps an account's key under another passphrase; nothing of the old form stays on the disk.
    pub fn seal_account(&self, author: &AuthorKey, sealed: &Sealed) -> Result<bool, StoreError> {
        let changed = self.write_private(|db| {
            let sql = "UPDATE accounts SET memory_kib = ?2, passes = ?3, salt = ?4, nonce = ?5, sealed = ?6
                       WHERE author = ?1";
            let Sealed { memory_kib, passes, salt, nonce, text } = sealed;
            Ok(db.execute(sql, params![author.0, memory_kib, passes, salt, nonce, text])? > 0)
        })?;
        self.forget_private()?;
        Ok(changed)
    }

    /// Gives out an n of an account, at least `at_least`, and never again. `None`: there is no such account.
    pub fn take_n(&self, author: &AuthorKey, scope: Scope, at_least: u64) -> Result<Option<u64>, StoreError> {
        let sql = match scope {
            Scope::Core => {
                "UPDATE accounts SET next_core = max(next_core, ?2) + 1 WHERE author = ?1 RETURNING next_core - 1"
            }
            Scope::Main => {
                "UPDATE accounts SET next_main = max(next_main, ?2) + 1 WHERE author = ?1 RETURNING next_main - 1"
            }
        };
        self.write_private(|db| {
            let n = db.query_row(sql, params![author.0, at_least as i64], |row| row.get::<_, i64>(0));
            Ok(n.optional()?.map(|n| n as u64))
        })
    }

    /// Forgets an account and its key, so that the disk holds them no more. What it signed stays.
    pub fn remove_account(&self, author: &AuthorKey) -> Result<bool, StoreError> {
        let sql = "DELETE FROM accounts WHERE author = ?1";
        let removed = self.write_private(|db| Ok(db.execute(sql, [author.0])? > 0))?;
        self.forget_private()?;
        Ok(removed)
    }

    /// What was deleted is overwritten (`secure_delete`), and the log, which has it too, is emptied.
    fn forget_private(&self) -> Result<(), StoreError> {
        Ok(lock(&self.private).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// Keeps the hash of an invite. False: there are [`MAX_INVITES`] already.
    pub fn add_invite(
        &self,
        hash: &[u8; 32],
        expires_at_secs: u64,
        now_secs: u64,
    ) -> Result<bool, StoreError> {
        self.write_private(|db| {
            db.execute("DELETE FROM invites WHERE expires_at_secs <= ?1", [now_secs as i64])?;
            if count(db, "SELECT count(*) FROM invites")? >= MAX_INVITES {
                return Ok(false);
            }
            let sql = "INSERT INTO invites (hash, expires_at_secs) VALUES (?1, ?2)";
            db.execute(sql, params![hash, expires_at_secs as i64])?;
            Ok(true)
        })
    }

    /// Whether an invite, as its hash, opens an account now.
    pub fn has_invite(&self, hash: &[u8; 32], now_secs: u64) -> Result<bool, StoreError> {
        self.write_private(|db| {
            let sql = "SELECT 1 FROM invites WHERE hash = ?1 AND expires_at_secs > ?2";
            Ok(db.prepare_cached(sql)?.exists(params![hash, now_secs as i64])?)
        })
    }

    /// Keeps what an entry of an account says, because its n is taken. False: its author has no account.
    pub fn keep_loss(&self, entry: &VerifiedEntry, subject: &Subject) -> Result<bool, StoreError> {
        let (head, Some(body)) = (entry.head(), entry.body()) else { return Ok(false) };
        let author = head.author();
        self.write_private(|db| {
            if !db.prepare_cached("SELECT 1 FROM accounts WHERE author = ?1")?.exists([author.0])? {
                return Ok(false);
            }
            db.execute(
                "INSERT OR IGNORE INTO account_losses (id, author, kind, subject, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![head.id().0, author.0, head.statement().kind as i64, subject, body],
            )?;
            db.execute(
                "DELETE FROM account_losses WHERE author = ?1 AND rowid NOT IN
                 (SELECT rowid FROM account_losses WHERE author = ?1 ORDER BY rowid DESC LIMIT ?2)",
                params![author.0, MAX_LOSSES],
            )?;
            Ok(true)
        })
    }

    /// The entries of an account that lost their n, oldest first.
    pub fn losses(&self, author: &AuthorKey) -> Result<Vec<Loss>, StoreError> {
        self.write_private(|db| {
            let mut statement =
                db.prepare_cached("SELECT * FROM account_losses WHERE author = ?1 ORDER BY rowid")?;
            let rows = statement.query_map([author.0], |row| {
                Ok(Loss {
                    id: EntryId(row.get("id")?),
                    kind: row.get::<_, i64>("kind")? as u64,
                    subject: row.get("subject")?,
                    body: row.get("body")?,
                    again: row.get::<_, Option<[u8; 32]>>("again")?.map(EntryId),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that a lost entry was signed anew.
    pub fn mend_loss(&self, id: &EntryId, again: &EntryId) -> Result<(), StoreError> {
        let sql = "UPDATE account_losses SET again = ?2 WHERE id = ?1";
        self.write_private(|db| Ok(db.execute(sql, params![id.0, again.0]).map(drop)?))
    }
}

fn count(db: &Connection, sql: &str) -> Result<u64, StoreError> {
    Ok(db.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64)
}

fn account_of(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        author: AuthorKey(row.get("author")?),
        name: row.get("name")?,
        folded: row.get("folded")?,
        sealed: Sealed {
            memory_kib: row.get("memory_kib")?,
            passes: row.get("passes")?,
            salt: row.get("salt")?,
            nonce: row.get("nonce")?,
            text: row.get("sealed")?,
        },
        next_n: NextN {
            core: row.get::<_, i64>("next_core")? as u64,
            main: row.get::<_, i64>("next_main")? as u64,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;

    fn account(name: &str, key: u8) -> Account {
        Account {
            author: AuthorKey([key; 32]),
            name: name.into(),
            folded: name.to_lowercase(),
            sealed: Sealed {
                memory_kib: 64,
                passes: 1,
                salt: [key; 16],
                nonce: [key; 24],
                text: *b"a sealed key that nothing else looks like: 0123.",
            },
            next_n: NextN { core: 0, main: 3 },
        }
    }

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        (dir, store)
    }

    #[test]
    fn names_and_keys_are_held_once_and_no_n_is_given_out_twice() {
        let (dir, store) = store();
        let mara = account("Mara", 1);
        assert_eq!(store.add_account(&mara, None, 0).unwrap(), Added::Added);
        assert_eq!(store.add_account(&account("mara", 2), None, 0).unwrap(), Added::NameTaken);
        assert_eq!(store.add_account(&account("Nell", 1), None, 0).unwrap(), Added::KeyTaken);
        assert_eq!(store.account("mara").unwrap().as_ref(), Some(&mara));
        assert_eq!(store.account("Mara").unwrap(), None);
        let take = |store: &Store, at_least| store.take_n(&mara.author, Scope::Main, at_least).unwrap();
        assert_eq!(take(&store, 0), Some(3));
        assert_eq!(take(&store, 9), Some(9));
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(take(&store, 4), Some(10));
        assert_eq!(store.take_n(&mara.author, Scope::Core, 0).unwrap(), Some(0));
        assert_eq!(store.take_n(&AuthorKey([9; 32]), Scope::Main, 0).unwrap(), None);
    }

    #[test]
    fn an_invite_opens_one_account_until_it_is_too_old() {
        let (_dir, store) = store();
        assert!(store.add_invite(&[1; 32], 100, 0).unwrap());
        let open = |key: u8, invite: u8, now_secs| {
            store.add_account(&account(&format!("name {key}"), key), Some(&[invite; 32]), now_secs).unwrap()
        };
        let has = |invite: u8, now_secs| store.has_invite(&[invite; 32], now_secs).unwrap();
        assert_eq!([has(1, 50), has(1, 100), has(2, 50)], [true, false, false]);
        assert_eq!(open(1, 2, 50), Added::NoInvite);
        assert_eq!(open(1, 1, 100), Added::NoInvite, "too old");
        assert_eq!(open(1, 1, 50), Added::Added);
        assert_eq!(open(2, 1, 50), Added::NoInvite, "used");
        assert!(!has(1, 50));
        for number in 0..MAX_INVITES {
            let mut hash = [9; 32];
            hash[..8].copy_from_slice(&number.to_le_bytes());
            assert!(store.add_invite(&hash, 100, 0).unwrap());
        }
        assert!(!store.add_invite(&[2; 32], 100, 0).unwrap());
        assert!(store.add_invite(&[2; 32], 300, 200).unwrap(), "old ones make room");
    }

    #[test]
    fn a_name_that_is_taken_does_not_use_up_an_invite() {
        let (_dir, store) = store();
        store.add_account(&account("mara", 1), None, 0).unwrap();
        store.add_invite(&[1; 32], 100, 0).unwrap();
        assert_eq!(store.add_account(&account("mara", 2), Some(&[1; 32]), 50).unwrap(), Added::NameTaken);
        assert_eq!(store.add_account(&account("nell", 2), Some(&[1; 32]), 50).unwrap(), Added::Added);
    }

    /// Whether any file of the data directory has these bytes.
    fn is_on_disk(dir: &tempfile::TempDir, bytes: &[u8]) -> bool {
        std::fs::read_dir(dir.path()).unwrap().any(|file| {
            let held = std::fs::read(file.unwrap().path()).unwrap();
            held.windows(bytes.len()).any(|window| window == bytes)
        })
    }

    #[test]
    fn what_is_deleted_is_gone_from_the_disk() {
        let (dir, store) = store();
        let mara = account("mara", 1);
        store.add_account(&mara, None, 0).unwrap();
        assert!(is_on_disk(&dir, &mara.sealed.text), "or else this test proves nothing");
        let again =
            Sealed { text: *b"the same key under another passphrase, 01234567.", ..mara.sealed.clone() };
        assert!(store.seal_account(&mara.author, &again).unwrap());
        assert!(!is_on_disk(&dir, &mara.sealed.text) && is_on_disk(&dir, &again.text));
        assert!(store.remove_account(&mara.author).unwrap());
        assert!(!is_on_disk(&dir, &again.text) && !is_on_disk(&dir, &mara.sealed.salt));
        assert!(!store.remove_account(&mara.author).unwrap());
    }

    #[test]
    fn losses_belong_to_an_account_and_leave_with_it() {
        let (_dir, store) = store();
        let mut identity = Identity::from_secret([7; 32]);
        let mut sign = |n| identity.sign(vec![0xa1, 0x05, 0x06], 99, n, 494_000);
        let (first, second) = (sign(0), sign(1));
        assert!(!store.keep_loss(&first, &[1; 32]).unwrap(), "no account");
        let author = first.head().author();
        store.add_account(&Account { author, ..account("mara", 1) }, None, 0).unwrap();
        assert!(store.keep_loss(&first, &[1; 32]).unwrap());
        assert!(store.keep_loss(&first, &[1; 32]).unwrap());
        store.mend_loss(&first.head().id(), &second.head().id()).unwrap();
        let losses = store.losses(&author).unwrap();
        assert_eq!(losses.len(), 1);
        assert_eq!((losses[0].kind, losses[0].again), (99, Some(second.head().id())));
        store.remove_account(&author).unwrap();
        assert_eq!(store.losses(&author).unwrap(), []);
    }
}
