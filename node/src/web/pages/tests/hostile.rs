//! Names that want to be more than text, and names without end.

use super::stage::{Person, link, mbid};
use super::*;

/// A page with 20 torrents, uncompressed.
const MAX_GROUP_BYTES: usize = 60_000;

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn what_people_sign_is_text_and_nothing_else() {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;";
    // Backwards from here on; 40 accents on one letter; a tag that ends early.
    let texts = [
        evil.to_owned(),
        "\u{202e}retaw wol\u{202d}\u{2066}".into(),
        format!("Z{}", "\u{0301}\u{0316}".repeat(20)),
        "</title></bdi></table>".into(),
        "a".repeat(1000),
    ];
    for text in texts {
        let node = Node::with_catalogue();
        let mut person = Person::new(9);
        let group = mbid("release-group", 9);
        let id = person.sign(
            &node,
            32,
            link(
                1,
                &group,
                json!({
                    "artist": text, "title": text, "name": text, "files": [{ "path": text, "size_bytes": 1 }],
                }),
            ),
        );
        let about = json!({ "mbid": group, "mbid_kind": "release-group" });
        person.sign(&node, 34, json!({ "subject": about, "text": text, "language": "en" }));
        let tag: String = text.to_ascii_lowercase().chars().take(16).collect();
        person.sign(&node, 35, json!({ "subject": about, "tag": tag.trim() }));
        person.sign(&node, 45, json!({ "name": text.chars().take(16).collect::<String>(), "text": text, "urls": [format!("https://x.example/{}", text.chars().take(99).collect::<String>())] }));
        // An unknown release: all that is shown is what was signed.
        person.sign(&node, 32, link(2, UNKNOWN, json!({ "artist": text, "title": text })));
        node.app.search.catch_up(&node.app.store).unwrap();
        for uri in [
            "/".to_owned(),
            format!("/release-group/{group}"),
            format!("/release-group/{UNKNOWN}"),
            format!("/link/{id}"),
            format!("/contributor/{}", person.key()),
            format!("/search?q={}&tag={}", encoded(&text), encoded(&text)),
            format!("/search?q={}&sort=newest", encoded(&text)),
        ] {
            let page = node.get(&uri).await;
            assert_eq!(page.status, StatusCode::OK, "{uri}");
            assert_page_is_sound(&uri, &page.text);
            for tag in ["<script", "<img", "</title></bdi>"] {
                assert!(!page.text.contains(tag), "{uri} has {tag}");
            }
            // Whatever direction it takes, it ends with its own element.
            for (before, _) in page.text.match_indices('\u{202e}') {
                let opened = page.text[..before].rfind('<').unwrap();
                if !page.text[opened..before].contains('>') {
                    // In the value of an attribute.
                    continue;
                }
                let element = &page.text[opened..];
                let is_apart = [
                    "<bdi",
                    "<title",
                    "<p dir=\"auto\"",
                    "<p lang=\"en\" dir=\"auto\"",
                    "<p class=\"written\" dir=\"auto\"",
                ];
                assert!(is_apart.iter().any(|start| element.starts_with(start)), "{uri}: {}", &element[..60]);
            }
        }
    }
}

#[tokio::test]
async fn a_query_of_10_000_characters_is_a_query() {
    let node = Node::with_catalogue();
    for text in ["water ".repeat(1700), "w".repeat(10_000), "\u{0301}".repeat(5000), "format:".repeat(1400)] {
        let page = node.get(&format!("/search?q={}", encoded(&text))).await;
        assert!(page.status == StatusCode::OK || page.status == StatusCode::BAD_REQUEST);
        assert_page_is_sound("long", &page.text);
        for uri in ["/search.rss", "/search.atom"] {
            let feed = node.get(&format!("{uri}?q={}", encoded(&text))).await;
            assert!(feed.status == page.status, "{uri}");
        }
    }
}

#[tokio::test]
async fn a_group_with_20_links_stays_below_60_kb() {
    let node = Node::with_catalogue();
    let mut person = Person::new(9);
    for number in 0..20 {
        let files: Vec<_> = (0..38)
            .map(|n| json!({ "path": format!("{n:02} A Bearing on the Lighthouse, Lost in the Fog.flac"), "size_bytes": 1 }))
            .collect();
        let edition = json!({ "title": null, "year": 1990 + number, "label": "Ninth Harbour", "catno": "NHR-014", "country": null, "barcode": null });
        person.sign(
            &node,
            32,
            link(
                number,
                &mbid("release-group", 0),
                json!({ "files": files, "file_count": 38, "edition": edition }),
            ),
        );
    }
    let html = node.get(&format!("/release-group/{}", mbid("release-group", 0))).await.text;
    assert_eq!(attributes(&html, "data-entry").len(), 20);
    assert!(html.len() <= MAX_GROUP_BYTES, "{}", html.len());
    // The files are one step away.
    assert_eq!(html.matches("\">Files (38)</a>").count(), 20);
}
