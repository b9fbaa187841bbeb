//! Whether the fuzzer finds what is wrong: decoders with a mistake in them, on purpose.

use std::time::Duration;

use crate::harness::{Failure, Reached, Target, run};

/// One byte that says how many follow, then those.
const SEED: &[u8] = b"\x05tidal";

fn target() -> Target {
    let max_execution = Duration::from_millis(50);
    Target { name: "self_check", seeds: vec![SEED.to_vec()], max_execution, ..Target::default() }
}

/// What is found within a few seconds, checked to be repeatable.
fn found(check: fn(&[u8]) -> Reached) -> Box<Failure> {
    println!("a mistake made on purpose:");
    let failure = run(&target(), check, 0, Duration::from_secs(5)).expect_err("nothing was found");
    let again = run(&target(), check, failure.seed, Duration::ZERO).expect_err("it is not found again");
    assert_eq!(again.input, failure.input);
    failure
}

fn read(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first()?;
    (rest.len() == usize::from(*length)).then_some(rest)
}

#[test]
fn a_sound_decoder_is_left_alone() {
    let check = |bytes: &[u8]| match read(bytes) {
        None => Reached::Door,
        Some(text) => {
            assert_eq!([&[text.len() as u8], text].concat(), bytes);
            Reached::End
        }
    };
    let report = run(&target(), check, 0, Duration::from_millis(100)).unwrap();
    assert!(report.executions > 1_000, "{report:?}");
    assert!(report.accepted > report.executions / 100, "{report:?}");
    assert!(report.accepted < report.executions, "{report:?}");
}

#[test]
fn a_panic_is_found() {
    // Trusts the length.
    let failure = found(|bytes| match bytes.split_first() {
        None => Reached::Door,
        Some((length, rest)) => {
            let _ = &rest[..usize::from(*length)];
            Reached::End
        }
    });
    assert!(failure.message.contains("out of range"), "{failure}");
    assert!(failure.to_string().contains("DEADWAX_FUZZ_INPUT="), "{failure}");
}

#[test]
fn a_second_reading_of_the_same_text_is_found() {
    // Ignores what follows after the end.
    let failure = found(|bytes| match bytes.split_first() {
        Some((length, rest)) if rest.len() >= usize::from(*length) => {
            let text = &rest[..usize::from(*length)];
            assert_eq!([&[*length], text].concat(), bytes, "does not come out as it went in");
            Reached::End
        }
        _ => Reached::Door,
    });
    assert!(failure.message.contains("does not come out"), "{failure}");
}

#[test]
fn a_missing_limit_is_found() {
    let failure = found(|bytes| {
        assert!(bytes.len() < 32 << 10, "too long");
        Reached::Inside
    });
    assert_eq!(failure.message, "too long");
}

#[test]
fn an_input_that_takes_too_long_is_found() {
    let failure = found(|bytes| {
        if bytes.len() > 64 {
            std::thread::sleep(Duration::from_millis(60));
        }
        Reached::Inside
    });
    assert!(failure.message.contains("it took 6"), "{failure}");
}
