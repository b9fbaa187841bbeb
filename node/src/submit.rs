//! From a link to a signed entry: signing, and release now or later. What a person typed becomes a link in
//! `submit/draft.rs`; what is shown to them before anything is signed is in `submit/check.rs`.

pub mod check;
pub mod draft;
pub mod editions;
pub mod guess;
pub mod own_release;
pub mod release;
pub mod source;

pub use draft::{Draft, link_of};

use crate::accounts::sessions::Session;
use crate::accounts::signing::{self, SigningKey};
use crate::app::{App, now_secs};
use data_encoding::HEXLOWER;
use deadwax_index::Problem;
use deadwax_index::entry::kind::Kind;
use deadwax_index::entry::link::Link;
use deadwax_index::entry::{AuthorKey, EntryId, Scope, VerifiedEntry};
use deadwax_index::ingest::{Kept, Outcome, quota};
use deadwax_index::members::RulingSubject;
use deadwax_index::search::SearchError;
use deadwax_index::store::StoreError;
use deadwax_index::store::private::Subject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Mean of the random wait before release.
const MEAN_DELAY_SECS: f64 = 600.0;
/// Longest wait.
const MAX_DELAY_SECS: f64 = 3600.0;
/// Idempotency keys are made by forms; longer ones are not ours.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 64;

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The entry.
    pub id: String,
    /// Its author's counter.
    pub n: u64,
    /// Where it is.
    pub state: ReceiptState,
}

