//! Out and in again, and files that are damaged, cut, or something else.

use super::*;
use crate::entry::identity::Identity;
use crate::entry::link::{Link, tests::sample};
use crate::entry::{Scope, VerifiedHead};
use crate::export;
use crate::ingest::ingest;
use crate::store::Store;
use proptest::prelude::*;
use std::sync::LazyLock;

fn entries(count: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([3; 32]);
    (0..count)
        .map(|n| {
            let link = Link { title: format!("Maps of Low Water {n}"), ..sample() };
            let kind = if n % 5 == 0 && n < 64 { 2 } else { 32 };
            let entry = author.sign(link.to_body().unwrap(), kind, n, 494_000);
            match n % 7 {
                0 => VerifiedEntry::new(VerifiedHead::verify(entry.head().bytes()).unwrap(), None).unwrap(),
                _ => entry,
            }
        })
        .collect()
}

struct Set {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Set {
    fn of(entries: &[VerifiedEntry]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        ingest(&store, entries, None).unwrap();
        Self { _dir: dir, store }
    }

    fn import(&self, bytes: &[u8]) -> Result<Report, ImportError> {
        import(bytes, |entries| ingest(&self.store, entries, None), |_, _| {})
    }

    fn roots(&self) -> [(u64, [u8; 32]); 2] {
        Scope::ALL.map(|scope| {
            let state = self.store.scope_state(scope).unwrap();
            (state.count, state.root)
        })
    }

    fn cbor(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        export::cbor(&self.store, &mut bytes, |_| {}).unwrap();
        bytes
    }

