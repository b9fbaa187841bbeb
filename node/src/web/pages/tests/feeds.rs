//! Feeds: what torrent clients and readers find in them.

use super::stage::{Person, link, mbid};
use super::*;

/// The text of each element of this name that has no attributes.
fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&start).skip(1).map(|rest| rest.split(&end).next().unwrap()).collect()
}

/// Panics unless every element that begins ends, in order, and nothing stands where XML does not allow it.
fn assert_is_well_formed(xml: &str) {
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    let mut open: Vec<&str> = Vec::new();
    for (number, part) in xml.split('<').enumerate().skip(2) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("part {number} of {xml}"));
        assert!(!text.contains('>') || text.contains("]]"), "{text}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let name = entity.split(';').next().unwrap();
            assert!(name.starts_with('#') && name[1..].parse::<u32>().is_ok(), "&{name}");
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => assert_eq!(tag.matches('"').count() % 2, 0, "{tag}"),
            None => open.push(tag.split([' ', '\n']).next().unwrap()),
        }
    }
    assert_eq!(open, [""; 0]);
    assert!(xml.chars().all(|c| c == '\n' || (c >= ' ' && c != '\u{ffff}' && c != '\u{fffe}')));
}

async fn feed(node: &Node, uri: &str) -> Answer {
    let request = Request::get(uri).header(HOST, "abc.onion").body(Body::empty()).unwrap();
    let answer = node.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
    assert_is_well_formed(&answer.text);
    for header in ["content-security-policy", "x-content-type-options"] {
        assert!(answer.headers.contains_key(header), "{uri} has no {header}");
    }
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    answer
}

#[tokio::test]
async fn each_item_of_rss_has_a_page_and_a_magnet() {
    let (node, _) = Node::lively();
    let rss = feed(&node, "/search.rss?q=maps+of+low+water").await;
    assert_eq!(rss.headers[CONTENT_TYPE], "application/rss+xml; charset=utf-8");
    let items = elements(&rss.text, "item");
    assert_eq!(items.len(), 4);
    for item in &items {
        let link = elements(item, "link");
        let entry = link[0].strip_prefix("http://abc.onion/link/").unwrap();
        assert_eq!(node.get(&format!("/link/{entry}")).await.status, StatusCode::OK);
        assert!(item.contains(&format!("<guid isPermaLink=\"false\">urn:deadwax:entry:{entry}</guid>")));
        assert_eq!(item.matches("<enclosure ").count(), 1);
        assert!(attributes(item, "url")[0].starts_with("magnet:?xt=urn:btih:"));
        assert_eq!(attributes(item, "type"), ["application/x-bittorrent"]);
        assert!(attributes(item, "length")[0].parse::<u64>().unwrap() > 0);
    }
    let titles: Vec<_> = items.iter().map(|item| elements(item, "title")[0]).collect();
    let title = "The Salt Cartographers - Maps of Low Water (1994) [FLAC Lossless] [CD]";
    assert!(titles.contains(&title), "{titles:?}");
    assert_eq!(elements(&rss.text, "link")[0], "http://abc.onion/search?q=maps%20of%20low%20water");
}

#[tokio::test]
async fn each_entry_of_atom_has_exactly_one_magnet_and_one_page() {
    let (node, [mara, ..]) = Node::lively();
    for uri in [
        "/search.atom".to_owned(),
        format!("/artist/{}.atom", mbid("artist", 0)),
        format!("/contributor/{}.atom", mara.key()),
    ] {
        let atom = feed(&node, &uri).await;
        assert_eq!(atom.headers[CONTENT_TYPE], "application/atom+xml; charset=utf-8");
        let entries = elements(&atom.text, "entry");
        assert!(entries.len() >= 3, "{uri}");
        for entry in entries {
            let links = attributes(entry, "href");
            assert_eq!(links.iter().filter(|href| href.starts_with("magnet:")).count(), 1);
            assert_eq!(links.iter().filter(|href| href.starts_with("http://abc.onion/link/")).count(), 1);
            assert_eq!(links.len(), 2);
        }
        assert_eq!(elements(&atom.text, "updated")[0].len(), "2026-11-24T18:20:00Z".len());
    }
}

