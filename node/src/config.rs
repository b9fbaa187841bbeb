//! What an operator decides: `deadwax.toml`, and the network file that a test network hands out.
//!
//! Loading never writes. Unknown keys are refused, so that a misspelt one is noticed.

use crate::peers::address::PeerAddress;
use deadwax_index::Problem;
use deadwax_index::entry::charter::CharterId;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The documented defaults; `deadwax config show` fills in what is in force.
const TEMPLATE: &str = include_str!("config/deadwax.toml");

/// `deadwax.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node itself.
    #[serde(default)]
    pub node: NodeConfig,
    /// Which network it belongs to.
    #[serde(default)]
    pub network: NetworkConfig,
    /// The onion service.
    #[serde(default)]
    pub tor: TorConfig,
    /// The I2P destination.
    #[serde(default)]
    pub i2p: I2pConfig,
    /// Who is asked for entries.
    #[serde(default)]
    pub sync: SyncConfig,
    /// How entries that are signed here reach the others.
    #[serde(default)]
    pub publication: PublicationConfig,
}

/// `[node]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeConfig {
    /// What visitors see at the top of each page.
    pub name: String,
}

/// `[network]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// The network to join, by the id of its charter; `None` is empty text in the file.
    #[serde(serialize_with = "charter_text", deserialize_with = "charter_of_text")]
    pub charter: Option<CharterId>,
}

/// `[tor]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TorConfig {
    /// Whether there is an onion service.
    pub enabled: bool,
    /// Bridge lines, as Tor Browser takes them.
    pub bridges: Vec<String>,
    /// Programs that speak the pluggable transports of the bridges, by the transport's name.
    pub transports: BTreeMap<String, PathBuf>,
}

/// `[i2p]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct I2pConfig {
    /// Whether there is an I2P destination with a tracker.
    pub enabled: bool,
    /// Which router does the work.
    pub router: RouterKind,
    /// SAM port of an external router.
    pub sam: SocketAddr,
    /// Hops of each tunnel: 3 is I2P's habit, fewer is faster and less private.
    pub tunnel_hops: u8,
}

/// `[i2p] router`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouterKind {
    /// The router inside this program.
    Embedded,
    /// i2pd or Java I2P on this machine, through its SAM port.
    External,
}

/// `[sync]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncConfig {
    /// Nodes to read from.
    pub peers: Vec<PeerAddress>,
    /// Whether segments are made and served, for nodes that start from nothing.
    pub segments: bool,
}

/// `[publication]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicationConfig {
    /// Whether entries signed here wait a random time before anybody sees them.
    pub delay: bool,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self { name: "deadwax".into() }
    }
}

impl Default for TorConfig {
    fn default() -> Self {
        Self { enabled: true, bridges: Vec::new(), transports: BTreeMap::new() }
    }
}

impl Default for I2pConfig {
    fn default() -> Self {
        let sam = SocketAddr::from(([127, 0, 0, 1], 7656));
        Self { enabled: true, router: RouterKind::Embedded, sam, tunnel_hops: 3 }
    }
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self { peers: Vec::new(), segments: true }
    }
}

impl Default for PublicationConfig {
    fn default() -> Self {
        Self { delay: true }
    }
}

/// A network of its own, apart from the public Tor and I2P: what `deadwax run --network FILE` reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// What to call it.
    pub name: String,
    /// Always true: the public networks need no file.
    pub private: bool,
    /// Nodes to read from, added to those of `deadwax.toml`.
    #[serde(default)]
    pub peers: Vec<PeerAddress>,
    /// The charter of the network that its nodes belong to. Without it their sets are open to all keys.
    #[serde(default)]
    pub charter: Option<CharterId>,
    /// Overrides `[publication] delay`.
    #[serde(default)]
    pub publication_delay: Option<bool>,
    /// The onion service's client configuration, as arti takes it.
    #[serde(default)]
    pub tor: Option<toml::Table>,
    /// The I2P network.
    #[serde(default)]
    pub i2p: Option<I2pNetworkFile>,
}

/// `[i2p]` of a network file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct I2pNetworkFile {
    /// Network id; not 2, which is the public one.
    pub net_id: u8,
    /// Folder with RouterInfos to start from, relative to the file.
    pub router_infos: PathBuf,
    /// Overrides `[i2p] tunnel_hops`: a network of few routers has no long tunnels.
    #[serde(default)]
    pub tunnel_hops: Option<u8>,
    /// Announce interval of the tracker.
    #[serde(default)]
    pub announce_interval_secs: Option<u64>,
    /// Where more RouterInfos come from when those do not do.
    #[serde(default)]
    pub reseed: Option<ReseedFile>,
}

/// `[i2p.reseed]` of a network file: its own reseed servers, which are reached through Tor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReseedFile {
    /// `https://HOST[:PORT]/PATH` each.
    pub urls: Vec<String>,
    /// X.509 certificate (PEM) of who signs their su3 files, relative to the network file.
    pub su3_certificate: PathBuf,
    /// X.509 certificate (PEM) that theirs must lead to, relative to the network file.
    pub tls_root: PathBuf,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {message}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

impl ConfigError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        Problem {
            code: "config",
            field: "config",
            message: format!("{self}."),
            fix: "`deadwax config show` prints every setting with its meaning.",
        }
    }
}

