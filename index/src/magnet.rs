//! Magnets (BEP 9): reading foreign ones, and composing ones that can only work inside I2P.
//!
//! Of a foreign magnet we keep the infohashes, the name, the size and its I2P trackers. Whatever
//! else it carries (clearnet trackers, web seeds, sources, peer addresses, keywords) is listed in
//! [`Magnet::dropped`] and never comes out of [`compose`] again.
//!
//! Not here: torrent files ([`crate::torrent`]), and which trackers a node puts first.

mod compose;
mod error;
#[cfg(test)]
mod tests;
mod tracker;

use percent_encoding::percent_decode_str;

use crate::infohash::{InfohashV1, InfohashV2, Infohashes};
use crate::torrent::names;

pub use compose::compose;
pub use error::MagnetError;
pub use tracker::{
    Dropped, DroppedKind, I2pTracker, MAX_TRACKER_BYTES, MAX_TRACKERS, TrackerError, scrub_trackers,
};

/// The longest magnet that is read. One with fifty trackers takes 4 KiB.
pub const MAX_MAGNET_BYTES: usize = 32 << 10;

/// How many parameters are read.
pub const MAX_PARAMETERS: usize = 500;

/// What a magnet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magnet {
    /// From `xt`.
    pub infohashes: Infohashes,
    /// From `dn`, made fit for display.
    pub name: Option<String>,
    /// From `xl`.
    pub size_bytes: Option<u64>,
    /// The trackers inside I2P, from `tr`, in order.
    pub trackers: Vec<I2pTracker>,
    /// All other parameters with a value, in order; trackers first.
    pub dropped: Vec<Dropped>,
}

impl Magnet {
    /// Reads a magnet; space around it is ignored. An infohash given twice is fine, two different
    /// ones are not.
    pub fn parse(text: &str) -> Result<Self, MagnetError> {
        let text = text.trim();
        if text.len() > MAX_MAGNET_BYTES {
            return Err(MagnetError::TooLong);
        }
        let (scheme, query) = text.split_once(":?").ok_or(MagnetError::NotAMagnet)?;
        if !scheme.eq_ignore_ascii_case("magnet") {
            return Err(MagnetError::NotAMagnet);
        }
        if query.split('&').count() > MAX_PARAMETERS {
            return Err(MagnetError::TooManyParameters);
        }

        let mut reading = Reading::default();
        for parameter in query.split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if !value.is_empty() {
                reading.parameter(&key.to_ascii_lowercase(), value)?;
            }
        }
        reading.finish()
    }
}

/// A magnet half read.
#[derive(Default)]
struct Reading {
    v1: Option<InfohashV1>,
    v2: Option<InfohashV2>,
    name: Option<String>,
    size_bytes: Option<u64>,
    trackers: Vec<(&'static str, String)>,
    dropped: Vec<Dropped>,
}

impl Reading {
    fn parameter(&mut self, key: &str, value: &str) -> Result<(), MagnetError> {
        match unnumbered(key) {
            "xt" => self.topic(&decode(value)),
            "tr" => {
                self.trackers.push(("tr", decode(value)));
                Ok(())
            }
            "dn" if self.name.is_none() => {
                // Magnets are written like forms, with `+` for a space.
                let name = percent_decode_str(&value.replace('+', " ")).collect::<Vec<u8>>();
                self.name = Some(names::display(&name)).filter(|name| !name.is_empty());
                Ok(())
            }
            "xl" if self.size_bytes.is_none() && value.parse::<i64>().is_ok_and(|n| n >= 0) => {
                self.size_bytes = value.parse().ok();
                Ok(())
            }
            key => {
                self.dropped.push(Dropped::new(key, &decode(value)));
                Ok(())
            }
        }
    }

    fn topic(&mut self, urn: &str) -> Result<(), MagnetError> {
        if let Some(hash) = strip_prefix_ignoring_case(urn, "urn:btih:") {
            let hash = hash.parse().map_err(MagnetError::Infohash)?;
            if self.v1.replace(hash).is_some_and(|other| other != hash) {
                return Err(MagnetError::SeveralTorrents);
            }
        } else if let Some(hash) = strip_prefix_ignoring_case(urn, "urn:btmh:") {
            let hash = InfohashV2::from_multihash(hash).map_err(MagnetError::Infohash)?;
            if self.v2.replace(hash).is_some_and(|other| other != hash) {
                return Err(MagnetError::SeveralTorrents);
            }
        } else {
            self.dropped.push(Dropped::new("xt", urn));
        }
        Ok(())
    }

    fn finish(self) -> Result<Magnet, MagnetError> {
        let infohashes = Infohashes::new(self.v1, self.v2).ok_or(MagnetError::NoInfohash)?;
        let (trackers, mut dropped) = scrub_trackers(self.trackers);
        dropped.extend(self.dropped);
        Ok(Magnet { infohashes, name: self.name, size_bytes: self.size_bytes, trackers, dropped })
    }
}

/// `tr.1` is another `tr`: some programs number what occurs several times.
fn unnumbered(key: &str) -> &str {
    match key.split_once('.') {
        Some((name, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => key,
    }
}

fn decode(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}
