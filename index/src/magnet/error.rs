//! Why a text is not a magnet, in plain words.

use crate::Problem;
use crate::infohash::InfohashError;

/// Why a magnet was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MagnetError {
    /// It does not begin with `magnet:?`.
    #[error("this is not a magnet: it does not begin with magnet:?")]
    NotAMagnet,
    /// More than [`super::MAX_MAGNET_BYTES`].
    #[error("the magnet is longer than {} KiB", super::MAX_MAGNET_BYTES >> 10)]
    TooLong,
    /// More than [`super::MAX_PARAMETERS`].
    #[error("the magnet has more than {} parameters", super::MAX_PARAMETERS)]
    TooManyParameters,
    /// No `xt` with an infohash.
    #[error("the magnet has no infohash")]
    NoInfohash,
    /// An `xt` with a damaged infohash.
    #[error(transparent)]
    Infohash(InfohashError),
    /// Two different infohashes of one version.
    #[error("the magnet names several torrents")]
    SeveralTorrents,
}

impl MagnetError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, field, fix) = match self {
            Self::Infohash(error) => return error.problem(),
            Self::NotAMagnet => ("magnet.form", "magnet", "Copy the magnet again, from its first character."),
            Self::TooLong | Self::TooManyParameters => {
                ("magnet.too-long", "magnet", "Leave out its trackers; they are replaced anyway.")
            }
            Self::NoInfohash => (
                "magnet.infohash",
                "xt",
                "Copy the whole magnet; it must contain xt=urn:btih: or xt=urn:btmh: and the infohash.",
            ),
            Self::SeveralTorrents => ("magnet.several", "xt", "Submit one magnet for each of the torrents."),
        };
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        Problem { code, field, message, fix }
    }
}
