//! What the node says about Tor, and how it becomes arti's configuration.
//!
//! Public defaults are arti's own. A private network is refused unless nothing of the public one is left in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use arti_client::config::{
    BridgeConfigBuilder, CfgPath, ChannelMethod, HasChanMethod, TorClientConfig, TorClientConfigBuilder,
    onion_service::{OnionServiceConfig, OnionServiceConfigBuilder},
    pt::TransportConfigBuilder,
};
use tor_hsservice::{HsNickname, config::TokenBucketConfig};

use crate::error::LaunchError;

/// The name of the one service under which arti files its key. Part of the path of the key file: never change it.
const SERVICE_NAME: &str = "deadwax";

/// Streams that one rendezvous circuit may have open at once; a circuit that opens more is torn down.
///
/// A peer uses four, a browser six for each site and a few more while it changes pages, so nobody honest
/// comes near, while a flood of streams costs its author a new circuit each time.
const MAX_STREAMS_PER_CIRCUIT: u32 = 64;

/// Introductions a second that each introduction point may hand on, after a burst. Every one that is
/// accepted makes this machine build a circuit of several hops, some 10 ms of CPU; three
/// introduction points at this rate fill about one core. The values are those Tor's manual gives as usual.
const MAX_INTRODUCTIONS_PER_SEC: u32 = 25;
/// See [`MAX_INTRODUCTIONS_PER_SEC`]: room for many readers who arrive together.
const MAX_INTRODUCTION_BURST: u32 = 200;

/// How long the last step of a dial may take, from asking for the stream to the other side's answer.
/// arti's 10 s is short for onion circuits under load, whose round trips take 0.5-3 s.
const STREAM_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the gateway lives, which network it joins and how it gets there.
///
/// Not `Debug`: bridge lines are secrets shared with few.
#[derive(Clone)]
pub struct OnionConfig {
    /// Holds the key, arti's state and its cache; made with mode 0700 if absent. One process each.
    pub state_dir: PathBuf,
    /// Which Tor network.
    pub network: TorNetwork,
    /// Bridge lines as the bridge's operator gives them. Empty: relays are reached directly.
    pub bridges: Vec<String>,
    /// Pluggable transports that the bridges name: transport (`obfs4`) to the program that speaks it.
    /// Started when first needed; such a program makes connections of its own.
    pub transports: BTreeMap<String, PathBuf>,
}

/// The Tor network to join.
#[derive(Clone)]
pub enum TorNetwork {
    /// The one that everybody uses.
    Public,
    /// Another one, for tests and development: a table of arti's own configuration (`[tor_network]`, `[path_rules]`,
    /// `[override_net_params]`, ...). It must give `tor_network.authorities` in full and `tor_network.fallback_caches`.
    Private(toml::Table),
}

impl OnionConfig {
    /// The file that is the address: backed up and put back, it brings the node back under the same address.
    /// It exists from the first launch on, mode 0600.
    pub fn identity_key_file(&self) -> PathBuf {
        let keys = self.arti_state_dir().join("keystore/hss").join(SERVICE_NAME);
        keys.join("ks_hs_id.ed25519_expanded_private")
    }

    pub(crate) fn arti_state_dir(&self) -> PathBuf {
        self.state_dir.join("state")
    }

    /// arti's configuration, checked against leaving the network it was meant for.
    pub(crate) fn to_arti(&self) -> Result<TorClientConfig, LaunchError> {
        let mut table = match &self.network {
            TorNetwork::Public => toml::Table::new(),
            TorNetwork::Private(table) => {
                refuse_without_directories(table)?;
                table.clone()
            }
        };
        // Explicit, since arti's "auto" is the lite form even for a process that runs an onion service.
        let vanguards = table.entry("vanguards").or_insert_with(|| toml::Table::new().into());
        if let Some(vanguards) = vanguards.as_table_mut() {
            vanguards.entry("mode").or_insert_with(|| "full".into());
        }
        let mut builder: TorClientConfigBuilder = table.try_into().map_err(LaunchError::BadTable)?;
        self.set_storage(&mut builder);
        self.set_bridges(&mut builder)?;
        builder.address_filter().allow_onion_addrs(true);
        builder.stream_timeouts().connect_timeout(STREAM_TIMEOUT);
        let config = builder.build()?;
        if let TorNetwork::Private(_) = self.network {
            refuse_public_directories(&config)?;
        }
        Ok(config)
    }

    fn set_storage(&self, builder: &mut TorClientConfigBuilder) {
        let literal = |path: &Path| CfgPath::new_literal(path);
        builder
            .storage()
            .state_dir(literal(&self.arti_state_dir()))
            .cache_dir(literal(&self.state_dir.join("cache")));
    }

