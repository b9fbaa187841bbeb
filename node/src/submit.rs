//! From what a person typed to a signed entry: checks, signing, and release now or later.

use crate::app::{App, now_secs};
use deadwax_index::Problem;
use deadwax_index::catalogue::KnownGroup;
use deadwax_index::entry::kind::Kind;
use deadwax_index::entry::link::{File, Link};
use deadwax_index::entry::{AuthorKey, EntryId, Scope, VerifiedEntry};
use deadwax_index::infohash::Infohashes;
use deadwax_index::ingest::{Kept, Outcome, quota};
use deadwax_index::magnet::Magnet;
use deadwax_index::mbid::{self, MbidKind, Uuid};
use deadwax_index::members::RulingSubject;
use deadwax_index::store::StoreError;
use deadwax_index::store::private::Subject;
use deadwax_index::torrent::{MAX_TORRENT_BYTES, Torrent};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::PoisonError;

/// Mean of the random wait before release.
const MEAN_DELAY_SECS: f64 = 600.0;
/// Longest wait.
const MAX_DELAY_SECS: f64 = 3600.0;
/// Idempotency keys are made by forms; longer ones are not ours.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 64;
/// Trackers of a torrent's own that a link carries.
const MAX_OWN_TRACKERS: usize = deadwax_index::entry::link::MAX_TRACKERS;

/// A link as a form, the command line or the API gives it. Empty fields count as absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    /// The torrent as a magnet, or ...
    pub magnet: String,
    /// ... as a .torrent file in base64.
    pub torrent: String,
    /// MBID, or musicbrainz.org address.
    pub mbid: String,
    /// Artist credit; may be absent where the release group is known here.
    pub artist: String,
    /// Title; may be absent where the release group is known here.
    pub title: String,
    /// Year of first release.
    pub year: String,
    /// Types, separated by commas: `Album, Live`.
    #[serde(rename = "type")]
    pub types: String,
    /// `CD`, `Vinyl`, `WEB`, ...
    pub media: String,
    /// `FLAC`, `MP3`, ...
    pub format: String,
    /// `Lossless`, `V0 (VBR)`, `320`, ...
    pub encoding: String,
    /// Record label of the edition.
    pub label: String,
    /// Catalogue number of the edition.
    pub catno: String,
}

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
    /// The file of the node's key cannot be written.
    #[error("the node's key cannot be kept: {0}")]
    Key(#[source] std::io::Error),
}

fn problem(code: &'static str, field: &'static str, message: &str, fix: &'static str) -> Problem {
    Problem { code, field, message: message.into(), fix }
}

/// Turns a draft into a link, with what is known here filled in.
///
/// # Errors
/// The first field that a person has to mend.
pub fn link_of(app: &App, draft: &Draft) -> Result<Link, SubmitError> {
    let (mbid, kind) = mbid::parse(&draft.mbid).map_err(|error| error.problem())?;
    let (mbid, group, catalogued) = catalogued(app, mbid);
    let mut link = torrent_of(draft)?;
    add_own_tracker(&mut link, app.own_tracker());
    link.mbid = mbid;
    // A bare MBID does not say what it names: the catalogue may know, and else people copy the release group's.
    link.release_group = group.filter(|group| *group != mbid);
    link.mbid_kind = match link.release_group {
        Some(_) => MbidKind::Release,
        None => kind.unwrap_or(MbidKind::ReleaseGroup),
    };
    let text = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let known = app.store.group(&mbid)?;
    let known_artist = || {
        let catalogued = catalogued.as_ref().and_then(|group| text(&group.artist));
        catalogued.or_else(|| known.as_ref().map(|group| group.artist().to_owned()))
    };
    let known_title = || {
        let catalogued = catalogued.as_ref().and_then(|group| text(&group.title));
        catalogued.or_else(|| known.as_ref().map(|group| group.title().to_owned()))
    };
    link.artist = text(&draft.artist).or_else(known_artist).ok_or_else(|| {
        problem("link.artist", "artist", "The artist is missing.", "Type the artist as the release names it.")
    })?;
    link.title = text(&draft.title).or_else(known_title).ok_or_else(|| {
        problem("link.title", "title", "The title is missing.", "Type the title of the album.")
    })?;
    link.year = match draft.year.trim() {
        "" => {
            let catalogued = catalogued.as_ref().and_then(|group| group.year);
            catalogued.or_else(|| known.as_ref().and_then(|group| group.year()))
        }
        year => Some(year.parse().ok().filter(|year| (1..=9999).contains(year)).ok_or_else(|| {
            problem("link.year", "year", "This is not a year.", "Type four digits, or leave it empty.")
        })?),
    };
    link.types = draft.types.split(',').filter_map(text).collect();
    link.media = text(&draft.media);
    link.format = text(&draft.format);
    link.encoding = text(&draft.encoding);
    link.edition.label = text(&draft.label);
    link.edition.catno = text(&draft.catno);
    Ok(link)
}

