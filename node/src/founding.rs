//! A node's network: founded by the node itself where nobody told it one.
//!
//! Not here: what a charter does to the set ([`deadwax_index::ingest`]), and charters of several operators
//! ([`crate::cli::network`]).

use crate::app::now_secs;
use crate::config::Config;
use crate::signer::Signer;
use deadwax_index::Problem;
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::texts::MAX_LABEL_BYTES;
use deadwax_index::entry::{Body, Kind, Scope, VerifiedEntry};
use deadwax_index::ingest::{PinError, found_alone, pin_charter};
use deadwax_index::store::{Store, StoreError};

/// Which network a node was told to belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// None: it founds its own.
    Nothing,
    /// That of this charter.
    Charter(CharterId),
    /// None: its set is open to all keys. For private networks, whose files say so.
    Open,
}

/// What the node belongs to when it starts, for whoever starts it.
#[derive(Debug, PartialEq, Eq)]
pub enum Belongs {
    /// It was told none and has just founded one.
    Founded(CharterId),
    /// As before, or as it was told.
    Joined(CharterId),
    /// To none: it was told so.
    Open,
    /// To none: there are entries by others from when it belonged to none, and founding a network would take them
    /// out of the set.
    StaysOpen,
}

/// Why a node does not start in a network.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// It was told another one.
    #[error("the configuration names the network of charter {told}, and this node belongs to that of {is}")]
    Other {
        /// What the configuration says.
        told: CharterId,
        /// The network of the data directory.
        is: CharterId,
    },
    /// The charter cannot be written.
    #[error("the charter cannot be written: {}", .0.message)]
    Charter(Problem),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file of the node's key cannot be written.
    #[error("the node's key cannot be kept: {0}")]
    Key(#[source] std::io::Error),
}

/// Makes the set that of a network, as the node was told; without a word it founds one, if that costs nothing.
///
/// # Errors
/// See [`FoundingError`]; then the node belongs to what it belonged to.
pub fn settle(
    store: &Store,
    signer: &mut Signer,
    config: &Config,
    told: Told,
) -> Result<Belongs, FoundingError> {
    let is = store.pinned_charter()?;
    match (told, is) {
        (Told::Charter(told), _) => match pin_charter(store, told) {
            Ok(()) => Ok(Belongs::Joined(told)),
            Err(PinError::Other(is)) => Err(FoundingError::Other { told, is }),
            Err(PinError::Store(error)) => Err(error.into()),
        },
        (_, Some(is)) => Ok(Belongs::Joined(is)),
        (Told::Open, None) => Ok(Belongs::Open),
        (Told::Nothing, None) if store.has_entries_of_others(&signer.author())? => Ok(Belongs::StaysOpen),
        (Told::Nothing, None) => {
            let charter = Charter { name: name_of(config), ..Charter::default() };
            let (id, entry) = sign_alone(store, signer, charter)?;
            found_alone(store, &entry, id)?;
            Ok(Belongs::Founded(id))
        }
    }
}

/// Signs a founding charter with the node's key as its only operator, and the entry that carries it.
///
/// # Errors
/// See [`FoundingError`]; then nothing was signed.
pub fn sign_alone(
    store: &Store,
    signer: &mut Signer,
    charter: Charter,
) -> Result<(CharterId, VerifiedEntry), FoundingError> {
    let charter = Charter { prev: None, roster: vec![signer.author()], ..charter };
    let charter = charter.signed(|message| vec![signer.sign_charter(message)]);
    let id = CharterId::of(&charter.to_be_signed());
    let bytes = Body::Charter(charter).to_bytes().map_err(|error| FoundingError::Charter(error.problem()))?;
    let n = store.next_n_with_outbox(&signer.author(), Scope::Core)?.max(signer.next_n(Scope::Core));
    let entry = signer.sign(bytes, Kind::Charter.number(), n, now_secs() / 3600);
    Ok((id, entry.map_err(FoundingError::Key)?))
}

/// The node's name, as far as a charter has room for it.
fn name_of(config: &Config) -> String {
    let name = config.node.name.trim();
    let end = (0..=name.len().min(MAX_LABEL_BYTES)).rev().find(|end| name.is_char_boundary(*end));
    name[..end.unwrap_or(0)].trim_end().to_owned()
}

impl Belongs {
    /// What the operator reads about it at the start.
    pub fn line(&self, name: Option<&str>) -> String {
        let name = name.unwrap_or("its charter is not here yet");
        match self {
            Self::Founded(_) => format!(
                "{name} founded: you are its only operator; to join another: `deadwax network join`"
            ),
            Self::Joined(_) => name.to_owned(),
            Self::Open => "none: the set is open to all keys".into(),
            Self::StaysOpen => {
                "none: entries by others are here, so the set stays open to all keys; `deadwax network new` or `join` ends that"
                    .into()
            }
        }
    }
}

#[cfg(test)]
mod tests;
