//! A key that leaves the node: text in the format of age (age-encryption.org/v1), encrypted under a passphrase,
//! so that other programs can open it too (`age -d FILE`).
//!
//! Of that format this is what an identity needs and no more: one scrypt stanza, one chunk, armored. The crate
//! `age` does all of it and brings 34 others, most of them for translations.

use super::seal::Cost;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use data_encoding::{BASE64, BASE64_NOPAD};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: &str = "age-encryption.org/v1";
const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const COLUMNS: usize = 64;
/// An identity takes under a kilobyte; a text this long is something else.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;
/// The first chunk is the last one: a counter of 0 in eleven bytes, and the mark of the end.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const FILE_KEY_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const SALT_BYTES: usize = 16;

/// Why a text cannot be made or opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AgeError {
    /// It is not such a text.
    #[error("this is not a key in the text form of age")]
    Form,
    /// It is not encrypted under a passphrase.
    #[error("it is not encrypted under a passphrase")]
    NotPassphrase,
    /// Opening it would take more memory and time than is given.
    #[error("it was made to be slower to open than is allowed here")]
    TooSlow,
    /// Another passphrase, or it was changed.
    #[error("the passphrase does not open it, or it was changed on the way")]
    Closed,
    /// The system has no random numbers.
    #[error("no random numbers")]
    Random,
}

/// Encrypts a short text.
///
/// # Errors
/// The system has no random numbers.
pub fn encrypt(plain: &[u8], passphrase: &str, cost: Cost) -> Result<String, AgeError> {
    let mut salt = [0; SALT_BYTES];
    let mut nonce = [0; 16];
    let mut file_key = Zeroizing::new([0; FILE_KEY_BYTES]);
    for bytes in [&mut salt[..], &mut nonce, &mut file_key[..]] {
        getrandom::fill(bytes).map_err(|_| AgeError::Random)?;
    }
    let wrapped = wrapping(passphrase, &salt, cost.scrypt_log_n)?
        .encrypt(&Nonce::default(), &file_key[..])
        .map_err(|_| AgeError::Form)?;
    let header = format!(
        "{VERSION}\n-> scrypt {} {}\n{}\n---",
        BASE64_NOPAD.encode(&salt),
        cost.scrypt_log_n,
        BASE64_NOPAD.encode(&wrapped)
    );
    let mac = header_mac(&file_key[..], header.as_bytes()).finalize().into_bytes();
    let payload = payload_cipher(&file_key[..], &nonce)
        .encrypt(&Nonce::from(ONLY_CHUNK), plain)
        .map_err(|_| AgeError::Form)?;
    let mut file = format!("{header} {}\n", BASE64_NOPAD.encode(&mac)).into_bytes();
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&payload);
    let mut text = format!("{BEGIN}\n");
    for line in BASE64.encode(&file).as_bytes().chunks(COLUMNS) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    Ok(text + END + "\n")
}

/// Opens what [`encrypt`] made, or another program that speaks the format, with a cost of `max_log_n` at most.
///
/// # Errors
/// See [`AgeError`].
pub fn decrypt(text: &str, passphrase: &str, max_log_n: u8) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let file = unarmored(text)?;
    let header_end = find(&file, b"\n--- ").ok_or(AgeError::Form)? + "\n---".len();
    let header = std::str::from_utf8(&file[..header_end]).map_err(|_| AgeError::Form)?;
    let mac_end = header_end + find(&file[header_end..], b"\n").ok_or(AgeError::Form)?;
    let mac = decode(&file[header_end + 1..mac_end])?;

    let mut lines = header.split('\n');
    let (version, stanza, wrapped, end) = (lines.next(), lines.next(), lines.next(), lines.next());
    if version != Some(VERSION) {
        return Err(AgeError::Form);
    }
    let mut words = stanza.and_then(|line| line.strip_prefix("-> ")).ok_or(AgeError::Form)?.split(' ');
    // A passphrase stands alone in a header: whoever could add a recipient could read along.
    if words.next() != Some("scrypt") || end != Some("---") || lines.next().is_some() {
        return Err(AgeError::NotPassphrase);
    }
    let (salt, log_n) = (words.next().ok_or(AgeError::Form)?, words.next().ok_or(AgeError::Form)?);
    let salt = decode(salt.as_bytes())?.try_into().map_err(|_| AgeError::Form)?;
    let is_plain = !log_n.starts_with('0') && log_n.bytes().all(|byte| byte.is_ascii_digit());
    let log_n: u8 = Some(log_n).filter(|_| is_plain).and_then(|n| n.parse().ok()).ok_or(AgeError::Form)?;
    let wrapped = decode(wrapped.ok_or(AgeError::Form)?.as_bytes())?;
    if words.next().is_some() || wrapped.len() != FILE_KEY_BYTES + TAG_BYTES {
        return Err(AgeError::Form);
    }
    if log_n > max_log_n {
        return Err(AgeError::TooSlow);
    }
    let file_key = wrapping(passphrase, &salt, log_n)?.decrypt(&Nonce::default(), &wrapped[..]);
    let file_key = file_key.map(Zeroizing::new).map_err(|_| AgeError::Closed)?;
    header_mac(&file_key[..], header.as_bytes()).verify_slice(&mac).map_err(|_| AgeError::Closed)?;
    let payload = &file[mac_end + 1..];
    let (nonce, payload) = payload.split_first_chunk::<16>().ok_or(AgeError::Form)?;
    let plain = payload_cipher(&file_key[..], nonce).decrypt(&Nonce::from(ONLY_CHUNK), payload);
    plain.map(Zeroizing::new).map_err(|_| AgeError::Closed)
}

