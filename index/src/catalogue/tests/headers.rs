//! Long names and pax headers: what they say of the next member counts, within limits.

use super::super::{ImportError, MAX_HEADER_BYTES, MAX_MEMBER_BYTES};
use super::dump::{artist, xz};
use super::{Library, counts};
use tar::EntryType;

/// One member, with its padding.
fn member(entry_type: EntryType, path: &str, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path(path).unwrap();
    header.set_entry_type(entry_type);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = [header.as_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A pax record, whose length counts itself.
fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let length = (1..).find(|length| length.to_string().len() + rest.len() == *length).unwrap();
    format!("{length}{rest}").into_bytes()
}

/// Imports an archive of these members, and says how many artists it had.
fn import(members: &[Vec<u8>]) -> Result<u64, ImportError> {
    let library = Library::new();
    let path = library.dumps().join("x");
    std::fs::write(&path, xz(&[members.concat(), vec![0; 1024]].concat())).unwrap();
    library.import(&[path]).map(|stats| counts(&stats)[0])
}

#[test]
fn a_name_in_a_header_before_counts() {
    let lines = artist(1, "Tide");
    let records = |name: &str| member(EntryType::Regular, name, lines.as_bytes());
    let long = member(EntryType::GNULongName, "././@LongLink", b"mbdump/artist\0");
    let in_pax =
        member(EntryType::XHeader, "pax", &[pax("mtime", "1.5"), pax("path", "mbdump/artist")].concat());
    for before in [&long, &in_pax] {
        assert_eq!(import(&[before.clone(), records("cut/nam")]).unwrap(), 1);
        // It is that of the next member alone.
        let other = member(EntryType::Regular, "other", b"{");
        let error = import(&[before.clone(), other, records("mbdump/artis")]).unwrap_err();
        assert!(matches!(error, ImportError::Record { .. }), "{error}");
    }
    let other_name = member(EntryType::XHeader, "pax", &pax("path", "mbdump/else"));
    assert!(matches!(import(&[other_name, records("mbdump/artist")]), Err(ImportError::Foreign(_))));
}

#[test]
fn headers_that_say_nothing_of_use_are_skipped() {
    let lines = artist(1, "Tide");
    let size = pax("size", &lines.len().to_string());
    let members = [
        member(EntryType::XGlobalHeader, "pax_global_header", &pax("comment", "x")),
        member(EntryType::GNULongLink, "././@LongLink", b"somewhere\0"),
        member(EntryType::XHeader, "pax", &[pax("atime", "1.5"), size].concat()),
        member(EntryType::Regular, "mbdump/artist", lines.as_bytes()),
    ];
    assert_eq!(import(&members).unwrap(), 1);
}

#[test]
fn a_damaged_header_or_another_size_is_refused() {
    let lines = artist(1, "Tide");
    let records = member(EntryType::Regular, "mbdump/artist", lines.as_bytes());
    for content in [b"99 path=x\n".to_vec(), b"path=x\n".to_vec(), pax("size", "x"), pax("size", "7")] {
        let error = import(&[member(EntryType::XHeader, "pax", &content), records.clone()]).unwrap_err();
        assert!(matches!(error, ImportError::Damaged { .. }), "{error}");
    }
}

/// Other readers of the format read these into memory whole.
#[test]
fn a_header_without_limits_costs_no_memory() {
    for entry_type in
        [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader, EntryType::XGlobalHeader]
    {
        for size_bytes in [MAX_HEADER_BYTES + 1, MAX_MEMBER_BYTES - 1] {
            let mut header = tar::Header::new_gnu();
            header.set_path("././@LongLink").unwrap();
            header.set_entry_type(entry_type);
            header.set_size(size_bytes);
            header.set_cksum();
            let error = import(&[header.as_bytes().to_vec()]).unwrap_err();
            assert!(matches!(error, ImportError::Damaged { .. }), "{error}");
            // The archive ends after it, which would be an error without any limit.
            assert!(error.to_string().contains("too long"), "{error}");
        }
    }
}

#[test]
fn a_cut_header_is_refused() {
    let library = Library::new();
    let path = library.dumps().join("x");
    for entry_type in [EntryType::GNULongName, EntryType::XHeader] {
        let whole = member(entry_type, "x", &[b'x'; 2000]);
        std::fs::write(&path, xz(&whole[..1024])).unwrap();
        assert!(matches!(library.import(std::slice::from_ref(&path)), Err(ImportError::Damaged { .. })));
    }
}
