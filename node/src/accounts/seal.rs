//! A secret key under a passphrase: Argon2id, and XChaCha20-Poly1305.
//!
//! Not here: how many of these run at once ([`super::limits`]), and the form that leaves the node
//! ([`super::age`]).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::identity::Identity;
use deadwax_index::store::accounts::Sealed;
use zeroize::{Zeroize, Zeroizing};

/// What is encrypted is bound to this purpose, and to the public key beside it.
const CONTEXT: &[u8] = b"deadwax/account/1";
/// More than this is no cost that this program ever chose: the database is damaged.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;

/// What one derivation costs, whoever makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Log2 of the cost of scrypt, for keys that leave the node. 16 takes 64 MiB.
    pub scrypt_log_n: u8,
}

impl Cost {
    /// The second recommendation of RFC 9106 (section 4) but with one lane, since a node has few cores:
    /// 64 MiB, three passes.
    pub const FULL: Self = Self { memory_kib: 64 * 1024, passes: 3, scrypt_log_n: 16 };
    /// For tests that make many accounts.
    #[cfg(test)]
    pub const LIGHT: Self = Self { memory_kib: 64, passes: 1, scrypt_log_n: 4 };
}

/// Why a key could not be encrypted or opened at all; a wrong passphrase is none of these.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The derivation cannot be made with what is stored.
    #[error("a passphrase cannot be worked on: {0}")]
    Derivation(argon2::Error),
    /// The cipher refused, which it does not for 32 bytes.
    #[error("a key cannot be encrypted")]
    Cipher,
}

/// Encrypts a secret key.
///
/// # Errors
/// See [`SealError`].
pub fn seal(
    secret: &[u8; 32],
    author: &AuthorKey,
    passphrase: &str,
    cost: Cost,
) -> Result<Sealed, SealError> {
    let mut sealed = Sealed {
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        salt: [0; 16],
        nonce: [0; 24],
        text: [0; 48],
    };
    getrandom::fill(&mut sealed.salt)?;
    getrandom::fill(&mut sealed.nonce)?;
    let cipher = cipher(&sealed, passphrase)?;
    let aad = context(author);
    let text = cipher.encrypt(XNonce::from_slice(&sealed.nonce), Payload { msg: secret, aad: &aad });
    sealed.text = text.ok().and_then(|text| text.try_into().ok()).ok_or(SealError::Cipher)?;
    Ok(sealed)
}

/// Opens a secret key; `None` if the passphrase is another one.
///
/// # Errors
/// See [`SealError`].
pub fn open(
    sealed: &Sealed,
    author: &AuthorKey,
    passphrase: &str,
) -> Result<Option<Zeroizing<[u8; 32]>>, SealError> {
    let cipher = cipher(sealed, passphrase)?;
    let aad = context(author);
    let payload = Payload { msg: &sealed.text, aad: &aad };
    let Ok(plain) = cipher.decrypt(XNonce::from_slice(&sealed.nonce), payload).map(Zeroizing::new) else {
        return Ok(None);
    };
    let Ok(secret) = <[u8; 32]>::try_from(plain.as_slice()).map(Zeroizing::new) else { return Ok(None) };
    // What is signed with it must count for the key that is shown.
    Ok((Identity::from_secret(*secret).author() == *author).then_some(secret))
}

/// Something that takes as long to open as any account, and that no passphrase opens.
///
/// # Errors
/// The system has no random numbers.
pub fn unopenable(cost: Cost) -> Result<Sealed, SealError> {
    let mut sealed = Sealed {
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        salt: [0; 16],
        nonce: [0; 24],
        text: [0; 48],
    };
    getrandom::fill(&mut sealed.salt)?;
    getrandom::fill(&mut sealed.text)?;
    Ok(sealed)
}

fn context(author: &AuthorKey) -> Vec<u8> {
    [CONTEXT, &author.0].concat()
}

fn cipher(sealed: &Sealed, passphrase: &str) -> Result<XChaCha20Poly1305, SealError> {
    if sealed.memory_kib > MAX_MEMORY_KIB || sealed.passes > MAX_PASSES {
        return Err(SealError::Derivation(argon2::Error::MemoryTooMuch));
    }
    let params = Params::new(sealed.memory_kib, sealed.passes, 1, Some(32)).map_err(SealError::Derivation)?;
    let mut blocks = Zeroizing::new(Blocks(vec![Block::default(); params.block_count()]));
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.as_bytes(), &sealed.salt, key.as_mut(), &mut blocks.0)
        .map_err(SealError::Derivation)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

/// Memory of a derivation. Its last block leads to the key, so it is wiped.
struct Blocks(Vec<Block>);

impl Zeroize for Blocks {
    fn zeroize(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_passphrase_opens_a_key_and_only_beside_its_public_one() {
        let secret = [7; 32];
        let author = Identity::from_secret(secret).author();
        let sealed = seal(&secret, &author, "low water at nine", Cost::LIGHT).unwrap();
        assert_eq!(open(&sealed, &author, "low water at nine").unwrap().as_deref(), Some(&secret));
        assert!(open(&sealed, &author, "low water at ten").unwrap().is_none());
        assert!(open(&sealed, &AuthorKey([1; 32]), "low water at nine").unwrap().is_none());
        for change in [
            |sealed: &mut Sealed| sealed.text[0] ^= 1,
            |sealed: &mut Sealed| sealed.salt[0] ^= 1,
            |sealed: &mut Sealed| sealed.nonce[0] ^= 1,
            |sealed: &mut Sealed| sealed.passes += 1,
        ] {
            let mut other = sealed.clone();
            change(&mut other);
            assert!(open(&other, &author, "low water at nine").unwrap().is_none());
        }
        let again = seal(&secret, &author, "low water at nine", Cost::LIGHT).unwrap();
        assert_ne!((again.salt, again.nonce), (sealed.salt, sealed.nonce));
        assert!(open(&unopenable(Cost::LIGHT).unwrap(), &author, "").unwrap().is_none());
    }

    #[test]
    fn a_cost_beyond_reason_is_not_paid() {
        let mut sealed = unopenable(Cost::LIGHT).unwrap();
        sealed.memory_kib = u32::MAX;
        assert!(open(&sealed, &AuthorKey([1; 32]), "x").is_err());
    }

    /// With the cost that accounts have.
    #[test]
    fn the_full_cost_takes_the_memory_that_it_says() {
        let author = Identity::from_secret([7; 32]).author();
        let sealed = seal(&[7; 32], &author, "low water at nine", Cost::FULL).unwrap();
        assert_eq!((sealed.memory_kib, sealed.passes), (65_536, 3));
        assert!(open(&sealed, &author, "low water at nine").unwrap().is_some());
    }
}
