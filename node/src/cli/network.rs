//! `deadwax network`, `vouch` and `ballot`: which network a node belongs to, and what its operator says in it.
//!
//! They work on the files, signed with the node's own key, while no node runs; `network show` always does.

mod draft;

use super::Context;
use super::output::Failure;
use crate::app::now_secs;
use crate::run;
use crate::signer::Signer;
use clap::{ArgGroup, Args, Subcommand};
use data_encoding::HEXLOWER;
use deadwax_index::entry::ballot::{self, BallotInfohash, BallotSubject, Verdict};
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::reason::Reason;
use deadwax_index::entry::subject::{Subject, SubjectKind};
use deadwax_index::entry::{AuthorKey, Body, EntryId, Scope, vouch};
use deadwax_index::ingest::{Kept, Outcome, PinError, ingest, pin_charter};
use deadwax_index::mbid::Uuid;
use deadwax_index::members::{Fork, Members, Ruling};
use deadwax_index::store::Store;
use serde::Serialize;
use std::fs::File;

#[derive(Debug, Subcommand)]
pub enum Network {
    /// Found a network with this node as its only operator, and join it
    New {
        /// Name of the network
        #[arg(long)]
        name: String,
        /// What each operator may grant by vouches [default: 1000]
        #[arg(long, value_name = "N")]
        budget: Option<u32>,
        /// What the network is for
        #[arg(long)]
        text: Option<String>,
    },
    /// Join the network of this charter, for good
    Join {
        /// Id of the charter, 64 hexadecimal digits
        charter: CharterId,
    },
    /// Write a charter that several operators are to sign
    Draft(draft::Draft),
    /// Agree to a charter as one of its operators
    Sign(draft::Sign),
    /// Publish a charter that enough operators have signed
    Publish(draft::Publish),
    /// Show the charter, how many members there are, and what the operators decided
    Show,
}

/// Answer for somebody, so that their entries belong to the network.
#[derive(Debug, Args)]
pub struct Vouch {
    /// The key of whoever is answered for, 64 hexadecimal digits
    key: AuthorKey,
    /// How much of this node's budget it takes; they may grant one less
    #[arg(long, value_name = "N", default_value_t = 1)]
    grant: u32,
    /// Take the vouch back: their entries stay, and their votes do not count any more
    #[arg(long, conflicts_with = "grant")]
    withdraw: bool,
    /// Why
    #[arg(long)]
    note: Option<String>,
}

/// Vote as an operator to hide something, or to ban somebody.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("about").required(true).args(["entry", "mbid", "infohash", "author"]))]
pub struct Ballot {
    /// An entry, by its id
    #[arg(long, value_name = "ID")]
    entry: Option<EntryId>,
    /// A record, by its MBID
    #[arg(long)]
    mbid: Option<Uuid>,
    /// A torrent, by one of its infohashes in hexadecimal
    #[arg(long, value_name = "HASH")]
    infohash: Option<BallotInfohash>,
    /// An author, by their key
    #[arg(long, value_name = "KEY")]
    author: Option<AuthorKey>,
    /// It stands: an earlier ballot of this node is taken back
    #[arg(long)]
    stands: bool,
    /// Why: duplicate, spam, fake, ... (doc/ENTRY-FORMAT.md, 10.3)
    #[arg(long, value_parser = reason)]
    reason: Option<Reason>,
    /// Why, in words
    #[arg(long)]
    note: Option<String>,
}

/// What was signed.
#[derive(Serialize)]
struct Signed {
    id: EntryId,
    n: u64,
    state: &'static str,
}

#[derive(Serialize)]
struct Shown {
    /// The charter that the node was given.
    charter: CharterId,
    /// The newest one that is adopted; null until the given one is here.
    newest: Option<CharterId>,
    name: Option<String>,
    members_root: Option<String>,
    members: usize,
    roster: Vec<AuthorKey>,
    rulings: Vec<Ruling>,
    forks: Vec<Fork>,
    inbox: u64,
    /// What this node can still grant.
    budget_left: u64,
    /// This node's own key; null where it has none yet.
    key: Option<AuthorKey>,
}

