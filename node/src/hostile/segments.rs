//! What a hostile peer can do to a node that starts from nothing: lists that lie, and segments that are not what
//! lists say. What a segment's bytes can be is tested where they are read, in `index/src/sync/segments/tests.rs`.

use super::stage::*;
use crate::simulation::simulate;
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use data_encoding::HEXLOWER;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{EntryId, Scope, VerifiedEntry};
use deadwax_index::sync::segments::{ScopeSegments, Segment, SegmentList};
use futures::stream::{self, StreamExt};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Enough for segments.
const ENTRIES: u64 = 4_200;
const LIST: &str = "/sync/v1/segments";
const SEGMENT: &str = "/sync/v1/segments/{sha256}";

/// Entries of two authors, ascending; short ones, since only their number matters.
fn all() -> Vec<VerifiedEntry> {
    let mut all: Vec<_> = [1, 2]
        .into_iter()
        .flat_map(|author| {
            let mut author = Identity::from_secret([author; 32]);
            (0..ENTRIES / 2).map(move |n| author.sign(vec![0xa1, 0x05, 0x07], 99, n, 494_000))
        })
        .collect();
    all.sort_by_key(|entry| entry.head().id());
    all
}

fn plain(entries: &[VerifiedEntry]) -> Vec<u8> {
    entries.iter().flat_map(VerifiedEntry::to_bytes).collect()
}

