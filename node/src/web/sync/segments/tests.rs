//! The list and the segments over the real router.

use super::*;
use crate::app::App;
use crate::config::Config;
use crate::web;
use axum::body::Body;
use axum::http::header::{CONTENT_RANGE, ETAG, RANGE};
use axum::http::{Request, StatusCode};
use deadwax_index::entry::identity::Identity;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tower::ServiceExt;

fn node(dir: &std::path::Path, segments: bool) -> SharedApp {
    let mut config = Config::default();
    config.sync.segments = segments;
    let app = App::for_test(dir, config);
    let mut author = Identity::from_secret([3; 32]);
    let entries: Vec<_> = (0..5_000).map(|n| author.sign(vec![0xa0], 99, n, 494_000)).collect();
    app.take_in(&entries, None).unwrap();
    app
}

async fn get(app: &SharedApp, path: &str, range: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path);
    if let Some(range) = range {
        request = request.header(RANGE, range);
    }
    let answer = web::router(Arc::clone(app)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = answer.into_parts();
    (head.status, head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

async fn list(app: &SharedApp) -> SegmentList {
    let (status, headers, body) = get(app, "/sync/v1/segments", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn segments_are_made_when_somebody_asks_and_sent_by_ranges() {
    let dir = tempfile::tempdir().unwrap();
    let app = node(dir.path(), true);
    let mut asked = 0;
    let made = loop {
        let list = list(&app).await;
        assert!(asked > 0 || list.scopes[&Scope::Main].segments.is_empty());
        if !list.building {
            break list;
        }
        asked += 1;
        assert!(asked < 1_000);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(made.scopes[&Scope::Core].segments.is_empty() && made.scopes[&Scope::Main].is_complete());
    let segment = &made.scopes[&Scope::Main].segments[0];
    let path = format!("/sync/v1/segments/{}", HEXLOWER.encode(&segment.sha256));
    let (status, headers, whole) = get(&app, &path, None).await;
    assert_eq!((status, whole.len() as u64), (StatusCode::OK, segment.bytes));
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&whole)), segment.sha256);
    assert_eq!(headers[ETAG], format!("\"{}\"", HEXLOWER.encode(&segment.sha256)));
    assert_eq!(headers[CACHE_CONTROL], FOR_EVER);
    assert_eq!(headers[CONTENT_LENGTH], whole.len().to_string());
    let (status, headers, part) = get(&app, &path, Some("bytes=1000-200999")).await;
    assert_eq!((status, &part[..]), (StatusCode::PARTIAL_CONTENT, &whole[1_000..201_000]));
    assert_eq!(headers[CONTENT_RANGE], format!("bytes 1000-200999/{}", whole.len()));
    let (status, _, rest) = get(&app, &path, Some(&format!("bytes={}-", whole.len() - 1))).await;
    assert_eq!((status, &rest[..]), (StatusCode::PARTIAL_CONTENT, &whole[whole.len() - 1..]));
    let (status, headers, none) = get(&app, &path, Some(&format!("bytes={}-", whole.len()))).await;
    assert_eq!((status, none.len()), (StatusCode::RANGE_NOT_SATISFIABLE, 0));
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    let unknown = format!("/sync/v1/segments/{}", "0".repeat(64));
    assert_eq!(get(&app, &unknown, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_operator_can_turn_them_off() {
    let dir = tempfile::tempdir().unwrap();
    let app = node(dir.path(), false);
    assert_eq!(get(&app, "/sync/v1/segments", None).await.0, StatusCode::NOT_FOUND);
    assert!(!dir.path().join("segments").exists());
}
