//! Records of MusicBrainz dumps.

use deadwax_index::catalogue::{Kind, Record};

use crate::harness::{Reached, Target, fuzz};
use crate::seeds::{self, MBID};

#[test]
fn catalogue_records() {
    let artist =
        r#"[{"name":"The Tide","joinphrase":" & ","artist":{"id":"MBID","name":"Tide"}},{"name":"潮"}]"#;
    let seeds = seeds::texts(&[
        &r#"{"id":"MBID","name":"Tide","sort-name":null,"label-code":1234,"life-span":{"begin":"1968","end":null},
            "aliases":[{"name":"\u6f6e","locale":"ja","primary":true}],"tags":[{"name":"x","count":1}],
            "relations":[{"type":"discogs","url":{"resource":"https://www.discogs.com/artist/1"}}]}"#
            .replace("MBID", MBID),
        &format!(r#"{{"title":"Low Water","secondary-types":["Live"],"artist-credit":{artist},"id":"MBID"}}"#)
            .replace("MBID", MBID),
        &r#"{"media":[{"format":"CD","track-count":9,"tracks":[{"length":1e3}]}],"id":"MBID","date":"1971",
            "release-events":[{"date":"1971","area":{"iso-3166-1-codes":["GB"]}}],"asin":null,
            "label-info":[{"catalog-number":"NHR-014","label":{"id":"MBID","name":"Ninth Harbour"}}]}"#
            .replace("MBID", MBID),
        r#"{"id":"x"}"#,
        "[]",
    ]);
    let tokens =
        b"null|\"|{}|[]|[|]|{|}|:|,|true|-1|1e400|\\u0000|\\ud800|\"id\":|\"media\":|\"title\":\"x\",";
    let target =
        Target { name: "catalogue_records", seeds, tokens, min_inside_percent: 5, ..Target::default() };
    fuzz(&target, |bytes| {
        let mut reached = Reached::Door;
        for kind in Kind::ALL {
            match Record::parse(kind, bytes) {
                // Space around a record means nothing.
                Ok(record) => {
                    assert_eq!(Record::parse(kind, &[b" ", bytes, b"\r"].concat()).unwrap(), record);
                    reached = Reached::End;
                }
                Err(error) if error.is_data() && reached == Reached::Door => reached = Reached::Inside,
                Err(error) => assert!(error.to_string().len() < bytes.len() + 200, "{error}"),
            }
        }
        reached
    });
}
