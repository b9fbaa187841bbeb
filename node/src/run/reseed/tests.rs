//! Reseed servers at the other end of a pipe: real TLS and HTTP, no sockets.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::{I2pNetworkFile, NetworkFile, ReseedFile};
use hyper::StatusCode;
use std::sync::Mutex;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const GOOD: &[u8] = include_bytes!("../../../../i2p-gateway/src/reseed/fixtures/good.su3");
const WRONG: &[u8] = include_bytes!("../../../../i2p-gateway/src/reseed/fixtures/wrong.su3");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

fn network(urls: &[&str], tls_root: &str) -> NetworkFile {
    NetworkFile {
        name: "test".into(),
        private: true,
        peers: Vec::new(),
        charter: None,
        publication_delay: None,
        tor: None,
        i2p: Some(I2pNetworkFile {
            net_id: 77,
            router_infos: PathBuf::new(),
            tunnel_hops: None,
            announce_interval_secs: None,
            reseed: Some(ReseedFile {
                urls: urls.iter().map(|&url| url.into()).collect(),
                su3_certificate: format!("{FOLDER}/../i2p-gateway/src/reseed/fixtures/signer.crt").into(),
                tls_root: tls_root.into(),
            }),
        }),
    }
}

fn tls_certificate() -> String {
    format!("{FOLDER}/src/run/reseed/fixtures/tls.crt")
}

