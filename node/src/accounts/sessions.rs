//! Who is signed in: in memory only, so a restart ends every session.
//!
//! Not here: cookies and forms ([`crate::web::visitor`]).

use crate::serve::Caller;
use data_encoding::HEXLOWER;
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::identity::Identity;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A session that is not used for this long ends: somebody may have left the machine.
pub const IDLE_SECS: u64 = 2 * 3600;
/// And every session ends after this: each one is a key in memory.
pub const LONGEST_SECS: u64 = 12 * 3600;
/// Of one account, on any number of machines; the one that was not used for longest goes first.
const MAX_OF_ACCOUNT: usize = 8;
/// On the whole node, likewise.
const MAX_SESSIONS: usize = 2_000;
/// Random bytes in a cookie.
const SECRET_BYTES: usize = 32;

/// What a cookie holds.
pub type Secret = Zeroizing<String>;

/// Somebody who is signed in.
pub struct Session {
    author: AuthorKey,
    name: String,
    identity: Mutex<Identity>,
    form_token: String,
    /// Where it began. A destination of I2P is kept for as long as the session, here alone.
    caller: Caller,
}

impl Session {
    /// The account's key.
    pub fn author(&self) -> AuthorKey {
        self.author
    }

    /// The account's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What each form of this session carries: another site cannot know it.
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Whether a form that was sent is of this session. Hashes are compared, so the time that takes tells
    /// nothing about the token.
    pub fn is_token(&self, sent: &str) -> bool {
        Sha256::digest(sent) == Sha256::digest(&self.form_token)
    }

    /// The secret key, while something is signed.
    pub fn identity(&self) -> MutexGuard<'_, Identity> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Kept {
    session: Arc<Session>,
    begun_secs: u64,
    used_secs: u64,
}

impl Kept {
    fn is_over(&self, now_secs: u64) -> bool {
        now_secs >= self.used_secs + IDLE_SECS || now_secs >= self.begun_secs + LONGEST_SECS
    }
}

/// All sessions, by a hash of what their cookies hold.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Kept>>);

