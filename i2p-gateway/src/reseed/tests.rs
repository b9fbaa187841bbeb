//! Each rule with a file that breaks it. `fixtures/README.md` tells how those were made.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write as _};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::launch::MAX_SEEDS;

const GOOD: &[u8] = include_bytes!("fixtures/good.su3");
const WRONG: &[u8] = include_bytes!("fixtures/wrong.su3");

const SIGNER: &str = "seeds@example.test";

/// An entry of a zip's directory begins with it.
const DIRECTORY_MAGIC: &[u8] = b"PK\x01\x02";

fn trusted() -> Vec<Certificate> {
    vec![Certificate::from_pem(include_bytes!("fixtures/signer.crt")).unwrap()]
}

fn changed(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = GOOD.to_vec();
    bytes[at] = byte;
    bytes
}

fn zip_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>, method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn one_file(content: &[u8]) -> Vec<u8> {
    zip_of([("routerInfo-a.dat", content)], CompressionMethod::Deflated)
}

/// Changes a zip at `offset` of its directory's first entry (APPNOTE.TXT section 4.3.12).
fn with_directory(mut zip: Vec<u8>, offset: usize, new: &[u8]) -> Vec<u8> {
    let entry = zip.windows(4).position(|bytes| bytes == DIRECTORY_MAGIC).unwrap();
    zip[entry + offset..][..new.len()].copy_from_slice(new);
    zip
}

#[test]
fn a_signed_file_opens() {
    let mut infos = open_su3(GOOD, &trusted()).unwrap();
    infos.sort();
    let expected: Vec<_> = (1..=3).map(|n| format!("RouterInfo number {n}, of nobody. ").repeat(4)).collect();
    assert_eq!(infos, expected.iter().map(|info| info.as_bytes()).collect::<Vec<_>>());
    assert_eq!(open(GOOD, &trusted()).unwrap().len(), 3);
}

#[test]
fn no_byte_of_a_signed_file_can_be_changed() {
    let trusted = trusted();
    for (at, byte) in GOOD.iter().enumerate() {
        assert!(open_su3(&changed(at, byte ^ 0x10), &trusted).is_err(), "byte {at}");
    }
}

#[test]
fn a_signed_file_has_exactly_its_length() {
    let trusted = trusted();
    for length in 0..GOOD.len() {
        let error = open_su3(&GOOD[..length], &trusted).unwrap_err();
        let expected = if length < 6 { ReseedError::NotReseed } else { ReseedError::Damaged };
        assert_eq!(error, expected, "{length} bytes");
    }
    assert_eq!(open_su3(&[GOOD, &[0]].concat(), &trusted), Err(ReseedError::Damaged));
    let endless = [&GOOD[..16], &[0xff; 8], &GOOD[24..]].concat();
    assert_eq!(open_su3(&endless, &trusted), Err(ReseedError::Damaged));
}

#[test]
fn the_signer_must_be_known_and_must_have_signed() {
    let signer = || SIGNER.to_owned();
    assert_eq!(open_su3(WRONG, &trusted()), Err(ReseedError::BadSignature { signer: signer() }));
    assert_eq!(open_su3(GOOD, &[]), Err(ReseedError::UnknownSigner { signer: signer() }));
    assert_eq!(open_su3(GOOD, certificates()), Err(ReseedError::UnknownSigner { signer: signer() }));
}

#[test]
fn one_of_two_certificates_of_a_signer_is_enough() {
    let (old, new) = (certificates()[0].clone().renamed(SIGNER), trusted().remove(0));
    assert!(open_su3(GOOD, &[old.clone(), new]).is_ok());
    assert!(matches!(open_su3(GOOD, &[old]), Err(ReseedError::BadSignature { .. })));
}

#[test]
fn an_expired_certificate_is_no_longer_good() {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let at = |now| su3::verify(GOOD, &trusted(), now).map(|_| ());
    assert_eq!(at(SystemTime::UNIX_EPOCH + 150 * year), Ok(()));
    let expired = ReseedError::Expired { signer: SIGNER.to_owned() };
    assert_eq!(at(SystemTime::UNIX_EPOCH + 160 * year), Err(expired));
}

#[test]
fn other_forms_of_su3_are_told_apart() {
    let trusted = trusted();
    let refused = |at, byte| open_su3(&changed(at, byte), &trusted).unwrap_err();
    assert_eq!(refused(0, b'i'), ReseedError::NotReseed);
    assert_eq!(refused(7, 1), ReseedError::UnknownForm { field: "format", value: 1 });
    assert_eq!(refused(9, 3), ReseedError::UnknownForm { field: "signature type", value: 3 });
    assert_eq!(refused(11, 40), ReseedError::UnknownForm { field: "signature length", value: 552 });
    assert_eq!(refused(25, 1), ReseedError::OtherContent);
    assert_eq!(refused(27, 4), ReseedError::OtherContent);
    assert_eq!(refused(15, 0), ReseedError::Damaged);
}

#[test]
fn a_signers_name_that_is_no_text_is_not_repeated() {
    let at = 40 + usize::from(GOOD[13]);
    assert_eq!(open_su3(&changed(at, 0x1b), &trusted()), Err(ReseedError::Damaged));
}

