use super::*;
use proptest::prelude::*;

/// The pairs as a table that `write` would make, and what is found in it.
fn found(form: Form, pairs: &[(u32, u32)], bits: u32) -> Vec<i64> {
    let (bucket, rest) = form.split(bits);
    let of_bucket: Vec<_> = pairs
        .iter()
        .map(|(bits, release_no)| (form.split(*bits), *release_no))
        .filter(|((of, _), _)| *of == bucket)
        .map(|((_, rest), release_no)| (rest, release_no))
        .collect();
    form.find(&form.pack(&of_bucket), rest).unwrap()
}

proptest! {
    #[test]
    fn what_is_packed_is_found(
        mut pairs in prop::collection::vec((prop_oneof![0..20_u32, any::<u32>()], 0..u32::MAX), 1..80),
        bucket_bits in 0..=MAX_BUCKET_BITS,
    ) {
        pairs.sort_unstable();
        pairs.dedup();
        let last = pairs.iter().map(|(_, release_no)| *release_no).max().unwrap();
        let form = Form { bucket_bits, ..Form::of(1, last) };
        for (bits, _) in &pairs {
            let expected: Vec<i64> =
                pairs.iter().filter(|(other, _)| other == bits).map(|(_, no)| i64::from(*no)).collect();
            prop_assert_eq!(found(form, &pairs, *bits), expected);
        }
    }

    #[test]
    fn damaged_buckets_never_panic(entries in prop::collection::vec(any::<u8>(), 0..80), rest: u32, bytes in 1_i64..5) {
        let _ = Form::new(Some(3), Some(bytes)).unwrap().find(&entries, rest);
    }
}

#[test]
fn release_numbers_have_as_many_bytes_as_they_need() {
    for (last, bytes) in [(0, 1), (255, 1), (256, 2), (65_535, 2), (5_700_000, 3), (u32::MAX, 4)] {
        assert_eq!(Form::of(1, last).release_no_bytes, bytes, "{last}");
    }
}

#[test]
fn parts_are_sorted_whether_they_fit_into_memory_or_not() {
    let spool = tempfile::tempfile().unwrap();
    let mut parts = Parts::new(&spool);
    // All in few parts, so that these have several chunks.
    let pairs: Vec<(u32, u32)> =
        (0..20_000_u32).map(|n| (n.wrapping_mul(7_919) << 12 >> 4, n % 5_000)).collect();
    for (bits, release_no) in &pairs {
        parts.put(*bits, *release_no).unwrap();
    }
    assert!(parts.written_bytes > 0);
    let mut all = Vec::new();
    for part in 0..1 << PART_BITS {
        all.extend(parts.sorted(part).unwrap());
    }
    let mut expected = pairs;
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(all, expected);
}
