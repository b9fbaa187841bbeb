//! Names as people write them, with invented music in them.

use super::*;

fn file(path: &str, size_bytes: u64) -> TorrentFile {
    TorrentFile { path: path.into(), size_bytes }
}

#[test]
fn a_rip_of_a_disc_says_all_about_itself() {
    let files = [
        file("01 - Ebb.flac", 30_000_000),
        file("02 - Slack Water.flac", 31_000_000),
        file("1999.flac", 9_000_000),
        file("rip.log", 9_000),
        file("album.cue", 900),
        file("cover.jpg", 80_000_000),
    ];
    let guess = Guess::of("The Salt Cartographers - Maps of Low Water (1994) [CD FLAC] {NHR-014}", &files);
    assert_eq!(
        (guess.format, guess.encoding.as_deref(), guess.media),
        (Some("FLAC"), Some("Lossless"), Some("CD"))
    );
    assert_eq!((guess.year, guess.catno.as_deref()), (Some(1994), Some("NHR-014")));
    assert_eq!((guess.log, guess.cue), (Some(true), Some(true)));
    assert_eq!(guess.artist.as_deref(), Some("The Salt Cartographers"));
    assert_eq!(guess.title.as_deref(), Some("Maps of Low Water"));
    assert_eq!(guess.tracks, ["Ebb", "Slack Water", "1999"]);
    assert_eq!(guess.audio_bytes, 70_000_000);
    assert_eq!(guess.words().as_deref(), Some("the salt cartographers maps of low water"));
}

#[test]
fn encodings_are_read_from_names() {
    for (name, format, encoding, media) in [
        ("Nell Aster - Low Water (2008) [MP3 V0]", Some("MP3"), Some("V0 (VBR)"), None),
        ("Nell Aster - Low Water [320] [MP3] [WEB]", Some("MP3"), Some("320"), Some("WEB")),
        ("Nell Aster - Low Water (Vinyl, FLAC 24-96)", Some("FLAC"), Some("24bit Lossless"), Some("Vinyl")),
        ("Nell Aster - Low Water [24bit FLAC WEB]", Some("FLAC"), Some("24bit Lossless"), Some("WEB")),
        ("Nell_Aster-Low_Water-WEB-FLAC-2008", Some("FLAC"), Some("Lossless"), Some("WEB")),
        ("Nell Aster - Vinyl Web 320", None, None, None),
        ("Nell Aster - Low Water [SACD] (DSD)", Some("DSD"), None, Some("SACD")),
        ("", None, None, None),
    ] {
        let guess = Guess::of(name, &[]);
        assert_eq!(
            (guess.format, guess.encoding.as_deref(), guess.media),
            (format, encoding, media),
            "{name}"
        );
        assert_eq!((guess.log, guess.cue), (None, None), "a magnet has no list of files");
    }
    assert_eq!(Guess::of("Nell_Aster-Low_Water-WEB-FLAC-2008", &[]).year, Some(2008));
    assert_eq!(Guess::of("", &[]), Guess::default());
}

#[test]
fn folders_count_too() {
    let files =
        [file("CD1/01 Ebb.mp3", 8_000_000), file("CD2/01 Flow.mp3", 8_000_000), file("Art [WEB]/x.jpg", 1)];
    assert_eq!(Guess::of("Low Water", &files[..2]).media, Some("CD"));
    assert_eq!(
        Guess::of("Low Water", &files).media,
        Some("WEB"),
        "what is written counts before what follows"
    );
    assert_eq!(Guess::of("Low Water", &files).log, Some(false));
}

#[test]
fn the_largest_format_is_the_format() {
    let files = [file("a.mp3", 1_000), file("b.mp3", 1_000), file("c.flac", 30_000)];
    assert_eq!(Guess::of("x", &files).format, Some("FLAC"));
}

#[test]
fn rates_tell_encodings_apart() {
    let minutes = 60_000;
    let of =
        |name: &str, bytes: u64, ms: u64| Guess::of("x", &[file(name, bytes)]).with_duration(ms).encoding;
    // 320 kb/s for four minutes, with a picture.
    assert_eq!(of("a.mp3", 9_700_000, 4 * minutes).as_deref(), Some("320"));
    assert_eq!(of("a.mp3", 7_680_000, 4 * minutes).as_deref(), Some("256"));
    assert_eq!(of("a.mp3", 3_900_000, 4 * minutes).as_deref(), Some("128"));
    assert_eq!(of("a.mp3", 8_400_000, 4 * minutes), None, "280 kb/s are of no encoder's");
    assert_eq!(of("a.flac", 25_000_000, 4 * minutes).as_deref(), Some("Lossless"));
    assert_eq!(of("a.flac", 90_000_000, 4 * minutes).as_deref(), Some("24bit Lossless"));
    let alac = Guess::of("x", &[file("a.m4a", 25_000_000)]).with_duration(4 * minutes);
    assert_eq!((alac.format, alac.encoding.as_deref()), (Some("ALAC"), Some("Lossless")));
    assert_eq!(Guess::of("x", &[file("a.m4a", 7_680_000)]).with_duration(4 * minutes).format, Some("AAC"));
}

#[test]
fn catalogue_numbers_and_what_only_looks_like_one() {
    for (name, catno) in [
        ("a - b {Ninth Harbour, NHR-014}", Some("NHR-014")),
        ("a - b [Ninth Harbour NHR014CD]", Some("NHR014CD")),
        ("a - b (NHR 014) (1994)", Some("NHR 014")),
        ("a - b [CD12] [MP3] [FLAC24] (LP 12)", None),
        ("a - NHR-014", None),
        ("a - b [Wärp-92]", None),
    ] {
        assert_eq!(Guess::of(name, &[]).catno.as_deref(), catno, "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn no_name_is_too_odd(name in ".{0,60}", path in ".{0,40}(\\.flac|\\.m4a)?", size in 0..u64::MAX, ms in proptest::prelude::any::<u64>()) {
        let guess = Guess::of(&name, &[file(&path, size / 2), file(&path, size / 2)]).with_duration(ms);
        let _ = guess.words();
    }
}