/// What the MusicBrainz catalogue says, if it is here and can be read: links are made without it, too. A
/// merged MBID is followed to the one that counts now; with it comes the group of a release.
fn catalogued(app: &App, mbid: Uuid) -> (Uuid, Option<Uuid>, Option<KnownGroup>) {
    let known = app.search.catalogue().with(|catalogue| match catalogue {
        Some((catalogue, _)) => {
            let mbid = catalogue.resolve(&mbid)?;
            let group = catalogue.group_of(&mbid)?;
            let known = group.map(|group| catalogue.known_group(&group)).transpose()?.flatten();
            Ok((mbid, group, known))
        }
        None => Ok((mbid, None, None)),
    });
    known.unwrap_or_else(|error: StoreError| {
        tracing::warn!(%error, "the catalogue cannot be read");
        (mbid, None, None)
    })
}

/// What the torrent says of itself; the rest is empty.
fn torrent_of(draft: &Draft) -> Result<Link, Problem> {
    let (magnet, torrent) = (draft.magnet.trim(), draft.torrent.trim());
    let missing = "Paste the magnet of the torrent.";
    match (magnet.is_empty(), torrent.is_empty()) {
        (true, true) => Err(problem("link.torrent", "magnet", "The torrent is missing.", missing)),
        (false, false) => Err(problem(
            "link.torrent",
            "magnet",
            "Both a magnet and a .torrent file were given.",
            "Give one of them.",
        )),
        (false, true) => {
            let magnet = Magnet::parse(magnet).map_err(|error| error.problem())?;
            let mut link = empty_link(&magnet.infohashes);
            link.size_bytes = magnet.size_bytes;
            link.name = magnet.name;
            link.trackers =
                magnet.trackers.iter().take(MAX_OWN_TRACKERS).map(|t| t.as_str().to_owned()).collect();
            Ok(link)
        }
        (true, false) => {
            let broken = || {
                problem(
                    "torrent.base64",
                    "torrent",
                    "The .torrent file did not arrive whole.",
                    "Send it again.",
                )
            };
            if torrent.len() > MAX_TORRENT_BYTES / 3 * 4 + 4 {
                return Err(problem(
                    "torrent.length",
                    "torrent",
                    "The .torrent file is too large.",
                    "Paste the magnet instead.",
                ));
            }
            let bytes = data_encoding::BASE64.decode(torrent.as_bytes()).map_err(|_| broken())?;
            let torrent = Torrent::parse(&bytes).map_err(|error| error.problem())?;
            if torrent.private || torrent.source.is_some() {
                return Err(problem(
                    "torrent.private",
                    "torrent",
                    "This torrent belongs to a private site, which would see its infohash published.",
                    "Make a new torrent of the files, without a private flag or source tag.",
                ));
            }
            let mut link = empty_link(&torrent.infohashes);
            link.size_bytes = Some(torrent.size_bytes);
            link.file_count = Some(torrent.files.len() as u64);
            link.trackers =
                torrent.trackers.iter().take(MAX_OWN_TRACKERS).map(|t| t.as_str().to_owned()).collect();
            let has =
                |suffix: &str| torrent.files.iter().any(|file| file.path.to_lowercase().ends_with(suffix));
            link.log = Some(has(".log"));
            link.cue = Some(has(".cue"));
            link.files = torrent
                .files
                .into_iter()
                .map(|file| File { path: file.path, size_bytes: file.size_bytes })
                .collect();
            link.name = Some(torrent.name);
            Ok(link)
        }
    }
}

/// Names this node's tracker beside the torrent's own. Whoever seeds what was submitted here announces
/// to it, and readers on other nodes have to learn where that is.
fn add_own_tracker(link: &mut Link, own: Option<String>) {
    if let Some(own) = own.filter(|own| !link.trackers.contains(own)) {
        link.trackers.truncate(MAX_OWN_TRACKERS - 1);
        link.trackers.push(own);
    }
}