impl Config {
    /// Reads `path`, or `DATA_DIR/deadwax.toml` where that exists, or takes the defaults.
    ///
    /// # Errors
    /// An explicit file that is missing, or any file with an unknown key or a wrong value.
    pub fn load(path: Option<&Path>, data_dir: &Path) -> Result<Self, ConfigError> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => {
                let path = data_dir.join("deadwax.toml");
                if !path.exists() {
                    return Ok(Self::default());
                }
                path
            }
        };
        let config: Self = read_toml(&path)?;
        config.check().map_err(|message| ConfigError::Form { path, message })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if !self.i2p.sam.ip().is_loopback() {
            // SAM has no encryption: over a wire it would show which destination this machine is.
            return Err("i2p.sam must be an address of this machine, e.g. 127.0.0.1:7656".into());
        }
        check_hops(self.i2p.tunnel_hops)?;
        if self.node.name.trim().is_empty() || self.node.name.chars().count() > 64 {
            return Err("node.name must have 1 to 64 characters".into());
        }
        Ok(())
    }

    /// Every setting with its meaning and the value in force, as TOML that [`Config::load`] reads.
    pub fn show(&self) -> String {
        let values = toml::Table::try_from(self).expect("a configuration is always a table");
        let mut section = &toml::Value::Table(toml::Table::new());
        let mut out = String::new();
        for line in TEMPLATE.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = &values[name];
            }
            match line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                Some((key, _)) => out += &format!("{key} = {}\n", section[key]),
                None => out += &format!("{line}\n"),
            }
        }
        out
    }
}

impl Default for Config {
    fn default() -> Self {
        toml::from_str("").expect("every setting has a default")
    }
}

impl NetworkFile {
    /// Reads a network file.
    ///
    /// # Errors
    /// As [`Config::load`]; also a file that does not say `private = true`.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut file: Self = read_toml(path)?;
        let form = |message: &str| ConfigError::Form { path: path.to_owned(), message: message.into() };
        if !file.private {
            return Err(form("a network file must say private = true; the public networks need none"));
        }
        if let Some(i2p) = &mut file.i2p {
            if i2p.net_id == 2 {
                return Err(form("i2p.net_id 2 is the public network"));
            }
            i2p.tunnel_hops.map_or(Ok(()), check_hops).map_err(|message| form(&message))?;
            let folder = path.parent().unwrap_or(Path::new("."));
            i2p.router_infos = folder.join(&i2p.router_infos);
            if let Some(reseed) = &mut i2p.reseed {
                reseed.su3_certificate = folder.join(&reseed.su3_certificate);
                reseed.tls_root = folder.join(&reseed.tls_root);
            }
        }
        Ok(file)
    }
}

fn charter_text<S: Serializer>(charter: &Option<CharterId>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&charter.map(|charter| charter.to_string()).unwrap_or_default())
}

fn charter_of_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CharterId>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let charter = Some(text.trim()).filter(|text| !text.is_empty()).map(str::parse).transpose();
    charter.map_err(|_| D::Error::custom("a charter's id has 64 hexadecimal digits"))
}

/// None would show the node to whoever is at the other end; more than seven do not exist.
fn check_hops(hops: u8) -> Result<(), String> {
    if (1..=7).contains(&hops) { Ok(()) } else { Err("i2p.tunnel_hops must be 1 to 7".into()) }
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|error| ConfigError::Form {
        path: path.to_owned(),
        message: error.to_string().trim().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_names_every_setting_with_its_default() {
        let shown = Config::default().show();
        assert_eq!(toml::from_str::<Config>(&shown).unwrap(), Config::default());
        let (template, values): (toml::Table, toml::Table) =
            (toml::from_str(TEMPLATE).unwrap(), toml::Table::try_from(Config::default()).unwrap());
        assert_eq!(template, values, "config/deadwax.toml shows exactly the defaults");
    }

    #[test]
    fn values_in_force_are_shown() {
        let mut config = Config::default();
        config.node.name = "tide \"line\"".into();
        config.publication.delay = false;
        config.network.charter = Some(CharterId([7; 32]));
        assert_eq!(toml::from_str::<Config>(&config.show()).unwrap(), config);
    }

    #[test]
    fn unknown_keys_and_foreign_sam_ports_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deadwax.toml");
        for text in [
            "[tor]\nenable = true\n",
            "[i2p]\nsam = \"192.0.2.1:7656\"\n",
            "[node]\nname = \"\"\n",
            "[i2p]\ntunnel_hops = 0\n",
            "[network]\ncharter = \"7a\"\n",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Config::load(None, dir.path()).unwrap_err();
            assert!(error.problem().message.contains("deadwax.toml"), "{text}");
        }
        assert!(Config::load(Some(&dir.path().join("absent.toml")), dir.path()).is_err());
    }

    #[test]
    fn a_network_file_must_be_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("network.toml");
        for text in [
            "name = \"x\"\nprivate = false\n",
            "name = \"x\"\nprivate = true\n[i2p]\nnet_id = 2\nrouter_infos = \"r\"\n",
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(NetworkFile::load(&path).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_in_a_network_file_are_relative_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("network.toml");
        let text = "name = \"x\"\nprivate = true\n[i2p]\nnet_id = 9\nrouter_infos = \"infos\"\n[i2p.reseed]\n\
                    urls = [\"https://seeds.example.test/i2pseeds.su3\"]\nsu3_certificate = \"signer.crt\"\n\
                    tls_root = \"/etc/tls.crt\"\n";
        std::fs::write(&path, text).unwrap();
        let i2p = NetworkFile::load(&path).unwrap().i2p.unwrap();
        let reseed = i2p.reseed.unwrap();
        assert_eq!(i2p.router_infos, dir.path().join("infos"));
        assert_eq!(reseed.su3_certificate, dir.path().join("signer.crt"));
        assert_eq!(reseed.tls_root, Path::new("/etc/tls.crt"));
    }
}