fn pack(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

/// A segment that says the truth about these bytes, and so many entries in them.
fn listed(packed: &[u8], count: u64) -> Segment {
    let (first, last) = (EntryId([0; 32]), EntryId([0xff; 32]));
    Segment { sha256: Sha256::digest(packed).into(), bytes: packed.len() as u64, count, first, last }
}

/// A list of these segments of `main`.
fn list(stage: &Stage, position: u64, segments: Vec<Segment>) -> SegmentList {
    let incarnation = HEXLOWER.encode(&stage.nodes[HOSTILE].store.incarnation().unwrap());
    let scopes = [(Scope::Main, ScopeSegments { position, segments })].into();
    SegmentList { incarnation, building: false, scopes }
}

fn lists(list: SegmentList) -> Router {
    lie(LIST, get(async move || Json(list)))
}

/// Sends these bytes for whatever segment, from where it is asked for.
fn sends(packed: Vec<u8>) -> Router {
    let answer = async move |headers: HeaderMap| {
        let range = headers["range"].to_str().unwrap().strip_prefix("bytes=").unwrap().to_owned();
        let first: usize = range.split_once('-').unwrap().0.parse().unwrap();
        let rest = packed.get(first..).unwrap_or_default().to_vec();
        (StatusCode::PARTIAL_CONTENT, rest)
    };
    lie(SEGMENT, get(answer))
}

/// An empty node follows the hostile one, and soon an honest one: it ends with all entries, and names the fault.
async fn ends_well(stage: &mut Stage, all: &[VerifiedEntry], fault: &str) {
    stage.publish(A, all);
    stage.publish(HOSTILE, all);
    stage.follow(B, HOSTILE);
    if !fault.is_empty() {
        stage.until_said(B, fault).await;
    }
    stage.follow(B, A);
    stage.until_equal_with(all).await;
}

fn lying_with(fault: &'static str, lies: impl FnOnce(&Stage, &[VerifiedEntry]) -> Router) {
    simulate(async {
        let all = all();
        let mut stage = Stage::new();
        stage.lies(lies(&stage, &all));
        ends_well(&mut stage, &all, fault).await;
        assert!(stage.report(B).bytes < 4 << 20, "{:?}", stage.report(B));
    });
}

#[test]
fn sends_other_bytes_than_its_list_names() {
    lying_with("do not have the hash in its name", |stage, all| {
        let packed = pack(&plain(all));
        let segment = Segment { sha256: [7; 32], ..listed(&packed, ENTRIES) };
        lists(list(stage, 1, vec![segment])).merge(sends(packed))
    });
}

#[test]
fn ends_a_segment_early() {
    lying_with("it is shorter than its list says", |stage, all| {
        let packed = pack(&plain(all));
        let segment = listed(&packed, ENTRIES);
        lists(list(stage, 1, vec![segment])).merge(sends(packed[..packed.len() / 2].to_vec()))
    });
    lying_with("ends in the middle of an item", |stage, all| {
        let mut packed = pack(&plain(all));
        packed.truncate(packed.len() - 9);
        lists(list(stage, 1, vec![listed(&packed, ENTRIES)])).merge(sends(packed))
    });
}

#[test]
fn ends_no_segment_at_all() {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    lying_with("it is longer than its list says", move |stage, all| {
        let packed = pack(&plain(all));
        let segment = listed(&packed, ENTRIES);
        let answer = get(async move || {
            let mut first = Some(packed);
            let body = endless(&counted, move || first.take().unwrap_or_else(|| vec![7; 10_000]));
            (StatusCode::PARTIAL_CONTENT, body)
        });
        lists(list(stage, 1, vec![segment])).merge(lie(SEGMENT, answer))
    });
    assert!(taken.load(Ordering::Relaxed) < 2 * BUFFERS_BYTES, "{taken:?}");
}

#[test]
fn sends_bombs() {
    lying_with("an id or mark among its entries", |stage, _| {
        let packed = pack(&vec![0; 200_000_000]);
        lists(list(stage, 1, vec![listed(&packed, ENTRIES)])).merge(sends(packed))
    });
    lying_with("unpacks to more than", |stage, _| {
        let mut author = Identity::from_secret([9; 32]);
        let mut long: Vec<_> = (0..1_100)
            .map(|n| {
                let body = [vec![0xa1, 0x05, 0x59, 0x3f, 0xf0], vec![7; 0x3ff0]].concat();
                author.sign(body, 99, 20_000 + n, 494_000)
            })
            .collect();
        long.sort_by_key(|entry| entry.head().id());
        let packed = pack(&plain(&long));
        lists(list(stage, 1, vec![listed(&packed, 1_100)])).merge(sends(packed))
    });
}

#[test]
fn sends_entries_that_do_not_belong_there() {
    lying_with("an entry where it does not belong", |stage, all| {
        let packed = pack(&plain(all));
        let segment = Segment { first: EntryId([0x80; 32]), ..listed(&packed, ENTRIES) };
        lists(list(stage, 1, vec![segment])).merge(sends(packed))
    });
    lying_with("more or fewer entries than its list says", |stage, all| {
        let packed = pack(&plain(all));
        let segment = listed(&packed, ENTRIES - 1);
        lists(list(stage, 1, vec![segment])).merge(sends(packed))
    });
    lying_with("an entry of another scope than main", |stage, all| {
        let mut author = Identity::from_secret([9; 32]);
        let core: Vec<_> = (0..50).map(|n| author.sign(vec![0xa0], 3, n, 494_000)).collect();
        let mut mixed = [all, &core].concat();
        mixed.sort_by_key(|entry| entry.head().id());
        let packed = pack(&plain(&mixed));
        lists(list(stage, 1, vec![listed(&packed, ENTRIES + 50)])).merge(sends(packed))
    });
}

#[test]
fn forges_an_entry_of_a_segment() {
    lying_with("not a valid entry", |stage, all| {
        let mut bytes = plain(&all[..4_000]);
        // The last byte of the last signature, whose body of three bytes follows. Its id changes too.
        let at = bytes.len() - 4;
        bytes[at] ^= 1;
        let id: [u8; 32] =
            Sha256::digest(&bytes[bytes.len() - all[3_999].to_bytes().len()..bytes.len() - 3]).into();
        let mut rest = all[..3_999].to_vec();
        rest.retain(|entry| entry.head().id() < EntryId(id));
        let forged = bytes[bytes.len() - all[3_999].to_bytes().len()..].to_vec();
        let packed = pack(&[plain(&rest), forged].concat());
        lists(list(stage, 1, vec![listed(&packed, rest.len() as u64 + 1)])).merge(sends(packed))
    });
}

#[test]
fn lists_what_is_no_list() {
    lying_with("not what the protocol says", |_, _| lie(LIST, get(async || "[]")));
    lying_with("of another incarnation", |stage, _| {
        lists(SegmentList { incarnation: "00".repeat(16), ..list(stage, 1, vec![]) })
    });
    lying_with("do not ascend", |stage, _| {
        let segment = listed(b"x", 1);
        lists(list(stage, 1, vec![segment.clone(), segment]))
    });
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    simulate(async move {
        let all = all();
        let mut stage = Stage::new();
        stage.lies(lie(LIST, get(async move || endless(&counted, || vec![b' '; 10_000]))));
        ends_well(&mut stage, &all, "it is longer than").await;
    });
    // It is asked as often as the back-off lets it be, and 4 MiB are read each time.
    assert!(taken.load(Ordering::Relaxed) < 40 << 20, "{taken:?}");
}

#[test]
fn lists_segments_that_it_does_not_have() {
    simulate(async {
        let all = all();
        let mut stage = Stage::new();
        let asked = Arc::new(AtomicU64::new(0));
        // Another one each time.
        let (counted, template) = (Arc::clone(&asked), list(&stage, 1, vec![]));
        let answer = get(async move || {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let sha256 = Sha256::digest(number.to_be_bytes()).into();
            let mut list = template;
            list.scopes.get_mut(&Scope::Main).unwrap().segments =
                vec![Segment { sha256, ..listed(b"x", ENTRIES) }];
            Json(list)
        });
        stage.lies(lie(LIST, answer).merge(lie(SEGMENT, get(async || StatusCode::NOT_FOUND))));
        ends_well(&mut stage, &all, "").await;
        assert!(asked.load(Ordering::Relaxed) <= 200);
    });
}

/// It says that it has next to nothing, and that this is all up to its newest position.
#[test]
fn leaves_entries_out_of_its_segments() {
    lying_with("", |stage, all| {
        let packed = pack(&plain(&all[..100]));
        lists(list(stage, ENTRIES, vec![listed(&packed, 100)])).merge(sends(packed))
    });
    lying_with("", |stage, _| lists(list(stage, 1 << 60, vec![listed(&pack(&[]), 0)])));
}

#[test]
fn is_slow_while_others_wait() {
    simulate(async {
        let all = all();
        let mut stage = Stage::new();
        let packed = pack(&plain(&all));
        let slow = stream::iter(packed.clone()).then(|byte| async move {
            sleep(Duration::from_secs(20)).await;
            Ok::<_, std::io::Error>(vec![byte])
        });
        let slow = Arc::new(std::sync::Mutex::new(Some(Body::from_stream(slow))));
        let answer = get(async move || {
            let body = slow.lock().unwrap().take().unwrap_or_default();
            (StatusCode::PARTIAL_CONTENT, body)
        });
        let segment = listed(&packed, ENTRIES);
        stage.lies(lists(list(&stage, 1, vec![segment])).merge(lie(SEGMENT, answer)));
        stage.publish(A, &all);
        stage.publish(HOSTILE, &all);
        stage.follow(B, HOSTILE);
        sleep(Duration::from_secs(10)).await;
        stage.follow(B, A);
        let began = Instant::now();
        stage.until_equal_with(&all).await;
        // Its share, and then the honest one's bytes.
        assert!(began.elapsed() < Duration::from_secs(360), "{:?}", began.elapsed());
    });
}

#[test]
fn gives_a_byte_of_a_list_or_a_segment_a_second() {
    let fault = "less than 2000 bytes a second";
    lying_with(fault, |_, _| lie(LIST, get(async || a_byte_a_second())));
    lying_with(fault, |stage, all| {
        let segment = listed(&pack(&plain(all)), ENTRIES);
        let answer = get(async || (StatusCode::PARTIAL_CONTENT, a_byte_a_second()));
        lists(list(stage, 1, vec![segment])).merge(lie(SEGMENT, answer))
    });
}

/// Whoever asks for a segment by another name than a hash gets nothing else.
#[test]
fn asks_for_files_that_are_none() {
    simulate(async {
        let stage = Stage::new();
        let router = crate::web::router(Arc::clone(&stage.nodes[A]));
        for name in ["..%2Fidentity.json", "list.json", "new", ""] {
            let request = axum::http::Request::get(format!("{LIST}/{name}")).body(Body::empty()).unwrap();
            let answer = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    });
}
