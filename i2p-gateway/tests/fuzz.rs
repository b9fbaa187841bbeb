//! The decoders of foreign bytes in this crate, fuzzed: announces, reseed files, their certificates.
//!
//! The fuzzer is that of the index, with its environment variables; nothing else is shared.

#![allow(clippy::unwrap_used)]

#[path = "../../index/tests/fuzz/harness.rs"]
mod harness;
#[path = "../../index/tests/fuzz/mutate.rs"]
mod mutate;

use std::io::{Cursor, Write as _};

use data_encoding::BASE64;
use deadwax_i2p_gateway::MAX_SEEDS;
use deadwax_i2p_gateway::reseed::{
    Certificate, CertificateError, MAX_CERTIFICATE_BYTES, MAX_RESEED_BYTES, ReseedError, open, open_su3,
    open_zip,
};
use deadwax_i2p_gateway::tracker::{MAX_QUERY_BYTES, MAX_REPLY_MEMBERS, Tracker, TrackerConfig};
use deadwax_i2p_router::MAX_ROUTER_INFO_BYTES;
use harness::{Reached, Target, fuzz};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

// --- announces -------------------------------------------------------------------------------------

/// The last value of a parameter, read in the simplest way.
fn last<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut parameters = query.split(['&', '?']).filter_map(|parameter| parameter.split_once('='));
    parameters.rfind(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Percent signs with two hexadecimal digits become bytes; others stay.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits =
            digits.filter(|digits| *first == b'%' && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        bytes.push(digits.map_or(*first, |digits| u8::from_str_radix(digits, 16).unwrap()));
        rest = if digits.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// The 32-byte members of a reply; `None` for a refusal. Panics if it is neither.
fn members(reply: &[u8]) -> Option<Vec<[u8; 32]>> {
    let refusals = ["the query is too long", "info_hash is missing", "info_hash must be 20 bytes"];
    let refusal = |reason: &&str| reply == format!("d14:failure reason{}:{reason}e", reason.len()).as_bytes();
    if refusals.iter().any(refusal) {
        return None;
    }
    let mut rest = reply.strip_prefix(b"d").unwrap();
    for key in ["8:completei", "10:incompletei", "8:intervali"] {
        rest = rest.strip_prefix(key.as_bytes()).unwrap();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        assert!(digits > 0);
        rest = rest[digits..].strip_prefix(b"e").unwrap();
    }
    let rest = rest.strip_prefix(b"5:peers").and_then(|rest| rest.strip_suffix(b"e")).unwrap();
    let colon = rest.iter().position(|byte| *byte == b':').unwrap();
    let (members, odd) = rest[colon + 1..].as_chunks::<32>();
    assert!(odd.is_empty() && rest[..colon] == *(members.len() * 32).to_string().as_bytes());
    Some(members.to_vec())
}

#[test]
fn announces() {
    let hash = "%f7%07%9C%66%cc%a0%2a%b4%59%34%b9%86%85%72%06%00%10%df%c9%7e";
    let seeds = texts(&[
        &format!(
            "info_hash={hash}&peer_id=-XX20280-abcdefghijkl&port=6881&left=1&compact=1&event=started&numwant=24"
        ),
        "info_hash=aaaaaaaaaaaaaaaaaaaa&ip=AAAA~-xyz.i2p&uploaded=0&downloaded=0&left=0&event=completed&numwant=-1",
        "x=1?info_hash=abcdefghij%2bklmno+~-_&event=stopped",
        &format!("info_hash={hash}&info_hash=short&numwant=0"),
        &format!("info_hash=aaaaaaaaaaaaaaaaaaaa&ip={}", "A".repeat(MAX_QUERY_BYTES)),
    ]);
    let tokens = "&|?|=|%|%00|%3D|+|&info_hash=|aaaaaaaaaaaaaaaaaaaa|\
        &numwant=|&left=0|&event=stopped|&event=|18446744073709551616|\u{e9}"
        .as_bytes();
    let target = Target { name: "announces", seeds, tokens, ..Target::default() };
    let tracker = Tracker::new(TrackerConfig::default());
    // A different member each time, so that swarms fill.
    let turn = std::cell::Cell::new(0_u64);
    fuzz(&target, |bytes| {
        let query = String::from_utf8_lossy(bytes);
        let now_secs = turn.replace(turn.get() + 1);
        let mut member = [7; 32];
        member[..2].copy_from_slice(&now_secs.to_be_bytes()[6..]);
        let others = members(&tracker.announce(&query, member, now_secs));
        if query.len() > MAX_QUERY_BYTES {
            assert_eq!(others, None);
            return Reached::Door;
        }
        let Some(infohash) = last(&query, "info_hash").map(unescaped) else {
            assert_eq!(others, None);
            return Reached::Door;
        };
        assert_eq!(others.is_some(), infohash.len() == 20);
        let (Some(others), Ok(hash)) = (others, infohash.try_into()) else { return Reached::Inside };
        let wanted =
            last(&query, "numwant").and_then(|number| number.parse().ok()).unwrap_or(MAX_REPLY_MEMBERS);
        assert!(others.len() <= wanted.min(MAX_REPLY_MEMBERS));
        assert!(!others.contains(&member), "a client was told of itself");
        let health = tracker.health(&hash, now_secs);
        if last(&query, "event") != Some("stopped") {
            let health = health.expect("a swarm with this member");
            assert_eq!(health.last_announce_age_secs, 0);
            assert!(health.seeders > 0 || last(&query, "left") != Some("0"));
        }
        Reached::End
    });
    let stats = tracker.stats(turn.get());
    assert!(stats.members >= stats.hashes && stats.hashes > 0, "{stats:?}");
}

// --- reseed files ----------------------------------------------------------------------------------

const GOOD: &[u8] = include_bytes!("../src/reseed/fixtures/good.su3");
const WRONG: &[u8] = include_bytes!("../src/reseed/fixtures/wrong.su3");
const SIGNER: &[u8] = include_bytes!("../src/reseed/fixtures/signer.crt");

fn zip_of(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Magics and fields of zip's records.
const ZIP_TOKENS: &[u8] = b"PK\x03\x04|PK\x01\x02|PK\x05\x06|PK\x06\x06|PK\x06\x07|PK\x07\x08|\
    routerInfo-a.dat|\x01\x00\x10\x00|\xff\xff\xff\xff|\xff\xff|\x08\x00|../|/";

/// What is true of RouterInfos, wherever they come from.
fn check_infos(file: &[u8], infos: &[Vec<u8>]) {
    assert!((1..=MAX_SEEDS).contains(&infos.len()));
    assert!(infos.iter().all(|info| info.len() <= MAX_ROUTER_INFO_BYTES));
    assert!(infos.iter().map(Vec::len).sum::<usize>() <= 16 * file.len(), "it inflates too much");
}

#[test]
fn reseed_zips() {
    let files: [(&str, &[u8]); 4] = [
        ("routerInfo-a.dat", &[7; 90]),
        ("netDb/r4/routerInfo-b.dat", b"RouterInfo of nobody. "),
        ("routerInfo-c.txt", b"no"),
        ("netDb/", b""),
    ];
    let seeds = vec![
        zip_of(&files, CompressionMethod::Stored),
        zip_of(&files, CompressionMethod::Deflated),
        zip_of(&files[..1], CompressionMethod::Deflated),
        zip_of(&[("routerInfo-x.dat", b"x")], CompressionMethod::Stored),
        zip_of(&[], CompressionMethod::Stored),
    ];
    let target = Target { name: "reseed_zips", seeds, tokens: ZIP_TOKENS, ..Target::default() };
    fuzz(&target, |bytes| {
        let result = open_zip(bytes);
        if bytes.starts_with(b"PK\x03\x04") {
            assert_eq!(open(bytes, &[]), result);
        }
        match result {
            Ok(infos) => {
                check_infos(bytes, &infos);
                Reached::End
            }
            Err(ReseedError::Zip { .. }) => Reached::Door,
            Err(_) => Reached::Inside,
        }
    });
}

#[test]
fn reseed_su3_files() {
    let seeds = vec![GOOD.to_vec(), WRONG.to_vec(), GOOD[..GOOD.len() - 512].to_vec()];
    let tokens = b"I2Psu3|\x00\x06|\x02\x00|PK\x03\x04|seeds@example.test";
    let target = Target { name: "reseed_su3_files", seeds, tokens, ..Target::default() };
    let trusted = [Certificate::from_pem(SIGNER).unwrap()];
    let expected = open_su3(GOOD, &trusted).unwrap();
    fuzz(&target, |bytes| {
        assert!(open_su3(bytes, &[]).is_err(), "nobody signed it");
        match open_su3(bytes, &trusted) {
            Ok(infos) => {
                // Bytes 6, 12 and the like are unused, but signed all the same.
                assert!(bytes == GOOD && bytes.len() <= MAX_RESEED_BYTES);
                assert_eq!(infos, expected);
                check_infos(bytes, &infos);
                assert_eq!(open(bytes, &trusted), Ok(infos));
                Reached::End
            }
            Err(ReseedError::NotReseed | ReseedError::Damaged) => Reached::Door,
            Err(error) => {
                assert!(!error.to_string().contains(char::is_control), "{error:?}");
                Reached::Inside
            }
        }
    });
}

/// DER in the PEM form (RFC 7468).
fn pem(der: &[u8]) -> Vec<u8> {
    let base64 = BASE64.encode(der);
    let lines: String =
        base64.as_bytes().chunks(64).map(|line| format!("{}\n", line.escape_ascii())).collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n").into_bytes()
}

/// As PEM and, so that the changes get further, as the DER in it.
#[test]
fn reseed_certificates() {
    let lines: Vec<u8> = SIGNER
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b"-"))
        .flatten()
        .copied()
        .collect();
    let der = BASE64.decode(&lines).unwrap();
    let seeds = vec![SIGNER.to_vec(), der.clone(), der];
    let target = Target { name: "reseed_certificates", seeds, ..Target::default() };
    fuzz(&target, |bytes| {
        let pem = if bytes.starts_with(b"-----") { bytes.to_vec() } else { pem(bytes) };
        match Certificate::from_pem(&pem) {
            Ok(certificate) => {
                assert!(pem.len() <= MAX_CERTIFICATE_BYTES);
                assert!(certificate.signer().len() < pem.len());
                Reached::End
            }
            Err(CertificateError::TooLarge { .. } | CertificateError::Form { .. }) => Reached::Door,
            Err(_) => Reached::Inside,
        }
    });
}
