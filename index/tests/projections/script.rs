//! Random scripts: a few authors who sign entries of all kinds about the same few things, use one n twice,
//! change their minds, take things back, and sign bodies that mean nothing.

use deadwax_index::entry::cbor::{Value, encode};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{EntryId, VerifiedEntry};
use proptest::prelude::*;

/// Few of everything, so that entries meet.
const AUTHORS: u8 = 3;
const RECORDS: u8 = 3;
const TORRENTS: u8 = 3;
const NUMBERS: u64 = 24;

/// One thing that an author does. The numbers choose among what there is.
#[derive(Debug, Clone)]
pub struct Deed {
    author: u8,
    n: u64,
    what: What,
    /// Which earlier entry it is about, where it is about one.
    earlier: prop::sample::Index,
    /// Which record, or which of a few texts.
    one: u8,
    two: u8,
    flag: bool,
    /// Nobody has its body.
    pub bodiless: bool,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Main(u64),
    /// A body outside the rules of its kind.
    Void(u64),
    /// A kind of the core scope, or one that nobody knows.
    Other(u64),
}

/// Kinds that have to do with each other.
const TOPICS: [&[u64]; 6] =
    [&[32, 36, 37], &[34, 35, 36], &[38, 38, 39], &[40, 41, 41, 41, 41], &[32, 42, 43, 44], &[33, 45, 46]];

/// A script has a topic, so that entries meet, and some of everything else.
pub fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    prop::sample::select(&TOPICS).prop_flat_map(|topic| prop::collection::vec(deed(topic), 1..60))
}

fn deed(topic: &'static [u64]) -> impl Strategy<Value = Deed> {
    let what = prop_oneof![
        20 => prop::sample::select(topic).prop_map(What::Main),
        5 => (32u64..=46).prop_map(What::Main),
        2 => Just(What::Main(32)),
        3 => Just(What::Main(46)),
        1 => (32u64..=46).prop_map(What::Void),
        1 => prop_oneof![0u64..4, 47u64..60].prop_map(What::Other),
    ];
    (
        (0..AUTHORS, 0..NUMBERS, what, any::<prop::sample::Index>()),
        (0..RECORDS, 0u8..3, any::<bool>(), prop::bool::weighted(0.1)),
    )
        .prop_map(|((author, n, what, earlier), (one, two, flag, bodiless))| Deed {
            author,
            n,
            what,
            earlier,
            one,
            two,
            flag,
            bodiless,
        })
}

/// Signs the script. Later entries name earlier ones by their ids.
pub fn sign(deeds: &[Deed]) -> Vec<VerifiedEntry> {
    let mut authors: Vec<_> = (1..=AUTHORS).map(|secret| Identity::from_secret([secret; 32])).collect();
    let mut signed: Vec<VerifiedEntry> = Vec::new();
    for deed in deeds {
        let earlier = |kinds: &[u64]| earlier(&signed, deed, kinds);
        let (kind, body) = match deed.what {
            What::Main(kind) => (kind, body(kind, deed, earlier)),
            What::Void(kind) => (kind, vec![(77, Value::Uint(u64::from(deed.one)))]),
            What::Other(kind) => (kind, vec![(0, Value::Uint(u64::from(deed.two)))]),
        };
        let author = &mut authors[usize::from(deed.author)];
        signed.push(author.sign(encode(&Value::Map(body)), kind, deed.n, 494_000 + u64::from(deed.two)));
    }
    signed
}

/// An earlier entry, most of the time one of the kinds for which there is something to show.
fn earlier(signed: &[VerifiedEntry], deed: &Deed, kinds: &[u64]) -> EntryId {
    let fits = |entry: &&VerifiedEntry| kinds.contains(&entry.head().statement().kind);
    let fitting: Vec<_> = signed.iter().filter(fits).collect();
    match (fitting.is_empty() || (deed.one, deed.two) == (0, 0), signed.is_empty()) {
        (_, true) => EntryId([7; 32]),
        (false, _) => deed.earlier.get(&fitting).head().id(),
        (true, _) => deed.earlier.get(signed).head().id(),
    }
}

