//! A node whose disk is full while it follows another one: it goes on answering, says so once, and takes in
//! the rest when there is space.
//!
//! Runs once more on a small tmpfs in a mount namespace of its own, where the machine allows that.

use super::*;
use crate::app::App;
use crate::config::Config;
use crate::peers::address::PeerAddress;
use crate::peers::follow::{Turns, follow};
use crate::serve::serve_unix;
use crate::web;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use deadwax_index::entry::Scope;
use deadwax_index::entry::identity::Identity;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use tokio::net::UnixListener;
use tower::ServiceExt;

const DIR: &str = "DEADWAX_SMALL_DISK";
const NAME: &str = "disk::tests::a_node_outlives_a_full_disk";
const ENTRIES: u64 = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_node_outlives_a_full_disk() {
    if let Some(disk) = std::env::var_os(DIR) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(full_while_following(Path::new(&disk)));
        return runtime.shutdown_background();
    }
    let dir = tempfile::tempdir().unwrap();
    let mounted = |namespace: &[&str], then: &str| -> io::Result<Output> {
        let script = format!("mount -t tmpfs -o size=120m,mode=700 tmpfs \"$0\" && exec {then}");
        let mut command = Command::new("unshare");
        command.args(namespace).args(["sh", "-c", &script]).arg(dir.path()).arg(std::env::current_exe()?);
        command.args(["--exact", NAME, "--nocapture"]).env(DIR, dir.path()).output()
    };
    let kinds: [&[&str]; 2] = [&["--mount"], &["--mount", "--user", "--map-root-user"]];
    let allowed = |kind: &&&[&str]| mounted(kind, "true").is_ok_and(|output| output.status.success());
    let Some(kind) = kinds.iter().find(allowed) else {
        return println!("skipped: {NAME}: this machine mounts no tmpfs in a namespace");
    };
    let output = mounted(kind, "\"$@\"").unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Fills the disk up, but for some bytes.
fn fill(disk: &Path, name: &str, leave_bytes: usize) -> std::path::PathBuf {
    let (reserve, path) = (disk.join("reserve"), disk.join(name));
    fs::write(&reserve, vec![1; leave_bytes]).unwrap();
    let mut file = File::create(&path).unwrap();
    for chunk in [1 << 20, 4 << 10, 1] {
        let bytes = vec![1; chunk];
        assert!(std::iter::repeat_with(|| file.write_all(&bytes)).any(|written| written.is_err()));
    }
    fs::remove_file(reserve).unwrap();
    path
}

async fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let until = tokio::time::Instant::now() + PATIENCE;
    while !done() {
        assert!(tokio::time::Instant::now() < until, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn full_while_following(disk: &Path) {
    let elsewhere = tempfile::tempdir().unwrap();
    let log = elsewhere.path().join("log");
    tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(File::create(&log).unwrap())).init();
    let said =
        |words: &str| fs::read_to_string(&log).unwrap().lines().filter(|line| line.contains(words)).count();

    let a = App::for_test(&elsewhere.path().join("a"), Config::default());
    let mut author = Identity::from_secret([3; 32]);
    let body = |n: u64| [vec![0xa1, 0x05], vec![n as u8; 12_000]].concat();
    let entries: Vec<_> = (0..ENTRIES).map(|n| author.sign(body(n), 99, n, 494_000)).collect();
    for batch in entries.chunks(500) {
        a.take_in(batch, None).unwrap();
    }
    let socket = elsewhere.path().join("a.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let router = web::router(Arc::clone(&a));
    tokio::spawn(async move { match serve_unix(listener, router).await {} });

    let b = App::for_test(&disk.join("b"), Config::default());
    let ballast = fill(disk, "ballast", 12 << 20);
    let peer = PeerAddress::Unix(socket);
    let following = tokio::spawn(follow(Arc::clone(&b), vec![peer], Arc::new(Turns::default())));
    wait("a full disk", || said("the disk is full") > 0).await;
    let stuck = b.store.scope_state(Scope::Main).unwrap();
    assert!((1..ENTRIES).contains(&stuck.count), "{}", stuck.count);

    // Reads go on; what would have to be kept is refused with a reason.
    let ask = |request: Request<Body>| web::router(Arc::clone(&b)).oneshot(request);
    for path in ["/", "/sync/v1/state", "/api/v1/search?q=tide", "/status"] {
        let answer = ask(Request::get(path).header("host", "localhost").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.unwrap().status(), StatusCode::OK, "{path}");
    }
    // What the log has room for still fits: it was emptied, or had grown for the batch that did not.
    let rest = fill(disk, "rest", 0);
    let more = author.sign(body(7), 99, ENTRIES, 494_000).to_bytes();
    let mut refused = None;
    for n in 0..2_000 {
        let bytes =
            if n == 0 { more.clone() } else { author.sign(body(n), 99, ENTRIES + n, 494_000).to_bytes() };
        let request = Request::post("/api/v1/entries").header("content-type", "application/cbor-seq");
        let answer = ask(request.body(Body::from(bytes)).unwrap()).await.unwrap();
        if answer.status() == StatusCode::INSUFFICIENT_STORAGE {
            let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
            refused = Some(String::from_utf8(body.to_vec()).unwrap());
            break;
        }
    }
    assert!(refused.is_some_and(|refused| refused.contains("disk.full")));

    // It looks again now and then, does not end, and does not repeat itself.
    tokio::time::sleep(PAUSE * 2).await;
    assert!(!following.is_finished());
    // An emptied log may have been space for a while.
    assert_eq!(said("the disk is full"), said("there is space on the disk again") + 1);
    assert_eq!(said("ERROR"), said("the disk is full"), "{}", fs::read_to_string(&log).unwrap());

    fs::remove_file(ballast).unwrap();
    fs::remove_file(rest).unwrap();
    wait("the rest", || b.store.scope_state(Scope::Main).unwrap().count >= ENTRIES).await;
    for entry in &entries {
        let stored = b.store.entry(&entry.head().id()).unwrap().unwrap();
        assert_eq!(stored.verify().unwrap(), *entry);
    }
    assert!(!following.is_finished());
    assert_eq!(said("there is space on the disk again"), said("the disk is full"));
}
