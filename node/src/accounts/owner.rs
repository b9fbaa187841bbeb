//! What the owner of an account does with its key. Each of these asks for the passphrase again: a browser that was
//! left open is not enough.

use super::name::check_passphrase;
use super::sessions::Session;
use super::{AccountError, SignedIn, age, age_problem, open_key, remove, seal};
use crate::app::App;
use deadwax_index::entry::Scope;
use deadwax_index::entry::identity::Identity;
use deadwax_index::store::accounts::Account;
use zeroize::Zeroizing;

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
    let secret = open_own_key(app, &account, old)?;
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
    let secret = open_own_key(app, &account, passphrase)?;
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
    open_own_key(app, &account, passphrase)?;
    Ok(remove(app, &account.author)?)
}

fn open_own_key(app: &App, account: &Account, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, AccountError> {
    // No name has a space in it.
    open_key(app, &format!("key {}", account.author), Some(account), passphrase)
}

fn account_of(app: &App, session: &Session) -> Result<Account, AccountError> {
    app.store.account_by_key(&session.author())?.ok_or(AccountError::Wrong)
}
