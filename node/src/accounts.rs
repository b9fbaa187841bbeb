//! Accounts: keys of people who have no command line, which this node keeps under their passphrases and signs
//! with while they are signed in.
//!
//! Whoever runs the node could read such a key while its owner is signed in, and the forms say so. Not here:
//! pages and cookies ([`crate::web::pages`], [`crate::web::visitor`]), and rows on the disk
//! ([`deadwax_index::store::accounts`]).

pub mod age;
mod entrance;
mod invite;
pub mod limits;
pub mod name;
mod owner;
pub mod seal;
pub mod sessions;
pub mod signing;
#[cfg(test)]
mod tests;
mod vouch;

pub use entrance::{import, sign_in, sign_up};
pub use invite::new_invite;
pub use owner::{change_passphrase, delete, export};

use crate::app::{App, uptime_secs};
use crate::config::SignUp;
use crate::submit::SubmitError;
use crate::web::visitor;
use age::AgeError;
use deadwax_index::Problem;
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::identity::Identity;
use deadwax_index::store::accounts::{Account, Sealed};
use deadwax_index::store::{Store, StoreError};
use limits::{BackOff, Bucket, Buckets, Derivations, too_often};
use seal::{Cost, SealError};
use sessions::{Secret, Session, Sessions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// Passphrases that may be tried on the whole node: more than people need, fewer than guessing takes.
const SIGN_INS: (u64, u64) = (60, 2);
/// New accounts on the whole node.
const SIGN_UPS: (u64, u64) = (20, 60);
/// Entries that one account may sign.
const SUBMISSIONS: (u64, u64) = (60, 30);

/// What a node holds of its accounts in memory.
pub struct Accounts {
    /// Who is signed in.
    pub sessions: Sessions,
    /// Whose turn it is to have a passphrase worked on.
    pub derivations: Derivations,
    cost: Cost,
    sign_ins: Bucket,
    sign_ups: Bucket,
    submissions: Buckets<[u8; 32]>,
    back_off: BackOff,
    /// Whether there is an account, so that pages need not ask the store.
    any: AtomicBool,
}

/// Why something about an account was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Something that the person can mend.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The name, or the passphrase, or both are wrong; nobody is told which.
    #[error("name or passphrase is wrong")]
    Wrong,
    /// It was tried too often.
    #[error("tried too often, again in {0} seconds")]
    TooOften(u64),
    /// Nobody may open an account here.
    #[error("sign-up is closed")]
    Closed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Signing failed.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A key could not be encrypted or opened at all.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// What opens an account. The caller wipes the passphrases.
pub struct Opening<'a> {
    /// The name.
    pub name: &'a str,
    /// The passphrase, or that of the text that is imported.
    pub passphrase: &'a str,
    /// The passphrase once more, or nothing where a text is imported.
    pub repeat: &'a str,
    /// An invite, or nothing.
    pub invite: &'a str,
}

/// Somebody who has just signed in.
pub struct SignedIn {
    /// What the cookie holds.
    pub secret: Secret,
    /// The session.
    pub session: Arc<Session>,
}

impl Accounts {
    /// Nobody is signed in yet.
    pub fn new(cost: Cost) -> Self {
        Self {
            sessions: Sessions::default(),
            derivations: Derivations::default(),
            cost,
            sign_ins: Bucket::new(SIGN_INS.0, SIGN_INS.1),
            sign_ups: Bucket::new(SIGN_UPS.0, SIGN_UPS.1),
            submissions: Buckets::new(SUBMISSIONS.0, SUBMISSIONS.1),
            back_off: BackOff::default(),
            any: AtomicBool::new(false),
        }
    }

    /// The same, on a node whose accounts are in `store`.
    pub fn with_store(self, store: &Store) -> Self {
        // Where that cannot be read, it will be said by whoever needs it.
        self.any.store(store.account_count().is_ok_and(|count| count > 0), Ordering::Relaxed);
        self
    }

    /// Whether pages offer to sign in: with sign-up closed and no account there, nobody could.
    pub fn are_offered(&self, sign_up: SignUp) -> bool {
        sign_up != SignUp::Closed || self.any.load(Ordering::Relaxed)
    }

    /// Counts a submission of an account.
    ///
    /// # Errors
    /// [`limits::too_often`].
    pub fn may_submit(&self, account: &Session) -> Result<(), Problem> {
        self.submissions.take(account.author().0, uptime_secs()).map_err(too_often)
    }

    fn begin(&self, name: String, identity: Identity) -> Result<SignedIn, getrandom::Error> {
        let (secret, session) =
            self.sessions.begin(name, identity, visitor::current().caller, uptime_secs())?;
        Ok(SignedIn { secret, session })
    }
}

/// Deletes an account, without asking its owner.
///
/// # Errors
/// The store's.
pub fn remove(app: &App, author: &AuthorKey) -> Result<(), StoreError> {
    app.store.remove_account(author)?;
    app.accounts.sessions.end_all(author);
    Ok(())
}

/// Works on a passphrase, and as much where there is no account. Wrong ones are counted for `whose`: a name where
/// somebody signs in, the account itself where its owner is signed in, whom nobody else can make wait.
fn open_key(
    app: &App,
    whose: &str,
    account: Option<&Account>,
    passphrase: &str,
) -> Result<Zeroizing<[u8; 32]>, AccountError> {
    let accounts = &app.accounts;
    accounts.back_off.attempt(whose, uptime_secs()).map_err(AccountError::TooOften)?;
    let nobody;
    let (sealed, author): (&Sealed, AuthorKey) = match account {
        Some(account) => (&account.sealed, account.author),
        None => {
            nobody = seal::unopenable(accounts.cost)?;
            (&nobody, AuthorKey([0; 32]))
        }
    };
    let secret = seal::open(sealed, &author, passphrase)?.ok_or(AccountError::Wrong)?;
    accounts.back_off.succeeded(whose);
    Ok(secret)
}

/// What a text of [`age`] cannot be used for, in plain words.
pub fn age_problem(error: AgeError) -> Problem {
    let (field, fix) = match error {
        AgeError::Closed => ("passphrase", "Type the passphrase that the account had when it was exported."),
        AgeError::TooSlow => ("key", "Export it anew, with a work factor of 16 or less."),
        AgeError::Random => ("", "Try again later."),
        AgeError::Form | AgeError::NotPassphrase => {
            ("key", "Paste the whole text, from its BEGIN line to its END line.")
        }
    };
    Problem { code: "account.key", field, message: format!("The key cannot be used: {error}."), fix }
}