impl Sessions {
    /// Begins a session, always under a new secret: one that a visitor brought is never taken over.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn begin(
        &self,
        name: String,
        identity: Identity,
        caller: Caller,
        now_secs: u64,
    ) -> Result<(Secret, Arc<Session>), getrandom::Error> {
        let secret = random_hex()?;
        let form_token = random_hex()?.to_string();
        let author = identity.author();
        let session = Arc::new(Session { author, name, identity: Mutex::new(identity), form_token, caller });
        let mut all = self.all();
        all.retain(|_, kept| !kept.is_over(now_secs));
        let of_account = |kept: &Kept| kept.session.author == author;
        if all.values().filter(|kept| of_account(kept)).count() >= MAX_OF_ACCOUNT {
            remove_oldest(&mut all, of_account);
        }
        if all.len() >= MAX_SESSIONS {
            remove_oldest(&mut all, |_| true);
        }
        let kept = Kept { session: Arc::clone(&session), begun_secs: now_secs, used_secs: now_secs };
        all.insert(hash(&secret), kept);
        Ok((secret, session))
    }

    /// The session of a cookie that comes from where it began; it is used by that.
    pub fn find(&self, secret: &str, caller: Caller, now_secs: u64) -> Option<Arc<Session>> {
        let mut all = self.all();
        let hash = hash(secret);
        let kept = all.get_mut(&hash)?;
        if kept.is_over(now_secs) {
            all.remove(&hash);
            return None;
        }
        if kept.session.caller != caller {
            return None;
        }
        kept.used_secs = now_secs;
        Some(Arc::clone(&kept.session))
    }

    /// A session of this account, if there is one; that does not use it.
    pub fn of_account(&self, author: &AuthorKey, now_secs: u64) -> Option<Arc<Session>> {
        let all = self.all();
        let found = all.values().find(|kept| kept.session.author == *author && !kept.is_over(now_secs))?;
        Some(Arc::clone(&found.session))
    }

    /// Ends one session.
    pub fn end(&self, session: &Arc<Session>) {
        self.all().retain(|_, kept| !Arc::ptr_eq(&kept.session, session));
    }

    /// Ends all sessions of an account.
    pub fn end_all(&self, author: &AuthorKey) {
        self.all().retain(|_, kept| kept.session.author != *author);
    }

    /// Drops what is over, and its keys with it.
    pub fn sweep(&self, now_secs: u64) {
        self.all().retain(|_, kept| !kept.is_over(now_secs));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_oldest(all: &mut HashMap<[u8; 32], Kept>, which: impl Fn(&Kept) -> bool) {
    let oldest = all.iter().filter(|(_, kept)| which(kept)).min_by_key(|(_, kept)| kept.used_secs);
    if let Some(hash) = oldest.map(|(hash, _)| *hash) {
        all.remove(&hash);
    }
}

/// What is looked up is a hash, so the time that a search takes tells nothing about secrets.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn random_hex() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    getrandom::fill(&mut bytes[..])?;
    Ok(Zeroizing::new(HEXLOWER.encode(&bytes[..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(sessions: &Sessions, key: u8, now_secs: u64) -> Secret {
        sessions
            .begin("mara".into(), Identity::from_secret([key; 32]), Caller::Anonymous, now_secs)
            .unwrap()
            .0
    }

    fn find(sessions: &Sessions, secret: &str, now_secs: u64) -> Option<Arc<Session>> {
        sessions.find(secret, Caller::Anonymous, now_secs)
    }

    #[test]
    fn a_session_is_of_use_where_it_began() {
        let sessions = Sessions::default();
        let secret = begin(&sessions, 1, 0);
        assert!(sessions.find(&secret, Caller::I2p([1; 32]), 0).is_none());
        assert!(find(&sessions, &secret, 0).is_some(), "that did not end it");
    }

    #[test]
    fn sessions_end_when_they_are_idle_old_or_told_to() {
        let sessions = Sessions::default();
        let idle = begin(&sessions, 1, 0);
        let used = begin(&sessions, 1, 0);
        assert_eq!(idle.len(), 64);
        for now_secs in (0..LONGEST_SECS).step_by(IDLE_SECS as usize - 1) {
            assert!(find(&sessions, &used, now_secs).is_some(), "{now_secs}");
        }
        assert!(find(&sessions, &idle, IDLE_SECS).is_none());
        assert!(find(&sessions, &used, LONGEST_SECS).is_none());
        assert_eq!(sessions.all().len(), 0);

        let (one, other, foreign) = (begin(&sessions, 1, 0), begin(&sessions, 1, 0), begin(&sessions, 2, 0));
        sessions.end(&find(&sessions, &one, 0).unwrap());
        assert!(find(&sessions, &one, 0).is_none() && find(&sessions, &other, 0).is_some());
        let author = Identity::from_secret([1; 32]).author();
        assert!(sessions.of_account(&author, 0).is_some());
        sessions.end_all(&author);
        assert!(sessions.of_account(&author, 0).is_none());
        assert!(find(&sessions, &other, 0).is_none() && find(&sessions, &foreign, 0).is_some());
        let left = find(&sessions, &foreign, 0).map(|session| Arc::downgrade(&session)).unwrap();
        sessions.sweep(IDLE_SECS);
        assert!(left.upgrade().is_none(), "the key is not in memory any more");
    }

    #[test]
    fn tokens_are_of_one_session() {
        let sessions = Sessions::default();
        let (one, other) = (begin(&sessions, 1, 0), begin(&sessions, 1, 0));
        let (one, other) = (find(&sessions, &one, 0).unwrap(), find(&sessions, &other, 0).unwrap());
        assert!(one.is_token(one.form_token()) && !one.is_token(other.form_token()) && !one.is_token(""));
    }

    #[test]
    fn the_session_that_was_not_used_for_longest_makes_room() {
        let sessions = Sessions::default();
        let all: Vec<_> = (0..MAX_OF_ACCOUNT as u64).map(|now_secs| begin(&sessions, 1, now_secs)).collect();
        find(&sessions, &all[0], 100).unwrap();
        begin(&sessions, 1, 100);
        assert!(find(&sessions, &all[0], 100).is_some() && find(&sessions, &all[1], 100).is_none());
        for key in 0..MAX_SESSIONS {
            let mut secret = [9; 32];
            secret[..8].copy_from_slice(&key.to_le_bytes());
            sessions.begin("x".into(), Identity::from_secret(secret), Caller::Anonymous, 200).unwrap();
        }
        assert_eq!(sessions.all().len(), MAX_SESSIONS);
    }
}
