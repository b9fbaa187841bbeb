//! The other routers that are known, and how well they served: emissary's netDb and profiles, as far
//! as a restart needs them.
//!
//! File: magic, network id, then records of a length (u32), that many bytes of RouterInfo, and the
//! profile's 14 numbers (u64 each, [`NEVER`] for a time that there is not). Integers little-endian.

use std::collections::HashMap;
use std::time::Duration;

use emissary_core::Profile;
use emissary_core::crypto::{base64_decode, base64_encode};
use emissary_core::primitives::RouterInfo;
use emissary_core::runtime::Runtime as _;

use crate::config::I2pNetwork;
use crate::runtime::TokioRuntime;

/// First bytes of the file; the digit is the version.
const MAGIC: &[u8; 8] = b"dw-i2pn1";

/// Largest RouterInfo taken; real ones are below 2 KiB.
pub const MAX_ROUTER_INFO_BYTES: usize = 8 * 1024;

/// Routers kept; the most recently published stay. emissary rates 400 of them at a time.
const MAX_KEPT_ROUTERS: usize = 2_000;

/// A RouterInfo older than this names an address that is most likely gone.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const PROFILE_NUMBERS: usize = 14;
const NEVER: u64 = u64::MAX;

/// One known router.
struct Known {
    router_info: Vec<u8>,
    published: Duration,
    profile: Profile,
}

/// The known routers by the SHA-256 of their identity.
#[derive(Default)]
pub(crate) struct KnownRouters {
    routers: HashMap<[u8; 32], Known>,
}

impl KnownRouters {
    pub(crate) fn len(&self) -> usize {
        self.routers.len()
    }

    /// Adds RouterInfos from outside; those that are not usable are skipped.
    pub(crate) fn add_seeds(&mut self, seeds: &[Vec<u8>], network: &I2pNetwork) {
        for seed in seeds {
            self.add(seed.clone(), None, network);
        }
        self.prune();
    }

    /// Takes over what emissary knows.
    pub(crate) fn merge(&mut self, routers: Vec<(String, Option<Vec<u8>>, Profile)>, network: &I2pNetwork) {
        for (id, router_info, profile) in routers {
            if let Some(router_info) = router_info {
                self.add(router_info, Some(profile), network);
            } else if let Some(known) = hash_of(&id).and_then(|id| self.routers.get_mut(&id)) {
                known.profile = profile;
            }
        }
        self.prune();
    }

    /// RouterInfos and profiles in the shape in which emissary wants them.
    pub(crate) fn for_emissary(&self) -> (Vec<Vec<u8>>, Vec<(String, Profile)>) {
        let now = TokioRuntime::time_since_epoch();
        self.routers
            .iter()
            .map(|(id, known)| {
                let profile = without_future(known.profile, now);
                (known.router_info.clone(), (base64_encode(id), profile))
            })
            .unzip()
    }

