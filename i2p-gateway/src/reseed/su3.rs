//! The su3 form (I2P's "Software Update Specification", section "SU3 File Specification"), as far as reseed
//! files use it.
//!
//! | bytes | field |
//! |---|---|
//! | 0-5 | `I2Psu3` |
//! | 7 | format version, 0 |
//! | 8-9, 10-11 | signature type 6 (RSA-4096 with SHA-512) and length, 512 |
//! | 13, 15 | lengths of version and signer id |
//! | 16-23 | length of the content |
//! | 25, 27 | file type 0 (zip), content type 3 (reseed) |
//! | 40.. | version (seconds since 1970, as text), signer id, content, signature |
//!
//! The rest is unused; integers are big-endian. The signature is over all that precedes it: RSASSA-PKCS1-v1_5
//! (RFC 8017 section 8.2) with one deviation, which the specification leaves unsaid and all implementations share:
//! the padded value is the bare SHA-512, without the `DigestInfo` that names the hash function.

use std::time::SystemTime;

use rsa::Pkcs1v15Sign;
use sha2::{Digest as _, Sha512};

use super::{Certificate, MAX_RESEED_BYTES, ReseedError};

pub(super) const MAGIC: &[u8] = b"I2Psu3";
const HEADER_BYTES: usize = 40;

const FORMAT_VERSION: u8 = 0;
const RSA_SHA512_4096: u16 = 6;
const SIGNATURE_BYTES: usize = 512;
const ZIP: u8 = 0;
const RESEED: u8 = 3;

/// The parts of a well-formed file.
struct Su3<'a> {
    signer: &'a str,
    content: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
}

/// The content of an su3 file that one of `certificates`, valid at `now`, has signed.
pub(super) fn verify<'a>(
    bytes: &'a [u8],
    certificates: &[Certificate],
    now: SystemTime,
) -> Result<&'a [u8], ReseedError> {
    let su3 = parse(bytes)?;
    let signer = || su3.signer.to_owned();
    let hash = Sha512::digest(su3.signed);
    let mut signed_by =
        certificates.iter().filter(|certificate| certificate.signer() == su3.signer).peekable();
    if signed_by.peek().is_none() {
        return Err(ReseedError::UnknownSigner { signer: signer() });
    }
    let right = |certificate: &&Certificate| {
        certificate.key().verify(Pkcs1v15Sign::new_unprefixed(), &hash, su3.signature).is_ok()
    };
    match signed_by.find(right) {
        None => Err(ReseedError::BadSignature { signer: signer() }),
        Some(certificate) if certificate.expires() < now => Err(ReseedError::Expired { signer: signer() }),
        Some(_) => Ok(su3.content),
    }
}

fn parse(bytes: &[u8]) -> Result<Su3<'_>, ReseedError> {
    if bytes.len() > MAX_RESEED_BYTES {
        return Err(ReseedError::TooLarge { size_bytes: bytes.len() });
    }
    if !bytes.starts_with(MAGIC) {
        return Err(ReseedError::NotReseed);
    }
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(ReseedError::Damaged)?;
    let u16_at = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    known("format", header[7].into(), FORMAT_VERSION.into())?;
    known("signature type", u16_at(8), RSA_SHA512_4096)?;
    known("signature length", u16_at(10), SIGNATURE_BYTES as u16)?;
    if (header[25], header[27]) != (ZIP, RESEED) {
        return Err(ReseedError::OtherContent);
    }
    let content_bytes = u64::from_be_bytes(header[16..24].try_into().expect("eight bytes"));
    let content_bytes = usize::try_from(content_bytes).map_err(|_| ReseedError::Damaged)?;

    let (_version, rest) = split_at(rest, header[13].into())?;
    let (signer, rest) = split_at(rest, header[15].into())?;
    let (content, signature) = split_at(rest, content_bytes)?;
    if signature.len() != SIGNATURE_BYTES || signer.is_empty() || !signer.iter().all(u8::is_ascii_graphic) {
        return Err(ReseedError::Damaged);
    }
    let signer = std::str::from_utf8(signer).map_err(|_| ReseedError::Damaged)?;
    Ok(Su3 { signer, content, signed: &bytes[..bytes.len() - SIGNATURE_BYTES], signature })
}

fn split_at(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), ReseedError> {
    bytes.split_at_checked(length).ok_or(ReseedError::Damaged)
}

fn known(field: &'static str, value: u16, wanted: u16) -> Result<(), ReseedError> {
    if value == wanted { Ok(()) } else { Err(ReseedError::UnknownForm { field, value }) }
}
