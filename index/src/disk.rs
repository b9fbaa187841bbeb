//! A disk without space, told apart from everything else that goes wrong with files: it is the one
//! failure that mends itself when somebody makes room.

use crate::Problem;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Whether an error comes from a disk, or a share of it, that has no space left.
pub fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // Some share theirs.
        let shared = error.downcast_ref::<Arc<io::Error>>().map(|error| &**error);
        if let Some(error) = error.downcast_ref::<io::Error>().or(shared) {
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
                return true;
            }
            // The source of an `io::Error` is that of what it wraps, which is passed over so.
            if error.get_ref().is_some_and(|inner| is_full(inner)) {
                return true;
            }
        }
        cause = error.source();
    }
    false
}

/// Whether the debug form of an error that cannot be looked into speaks of a full disk.
pub(crate) fn says_full(debug: &str) -> bool {
    // As `io::Error` writes them: by kind, or in words with Linux's numbers for no space left and no share
    // of it left.
    ["kind: StorageFull", "kind: QuotaExceeded", "(os error 28)", "(os error 122)"]
        .iter()
        .any(|sign| debug.contains(sign))
}

/// Whether `bytes` more fit onto the disk under `dir`: tried, because a share of a disk can be full too.
pub(crate) fn has_room(dir: &Path, bytes: usize) -> io::Result<()> {
    static CHUNK: [u8; 64 << 10] = [0; 64 << 10];
    let path = dir.join("room.new");
    let mut file = File::create(&path)?;
    // Gone with this process, whatever happens.
    fs::remove_file(&path)?;
    (0..bytes.div_ceil(CHUNK.len())).try_for_each(|_| file.write_all(&CHUNK))
}

/// The same for every part that writes: what was not kept, and what to do.
pub(crate) fn problem(lost: &str) -> Problem {
    Problem {
        code: "disk.full",
        field: "",
        message: format!("The disk is full: {lost}."),
        fix: "Make space on the disk of the data directory and try again; what was there before is sound.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_seen_through_what_is_wrapped_around_it() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(is_full(&full()));
        assert!(is_full(&io::Error::other(full())));
        assert!(is_full(&Arc::new(full())));
        assert!(!is_full(&io::Error::from(io::ErrorKind::PermissionDenied)));
        assert!(!is_full(&io::Error::other("the disk is full")));
        for kind in [28, 122].map(io::Error::from_raw_os_error) {
            assert!(is_full(&kind) && says_full(&format!("merging: {kind}")));
            assert!(says_full(&format!("{:?}", Some(io::Error::other(kind)))));
        }
        assert!(!says_full("no such file (os error 2)"));
    }
}
