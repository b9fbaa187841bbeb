//! Both private networks together, and the network file with which nodes join them.

use super::namespace::Fence;
use super::private_i2p::PrivateI2p;
use super::private_tor::{PrivateTor, PrivateTorOptions};
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;

/// Routers of the I2P network, and how many of them are floodfills: the smallest network on which
/// tunnels stand within seconds.
const I2P_ROUTERS: usize = 5;
const I2P_FLOODFILLS: usize = 3;
/// One hop: these routers are all on one machine, and nobody hides.
const TUNNEL_HOPS: i64 = 1;
const ROUTER_INFOS: &str = "router-infos";
const NO_ROUTER_INFOS: &str = "no-router-infos";

/// A Tor network and an I2P network on loopback. Dropping it ends both.
pub struct PrivateNetwork {
    /// The Tor network.
    pub tor: PrivateTor,
    /// The I2P network.
    pub i2p: PrivateI2p,
    dir: PathBuf,
}

impl PrivateNetwork {
    /// Starts both below `dir`, side by side, behind one fence.
    pub fn start(dir: &Path, exit: bool, fence: Fence) -> Result<Self> {
        let dir = std::path::absolute(dir)?;
        let tor_dir = dir.join("tor");
        let tor = thread::spawn(move || PrivateTor::start(&tor_dir, PrivateTorOptions { exit, fence }));
        let i2p = PrivateI2p::start(&dir.join("i2p"), I2P_ROUTERS, I2P_FLOODFILLS, fence)?;
        let tor = tor.join().map_err(|_| anyhow::anyhow!("starting Tor panicked"))??;
        let infos = dir.join(ROUTER_INFOS);
        std::fs::create_dir_all(&infos)?;
        for (number, info) in i2p.router_infos().iter().enumerate() {
            std::fs::write(infos.join(format!("router-{number}.dat")), info)?;
        }
        Ok(Self { tor, i2p, dir })
    }

    /// The SOCKS port of a client of the Tor network.
    pub fn socks(&self) -> SocketAddr {
        self.tor.socks()
    }

    /// The SAM port of a router that no node uses.
    pub fn sam(&self, number: usize) -> SocketAddr {
        self.i2p.sam_ports()[number]
    }

    /// The folder with the RouterInfos of the I2P network.
    pub fn router_infos(&self) -> PathBuf {
        self.dir.join(ROUTER_INFOS)
    }

    /// Writes a network file for nodes that follow `peers`.
    pub fn network_file(&self, name: &str, peers: &[String]) -> Result<PathBuf> {
        self.write(name, peers, |i2p| {
            i2p.insert("router_infos".into(), ROUTER_INFOS.into());
        })
    }

    /// Writes a network file for nodes that know no router, but where there is a list of some.
    pub fn network_file_for_reseed(
        &self,
        name: &str,
        urls: &[String],
        su3_certificate: &Path,
        tls_root: &Path,
    ) -> Result<PathBuf> {
        std::fs::create_dir_all(self.dir.join(NO_ROUTER_INFOS))?;
        let text = |path: &Path| path.to_str().map(toml::Value::from).context("a path in UTF-8");
        let mut reseed = toml::Table::new();
        reseed.insert(
            "urls".into(),
            toml::Value::Array(urls.iter().cloned().map(toml::Value::String).collect()),
        );
        reseed.insert("su3_certificate".into(), text(su3_certificate)?);
        reseed.insert("tls_root".into(), text(tls_root)?);
        self.write(name, &[], |i2p| {
            i2p.insert("router_infos".into(), NO_ROUTER_INFOS.into());
            i2p.insert("reseed".into(), reseed.into());
        })
    }

    fn write(&self, name: &str, peers: &[String], more: impl FnOnce(&mut toml::Table)) -> Result<PathBuf> {
        let mut file = toml::Table::new();
        let peers = peers.iter().cloned().map(toml::Value::String).collect();
        file.insert("name".into(), "testnet".into());
        file.insert("private".into(), true.into());
        file.insert("publication_delay".into(), false.into());
        file.insert("peers".into(), toml::Value::Array(peers));
        file.insert("tor".into(), self.tor.arti_config().clone().into());
        let mut i2p = toml::Table::new();
        i2p.insert("net_id".into(), i64::from(self.i2p.network().net_id()).into());
        i2p.insert("tunnel_hops".into(), TUNNEL_HOPS.into());
        more(&mut i2p);
        file.insert("i2p".into(), i2p.into());
        let path = self.dir.join(format!("{name}.toml"));
        std::fs::write(&path, toml::to_string(&file)?).context("cannot write the network file")?;
        Ok(path)
    }
}
