//! Pages of what the catalogue knows: artists, labels, releases; and of contributors and single torrent links.

use super::stage::{Person, link, mbid};
use super::*;

fn place(html: &str, text: &str) -> usize {
    html.find(text).unwrap_or_else(|| panic!("{text} is missing in {html}"))
}

#[tokio::test]
async fn an_artist_has_groups_by_type_and_year() {
    let (node, _) = Node::lively();
    let artist = mbid("artist", 0);
    let page = node.get(&format!("/artist/{artist}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_page_is_sound("artist", &page.text);
    let html = page.text;
    place(&html, "ambient duo from the Westfjords · Group · IS · 1989 – 2011");
    place(&html, "href=\"https://www.discogs.com/artist/100\" rel=\"noreferrer\"");
    let [albums, live, eps, singles] =
        [">Albums<", ">Album · Live<", ">EPs<", ">Singles<"].map(|heading| place(&html, heading));
    assert!(albums < live && live < eps && eps < singles);
    assert!(place(&html, "Soundings") < place(&html, "The Ninth Harbour"), "oldest first");
    assert!(place(&html, "Fathom Lines") < place(&html, "Tidal Ledger"), "without a year last");
    assert_eq!(attributes(&html, "data-mbid").len(), 10);
    // Without a link there is a way to give one.
    let unlinked = mbid("release-group", 2);
    place(&html, &format!("<tr data-mbid=\"{unlinked}\" class=\"unlinked\">"));
    place(&html, &format!("href=\"/submit?mbid={unlinked}\""));
    assert_eq!(node.get(&format!("/artist/{UNKNOWN}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.get("/artist/x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn identifiers_lead_to_the_pages_of_what_they_name() {
    let (node, _) = Node::lively();
    for kind in ["artist", "label", "release", "release-group"] {
        let (mbid, page) = (mbid(kind, 0), format!("/{kind}/{}", mbid(kind, 0)));
        assert_eq!(node.get(&format!("/mbid/{mbid}")).await.location(), page);
        for query in [mbid.clone(), format!("https%3A%2F%2Fmusicbrainz.org%2F{kind}%2F{mbid}")] {
            assert_eq!(node.get(&format!("/search?q={query}")).await.location(), page);
        }
        assert_eq!(node.get(&page).await.status, StatusCode::OK, "{page}");
    }
    let discogs = "https%3A%2F%2Fwww.discogs.com%2Fartist%2F103";
    let artist = format!("/artist/{}", mbid("artist", 3));
    assert_eq!(node.get(&format!("/search?q={discogs}")).await.location(), artist);
    // By a barcode people look for the record.
    let group = format!("/release-group/{}", mbid("release-group", 0));
    assert_eq!(node.get("/search?q=5012394144777").await.location(), group);
}

#[tokio::test]
async fn a_release_has_its_tracks_labels_and_links() {
    let (node, _) = Node::lively();
    let html = node.get(&format!("/release/{}", mbid("release", 1))).await.text;
    assert_page_is_sound("release", &html);
    for text in [
        "Ninth Harbour</bdi></a> <code><bdi>NHR-014CD</bdi></code>",
        "1994-06-01 GB",
        "5012394144777",
        "Chart Nineteen</bdi></span> <span class=\"length\">5:18</span>",
        // A guest on one track.
        "Neap Tide</bdi> <bdi class=\"soft\">Sigrún Hólm</bdi>",
        "2 torrents of other editions",
    ] {
        place(&html, text);
    }
    assert_eq!(
        attributes(&html, "data-entry").len(),
        1,
        "the links of other editions are on the group's page"
    );
    let unlinked = node.get(&format!("/release/{}", mbid("release", 4))).await.text;
    assert_eq!(attributes(&unlinked, "data-entry"), [""; 0]);
    place(&unlinked, "3 torrents of other editions");
    place(&unlinked, &format!("href=\"/submit?mbid={}\"", mbid("release", 4)));
}

#[tokio::test]
async fn a_label_has_what_it_brought_out() {
    let (node, _) = Node::lively();
    let html = node.get(&format!("/label/{}", mbid("label", 0))).await.text;
    assert_page_is_sound("label", &html);
    place(&html, "Original Production · IS · LC 4711");
    assert_eq!(attributes(&html, "data-mbid"), [mbid("release-group", 0)]);
    place(&html, "The Salt Cartographers");
}

#[tokio::test]
async fn a_group_shows_what_people_think_and_why_it_is_here() {
    let (node, [mara, ..]) = Node::lively();
    let html = node.get(&format!("/release-group/{}", mbid("release-group", 0))).await.text;
    assert_page_is_sound("group", &html);
    // The same torrent by two people is one.
    assert_eq!(attributes(&html, "data-entry").len(), 3);
    for text in [
        "3 for it, 0 against · confirmed by 1",
        "Reported: transcode (1)",
        "ambient</bdi> <span class=\"soft\">3</span>",
        "Recorded over two winters",
        "1 address is outside I2P left out.",
        "it came to this node on <time datetime=",
        &format!("href=\"/contributor/{}\"", mara.key()),
        &format!("href=\"/artist/{}\"><bdi>The Salt Cartographers</bdi></a>", mbid("artist", 0)),
        // The edition as the catalogue has it.
        &format!(
            "href=\"/release/{}\"><bdi>CD · 1994-06-01 · Ninth Harbour · NHR-014CD · GB · 9 tracks</bdi>",
            mbid("release", 1)
        ),
        "Other editions that the catalogue knows (4)",
    ] {
        place(&html, text);
    }
    assert!(!html.contains("clearnet.example"));
}

#[tokio::test]
async fn a_false_second_infohash_does_not_win_by_being_first() {
    let node = Node::with_catalogue();
    let [good, false_one] = ["aa", "bb"].map(|byte| byte.repeat(32));
    let mut ids = Vec::new();
    for (number, v2) in [(1, &good), (2, &good), (3, &false_one)] {
        let body = link(7, &mbid("release-group", 0), json!({ "infohash_v2": v2 }));
        ids.push(Person::new(number).sign(&node, 32, body));
    }
    let html = node.get(&format!("/release-group/{}", mbid("release-group", 0))).await.text;
    assert_eq!(attributes(&html, "data-entry").len(), 1);
    assert!(html.contains(&good) && !html.contains(&false_one));
}

#[tokio::test]
async fn a_contributor_has_a_profile_and_links() {
    let (node, [mara, _, ilse]) = Node::lively();
    let html = node.get(&format!("/contributor/{}", mara.key())).await.text;
    assert_page_is_sound("contributor", &html);
    place(&html, "<bdi>Mara</bdi>");
    place(&html, "ripped from my own shelf.\nWrite to me");
    place(&html, "href=\"http://mara.i2p/shelf\"");
    // Shown, and not to be followed.
    place(&html, "<li><bdi>javascript:alert(1)</bdi></li>");
    assert!(attributes(&html, "data-entry").len() > 3);
    let nameless = node.get(&format!("/contributor/{}", ilse.key())).await.text;
    place(&nameless, "class=\"fingerprint\"");
    for (key, status) in [("0".repeat(64), 404), ("x".into(), 404)] {
        assert_eq!(node.get(&format!("/contributor/{key}")).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_torrent_link_has_a_page_with_everything_open() {
    let (node, _) = Node::lively();
    let group = node.get(&format!("/release-group/{}", mbid("release-group", 0))).await.text;
    let id = &attributes(&group, "data-entry")[0];
    let html = node.get(&format!("/link/{id}")).await.text;
    assert_page_is_sound("link", &html);
    assert_eq!(attributes(&html, "data-entry"), std::slice::from_ref(id));
    assert_eq!(html.matches("<details").count(), html.matches(" open>").count());
    for (id, status) in [("0".repeat(64), 404), ("x".into(), 404)] {
        assert_eq!(node.get(&format!("/link/{id}")).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn own_releases_have_a_page_too() {
    let node = Node::new(false);
    let mut mara = Person::new(21);
    let id = mara.sign(&node, 33, json!({
        "title": "Tape from the Weir", "artists": [{ "name": "Nell Aster" }], "date": "1998",
        "labels": [{ "name": "Home", "catno": "H-1" }], "urls": ["https://weir.example/", "javascript:alert(1)"],
        "media": [{ "format": "Cassette", "tracks": [{ "title": "Weir", "length_ms": 65_000, "artist": "Otto Vane" }] }],
    }));
    let uuid = deadwax_index::entry::own_release::uuid(&id.parse().unwrap());
    assert_eq!(node.get(&format!("/mbid/{uuid}")).await.location(), format!("/release/{uuid}"));
    let html = node.get(&format!("/release/{uuid}")).await.text;
    assert_page_is_sound("own release", &html);
    for text in [
        "Tape from the Weir",
        "H-1",
        "1:05",
        "Otto Vane",
        "MusicBrainz does not have this record",
        "https://weir.example/",
    ] {
        place(&html, text);
    }
    assert!(!html.contains("javascript:"));
}
