//! The network itself, and two onion gateways that meet on it.
//!
//! The times are printed, since how long a network takes is what one wants to know of it.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Duration};

use deadwax_onion_gateway::{
    DialError, LaunchError, OnionConfig, OnionGateway, OnionListener, OnionStatus, OnionStream, State,
    TorNetwork, launch,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener as TokioListener, TcpStream},
};

use super::*;
use crate::harness::namespace;

/// Everything in here takes seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// The address of a key that nobody has, from Tor's own test vectors.
const NOBODY: &str = "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion";

fn config(dir: &Path, network: &toml::Table) -> OnionConfig {
    OnionConfig {
        state_dir: dir.to_owned(),
        network: TorNetwork::Private(network.clone()),
        bridges: Vec::new(),
        transports: BTreeMap::new(),
    }
}

async fn wait_for(gateway: &OnionGateway, what: impl FnMut(&OnionStatus) -> bool) {
    let mut status = gateway.status();
    let waited = tokio::time::timeout(PATIENCE, status.wait_for(what)).await.is_ok();
    assert!(waited, "still {:?}", gateway.status().borrow());
}

async fn reachable(gateway: &OnionGateway) {
    wait_for(gateway, |status| status.state == State::Reachable).await;
}

/// Sends back whatever comes, until the gateway ends.
fn serve_echo(mut listener: OnionListener) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(mut stream) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    stream.write_all(&buffer[..length]).await.unwrap();
                    stream.flush().await.unwrap();
                }
            });
        }
    })
}

async fn echo(gateway: &OnionGateway, address: &str) {
    let mut tries = TRIES;
    let mut stream = loop {
        tries -= 1;
        match gateway.dial(address).await {
            Err(error) if tries > 0 => {
                println!("no stream: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => break done.unwrap(),
        }
    };
    let said = b"Lagoon Sketches, side B";
    stream.write_all(said).await.unwrap();
    stream.flush().await.unwrap();
    let mut heard = [0; 23];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(&heard, said);
}

/// `RUST_LOG=deadwax_tests=debug` shows the steps of the network.
fn log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init().ok();
}

fn took(what: &str, since: Instant) {
    println!("{what}: {} ms", since.elapsed().as_millis());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_gateways_meet_on_a_private_tor_network() {
    log();
    let dir = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let path = dir.path().join("network");
    let network = tokio::task::spawn_blocking(move || {
        PrivateTor::start(&path, PrivateTorOptions { exit: true, ..PrivateTorOptions::default() })
    });
    let network = network.await.unwrap().unwrap();
    took("network ready, all keys new", begun);

    let begun = Instant::now();
    let server_config = config(&dir.path().join("server"), network.arti_config());
    let mut server = launch(server_config.clone()).await.unwrap();
    took("launch returned", begun);
    let address = server.address().to_owned();
    let echoing = serve_echo(server.listener().unwrap());
    assert!(server.listener().is_none(), "there is one listener");
    reachable(&server).await;
    took("launch to reachable", begun);

    let begun = Instant::now();
    let client = launch(config(&dir.path().join("client"), network.arti_config())).await.unwrap();
    let early = client.dial(&address).await.err().unwrap();
    assert!(matches!(early, DialError::Offline { .. }), "before there is a directory: {early:?}");
    wait_for(&client, |status| status.can_dial).await;
    took("client launch to dialling", begun);
    let begun = Instant::now();
    echo(&client, &address).await;
    took("first dial and echo", begun);
    let begun = Instant::now();
    echo(&client, &address).await;
    took("second dial and echo", begun);
    echo(&server, &address).await;

    let begun = Instant::now();
    let error = client.dial(NOBODY).await.err().unwrap();
    took("dial to an address that nobody has", begun);
    assert!(matches!(error, DialError::NotFound(_)), "{error:?}");
    let mistyped = address.replacen(&address[..1], if address.starts_with('a') { "b" } else { "a" }, 1);
    assert!(matches!(client.dial(&mistyped).await, Err(DialError::BadAddress(_))));

    let second = launch(server_config.clone()).await.err().unwrap();
    assert!(matches!(second, LaunchError::InUse { .. }), "{second:?}");

    let begun = Instant::now();
    server.shutdown().await;
    took("shutdown", begun);
    tokio::time::timeout(PATIENCE, echoing).await.expect("the listener ends with its gateway").unwrap();
    // The relays have to see first that it is gone: of an introduction that one of them still acknowledged, the
    // client would wait for the outcome for minutes, and for the next ones with it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    let error = client.dial(&address).await.err().unwrap();
    took("dial to a service that went away", begun);
    // The introduction points may still take the knock, with nobody behind them.
    assert!(matches!(error, DialError::NotAnswering(_) | DialError::TimedOut), "{error:?}");

    let begun = Instant::now();
    let mut server = launch(server_config).await.unwrap();
    assert_eq!(server.address(), address);
    serve_echo(server.listener().unwrap());
    reachable(&server).await;
    took("second launch to reachable", begun);
    let begun = Instant::now();
    echo(&client, &address).await;
    took("dial and echo after the restart", begun);

    as_tor_browser_does(network.socks(), &address).await;
    through_the_exit(&network, &client).await;
    a_bridge_will_do(&network, &dir.path().join("bridged"), &address).await;
}

/// Another implementation of Tor, and the ports that are not served.
async fn as_tor_browser_does(socks: SocketAddr, address: &str) {
    let begun = Instant::now();
    let (reply, mut stream) = through_socks(socks, address, 80).await;
    assert_eq!(reply, 0, "succeeded (RFC 1928 section 6)");
    stream.write_all(b"Side A").await.unwrap();
    let mut heard = [0; 6];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut heard)).await.unwrap().unwrap();
    took("echo through the C client", begun);
    assert_eq!(&heard, b"Side A");

    let (reply, _) = through_socks(socks, address, 443).await;
    assert_ne!(reply, 0, "only port 80 is served");
}

