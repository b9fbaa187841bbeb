//! The signature rule of heads against RFC 8032 and two public collections.

use crate::rfc8032::EXAMPLES;
use crate::{corpus, hex, list, text};
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::head::HeadError;
use deadwax_index::entry::signature::verify_signature;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;

fn check(public: &str, message: &[u8], signature: &[u8]) -> Result<(), HeadError> {
    let signature = signature.try_into().map_err(|_| HeadError::Signature)?;
    verify_signature(&public.parse::<AuthorKey>().unwrap(), message, signature)
}

#[test]
fn rfc_8032_section_7_1() {
    for example in &EXAMPLES {
        let (message, signature) = (hex(example.message), hex(example.signature));
        let key = SigningKey::from_bytes(&hex(example.secret).try_into().unwrap());
        assert_eq!(key.verifying_key().to_bytes()[..], hex(example.public), "{}", example.name);
        assert_eq!(key.sign(&message).to_bytes()[..], signature, "{}", example.name);
        assert_eq!(check(example.public, &message, &signature), Ok(()), "{}", example.name);
        for at in 0..64 {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(check(example.public, &message, &changed).is_err(), "{}, byte {at}", example.name);
        }
        let other = [&message[..], &[0]].concat();
        assert_eq!(check(example.public, &other, &signature), Err(HeadError::Signature), "{}", example.name);
    }
}

#[test]
fn wycheproof() {
    let Some(path) = corpus("vectors/ed25519/wycheproof_ed25519_test.json") else { return };
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    // Cases in which the rule of heads and Wycheproof's verdict differ. There are none.
    let different: &[u64] = &[];
    let (mut valid, mut invalid) = (0, 0);
    for group in list(&file, "testGroups") {
        for test in list(group, "tests") {
            let id = test["tcId"].as_u64().unwrap();
            let verdict =
                check(text(&group["publicKey"], "pk"), &hex(text(test, "msg")), &hex(text(test, "sig")));
            let wanted = match text(test, "result") {
                "valid" => true,
                "invalid" => false,
                other => panic!("test {id} has the verdict {other}"),
            };
            assert_eq!(verdict.is_ok(), wanted != different.contains(&id), "test {id}: {}", test["comment"]);
            *(if wanted { &mut valid } else { &mut invalid }) += 1;
        }
    }
    assert_eq!(valid + invalid, file["numberOfTests"].as_u64().unwrap());
    println!("{valid} valid and {invalid} invalid signatures");
}

/// Each line: secret and public key, public key, message, signature and message.
#[test]
fn djb_sign_input() {
    let Some(path) = corpus("vectors/ed25519/rfc8032-djb-sign-input_TESTVECTORS.txt") else { return };
    let file = std::fs::read_to_string(path).unwrap();
    for (number, line) in (1..).zip(file.lines()) {
        let fields: Vec<&str> = line.split(':').collect();
        let (secret, public, message) = (hex(fields[0]), fields[1], hex(fields[2]));
        let signature = &hex(fields[3])[..64];
        let key = SigningKey::from_bytes(secret[..32].try_into().unwrap());
        assert_eq!(key.sign(&message).to_bytes()[..], *signature, "line {number}");
        assert_eq!(check(public, &message, signature), Ok(()), "line {number}");
    }
    assert_eq!(file.lines().count(), 128);
}

/// A head has another protected header than the examples of COSE, so only what is signed can be
/// compared: their bytes verify under the rule of heads.
#[test]
fn cose_eddsa_example() {
    let Some(path) = corpus("vectors/cose/eddsa-sig-01.json") else { return };
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let public = text(&file["input"]["sign0"]["key"], "x_hex");
    let message = hex(text(&file["intermediates"], "ToBeSign_hex"));
    let whole = hex(text(&file["output"], "cbor"));
    assert_eq!(check(public, &message, &whole[whole.len() - 64..]), Ok(()));
    let refused = deadwax_index::entry::VerifiedHead::verify(&whole);
    assert_eq!(refused, Err(HeadError::Form), "a COSE_Sign1 of another form is no head");
}