/// `state` of a [`Receipt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptState {
    /// In the set.
    Released,
    /// Signed, and waiting for its release.
    Queued,
    /// Signed, and waiting until its author is a member of the network.
    Inbox,
    /// It was there before.
    Known,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Something that the person can mend.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// An n that is taken.
    #[error("n is taken; the next free one is {next_n}")]
    Taken {
        /// The next free n of the author.
        next_n: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The file of the node's key cannot be written.
    #[error("the node's key cannot be kept: {0}")]
    Key(#[source] std::io::Error),
}

fn problem(code: &'static str, field: &'static str, message: &str, fix: &'static str) -> Problem {
    Problem { code, field, message: message.into(), fix }
}

/// Signs a link with the node's key. The same torrent for the same MBID is published once.
///
/// # Errors
/// See [`SubmitError`]; then nothing has changed.
pub fn submit(app: &App, link: &Link, idempotency_key: Option<&str>) -> Result<Receipt, SubmitError> {
    submit_as(app, None, link, idempotency_key)
}

/// The same with the key of an account, if one is given.
///
/// # Errors
/// See [`SubmitError`]; then nothing has changed.
pub fn submit_as(
    app: &App,
    account: Option<&Arc<Session>>,
    link: &Link,
    idempotency_key: Option<&str>,
) -> Result<Receipt, SubmitError> {
    let body = link.to_body().map_err(|error| error.problem())?;
    let signer = SigningKey::choose(app, account);
    let key = receipt_key(&signer.author(), idempotency_key);
    let key = key.as_deref();
    if let Some(receipt) = known(app, &signer.author(), link, key)? {
        return Ok(receipt);
    }
    if let Some(subject) = app.store.hides_link(&signer.author(), link)? {
        return Err(SubmitError::Problem(hidden(&subject)));
    }
    account.map_or(Ok(()), |account| app.accounts.may_submit(account))?;
    sign(app, signer, body, Kind::Link, &subject(link), key)
}

/// What the receipt of a submission is kept under: its idempotency key and who signs, so that a key which somebody else
/// used before gives no foreign receipt. Keys of other lengths are none of ours and are passed over.
fn receipt_key(author: &AuthorKey, key: Option<&str>) -> Option<String> {
    let key = key.filter(|key| (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len()))?;
    let hash = Sha256::new().chain_update(author.0).chain_update(key).finalize();
    Some(HEXLOWER.encode(&hash))
}

/// Signs a body of the main scope with the next free n, keeps it, and releases it if it need not wait.
fn sign(
    app: &App,
    mut signer: SigningKey<'_>,
    body: Vec<u8>,
    kind: Kind,
    subject: &Subject,
    key: Option<&str>,
) -> Result<Receipt, SubmitError> {
    let n = signer.next_n(app, Scope::Main)?;
    // Charters only raise it.
    let is_over = n >= quota(Scope::Main)
        && app.store.members()?.is_none_or(|members| n >= members.quota(Scope::Main, &signer.author()));
    if is_over {
        return Err(SubmitError::Problem(problem(
            "entry.quota",
            "",
            "The key that signs has used all of its entries.",
            "Submit with another account, or make another identity for this node.",
        )));
    }
    let delay_secs = if app.config.publication.delay { delay_secs() } else { 0 };
    let entry = signer.sign(app, body, kind.number(), n)?;
    let id = entry.head().id().to_string();
    let kept = app.store.put_in_outbox(&entry, subject, now_secs() + delay_secs, key);
    kept.inspect_err(|error| _ = app.disk.failed(error))?;
    if delay_secs > 0 {
        return Ok(Receipt { id, n, state: ReceiptState::Queued });
    }
    drop(signer);
    app.release_due()?;
    let state = if app.store.in_inbox(&entry.head().id())?.is_some() {
        ReceiptState::Inbox
    } else if app.store.waiting(&entry.head().id())?.is_some() {
        // The inbox is full.
        ReceiptState::Queued
    } else {
        ReceiptState::Released
    };
    Ok(Receipt { id, n, state })
}

/// Nobody would see it, and each repetition would be signed again.
fn hidden(subject: &RulingSubject) -> Problem {
    let (field, what, fix) = match subject {
        RulingSubject::Author(_) => {
            ("", "entries by the key that signs", "Submit it with another account, or through another node.")
        }
        RulingSubject::Infohash(_) => ("magnet", "this torrent", "Submit another torrent of the release."),
        RulingSubject::Mbid(_) | RulingSubject::Entry(_) => ("mbid", "this record", "Check the MBID."),
    };
    let message = format!("The operators of this network have decided not to show {what}.");
    problem("link.hidden", field, &message, fix)
}

/// Signs what an entry says once more, with the next free n, for release with the next batch. An account's
/// entry waits for that until the account's key is at hand.
///
/// # Errors
/// The store's, or those of the key's file.
pub fn sign_anew(app: &App, entry: &VerifiedEntry) -> Result<(), SubmitError> {
    let Some(body) = entry.body() else { return Ok(()) };
    let subject = Link::from_body(body).map_or_else(|_| Sha256::digest(body).into(), |link| subject(&link));
    let scope = entry.head().scope();
    if signing::lost(app, entry, &subject)? {
        return Ok(());
    }
    let mut signer = SigningKey::choose(app, None);
    if signer.author() != entry.head().author() {
        tracing::warn!(id = %entry.head().id(), "its account was deleted: it is not signed anew");
        return Ok(());
    }
    let n = signer.next_n(app, scope)?;
    let again = signer.sign(app, body.to_vec(), entry.head().statement().kind, n)?;
    Ok(app.store.put_in_outbox(&again, &subject, now_secs(), None)?)
}

/// The receipt of what a form became that was sent before.
fn answered(app: &App, key: Option<&str>) -> Result<Option<Receipt>, StoreError> {
    let Some(id) = key.map(|key| app.store.receipt(key)).transpose()?.flatten() else { return Ok(None) };
    if let Some(entry) = app.store.waiting(&id)? {
        return Ok(Some(receipt(&entry, ReceiptState::Queued)));
    }
    if let Some(stored) = app.store.entry(&id)? {
        return Ok(Some(receipt(&stored.verify()?, ReceiptState::Released)));
    }
    let entry = app.store.in_inbox(&id)?;
    Ok(entry.map(|entry| receipt(&entry, ReceiptState::Inbox)))
}

/// The receipt of what was published before: by the same form, or as the same torrent and MBID.
fn known(
    app: &App,
    author: &AuthorKey,
    link: &Link,
    key: Option<&str>,
) -> Result<Option<Receipt>, StoreError> {
    if let Some(receipt) = answered(app, key)? {
        return Ok(Some(receipt));
    }
    if let Some(entry) = app.store.waiting_about(&subject(link))? {
        return Ok(Some(receipt(&entry, ReceiptState::Known)));
    }
    // As long as the key is no member, what it signed waits there.
    let is_it = |body: &[u8]| Link::from_body(body).is_ok_and(|other| subject(&other) == subject(link));
    if let Some(entry) = app.store.find_in_inbox(author, is_it)? {
        return Ok(Some(receipt(&entry, ReceiptState::Known)));
    }
    let same = app.store.link_of_torrent(link.infohash_v1.as_ref(), link.infohash_v2.as_ref(), &link.mbid)?;
    let stored = same.map(|id| app.store.entry(&id)).transpose()?.flatten();
    stored.map(|stored| Ok(receipt(&stored.verify()?, ReceiptState::Known))).transpose()
}

/// What makes two links the same: torrent and MBID.
fn subject(link: &Link) -> Subject {
    Sha256::new()
        .chain_update(link.infohash_v1.unwrap_or_default())
        .chain_update(link.infohash_v2.unwrap_or_default())
        .chain_update(link.mbid.as_bytes())
        .finalize()
        .into()
}

/// Takes in an entry that was signed elsewhere.
///
/// # Errors
/// [`SubmitError::Taken`] if its n is; a problem if it is beyond the quota.
pub fn submit_signed(app: &App, entry: &VerifiedEntry) -> Result<Receipt, SubmitError> {
    if entry.body().is_none() {
        return Err(SubmitError::Problem(problem(
            "entry.body",
            "body",
            "The body of the entry is missing.",
            "Send the body right after the head.",
        )));
    }
    let mut outcome = app.publish(std::slice::from_ref(entry))?[0];
    if outcome == Outcome::NotMember {
        match app.keep_for_later(entry)? {
            Kept::Waiting => return Ok(receipt(entry, ReceiptState::Inbox)),
            // Somebody has answered for the author meanwhile.
            Kept::Offered(offered) => outcome = offered,
            Kept::NoRoom => {}
        }
    }
    match outcome {
        Outcome::New | Outcome::BodyAdded => Ok(receipt(entry, ReceiptState::Released)),
        Outcome::Known => Ok(receipt(entry, ReceiptState::Known)),
        Outcome::SlotTaken => {
            let head = entry.head();
            Err(SubmitError::Taken { next_n: app.store.next_n(&head.author(), head.scope())? })
        }
        Outcome::NotMember => Err(SubmitError::Problem(problem(
            "entry.inbox",
            "",
            "The entry's author is no member of this network, and too many entries of theirs, or of others, are waiting.",
            "Ask a member to vouch for the author, and send it again.",
        ))),
        Outcome::OverQuota => Err(SubmitError::Problem(problem(
            "entry.quota",
            "n",
            "The entry's n is beyond its author's quota.",
            "Sign with a lower n that is free, or with another identity.",
        ))),
    }
}

fn receipt(entry: &VerifiedEntry, state: ReceiptState) -> Receipt {
    let head = entry.head();
    Receipt { id: EntryId::to_string(&head.id()), n: head.statement().n, state }
}

/// An exponentially distributed wait: what is released when says nothing about when it was signed.
fn delay_secs() -> u64 {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        return MEAN_DELAY_SECS as u64;
    }
    // In (0, 1]: the logarithm is finite.
    let uniform = (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64;
    (-(1.0 - uniform).ln() * MEAN_DELAY_SECS).min(MAX_DELAY_SECS) as u64 + 1
}