    fn jsonl(&self) -> Vec<u8> {
        let mut text = Vec::new();
        export::jsonl(&self.store, &mut text, |_| {}).unwrap();
        text
    }
}

static BEFORE: LazyLock<Set> = LazyLock::new(|| Set::of(&entries(60)));

#[test]
fn both_forms_lead_to_the_same_set() {
    let before = Set::of(&entries(2_500));
    let [core, main] = before.roots();
    assert!(core.0 > 10 && main.0 > 2_000);
    for file in [before.cbor(), before.jsonl()] {
        let after = Set::of(&[]);
        let mut told = Vec::new();
        let offer = |entries: &[VerifiedEntry]| ingest(&after.store, entries, None);
        let report = import(file.as_slice(), offer, |bytes, report| told.push((bytes, report.read))).unwrap();
        let count = core.0 + main.0;
        assert_eq!(report, Report { read: count, new: count, ..Report::default() });
        assert_eq!(told.last(), Some(&(file.len() as u64, count)));
        assert!(told.len() > 2, "in one batch");
        assert_eq!(after.roots(), before.roots());
        // Bodies too, and the lack of them.
        assert_eq!(after.cbor(), before.cbor());
        let again = after.import(&file).unwrap();
        assert_eq!(again, Report { read: count, known: count, ..Report::default() });
    }
}

#[test]
fn a_body_that_was_missing_is_new_and_a_taken_n_is_refused() {
    let mut author = Identity::from_secret([5; 32]);
    let mut two = [author.sign(vec![0xa0], 32, 0, 1), author.sign(vec![0xa0], 32, 0, 2)];
    two.sort_by_key(|entry| entry.head().id());
    let [lower, higher] = two;
    let bare = VerifiedEntry::new(VerifiedHead::verify(lower.head().bytes()).unwrap(), None).unwrap();
    let beyond = author.sign(vec![0xa0], 32, 10_000, 1);
    let set = Set::of(&[bare]);
    let report = set.import(&[lower.to_bytes(), higher.to_bytes(), beyond.to_bytes()].concat()).unwrap();
    assert_eq!(report, Report { read: 3, new: 1, refused: 2, ..Report::default() });
}

#[test]
fn a_cut_file_gives_what_is_whole_and_says_so() {
    for (file, is_lines) in [(BEFORE.cbor(), false), (BEFORE.jsonl(), true)] {
        let (mut cuts, mut most) = (0, 0);
        for end in (0..file.len()).step_by(211) {
            let report = Set::of(&[]).import(&file[..end]).unwrap();
            assert_eq!(report.invalid, 0, "{end}: {report:?}");
            assert!(report.new >= most, "{end}: {report:?} after {most}");
            most = report.new;
            // Right after an entry, or after the head of one, nothing tells that there was more.
            match report.cut {
                None => {}
                Some(Place::Byte(byte)) if !is_lines => {
                    assert!(byte < end as u64 && file[byte as usize] == 0xd2);
                    cuts += 1;
                }
                Some(Place::Line(line)) if is_lines => {
                    assert_eq!(line, report.new + 1);
                    cuts += 1;
                }
                Some(place) => panic!("{place:?}"),
            }
        }
        assert!(cuts > 40 && most > 50, "{cuts} {most}");
    }
}

#[test]
fn damage_costs_what_it_hit() {
    let count = BEFORE.roots().iter().map(|(count, _)| count).sum::<u64>();
    for (name, file) in [("cbor", BEFORE.cbor()), ("jsonl", BEFORE.jsonl())] {
        for place in (20..file.len()).step_by(307) {
            let mut damaged = file.clone();
            damaged[place..(place + 3).min(file.len())].fill(0x7f);
            let set = Set::of(&[]);
            let report = set.import(&damaged).unwrap();
            // At the most two neighbours: a head on one side, the one whose line end is gone on the other.
            assert!(report.new + 2 >= count, "{name} {place}: {report:?}");
            assert!(
                report.new == count || report.invalid + u64::from(report.cut.is_some()) >= 1,
                "{report:?}"
            );
            assert_eq!(report.faults.len() as u64, report.invalid);
        }
    }
}

#[test]
fn bytes_that_are_missing_in_the_middle_are_not_the_end() {
    let file = BEFORE.cbor();
    let lacking = [&file[..1_000], &file[1_100..]].concat();
    let report = Set::of(&[]).import(&lacking).unwrap();
    assert!((1..=2).contains(&report.invalid) && report.cut.is_none(), "{report:?}");
    assert!(matches!(report.faults[0].at, Place::Byte(at) if at <= 1_000));
}

#[test]
fn lines_may_be_written_by_others() {
    let entry = &entries(3)[1];
    let hex = |bytes: &[u8]| data_encoding::HEXUPPER.encode(bytes);
    let (head, body) = (hex(entry.head().bytes()), hex(entry.body().unwrap()));
    let set = Set::of(&[]);
    let text = format!(
        "\u{feff}\r\n  {{\"body\":\"{body}\",\"more\":[{{}}],\"head\":\"{head}\",\"id\":7}} \r\n\n{{\"head\":\"{head}\"}}"
    );
    assert_eq!(
        set.import(text.as_bytes()).unwrap(),
        Report { read: 2, new: 1, known: 1, ..Report::default() }
    );
    let long = format!("{{\"head\":\"{}\"}}\n{{\"head\":\"{head}\"}}\n", "0".repeat(MAX_LINE_BYTES * 3));
    let report = set.import(long.as_bytes()).unwrap();
    assert_eq!((report.invalid, report.known, report.faults[0].at), (1, 1, Place::Line(1)));
    for line in
        ["{}", "{\"head\":7}", "{\"head\":\"xy\"}", "{\"head\":\"\"}", "[]", "{\"head\"", "{\"head\":null}"]
    {
        let report = set.import(format!("\n{line}\n").as_bytes()).unwrap();
        assert_eq!((report.read, report.invalid, report.cut), (1, 1, None), "{line}");
        assert_eq!(report.faults[0].at, Place::Line(2));
    }
}

#[test]
fn other_files_are_refused_and_empty_ones_are_empty() {
    let set = Set::of(&[]);
    assert_eq!(set.import(b"").unwrap(), Report::default());
    assert_eq!(set.import(b"\n \n").unwrap(), Report::default());
    for other in [b"SQLite format 3\0".as_slice(), b"\x28\xb5\x2f\xfd", b"[{}]", b"\xa0"] {
        let error = set.import(other).unwrap_err();
        assert!(matches!(error, ImportError::Form(byte) if byte == other[0]));
        assert_eq!(error.problem().code, "import.form");
    }
    let many = "{\"head\":\"\"}\n".repeat(100);
    let report = set.import(many.as_bytes()).unwrap();
    assert_eq!((report.invalid, report.faults.len()), (100, MAX_TOLD_FAULTS));
}

#[test]
fn a_store_that_takes_no_more_ends_it_with_what_was_done() {
    let set = Set::of(&entries(2_500));
    let mut batches = 0;
    let error = import(
        set.cbor().as_slice(),
        |entries| {
            batches += 1;
            if batches == 3 { Err(StoreError::Full) } else { Ok(vec![Outcome::New; entries.len()]) }
        },
        |_, _| {},
    )
    .unwrap_err();
    assert!(error.to_string().contains("(2000 entries"), "{error}");
    assert_eq!(error.problem().code, "disk.full");
}

proptest! {
    /// Whatever comes: no panic, the sums are right, and only what was signed joins.
    #[test]
    fn arbitrary_bytes(
        mut bytes in prop::collection::vec(any::<u8>(), 0..600),
        start in prop::sample::select(vec![0u8, 0xd2, b'{', b'\n']),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        lines in any::<bool>(),
    ) {
        if let Some(first) = bytes.first_mut() {
            *first = start;
        }
        let mut file = if lines { BEFORE.jsonl() } else { BEFORE.cbor() };
        for (place, byte) in &flips {
            let place = place.index(file.len());
            file[place] = *byte;
        }
        file.truncate(cut.index(file.len()));
        for input in [bytes.clone(), [file, bytes].concat()] {
            let offer = |entries: &[VerifiedEntry]| {
                for entry in entries {
                    assert_eq!(VerifiedEntry::verify(&entry.to_bytes()).as_ref(), Ok(entry));
                    assert!(BEFORE.store.entry(&entry.head().id()).unwrap().is_some());
                }
                Ok(vec![Outcome::New; entries.len()])
            };
            if let Ok(report) = import(input.as_slice(), offer, |_, _| {}) {
                prop_assert_eq!(report.read, report.new + report.invalid);
            }
        }
    }
}