impl Network {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::New { name, budget, text } => found(context, name, budget, text)?,
            Self::Join { charter } => join(&Files::open(context)?.store, charter)?,
            Self::Draft(draft) => return draft.run(context),
            Self::Sign(sign) => return sign.run(context),
            Self::Publish(publish) => return publish.run(context),
            Self::Show => {}
        }
        let shown = show(context)?;
        context.out.print(&shown, text_of);
        Ok(())
    }
}

/// A node's files, with nobody else writing to them.
struct Files {
    _lock: File,
    store: Store,
    signer: Signer,
}

impl Files {
    fn open(context: &Context) -> Result<Self, Failure> {
        let lock = run::lock(&context.data_dir).map_err(|error| {
            let message = format!("The node's files cannot be changed: {error:#}.");
            Failure::bad("node.running", "", message, "Stop the node first.")
        })?;
        let store = Store::open(&context.data_dir).map_err(Failure::store)?;
        let signer = Signer::open(&context.data_dir).map_err(|error| key_failed(format!("{error:#}")))?;
        Ok(Self { _lock: lock, store, signer })
    }

    /// The lowest n of `core` after all that are used.
    fn next_n(&self) -> Result<u64, Failure> {
        let next = self.store.next_n_with_outbox(&self.signer.author(), Scope::Core);
        Ok(next.map_err(Failure::store)?.max(self.signer.next_n(Scope::Core)))
    }

    /// Signs an entry of `core` with the lowest n after all that are used, and offers it to the set.
    fn publish(&mut self, body: &Body) -> Result<Signed, Failure> {
        let kind = body.kind().number();
        let bytes = body.to_bytes().map_err(|error| Failure::refused(error.problem()))?;
        let n = self.next_n()?;
        let entry = self.signer.sign(bytes, kind, n, now_secs() / 3600);
        let entry = [entry.map_err(|error| key_failed(error.to_string()))?];
        let outcome = ingest(&self.store, &entry, None).map_err(Failure::store)?[0];
        let kept = match outcome {
            Outcome::NotMember => self.store.put_in_inbox(&entry[0], now_secs()).map_err(Failure::store)?,
            outcome => Kept::Offered(outcome),
        };
        let state = match kept {
            Kept::Offered(Outcome::New | Outcome::BodyAdded | Outcome::Known) => "released",
            Kept::Waiting => "inbox",
            Kept::NoRoom | Kept::Offered(Outcome::NotMember) => {
                let message =
                    "This node's key is no member, and too many entries of it, or of others, wait.".into();
                let fix = "Ask a member to answer for this node's key, and try again.";
                return Err(Failure::bad("entry.inbox", "", message, fix));
            }
            Kept::Offered(Outcome::SlotTaken | Outcome::OverQuota) => {
                let message = format!("The entry with n = {n} could not join the set.");
                return Err(Failure::bad("entry.quota", "n", message, "Use another identity for this node."));
            }
        };
        Ok(Signed { id: entry[0].head().id(), n, state })
    }

    /// The members of the network that the node has joined.
    fn members(&self) -> Result<Members, Failure> {
        self.store.members().map_err(Failure::store)?.ok_or_else(no_network)
    }
}

fn found(context: &Context, name: String, budget: Option<u32>, text: Option<String>) -> Result<(), Failure> {
    let mut files = Files::open(context)?;
    let roster = vec![files.signer.author()];
    let founding = Charter { name, roster, budget, text, ..Charter::default() };
    let founding = founding.signed(|message| vec![files.signer.sign_charter(message)]);
    let charter = CharterId::of(&founding.to_be_signed());
    may_join(&files.store, charter)?;
    // Published first: without the charter in it, the node would not be a member of its own network.
    files.publish(&Body::Charter(founding))?;
    join(&files.store, charter)
}

/// Refuses where [`join`] would, before anything is published.
fn may_join(store: &Store, charter: CharterId) -> Result<(), Failure> {
    match store.stays_in().map_err(Failure::store)?.filter(|pinned| *pinned != charter) {
        Some(pinned) => Err(joined(&PinError::Other(pinned))),
        None => Ok(()),
    }
}

fn join(store: &Store, charter: CharterId) -> Result<(), Failure> {
    pin_charter(store, charter).map_err(|error| match error {
        PinError::Store(error) => Failure::store(error),
        other @ PinError::Other(_) => joined(&other),
    })
}

