//! Accounts: keys of people who have no command line, which this node keeps under their passphrases and signs
//! with while they are signed in.
//!
//! Whoever runs the node could read such a key while its owner is signed in, and the forms say so. Not here:
//! pages and cookies ([`crate::web::pages`], [`crate::web::visitor`]), and rows on the disk
//! ([`deadwax_index::store::accounts`]).

pub mod age;
mod invite;
pub mod limits;
pub mod name;
pub mod seal;
pub mod sessions;
pub mod signing;
#[cfg(test)]
mod tests;
mod vouch;

pub use invite::new_invite;

use crate::app::{App, now_secs, uptime_secs};
use crate::config::SignUp;
use crate::submit::SubmitError;
use age::AgeError;
use deadwax_index::Problem;
use deadwax_index::entry::identity::{Identity, IdentityError, NextN};
use deadwax_index::entry::{AuthorKey, Scope};
use deadwax_index::store::{Store, StoreError};
use deadwax_index::store::accounts::{Account, Added, Sealed};
use limits::{BackOff, Bucket, Buckets, Derivations, too_often};
use name::{Name, check_passphrase};
use seal::{Cost, SealError};
use sessions::{Secret, Session, Sessions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// Passphrases that may be tried on the whole node: more than people need, fewer than guessing takes.
const SIGN_INS: (u32, f64) = (60, 2.0);
/// New accounts on the whole node.
const SIGN_UPS: (u32, f64) = (20, 60.0);
/// Entries that one account may sign.
const SUBMISSIONS: (u32, f64) = (60, 30.0);

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
        let (secret, session) = self.sessions.begin(name, identity, uptime_secs())?;
        Ok(SignedIn { secret, session })
    }
}

/// Opens an account with a new key.
///
/// # Errors
/// See [`AccountError`]; then there is none.
pub fn sign_up(app: &App, opening: &Opening<'_>) -> Result<SignedIn, AccountError> {
    may_open(app)?;
    let name = Name::new(opening.name)?;
    check_passphrase(opening.passphrase, opening.repeat, opening.name)?;
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut secret[..])?;
    open_account(app, name, &secret, NextN::default(), opening)
}

/// Opens an account with the key in a text that [`export`] made, here or elsewhere.
///
/// # Errors
/// See [`AccountError`]; then there is none.
pub fn import(app: &App, text: &str, opening: &Opening<'_>) -> Result<SignedIn, AccountError> {
    may_open(app)?;
    let name = Name::new(opening.name)?;
    check_passphrase(opening.passphrase, opening.passphrase, opening.name)?;
    app.accounts.sign_ins.take(uptime_secs()).map_err(AccountError::TooOften)?;
    let plain = age::decrypt(text, opening.passphrase, Cost::FULL.scrypt_log_n).map_err(age_problem)?;
    let identity = Identity::from_file(&plain).map_err(|error| key_problem(&error))?;
    let known = |scope| app.store.next_n_with_outbox(&identity.author(), scope);
    let (core, main) = (known(Scope::Core)?, known(Scope::Main)?);
    let next_n = NextN { core: identity.next_n.core.max(core), main: identity.next_n.main.max(main) };
    open_account(app, name, &identity.secret(), next_n, opening)
}

/// Signs in.
///
/// # Errors
/// [`AccountError::Wrong`] after the same work, whether there is such an account or not.
pub fn sign_in(app: &App, name: &str, passphrase: &str) -> Result<SignedIn, AccountError> {
    let account = Name::parse(name).map(|name| app.store.account(&name.folded)).transpose()?.flatten();
    let folded = account.as_ref().map_or_else(|| name.trim().to_lowercase(), |account| account.folded.clone());
    let secret = open_key(app, &folded, account.as_ref(), passphrase)?;
    let Some(account) = account else { return Err(AccountError::Wrong) };
    let signed_in = app.accounts.begin(account.name, Identity::from_secret(*secret))?;
    signing::mend(app, &signed_in.session)?;
    Ok(signed_in)
}

/// Gives an account another passphrase. All its sessions end, and a new one begins.
///
/// # Errors
/// See [`AccountError`]; then the old one stays.
pub fn change_passphrase(
    app: &App,
    session: &Session,
    old: &str,
    new: &str,
    repeat: &str,
) -> Result<SignedIn, AccountError> {
    let account = account_of(app, session)?;
    check_passphrase(new, repeat, &account.name)?;
    let secret = open_key(app, &account.folded, Some(&account), old)?;
    let sealed = seal::seal(&secret, &account.author, new, app.accounts.cost)?;
    if !app.store.seal_account(&account.author, &sealed)? {
        return Err(AccountError::Wrong);
    }
    app.accounts.sessions.end_all(&account.author);
    Ok(app.accounts.begin(account.name, Identity::from_secret(*secret))?)
}