#[test]
fn router_infos_are_found_in_any_folder_and_other_files_skipped() {
    let files: [(&str, &[u8]); 5] = [
        ("routerInfo-a.dat", b"one"),
        ("netDb/r4/routerInfo-b.dat", b"two"),
        ("routerInfo-c.txt", b"no"),
        ("router.info", b"no"),
        ("routerInfo-d.dat/notes", b"no"),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let zip = zip_of(files, method);
        assert_eq!(open_zip(&zip).unwrap(), [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(open(&zip, &[]).unwrap().len(), 2);
    }
}

#[test]
fn a_file_without_router_infos_is_refused() {
    assert_eq!(open_zip(&zip_of([], CompressionMethod::Stored)), Err(ReseedError::Empty));
    let other = zip_of([("readme.txt", b"hello".as_slice())], CompressionMethod::Stored);
    assert_eq!(open_zip(&other), Err(ReseedError::Empty));
}

#[test]
fn what_is_neither_su3_nor_zip_is_refused() {
    for bytes in [b"".as_slice(), b"I2P", b"<html>", b"PK\x05\x06"] {
        assert_eq!(open(bytes, &trusted()), Err(ReseedError::NotReseed));
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let large = [su3::MAGIC, &vec![0; MAX_RESEED_BYTES]].concat();
    let error = ReseedError::TooLarge { size_bytes: large.len() };
    assert_eq!(open_su3(&large, &trusted()), Err(error.clone()));
    assert_eq!(open_zip(&large), Err(error));
}

#[test]
fn too_many_files_are_refused() {
    let names: Vec<_> = (0..=MAX_SEEDS).map(|n| format!("routerInfo-{n}.dat")).collect();
    let files = names.iter().map(|name| (name.as_str(), b"x".as_slice()));
    let zip = zip_of(files.clone(), CompressionMethod::Stored);
    assert_eq!(open_zip(&zip), Err(ReseedError::TooManyFiles { count: MAX_SEEDS + 1, max: MAX_SEEDS }));
    assert_eq!(open_zip(&zip_of(files.skip(1), CompressionMethod::Stored)).unwrap().len(), MAX_SEEDS);
}

#[test]
fn a_router_info_that_is_too_large_is_refused_unread() {
    let max_bytes = deadwax_i2p_router::MAX_ROUTER_INFO_BYTES;
    let noise: Vec<_> =
        (0_u32..).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).take(max_bytes + 1).collect();
    assert_eq!(open_zip(&one_file(&noise[1..])).unwrap(), [&noise[1..]]);
    let size_bytes = noise.len() as u64;
    let error = ReseedError::RouterInfoTooLarge { size_bytes, max_bytes };
    assert_eq!(open_zip(&one_file(&noise)), Err(error));
    // The same for a size that is only claimed.
    let claimed = with_directory(one_file(b"small"), 24, &0xffff_fff0_u32.to_le_bytes());
    let error = ReseedError::RouterInfoTooLarge { size_bytes: 0xffff_fff0, max_bytes };
    assert_eq!(open_zip(&claimed), Err(error));
}

#[test]
fn a_zip_bomb_is_refused_unread() {
    let zeros = [0; 8 * 1024];
    let names: Vec<_> = (0..200).map(|n| format!("routerInfo-{n}.dat")).collect();
    let bomb =
        zip_of(names.iter().map(|name| (name.as_str(), zeros.as_slice())), CompressionMethod::Deflated);
    assert!(bomb.len() < 40_000, "{}", bomb.len());
    assert_eq!(open_zip(&bomb), Err(ReseedError::Inflates { size_bytes: 200 * 8 * 1024 }));
}

#[test]
fn a_zip_that_lies_or_is_damaged_is_refused() {
    let zip = one_file(&b"RouterInfo ".repeat(20));
    let refused = |zip: Vec<u8>| {
        let result = open_zip(&zip);
        assert!(matches!(result, Err(ReseedError::Zip { .. })), "{result:?}");
    };
    refused(with_directory(zip.clone(), 24, &219_u32.to_le_bytes()));
    refused(with_directory(zip.clone(), 24, &221_u32.to_le_bytes()));
    refused(with_directory(zip.clone(), 16, &7_u32.to_le_bytes()));
    // Encrypted; compressed in a way that nobody uses; somewhere else than it is.
    refused(with_directory(zip.clone(), 8, &1_u16.to_le_bytes()));
    refused(with_directory(zip.clone(), 10, &9_u16.to_le_bytes()));
    refused(with_directory(zip.clone(), 42, &5_u32.to_le_bytes()));
    for length in 0..zip.len() {
        assert!(open_zip(&zip[..length]).is_err(), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = open_zip(&bytes);
        let _ = Certificate::from_pem(&bytes);
        prop_assert!(open_su3(&bytes, &[]).is_err());
        prop_assert!(open_su3(&[su3::MAGIC, &bytes].concat(), &[]).is_err());
        let _ = open_zip(&[ZIP_MAGIC, &bytes].concat());
    }

    #[test]
    fn damaged_files_are_answered(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let files: [(&str, &[u8]); 2] = [("routerInfo-a.dat", &[7; 90]), ("b/routerInfo-b.dat", b"b")];
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let mut zip = zip_of(files, method);
            for (at, byte) in &changes {
                let at = at.index(zip.len());
                zip[at] = *byte;
            }
            let _ = open_zip(&zip);
            let _ = open_zip(&zip[..cut.index(zip.len())]);
        }
    }
}