#[tokio::test]
async fn the_date_of_a_feed_moves_with_its_content_alone() {
    let (node, [mut mara, ..]) = Node::lively();
    let uri = format!("/artist/{}.rss", mbid("artist", 1));
    let changed = async |node: &Node| elements(&feed(node, &uri).await.text, "lastBuildDate")[0].to_owned();
    let before = changed(&node).await;
    // Somebody else's record, and more seeders.
    mara.sign(&node, 32, link(900, &mbid("release-group", 12), json!({})));
    let query =
        format!("info_hash={}&left=0&numwant=0&event=started", percent_encoded_hex(&format!("{:040x}", 109)));
    node.app.tracker.announce(&query, [77; 32], uptime_secs());
    node.app.search.catch_up(&node.app.store).unwrap();
    assert_eq!(changed(&node).await, before);
    mara.sign(
        &node,
        32,
        link(901, &mbid("release-group", 9), json!({ "artist": "Nell Aster", "title": "Low Water" })),
    );
    node.app.search.catch_up(&node.app.store).unwrap();
    assert_ne!(changed(&node).await, before);
}

#[tokio::test]
async fn filters_of_a_feed_choose_among_the_links_of_a_group() {
    let (node, _) = Node::lively();
    let all = feed(&node, "/search.rss?q=maps+of+low+water").await.text;
    let mp3 = feed(&node, "/search.rss?q=maps+of+low+water&format=MP3").await.text;
    assert_eq!((elements(&all, "item").len(), elements(&mp3, "item").len()), (4, 1));
    assert!(mp3.contains("[MP3 V0 (VBR)]"));
}

#[tokio::test]
async fn a_link_without_a_magnet_is_no_item() {
    let node = Node::with_catalogue();
    Person::new(9).sign(&node, 32, link(1, &mbid("release-group", 0), json!({ "trackers": [] })));
    node.app.search.catch_up(&node.app.store).unwrap();
    let rss = feed(&node, "/search.rss").await.text;
    assert!(!rss.contains("<item>") && !rss.contains("<lastBuildDate>"));
    feed(&node, "/search.atom").await;
}

#[tokio::test]
async fn hostile_names_stay_text_in_feeds() {
    let node = Node::new(false);
    let evil = "</title><script>alert(1)</script>]]>&amp;\"'\u{202e}\u{ffff}";
    let mut person = Person::new(9);
    person.sign(
        &node,
        32,
        link(1, GROUP, json!({ "artist": evil, "title": evil, "name": evil, "format": evil })),
    );
    node.app.search.catch_up(&node.app.store).unwrap();
    for uri in ["/search.rss", "/search.atom", &format!("/contributor/{}.rss", person.key())] {
        let text = feed(&node, uri).await.text;
        assert!(text.contains("&#60;script&#62;") && !text.contains("<script"), "{uri}");
    }
    let query = utf8_percent_encode(evil, NON_ALPHANUMERIC).to_string();
    feed(&node, &format!("/search.rss?q={query}%01%0b")).await;
}

#[tokio::test]
async fn a_host_that_is_none_is_not_repeated() {
    let (node, _) = Node::lively();
    let request = Request::get("/search.rss").header(HOST, "evil.example/\"><x").body(Body::empty()).unwrap();
    let text = node.send(request).await.text;
    assert!(!text.contains("evil") && text.contains("<link>http://localhost/search?"));
}

#[tokio::test]
async fn pages_name_their_feeds() {
    let (node, [mara, ..]) = Node::lively();
    for (page, feeds) in [
        ("/".to_owned(), "/search".to_owned()),
        ("/search?q=water&format=FLAC".into(), "/search".into()),
        (format!("/artist/{}", mbid("artist", 0)), format!("/artist/{}", mbid("artist", 0))),
        (format!("/contributor/{}", mara.key()), format!("/contributor/{}", mara.key())),
    ] {
        let html = node.get(&page).await.text;
        let query = page.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        for format in ["rss", "atom"] {
            let feed = format!("{feeds}.{format}{query}");
            let found = attributes(&html, "href").into_iter().filter(|href| *href == feed).count();
            assert_eq!(found, 2, "{page}: in the head and in the text: {feed}");
        }
    }
    for gone in ["/artist/x.rss".to_owned(), format!("/contributor/{}.rss", "0".repeat(64))] {
        assert!(node.get(&gone).await.status.is_client_error());
    }
}