fn empty_link(infohashes: &Infohashes) -> Link {
    Link {
        infohash_v1: infohashes.v1().map(|hash| hash.0),
        infohash_v2: infohashes.v2().map(|hash| hash.0),
        mbid: mbid::Uuid::nil(),
        mbid_kind: MbidKind::ReleaseGroup,
        release_group: None,
        artist: String::new(),
        title: String::new(),
        year: None,
        types: Vec::new(),
        media: None,
        format: None,
        encoding: None,
        size_bytes: None,
        file_count: None,
        log: None,
        log_score: None,
        cue: None,
        edition: Default::default(),
        trackers: Vec::new(),
        name: None,
        files: Vec::new(),
    }
}

/// Signs a link with the node's key. The same torrent for the same MBID is published once.
///
/// # Errors
/// See [`SubmitError`]; then nothing has changed.
pub fn submit(app: &App, link: &Link, idempotency_key: Option<&str>) -> Result<Receipt, SubmitError> {
    let key = idempotency_key.filter(|key| (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len()));
    let body = link.to_body().map_err(|error| error.problem())?;
    let mut signer = app.signer.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(receipt) = known(app, &signer.author(), link, key)? {
        return Ok(receipt);
    }
    if let Some(subject) = app.store.hides_link(&signer.author(), link)? {
        return Err(SubmitError::Problem(hidden(&subject)));
    }
    let n = app.store.next_n_with_outbox(&signer.author(), Scope::Main)?.max(signer.next_n(Scope::Main));
    // Charters only raise it.
    let is_over = n >= quota(Scope::Main)
        && app.store.members()?.is_none_or(|members| n >= members.quota(Scope::Main, &signer.author()));
    if is_over {
        return Err(SubmitError::Problem(problem(
            "entry.quota",
            "",
            "This node's key has used all of its entries.",
            "Make another identity for this node.",
        )));
    }
    let delay_secs = if app.config.publication.delay { delay_secs() } else { 0 };
    let entry = signer.sign(body, Kind::Link.number(), n, now_secs() / 3600);
    let entry = entry.inspect_err(|error| _ = app.disk.failed(error)).map_err(SubmitError::Key)?;
    let id = entry.head().id().to_string();
    let kept = app.store.put_in_outbox(&entry, &subject(link), now_secs() + delay_secs, key);
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
        RulingSubject::Author(_) => ("", "entries by this node's key", "Submit it through another node."),
        RulingSubject::Infohash(_) => ("magnet", "this torrent", "Submit another torrent of the release."),
        RulingSubject::Mbid(_) | RulingSubject::Entry(_) => ("mbid", "this record", "Check the MBID."),
    };
    let message = format!("The operators of this network have decided not to show {what}.");
    problem("link.hidden", field, &message, fix)
}

/// Signs what an entry says once more, with the next free n, for release with the next batch.
///
/// # Errors
/// The store's, or those of the key's file.
pub fn sign_anew(app: &App, entry: &VerifiedEntry) -> Result<(), SubmitError> {
    let Some(body) = entry.body() else { return Ok(()) };
    let subject = Link::from_body(body).map_or_else(|_| Sha256::digest(body).into(), |link| subject(&link));
    let scope = entry.head().scope();
    let mut signer = app.signer.lock().unwrap_or_else(PoisonError::into_inner);
    let n = app.store.next_n_with_outbox(&signer.author(), scope)?.max(signer.next_n(scope));
    let kind = entry.head().statement().kind;
    let again = signer.sign(body.to_vec(), kind, n, now_secs() / 3600).map_err(SubmitError::Key)?;
    Ok(app.store.put_in_outbox(&again, &subject, now_secs(), None)?)
}

/// The receipt of what was published before: by the same form, or as the same torrent and MBID.
fn known(
    app: &App,
    author: &AuthorKey,
    link: &Link,
    key: Option<&str>,
) -> Result<Option<Receipt>, StoreError> {
    if let Some(id) = key.map(|key| app.store.receipt(key)).transpose()?.flatten() {
        if let Some(entry) = app.store.waiting(&id)? {
            return Ok(Some(receipt(&entry, ReceiptState::Queued)));
        }
        if let Some(stored) = app.store.entry(&id)? {
            return Ok(Some(receipt(&stored.verify()?, ReceiptState::Released)));
        }
        if let Some(entry) = app.store.in_inbox(&id)? {
            return Ok(Some(receipt(&entry, ReceiptState::Inbox)));
        }
    }
    if let Some(entry) = app.store.waiting_about(&subject(link))? {
        return Ok(Some(receipt(&entry, ReceiptState::Known)));
    }
    // As long as the node's key is no member, what it signed waits there.
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
    let mut outcome = app.take_in(std::slice::from_ref(entry), None)?[0];
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
