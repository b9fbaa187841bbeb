//! The browser on a site of two pages, without a proxy and behind one.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::*;
use crate::harness::leak::LeakCounter;

const PATIENCE: Duration = Duration::from_secs(30);

const FORM_PAGE: &str = "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Form</title>
    <style>body { margin: 0 } .wide { width: 700px } @media (prefers-color-scheme: dark) { body { background: #000 } }</style>
    <p id=script>off</p><script>document.getElementById('script').textContent = 'on'</script>
    <p class=side>A</p><p class=side>B</p><p class=wide>Wide</p>
    <form id=other><input name=artist></form>
    <form id=add method=post action=/submit><input name=artist value=''><textarea name=notes></textarea>
    <select name=format><option value=flac>Free Lossless</option><option value=opus>Opus</option></select>
    <input type=checkbox name=log><input type=radio name=media value=cd checked><input type=radio name=media value=vinyl>
    <button>Add</button></form>
    <a href=/missing>Missing</a> <a id=same href=#add>Same</a><img src='http://elsewhere.example/a.png'>";

/// What reached the site: method, path and body.
type Seen = Arc<Mutex<Vec<String>>>;

/// Serves one request and closes, so that nothing has to be known of connections that stay.
fn answer(mut stream: TcpStream, seen: &Seen) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request = first.trim_end_matches(" HTTP/1.1\r\n");
    seen.lock()
        .unwrap()
        .push(format!("{request} {}", String::from_utf8(body).unwrap()).trim_end().to_owned());
    let (status, location, page) = match request {
        "GET /" => ("200 OK", "", FORM_PAGE),
        "GET /added" => ("200 OK", "", "<!doctype html><title>Added</title><h1>Added</h1>"),
        "POST /submit" => ("303 See Other", "Location: /added\r\n", ""),
        _ => ("404 Not Found", "", "<!doctype html><title>Missing</title><h1>Not here</h1>"),
    };
    let length = page.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nX-Second-In-The-Alphabet: 1\r\nContent-Type: text/html\r\n{location}\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{page}"
    )
}

/// Listens on a free port of 127.0.0.1 and gives each connection to `serve`, until the test ends.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    #[allow(clippy::disallowed_methods, reason = "loopback, the site that the browser visits")]
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            // Browsers open connections that they do not use for a while.
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    address
}

fn site() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let ours = Arc::clone(&seen);
    // A browser may close any connection early.
    (listen(move |stream| answer(stream, &ours).unwrap_or_default()), seen)
}

