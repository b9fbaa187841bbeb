//! Reading the query of an announce.

use percent_encoding::percent_decode_str;

/// The longest query that is read. A client's own takes some 250 bytes; `ip` with a destination in
/// base64 adds 520 or, with large keys, a few thousand.
pub const MAX_QUERY_BYTES: usize = 8 << 10;

/// How many members a client gets that does not say how many it wants.
const DEFAULT_WANTED: usize = super::MAX_REPLY_MEMBERS;

/// Why an announce was refused, in the words that go into `failure reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// More than [`MAX_QUERY_BYTES`].
    #[error("the query is too long")]
    TooLong,
    /// No `info_hash`.
    #[error("info_hash is missing")]
    NoInfohash,
    /// An `info_hash` of another length; v2 ones are announced truncated (BEP 52).
    #[error("info_hash must be 20 bytes")]
    InfohashLength,
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// It starts, completes or goes on.
    Present,
    /// It leaves.
    Stopped,
}

/// An announce, as far as it matters. `ip`, `port`, `peer_id` and `compact` do not: the member is
/// known from its stream, and replies have one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announce {
    pub(super) infohash: [u8; 20],
    pub(super) event: Event,
    /// Whether it has everything: `left=0`.
    pub(super) is_seeder: bool,
    /// How many other members it asks for; 0 is a wish too.
    pub(super) wanted: usize,
}

