//! Outgoing streams: to another node's onion service, or through an exit relay.
//!
//! Nothing is resolved on this machine, and no two destinations share a circuit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arti_client::{StreamPrefs, TorClient, config::BoolOrAuto, isolation::IsolationHelper};
use safelog::{DisplayRedacted as _, Sensitive};
use tor_hsservice::HsId;
use tor_rtcompat::PreferredRuntime;

use crate::{
    error::{BadAddress, DialError},
    listener::OnionStream,
};

/// The only port that a Deadwax onion service answers on.
pub(crate) const ONION_PORT: u16 = 80;

/// How long a dial may take altogether. A first dial fetches a descriptor and builds three circuits, each
/// step with retries: seconds as a rule, half a minute on a bad day. Longer, and the
/// caller does better to try another peer.
const DIAL_TIMEOUT: Duration = Duration::from_secs(90);

/// Bytes in the longest host name there is (RFC 1035 section 2.3.4).
const MAX_HOST_NAME_BYTES: usize = 253;

/// Length of `<56 letters>.onion`.
const ONION_ADDRESS_BYTES: usize = 62;

/// Checks the form of a version 3 onion address (`<56 letters>.onion`, lower case) and its checksum
/// (rend-spec-v3 section 6). Says nothing about whether anyone is there.
pub fn check_address(address: &str) -> Result<(), BadAddress> {
    parse(address).map(drop)
}

fn parse(address: &str) -> Result<HsId, BadAddress> {
    let base32 = |b: &u8| matches!(b, b'a'..=b'z' | b'2'..=b'7');
    let name = address.strip_suffix(".onion").ok_or(BadAddress::Form)?;
    if address.len() != ONION_ADDRESS_BYTES || !name.as_bytes().iter().all(base32) {
        return Err(BadAddress::Form);
    }
    let id: HsId = address.parse().map_err(|_| BadAddress::Checksum)?;
    // One service, one spelling: the last letter has bits to spare that a decoder might ignore.
    if id.display_unredacted().to_string() != address {
        return Err(BadAddress::Checksum);
    }
    Ok(id)
}

/// What must not share a circuit with anything else. Equal values may, so a peer keeps its circuits for as
/// long as dials to it end in time.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Destination {
    /// With how often a dial to it took too long.
    Peer(HsId, u64),
    ThroughExit(Sensitive<String>),
}

impl IsolationHelper for Destination {
    fn compatible_same_type(&self, other: &Self) -> bool {
        self == other
    }

    fn join_same_type(&self, other: &Self) -> Option<Self> {
        (self == other).then(|| self.clone())
    }
}

/// How often dials to each peer took too long. arti goes on with such an attempt for minutes, waiting for a service
/// that may have restarted meanwhile, and whoever dials the same destination waits with it: the next dial has to
/// be another destination to it.
#[derive(Default)]
pub(crate) struct TimedOut(Mutex<HashMap<HsId, u64>>);

/// Peers whose count is kept: far more than a node follows.
const MAX_TIMED_OUT: usize = 1_000;

impl TimedOut {
    fn of(&self, id: &HsId) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied().unwrap_or(0)
    }

    fn note(&self, id: HsId) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_TIMED_OUT && !counts.contains_key(&id) {
            counts.clear();
        }
        *counts.entry(id).or_insert(0) += 1;
    }
}

/// A stream to port 80 of an onion service.
pub(crate) async fn peer(
    client: &Arc<TorClient<PreferredRuntime>>,
    timed_out: &TimedOut,
    address: &str,
) -> Result<OnionStream, DialError> {
    let id = parse(address)?;
    let destination = Destination::Peer(id, timed_out.of(&id));
    let dialled = connect(client, address, ONION_PORT, destination).await;
    if let Err(DialError::TimedOut) = dialled {
        timed_out.note(id);
    }
    dialled
}

/// A stream to a host of the open internet, through an exit relay that also resolves the name.
pub(crate) async fn through_exit(
    client: &Arc<TorClient<PreferredRuntime>>,
    host: &str,
    port: u16,
) -> Result<OnionStream, DialError> {
    let host = host.to_ascii_lowercase();
    check_host(&host)?;
    let destination = Destination::ThroughExit(Sensitive::new(host.clone()));
    connect(client, &host, port, destination).await
}

pub(crate) fn check_host(host: &str) -> Result<(), BadAddress> {
    if host.is_empty() || host.len() > MAX_HOST_NAME_BYTES {
        return Err(BadAddress::HostName);
    }
    if host.trim_end_matches('.').to_ascii_lowercase().ends_with(".onion") {
        return Err(BadAddress::OnionThroughExit);
    }
    Ok(())
}

