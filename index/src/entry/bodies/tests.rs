//! Bodies of all kinds: what is written is read back, as bytes and as JSON. Which bodies are void is
//! for the vectors to say (`index/tests/format/bodies.rs`).

use super::*;
use crate::entry::ballot::{BallotInfohash, BallotSubject, Dimension, Verdict};
use crate::entry::cbor::Value;
use crate::entry::charter::{CharterId, CharterSignature};
use crate::entry::json::{body_from_json, body_to_json};
use crate::entry::link::tests::any_link;
use crate::entry::own_release::{Artist, Label, Medium, Track};
use crate::entry::reason::Reason;
use crate::entry::subject::{Subject, SubjectKind};
use crate::entry::{AuthorKey, EntryId, own_release};
use proptest::option::of;
use proptest::prelude::*;
use uuid::Uuid;

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 äß日\u{202e}]{0,30}[a-z]"
}

/// Several lines.
fn long() -> impl Strategy<Value = String> {
    "[a-z ä日\n]{0,200}[A-Z]\n{0,2}"
}

fn words(count: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word(), 0..=count)
}

fn id() -> impl Strategy<Value = EntryId> {
    any::<[u8; 32]>().prop_map(EntryId)
}

fn mbid() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

fn record() -> impl Strategy<Value = Subject> {
    (mbid(), prop::sample::select(&SubjectKind::ALL[..]))
        .prop_map(|(mbid, kind)| Subject::Mbid { mbid, kind })
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![record(), id().prop_map(Subject::Entry)]
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![0u64..12, any::<u64>()].prop_map(Reason::from_number)
}

fn own_release() -> impl Strategy<Value = OwnRelease> {
    let artist =
        (word(), of(mbid()), of("[ &,a-z]{1,9}")).prop_map(|(name, mbid, join)| Artist { name, mbid, join });
    let label = (of(word()), of(word()), mbid()).prop_map(|(name, catno, mbid)| Label {
        name,
        catno,
        mbid: Some(mbid),
    });
    let track = (word(), of(any::<u32>()), of(word()), of(word()))
        .prop_map(|(title, length_ms, artist, number)| Track { title, length_ms, artist, number });
    let medium = (of(word()), of(word()), prop::collection::vec(track, 0..5))
        .prop_map(|(format, title, tracks)| Medium { format, title, tracks });
    (
        (word(), prop::collection::vec(artist, 1..4), of(mbid()), words(8)),
        (of("[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"), of(word()), of(word()), of(word())),
        (prop::collection::vec(label, 0..4), prop::collection::vec(medium, 0..4), words(16)),
        (of("[a-z]{2,3}(-[A-Z]{2})?"), of(word())),
    )
        .prop_map(|(who, when, what, rest)| OwnRelease {
            title: who.0,
            artists: who.1,
            release_group: who.2,
            types: who.3,
            date: when.0,
            country: when.1,
            labels: what.0,
            barcode: when.2,
            status: when.3,
            media: what.1,
            urls: what.2,
            language: rest.0,
            disambiguation: rest.1,
        })
}

fn request() -> impl Strategy<Value = Request> {
    (
        (of(record()), of(word()), word(), of(1u16..=9999)),
        (words(16), words(16), words(16)),
        (of(long()), any::<bool>(), any::<bool>()),
    )
        .prop_map(|(what, accepted, rest)| Request {
            subject: what.0,
            artist: what.1,
            title: what.2,
            year: what.3,
            formats: accepted.0,
            encodings: accepted.1,
            media: accepted.2,
            note: rest.0,
            log: rest.1,
            cue: rest.2,
        })
}

fn key() -> impl Strategy<Value = AuthorKey> {
    any::<[u8; 32]>().prop_map(AuthorKey)
}

