//! Ways into an account: a new key, a key from elsewhere, and signing in.

use super::age;
use super::name::{Name, check_passphrase};
use super::seal::{self, Cost};
use super::{AccountError, Opening, SignedIn, age_problem, invite, open_key, signing, vouch};
use crate::app::{App, now_secs, uptime_secs};
use crate::config::SignUp;
use deadwax_index::Problem;
use deadwax_index::entry::Scope;
use deadwax_index::entry::identity::{Identity, IdentityError, NextN};
use deadwax_index::store::accounts::{Account, Added};
use std::sync::atomic::Ordering;
use zeroize::Zeroizing;

/// Opens an account with a new key.
///
/// # Errors
/// See [`AccountError`]; then there is none.
pub fn sign_up(app: &App, opening: &Opening<'_>) -> Result<SignedIn, AccountError> {
    let invite = may_open(app, opening)?;
    let name = Name::new(opening.name)?;
    check_passphrase(opening.passphrase, opening.repeat, opening.name)?;
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut secret[..])?;
    open_account(app, name, &secret, NextN::default(), opening, invite)
}

/// Opens an account with the key in a text that [`export`] made, here or elsewhere.
///
/// # Errors
/// See [`AccountError`]; then there is none.
pub fn import(app: &App, text: &str, opening: &Opening<'_>) -> Result<SignedIn, AccountError> {
    let invite = may_open(app, opening)?;
    let name = Name::new(opening.name)?;
    check_passphrase(opening.passphrase, opening.passphrase, opening.name)?;
    app.accounts.sign_ins.take(uptime_secs()).map_err(AccountError::TooOften)?;
    let plain = age::decrypt(text, opening.passphrase, Cost::FULL.scrypt_log_n).map_err(age_problem)?;
    let identity = Identity::from_file(&plain).map_err(|error| key_problem(&error))?;
    let known = |scope| app.store.next_n_with_outbox(&identity.author(), scope);
    let (core, main) = (known(Scope::Core)?, known(Scope::Main)?);
    let next_n = NextN { core: identity.next_n.core.max(core), main: identity.next_n.main.max(main) };
    open_account(app, name, &identity.secret(), next_n, opening, invite)
}

/// Signs in.
///
/// # Errors
/// [`AccountError::Wrong`] after the same work, whether there is such an account or not.
pub fn sign_in(app: &App, name: &str, passphrase: &str) -> Result<SignedIn, AccountError> {
    let account = Name::parse(name).map(|name| app.store.account(&name.folded)).transpose()?.flatten();
    let folded =
        account.as_ref().map_or_else(|| name.trim().to_lowercase(), |account| account.folded.clone());
    app.accounts.back_off.check(&folded, uptime_secs()).map_err(AccountError::TooOften)?;
    app.accounts.sign_ins.take(uptime_secs()).map_err(AccountError::TooOften)?;
    let secret = open_key(app, &folded, account.as_ref(), passphrase)?;
    let Some(account) = account else { return Err(AccountError::Wrong) };
    // Its passphrase may have been changed, or the account deleted, while this one was worked on.
    if app.store.account(&account.folded)?.is_none_or(|now| now.sealed != account.sealed) {
        return Err(AccountError::Wrong);
    }
    let signed_in = app.accounts.begin(account.name, Identity::from_secret(*secret))?;
    signing::mend(app, &signed_in.session)?;
    Ok(signed_in)
}

/// The hash of the invite that opens the account, if it takes one. Nobody else's turn is used up, and no name is told,
/// for an invite that is none.
fn may_open(app: &App, opening: &Opening<'_>) -> Result<Option<[u8; 32]>, AccountError> {
    match app.config.accounts.sign_up {
        SignUp::Closed => Err(AccountError::Closed),
        SignUp::Open => Ok(None),
        SignUp::Invite => {
            let hash = invite::hash(opening.invite);
            if app.store.has_invite(&hash, now_secs())? {
                Ok(Some(hash))
            } else {
                Err(invite::unknown().into())
            }
        }
    }
}

fn open_account(
    app: &App,
    name: Name,
    secret: &[u8; 32],
    next_n: NextN,
    opening: &Opening<'_>,
    invite: Option<[u8; 32]>,
) -> Result<SignedIn, AccountError> {
    app.accounts.sign_ups.take(uptime_secs()).map_err(AccountError::TooOften)?;
    let identity = Identity::from_secret(*secret);
    let author = identity.author();
    let sealed = seal::seal(secret, &author, opening.passphrase, app.accounts.cost)?;
    let account = Account { author, name: name.shown.clone(), folded: name.folded, sealed, next_n };
    let problem = |code, field, message: &str, fix| {
        Err(AccountError::Problem(Problem { code, field, message: message.into(), fix }))
    };
    match app.store.add_account(&account, invite.as_ref(), now_secs())? {
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

fn key_problem(error: &IdentityError) -> Problem {
    Problem {
        code: "account.key",
        field: "key",
        message: format!("There is no key in it: {error}."),
        fix: "Paste a text that was exported from an account or by `deadwax identity export`.",
    }
}
