//! The node's destination key: the file that makes its I2P address last.
//!
//! The file has the form that I2P routers use for such keys (and SAM, in base64): destination,
//! encryption private key, signing private key. So a key made elsewhere can be brought along.
//! It is made here, without a router, so that the address is known before the network is up.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::destination::{BEFORE_CERTIFICATE_BYTES, Destination, destination_length, encode_base64};
use crate::error::KeyError;

const KEY_FILE: &str = "destination.key";

/// Largest key file read; ours has 679 bytes.
const MAX_KEY_BYTES: u64 = 4 * 1024;

/// Key certificate: type 5, four bytes: signatures by Ed25519 (7), encryption ElGamal (0). The
/// encryption key of a destination is not used any more (lease sets carry their own), and 0 is what
/// every router understands.
const CERTIFICATE: [u8; 7] = [5, 0, 4, 0, 7, 0, 0];

/// Length of an Ed25519 key, private or public.
const ED25519_BYTES: usize = 32;

/// Length of the encryption private key, by the certificate's type for it.
const ELGAMAL_BYTES: usize = 256;
const X25519_BYTES: usize = 32;

/// The private key of a destination.
#[derive(Clone)]
pub(crate) struct DestinationKey {
    bytes: Vec<u8>,
    destination: Destination,
}

impl fmt::Debug for DestinationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DestinationKey([redacted])")
    }
}

impl DestinationKey {
    /// The key kept in `directory`, or a new one that is kept there from now on.
    pub(crate) fn load_or_make(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join(KEY_FILE);
        match read(&path) {
            Ok(bytes) => Self::from_bytes(bytes).ok_or(KeyError::Damaged { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate();
                keep(&path, &key.bytes).map_err(|source| KeyError::Write { path, source })?;
                Ok(key)
            }
            Err(source) => Err(KeyError::Read { path, source }),
        }
    }

    /// The destination that belongs to the key.
    pub(crate) fn destination(&self) -> Destination {
        self.destination
    }

    /// The key as SAM wants it.
    pub(crate) fn to_base64(&self) -> String {
        encode_base64(&self.bytes)
    }

    fn generate() -> Self {
        let mut random = [0; BEFORE_CERTIFICATE_BYTES + ELGAMAL_BYTES + ED25519_BYTES];
        getrandom::fill(&mut random).expect("the system has randomness");
        let (head, rest) = random.split_at_mut(BEFORE_CERTIFICATE_BYTES);
        let (encryption, signing) = rest.split_at(ELGAMAL_BYTES);
        let signing: [u8; ED25519_BYTES] = signing.try_into().expect("the rest is 32 bytes");
        // An unused encryption key and padding, both random, then the key for signatures.
        head[BEFORE_CERTIFICATE_BYTES - ED25519_BYTES..]
            .copy_from_slice(&deadwax_i2p_router::ed25519_public_key(signing));
        let bytes = [&*head, &CERTIFICATE, encryption, &signing].concat();
        Self::from_bytes(bytes).expect("what is laid out here is read here")
    }

    /// Takes a key of the kind that is made here, or with X25519 in place of ElGamal, if its halves
    /// belong together.
    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let (destination, private) = bytes.split_at(destination_length(&bytes)?);
        let encryption_bytes = match destination.get(BEFORE_CERTIFICATE_BYTES..)? {
            [5, 0, 4, 0, 7, 0, 0] => ELGAMAL_BYTES,
            [5, 0, 4, 0, 7, 0, 4] => X25519_BYTES,
            _ => return None,
        };
        let signing: [u8; ED25519_BYTES] = private.get(encryption_bytes..)?.try_into().ok()?;
        let public = &destination[BEFORE_CERTIFICATE_BYTES - ED25519_BYTES..];
        if !public.starts_with(&deadwax_i2p_router::ed25519_public_key(signing)) {
            return None;
        }
        let destination = Destination::from_bytes(destination)?;
        Some(Self { bytes, destination })
    }
}

fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > MAX_KEY_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too large for a key"));
    }
    fs::read(path)
}

/// Writes the key to a file that is there completely or not at all, and that its owner alone reads.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::destination::decode_base64;

    #[test]
    fn the_key_is_kept_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let key = DestinationKey::load_or_make(directory.path()).unwrap();
        let again = DestinationKey::load_or_make(directory.path()).unwrap();
        assert_eq!(key.destination(), again.destination());
        assert_eq!(key.to_base64(), again.to_base64());
        let metadata = fs::metadata(directory.path().join(KEY_FILE)).unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.len()), (0o600, 679));
        assert_ne!(DestinationKey::generate().destination(), key.destination());
    }

    #[test]
    fn a_damaged_key_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(KEY_FILE);
        let mut bytes = DestinationKey::generate().bytes;
        *bytes.last_mut().unwrap() ^= 1;
        for damaged in [bytes.clone(), bytes[..678].to_vec(), vec![], vec![0; 5_000]] {
            fs::write(&path, &damaged).unwrap();
            assert!(DestinationKey::load_or_make(directory.path()).is_err());
            assert_eq!(fs::read(&path).unwrap(), damaged);
        }
    }

    #[test]
    fn a_key_with_x25519_is_taken() {
        let mut bytes = DestinationKey::generate().bytes;
        bytes[390] = 4;
        bytes.drain(391..391 + ELGAMAL_BYTES - X25519_BYTES);
        let key = DestinationKey::from_bytes(bytes.clone()).unwrap();
        assert_eq!(decode_base64(&key.to_base64()), Some(bytes));
    }
}
