//! Which key signs: the node's, or that of an account that is signed in. Each has its own counter, and neither
//! uses an n twice, whenever the process dies.

use super::sessions::Session;
use crate::app::{App, now_secs, uptime_secs};
use crate::signer::Signer;
use crate::submit::SubmitError;
use deadwax_index::Problem;
use deadwax_index::entry::{AuthorKey, Scope, VerifiedEntry};
use deadwax_index::store::accounts::Loss;
use deadwax_index::store::private::Subject;
use std::sync::{Arc, MutexGuard, PoisonError};

/// Who signs a submission. As long as one exists, nobody else signs on this node: two submissions of the same
/// torrent become one entry.
pub struct SigningKey<'a> {
    node: MutexGuard<'a, Signer>,
    account: Option<&'a Arc<Session>>,
}

impl<'a> SigningKey<'a> {
    /// The one place where it is decided whose key signs: the signed-in account's, or else the node's.
    pub fn choose(app: &'a App, account: Option<&'a Arc<Session>>) -> Self {
        Self { node: app.signer.lock().unwrap_or_else(PoisonError::into_inner), account }
    }

    /// The public key.
    pub fn author(&self) -> AuthorKey {
        self.account.map_or_else(|| self.node.author(), |account| account.author())
    }

    /// The lowest n that this key has not used, as far as this node can know.
    ///
    /// # Errors
    /// The store's; also an account that is gone.
    pub fn next_n(&self, app: &App, scope: Scope) -> Result<u64, SubmitError> {
        let seen = app.store.next_n_with_outbox(&self.author(), scope)?;
        let used = match self.account {
            None => self.node.next_n(scope),
            Some(account) => {
                let mut next_n = app.store.account_by_key(&account.author())?.ok_or_else(gone)?.next_n;
                *next_n.of(scope)
            }
        };
        Ok(seen.max(used))
    }

    /// Signs. The n is on the disk as used before anybody sees the entry.
    ///
    /// # Errors
    /// The counter cannot be kept; then nothing was signed.
    pub fn sign(
        &mut self,
        app: &App,
        body: Vec<u8>,
        kind: u64,
        n: u64,
    ) -> Result<VerifiedEntry, SubmitError> {
        let created_hours = now_secs() / 3600;
        let Some(account) = self.account else {
            let signed = self.node.sign(body, kind, n, created_hours);
            return signed.inspect_err(|error| _ = app.disk.failed(error)).map_err(SubmitError::Key);
        };
        let scope = Scope::of(kind);
        let taken = app.store.take_n(&account.author(), scope, n);
        let n = taken.inspect_err(|error| _ = app.disk.failed(error))?.ok_or_else(gone)?;
        Ok(account.identity().sign(body, kind, n, created_hours))
    }
}

fn gone() -> SubmitError {
    SubmitError::Problem(Problem {
        code: "account.gone",
        field: "",
        message: "This account was deleted.".into(),
        fix: "Sign out, and submit without it.",
    })
}

/// Keeps what an account's entry says that lost its n: it is signed anew as soon as its key is at hand.
/// False: it is no account's.
///
/// # Errors
/// The store's, or those of signing.
pub fn lost(app: &App, entry: &VerifiedEntry, subject: &Subject) -> Result<bool, SubmitError> {
    if !app.store.keep_loss(entry, subject)? {
        return Ok(false);
    }
    if let Some(account) = app.accounts.sessions.of_account(&entry.head().author(), uptime_secs()) {
        mend(app, &account)?;
    }
    Ok(true)
}

/// Signs anew what an account lost, for release with the next batch.
///
/// # Errors
/// The store's, or those of signing.
pub fn mend(app: &App, account: &Arc<Session>) -> Result<(), SubmitError> {
    let waiting = |loss: &Loss| loss.again.is_none();
    for loss in app.store.losses(&account.author())?.into_iter().filter(waiting) {
        let mut key = SigningKey::choose(app, Some(account));
        let n = key.next_n(app, Scope::of(loss.kind))?;
        let again = key.sign(app, loss.body, loss.kind, n)?;
        app.store.put_in_outbox(&again, &loss.subject, now_secs(), None)?;
        app.store.mend_loss(&loss.id, &again.head().id())?;
    }
    Ok(())
}