    pub(crate) fn encode(&self, network: &I2pNetwork) -> Vec<u8> {
        let mut bytes = [MAGIC.as_slice(), &[network.net_id()]].concat();
        for known in self.routers.values() {
            let length = u32::try_from(known.router_info.len()).expect("checked when it came in");
            bytes.extend(length.to_le_bytes());
            bytes.extend(&known.router_info);
            for number in profile_numbers(&known.profile) {
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads [`KnownRouters::encode`]'s bytes as far as they are sound and of this network.
    pub(crate) fn decode(bytes: &[u8], network: &I2pNetwork) -> Self {
        let mut known = Self::default();
        let Some((net_id, mut rest)) = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first) else {
            tracing::warn!("the I2P router's list of known routers is damaged");
            return known;
        };
        if *net_id != network.net_id() {
            tracing::warn!("the known I2P routers are of another network and are not used");
            return known;
        }
        while let Some((router_info, profile, after)) = split_record(rest) {
            known.add(router_info.to_vec(), Some(profile), network);
            rest = after;
        }
        known.prune();
        known
    }

    fn add(&mut self, router_info: Vec<u8>, profile: Option<Profile>, network: &I2pNetwork) {
        let Some((id, published)) = check(&router_info, network) else { return };
        match self.routers.get_mut(&id) {
            Some(known) => {
                if published >= known.published {
                    known.router_info = router_info;
                    known.published = published;
                }
                if let Some(profile) = profile {
                    known.profile = profile;
                }
            }
            None => {
                let profile = profile.unwrap_or_else(|| profile_from([0; PROFILE_NUMBERS], false));
                self.routers.insert(id, Known { router_info, published, profile });
            }
        }
    }

    fn prune(&mut self) {
        let now = TokioRuntime::time_since_epoch();
        self.routers.retain(|_, known| now.saturating_sub(known.published) <= MAX_AGE);
        if self.routers.len() <= MAX_KEPT_ROUTERS {
            return;
        }
        let mut newest: Vec<_> = self.routers.iter().map(|(id, known)| (known.published, *id)).collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        for (_, id) in &newest[MAX_KEPT_ROUTERS..] {
            self.routers.remove(id);
        }
    }
}

/// How many of `router_infos` (uncompressed) a router of `network` could use: well-formed, signed by
/// the router that they describe, of the right network, not older than 30 days.
#[must_use]
pub fn usable_router_infos(router_infos: &[Vec<u8>], network: &I2pNetwork) -> usize {
    let mut known = KnownRouters::default();
    known.add_seeds(router_infos, network);
    known.len()
}

/// Id and time of publication of a RouterInfo that may be used.
fn check(router_info: &[u8], network: &I2pNetwork) -> Option<([u8; 32], Duration)> {
    if router_info.len() > MAX_ROUTER_INFO_BYTES {
        return None;
    }
    let parsed = RouterInfo::parse::<TokioRuntime>(router_info).ok()?;
    if parsed.net_id() != network.net_id() {
        return None;
    }
    let id = parsed.identity.id().to_vec().try_into().ok()?;
    Some((id, Duration::from_millis(*parsed.published.date())))
}

fn hash_of(id: &str) -> Option<[u8; 32]> {
    base64_decode(id)?.try_into().ok()
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], Profile, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (router_info, mut rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let mut numbers = [0; PROFILE_NUMBERS];
    for number in &mut numbers {
        let (bytes, after) = rest.split_first_chunk::<8>()?;
        *number = u64::from_le_bytes(*bytes);
        rest = after;
    }
    Some((router_info, profile_from(numbers, true), rest))
}

fn profile_numbers(profile: &Profile) -> [u64; PROFILE_NUMBERS] {
    let time = |time: Option<Duration>| time.map_or(NEVER, |time| time.as_secs());
    [
        profile.last_activity.as_secs(),
        time(profile.last_declined),
        time(profile.last_dial_failure),
        profile.num_accepted as u64,
        profile.num_connection as u64,
        profile.num_dial_failures as u64,
        profile.num_lookup_failures as u64,
        profile.num_lookup_no_responses as u64,
        profile.num_lookup_successes as u64,
        profile.num_rejected as u64,
        profile.num_selected as u64,
        profile.num_test_failures as u64,
        profile.num_test_successes as u64,
        profile.num_unaswered as u64,
    ]
}

fn profile_from(numbers: [u64; PROFILE_NUMBERS], has_times: bool) -> Profile {
    // Capped, so that a damaged count cannot overflow in emissary's sums.
    let count = |index: usize| numbers[index].min(u64::from(u32::MAX)) as usize;
    let time =
        |index: usize| (has_times && numbers[index] != NEVER).then(|| Duration::from_secs(numbers[index]));
    Profile {
        last_activity: Duration::from_secs(numbers[0]),
        last_declined: time(1),
        last_dial_failure: time(2),
        num_accepted: count(3),
        num_connection: count(4),
        num_dial_failures: count(5),
        num_lookup_failures: count(6),
        num_lookup_no_responses: count(7),
        num_lookup_successes: count(8),
        num_rejected: count(9),
        num_selected: count(10),
        num_test_failures: count(11),
        num_test_successes: count(12),
        num_unaswered: count(13),
    }
}

/// Forgets times that lie ahead of the clock: emissary subtracts them from now, which would panic.
fn without_future(mut profile: Profile, now: Duration) -> Profile {
    let past = |time: &Duration| *time <= now;
    profile.last_activity = profile.last_activity.min(now);
    profile.last_declined = profile.last_declined.filter(past);
    profile.last_dial_failure = profile.last_dial_failure.filter(past);
    profile
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use emissary_core::Config;
    use emissary_core::crypto::{SigningPrivateKey, StaticPrivateKey};
    use emissary_core::primitives::{Date, RouterAddress};

    use super::*;
    use crate::store::Identity;

    const NETWORK: I2pNetwork = I2pNetwork::Private { net_id: 77, relay: None };

    /// A RouterInfo that was published `minutes` ago.
    pub(in crate::store) fn router_info(identity: &Identity, net_id: u8, minutes: u64) -> Vec<u8> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4));
        let ntcp2 = RouterAddress::new_unpublished_ntcp2(identity.ntcp2_key, address);
        let config = Config { net_id: Some(net_id), ..Config::default() };
        let static_key = StaticPrivateKey::from_bytes(identity.static_key);
        let signing_key = SigningPrivateKey::from(identity.signing_key);
        let mut info = RouterInfo::new::<TokioRuntime>(
            &config,
            Some(ntcp2),
            None,
            None,
            None,
            &static_key,
            &signing_key,
            false,
        );
        let published = TokioRuntime::time_since_epoch() - Duration::from_secs(60 * minutes);
        info.published = Date::new(published.as_millis() as u64);
        info.serialize(&signing_key)
    }

    pub(in crate::store) fn router_id(router_info: &[u8]) -> String {
        base64_encode(RouterInfo::parse::<TokioRuntime>(router_info).unwrap().identity.id().to_vec())
    }

    pub(in crate::store) fn profile(seed: u64) -> Profile {
        let mut numbers = [0; PROFILE_NUMBERS];
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = seed + index as u64;
        }
        numbers[2] = NEVER;
        profile_from(numbers, true)
    }

    fn fresh(minutes: u64) -> Vec<u8> {
        router_info(&Identity::generate(), 77, minutes)
    }

    #[test]
    fn only_sound_router_infos_of_the_network_count() {
        let mut forged = fresh(1);
        *forged.last_mut().unwrap() ^= 1;
        let month_old = fresh(31 * 24 * 60);
        let elsewhere = router_info(&Identity::generate(), 78, 1);
        let good = fresh(1);
        let seeds = [forged, month_old, elsewhere, good.clone(), good, b"noise".to_vec(), vec![]];
        assert_eq!(usable_router_infos(&seeds, &NETWORK), 1);
        assert_eq!(usable_router_infos(&[vec![0; MAX_ROUTER_INFO_BYTES + 1]], &NETWORK), 0);
    }

    #[test]
    fn the_newer_router_info_wins() {
        let identity = Identity::generate();
        let first = router_info(&identity, 77, 10);
        let identity = Identity { router_info: Some(first.clone()), ..identity };
        // The same identity again: emissary takes its padding from the earlier RouterInfo.
        let newer = {
            let config = Config { net_id: Some(77), router_info: Some(first.clone()), ..Config::default() };
            let signing_key = SigningPrivateKey::from(identity.signing_key);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4));
            RouterInfo::new::<TokioRuntime>(
                &config,
                Some(RouterAddress::new_unpublished_ntcp2(identity.ntcp2_key, address)),
                None,
                None,
                None,
                &StaticPrivateKey::from_bytes(identity.static_key),
                &signing_key,
                false,
            )
            .serialize(&signing_key)
        };
        let mut known = KnownRouters::default();
        known.add_seeds(&[newer.clone(), first], &NETWORK);
        assert_eq!(known.for_emissary().0, [newer]);
    }

    #[test]
    fn the_file_goes_round_and_survives_damage() {
        let mut known = KnownRouters::default();
        known.add_seeds(&[fresh(1), fresh(2)], &NETWORK);
        let ids: Vec<_> = known.routers.keys().map(base64_encode).collect();
        known.merge(vec![(ids[0].clone(), None, profile(50))], &NETWORK);
        let bytes = known.encode(&NETWORK);
        let sorted = |known: &KnownRouters| {
            let mut profiles: Vec<_> = known.for_emissary().1;
            profiles.sort_by(|a, b| a.0.cmp(&b.0));
            profiles
        };
        assert_eq!(sorted(&KnownRouters::decode(&bytes, &NETWORK)), sorted(&known));

        for length in 0..bytes.len() {
            assert!(KnownRouters::decode(&bytes[..length], &NETWORK).len() < 2);
        }
        let mut huge = MAGIC.to_vec();
        huge.extend([77, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(KnownRouters::decode(&huge, &NETWORK).len(), 0);
    }

    #[test]
    fn times_ahead_of_the_clock_are_forgotten() {
        let now = TokioRuntime::time_since_epoch();
        let ahead = Profile {
            last_activity: now + Duration::from_secs(60),
            last_declined: Some(now + Duration::from_secs(60)),
            last_dial_failure: Some(now - Duration::from_secs(60)),
            ..profile(0)
        };
        let kept = without_future(ahead, now);
        assert_eq!((kept.last_activity, kept.last_declined), (now, None));
        assert_eq!(kept.last_dial_failure, ahead.last_dial_failure);
    }
}