/// The bytes of an armored file. Forms send lines that end in CR LF.
fn unarmored(text: &str) -> Result<Vec<u8>, AgeError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(AgeError::Form);
    }
    let inner = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
    let base64: String = inner.ok_or(AgeError::Form)?.split_ascii_whitespace().collect();
    BASE64.decode(base64.as_bytes()).map_err(|_| AgeError::Form)
}

fn decode(text: &[u8]) -> Result<Vec<u8>, AgeError> {
    BASE64_NOPAD.decode(text).map_err(|_| AgeError::Form)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// What the passphrase becomes: scrypt with r = 8 and p = 1.
fn wrapping(passphrase: &str, salt: &[u8; SALT_BYTES], log_n: u8) -> Result<ChaCha20Poly1305, AgeError> {
    let params = scrypt::Params::new(log_n, 8, 1, 32).map_err(|_| AgeError::Form)?;
    let mut key = Zeroizing::new([0; 32]);
    let salt = [SCRYPT_LABEL, salt].concat();
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut key[..]).map_err(|_| AgeError::Form)?;
    Ok(ChaCha20Poly1305::new((&*key).into()))
}

fn header_mac(file_key: &[u8], header: &[u8]) -> Hmac<Sha256> {
    let key = derived(file_key, &[], b"header");
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(&key[..]).expect("HMAC takes keys of any length");
    mac.chain_update(header)
}

fn payload_cipher(file_key: &[u8], nonce: &[u8; 16]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&*derived(file_key, nonce, b"payload")).into())
}

fn derived(file_key: &[u8], salt: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let derived = Hkdf::<Sha256>::new(Some(salt), file_key).expand(purpose, &mut key[..]);
    derived.expect("32 bytes are within what HKDF can give");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadwax_index::entry::identity::{Identity, NextN};

    const PASSPHRASE: &str = "low water at nine";
    /// Made by the Rust implementation of age (crate `age` 0.12), of the identity whose secret is 32 times 7.
    const FOREIGN: &str = include_str!("fixtures/foreign.age");

    #[test]
    fn a_text_of_another_program_is_opened() {
        let plain = decrypt(FOREIGN, PASSPHRASE, 10).unwrap();
        let identity = Identity::from_file(&plain).unwrap();
        assert_eq!(identity.author(), Identity::from_secret([7; 32]).author());
        assert_eq!(identity.next_n, NextN { core: 1, main: 42 });
        let from_a_form = FOREIGN.replace('\n', "\r\n");
        assert_eq!(decrypt(&from_a_form, PASSPHRASE, 10).unwrap(), plain);
        assert_eq!(decrypt(FOREIGN, PASSPHRASE, 9), Err(AgeError::TooSlow));
    }

    #[test]
    fn what_is_encrypted_is_opened_by_the_passphrase_alone() {
        let text = encrypt(b"maps of low water", PASSPHRASE, Cost::LIGHT).unwrap();
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(decrypt(&text, PASSPHRASE, 16).unwrap().as_slice(), b"maps of low water");
        assert_eq!(decrypt(&text, "low water at ten", 16), Err(AgeError::Closed));
        assert_ne!(encrypt(b"maps of low water", PASSPHRASE, Cost::LIGHT).unwrap(), text);
    }

    #[test]
    fn a_changed_text_is_refused_wherever_it_was_changed() {
        let file = unarmored(&encrypt(b"maps of low water", PASSPHRASE, Cost::LIGHT).unwrap()).unwrap();
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1;
            let text = format!("{BEGIN}\n{}\n{END}\n", BASE64.encode(&changed));
            // Low costs only: a changed digit must not make this test wait.
            assert!(decrypt(&text, PASSPHRASE, 6).is_err(), "{place}");
            let cut = format!("{BEGIN}\n{}\n{END}\n", BASE64.encode(&file[..place]));
            assert!(decrypt(&cut, PASSPHRASE, 6).is_err(), "{place}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        let armored = |text: &str| format!("{BEGIN}\n{}\n{END}\n", BASE64.encode(text.as_bytes()));
        let long = "A".repeat(MAX_TEXT_BYTES);
        for text in ["", "maps", BEGIN, END, &format!("{BEGIN}\n%\n{END}"), &format!("{BEGIN}{long}{END}")] {
            assert_eq!(decrypt(text, PASSPHRASE, 16), Err(AgeError::Form), "{text}");
        }
        let recipients =
            format!("{VERSION}\n-> X25519 abc\ndef\n--- ghi\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        assert_eq!(decrypt(&armored(&recipients), PASSPHRASE, 16), Err(AgeError::Form), "that is no base64");
        let recipients = recipients.replace("abc", "AAAA").replace("def", "AAAA").replace("ghi", "AAAA");
        assert_eq!(decrypt(&armored(&recipients), PASSPHRASE, 16), Err(AgeError::NotPassphrase));
        for log_n in ["04", "+4", "", "4 4", "300"] {
            let text =
                format!("{VERSION}\n-> scrypt {} {log_n}\n{}\n--- AAAA\n", "A".repeat(22), "A".repeat(43));
            assert_eq!(decrypt(&armored(&text), PASSPHRASE, 16), Err(AgeError::Form), "{log_n}");
        }
    }
}
