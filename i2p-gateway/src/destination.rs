//! I2P destinations: how one is named, and I2P's own base32 and base64.
//!
//! A destination is named by the SHA-256 of its bytes; in base32 (lower case, without padding) and
//! with `.b32.i2p` behind it, that is its address. Keys are in `key.rs`.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use sha2::{Digest as _, Sha256};

use crate::error::BadAddress;

/// Letters of an address in front of [`ADDRESS_SUFFIX`].
const ADDRESS_LETTERS: usize = 52;
const ADDRESS_SUFFIX: &str = ".b32.i2p";

/// Bytes of a destination in front of its certificate.
pub(crate) const BEFORE_CERTIFICATE_BYTES: usize = 384;

/// Certificate type and length.
const CERTIFICATE_HEADER_BYTES: usize = 3;

/// Base64 with I2P's last two letters, `-` and `~`.
static I2P_BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz0123456789-~");
    specification.padding = Some('=');
    specification.encoding().expect("64 distinct letters")
});

/// The name of a destination: the SHA-256 of its bytes. On an incoming stream it is authenticated:
/// whoever opened the stream holds the destination's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination([u8; 32]);

impl Destination {
    /// The destination of this hash.
    #[must_use]
    pub fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The destination of an address, `<52 letters>.b32.i2p` in lower case.
    ///
    /// # Errors
    /// [`BadAddress`] if it is none.
    pub fn from_b32(address: &str) -> Result<Self, BadAddress> {
        let letters = address.strip_suffix(ADDRESS_SUFFIX).ok_or(BadAddress)?;
        // Lower case only: BitTorrent clients compare hosts letter by letter.
        let lower = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if letters.len() != ADDRESS_LETTERS || !letters.bytes().all(lower) {
            return Err(BadAddress);
        }
        let hash = BASE32_NOPAD.decode(letters.to_ascii_uppercase().as_bytes());
        let hash = hash.ok().and_then(|hash| hash.try_into().ok());
        hash.map(Self).ok_or(BadAddress)
    }

    /// The address, `<52 letters>.b32.i2p`. Says who somebody is: not for logs.
    #[must_use]
    pub fn to_b32(&self) -> String {
        BASE32_NOPAD.encode(&self.0).to_ascii_lowercase() + ADDRESS_SUFFIX
    }

    /// The hash itself, as compact BitTorrent peer lists carry it.
    #[must_use]
    pub fn as_hash(&self) -> &[u8; 32] {
        &self.0
    }

    /// The destination that these bytes are, complete and with nothing behind them.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (destination_length(bytes)? == bytes.len()).then(|| Self(Sha256::digest(bytes).into()))
    }

    /// The destination in I2P's base64, as SAM names a caller.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        Self::from_bytes(&decode_base64(text)?)
    }
}

/// Shows nothing of the hash: a destination is a person's or a node's address.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Destination([redacted])")
    }
}

/// Checks that `address` can be dialled: `<52 letters>.b32.i2p`, in lower case.
///
/// # Errors
/// [`BadAddress`] if not.
pub fn check_address(address: &str) -> Result<(), BadAddress> {
    Destination::from_b32(address).map(drop)
}

/// Length of the destination that `bytes` begin with.
pub(crate) fn destination_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(BEFORE_CERTIFICATE_BYTES..)?.first_chunk::<CERTIFICATE_HEADER_BYTES>()?;
    let certificate = usize::from(u16::from_be_bytes([header[1], header[2]]));
    let length = BEFORE_CERTIFICATE_BYTES + CERTIFICATE_HEADER_BYTES + certificate;
    (length <= bytes.len()).then_some(length)
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    I2P_BASE64.encode(bytes)
}

pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    I2P_BASE64.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        let address = Destination::from_hash([0xa5; 32]).to_b32();
        assert_eq!(address.len(), ADDRESS_LETTERS + ADDRESS_SUFFIX.len());
        assert_eq!(check_address(&address), Ok(()));
        let last_bits = {
            // 52 letters carry 260 bits: the last letter has four that must be zero.
            let mut letters = address.clone();
            letters.replace_range(51..52, "b");
            letters
        };
        let bad = [
            "",
            ".b32.i2p",
            "deadwax.i2p",
            &address.to_ascii_uppercase(),
            &address[1..],
            &format!("a{address}"),
            &format!("{address}:80"),
            &format!("{address}."),
            &format!("http://{address}"),
            &address.replace(".b32.i2p", ".b32.i2P"),
            &format!("{}\u{e9}.b32.i2p", &address[..50]),
            &format!("{}0{ADDRESS_SUFFIX}", &address[..51]),
            &last_bits,
        ]
        .map(str::to_owned);
        for address in &bad {
            assert_eq!(check_address(address), Err(BadAddress), "{address}");
        }
    }

    #[test]
    fn base64_ends_in_dash_and_tilde() {
        assert_eq!(encode_base64(&[0xfb, 0xff]), "-~8=");
        assert_eq!(decode_base64("-~8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_base64("+/8="), None);
    }

    #[test]
    fn a_destination_is_complete_and_alone() {
        let mut bytes = vec![7; BEFORE_CERTIFICATE_BYTES];
        bytes.extend([5, 0, 4, 0, 7, 0, 0]);
        let destination = Destination::from_bytes(&bytes).unwrap();
        assert_eq!(destination.as_hash(), &<[u8; 32]>::from(Sha256::digest(&bytes)));
        assert_eq!(Destination::from_base64(&encode_base64(&bytes)), Some(destination));
        for length in 0..bytes.len() {
            assert_eq!(Destination::from_bytes(&bytes[..length]), None);
        }
        bytes.push(0);
        assert_eq!(Destination::from_bytes(&bytes), None);
        assert_eq!(destination_length(&bytes), Some(391));
    }

    #[test]
    fn a_destination_is_not_shown() {
        let shown = format!("{:?}", Destination::from_hash([0xa5; 32]));
        assert!(!shown.contains("a5") && !shown.contains("165"), "{shown}");
    }

    proptest! {
        #[test]
        fn addresses_go_round(hash: [u8; 32]) {
            let destination = Destination::from_hash(hash);
            prop_assert_eq!(Destination::from_b32(&destination.to_b32()), Ok(destination));
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,80}") {
            let _ = Destination::from_b32(&text);
            let _ = Destination::from_base64(&text);
        }
    }
}
