//! The node answers for a new account, where its operator wants that and its budget allows it.

use crate::app::{App, now_secs};
use crate::submit::SubmitError;
use deadwax_index::entry::vouch::Vouch;
use deadwax_index::entry::{AuthorKey, Body, Scope};
use std::sync::PoisonError;

/// The least grant: an account may not vouch for others by that.
const GRANT: u32 = 1;

/// Vouches for `key`. False: this node cannot, and what the key signs waits in the inbox.
///
/// # Errors
/// The store's, or those of the node's key.
pub fn vouch_for(app: &App, key: AuthorKey) -> Result<bool, SubmitError> {
    let mut signer = app.signer.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(members) = app.store.members()? else { return Ok(true) };
    if members.is_member(&key) {
        return Ok(true);
    }
    let own = signer.author();
    let n = app.store.next_n_with_outbox(&own, Scope::Core)?.max(signer.next_n(Scope::Core));
    // A vouch that does not count would end the count of all later ones.
    let is_possible = members.is_member(&own)
        && members.budget_left(&own) >= GRANT.into()
        && members.counted_to(&own) == Some(n)
        && n < members.quota(Scope::Core, &own);
    if !is_possible {
        tracing::warn!("this node cannot vouch for a new account: it is no member, or its budget is used up");
        return Ok(false);
    }
    let body = Body::Vouch(Vouch { key, grant: GRANT, withdrawn: false, note: None });
    let bytes = body.to_bytes().map_err(|error| error.problem())?;
    let entry = signer.sign(bytes, body.kind().number(), n, now_secs() / 3600).map_err(SubmitError::Key)?;
    app.take_in(&[entry], None)?;
    Ok(app.store.members()?.is_some_and(|members| members.is_member(&key)))
}