fn charter() -> impl Strategy<Value = Charter> {
    let signatures = prop::collection::btree_map(key(), any::<[u8; 32]>(), 1..6);
    (
        (of(any::<[u8; 32]>()), word(), prop::collection::btree_set(key(), 1..6), of(long())),
        (of(any::<u32>()), of(10_000..=u32::MAX), of(64..=u32::MAX)),
        signatures,
    )
        .prop_map(|(what, amounts, signatures)| Charter {
            prev: what.0.map(CharterId),
            name: what.1,
            roster: what.2.into_iter().collect(),
            budget: amounts.0,
            quota_main: amounts.1,
            quota_core: amounts.2,
            text: what.3,
            signatures: signatures
                .into_iter()
                .map(|(key, half)| CharterSignature {
                    key,
                    signature: [half, half].concat().try_into().unwrap(),
                })
                .collect(),
        })
}

fn ballot() -> impl Strategy<Value = Ballot> {
    let subject = prop_oneof![
        subject().prop_map(BallotSubject::Subject),
        key().prop_map(BallotSubject::Author),
        any::<[u8; 20]>().prop_map(|hash| BallotSubject::Torrent(BallotInfohash::V1(hash))),
        any::<[u8; 32]>().prop_map(|hash| BallotSubject::Torrent(BallotInfohash::V2(hash))),
    ];
    (subject, any::<bool>(), of(reason()), of(word())).prop_map(|(subject, falls, reason, note)| Ballot {
        subject,
        dimension: if matches!(subject, BallotSubject::Author(_)) {
            Dimension::Author
        } else {
            Dimension::Visibility
        },
        verdict: if falls { Verdict::Falls } else { Verdict::Stands },
        reason,
        note,
    })
}

fn vouch_or_node() -> impl Strategy<Value = Body> {
    let node = (word(), of("[a-z2-7]{56}\\.onion"), "[a-z2-7]{52}\\.b32\\.i2p", any::<bool>(), of(long()));
    prop_oneof![
        (key(), 1..=u32::MAX, any::<bool>(), of(word()))
            .prop_map(|(key, grant, withdrawn, note)| { Body::Vouch(Vouch { key, grant, withdrawn, note }) }),
        node.prop_map(|(name, onion, i2p, tracker, text)| Body::Node(Node {
            name,
            i2p: (tracker || onion.is_none()).then_some(i2p),
            onion,
            tracker,
            text
        })),
    ]
}

/// Bodies of every kind.
fn any_body() -> impl Strategy<Value = Body> {
    let flag = any::<bool>;
    let opinions = prop_oneof![
        (subject(), "[a-z0-9äß日]([a-z -]{0,20}[a-z])?", flag())
            .prop_map(|(subject, tag, withdrawn)| Body::Tag(Tag { subject, tag, withdrawn })),
        (subject(), -1i8..=1, of(reason()), of(word()))
            .prop_map(|(subject, value, reason, note)| Body::Vote(Vote { subject, value, reason, note })),
        (subject(), reason(), of(long()), of(subject()), flag()).prop_map(
            |(subject, reason, note, other, withdrawn)| {
                Body::Report(Report { subject, reason, note, other, withdrawn })
            }
        ),
    ];
    let texts = prop_oneof![
        (subject(), long(), of("[a-z]{2}"), of(id())).prop_map(|(subject, text, language, replaces)| {
            Body::Description(Description { subject, text, language, replaces })
        }),
        (subject(), long(), of(id())).prop_map(|(subject, text, reply_to)| Body::Comment(Comment {
            subject,
            text,
            reply_to
        })),
        (word(), word(), long()).prop_map(|(section, title, text)| Body::Topic(Topic {
            section,
            title,
            text
        })),
        (word(), of(long()), words(8)).prop_map(|(name, text, urls)| Body::Profile(Profile {
            name: Some(name),
            text,
            urls
        })),
    ];
    let lists = prop_oneof![
        (word(), of(long()), of(word()), of(id()), flag()).prop_map(
            |(title, description, category, replaces, open)| {
                Body::Collage(Collage { title, description, category, replaces, open })
            }
        ),
        (id(), subject(), of(word()), of(word()), flag()).prop_map(|(collage, item, sort, note, removed)| {
            Body::CollageItem(CollageItem { collage, item, sort, note, removed })
        }),
    ];
    let wanted = prop_oneof![
        request().prop_map(Body::Request),
        (subject(), flag()).prop_map(|(subject, withdrawn)| Body::Want(Want { subject, withdrawn })),
        (id(), id(), of(word())).prop_map(|(request, link, note)| Body::Fill(Fill { request, link, note })),
        (id(), of(word())).prop_map(|(entry, note)| Body::Retract(Retract { entry, note })),
    ];
    let records = prop_oneof![any_link().prop_map(Body::Link), own_release().prop_map(Body::OwnRelease)];
    let core =
        prop_oneof![charter().prop_map(Body::Charter), ballot().prop_map(Body::Ballot), vouch_or_node()];
    prop_oneof![core, records, opinions, texts, lists, wanted]
}

