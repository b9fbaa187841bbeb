//! One reseed file from one server, over a stream that somebody else opened.

use super::servers::{Servers, Url};
use deadwax_i2p_gateway::reseed::{MAX_RESEED_BYTES, ReseedError, open_su3};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::task::AbortOnDropHandle;

/// For TLS and a file of some 100 KiB through Tor; that takes seconds as a rule.
pub(super) const FETCH_TIMEOUT: Duration = Duration::from_secs(120);

/// Reseed servers send away whoever does not say that it is this old Wget, which all I2P routers do.
const WGET: &str = "Wget/1.11.4";

/// Why a server gave no list.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// Tor did not get there.
    #[error("it cannot be reached: {0}")]
    Dial(String),
    /// Its name or certificate is wrong, or it does not speak TLS.
    #[error("TLS: {0}")]
    Tls(#[source] io::Error),
    /// It does not speak HTTP, or stopped in the middle.
    #[error("HTTP: {0}")]
    Http(#[source] hyper::Error),
    /// It does not want to.
    #[error("it answered with status {0}")]
    Status(StatusCode),
    /// More than any reseed file has.
    #[error("it sent more than {MAX_RESEED_BYTES} bytes")]
    TooLarge,
    /// The stream broke.
    #[error("the answer broke off")]
    BrokeOff,
    /// Slower than [`FETCH_TIMEOUT`].
    #[error("no answer within {} s", FETCH_TIMEOUT.as_secs())]
    TimedOut,
    /// What it sent cannot be used.
    #[error("its file cannot be used: {0}")]
    File(#[from] ReseedError),
}

/// The RouterInfos that the server of `url` gives over `stream`, if one of the right people signed them.
pub(super) async fn fetch<S>(stream: S, url: &Url, servers: &Servers) -> Result<Vec<Vec<u8>>, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let file =
        timeout(FETCH_TIMEOUT, get(stream, url, servers)).await.map_err(|_| FetchError::TimedOut)??;
    Ok(open_su3(&file, &servers.certificates)?)
}

async fn get<S>(stream: S, url: &Url, servers: &Servers) -> Result<Bytes, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let name =
        ServerName::try_from(url.host.clone()).map_err(|error| FetchError::Tls(io::Error::other(error)))?;
    let stream = servers.tls.connect(name, stream).await.map_err(FetchError::Tls)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(FetchError::Http)?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let host = if url.port == 443 { url.host.clone() } else { format!("{}:{}", url.host, url.port) };
    let request = Request::get(format!("{}?netid={}", url.path, servers.net_id))
        .header(HOST, host)
        .header(USER_AGENT, WGET)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .expect("the parts of a URL that was parsed");
    let response = sender.send_request(request).await.map_err(FetchError::Http)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    match Limited::new(response.into_body(), MAX_RESEED_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(FetchError::TooLarge),
        Err(_) => Err(FetchError::BrokeOff),
    }
}
