//! Names and passphrases of accounts: what may be typed.
//!
//! A name is for signing in and is shown to its owner alone; contributors are known by their keys.

use deadwax_index::Problem;

/// Fits into the header of a page.
const MAX_NAME_CHARS: usize = 32;
/// Shorter ones are guessed from whoever has the disk; RFC 9106 makes each guess dear, not impossible.
pub const MIN_PASSPHRASE_CHARS: usize = 12;
/// Longer ones are no passphrases, and each is hashed.
const MAX_PASSPHRASE_BYTES: usize = 1024;

/// A name that an account can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As typed.
    pub shown: String,
    /// As compared.
    pub folded: String,
}

impl Name {
    /// Letters and digits of any script, with `-`, `_` and `.` between them. That leaves out whatever could
    /// be mistaken for nothing, be piled up or turn the direction of text.
    pub fn parse(text: &str) -> Option<Self> {
        let shown = text.trim();
        let is_inner = |char: char| matches!(char, '-' | '_' | '.');
        let is_fine = shown.chars().take(MAX_NAME_CHARS + 1).count() <= MAX_NAME_CHARS
            && shown.chars().all(|char| char.is_alphanumeric() || is_inner(char))
            && !shown.starts_with(is_inner)
            && !shown.ends_with(is_inner)
            && !shown.is_empty();
        is_fine.then(|| Self { shown: shown.to_owned(), folded: shown.to_lowercase() })
    }

    /// A name for a new account.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, Problem> {
        Self::parse(text).ok_or_else(|| Problem {
            code: "account.name",
            field: "name",
            message: "This cannot be a name.".into(),
            fix: "Use 1 to 32 letters and digits, with - _ or . between them.",
        })
    }
}

/// Checks a new passphrase.
///
/// # Errors
/// What is wrong with it.
pub fn check_passphrase(passphrase: &str, repeated: &str, name: &str) -> Result<(), Problem> {
    let problem = |field, message: &str, fix| {
        Err(Problem { code: "account.passphrase", field, message: message.into(), fix })
    };
    if passphrase.len() > MAX_PASSPHRASE_BYTES {
        return problem("passphrase", "The passphrase is too long.", "Use at most 1,024 bytes.");
    }
    if passphrase.chars().count() < MIN_PASSPHRASE_CHARS || passphrase.to_lowercase() == name.to_lowercase() {
        let fix = "Use at least 12 characters, best five or six words that nobody else would choose.";
        return problem("passphrase", "The passphrase is too easy to guess.", fix);
    }
    if passphrase != repeated {
        return problem("repeat", "The two passphrases differ.", "Type the same one twice.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, folded) in [
            ("mara", "mara"),
            (" Mara-2 ", "mara-2"),
            ("Ебб", "ебб"),
            ("潮汐", "潮汐"),
            ("a.b_c", "a.b_c"),
            ("x", "x"),
        ] {
            assert_eq!(Name::parse(text).unwrap().folded, folded);
        }
        let long = "a".repeat(MAX_NAME_CHARS + 1);
        for text in [
            "",
            "  ",
            "-mara",
            "mara.",
            "ma ra",
            "ma\u{202e}ra",
            "z\u{300}\u{301}\u{302}a",
            "ma\u{200b}ra",
            "a/b",
            "<b>",
            "a\0b",
            "a\nb",
            &long,
        ] {
            assert!(Name::parse(text).is_none(), "{text:?}");
            assert_eq!(Name::new(text).unwrap_err().field, "name");
        }
        assert!(Name::parse(&long[1..]).is_some());
    }

    #[test]
    fn passphrases() {
        let check = |passphrase: &str, repeated: &str| {
            check_passphrase(passphrase, repeated, "mara.of.the.sea").map_err(|problem| problem.field)
        };
        assert_eq!(check("low water at nine", "low water at nine"), Ok(()));
        assert_eq!(check("low water at nine", "low water at ten"), Err("repeat"));
        assert_eq!(check("low water a", "low water a"), Err("passphrase"));
        assert_eq!(check("潮".repeat(12).as_str(), "潮".repeat(12).as_str()), Ok(()));
        assert_eq!(check("Mara.of.the.sea", "Mara.of.the.sea"), Err("passphrase"));
        let long = "x".repeat(1025);
        assert_eq!(check(&long, &long), Err("passphrase"));
    }
}