proptest! {
    #[test]
    fn body_and_json_are_read_back(body in any_body()) {
        let (kind, bytes) = (body.kind().number(), body.to_bytes().unwrap());
        prop_assert_eq!(&Body::from_bytes(kind, &bytes).unwrap(), &body);
        let json = serde_json::to_value(&body).unwrap();
        prop_assert_eq!(&Body::from_json(kind, &json).unwrap().unwrap(), &body);
        prop_assert_eq!(body_to_json(kind, &bytes), Some(json.clone()));
        prop_assert_eq!(body_from_json(kind, json.to_string().as_bytes()).unwrap(), bytes);
    }

    #[test]
    fn unknown_keys_are_skipped(body in any_body(), key in 21u64.., word in word()) {
        let Value::Map(mut pairs) = cbor::decode(&body.to_bytes().unwrap()).unwrap() else { unreachable!() };
        pairs.push((key, Value::Text(word)));
        let bytes = cbor::encode(&Value::Map(pairs));
        prop_assert_eq!(Body::from_bytes(body.kind().number(), &bytes).unwrap(), body);
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in prop_oneof![0u64..6, 30u64..55], bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Body::from_bytes(kind, &bytes);
    }

    /// Maps of the profile with random fields get further than random bytes.
    #[test]
    fn arbitrary_fields_never_panic(
        kind in prop_oneof![0u64..4, 32u64..47],
        fields in prop::collection::btree_map(0u64..21, any_field(), 0..12),
    ) {
        if let Ok(body) = Body::from_bytes(kind, &cbor::encode(&Value::Map(fields.into_iter().collect()))) {
            prop_assert_eq!(Body::from_bytes(kind, &body.to_bytes().unwrap()).unwrap(), body);
        }
    }

    #[test]
    fn uuids_of_own_releases_are_of_version_8(id in id()) {
        let uuid = own_release::uuid(&id);
        prop_assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
    }
}

fn any_field() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        prop_oneof![0u64..3, any::<u64>()].prop_map(Value::Uint),
        (0u64..2).prop_map(Value::Nint),
        prop::sample::select(&[0, 16, 20, 32, 64][..]).prop_map(|length| Value::Bytes(vec![7; length])),
        prop_oneof![word(), long(), Just(String::new())].prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(0u64..4, inner, 0..4)
                .prop_map(|map| Value::Map(map.into_iter().collect())),
        ]
    })
}

#[test]
fn kinds_without_frozen_body_are_void() {
    for kind in Kind::ALL {
        let is_frozen = kind.number() <= 46;
        assert_eq!(Body::KINDS.contains(kind), is_frozen, "{kind:?}");
        let error = Body::from_bytes(kind.number(), &[0xa0]).unwrap_err();
        assert_eq!(error == BodyError::Kind(kind.number()), !is_frozen, "{kind:?}: {error}");
        assert_eq!(Body::from_json(kind.number(), &serde_json::json!({})).is_some(), is_frozen, "{kind:?}");
    }
    assert_eq!(Body::from_bytes(53, &[0xa0]), Err(BodyError::Kind(53)));
    let problem = BodyError::Kind(53).problem();
    assert_eq!((problem.code, problem.message.as_str()), ("body.kind", "Kind 53 is unknown."));
}