    fn set_bridges(&self, builder: &mut TorClientConfigBuilder) -> Result<(), LaunchError> {
        for (i, line) in self.bridges.iter().enumerate() {
            let bridge: BridgeConfigBuilder =
                line.parse().map_err(|source| LaunchError::BadBridge { line: i + 1, source })?;
            builder.bridges().bridges().push(bridge);
        }
        for (name, program) in &self.transports {
            let protocol = name.parse().map_err(|_| LaunchError::BadTransport { name: name.clone() })?;
            let mut transport = TransportConfigBuilder::default();
            transport.protocols(vec![protocol]).path(CfgPath::new_literal(program));
            builder.bridges().transports().push(transport);
        }
        Ok(())
    }
}

/// The configuration of the one onion service.
pub(crate) fn service_config() -> Result<OnionServiceConfig, LaunchError> {
    let nickname = HsNickname::new(SERVICE_NAME.to_owned()).expect("a plain word is a valid nickname");
    let limit = TokenBucketConfig::new(MAX_INTRODUCTIONS_PER_SEC, MAX_INTRODUCTION_BURST);
    Ok(OnionServiceConfigBuilder::default()
        .nickname(nickname)
        .max_concurrent_streams_per_circuit(MAX_STREAMS_PER_CIRCUIT)
        .rate_limit_at_intro(Some(limit))
        .build()?)
}

/// arti takes the public network's values for whatever is absent here, silently.
fn refuse_without_directories(table: &toml::Table) -> Result<(), LaunchError> {
    let network = table.get("tor_network").and_then(toml::Value::as_table);
    let authorities = network.and_then(|t| t.get("authorities")).and_then(toml::Value::as_table);
    let given =
        |value: Option<&toml::Value>| value.and_then(toml::Value::as_array).is_some_and(|a| !a.is_empty());
    if !given(authorities.and_then(|t| t.get("v3idents"))) {
        return Err(LaunchError::NotPrivate { missing: "tor_network.authorities.v3idents" });
    }
    if !given(network.and_then(|t| t.get("fallback_caches"))) {
        return Err(LaunchError::NotPrivate { missing: "tor_network.fallback_caches" });
    }
    Ok(())
}

/// The second fence: looks at the finished configuration, whatever way a public directory came into it.
fn refuse_public_directories(config: &TorClientConfig) -> Result<(), LaunchError> {
    let ours = config.dir_mgr_config()?.network;
    let public = TorClientConfig::default().dir_mgr_config()?.network;
    let found = |field| Err(LaunchError::PublicDirectories { field });

    if ours.authorities().v3idents().iter().any(|id| public.authorities().v3idents().contains(id)) {
        return found("tor_network.authorities.v3idents");
    }
    let public_addresses: BTreeSet<SocketAddr> =
        [public.authorities().uploads(), public.authorities().downloads(), public.authorities().votes()]
            .into_iter()
            .flatten()
            .flatten()
            .copied()
            .chain(public.fallback_caches().iter().flat_map(addresses))
            .collect();

    for (field, lists) in [
        ("tor_network.authorities.uploads", ours.authorities().uploads()),
        ("tor_network.authorities.downloads", ours.authorities().downloads()),
        ("tor_network.authorities.votes", ours.authorities().votes()),
    ] {
        if lists.iter().flatten().any(|address| public_addresses.contains(address)) {
            return found(field);
        }
    }
    if ours.fallback_caches().iter().flat_map(addresses).any(|address| public_addresses.contains(&address)) {
        return found("tor_network.fallback_caches");
    }
    Ok(())
}

