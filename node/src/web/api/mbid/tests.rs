//! MBIDs of several things over the real router, with an invented catalogue.

use crate::app::{App, SharedApp};
use crate::config::Config;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use deadwax_index::catalogue;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::json::body_from_json;
use deadwax_index::ingest::ingest;
use http_body_util::BodyExt;
use liblzma::write::XzEncoder;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower::ServiceExt;

/// The MBID of the nth invented thing of a kind.
fn mbid(kind: &str, number: u32) -> String {
    let kind =
        ["artist", "release-group", "release", "recording"].iter().position(|name| *name == kind).unwrap();
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

fn dump(folder: &Path, kind: &str, records: &[Value]) -> PathBuf {
    let path = folder.join(format!("{kind}.tar.xz"));
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let mut tar = tar::Builder::new(XzEncoder::new(std::fs::File::create(&path).unwrap(), 0));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, format!("mbdump/{kind}"), text.as_bytes()).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    path
}

/// A node that knows 120 groups of one artist, of which the first one has a release and 60 links.
fn node(dir: &Path) -> SharedApp {
    let credit = json!([{"name": "Nell Aster", "artist": {"id": mbid("artist", 1), "name": "Nell Aster"}}]);
    let groups: Vec<_> = (1..=120)
        .map(|n| json!({"id": mbid("release-group", n), "title": "Low Water", "artist-credit": credit}))
        .collect();
    let track = |position: u32, artist: &str| {
        json!({"position": position, "number": format!("A{position}"), "title": "Ebb", "length": 61_000,
               "artist-credit": [{"name": artist}], "recording": {"id": mbid("recording", position)}})
    };
    let release = json!({
        "id": mbid("release", 1), "title": "Low Water", "release-group": {"id": mbid("release-group", 1)},
        "artist-credit": [{"name": "Nell Aster"}],
        "media": [{"format": "CD", "position": 1, "track-count": 2,
                   "tracks": [track(1, "Nell Aster"), track(2, "Otto Vane")]}],
    });
    let archives = [dump(dir, "release-group", &groups), dump(dir, "release", &[release])];
    catalogue::import(dir, &archives, |_| {}).unwrap();
    let app = App::for_test(dir, Config::default());
    let mut author = Identity::from_secret([3; 32]);
    let entries: Vec<_> = (0..60)
        .map(|n| {
            let link = json!({"infohash_v1": format!("{n:040x}"), "mbid": mbid("release-group", 1),
                "mbid_kind": "release-group", "artist": "Nell Aster", "title": "Low Water"});
            author.sign(body_from_json(32, link.to_string().as_bytes()).unwrap(), 32, n, 494_000)
        })
        .collect();
    ingest(&app.store, &entries, None).unwrap();
    app
}

async fn get(app: &SharedApp, mbid: &str) -> (StatusCode, Value) {
    let request = Request::get(format!("/api/v1/mbid/{mbid}")).body(Body::empty()).unwrap();
    let answer = crate::web::router(Arc::clone(app)).oneshot(request).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
}

fn links(group: &Value) -> usize {
    group["links"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_release_has_its_tracks() {
    let dir = tempfile::tempdir().unwrap();
    let app = node(dir.path());
    let (status, groups) = get(&app, &mbid("release", 1)).await;
    assert_eq!((status, groups.as_array().unwrap().len(), links(&groups[0])), (StatusCode::OK, 1, 60));
    assert_eq!(groups[0]["mbid"], mbid("release-group", 1));
    let track = |position: u32, artist: Value| {
        json!({"position": position, "number": format!("A{position}"), "title": "Ebb", "length_ms": 61_000,
               "recording": mbid("recording", position), "artist": artist})
    };
    let tracks = [track(1, Value::Null), track(2, json!("Otto Vane"))];
    let media = json!([{"position": 1, "format": "CD", "title": null, "tracks": tracks}]);
    assert_eq!(groups[0]["release"], json!({"mbid": mbid("release", 1), "media": media}));
    // Of nothing else.
    for other in [mbid("release-group", 1), mbid("recording", 1)] {
        let (status, groups) = get(&app, &other).await;
        assert_eq!((status, groups.as_array().unwrap().len()), (StatusCode::OK, 1), "{other}");
        assert!(groups[0].get("release").is_none(), "{other}");
    }
    assert_eq!(get(&app, &mbid("release", 2)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_artist_has_no_more_groups_than_one_answer_may() {
    let dir = tempfile::tempdir().unwrap();
    let app = node(dir.path());
    let (status, groups) = get(&app, &mbid("artist", 1)).await;
    let groups = groups.as_array().unwrap();
    assert_eq!((status, groups.len()), (StatusCode::OK, 100));
    assert_eq!(groups[0]["mbid"], mbid("release-group", 1));
    assert_eq!(groups.iter().map(links).collect::<Vec<_>>()[..2], [50, 0]);
    assert_eq!(links(&get(&app, &mbid("release-group", 1)).await.1[0]), 60);
}