fn show(context: &Context) -> Result<Shown, Failure> {
    if !context.data_dir.join("entries.db").exists() {
        return Err(no_network());
    }
    let store = Store::open(&context.data_dir).map_err(Failure::store)?;
    let members = store.members().map_err(Failure::store)?.ok_or_else(no_network)?;
    let key = context.data_dir.join("node.identity").exists().then(|| Signer::open(&context.data_dir));
    let key =
        key.transpose().map_err(|error| key_failed(format!("{error:#}")))?.map(|signer| signer.author());
    Ok(Shown {
        charter: members.pinned(),
        newest: members.charter().map(|(id, _)| id),
        name: members.charter().map(|(_, charter)| charter.name.clone()),
        members_root: members.root().map(|root| HEXLOWER.encode(&root)),
        members: members.keys().len(),
        roster: members.roster().to_vec(),
        rulings: members.rulings().collect(),
        forks: members.forks(),
        inbox: store.inbox_count().map_err(Failure::store)?,
        budget_left: key.map_or(0, |key| members.budget_left(&key)),
        key,
    })
}

impl Vouch {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let mut files = Files::open(context)?;
        let members = files.members()?;
        let own = files.signer.author();
        if self.key == own {
            let fix = "Ask another member to answer for this node's key.";
            return Err(Failure::bad("vouch.own", "key", "A vouch for oneself means nothing.".into(), fix));
        }
        let left = members.budget_left(&own);
        if !self.withdraw && members.is_member(&own) && u64::from(self.grant) > left {
            let message = format!("The grant is larger than what this node has left: {left}.");
            let fix = "Grant less; a vouch that does not fit would end the count of all later ones.";
            return Err(Failure::bad("vouch.budget", "grant", message, fix));
        }
        let n = files.next_n()?;
        if let Some(counted) = members.counted_to(&own).filter(|counted| !self.withdraw && *counted != n) {
            let message =
                format!("No vouch after n = {counted} counts: that entry is missing, or does not fit.");
            let fix = "Publish an entry of core with that n first (`deadwax entry sign --n`).";
            return Err(Failure::bad("vouch.gap", "n", message, fix));
        }
        let body =
            vouch::Vouch { key: self.key, grant: self.grant, withdrawn: self.withdraw, note: self.note };
        let signed = files.publish(&Body::Vouch(body))?;
        context.out.print(&signed, signed_text);
        Ok(())
    }
}

impl Ballot {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let mut files = Files::open(context)?;
        if !files.members()?.roster().contains(&files.signer.author()) {
            let message = "This node is not on the current roster of its network.".into();
            return Err(Failure::bad("ballot.roster", "", message, "Only operators decide by ballots."));
        }
        // Whatever kind of record the MBID names: rulings do not tell them apart.
        let record = |mbid| BallotSubject::Subject(Subject::Mbid { mbid, kind: SubjectKind::ReleaseGroup });
        let subject = (self.entry.map(|id| BallotSubject::Subject(Subject::Entry(id))))
            .or(self.mbid.map(record))
            .or(self.infohash.map(BallotSubject::Torrent))
            .or(self.author.map(BallotSubject::Author))
            .ok_or_else(|| Failure::usage("What the ballot is about is missing."))?;
        let body = ballot::Ballot {
            subject,
            dimension: subject.dimension(),
            verdict: if self.stands { Verdict::Stands } else { Verdict::Falls },
            reason: self.reason,
            note: self.note,
        };
        let signed = files.publish(&Body::Ballot(body))?;
        context.out.print(&signed, signed_text);
        Ok(())
    }
}

fn reason(word: &str) -> Result<Reason, String> {
    Reason::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        format!("one of {}", words.join(", "))
    })
}

fn signed_text(signed: &Signed) -> String {
    let state = match signed.state {
        "inbox" => "waits until this node's key is a member",
        _ => "published",
    };
    format!("entry {}\n{state}\n", signed.id)
}

