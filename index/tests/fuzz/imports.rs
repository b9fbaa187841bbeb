//! Files of entries, in both forms.

use deadwax_index::entry::VerifiedEntry;
use deadwax_index::import::{ImportError, MAX_TOLD_FAULTS, Place, Report, import};
use deadwax_index::ingest::Outcome;
use std::io::Read;

use crate::harness::{Reached, Target, fuzz};
use crate::seeds;

/// Gives a few bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(buffer.len()).min(self.0.len());
        self.0.read(&mut buffer[..count])
    }
}

/// What an import of these bytes offers to the set, and its report.
fn offered(input: impl Read) -> (Vec<Vec<u8>>, Result<Report, ImportError>) {
    let mut all = Vec::new();
    let offer = |entries: &[VerifiedEntry]| {
        all.extend(entries.iter().map(VerifiedEntry::to_bytes));
        Ok(vec![Outcome::New; entries.len()])
    };
    let report = import(input, offer, |_, _| {});
    (all, report)
}

fn check(bytes: &[u8], is_lines: bool) -> Reached {
    let (entries, report) = offered(bytes);
    for entry in &entries {
        assert!(VerifiedEntry::verify(entry).is_ok());
        // Nothing is made up.
        assert!(is_lines || bytes.windows(entry.len()).any(|part| part == entry));
    }
    let (again, same) = offered(Drops(bytes, 1 + bytes.len() % 500));
    assert_eq!(again, entries, "in other chunks");
    let Ok(report) = report else {
        assert!(entries.is_empty() && same.is_err());
        return Reached::Door;
    };
    assert_eq!(same.unwrap(), report, "in other chunks");
    assert_eq!((report.new, report.read), (entries.len() as u64, report.new + report.invalid));
    assert_eq!(report.faults.len() as u64, report.invalid.min(MAX_TOLD_FAULTS as u64));
    for place in report.faults.iter().map(|fault| fault.at).chain(report.cut) {
        assert!(match place {
            Place::Byte(at) => at < bytes.len() as u64,
            Place::Line(line) => (1..=bytes.len() as u64 + 1).contains(&line),
        });
    }
    assert!(report.faults.iter().all(|fault| fault.reason.len() < 300));
    match (report.new, report.invalid) {
        (0, _) => Reached::Inside,
        _ => Reached::End,
    }
}

#[test]
fn sequences_of_entries() {
    let entries = seeds::entries(&["valid"]);
    let mut files: Vec<_> = entries.chunks(5).map(|some| some.concat()).collect();
    files.extend(seeds::entries(&["invalid", "mismatched"]));
    let tokens = b"\xd2\x84\x58\x26\xa2\x01\x32\x04\x58\x20|\x58\x40|\xa0|\xd2";
    fuzz(&Target { name: "sequences_of_entries", seeds: files, tokens, ..Target::default() }, |bytes| {
        check(bytes, false)
    });
}

#[test]
fn lines_of_entries() {
    let entries = seeds::entries(&["valid"]);
    let lines: Vec<_> = entries
        .iter()
        .map(|bytes| {
            let entry = VerifiedEntry::verify(bytes).unwrap();
            let hex = |bytes: &[u8]| format!("\"{}\"", data_encoding::HEXLOWER.encode(bytes));
            let body = entry.body().map_or("null".into(), hex);
            format!("{{\"n\":7,\"head\":{},\"body\":{body},\"content\":[]}}\n", hex(entry.head().bytes()))
        })
        .collect();
    let mut files: Vec<_> = lines.chunks(5).map(|some| some.concat().into_bytes()).collect();
    files.extend(seeds::texts(&["\u{feff}{}\n", "{\"head\":\"00\",\"body\":null}"]));
    let tokens = b"\n|\r\n|{|}|\"|\"head\":|\"body\":|null|\\u0000|,";
    fuzz(&Target { name: "lines_of_entries", seeds: files, tokens, ..Target::default() }, |bytes| {
        check(bytes, true)
    });
}