impl Announce {
    /// Reads a raw query string. Where a key occurs twice, the last one counts: what a client says
    /// comes after a query that stood in the tracker's address already. Unknown keys and unreadable
    /// values of optional ones are passed over.
    pub(super) fn parse(query: &str) -> Result<Self, AnnounceError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(AnnounceError::TooLong);
        }
        let value = |key: &str| {
            let mut parameters = query.rsplit(['&', '?']).filter_map(|p| p.split_once('='));
            parameters.find(|(name, _)| *name == key).map(|(_, value)| value)
        };
        // In an infohash a plus sign is the byte 0x2b: this is RFC 3986, not a form.
        let infohash = value("info_hash").ok_or(AnnounceError::NoInfohash)?;
        let infohash: Vec<u8> = percent_decode_str(infohash).collect();
        let infohash = infohash.try_into().map_err(|_| AnnounceError::InfohashLength)?;

        let event = value("event").unwrap_or_default();
        let is_seeder = match value("left") {
            Some(left) => left.parse() == Ok(0u64),
            None => event == "completed",
        };
        // Some clients send -1 when they have no wish.
        let wanted = value("numwant").and_then(|n| n.parse().ok()).unwrap_or(DEFAULT_WANTED);
        let event = if event == "stopped" { Event::Stopped } else { Event::Present };
        Ok(Self { infohash, event, is_seeder, wanted })
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn write(announce: &Announce) -> String {
        let infohash = percent_encode(&announce.infohash, NON_ALPHANUMERIC);
        let event = if announce.event == Event::Stopped { "stopped" } else { "" };
        let left = if announce.is_seeder { 0 } else { 16_384 };
        let wanted = announce.wanted;
        format!("info_hash={infohash}&peer_id=x&port=1&left={left}&event={event}&numwant={wanted}")
    }

    fn announce() -> impl Strategy<Value = Announce> {
        (any::<[u8; 20]>(), any::<bool>(), any::<bool>(), any::<usize>()).prop_map(
            |(infohash, stopped, is_seeder, wanted)| {
                let event = if stopped { Event::Stopped } else { Event::Present };
                Announce { infohash, event, is_seeder, wanted }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(announce in announce(), before in "[a-z=&?]{0,20}") {
            prop_assert_eq!(Announce::parse(&write(&announce)), Ok(announce));
            prop_assert_eq!(Announce::parse(&write(&announce).replace('&', "&&")), Ok(announce));
            prop_assert_eq!(Announce::parse(&format!("{before}&{}", write(&announce))), Ok(announce));
        }

        #[test]
        fn any_text_is_read_or_refused(query in "\\PC{0,200}") {
            let _ = Announce::parse(&query);
        }

        #[test]
        fn nearly_right_queries_are_read_or_refused(
            infohash in "(%[0-9a-fA-F]{0,2}|[a-zA-Z0-9+.~_-]){15,25}",
            rest in "(&(left|numwant|event|info_hash|compact)=?[-0-9a-z%]{0,20}){0,6}",
        ) {
            let _ = Announce::parse(&format!("info_hash={infohash}{rest}"));
        }
    }

    const HASH: &str = "%00%0a%Ffabcdefghijklmnop%2b";

    fn parse(rest: &str) -> Announce {
        Announce::parse(&format!("info_hash={HASH}{rest}")).unwrap()
    }

    #[test]
    fn an_announce_of_i2psnark_is_read() {
        let announce = Announce::parse(
            "info_hash=%f7%07%9c%66%cc%a0%2a%b4%59%34%b9%86%85%72%06%00%10%df%c9%7e&peer_id=-I20280-abcdefghijkl\
             &port=6881&ip=AAAA~-xyz.i2p&uploaded=0&downloaded=0&left=1&compact=1&event=started&numwant=24",
        );
        let announce = announce.unwrap();
        assert_eq!(announce.infohash[..3], [0xf7, 0x07, 0x9c]);
        assert_eq!((announce.event, announce.is_seeder, announce.wanted), (Event::Present, false, 24));
    }

    #[test]
    fn infohashes_are_unescaped_in_either_case_and_plus_is_plus() {
        let mut infohash = *b"\x00\x0a\xffabcdefghijklmno++";
        infohash[18] = b'+';
        assert_eq!(Announce::parse("info_hash=%00%0A%ffabcdefghijklmno+%2B").unwrap().infohash, infohash);
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for query in ["", "?", "peer_id=x", "info_hash", "Info_Hash=aaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(Announce::parse(query), Err(AnnounceError::NoInfohash), "{query}");
        }
        for hash in ["", "abc", "aaaaaaaaaaaaaaaaaaaaa", "%zzaaaaaaaaaaaaaaaaaaa", &"%61".repeat(32)] {
            let query = format!("info_hash={hash}");
            assert_eq!(Announce::parse(&query), Err(AnnounceError::InfohashLength), "{query}");
        }
        let long = format!("info_hash=aaaaaaaaaaaaaaaaaaaa&ip={}", "a".repeat(MAX_QUERY_BYTES));
        assert_eq!(Announce::parse(&long), Err(AnnounceError::TooLong));
    }

    #[test]
    fn what_the_address_says_gives_way_to_what_the_client_says() {
        let other = "info_hash=bbbbbbbbbbbbbbbbbbbb&numwant=0&left=0";
        let query = format!("{other}&info_hash=aaaaaaaaaaaaaaaaaaaa&left=7&numwant=3");
        let announce = Announce::parse(&query).unwrap();
        assert_eq!((announce.infohash, announce.is_seeder, announce.wanted), ([b'a'; 20], false, 3));
        let query = format!("x=1?info_hash={}", "a".repeat(20));
        assert_eq!(Announce::parse(&query).unwrap().infohash, [b'a'; 20]);
    }

    #[test]
    fn optional_values_have_sensible_meanings() {
        assert_eq!(parse("&numwant=0").wanted, 0);
        for rest in ["", "&numwant=", "&numwant=-1", "&numwant=x"] {
            assert_eq!(parse(rest).wanted, DEFAULT_WANTED, "{rest}");
        }
        assert!(parse("&left=0").is_seeder);
        assert!(parse("&event=completed").is_seeder);
        for rest in ["", "&left=1", "&left=", "&left=-1", "&left=x", "&left=1&event=completed"] {
            assert!(!parse(rest).is_seeder, "{rest}");
        }
        assert_eq!(parse("&event=stopped").event, Event::Stopped);
        for rest in ["", "&event=", "&event=started", "&event=completed", "&event=paused", "&event=x"] {
            assert_eq!(parse(rest).event, Event::Present, "{rest}");
        }
    }
}
