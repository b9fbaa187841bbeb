use super::*;
use proptest::prelude::*;

fn credit() -> impl Strategy<Value = Vec<Credited>> {
    let part = (prop::option::of(1..u128::MAX), "[^\\x00]{0,12}", "[^\\x00]{0,3}").prop_map(
        |(artist, name, join_phrase)| Credited { artist: artist.map(Uuid::from_u128), name, join_phrase },
    );
    prop::collection::vec(part, 0..4)
}

fn track(credits: Vec<Vec<Credited>>) -> impl Strategy<Value = Track> {
    let parts = (
        prop_oneof![1..40_u32, any::<u32>()],
        prop::option::of("[^\\x00]{1,4}"),
        "[^\\x00]{0,40}",
        prop::option::of(0..u32::MAX),
        prop::option::of(1..u128::MAX),
        prop::sample::select(credits),
    );
    parts.prop_map(|(position, number, title, length_ms, recording, credit)| Track {
        position,
        number: number.unwrap_or_else(|| position.to_string()),
        title,
        length_ms,
        recording: recording.map(Uuid::from_u128),
        credit,
    })
}

fn media() -> impl Strategy<Value = Vec<Medium>> {
    prop::collection::vec(credit(), 1..4).prop_flat_map(|credits| {
        let tracks = prop::collection::vec(track(credits), 0..20);
        let medium = (any::<u32>(), tracks).prop_map(|(position, tracks)| Medium {
            position,
            format: None,
            title: None,
            tracks,
        });
        prop::collection::vec(medium, 0..4)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(media in media()) {
        let row = write(&media).unwrap();
        prop_assert_eq!(decode(&row), Some(media.clone()));
        let expected: Vec<_> = media.iter().flat_map(|medium| &medium.tracks)
            .map(|track| track.recording.unwrap_or_default()).collect();
        prop_assert_eq!(recordings(&row).unwrap().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn damaged_rows_never_panic(media in media(), place: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut row = write(&media).unwrap();
        let place = place.index(row.len());
        row[place] = byte;
        let _ = (decode(&row), recordings(&row).map(Iterator::count));
        row.truncate(cut.index(row.len() + 1));
        let _ = (decode(&row), recordings(&row).map(Iterator::count));
    }

    #[test]
    fn arbitrary_rows_never_panic(row in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (decode(&row), recordings(&row).map(Iterator::count));
    }
}

#[test]
fn a_usual_track_has_few_bytes_beside_its_mbid_and_title() {
    let track = |position| Track {
        position,
        number: position.to_string(),
        title: format!("Ebb {position}"),
        length_ms: Some(210_000),
        recording: Some(Uuid::from_u128((u128::MAX / 3).wrapping_mul(u128::from(position)))),
        credit: Vec::new(),
    };
    let tracks: Vec<_> = (1..13).map(track).collect();
    let row = write(&[Medium { position: 1, format: None, title: None, tracks }]).unwrap();
    assert!(row.len() < 12 * (16 + 3 + 7 + 1) + 10, "{}", row.len());
}