fn servers(urls: &[&str]) -> Servers {
    Servers::of(Some(&network(urls, &tls_certificate()))).unwrap().unwrap()
}

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// One request in, `answer` out; returns the request.
async fn serve(stream: DuplexStream, answer: Vec<u8>) -> std::io::Result<String> {
    let certificate = CertificateDer::from_pem_file(tls_certificate()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/tls.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    Ok(String::from_utf8(request).unwrap())
}

async fn ask(url: &str, answer: Vec<u8>) -> (Result<Vec<Vec<u8>>, FetchError>, std::io::Result<String>) {
    let servers = servers(&[url]);
    let (near, far) = duplex(64 * 1024);
    tokio::join!(fetch(near, &servers.urls[0], &servers), serve(far, answer))
}

#[tokio::test]
async fn a_server_is_asked_as_routers_ask() {
    let (infos, request) = ask("https://seeds.example.test/i2pseeds.su3", answer("200 OK", GOOD)).await;
    assert_eq!(infos.unwrap().len(), 3);
    let expected = "GET /i2pseeds.su3?netid=77 HTTP/1.1\r\nhost: seeds.example.test\r\n\
                    user-agent: Wget/1.11.4\r\nconnection: close\r\n\r\n";
    assert_eq!(request.unwrap(), expected);
    let (_, request) = ask("https://seeds.example.test:8443/a/b", answer("200 OK", GOOD)).await;
    assert!(request.unwrap().contains("GET /a/b?netid=77 HTTP/1.1\r\nhost: seeds.example.test:8443\r\n"));
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_refused() {
    let url = "https://seeds.example.test/i2pseeds.su3";
    let (infos, _) = ask(url, answer("429 Too Many Requests", GOOD)).await;
    assert!(matches!(infos, Err(FetchError::Status(StatusCode::TOO_MANY_REQUESTS))), "{infos:?}");
    let (infos, _) = ask(url, answer("302 Found", GOOD)).await;
    assert!(matches!(infos, Err(FetchError::Status(StatusCode::FOUND))), "{infos:?}");
    let (infos, _) = ask(url, answer("200 OK", WRONG)).await;
    assert!(infos.unwrap_err().to_string().contains("its signature is wrong"));
    let mut damaged = GOOD.to_vec();
    damaged[300] ^= 1;
    let (infos, _) = ask(url, answer("200 OK", &damaged)).await;
    assert!(infos.unwrap_err().to_string().contains("its signature is wrong"));
    let (infos, _) = ask(url, b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()).await;
    assert!(matches!(infos, Err(FetchError::Http(_))), "{infos:?}");
    let short = answer("200 OK", GOOD);
    let (infos, _) = ask(url, short[..short.len() - 1].to_vec()).await;
    assert!(matches!(infos, Err(FetchError::BrokeOff)), "{infos:?}");
    let (infos, _) = ask(url, answer("200 OK", &vec![0; MAX_RESEED_BYTES + 1])).await;
    assert!(matches!(infos, Err(FetchError::TooLarge)), "{infos:?}");
}

#[tokio::test]
async fn a_server_must_prove_its_name() {
    let (infos, request) = ask("https://other.example.test/i2pseeds.su3", answer("200 OK", GOOD)).await;
    assert!(matches!(infos, Err(FetchError::Tls(_))), "{infos:?}");
    assert!(request.is_err(), "nothing was asked");
    // The same server, for somebody who trusts the public authorities only.
    let url = "https://seeds.example.test/i2pseeds.su3";
    let (own, public) = (servers(&[url]), Servers::of(None).unwrap().unwrap());
    let (near, far) = duplex(64 * 1024);
    let (infos, request) =
        tokio::join!(fetch(near, &own.urls[0], &public), serve(far, answer("200 OK", GOOD)));
    assert!(matches!(infos, Err(FetchError::Tls(_))), "{infos:?}");
    assert!(request.is_err(), "nothing was asked");
}

/// Asks servers on the given ports, each of which answers with what `files` says, or not at all.
async fn ask_all(files: &[(u16, &[u8])]) -> (Result<Vec<Vec<u8>>, String>, usize) {
    let urls: Vec<_> = files.iter().map(|(port, _)| format!("https://more.example.test:{port}/x")).collect();
    let servers = servers(&urls.iter().map(String::as_str).collect::<Vec<_>>());
    let told = Mutex::new(Vec::new());
    let dial = |host: String, port| {
        assert_eq!(host, "more.example.test");
        let file = files.iter().find(|file| file.0 == port).unwrap().1;
        let file = (!file.is_empty()).then(|| answer("200 OK", file));
        async move {
            let Some(file) = file else { return Err(FetchError::Dial("nobody there".into())) };
            let (near, far) = duplex(64 * 1024);
            tokio::spawn(serve(far, file));
            Ok(near)
        }
    };
    let infos = gather(&servers, dial, |words| told.lock().unwrap().push(words)).await;
    (infos, told.into_inner().unwrap().len())
}

#[tokio::test]
async fn bad_servers_do_no_harm_to_the_good_ones() {
    let (infos, asked) = ask_all(&[(1, WRONG), (2, GOOD), (3, b""), (4, b"<html>"), (5, GOOD)]).await;
    assert_eq!(infos.unwrap().len(), 3, "the same three from both");
    assert_eq!(asked, 5, "three routers are not enough to stop asking");
}

#[tokio::test]
async fn without_a_good_server_the_last_one_is_quoted() {
    let (infos, asked) = ask_all(&[(1, b""), (2, b"")]).await;
    assert_eq!(infos.unwrap_err(), "the last of 2 reseed servers: it cannot be reached: nobody there");
    assert_eq!(asked, 2);
    assert_eq!(ask_all(&[(1, WRONG)]).await.0.unwrap_err().matches("its signature is wrong").count(), 1);
    assert_eq!(ask_all(&[]).await.0.unwrap_err(), "there is no reseed server");
}

#[test]
fn the_public_network_has_its_own_servers_and_a_private_one_never_those() {
    let public = Servers::of(None).unwrap().unwrap();
    assert_eq!((public.urls.len(), public.net_id), (12, 2));
    assert!(public.urls.iter().all(|url| url.port == 443 && url.path == "/i2pseeds.su3"));
    let mut private = network(&["https://seeds.example.test/x"], &tls_certificate());
    assert_eq!(Servers::of(Some(&private)).unwrap().unwrap().urls.len(), 1);
    private.i2p.as_mut().unwrap().reseed = None;
    assert!(Servers::of(Some(&private)).unwrap().is_none());
    private.i2p = None;
    assert!(Servers::of(Some(&private)).unwrap().is_none());
}

#[test]
fn a_network_file_with_bad_servers_is_refused() {
    for url in [
        "http://seeds.example.test/x",
        "seeds.example.test",
        "https://",
        "https://a@b.test/x",
        "https://b.test/x?netid=2",
    ] {
        let error = Servers::of(Some(&network(&[url], &tls_certificate()))).err().unwrap();
        assert!(error.to_string().contains("no https URL"), "{url}: {error}");
    }
    let key = tls_certificate().replace("tls.crt", "tls.key");
    for path in [key.as_str(), "/nonexistent/tls.crt"] {
        let error = Servers::of(Some(&network(&["https://seeds.example.test/x"], path))).err().unwrap();
        assert!(format!("{error:#}").contains(path), "{error:#}");
    }
}

#[tokio::test]
async fn a_file_of_the_operators_is_read_by_its_form() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(&["https://seeds.example.test/x"]);
    let opened = async |bytes: &[u8], servers| {
        let path = dir.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        read(&path, servers).await
    };
    assert_eq!(opened(GOOD, Some(&servers)).await.unwrap().len(), 3);
    assert!(opened(WRONG, Some(&servers)).await.unwrap_err().contains("its signature is wrong"));
    assert!(opened(GOOD, None).await.unwrap_err().contains("is not known"));
    let zip = &GOOD[GOOD.windows(4).position(|bytes| bytes == b"PK\x03\x04").unwrap()..GOOD.len() - 512];
    assert_eq!(opened(zip, None).await.unwrap().len(), 3);
    assert!(opened(b"hello", None).await.unwrap_err().contains("no reseed file"));
    assert!(opened(&vec![b'P'; MAX_RESEED_BYTES + 2], None).await.is_err());
    assert!(read(&dir.path().join("absent"), None).await.is_err());
}
