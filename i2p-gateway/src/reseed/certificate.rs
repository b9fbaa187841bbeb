//! Who may sign reseed files: the X.509 certificates of the operators of reseed servers.
//!
//! A certificate is trusted because it is listed here or in a network's file. No chain is followed and its
//! own signature says nothing: it is a name, a key and a date.

use std::sync::LazyLock;
use std::time::SystemTime;

use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::pem::{self, PemLabel as _};
use x509_cert::der::referenced::OwnedToRef as _;
use x509_cert::der::{self, Decode as _};

/// Largest certificate file looked at; real ones have 2 KiB.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// Bytes in the modulus of the only kind of key that reseed files are signed with.
const MODULUS_BYTES: usize = 512;

/// `commonName` (RFC 5280 appendix A.1); it holds the signer id.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Those of the public network; `reseed-certificates/README.md` tells where they are from.
const PUBLIC: [&[u8]; 14] = [
    include_bytes!("../../reseed-certificates/acetone_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/admin_at_stormycloud.org.crt"),
    include_bytes!("../../reseed-certificates/creativecowpat_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/diyarciftci_at_protonmail.com.crt"),
    include_bytes!("../../reseed-certificates/echelon3_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/hankhill19580_at_gmail.com.crt"),
    include_bytes!("../../reseed-certificates/i2p-reseed_at_mk16.de.crt"),
    include_bytes!("../../reseed-certificates/igor_at_novg.net.crt"),
    include_bytes!("../../reseed-certificates/lazygravy_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/orignal_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/r4sas-reseed_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/rambler_at_mail.i2p.crt"),
    include_bytes!("../../reseed-certificates/reseed_at_diva.exchange.crt"),
    include_bytes!("../../reseed-certificates/sahil_at_mail.i2p.crt"),
];

/// Somebody who may sign reseed files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    signer: String,
    key: RsaPublicKey,
    expires: SystemTime,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Larger than any certificate.
    #[error("it is {size_bytes} bytes long; a certificate has at most {max_bytes}", max_bytes = MAX_CERTIFICATE_BYTES)]
    TooLarge {
        /// As given.
        size_bytes: usize,
    },
    /// Not X.509 as PEM.
    #[error("it is no X.509 certificate in PEM form: {detail}")]
    Form {
        /// What the parser says.
        detail: String,
    },
    /// Not exactly one common name.
    #[error("it must have one common name, the id of the signer")]
    Name,
    /// A key that no reseed file is signed with.
    #[error("its key must be RSA with 4096 bits")]
    Key,
}

impl Certificate {
    /// Reads a certificate: X.509, PEM, an RSA key of 4096 bits, the signer id as its only common name.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        if pem.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge { size_bytes: pem.len() });
        }
        let parsed = x509(pem).map_err(|error| CertificateError::Form { detail: error.to_string() })?;
        let body = &parsed.tbs_certificate;
        let names = body.subject.0.iter().flat_map(|part| part.0.iter());
        let mut names = names.filter(|name| name.oid == COMMON_NAME);
        let (Some(name), None) = (names.next(), names.next()) else { return Err(CertificateError::Name) };
        // All string types that occur here hold ASCII as it is.
        let signer = std::str::from_utf8(name.value.value()).map_err(|_| CertificateError::Name)?;
        let key = RsaPublicKey::try_from(body.subject_public_key_info.owned_to_ref())
            .map_err(|_| CertificateError::Key)?;
        if key.size() != MODULUS_BYTES {
            return Err(CertificateError::Key);
        }
        let expires = SystemTime::UNIX_EPOCH + body.validity.not_after.to_unix_duration();
        Ok(Self { signer: signer.to_owned(), key, expires })
    }

    /// The signer id, as su3 files name it (`somebody@mail.i2p`).
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.signer
    }

    pub(super) fn key(&self) -> &RsaPublicKey {
        &self.key
    }

    pub(super) fn expires(&self) -> SystemTime {
        self.expires
    }
}

#[cfg(test)]
impl Certificate {
    /// The same key under another name.
    pub(super) fn renamed(mut self, signer: &str) -> Self {
        self.signer = signer.to_owned();
        self
    }
}

/// In two steps, because `der`'s own way from PEM never comes back from one that is cut short.
fn x509(pem: &[u8]) -> der::Result<x509_cert::Certificate> {
    let (label, der) = pem::decode_vec(pem)?;
    x509_cert::Certificate::validate_pem_label(label)?;
    x509_cert::Certificate::from_der(&der)
}

/// The certificates of the public network's reseed servers.
#[must_use]
pub fn certificates() -> &'static [Certificate] {
    static PARSED: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
        let parse = |pem: &&[u8]| Certificate::from_pem(pem).expect("a test reads every one of them");
        PUBLIC.iter().map(parse).collect()
    });
    &PARSED
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_published_certificate_is_built_in_under_its_signers_id() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/reseed-certificates");
        let names =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut ids: Vec<_> =
            names.filter_map(|name| Some(name.strip_suffix(".crt")?.replace("_at_", "@"))).collect();
        let mut signers: Vec<_> =
            certificates().iter().map(|certificate| certificate.signer().to_owned()).collect();
        ids.sort();
        signers.sort();
        assert_eq!(ids, signers);
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert!(matches!(Certificate::from_pem(b""), Err(CertificateError::Form { .. })));
        assert!(matches!(
            Certificate::from_pem(b"-----BEGIN CERTIFICATE-----\n"),
            Err(CertificateError::Form { .. })
        ));
        let large = vec![b'\n'; MAX_CERTIFICATE_BYTES + 1];
        assert!(matches!(Certificate::from_pem(&large), Err(CertificateError::TooLarge { .. })));
        let mut damaged = PUBLIC[0].to_vec();
        damaged[400] = b'!';
        assert!(matches!(Certificate::from_pem(&damaged), Err(CertificateError::Form { .. })));
    }

    #[test]
    fn a_certificate_that_is_cut_short_is_answered() {
        for base64 in ["MA==", "MIIB", "MIIFfTCCA2WgAwIBAgIE"] {
            let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
            let result = Certificate::from_pem(pem.as_bytes());
            assert!(matches!(result, Err(CertificateError::Form { .. })), "{base64}: {result:?}");
        }
    }
}
