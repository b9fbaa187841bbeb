//! `deadwax network draft`, `sign` and `publish`: a charter of several operators, which goes from one to the next
//! as a file until enough of them have signed it.
//!
//! Signing needs no node and no network: what is signed is in the file, and is shown. Not here: which charter a
//! node adopts ([`deadwax_index::members`]).

use super::{Files, key_failed};
use crate::cli::Context;
use crate::cli::identity;
use crate::cli::output::Failure;
use crate::signer::Signer;
use clap::Args;
use deadwax_index::entry::charter::{Charter, CharterId, CharterSignature, MAX_ROSTER, needed_signatures};
use deadwax_index::entry::{AuthorKey, Body};
use deadwax_index::members::Members;
use deadwax_index::store::Store;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A draft is at most this long: 64 keys and signatures in hexadecimal, and the text with every character escaped.
const MAX_DRAFT_BYTES: u64 = 128 << 10;

/// Write a charter that several operators are to sign.
#[derive(Debug, Args)]
pub struct Draft {
    /// Change the network of this node: what is not given stays as it is. Without it the charter founds a network
    #[arg(long)]
    amend: bool,
    /// Name of the network
    #[arg(long, required_unless_present = "amend")]
    name: Option<String>,
    /// An operator's key, 64 hexadecimal digits; once for each of them, and all of them
    #[arg(long = "operator", value_name = "KEY", required_unless_present = "amend")]
    operators: Vec<AuthorKey>,
    /// What each operator may grant by vouches [default: 1000]
    #[arg(long, value_name = "N")]
    budget: Option<u32>,
    /// Entries of each member in main [default: 10000]
    #[arg(long, value_name = "N")]
    quota_main: Option<u32>,
    /// Entries of each member in core [default: 64]
    #[arg(long, value_name = "N")]
    quota_core: Option<u32>,
    /// What the network is for
    #[arg(long)]
    text: Option<String>,
    /// File to write; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Agree to a charter as one of its operators; what is signed is printed.
#[derive(Debug, Args)]
pub struct Sign {
    /// The draft; the signature is added to it
    file: PathBuf,
    /// Key file of the operator, instead of the key of the node in the data directory
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Publish a charter that enough operators have signed; one that founds a network is joined too.
#[derive(Debug, Args)]
pub struct Publish {
    /// The draft
    file: PathBuf,
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftFile {
    /// In its JSON form, which `deadwax entry sign` takes too.
    charter: Charter,
    /// Whose signatures it needs: its own roster if it founds a network, else the roster that it follows.
    signers: Vec<AuthorKey>,
}

/// How far a draft is.
#[derive(Debug, Serialize)]
struct Standing {
    /// The id that the charter will have.
    charter: CharterId,
    prev: Option<CharterId>,
    name: String,
    roster: Vec<AuthorKey>,
    budget: Option<u32>,
    quota_main: Option<u32>,
    quota_core: Option<u32>,
    text: Option<String>,
    signed: Vec<AuthorKey>,
    missing: Vec<AuthorKey>,
    /// How many signatures make it a charter.
    needed: usize,
    /// Whether it has as many.
    complete: bool,
}

impl DraftFile {
    fn read(path: &Path) -> Result<Self, Failure> {
        let length = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
        let not_one = |why: String| {
            let fix = "Name a file that `deadwax network draft` wrote.";
            Failure::bad("charter.draft", "file", format!("{} is no draft: {why}.", path.display()), fix)
        };
        if length > MAX_DRAFT_BYTES {
            return Err(not_one(format!("it has more than {MAX_DRAFT_BYTES} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
        let draft: Self = serde_json::from_slice(&bytes).map_err(|error| not_one(error.to_string()))?;
        draft.check()?;
        let message = draft.charter.to_be_signed();
        let holding = draft.charter.signers(&draft.signers, &message).count();
        if holding != draft.charter.signatures.len() {
            let message =
                "A signature in the draft does not hold, or is by somebody who is not asked.".into();
            let fix = "The draft was changed after it was signed: start again from an earlier copy.";
            return Err(Failure::bad("charter.signature", "signatures", message, fix));
        }
        Ok(draft)
    }

    /// What makes any charter void, as far as it can be seen before it is signed.
    fn check(&self) -> Result<(), Failure> {
        for (field, keys) in [("roster", &self.charter.roster), ("signers", &self.signers)] {
            if keys.is_empty() || keys.len() > MAX_ROSTER || !keys.is_sorted_by(|a, b| a < b) {
                let message = format!("`{field}` has to have 1 to {MAX_ROSTER} keys, ascending, each once.");
                return Err(Failure::bad("charter.roster", field, message, "Give each operator's key once."));
            }
        }
        let somebody = CharterSignature { key: self.signers[0], signature: [0; 64] };
        let charter = Charter { signatures: vec![somebody], ..self.charter.clone() };
        let body = Body::Charter(charter).to_bytes();
        body.map(drop).map_err(|error| Failure::refused(error.problem()))
    }

    fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("plain fields always serialise");
        json.push(b'\n');
        json
    }

    /// By rename, so that a crash leaves the old file or the new one.
    fn replace(&self, path: &Path) -> Result<(), Failure> {
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        std::fs::write(&new, self.to_json())
            .and_then(|()| std::fs::rename(&new, path))
            .map_err(|error| Failure::file(path, &error))
    }

    fn needed(&self) -> usize {
        match self.charter.prev {
            // Nobody is an operator who has not agreed to it.
            None => self.signers.len(),
            Some(_) => needed_signatures(self.signers.len()),
        }
    }

    fn standing(&self) -> Standing {
        let charter = self.charter.clone();
        let signed: Vec<AuthorKey> = charter.signatures.iter().map(|signed| signed.key).collect();
        let missing = self.signers.iter().filter(|key| !signed.contains(key)).copied().collect();
        Standing {
            charter: CharterId::of(&charter.to_be_signed()),
            complete: signed.len() >= self.needed(),
            needed: self.needed(),
            signed,
            missing,
            prev: charter.prev,
            name: charter.name,
            roster: charter.roster,
            budget: charter.budget,
            quota_main: charter.quota_main,
            quota_core: charter.quota_core,
            text: charter.text,
        }
    }
}

impl Draft {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let current = if self.amend { Some(current(context)?) } else { None };
        let prev = current.as_ref().map(|(id, _)| *id);
        let before = current.map(|(_, charter)| charter).unwrap_or_default();
        let mut roster = if self.operators.is_empty() { before.roster.clone() } else { self.operators };
        roster.sort();
        let charter = Charter {
            prev,
            name: self.name.unwrap_or(before.name),
            roster,
            budget: self.budget.or(before.budget),
            quota_main: self.quota_main.or(before.quota_main),
            quota_core: self.quota_core.or(before.quota_core),
            text: self.text.or(before.text),
            signatures: Vec::new(),
        };
        let signers = if prev.is_some() { before.roster } else { charter.roster.clone() };
        let draft = DraftFile { charter, signers };
        draft.check()?;
        let write = || {
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&self.out)?;
            file.write_all(&draft.to_json())?;
            file.sync_all()
        };
        write().map_err(|error| Failure::file(&self.out, &error))?;
        context.out.print(&draft.standing(), Standing::text);
        Ok(())
    }
}

/// The charter that the node's network has adopted last. It can be asked while a node runs.
fn current(context: &Context) -> Result<(CharterId, Charter), Failure> {
    if !context.data_dir.join("entries.db").exists() {
        return Err(super::no_network());
    }
    let store = Store::open(&context.data_dir).map_err(Failure::store)?;
    let members = store.members().map_err(Failure::store)?.ok_or_else(super::no_network)?;
    let (id, charter) = members.charter().ok_or_else(|| {
        let message = "The charter that this node was given is not here yet.".into();
        Failure::bad("charter.absent", "amend", message, "Let the node follow a member of its network first.")
    })?;
    Ok((id, charter.clone()))
}

impl Sign {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let mut draft = DraftFile::read(&self.file)?;
        let message = draft.charter.to_be_signed();
        let signature = match &self.key {
            Some(file) => identity::read(file)?.sign_charter(&message),
            None => {
                let signer = Signer::open(&context.data_dir);
                signer.map_err(|error| key_failed(format!("{error:#}")))?.sign_charter(&message)
            }
        };
        if !draft.signers.contains(&signature.key) {
            let message = format!("The key {} is not among those whose signatures count.", signature.key);
            let fix = "Sign with the key of an operator: `deadwax identity show` prints the key of a file.";
            return Err(Failure::bad("charter.signer", "key", message, fix));
        }
        let signatures = &mut draft.charter.signatures;
        signatures.retain(|signed| signed.key != signature.key);
        signatures.push(signature);
        signatures.sort_by_key(|signed| signed.key);
        draft.replace(&self.file)?;
        context.out.print(&draft.standing(), Standing::text);
        Ok(())
    }
}

impl Publish {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let draft = DraftFile::read(&self.file)?;
        let standing = draft.standing();
        if !standing.complete {
            return Err(too_few(standing.signed.len(), draft.signers.len(), standing.needed));
        }
        let mut files = Files::open(context)?;
        let own = files.signer.author();
        if draft.charter.prev.is_some() {
            let members = files.members()?;
            may_follow(&draft.charter, &members, own)?;
            files.publish(&Body::Charter(draft.charter))?;
        } else {
            if !draft.charter.roster.contains(&own) {
                let message = "This node's key is not on the roster of the charter.".into();
                let fix = "Publish it on an operator's node; others join with `deadwax network join`.";
                return Err(Failure::bad("charter.publisher", "roster", message, fix));
            }
            super::may_join(&files.store, standing.charter)?;
            // Published first: without the charter in it, the node would not be a member of its own network.
            files.publish(&Body::Charter(draft.charter))?;
            super::join(&files.store, standing.charter)?;
        }
        drop(files);
        context.out.print(&super::show(context)?, super::text_of);
        Ok(())
    }
}

/// Refuses what the network would not adopt, as far as this node knows.
fn may_follow(charter: &Charter, members: &Members, own: AuthorKey) -> Result<(), Failure> {
    if members.charter().map(|(current, _)| current) != charter.prev {
        let message = "The charter does not follow the newest one of this node's network.".into();
        let fix = "Draft the change again from the newest charter: `deadwax network draft --amend`.";
        return Err(Failure::bad("charter.prev", "prev", message, fix));
    }
    // The file says who has to sign, and anybody may have written that.
    let roster = members.roster();
    let signed = charter.signers(roster, &charter.to_be_signed()).count();
    if signed < needed_signatures(roster.len()) {
        return Err(too_few(signed, roster.len(), needed_signatures(roster.len())));
    }
    if !members.is_operator(&own) {
        let message = "This node's key is no operator's: nobody would hear of the charter from it.".into();
        return Err(Failure::bad("charter.publisher", "key", message, "Publish it on an operator's node."));
    }
    Ok(())
}

fn too_few(signed: usize, roster: usize, needed: usize) -> Failure {
    let message = format!("{signed} of {roster} operators have signed the charter, and {needed} have to.");
    let fix = "Pass the draft on to the operators who are missing: `deadwax network sign`.";
    Failure::bad("charter.signatures", "signatures", message, fix)
}

impl Standing {
    fn text(&self) -> String {
        let mut out = format!("charter  {}\nname     {}\n", self.charter, self.name);
        match &self.prev {
            Some(prev) => out += &format!("follows  {prev}\n"),
            None => out += "founds a network\n",
        }
        for key in &self.roster {
            out += &format!("operator {key}\n");
        }
        let amounts = [("budget", self.budget), ("main", self.quota_main), ("core", self.quota_core)];
        for (name, amount) in amounts {
            out += &amount.map_or(String::new(), |amount| format!("{name:<8} {amount}\n"));
        }
        out +=
            &self.text.as_ref().map_or(String::new(), |text| format!("text     {}\n", text.escape_debug()));
        for key in &self.signed {
            out += &format!("signed   {key}\n");
        }
        for key in &self.missing {
            out += &format!("missing  {key}\n");
        }
        out += &match self.needed.saturating_sub(self.signed.len()) {
            0 => "It has enough signatures: `deadwax network publish`.\n".to_owned(),
            rest => format!("It needs {rest} more: `deadwax network sign`.\n"),
        };
        out
    }
}

#[cfg(test)]
mod tests;
