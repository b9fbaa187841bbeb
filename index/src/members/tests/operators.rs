//! Operators who are hostile: with f of 3f + 1, what holds is what the others say.

use super::*;
use crate::entry::subject::Subject;

/// Whom and what the ballots are about: two authors (who are no operators), two entries.
fn subjects() -> [BallotSubject; 4] {
    let entry = |byte| BallotSubject::Subject(Subject::Entry(EntryId([byte; 32])));
    [BallotSubject::Author(key(7)), BallotSubject::Author(key(8)), entry(1), entry(2)]
}

fn verdict(falls: bool) -> Verdict {
    if falls { Verdict::Falls } else { Verdict::Stands }
}

fn ballot(author: usize, n: u64, id: u8, about: usize, falls: bool) -> CoreEntry {
    let subject = subjects()[about];
    let ballot =
        Ballot { dimension: subject.dimension(), subject, verdict: verdict(falls), reason: None, note: None };
    entry(author, n, id, &Body::Ballot(ballot))
}

/// What hostile operators do: ballots, some of them two for one slot, vouches beyond their budget, and charters
/// that only they sign.
#[derive(Debug, Clone)]
enum Deed {
    Ballot { about: usize, falls: bool },
    Vouch { subject: usize, grant: u32 },
    Charter { founds: bool },
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0usize..4, any::<bool>()).prop_map(|(about, falls)| Deed::Ballot { about, falls }),
        2 => (0..PEOPLE, 1u32..12).prop_map(|(subject, grant)| Deed::Vouch { subject, grant }),
        1 => any::<bool>().prop_map(|founds| Deed::Charter { founds }),
    ]
}

/// Number of the operator among the hostile ones, n, what makes the id, and the deed.
type Done = (prop::sample::Index, u64, u8, Deed);

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn with_f_hostile_operators_of_three_f_and_one_the_honest_rule(
        f in 1usize..=2,
        // What the honest ones agree on; nothing where they say nothing.
        agreed in prop::array::uniform4(prop::option::of(any::<bool>())),
        // Those who said the opposite before.
        changed in prop::collection::vec(any::<bool>(), 5 * 4),
        deeds in prop::collection::vec((any::<prop::sample::Index>(), 0u64..12, 0u8..3, any_deed()), 0..60),
        order in any::<u64>(),
    ) {
        let (honest, all): (Vec<usize>, Vec<usize>) = ((0..2 * f + 1).collect(), (0..3 * f + 1).collect());
        let hostile = &all[honest.len()..];
        let founding = charter(None, &all, &all, "Tidewater", BUDGET);
        let id = id_of(&founding);
        let mut entries = vec![entry(0, 0, 7, &Body::Charter(founding))];
        for author in &honest {
            for (about, falls) in agreed.iter().enumerate().filter_map(|(at, falls)| Some((at, (*falls)?))) {
                if changed[author * 4 + about] {
                    entries.push(ballot(*author, 1 + about as u64, 7, about, !falls));
                }
                entries.push(ballot(*author, 5 + about as u64, 7, about, falls));
            }
        }
        // The two authors are members, so that bans have somebody to weigh nothing.
        entries.extend([7, 8].map(|subject| vouch(0, 9 + (subject as u64 - 7), subject, 2)));
        entries.extend((1..9).map(|n| CoreEntry::stored(id_for(0, n, 200), key(0), n, 9, Some(&[0xa0]))));
        let with_deed = |(who, n, tie, deed): &Done| {
            let author = *who.get(hostile);
            match deed {
                Deed::Ballot { about, falls } => ballot(author, *n, *tie, *about, *falls),
                Deed::Vouch { subject, grant } => {
                    let vouch = Vouch { key: key(*subject), grant: *grant, withdrawn: false, note: None };
                    entry(author, *n, *tie, &Body::Vouch(vouch))
                }
                Deed::Charter { founds } => {
                    let prev = (!founds).then_some(id);
                    entry(author, *n, *tie, &Body::Charter(charter(prev, hostile, hostile, "Tidewater", 99)))
                }
            }
        };
        // One id says one thing.
        let mut seen = BTreeMap::new();
        let done = deeds.iter().map(with_deed).filter(|entry| seen.insert(entry.slot.id, ()).is_none());
        entries.extend(done.collect::<Vec<_>>());
        let weight_of = |entry: &CoreEntry| Sha256::new().chain_update(order.to_be_bytes()).chain_update(entry.slot.id.0).finalize();
        entries.sort_by_cached_key(|entry| weight_of(entry).to_vec());

        let mut members = Members::new(id);
        entries.into_iter().for_each(|entry| members.insert(entry));
        prop_assert_eq!(members.charters().collect::<Vec<_>>(), [id]);
        prop_assert_eq!(members.rulings().count(), agreed.iter().flatten().count());
        for (subject, agreed) in subjects().into_iter().zip(agreed) {
            let ruling = members.ruling(&subject.into()).map(|ruling| ruling.verdict);
            prop_assert_eq!(ruling, agreed.map(verdict));
        }
        for (number, agreed) in [7, 8].into_iter().zip(agreed) {
            prop_assert_eq!(members.weight(&key(number)), Some(u8::from(agreed != Some(true))));
        }
        // Vouches of hostile ones reach their budget and no further.
        prop_assert!(members.keys().len() <= all.len() + 2 + f * BUDGET as usize);
    }
}
