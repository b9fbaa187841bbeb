//! Pages as files, to look at: `cargo test --bin deadwax -- --ignored pages_as_files` with `PAGES_DIR`.

use super::stage::mbid;
use super::*;
use std::path::PathBuf;

#[tokio::test]
#[ignore = "writes files to look at, and checks nothing"]
async fn pages_as_files() {
    let Ok(dir) = std::env::var("PAGES_DIR").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&dir).unwrap();
    let (node, [mara, ..]) = Node::lively();
    let group = format!("/release-group/{}", mbid("release-group", 0));
    let html = node.get(&group).await.text;
    let id = attributes(&html, "data-entry").remove(0);
    for (name, uri) in [
        ("home", "/".to_owned()),
        ("search", "/search?q=water".into()),
        ("search-filtered", "/search?q=&format=FLAC&has=link&sort=newest".into()),
        ("search-mistyped", "/search?q=salt+cartografers".into()),
        ("search-nothing", "/search?q=Otto+Vane+-+Weather&format=FLAC".into()),
        ("search-blank", "/search".into()),
        ("group", group),
        ("group-unlinked", format!("/release-group/{}", mbid("release-group", 2))),
        ("link", format!("/link/{id}")),
        ("artist", format!("/artist/{}", mbid("artist", 0))),
        ("label", format!("/label/{}", mbid("label", 0))),
        ("release", format!("/release/{}", mbid("release", 1))),
        ("contributor", format!("/contributor/{}", mara.key())),
        ("status", "/status".into()),
        ("about", "/about".into()),
        ("error", "/nowhere".into()),
    ] {
        let html = node.get(&uri).await.text;
        let html = html.replace(super::super::stylesheet::path(), "deadwax.css");
        println!("{name}: {} bytes", html.len());
        std::fs::write(dir.join(format!("{name}.html")), html).unwrap();
    }
    for (name, uri) in [
        ("search.rss", "/search.rss?q=water".to_owned()),
        ("search.atom", "/search.atom".into()),
        ("artist.rss", format!("/artist/{}.rss", mbid("artist", 0))),
        ("contributor.atom", format!("/contributor/{}.atom", mara.key())),
    ] {
        std::fs::write(dir.join(name), node.get(&uri).await.text).unwrap();
    }
    let stylesheet = node.get(super::super::stylesheet::path()).await.text;
    println!("stylesheet: {} bytes", stylesheet.len());
    std::fs::write(dir.join("deadwax.css"), stylesheet).unwrap();
}
