//! Every page over the real router, with a store on disk.
//!
//! Not here: submitting, and what becomes of it (`tests/submitting.rs`).

mod rulings;
mod submitting;

use crate::app::{App, SharedApp, uptime_secs};
use crate::config::Config;
use crate::submit::{Receipt, submit};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, LOCATION};
use axum::http::{HeaderMap, Request, StatusCode};
use data_encoding::HEXLOWER;
use deadwax_index::entry::link::Link;
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::ServiceExt;

const GROUP: &str = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
const RELEASE: &str = "1f0e9d8c-7b6a-4594-8372-61504f3e2d1c";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000001";
const V1: &str = "5a5b5c5d5e5f606162636465666768696a6b6c6d";
const TRACKER: &str = "http://tracker2.postman.i2p/announce.php";

struct Node {
    app: SharedApp,
    _dir: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Node {
    fn new(delay: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.node.name = "tideline".into();
        config.publication.delay = delay;
        Self { app: App::for_test(dir.path(), config), _dir: dir }
    }

    /// Publishes a link that differs from the usual one in `changes`.
    fn publish(&self, changes: Value) -> Receipt {
        let receipt = self.publish_unindexed(changes);
        self.app.search.catch_up(&self.app.store).unwrap();
        receipt
    }

    /// The same, before the search index knows of it.
    fn publish_unindexed(&self, changes: Value) -> Receipt {
        submit(&self.app, &self.link(changes), None).unwrap()
    }

    fn link(&self, changes: Value) -> Link {
        let mut link = json!({
            "infohash_v1": V1, "mbid": GROUP, "mbid_kind": "release-group", "artist": "Nell Aster",
            "title": "Low Water", "year": 1999, "types": ["Album", "Live"], "format": "FLAC",
            "encoding": "Lossless", "media": "CD", "size_bytes": 640_000_000u64, "file_count": 2,
            "log": true, "cue": false, "trackers": [TRACKER], "name": "Nell Aster - Low Water",
            "files": [{ "path": "01 Ebb.flac", "size_bytes": 1 }, { "path": "02 Flow.flac", "size_bytes": 2 }],
            "edition": { "title": null, "year": 2004, "label": "Ninth Harbour", "catno": "NHR-014", "country": null, "barcode": null },
        });
        link.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_value(link).unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = crate::web::router(Arc::clone(&self.app)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, uri: &str) -> Answer {
        self.send(Request::get(uri).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let mut request = Request::post("/submit")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(HOST, "abc.onion");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.join("&").into()).unwrap()).await
    }
}

impl Answer {
    fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers[LOCATION].to_str().unwrap()
    }
}

/// All values of an attribute, unescaped as far as addresses need it.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let values = html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap());
    values.map(|value| value.replace("&#38;", "&")).collect()
}

fn assert_page_is_sound(uri: &str, html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{uri}");
    assert_eq!(html.matches("<h1").count(), 1, "{uri}");
    assert_eq!(html.matches("<main ").count(), 1, "{uri}");
    for foreign in ["<script", "<style", " style=\"", " src=\"", "<iframe", "javascript:"] {
        assert!(!html.contains(foreign), "{uri} has {foreign}");
    }
    for tag in html.split("<link ").skip(1) {
        let href = &attributes(&format!(" {}", tag.split('>').next().unwrap()), "href")[0];
        assert!(href.starts_with("/static/") || href.starts_with("data:"), "{uri} loads {href}");
    }
    let ids = attributes(html, "id");
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{uri} has an id twice: {ids:?}");
    for name in ["for", "aria-describedby", "aria-labelledby", "list"] {
        for target in attributes(html, name).iter().flat_map(|value| value.split(' ')) {
            assert!(unique.contains(&target.to_owned()), "{uri}: {name} names {target}");
        }
    }
    for href in attributes(html, "href").iter().filter_map(|href| href.strip_prefix('#')) {
        assert!(unique.contains(&href.to_owned()), "{uri} links to #{href}");
    }
}