/// In a network of six relays a circuit fails now and then, or finds no path.
const TRIES: u32 = 3;

/// Asks a SOCKS 5 proxy for a stream, again if it does not answer; gives its reply code and the connection.
async fn through_socks(socks: SocketAddr, host: &str, port: u16) -> (u8, TcpStream) {
    for number in 1..=TRIES {
        match tokio::time::timeout(PATIENCE, ask_socks(socks, host, port)).await {
            Ok(answer) => return answer,
            Err(_) => println!("no answer through the C client, for the {number}. time"),
        }
    }
    panic!("the C client does not get there");
}

async fn ask_socks(socks: SocketAddr, host: &str, port: u16) -> (u8, TcpStream) {
    #[allow(clippy::disallowed_methods, reason = "loopback, the proxy of the test network")]
    let mut stream = TcpStream::connect(socks).await.unwrap();
    stream.write_all(&[5, 1, 0]).await.unwrap();
    let mut method = [0; 2];
    stream.read_exact(&mut method).await.unwrap();
    assert_eq!(method, [5, 0], "no authentication");
    let mut request = vec![5, 1, 0, 3, u8::try_from(host.len()).unwrap()];
    request.extend(host.as_bytes());
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await.unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).await.unwrap();
    (reply[1], stream)
}

/// A stream through the exit. With four relays, a client that holds one of them for overloaded may find no path
/// for some seconds: it is asked again, and this says so.
async fn stream_through_exit(client: &OnionGateway, host: &str, port: u16) -> Result<OnionStream, DialError> {
    let begun = Instant::now();
    loop {
        match client.dial_exit(host, port).await {
            Err(error @ DialError::Offline { .. }) if begun.elapsed() < 4 * PATIENCE => {
                println!("no stream through the exit: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return done,
        }
    }
}

async fn through_the_exit(network: &PrivateTor, client: &OnionGateway) {
    #[allow(clippy::disallowed_methods, reason = "loopback, the host behind the exit")]
    let host = TokioListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = host.local_addr().unwrap().port();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = host.accept().await.unwrap();
        stream.write_all(b"reseed").await.unwrap();
    });
    let begun = Instant::now();
    let mut stream = stream_through_exit(client, "Seeds.Example.test", port).await.unwrap();
    let mut heard = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut heard)).await.unwrap().unwrap();
    took("stream through the exit", begun);
    assert_eq!(heard, "reseed");
    answering.await.unwrap();
    // Its name server has seen the name, and this process knows no name server at all.
    assert!(
        network.names_resolved().contains(&"seeds.example.test".to_owned()),
        "{:?}",
        network.names_resolved()
    );

    let error = stream_through_exit(client, "seeds.example.invalid", port).await.err().unwrap();
    assert!(matches!(error, DialError::NotFound(_)), "{error:?}");
    let error = stream_through_exit(client, "seeds.example.test", 1).await.err().unwrap();
    assert!(matches!(error, DialError::Refused(_)), "{error:?}");
}

async fn a_bridge_will_do(network: &PrivateTor, dir: &Path, address: &str) {
    let mut config = config(dir, network.arti_config());
    config.bridges = vec![network.bridge_line().unwrap()];
    let begun = Instant::now();
    let bridged = launch(config).await.unwrap();
    reachable(&bridged).await;
    took("launch to reachable behind a bridge", begun);
    echo(&bridged, address).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_a_gateway_without_a_network_starts_and_says_so() {
    log();
    namespace::assert_loopback_only().unwrap();
    let dir = tempfile::tempdir().unwrap();
    // A network of the right form at which nobody listens.
    let dead = r#"
        [tor_network]
        fallback_caches = [{ rsa_identity = "3B690BDD6842CAC12A66215AA8C8D177873B874A",
            ed_identity = "wvsP7/8aydWMtoZpSBy3bSwrIA7+H1hQbjCJxSAJnlY", orports = ["127.0.0.1:1"] }]
        [tor_network.authorities]
        v3idents = ["7F68327F904422A6255E0B83D3ADF1AD2A218EF2"]
        uploads = [["127.0.0.1:2"]]
        downloads = [["127.0.0.1:2"]]
        votes = [["127.0.0.1:2"]]
    "#;
    let config = config(&dir.path().join("offline"), &dead.parse().unwrap());
    let begun = Instant::now();
    let gateway = launch(config).await.unwrap();
    took("launch without a network", begun);
    assert!(gateway.address().ends_with(".onion"));
    let first = gateway.status().borrow().clone();
    assert_eq!((first.state, first.can_dial), (State::Starting, false));
    assert!(first.detail.contains("no relay has answered"), "{}", first.detail);
    let error = gateway.dial(NOBODY).await.err().unwrap();
    assert!(error.to_string().starts_with("not connected to Tor"), "{error}");

    gateway.shutdown().await;
    let error = gateway.dial(NOBODY).await.err().unwrap();
    assert!(error.to_string().contains("shut down"), "{error}");
}

#[test]
fn a_network_is_refused_outside_its_namespace() {
    if namespace::assert_loopback_only().is_ok() {
        return; // tests/run runs this one too, inside.
    }
    let dir = tempfile::tempdir().unwrap();
    let error = PrivateTor::start(dir.path(), PrivateTorOptions::default()).err().unwrap();
    assert!(error.to_string().contains("refusing to start"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was written");
}