#[test]
#[ignore = "needs the loopback-only namespace of tests/run"]
fn net_a_browser_reads_and_submits_without_javascript() {
    let leaks = LeakCounter::install(0).unwrap();
    let (address, seen) = site();
    let begun = Instant::now();
    let mut browser = Browser::start(None).unwrap();
    println!("browser started after {:.1} s", begun.elapsed().as_secs_f32());
    let home = format!("http://{address}/");

    assert_eq!(browser.open(&home, PATIENCE).unwrap(), 200);
    browser.prove_javascript_off().unwrap();
    assert_eq!(browser.text("#script").unwrap(), "off");
    assert_eq!(browser.all_texts(".side").unwrap(), ["A", "B"]);
    assert!(browser.text(".side").is_err(), "two are not one");
    assert!(browser.text(".absent").is_err());
    assert_eq!(browser.attribute("form#add", "action").unwrap().as_deref(), Some("/submit"));
    assert_eq!(browser.attribute("form#add", "title").unwrap(), None);
    assert_eq!(browser.all_attributes("a", "href").unwrap(), ["/missing", "#add"]);
    assert!(browser.html().unwrap().contains("Free Lossless"));
    let names: Vec<String> = browser.headers().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["X-Second-In-The-Alphabet", "Content-Type", "Content-Length", "Connection"]);
    let requests = browser.requests().unwrap();
    assert!(requests.contains(&"http://elsewhere.example/a.png".to_owned()), "{requests:?}");

    assert_eq!(browser.scroll_width(320).unwrap(), 700);
    assert_eq!(browser.scroll_width(800).unwrap(), 800);
    let dir = tempfile::tempdir().unwrap();
    let shots = [Shot::of_width(320), Shot { dark: true, ..Shot::of_width(320) }, Shot::of_width(1280)];
    let pictures = shots.map(|shot| {
        let path = dir.path().join("page.png");
        browser.screenshot(&path, shot).unwrap();
        std::fs::read(path).unwrap()
    });
    for (picture, shot) in pictures.iter().zip(shots) {
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
        // The IHDR chunk comes first: length, name, width (PNG specification, 11.2.2).
        let width = u32::from_be_bytes(picture[16..20].try_into().unwrap());
        assert!(width >= shot.width, "{width} for {shot:?}");
    }
    assert_ne!(pictures[0], pictures[1], "dark is another picture");

    let fields =
        [("artist", "Glass Öre"), ("notes", "a\nb"), ("format", "opus"), ("log", "on"), ("media", "vinyl")];
    browser.fill("#add", &fields).unwrap();
    assert_eq!(browser.submit("#add", PATIENCE).unwrap(), 200);
    assert_eq!(
        (browser.url().unwrap(), browser.text("h1").unwrap()),
        (format!("{home}added"), "Added".to_owned())
    );
    let form = "POST /submit artist=Glass+%C3%96re&notes=a%0D%0Ab&format=opus&log=on&media=vinyl";
    assert!(seen.lock().unwrap().iter().any(|request| request == form), "{seen:?}");

    browser.open(&home, PATIENCE).unwrap();
    assert_eq!(browser.follow("a[href='/missing']", PATIENCE).unwrap(), 404);
    browser.open(&home, PATIENCE).unwrap();
    browser.click("#same").unwrap();
    assert!(browser.follow("#same", PATIENCE).is_err(), "no other page");

    // Neither a name nor an address beyond loopback.
    let error = browser.open("http://elsewhere.example/", PATIENCE).unwrap_err();
    assert!(format!("{error:#}").contains("ERR_CONNECTION_REFUSED"), "{error:#}");
    assert_eq!(browser.open(&home, PATIENCE).unwrap(), 200, "it goes on after an error");
    let begun = Instant::now();
    drop(browser);
    println!("browser ended after {:.1} s", begun.elapsed().as_secs_f32());
    assert_eq!(leaks.packets_elsewhere_of_all().unwrap(), 0, "chromium by itself wanted to talk to somebody");
}

/// Grants whatever is asked for (RFC 1928) and leads to the site; notes the host and port as asked.
fn proxy(mut stream: TcpStream, site: SocketAddr, asked: &Seen) -> std::io::Result<()> {
    let mut greeting = [0; 3];
    stream.read_exact(&mut greeting)?;
    stream.write_all(&[5, 0])?;
    let mut request = [0; 5];
    stream.read_exact(&mut request)?;
    assert_eq!(request[3], 3, "the browser resolved the name by itself");
    let mut host = vec![0; usize::from(request[4]) + 2];
    stream.read_exact(&mut host)?;
    let port = host.split_off(host.len() - 2);
    let port = u16::from_be_bytes([port[0], port[1]]);
    asked.lock().unwrap().push(format!("{}:{port}", String::from_utf8(host).unwrap()));
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    #[allow(clippy::disallowed_methods, reason = "loopback, the site behind the proxy")]
    let mut there = TcpStream::connect(site)?;
    let (mut from, mut to) = (stream.try_clone()?, there.try_clone()?);
    thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut there, &mut stream)?;
    Ok(())
}

#[test]
#[ignore = "needs the loopback-only namespace of tests/run"]
fn net_a_browser_leaves_names_and_loopback_to_its_proxy() {
    let (address, _) = site();
    let asked = Seen::default();
    let noted = Arc::clone(&asked);
    let socks = listen(move |stream| proxy(stream, address, &noted).unwrap_or_default());
    let mut browser = Browser::start(Some(socks)).unwrap();
    assert_eq!(browser.open("http://breakwater.onion/", PATIENCE).unwrap(), 200);
    assert_eq!(browser.open("http://localhost:81/added", PATIENCE).unwrap(), 200);
    let asked = asked.lock().unwrap();
    for host in ["breakwater.onion:80", "elsewhere.example:80", "localhost:81"] {
        assert!(asked.iter().any(|one| one == host), "{host} is not in {asked:?}");
    }
}
