//! Invites: codes that each open one account. The node keeps their hashes.

use crate::app::{App, now_secs};
use data_encoding::BASE32_NOPAD;
use deadwax_index::Problem;
use deadwax_index::store::StoreError;
use deadwax_index::store::accounts::MAX_INVITES;
use sha2::{Digest, Sha256};

/// Random bytes in a code: nobody guesses one, and it can still be read out.
const BYTES: usize = 15;
/// Longer than this, and it is none.
const MAX_CHARS: usize = 64;

/// Makes a code that is good for `days`.
///
/// # Errors
/// The store's; a problem if there are too many.
pub fn new_invite(app: &App, days: u32) -> Result<Result<String, Problem>, StoreError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    let code = BASE32_NOPAD.encode(&bytes).to_lowercase();
    let code = [&code[..6], &code[6..12], &code[12..18], &code[18..]].join("-");
    let now_secs = now_secs();
    let expires_at_secs = now_secs + u64::from(days) * 86_400;
    if !app.store.add_invite(&hash(&code), expires_at_secs, now_secs)? {
        return Ok(Err(Problem {
            code: "account.invites",
            field: "",
            message: format!("There are {MAX_INVITES} invites that nobody used."),
            fix: "Wait until some of them are too old.",
        }));
    }
    Ok(Ok(code))
}

/// What the store knows of a code, however it was typed.
pub fn hash(code: &str) -> [u8; 32] {
    let plain: String = code.chars().take(MAX_CHARS).filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(plain.to_lowercase()).into()
}

/// The answer to any other code.
pub fn unknown() -> Problem {
    Problem {
        code: "account.invite",
        field: "invite",
        message: "This invite does not open an account: it is unknown, used or too old.".into(),
        fix: "Ask whoever runs this node for one. Each opens one account.",
    }
}
