//! Archives that are damaged, cut, or lie: a clear error, and the old catalogue stays as it is.

use super::super::{ImportError, Kind, MAX_MEMBER_BYTES, MAX_TRAILING_BYTES};
use super::dump::{artist, mbid, pack, tar, write_dump, xz};
use super::{Library, counts};
use std::path::PathBuf;

/// A library with one artist, and a place for a worse archive.
struct Before {
    library: Library,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Before {
    fn new() -> Self {
        let library = Library::new();
        let dumps = library.dumps();
        library.import(&[write_dump(&dumps, Kind::Artist, &[artist(1, "Tide")])]).unwrap();
        let bytes = std::fs::read(library.data().join("catalogue.db")).unwrap();
        Self { library, path: dumps.join("worse.tar.xz"), bytes }
    }

    /// Imports an archive that has to be refused.
    fn refused(&self, archive: &[u8]) -> ImportError {
        std::fs::write(&self.path, archive).unwrap();
        let error = self.library.import(std::slice::from_ref(&self.path)).expect_err("it was imported");
        assert_eq!(std::fs::read(self.library.data().join("catalogue.db")).unwrap(), self.bytes);
        assert!(!self.library.data().join("catalogue.db.new").exists());
        assert!(error.problem().message.len() < 500, "{}", error.problem());
        error
    }
}

fn is_damaged(error: &ImportError) -> bool {
    matches!(error, ImportError::Damaged { .. })
}

fn many() -> Vec<String> {
    (1..300).map(|number| artist(number, "Tide")).collect()
}

#[test]
fn a_cut_archive() {
    let before = Before::new();
    let whole = pack(Kind::Artist, &many(), false);
    let ends = (0..whole.len()).step_by(whole.len() / 20).chain(whole.len() - 30..whole.len());
    for end in ends {
        let error = before.refused(&whole[..end]);
        assert!(is_damaged(&error), "cut at {end}: {error}");
    }
}

#[test]
fn a_flipped_bit() {
    let before = Before::new();
    let whole = pack(Kind::Artist, &many(), false);
    let places = (0..whole.len()).step_by(whole.len() / 60).chain(0..12).chain(whole.len() - 30..whole.len());
    for place in places {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        before.refused(&flipped);
    }
}

#[test]
fn more_after_the_end() {
    let before = Before::new();
    let whole = pack(Kind::Artist, &many(), false);
    assert!(is_damaged(&before.refused(&[&whole, b"more".as_slice()].concat())));
    let mut long = tar(&[("mbdump/artist", artist(2, "Ebb").as_bytes())]);
    long.resize(long.len() + MAX_TRAILING_BYTES as usize + 1, 0);
    assert!(is_damaged(&before.refused(&xz(&long))));
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let before = Before::new();
    let broken = [artist(1, "Tide"), "{\"id\":".into(), artist(2, "Ebb")];
    let error = before.refused(&pack(Kind::Artist, &broken, false));
    assert!(matches!(error, ImportError::Record { kind: Kind::Artist, line: 2, .. }), "{error}");
    assert_eq!(error.problem().code, "catalogue.record");
    assert!(error.to_string().contains("worse.tar.xz: line 2 of mbdump/artist"), "{error}");
}

#[test]
fn an_archive_of_something_else() {
    let before = Before::new();
    let other = xz(&tar(&[("TIMESTAMP", b"x"), ("mbdump/recording", b"{}"), ("artist", b"{}")]));
    assert!(matches!(before.refused(&other), ImportError::Foreign(_)));
    assert!(is_damaged(&before.refused(b"")));
    assert!(is_damaged(&before.refused(&tar(&[("mbdump/artist", b"{}")]))));
    assert!(is_damaged(&before.refused(&xz(&[7; 5000]))));
    let empty = before.path.with_file_name("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(matches!(before.library.import(&[empty]), Err(ImportError::Nothing(_))));
    let absent = before.path.with_file_name("absent");
    assert!(matches!(before.library.import(&[absent]), Err(ImportError::File { .. })));
}

/// A header with a size in base 256, as GNU tar writes those of 8 GiB and more.
fn base_256(size_bytes: u64, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("mbdump/artist").unwrap();
    let field = &mut header.as_old_mut().size;
    field.fill(0);
    field[0] = 0x80;
    field[4..].copy_from_slice(&size_bytes.to_be_bytes());
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
    bytes
}

#[test]
fn sizes_in_base_256_are_read_and_absurd_ones_refused() {
    let before = Before::new();
    let line = artist(5, "Neap");
    for absurd in
        [line.len() as u64 + 100_000, MAX_MEMBER_BYTES, MAX_MEMBER_BYTES + 1, u64::MAX - 600, u64::MAX]
    {
        let error = before.refused(&xz(&base_256(absurd, &[line.as_bytes(), b"\n"].concat())));
        // Where the size leads into what fills the archive, that is the second line.
        let is_line = matches!(error, ImportError::Record { line: 2, .. });
        assert!(is_damaged(&error) || is_line, "{absurd}: {error}");
    }
    std::fs::write(&before.path, xz(&base_256(line.len() as u64, line.as_bytes()))).unwrap();
    let stats = before.library.import(std::slice::from_ref(&before.path)).unwrap();
    assert_eq!(counts(&stats), [1, 0, 0, 0]);
    assert_eq!(before.library.rows("SELECT mbid FROM artists"), [mbid(0, 5).to_string()]);
}
