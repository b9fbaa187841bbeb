//! Narrowing a search down, widening it again, sorting it.

use super::stage::mbid;
use super::*;

#[tokio::test]
async fn facets_narrow_a_search_and_can_be_taken_away() {
    let (node, _) = Node::lively();
    let html = node.get("/search?q=water").await.text;
    assert_page_is_sound("search", &html);
    let flac = "/search?q=water&format=FLAC";
    assert!(attributes(&html, "href").contains(&flac.to_owned()), "{html}");
    let all = attributes(&html, "data-mbid").len();
    let html = node.get(flac).await.text;
    assert_page_is_sound(flac, &html);
    let narrowed = attributes(&html, "data-mbid").len();
    assert!(0 < narrowed && narrowed < all, "{narrowed} of {all}");
    assert!(html.contains("Remove the filter </span>Format: <bdi>FLAC</bdi>"));
    assert!(attributes(&html, "href").contains(&"/search?q=water".to_owned()));
    // The form keeps what it does not show.
    assert!(html.contains("<input type=\"hidden\" name=\"format\" value=\"FLAC\">"));
}

#[tokio::test]
async fn filters_alone_are_a_search() {
    let (node, _) = Node::lively();
    let html = node.get("/search?q=&tag=field+recording").await.text;
    assert_eq!(attributes(&html, "data-mbid"), [mbid("release-group", 0)]);
    assert!(html.contains("Tag: <bdi>field recording</bdi>"));
    let newest = node.get("/search?q=&has=link&sort=newest").await.text;
    assert!(attributes(&newest, "data-mbid").len() > 10);
    // Empty fields of the form are no filters.
    let html = node.get("/search?q=water&year=&type=&tag=&label=&catno=&country=").await.text;
    assert!(!html.contains("class=\"chips\""));
    assert_eq!(node.get("/search?q=water&year=soon").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn orders_are_links() {
    let (node, _) = Node::lively();
    let html = node.get("/search?q=water&sort=seeders").await.text;
    assert!(html.contains("href=\"/search?q=water&#38;sort=seeders\" aria-current=\"true\""));
    assert_eq!(attributes(&html, "data-mbid")[0], mbid("release-group", 0));
}

#[tokio::test]
async fn unlinked_groups_say_so_and_ask_for_a_link() {
    let node = Node::with_catalogue();
    let html = node.get("/search?q=maps+of+low+water").await.text;
    let group = mbid("release-group", 0);
    assert!(html.contains(&format!("<tr data-mbid=\"{group}\" class=\"unlinked\">")));
    assert!(html.contains(&format!("href=\"/submit?mbid={group}\"")));
}

#[tokio::test]
async fn a_mistyped_search_is_offered_a_better_one_with_its_filters() {
    let (node, _) = Node::lively();
    let html = node.get("/search?q=salt+cartografers&format=FLAC").await.text;
    assert!(html.contains("Did you mean"), "{html}");
    let better = attributes(&html, "href").into_iter().find(|href| href.contains("cartographers"));
    assert!(better.unwrap().ends_with("&format=FLAC"));
    assert!(html.contains("Not it?"));
}