/// The account's key with its counters as a text, encrypted under the account's passphrase.
///
/// # Errors
/// See [`AccountError`].
pub fn export(app: &App, session: &Session, passphrase: &str) -> Result<String, AccountError> {
    let account = account_of(app, session)?;
    let secret = open_key(app, &account.folded, Some(&account), passphrase)?;
    let mut identity = Identity::from_secret(*secret);
    for (scope, used) in [(Scope::Core, account.next_n.core), (Scope::Main, account.next_n.main)] {
        let seen = app.store.next_n_with_outbox(&account.author, scope)?;
        *identity.next_n.of(scope) = seen.max(used);
    }
    let file = Zeroizing::new(identity.to_file());
    age::encrypt(file.as_bytes(), passphrase, app.accounts.cost).map_err(|error| age_problem(error).into())
}

/// Deletes an account with its key. What it signed stays.
///
/// # Errors
/// See [`AccountError`]; then it is still there.
pub fn delete(app: &App, session: &Session, passphrase: &str) -> Result<(), AccountError> {
    let account = account_of(app, session)?;
    open_key(app, &account.folded, Some(&account), passphrase)?;
    Ok(remove(app, &account.author)?)
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

fn may_open(app: &App) -> Result<(), AccountError> {
    match app.config.accounts.sign_up {
        SignUp::Closed => Err(AccountError::Closed),
        SignUp::Open | SignUp::Invite => Ok(()),
    }
}

fn open_account(
    app: &App,
    name: Name,
    secret: &[u8; 32],
    next_n: NextN,
    opening: &Opening<'_>,
) -> Result<SignedIn, AccountError> {
    let hash = match app.config.accounts.sign_up {
        SignUp::Open => None,
        // Not worth the work on a passphrase.
        _ if !invite::is_likely(opening.invite) => return Err(invite::unknown().into()),
        SignUp::Invite | SignUp::Closed => Some(invite::hash(opening.invite)),
    };
    app.accounts.sign_ups.take(uptime_secs()).map_err(AccountError::TooOften)?;
    let identity = Identity::from_secret(*secret);
    let author = identity.author();
    let sealed = seal::seal(secret, &author, opening.passphrase, app.accounts.cost)?;
    let account = Account { author, name: name.shown.clone(), folded: name.folded, sealed, next_n };
    let problem = |code, field, message: &str, fix| {
        Err(AccountError::Problem(Problem { code, field, message: message.into(), fix }))
    };
    match app.store.add_account(&account, hash.as_ref(), now_secs())? {
        Added::Added => app.accounts.any.store(true, Ordering::Relaxed),
        Added::NameTaken => {
            let fix = "Choose another one. If it is yours, sign in.";
            return problem("account.taken", "name", "There is an account of this name.", fix);
        }
        Added::KeyTaken => {
            let fix = "Sign in under the name that it has here.";
            return problem("account.known", "key", "This key has an account here already.", fix);
        }
        Added::NoInvite => return Err(invite::unknown().into()),
        Added::Full => {
            let message = "This node keeps as many accounts as it can.";
            return problem("account.full", "", message, "Open one on another node.");
        }
    }
    if app.config.accounts.vouch {
        // The account is there whether this succeeds or not, and its page says how things are.
        if let Err(error) = vouch::vouch_for(app, author) {
            tracing::error!(%error, "this node could not vouch for a new account");
        }
    }
    Ok(app.accounts.begin(name.shown, identity)?)
}

/// Works on a passphrase for a name, and as much where no account has that name.
fn open_key(
    app: &App,
    folded: &str,
    account: Option<&Account>,
    passphrase: &str,
) -> Result<Zeroizing<[u8; 32]>, AccountError> {
    let accounts = &app.accounts;
    accounts.back_off.attempt(folded, uptime_secs()).map_err(AccountError::TooOften)?;
    accounts.sign_ins.take(uptime_secs()).map_err(AccountError::TooOften)?;
    let nobody;
    let (sealed, author): (&Sealed, AuthorKey) = match account {
        Some(account) => (&account.sealed, account.author),
        None => {
            nobody = seal::unopenable(accounts.cost)?;
            (&nobody, AuthorKey([0; 32]))
        }
    };
    let secret = seal::open(sealed, &author, passphrase)?.ok_or(AccountError::Wrong)?;
    accounts.back_off.succeeded(folded);
    Ok(secret)
}

fn account_of(app: &App, session: &Session) -> Result<Account, AccountError> {
    app.store.account_by_key(&session.author())?.ok_or(AccountError::Wrong)
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

fn key_problem(error: &IdentityError) -> Problem {
    Problem {
        code: "account.key",
        field: "key",
        message: format!("There is no key in it: {error}."),
        fix: "Paste a text that was exported from an account or by `deadwax identity export`.",
    }
}