fn text_of(shown: &Shown) -> String {
    let name = shown.name.as_deref().unwrap_or("its charter is not here yet");
    let mut out = format!("network  {name}\ncharter  {}\n", shown.charter);
    out += &format!("members  {}, {} of them on the roster\n", shown.members, shown.roster.len());
    out += &format!(
        "budget   {} left to this node\ninbox    {} entries of others\n",
        shown.budget_left, shown.inbox
    );
    for ruling in &shown.rulings {
        let subject = serde_json::to_string(&ruling.subject).unwrap_or_default();
        let verdict = if ruling.verdict == Verdict::Stands { "stands" } else { "falls" };
        out += &format!("ruling   {subject} {verdict}, {} of {}\n", ruling.votes, ruling.roster);
    }
    for fork in &shown.forks {
        out += &format!(
            "FORK     after {}: {} is adopted, {} is signed too\n",
            fork.prev, fork.adopted, fork.other
        );
    }
    out
}

fn no_network() -> Failure {
    let message = "This node belongs to no network: its set is open to all.".into();
    Failure::bad("network.none", "", message, "Found one with `deadwax network new`, or join one.")
}

fn joined(error: &PinError) -> Failure {
    let fix = "Use another data directory for another network.";
    Failure::bad("network.joined", "charter", format!("It cannot be changed: {error}."), fix)
}

fn key_failed(error: String) -> Failure {
    Failure::bad("file", "key", format!("The node's key: {error}."), "Check the file node.identity.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Output;

    fn context(dir: &tempfile::TempDir) -> Context {
        Context { data_dir: dir.path().to_owned(), config_file: None, out: Output { json: true } }
    }

    fn vouch(key: AuthorKey, grant: u32, withdraw: bool) -> Vouch {
        Vouch { key, grant, withdraw, note: None }
    }

    fn ballot(author: AuthorKey, stands: bool) -> Ballot {
        Ballot {
            entry: None,
            mbid: None,
            infohash: None,
            author: Some(author),
            stands,
            reason: None,
            note: None,
        }
    }

    #[test]
    fn a_network_is_founded_and_its_operator_vouches_and_decides() {
        let dir = tempfile::tempdir().unwrap();
        let context = context(&dir);
        assert!(show(&context).is_err_and(|failure| format!("{failure:?}").contains("network.none")));
        let new = || Network::New { name: "Tidewater".into(), budget: Some(5), text: None };
        new().run(&context).unwrap();
        let refused = new().run(&context).unwrap_err();
        assert!(format!("{refused:?}").contains("network.joined"), "{refused:?}");
        let shown = show(&context).unwrap();
        assert_eq!((shown.members, shown.budget_left), (1, 5));
        assert_eq!(shown.newest, Some(shown.charter));

        let friend = AuthorKey([7; 32]);
        let refused = vouch(friend, 6, false).run(&context).unwrap_err();
        assert!(format!("{refused:?}").contains("vouch.budget"), "{refused:?}");
        vouch(friend, 3, false).run(&context).unwrap();
        let after = show(&context).unwrap();
        assert_eq!((after.members, after.budget_left), (2, 2));
        assert_ne!(after.members_root, shown.members_root);
        vouch(friend, 1, true).run(&context).unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.members().unwrap().unwrap().weight(&friend), Some(0));

        ballot(friend, false).run(&context).unwrap();
        assert_eq!(show(&context).unwrap().rulings.len(), 1);
        ballot(friend, true).run(&context).unwrap();
        assert_eq!(show(&context).unwrap().rulings[0].verdict, Verdict::Stands);
        let own = shown.key.unwrap();
        assert!(vouch(own, 1, false).run(&context).is_err());
    }

    #[test]
    fn nothing_is_signed_while_a_node_runs_or_without_a_seat() {
        let dir = tempfile::tempdir().unwrap();
        let context = context(&dir);
        let node = run::lock(dir.path()).unwrap();
        let refused = Network::Join { charter: CharterId([7; 32]) }.run(&context).unwrap_err();
        assert!(format!("{refused:?}").contains("node.running"), "{refused:?}");
        drop(node);
        Network::Join { charter: CharterId([7; 32]) }.run(&context).unwrap();
        let shown = show(&context).unwrap();
        assert_eq!((shown.members, shown.members_root, shown.newest), (0, None, None));
        let refused = ballot(AuthorKey([7; 32]), false).run(&context).unwrap_err();
        assert!(format!("{refused:?}").contains("ballot.roster"), "{refused:?}");
        vouch(AuthorKey([8; 32]), 1, false).run(&context).unwrap();
        assert_eq!(show(&context).unwrap().inbox, 1, "it waits until the node is a member");
    }
}