#[tokio::test]
async fn every_page_is_sound_and_no_link_is_dead() {
    let node = Node::new(false);
    let receipt = node.publish(json!({}));
    let mut waiting: Vec<String> = [
        "/",
        "/search?q=nothing+like+it",
        "/search?q=low&offset=50",
        &format!("/submitted/{}?known=1", receipt.id),
    ]
    .map(Into::into)
    .to_vec();
    waiting.push(format!("/submitted/{}", receipt.id));
    let mut seen = BTreeSet::new();
    while let Some(uri) = waiting.pop() {
        if !seen.insert(uri.clone()) {
            continue;
        }
        let request = Request::get(&uri).body(Body::empty()).unwrap();
        let response = crate::web::router(Arc::clone(&node.app)).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{uri}");
        let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        if content_type != "text/html; charset=utf-8" {
            continue;
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let html = String::from_utf8(bytes.to_vec()).unwrap();
        assert_page_is_sound(&uri, &html);
        let inside = attributes(&html, "href").into_iter().filter(|href| href.starts_with('/'));
        waiting.extend(inside.map(|href| href.split('#').next().unwrap().to_owned()));
    }
    for expected in ["/about", "/status", "/submit", "/search", &format!("/release-group/{GROUP}")] {
        assert!(seen.contains(expected), "nothing links to {expected}: {seen:?}");
    }
}

#[tokio::test]
async fn errors_are_pages_with_a_way_onward() {
    let node = Node::new(false);
    for (uri, status) in [
        ("/nowhere".to_owned(), 404),
        ("/static/0000000000000000.css".into(), 404),
        ("/release-group/x".into(), 400),
        ("/release-group/%ff".into(), 404),
        (format!("/release-group/{UNKNOWN}"), 404),
        (format!("/mbid/{UNKNOWN}"), 404),
        ("/search?q=year:x".into(), 400),
        ("/search?q=a&offset=x".into(), 400),
        ("/submit?nonsense=1".into(), 400),
        (format!("/submitted/{}", "0".repeat(64)), 404),
    ] {
        let answer = node.get(&uri).await;
        assert_eq!(answer.status.as_u16(), status, "{uri}");
        assert_page_is_sound(&uri, &answer.text);
        assert!(answer.text.contains("href=\"/\"") && answer.text.contains("action=\"/search\""), "{uri}");
    }
    let unlinked = node.get(&format!("/mbid/{UNKNOWN}")).await.text;
    assert!(unlinked.contains(&format!("href=\"/submit?mbid={UNKNOWN}\"")));
}

#[tokio::test]
async fn what_contributors_write_is_shown_and_never_run() {
    let node = Node::new(false);
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let receipt = node.publish(json!({
        "artist": evil, "title": evil, "types": [evil], "format": evil, "encoding": evil, "media": evil,
        "name": evil, "files": [{ "path": evil, "size_bytes": 1 }],
        "edition": { "title": evil, "year": null, "label": evil, "catno": evil, "country": evil, "barcode": evil },
    }));
    for uri in [
        "/".to_owned(),
        format!("/release-group/{GROUP}"),
        format!("/submitted/{}", receipt.id),
        format!("/submit?mbid={GROUP}"),
        format!("/search?q={}", utf8_percent_encode(evil, NON_ALPHANUMERIC)),
    ] {
        let html = node.get(&uri).await.text;
        assert!(!html.contains("<script") && !html.contains("<img"), "{uri}");
        assert!(html.contains("&#60;script&#62;"), "{uri} does not show it");
        assert_page_is_sound(&uri, &html);
    }
}

#[tokio::test]
async fn the_stylesheet_is_kept_for_good_and_pages_are_not() {
    let node = Node::new(false);
    let home = node.get("/").await;
    assert_eq!(home.headers[CACHE_CONTROL], "no-store");
    let path = attributes(&home.text, "href").into_iter().find(|href| href.starts_with("/static/")).unwrap();
    let stylesheet = node.get(&path).await;
    assert_eq!(stylesheet.status, StatusCode::OK);
    assert_eq!(stylesheet.headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(stylesheet.headers[CONTENT_TYPE], "text/css; charset=utf-8");
}

#[tokio::test]
async fn home_stays_below_30_kb_whatever_the_names_are() {
    let node = Node::new(false);
    for number in 0..20u128 {
        let mbid = format!("{:08x}-0000-4000-8000-000000000000", number + 1);
        let name = "&".repeat(1000);
        node.publish(json!({ "mbid": mbid, "artist": name, "title": name, "types": ["&".repeat(128)], "format": "&".repeat(128) }));
    }
    let home = node.get("/").await.text;
    let stylesheet = node.get(super::stylesheet::path()).await.text;
    assert!(home.matches("data-mbid=").count() >= 10);
    assert!(home.len() + stylesheet.len() <= 30_000, "{} + {}", home.len(), stylesheet.len());
}

#[tokio::test]
async fn a_group_shows_editions_and_links_best_seeded_first() {
    let node = Node::new(false);
    let unseeded = node.publish(json!({}));
    let seeded_hash = "6a5b5c5d5e5f606162636465666768696a6b6c6d";
    let seeded = node.publish(json!({ "infohash_v1": seeded_hash, "media": "Vinyl", "format": "MP3" }));
    let query = format!("info_hash={}&left=0&numwant=0&event=started", percent_encoded_hex(seeded_hash));
    node.app.tracker.announce(&query, [9; 32], uptime_secs());
    let html = node.get(&format!("/release-group/{GROUP}")).await.text;
    assert_eq!(attributes(&html, "data-entry"), [seeded.id, unseeded.id]);
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is missing in {html}"));
    assert!(place("Vinyl · 2004 · Ninth Harbour · NHR-014") < place("CD · 2004 · Ninth Harbour · NHR-014"));
    assert!(place("1 seeder") < place("nobody has announced here yet"));
    place("640 MB · 2 files · log · no cue");
    place("01 Ebb.flac");
    place(&format!(
        "magnet:?xt=urn:btih:{V1}&#38;dn=Nell%20Aster%20-%20Low%20Water&#38;xl=640000000&#38;tr=http%3A%2F%2Ftracker2.postman.i2p%2Fannounce.php"
    ));
    place(&format!("https://musicbrainz.org/release-group/{GROUP}\" rel=\"noreferrer\""));
}

fn percent_encoded_hex(hex: &str) -> String {
    HEXLOWER.decode(hex.as_bytes()).unwrap().iter().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn long_groups_have_pages() {
    let node = Node::new(false);
    for number in 0..51u128 {
        node.publish(json!({ "infohash_v1": format!("{number:040x}"), "files": [] }));
    }
    let first = node.get(&format!("/release-group/{GROUP}")).await.text;
    assert_eq!(attributes(&first, "data-entry").len(), 50);
    assert!(attributes(&first, "href").contains(&"?offset=50".to_owned()));
    let second = node.get(&format!("/release-group/{GROUP}?offset=50")).await.text;
    assert_eq!(attributes(&second, "data-entry").len(), 1);
}

#[tokio::test]
async fn identifiers_lead_straight_to_the_group() {
    let node = Node::new(false);
    node.publish(json!({ "mbid": RELEASE, "mbid_kind": "release", "release_group": GROUP }));
    let page = format!("/release-group/{GROUP}");
    for query in [
        GROUP.to_owned(),
        RELEASE.into(),
        format!("https://musicbrainz.org/release/{RELEASE}"),
        V1.into(),
        format!("magnet:?xt=urn:btih:{V1}&dn=x"),
    ] {
        let uri = format!("/search?q={}", utf8_percent_encode(&query, NON_ALPHANUMERIC));
        assert_eq!(node.get(&uri).await.location(), page, "{query}");
    }
    for mbid in [GROUP, RELEASE] {
        assert_eq!(node.get(&format!("/mbid/{mbid}")).await.location(), page);
    }
    assert_eq!(node.get(&format!("/release-group/{RELEASE}")).await.location(), page);
    assert_eq!(node.get(&page).await.status, StatusCode::OK);
}

#[tokio::test]
async fn words_find_rows_and_no_hits_lead_to_the_form() {
    let node = Node::new(false);
    node.publish(json!({}));
    let found = node.get("/search?q=low+water").await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(attributes(&found.text, "data-mbid"), [GROUP]);
    assert!(found.text.contains("value=\"low water\""));
    let nothing = node.get("/search?q=Otto+Vane+-+Harbour").await.text;
    assert!(nothing.contains("0 release groups"));
    assert!(attributes(&nothing, "href").contains(&"/submit?artist=Otto%20Vane&title=Harbour".to_owned()));
    // Why nothing is found may be what narrows, and only then it is said.
    const NARROWED: &str = "Quotation marks and filters narrow a search";
    assert!(!nothing.contains(NARROWED));
    for query in ["%22water+low%22", "low+format:ape", "low+-water", "low&format=ape"] {
        let nothing = node.get(&format!("/search?q={query}")).await.text;
        assert!(nothing.contains("0 release groups") && nothing.contains(NARROWED), "{query}");
    }
}

#[tokio::test]
async fn the_help_names_every_filter() {
    let help = Node::new(false).get("/search").await.text;
    for key in deadwax_index::search::filter_keys().chain(["sort"]) {
        assert!(help.contains(&format!("<code>{key}:")), "{key} is missing");
    }
}

#[tokio::test]
async fn rows_say_that_there_are_more_links_than_were_read() {
    let node = Node::new(false);
    for number in 0..60u128 {
        let link = json!({ "infohash_v1": format!("{number:040x}"), "files": [] });
        node.publish_unindexed(link);
    }
    node.app.search.catch_up(&node.app.store).unwrap();
    assert!(node.get("/search?q=low+water").await.text.contains("in at least 50 torrent links"));
    assert!(node.get("/").await.text.contains("in 60 torrent links"));
}
