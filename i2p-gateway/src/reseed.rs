//! Reseed files: the first RouterInfos of a router that knows no other yet.
//!
//! Two forms. An **su3** file is what the operators of reseed servers hand out: a zip of RouterInfos with
//! their signature. A **zip** is unsigned; a person makes one from the netDb of a router that they trust, so
//! it is only for files that a person chose. Either way each RouterInfo carries the signature of the router
//! that it describes, and [`I2pGateway::seed`](crate::I2pGateway::seed) checks that; the signature of the
//! file says that the *choice* of routers is its signer's, not of somebody who would like to be all of them.
//!
//! Bytes to bytes. Fetching is not here: the node does it, through Tor.

mod archive;
mod certificate;
mod su3;

pub use certificate::{Certificate, CertificateError, MAX_CERTIFICATE_BYTES, certificates};

use std::time::SystemTime;

/// Largest file looked at. Reseed servers send 60 to 120 KiB; a zip of all routers that a busy router
/// knows is some MiB.
pub const MAX_RESEED_BYTES: usize = 8 * 1024 * 1024;

/// The first bytes of a zip file with anything in it (APPNOTE.TXT section 4.3.7).
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Opens an su3 file and returns the RouterInfos in it, uncompressed.
///
/// One of `certificates` must have signed it, and not have expired since.
///
/// # Errors
/// See [`ReseedError`]. Nothing of the content is looked at before the signature is found right.
pub fn open_su3(bytes: &[u8], certificates: &[Certificate]) -> Result<Vec<Vec<u8>>, ReseedError> {
    archive::router_infos(su3::verify(bytes, certificates, SystemTime::now())?)
}

/// Opens a zip file and returns the RouterInfos in it, uncompressed. There is no signature to check:
/// whoever hands over the file is trusted with the choice of routers.
///
/// # Errors
/// See [`ReseedError`].
pub fn open_zip(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ReseedError> {
    archive::router_infos(bytes)
}

/// Opens a file that the operator chose, of either form: [`open_su3`] or [`open_zip`], by its first bytes.
///
/// # Errors
/// See [`ReseedError`].
pub fn open(bytes: &[u8], certificates: &[Certificate]) -> Result<Vec<Vec<u8>>, ReseedError> {
    if bytes.starts_with(su3::MAGIC) {
        open_su3(bytes, certificates)
    } else if bytes.starts_with(ZIP_MAGIC) {
        open_zip(bytes)
    } else {
        Err(ReseedError::NotReseed)
    }
}

/// Why a reseed file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReseedError {
    /// Larger than [`MAX_RESEED_BYTES`].
    #[error("it is {size_bytes} bytes long; a reseed file has at most {max_bytes}", max_bytes = MAX_RESEED_BYTES)]
    TooLarge {
        /// As given.
        size_bytes: usize,
    },
    /// Neither su3 nor zip.
    #[error("it is no reseed file (su3 or zip)")]
    NotReseed,
    /// Its lengths do not add up.
    #[error("it is damaged or cut short")]
    Damaged,
    /// An su3 file of a form that is not known here.
    #[error("it is an su3 file of an unknown form ({field} {value})")]
    UnknownForm {
        /// Which field of the header.
        field: &'static str,
        /// What it says.
        value: u16,
    },
    /// An su3 file, but with an update or news in it.
    #[error("it is an su3 file, but holds something else than RouterInfos")]
    OtherContent,
    /// Signed by nobody who is known.
    #[error("its signer {signer} is not known")]
    UnknownSigner {
        /// Printable ASCII, at most 255 characters.
        signer: String,
    },
    /// Signed with a key that its owner no longer answers for.
    #[error("the certificate of its signer {signer} has expired")]
    Expired {
        /// As in the certificate.
        signer: String,
    },
    /// Not what its signer signed.
    #[error("its signature is wrong: it is not what {signer} signed")]
    BadSignature {
        /// Who is said to have signed it.
        signer: String,
    },
    /// The zip cannot be read.
    #[error("the zip in it cannot be read: {detail}")]
    Zip {
        /// What is wrong with it.
        detail: String,
    },
    /// More files in the zip than a router would take.
    #[error("the zip holds {count} files; at most {max} are taken")]
    TooManyFiles {
        /// As the zip says.
        count: usize,
        /// The most there can be.
        max: usize,
    },
    /// A file in the zip is too large for a RouterInfo.
    #[error("the zip holds a RouterInfo of {size_bytes} bytes; they have at most {max_bytes}")]
    RouterInfoTooLarge {
        /// As the zip says.
        size_bytes: u64,
        /// The most there can be.
        max_bytes: usize,
    },
    /// It would unpack to implausibly much.
    #[error("the zip would unpack to {size_bytes} bytes, implausibly many")]
    Inflates {
        /// As the zip says.
        size_bytes: u64,
    },
    /// No RouterInfo in it.
    #[error("there is no RouterInfo in it")]
    Empty,
}

#[cfg(test)]
mod tests;