fn addresses(relay: &impl HasChanMethod) -> Vec<SocketAddr> {
    match relay.chan_method() {
        ChannelMethod::Direct(addresses) => addresses,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arti_client::config::vanguards::VanguardConfig;

    use super::*;

    const PRIVATE: &str = r#"
        [tor_network]
        fallback_caches = [{ rsa_identity = "3B690BDD6842CAC12A66215AA8C8D177873B874A",
            ed_identity = "wvsP7/8aydWMtoZpSBy3bSwrIA7+H1hQbjCJxSAJnlY", orports = ["127.0.0.1:1"] }]
        [tor_network.authorities]
        v3idents = ["7F68327F904422A6255E0B83D3ADF1AD2A218EF2"]
        uploads = [["127.0.0.1:2"]]
        downloads = [["127.0.0.1:2"]]
        votes = [["127.0.0.1:2"]]
    "#;

    fn private(edit: impl FnOnce(&mut toml::Table)) -> OnionConfig {
        let mut table: toml::Table = PRIVATE.parse().unwrap();
        edit(&mut table);
        OnionConfig {
            state_dir: "/nowhere".into(),
            network: TorNetwork::Private(table),
            bridges: Vec::new(),
            transports: BTreeMap::new(),
        }
    }

    fn network(table: &mut toml::Table) -> &mut toml::Table {
        table["tor_network"].as_table_mut().unwrap()
    }

    fn authorities(table: &mut toml::Table) -> &mut toml::Table {
        network(table)["authorities"].as_table_mut().unwrap()
    }

    #[test]
    fn a_complete_private_network_is_taken() {
        let arti = private(|_| ()).to_arti().unwrap();
        let network = arti.dir_mgr_config().unwrap().network;
        assert_eq!(network.fallback_caches().len(), 1);
        assert_eq!(network.authorities().v3idents().len(), 1);
    }

    #[test]
    fn a_private_network_without_its_own_directories_is_refused() {
        let missing = |edit: fn(&mut toml::Table)| match private(edit).to_arti() {
            Err(LaunchError::NotPrivate { missing }) => missing,
            other => panic!("{:?}", other.err()),
        };
        assert_eq!(missing(|t| t.clear()), "tor_network.authorities.v3idents");
        assert_eq!(missing(|t| drop(network(t).remove("authorities"))), "tor_network.authorities.v3idents");
        assert_eq!(missing(|t| drop(authorities(t).remove("v3idents"))), "tor_network.authorities.v3idents");
        assert_eq!(missing(|t| drop(network(t).remove("fallback_caches"))), "tor_network.fallback_caches");
        assert_eq!(
            missing(|t| drop(network(t).insert("fallback_caches".into(), toml::Value::Array(Vec::new())))),
            "tor_network.fallback_caches"
        );
    }

    /// `uploads`, `downloads` and `votes` have public defaults of their own.
    #[test]
    fn a_private_network_with_public_addresses_left_is_refused() {
        for key in ["uploads", "downloads", "votes"] {
            let error = private(|t| drop(authorities(t).remove(key))).to_arti().unwrap_err();
            let expected = format!("tor_network.authorities.{key}");
            assert!(
                matches!(error, LaunchError::PublicDirectories { field } if field == expected),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_public_identity_or_relay_in_a_private_network_is_refused() {
        let public = TorClientConfig::default().dir_mgr_config().unwrap().network;
        let ident = format!("{}", public.authorities().v3idents()[0]).trim_start_matches('$').to_owned();
        let error = private(|t| drop(authorities(t).insert("v3idents".into(), vec![ident].into()))).to_arti();
        assert!(
            matches!(
                error,
                Err(LaunchError::PublicDirectories { field: "tor_network.authorities.v3idents" })
            ),
            "{:?}",
            error.err()
        );

        let orport = addresses(public.fallback_caches().iter().next().unwrap())[0].to_string();
        let error = private(|t| {
            network(t)["fallback_caches"].as_array_mut().unwrap()[0]
                .as_table_mut()
                .unwrap()
                .insert("orports".into(), vec![orport].into());
        })
        .to_arti();
        assert!(
            matches!(error, Err(LaunchError::PublicDirectories { field: "tor_network.fallback_caches" })),
            "{:?}",
            error.err()
        );
    }

    #[test]
    fn the_public_network_has_vanguards_in_full() {
        let config = OnionConfig { network: TorNetwork::Public, ..private(|_| ()) };
        let arti = config.to_arti().unwrap();
        let vanguards: &VanguardConfig = arti.as_ref();
        assert_eq!(vanguards.mode().to_string(), "full");
    }

    #[test]
    fn bridges_are_read_and_a_bad_line_is_named_without_its_text() {
        let fingerprint = "0bac39417268b96b9f514ef763fa6fba1a788956";
        let mut config = private(|_| ());
        config.bridges = vec![format!("192.0.2.83:80 {fingerprint}")];
        config.to_arti().unwrap();

        config.bridges.push("192.0.2.84 no bridge".into());
        let error = config.to_arti().unwrap_err();
        assert!(matches!(error, LaunchError::BadBridge { line: 2, .. }), "{error:?}");
        assert!(!error.to_string().contains("192.0.2.84"));

        config.bridges = vec![format!("obfs4 192.0.2.83:80 {fingerprint} cert=x iat-mode=0")];
        assert!(
            matches!(config.to_arti().unwrap_err(), LaunchError::Config(_)),
            "its transport is not configured"
        );
        config.transports.insert("obfs4".into(), "/usr/bin/obfs4proxy".into());
        config.to_arti().unwrap();
        config.transports.insert("not a name".into(), "/usr/bin/true".into());
        assert!(matches!(config.to_arti().unwrap_err(), LaunchError::BadTransport { .. }));
    }

    #[test]
    fn the_limits_are_within_what_arti_allows() {
        service_config().unwrap();
    }
}
