//! Foreign names, made fit for display.
//!
//! Nothing here is ever used as a path on this machine; the point is that a name cannot break a
//! page, forge a line or show another file extension than it has.

/// The longest name or part of a path that is kept: what common file systems allow.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// Stands where nothing of a name could be kept.
pub(crate) const NOTHING_LEFT: &str = "_";

/// Text for display: valid UTF-8, control and reordering characters as `_`, at most
/// [`MAX_NAME_BYTES`].
pub(crate) fn display(bytes: &[u8]) -> String {
    // A character takes at most four bytes, so this never cuts what would have been kept.
    let head = &bytes[..bytes.len().min(4 * MAX_NAME_BYTES)];
    let mut out = String::new();
    for c in String::from_utf8_lossy(head).trim().chars() {
        let c = if misleads(c) { '_' } else { c };
        if out.len() + c.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        out.push(c);
    }
    // The cut may have come after a space, and `..` with spaces after it is a way up for some systems.
    out.truncate(out.trim_end().len());
    out
}

/// One part of a path for display; `None` for parts that name no file or folder.
pub(crate) fn path_part(bytes: &[u8]) -> Option<String> {
    let part = display(bytes).replace(['/', '\\'], "_");
    (!matches!(part.as_str(), "" | "." | "..")).then_some(part)
}

/// Control characters, line and paragraph separators, and the embeddings, overrides and isolates
/// that reorder the text after them.
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_climb_or_hold_separators() {
        for nothing in ["", ".", "..", "  ", " .. "] {
            assert_eq!(path_part(nothing.as_bytes()), None, "{nothing:?}");
        }
        assert_eq!(path_part(b"/etc").as_deref(), Some("_etc"));
        assert_eq!(path_part(b"a/../../b").as_deref(), Some("a_.._.._b"));
        assert_eq!(path_part(b"c:\\x").as_deref(), Some("c:_x"));
        assert_eq!(path_part(b"...").as_deref(), Some("..."));
    }

    #[test]
    fn text_keeps_letters_and_loses_what_misleads() {
        assert_eq!(display("Bär, 音楽 – \u{200d}x".as_bytes()), "Bär, 音楽 – \u{200d}x");
        assert_eq!(display("cover\u{202e}gpj.exe".as_bytes()), "cover_gpj.exe");
        assert_eq!(display(b"two\nlines\0"), "two_lines_");
        assert_eq!(display(b"caf\xe9"), "caf\u{fffd}");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let name = display("音".repeat(1_000_000).as_bytes());
        assert_eq!(name.len(), 255);
        assert_eq!(display("é".repeat(200).as_bytes()).len(), 254);
    }

    #[test]
    fn a_name_cut_after_a_space_keeps_no_space() {
        let long = format!("..{}x", " ".repeat(260));
        assert_eq!(display(long.as_bytes()), "..");
        assert_eq!(path_part(long.as_bytes()), None);
        let name = display("Low Water ".repeat(26).as_bytes());
        assert_eq!(display(name.as_bytes()), name);
    }
}