async fn connect(
    client: &Arc<TorClient<PreferredRuntime>>,
    host: &str,
    port: u16,
    destination: Destination,
) -> Result<OnionStream, DialError> {
    let mut prefs = StreamPrefs::new();
    let onion = matches!(destination, Destination::Peer(..));
    prefs.connect_to_onion_services(BoolOrAuto::Explicit(onion)).set_isolation(destination);
    let attempts = async {
        match client.connect_with_prefs((host, port), &prefs).await {
            // arti had a circuit from before, and the other end has let go of it: now it makes a new one.
            Err(error) if circuit_was_gone(&error) => client.connect_with_prefs((host, port), &prefs).await,
            other => other,
        }
    };
    match tokio::time::timeout(DIAL_TIMEOUT, attempts).await {
        Ok(Ok(stream)) => Ok(OnionStream::new(stream)),
        Ok(Err(error)) if circuit_was_gone(&error) => Err(DialError::NotAnswering(error)),
        Ok(Err(error)) => Err(DialError::from_arti(error)),
        Err(_) => Err(DialError::TimedOut),
    }
}

/// arti's kinds of error do not tell (it calls this wrong use of its interface), so its causes are searched.
fn circuit_was_gone(error: &arti_client::Error) -> bool {
    use tor_proto::Error as E;
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .filter_map(|cause| cause.downcast_ref::<E>())
        .any(|cause| matches!(cause, E::NotConnected | E::CircuitClosed | E::ChannelClosed(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dial_after_one_that_took_too_long_shares_nothing_with_it() {
        let (timed_out, id) = (TimedOut::default(), parse(GOOD).unwrap());
        let destination = |timed_out: &TimedOut| Destination::Peer(id, timed_out.of(&id));
        let before = destination(&timed_out);
        assert!(before.compatible_same_type(&destination(&timed_out)));
        timed_out.note(id);
        let after = destination(&timed_out);
        assert!(!before.compatible_same_type(&after));
        assert!(after.compatible_same_type(&destination(&timed_out)), "what then works is kept");
    }

    /// Tor's own test vector: the address of the public key d75a9801...511a.
    const GOOD: &str = "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion";

    #[test]
    fn a_good_address_is_taken() {
        assert_eq!(check_address(GOOD), Ok(()));
    }

    #[test]
    fn each_changed_letter_is_noticed() {
        for at in 0..56 {
            for letter in ["a", "q", "7"] {
                let mut address = GOOD.to_owned();
                address.replace_range(at..=at, letter);
                if address != GOOD {
                    assert_eq!(check_address(&address), Err(BadAddress::Checksum), "letter {at} -> {letter}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_address_at_all_is_told_apart() {
        let long = format!("www.{GOOD}");
        let port = format!("{GOOD}:80");
        let upper = GOOD.to_ascii_uppercase();
        let version_2 = "expyuzz4wqqyqhjn.onion";
        for bad in ["", ".onion", "example.com", version_2, &long, &port, &upper, &GOOD[..56], "\u{e9}.onion"]
        {
            assert_eq!(check_address(bad), Err(BadAddress::Form), "{bad}");
        }
    }

    #[test]
    fn an_exit_is_not_asked_for_an_onion_service() {
        assert_eq!(check_host(GOOD), Err(BadAddress::OnionThroughExit));
        assert_eq!(check_host("Something.ONION."), Err(BadAddress::OnionThroughExit));
        assert_eq!(check_host(""), Err(BadAddress::HostName));
        assert_eq!(check_host(&"a".repeat(254)), Err(BadAddress::HostName));
        assert_eq!(check_host("reseed.example"), Ok(()));
    }

    #[test]
    fn destinations_share_circuits_with_themselves_only() {
        let id = parse(GOOD).expect("a good address");
        let peer = Destination::Peer(id, 0);
        let host = |name: &str| Destination::ThroughExit(Sensitive::new(name.to_owned()));
        assert!(peer.compatible_same_type(&peer.clone()));
        assert!(!peer.compatible_same_type(&host(GOOD)));
        assert!(!host("a.example").compatible_same_type(&host("b.example")));
        assert_eq!(host("a.example").join_same_type(&host("a.example")), Some(host("a.example")));
        assert_eq!(host("a.example").join_same_type(&peer), None);
    }
}
