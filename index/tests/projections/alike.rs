//! What a link that is not signed yet may repeat.

use super::desk::{Desk, bytes, link, mbid, text};
use deadwax_index::entry::cbor::{Value, encode};
use deadwax_index::entry::link::Link;
use deadwax_index::projection::alike::Sameness;

fn draft(body: Vec<(u64, Value)>) -> Link {
    Link::from_body(&encode(&Value::Map(body))).unwrap()
}

fn found(desk: &Desk, draft: &Link) -> Vec<Sameness> {
    let alike = desk.store.alike(draft, &[draft.mbid]).unwrap();
    alike.into_iter().map(|alike| alike.sameness).collect()
}

#[test]
fn each_sort_of_sameness_is_found_and_nothing_else() {
    let mut desk = Desk::new();
    assert!(found(&desk, &draft(link(1, 8))).is_empty());
    desk.link(0, 1, 8);
    desk.link(1, 1, 8);
    let again = desk.store.alike(&draft(link(1, 8)), &[mbid(1)]).unwrap();
    assert_eq!(again.len(), 1, "a confirmation is not a second one");
    assert_eq!(again[0].sameness, Sameness::SameLink);
    assert_eq!(found(&desk, &draft(link(2, 8))), [Sameness::SameTorrent], "another record");
    assert_eq!(found(&desk, &draft(link(1, 10))), [Sameness::SameEdition]);
    let mut same_files = link(1, 11);
    same_files.pop();
    same_files.push((20, Value::Array(vec![text("other.flac"), Value::Uint(8)])));
    assert_eq!(found(&desk, &draft(same_files)), [Sameness::SameFiles]);
    let mut other_format = link(1, 12);
    other_format.iter_mut().filter(|(key, _)| *key == 10).for_each(|(_, value)| *value = text("MP3"));
    assert!(found(&desk, &draft(other_format)).is_empty(), "another format is no duplicate");
    assert!(found(&desk, &draft(link(3, 13))).is_empty(), "nor is another record's torrent");
}

#[test]
fn a_v2_infohash_is_enough() {
    let mut desk = Desk::new();
    let v2 = |record: u8| {
        let mut body = link(record, 8);
        body[0] = (1, bytes(&[9; 32]));
        body
    };
    desk.say(0, 32, v2(1));
    assert_eq!(found(&desk, &draft(v2(1))), [Sameness::SameLink]);
    assert_eq!(found(&desk, &draft(v2(2))), [Sameness::SameTorrent]);
}
