//! Which reseed servers are asked, and by what their answers are known to be theirs.

use crate::config::NetworkFile;
use anyhow::{Context, Result};
use deadwax_i2p_gateway::reseed::{Certificate, MAX_CERTIFICATE_BYTES, certificates};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The public network's id.
const PUBLIC_NET_ID: u8 = 2;

/// The public network's reseed servers: those that Java I2P asks (2026), but for the one that needs a TLS
/// certificate of its own.
const PUBLIC_HOSTS: [&str; 12] = [
    "coconut.incognet.io",
    "i2p.diyarciftci.xyz",
    "i2p.novg.net",
    "reseed-fr.i2pd.xyz",
    "reseed-pl.i2pd.xyz",
    "reseed.diva.exchange",
    "reseed.i2pgit.org",
    "reseed.onion.im",
    "reseed.sahil.world",
    "reseed.stormycloud.org",
    "reseed2.i2p.net",
    "www2.mk16.de",
];

/// Where a reseed server keeps its list, unless a network file says otherwise.
const PATH: &str = "/i2pseeds.su3";

/// The reseed servers of one I2P network.
pub(super) struct Servers {
    /// In no order.
    pub urls: Vec<Url>,
    /// Asked for in each request, and checked in each RouterInfo later.
    pub net_id: u8,
    /// Who may sign.
    pub certificates: Vec<Certificate>,
    /// Trusts the authorities that the servers have their TLS certificates from.
    pub tls: TlsConnector,
}

/// The address of a list, always `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub host: String,
    pub port: u16,
    pub path: String,
}

impl Servers {
    /// Those of the public network, or of the one that `network` describes. `None`: it names none.
    ///
    /// # Errors
    /// A URL or a file that the network file names cannot be used.
    pub fn of(network: Option<&NetworkFile>) -> Result<Option<Self>> {
        let Some(network) = network else { return Ok(Some(Self::public())) };
        let Some((i2p, file)) = network.i2p.as_ref().and_then(|i2p| Some((i2p, i2p.reseed.as_ref()?))) else {
            return Ok(None);
        };
        let url = |text: &String| {
            Url::parse(text).with_context(|| format!("{text} is no https URL of a reseed file"))
        };
        let certificate = Certificate::from_pem(&read_certificate(&file.su3_certificate)?)
            .with_context(|| file.su3_certificate.display().to_string())?;
        let mut roots = RootCertStore::empty();
        CertificateDer::from_pem_slice(&read_certificate(&file.tls_root)?)
            .map_err(anyhow::Error::from)
            .and_then(|root| Ok(roots.add(root)?))
            .with_context(|| format!("{} is no certificate that TLS can trust", file.tls_root.display()))?;
        Ok(Some(Self {
            urls: file.urls.iter().map(url).collect::<Result<_>>()?,
            net_id: i2p.net_id,
            certificates: vec![certificate],
            tls: connector(roots),
        }))
    }

    fn public() -> Self {
        let url = |host: &str| Url { host: host.to_owned(), port: 443, path: PATH.to_owned() };
        Self {
            urls: PUBLIC_HOSTS.into_iter().map(url).collect(),
            net_id: PUBLIC_NET_ID,
            certificates: certificates().to_vec(),
            tls: connector(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()),
        }
    }
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        let uri: hyper::Uri = text.parse().ok()?;
        // The query is for the network id.
        if uri.scheme_str() != Some("https")
            || uri.query().is_some()
            || uri.authority()?.as_str().contains('@')
        {
            return None;
        }
        Some(Self {
            host: uri.host()?.to_owned(),
            port: uri.port_u16().unwrap_or(443),
            path: uri.path().to_owned(),
        })
    }
}

fn connector(roots: RootCertStore) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the versions that are on by default")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn read_certificate(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(MAX_CERTIFICATE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