fn body(kind: u64, deed: &Deed, earlier: impl Fn(&[u64]) -> EntryId) -> Vec<(u64, Value)> {
    let word = |list: [&str; 3]| text(list[usize::from(deed.two)]);
    let record = || Value::Bytes(mbid(deed.one));
    let id = |kinds: &[u64]| Value::Bytes(earlier(kinds).0.to_vec());
    let subject = |about: &[u64]| match deed.flag {
        true => Value::Map(vec![(0, record()), (1, Value::Uint(0))]),
        false => Value::Map(vec![(2, id(about))]),
    };
    let flag = || Value::Bool(deed.two == 1);
    match kind {
        32 => {
            let mut link = vec![(0, Value::Bytes(vec![0xa0 + deed.two % TORRENTS; 20]))];
            if deed.flag {
                link.push((1, Value::Bytes(vec![0xb0 + deed.one; 32])));
            }
            link.extend([
                (2, record()),
                (3, Value::Uint(u64::from(deed.two % 2))),
                (5, text("The Salt Cartographers")),
                (6, word(["Maps of Low Water", "Soundings", "The Drowned Meridian"])),
                (10, word(["FLAC", "FLAC", "MP3"])),
                (20, Value::Array(vec![text("01.flac"), Value::Uint(1_000 + u64::from(deed.two / 2))])),
            ]);
            link
        }
        33 => {
            let artist = Value::Map(vec![(0, text("The Salt Cartographers"))]);
            let mut record_body =
                vec![(0, word(["Tide Tables", "Ebb", "Flow"])), (1, Value::Array(vec![artist]))];
            if deed.flag {
                record_body.push((2, record()));
            }
            record_body
        }
        34 => vec![(0, subject(&[32, 40])), (1, word(["Quiet.", "Loud.", "Neither."]))],
        35 => vec![(0, subject(&[32])), (1, text("drone")), (2, flag())],
        36 => {
            let value = [Value::Uint(0), Value::Uint(1), Value::Nint(0)];
            vec![(0, subject(&[32, 34])), (1, value[usize::from(deed.two)].clone())]
        }
        37 => vec![(0, subject(&[32])), (1, Value::Uint(u64::from(deed.one))), (4, flag())],
        38 => {
            let mut comment = vec![(0, subject(&[39])), (1, word(["One.", "Two.", "Three."]))];
            if deed.two > 0 {
                comment.push((2, id(&[38])));
            }
            comment
        }
        39 => vec![(0, word(["tides", "tides", "boats"])), (1, text("Harbours")), (2, text("Which?"))],
        40 => {
            let mut collage = vec![(0, word(["Coasts", "Shores", "Banks"]))];
            if deed.flag {
                collage.push((3, id(&[40])));
            }
            collage.push((4, Value::Bool(deed.one > 0)));
            collage
        }
        41 => {
            let record = Value::Map(vec![(0, record()), (1, Value::Uint(0))]);
            let mut item = vec![(0, id(&[40])), (1, record)];
            if deed.flag {
                item.push((2, word(["a", "b", "c"])));
            }
            item.push((4, flag()));
            item
        }
        42 => {
            let mut request = Vec::new();
            if deed.flag {
                request.push((0, Value::Map(vec![(0, record()), (1, Value::Uint(0))])));
            }
            request.extend([(2, text("Maps of Low Water")), (4, Value::Array(vec![text("FLAC")]))]);
            request
        }
        43 => vec![(0, subject(&[42])), (1, flag())],
        44 => vec![(0, id(&[42])), (1, id(&[32]))],
        45 => vec![(0, word(["Ilse", "Tove", "Maren"]))],
        46 => vec![(0, id(&[32, 33, 36, 38, 40, 41, 45]))],
        _ => unreachable!("not a main kind"),
    }
}

pub fn mbid(number: u8) -> Vec<u8> {
    vec![0xc0 + number; 16]
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
