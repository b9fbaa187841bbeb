//! The fold against a plain one that starts anew until nothing changes, in any order and any number of parts.

mod operators;

use super::*;
use crate::entry::ballot::{Ballot, BallotSubject, Dimension, Verdict};
use crate::entry::charter::Charter;
use crate::entry::identity::Identity;
use crate::entry::vouch::Vouch;
use crate::entry::{Body, EntryId, Kind};
use proptest::prelude::*;

/// Keys in the tests: the first three found the network, the fourth is on the roster of the second charter.
const PEOPLE: usize = 9;
/// So small that vouches do not fit.
const BUDGET: u32 = 9;

fn identity(number: usize) -> Identity {
    Identity::from_secret([number as u8 + 1; 32])
}

fn key(number: usize) -> AuthorKey {
    // Made once: to derive keys takes most of the time otherwise.
    static KEYS: std::sync::OnceLock<Vec<AuthorKey>> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| (0..PEOPLE).map(|number| identity(number).author()).collect())[number]
}

fn charter(prev: Option<CharterId>, roster: &[usize], signers: &[usize], name: &str, budget: u32) -> Charter {
    let roster = roster.iter().map(|number| key(*number)).collect();
    let charter = Charter { prev, name: name.into(), roster, budget: Some(budget), ..Charter::default() };
    signed(charter, signers)
}

fn signed(charter: Charter, signers: &[usize]) -> Charter {
    charter.signed(|message| signers.iter().map(|number| identity(*number).sign_charter(message)).collect())
}

fn id_of(charter: &Charter) -> CharterId {
    CharterId::of(&charter.to_be_signed())
}

/// The founding charter, the one after it, and another one after it.
fn charters() -> &'static [Charter; 3] {
    static CHARTERS: std::sync::OnceLock<[Charter; 3]> = std::sync::OnceLock::new();
    CHARTERS.get_or_init(|| {
        let first = charter(None, &[0, 1, 2], &[0, 1, 2], "Tidewater", BUDGET);
        let id = id_of(&first);
        let second = charter(Some(id), &[0, 1, 3], &[0, 1], "Tidewater", BUDGET + 4);
        let other = charter(Some(id), &[0, 2, 4], &[0, 2], "Slack water", BUDGET);
        [first, second, other]
    })
}

fn pinned() -> CharterId {
    id_of(&charters()[0])
}

/// An entry with an id of its own making: signatures of heads are not the fold's business.
fn entry(author: usize, n: u64, id: u8, body: &Body) -> CoreEntry {
    let kind = body.kind().number();
    CoreEntry::stored(id_for(author, n, id), key(author), n, kind, Some(&body.to_bytes().unwrap()))
}

fn id_for(author: usize, n: u64, id: u8) -> EntryId {
    let mut bytes = [0; 32];
    bytes[..3].copy_from_slice(&[id, author as u8, n as u8]);
    EntryId(bytes)
}

fn vouch(author: usize, n: u64, subject: usize, grant: u32) -> CoreEntry {
    entry(author, n, 7, &Body::Vouch(Vouch { key: key(subject), grant, withdrawn: false, note: None }))
}

fn withdrawal(author: usize, n: u64, subject: usize) -> CoreEntry {
    entry(author, n, 7, &Body::Vouch(Vouch { key: key(subject), grant: 1, withdrawn: true, note: None }))
}

fn ban(author: usize, n: u64, subject: usize, verdict: Verdict) -> CoreEntry {
    let subject = BallotSubject::Author(key(subject));
    let ballot = Ballot { subject, dimension: Dimension::Author, verdict, reason: None, note: None };
    entry(author, n, 7, &Body::Ballot(ballot))
}

fn founding() -> CoreEntry {
    entry(0, 0, 7, &Body::Charter(charters()[0].clone()))
}

fn numbers(members: &Members) -> Vec<usize> {
    (0..PEOPLE).filter(|number| members.is_member(&key(*number))).collect()
}

/// Everything that follows, to be compared.
type Outcome =
    (Vec<AuthorKey>, Option<[u8; 32]>, Vec<CharterId>, Vec<Ruling>, Vec<(Option<u8>, u64, Option<u64>)>);

fn outcome(members: &Members) -> Outcome {
    let each = (0..PEOPLE)
        .map(key)
        .map(|key| (members.weight(&key), members.budget_left(&key), members.counted_to(&key)));
    (
        members.keys().copied().collect(),
        members.root(),
        members.charters().collect(),
        members.rulings().collect(),
        each.collect(),
    )
}

/// The rules of `doc/MEMBERSHIP.md` once more, without care for time.
fn plain(entries: &[CoreEntry]) -> (Vec<usize>, Vec<Option<u8>>) {
    let mut slots: BTreeMap<(AuthorKey, u64), Slot> = BTreeMap::new();
    for entry in entries {
        let slot = slots.entry((entry.author, entry.n)).or_insert_with(|| entry.slot.clone());
        if entry.slot.id < slot.id || (entry.slot.id == slot.id && slot.says.is_none()) {
            *slot = entry.slot.clone();
        }
    }
    let carries = |charter: &Charter, authors: &[AuthorKey]| {
        slots.iter().any(|((author, n), slot)| {
            let is_heard = authors.is_empty() || (authors.contains(author) && *n < 10_000);
            is_heard && matches!(&slot.says, Some(Says::Charter(said)) if said.id == id_of(charter))
        })
    };
    let [first, second, _] = charters();
    if !carries(first, &[]) {
        return (vec![], vec![None; PEOPLE]);
    }
    let (mut operators, mut roster, mut budget) = (first.roster.clone(), first.roster.clone(), BUDGET);
    if carries(second, &operators) {
        operators.extend(&second.roster);
        (roster, budget) = (second.roster.clone(), BUDGET + 4);
    }
    let mut granted: BTreeMap<AuthorKey, u64> = operators.iter().map(|key| (*key, 0)).collect();
    let mut counted: Vec<(AuthorKey, u64)>;
    loop {
        let mut next: BTreeMap<AuthorKey, u64> = operators.iter().map(|key| (*key, 0)).collect();
        counted = vec![];
        for (author, extra) in &granted {
            let is_operator = operators.contains(author);
            let mut left = extra + if is_operator { u64::from(budget) } else { 0 };
            for n in 0..if is_operator { 10_000 } else { 64 } {
                let Some(slot) = slots.get(&(*author, n)) else { break };
                match &slot.says {
                    None if slot.kind == 2 => break,
                    Some(Says::Vouch { key, grant, withdrawn: false }) if key != author => {
                        let Some(rest) = left.checked_sub(u64::from(*grant)) else { break };
                        left = rest;
                        *next.entry(*key).or_default() += u64::from(*grant) - 1;
                        counted.push((*author, n));
                    }
                    _ => {}
                }
            }
        }
        if next == granted {
            break;
        }
        granted = next;
    }
    let quota = |author: &AuthorKey| if operators.contains(author) { 10_000 } else { 64 };
    let weight = |subject: &AuthorKey| {
        granted.get(subject)?;
        let supports = granted.keys().any(|author| {
            let said =
                slots.range((*author, 0)..(*author, quota(author))).filter_map(|((_, n), slot)| match &slot
                    .says
                {
                    Some(Says::Vouch { key, withdrawn, .. }) if key == subject && author != subject => {
                        (*withdrawn || counted.contains(&(*author, *n))).then_some(!withdrawn)
                    }
                    _ => None,
                });
            said.fold(None, |_, one| Some(one)) == Some(true)
        });
        let against = roster.iter().filter(|operator| {
            let ballots =
                slots.range((**operator, 0)..(**operator, 10_000)).filter_map(|(_, slot)| match &slot.says {
                    Some(Says::Ballot { subject: RulingSubject::Author(key), verdict }) if key == subject => {
                        Some(*verdict)
                    }
                    _ => None,
                });
            ballots.fold(None, |_, one| Some(one)) == Some(Verdict::Falls)
        });
        let is_banned = 2 * against.count() > roster.len();
        Some(u8::from((operators.contains(subject) || supports) && !is_banned))
    };
    let members = (0..PEOPLE).filter(|number| granted.contains_key(&key(*number))).collect();
    (members, (0..PEOPLE).map(|number| weight(&key(number))).collect())
}

/// Entries of all sorts in few slots: over-spent vouches, cycles, withdrawals, reused n, bodies that are not here.
fn any_entry() -> impl Strategy<Value = CoreEntry> {
    let place = || (0..PEOPLE, 0u64..5, 0u8..3);
    let verdict = |falls: bool| if falls { Verdict::Falls } else { Verdict::Stands };
    prop_oneof![
        8 => (place(), 0..PEOPLE, 1u32..7, prop::bool::weighted(0.15)).prop_map(
            |((author, n, id), subject, grant, withdrawn)| {
                entry(author, n, id, &Body::Vouch(Vouch { key: key(subject), grant, withdrawn, note: None }))
            }
        ),
        2 => (place(), 0..PEOPLE, any::<bool>()).prop_map(move |((author, n, id), subject, falls)| {
            let CoreEntry { slot, .. } = ban(author, n, subject, verdict(falls));
            CoreEntry { author: key(author), n, slot: Slot { id: id_for(author, n, id), ..slot } }
        }),
        1 => (place(), prop::sample::select(&[0u64, 2, 2, 3, 9][..])).prop_map(|((author, n, id), kind)| {
            CoreEntry::stored(id_for(author, n, id), key(author), n, kind, None)
        }),
        1 => (place(), prop::sample::select(&[2u64, 3, 9][..])).prop_map(|((author, n, id), kind)| {
            CoreEntry::stored(id_for(author, n, id), key(author), n, kind, Some(&[0xa0]))
        }),
        // In slots of their own: an adopted charter stays although its entry is replaced, so there order counts.
        1 => (0usize..5, 0usize..2).prop_map(|(author, which)| {
            entry(author, 5 + which as u64, 7, &Body::Charter(charters()[which].clone()))
        }),
    ]
}

/// Entries of which the same id never has two bodies, and the founding charter.
fn any_entries() -> impl Strategy<Value = Vec<CoreEntry>> {
    prop::collection::vec(any_entry(), 0..60).prop_map(|mut entries| {
        let mut seen = BTreeMap::new();
        entries.retain(|entry| seen.insert(entry.slot.id, ()).is_none());
        entries.push(entry(0, 5, 7, &Body::Charter(charters()[0].clone())));
        entries
    })
}

/// What a store does: the holders of the slots that are asked for.
fn read_again(members: &mut Members, entries: &[CoreEntry]) {
    loop {
        let unread = members.take_unread();
        if unread.is_empty() {
            return;
        }
        for (author, n) in unread {
            let id = members.slots[&author][&n].id;
            let entry = entries.iter().find(|entry| entry.slot.id == id).unwrap();
            members.read_again(entry.clone());
        }
        members.settle();
    }
}

/// Who carries the next charter becomes an operator later than that, and is looked at then.
#[test]
fn a_charter_is_read_again_when_its_carrier_becomes_an_operator() {
    let third = charter(Some(id_of(&charters()[1])), &[0, 1, 3, 5], &[0, 3], "Neap tide", BUDGET);
    let carried = entry(3, 0, 7, &Body::Charter(third.clone()));
    let second = entry(1, 0, 7, &Body::Charter(charters()[1].clone()));
    let mut entries = vec![founding(), vouch(0, 1, 3, 1), carried, second];
    for _ in 0..entries.len() {
        entries.rotate_left(1);
        let mut lean = Members::lean(pinned());
        for entry in &entries {
            lean.insert(entry.clone());
            read_again(&mut lean, &entries);
        }
        assert_eq!(lean.charters().last(), Some(id_of(&third)));
        assert_eq!(outcome(&lean), outcome(&Members::fold(pinned(), entries.clone())));
        assert_eq!(lean.chain.kept_bytes(), 0, "adopted ones are kept once");
    }
}

/// One operator's charters, and those of members whom it vouched for: none has enough signatures.
#[test]
fn charters_that_decide_nothing_take_no_memory() {
    let text = Some("~".repeat(4_000));
    let prev = Some(id_of(&charters()[0]));
    let flood = |author: usize, n: u64, prev| {
        let charter = Charter { text: text.clone(), ..charter(prev, &[author], &[author], "Flood", BUDGET) };
        entry(author, n, 7, &Body::Charter(signed(charter, &[author])))
    };
    let of_operator = (1..40).map(|n| flood(2, n, prev));
    let of_member = (0..40).map(|n| flood(6, n, prev));
    let of_nowhere = (40..60).map(|n| flood(2, n, Some(CharterId([n as u8; 32]))));
    let entries: Vec<_> = [founding(), vouch(2, 0, 6, 1)]
        .into_iter()
        .chain(of_operator)
        .chain(of_member)
        .chain(of_nowhere)
        .collect();
    let (mut lean, mut all) = (Members::lean(pinned()), Members::new(pinned()));
    for entry in &entries {
        lean.insert(entry.clone());
        read_again(&mut lean, &entries);
        all.insert(entry.clone());
    }
    assert_eq!(outcome(&lean), outcome(&all));
    assert!(all.chain.kept_bytes() > 99 * 4_000);
    assert_eq!(lean.chain.kept_bytes(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_order_parts_and_replays_give_what_the_rules_say(
        (entries, shuffled) in any_entries().prop_flat_map(|entries| {
            let twice = [entries.clone(), entries.clone()].concat();
            (Just(entries), Just(twice).prop_shuffle())
        }),
        pause in 1usize..9,
        split in any::<prop::sample::Index>(),
    ) {
        let whole = Members::fold(pinned(), entries.clone());
        let (expected, weights) = plain(&entries);
        prop_assert_eq!(numbers(&whole), expected);
        prop_assert_eq!((0..PEOPLE).map(|number| whole.weight(&key(number))).collect::<Vec<_>>(), weights);

        let mut one_by_one = Members::new(pinned());
        shuffled.iter().for_each(|entry| one_by_one.insert(entry.clone()));
        prop_assert_eq!(outcome(&one_by_one), outcome(&whole));

        let mut in_parts = Members::new(pinned());
        for part in shuffled.chunks(pause) {
            part.iter().for_each(|entry| in_parts.place(entry.clone()));
            in_parts.settle();
        }
        prop_assert_eq!(outcome(&in_parts), outcome(&whole));

        // From a disk, with no charter in memory that decides nothing.
        let mut lean = Members::lean(pinned());
        for entry in &shuffled {
            lean.insert(entry.clone());
            read_again(&mut lean, &entries);
        }
        prop_assert_eq!(outcome(&lean), outcome(&whole));

        // Heads first, bodies later.
        let mut heads_first = Members::new(pinned());
        let (bare, later) = shuffled.split_at(split.index(shuffled.len()));
        for entry in bare {
            heads_first.insert(CoreEntry { slot: Slot { says: None, ..entry.slot.clone() }, ..entry.clone() });
        }
        bare.iter().chain(later).for_each(|entry| heads_first.insert(entry.clone()));
        prop_assert_eq!(outcome(&heads_first), outcome(&whole));
    }

    /// Without two heads for one slot nobody is ever lost by what comes.
    #[test]
    fn members_only_grow(entries in any_entries()) {
        let mut taken = BTreeMap::new();
        let mut members = Members::new(pinned());
        let mut before = numbers(&members);
        for entry in entries {
            if taken.insert((entry.author, entry.n), ()).is_some() {
                continue;
            }
            members.insert(entry);
            let after = numbers(&members);
            prop_assert!(before.iter().all(|number| after.contains(number)), "{before:?} {after:?}");
            before = after;
        }
    }

    /// Dropping bodies is as if they had never been here, and getting them again as if they had always been.
    #[test]
    fn bodies_that_are_dropped_can_come_back(entries in any_entries(), drops in prop::collection::vec(any::<bool>(), 62)) {
        // Adopted charters stay, so theirs are not dropped here.
        let drops: Vec<_> = entries
            .iter()
            .zip(drops)
            .filter(|(entry, drop)| *drop && entry.charter().is_none())
            .map(|(entry, _)| entry.clone())
            .collect();
        let whole = Members::fold(pinned(), entries.clone());
        let mut members = whole.clone();
        let holds = |members: &Members, entry: &CoreEntry| members.slots[&entry.author][&entry.n].id == entry.slot.id;
        for entry in drops.iter().filter(|entry| holds(&whole, entry)) {
            members.drop_body(entry.author, entry.n);
        }
        members.settle();
        let bare = |entry: &CoreEntry| match drops.iter().any(|drop| drop.slot.id == entry.slot.id) {
            true => CoreEntry { slot: Slot { says: None, ..entry.slot.clone() }, ..entry.clone() },
            false => entry.clone(),
        };
        prop_assert_eq!(outcome(&members), outcome(&Members::fold(pinned(), entries.iter().map(bare))));
        drops.into_iter().for_each(|entry| members.insert(entry));
        prop_assert_eq!(outcome(&members), outcome(&whole));
    }
}

#[test]
fn the_operators_are_members_and_whoever_they_vouch_for() {
    let mut members = Members::new(pinned());
    members.insert(vouch(1, 0, 5, 3));
    assert_eq!((numbers(&members), members.root()), (vec![], None), "the charter is not here");
    members.insert(founding());
    assert_eq!(numbers(&members), [0, 1, 2, 5]);
    assert_eq!((members.budget_left(&key(1)), members.budget_left(&key(5))), (6, 2));
    // Behind an edge of 3 there are 3 keys at most.
    members.insert(vouch(5, 0, 6, 2));
    members.insert(vouch(6, 0, 7, 1));
    members.insert(vouch(7, 0, 8, 1));
    assert_eq!(numbers(&members), [0, 1, 2, 5, 6, 7]);
}

#[test]
fn the_first_vouch_that_does_not_fit_ends_the_count() {
    let entries = [founding(), vouch(1, 0, 5, 5), vouch(1, 1, 6, 5), vouch(1, 2, 7, 1)];
    assert_eq!(numbers(&Members::fold(pinned(), entries.clone())), [0, 1, 2, 5]);
    // With more budget it goes on.
    let more = Members::fold(pinned(), entries.into_iter().chain([vouch(2, 0, 1, 3)]));
    assert_eq!(numbers(&more), [0, 1, 2, 5, 6, 7]);
}

#[test]
fn an_n_that_is_not_here_ends_the_count_until_it_comes() {
    let mut members = Members::fold(pinned(), [founding(), vouch(1, 1, 6, 5)]);
    assert_eq!(numbers(&members), [0, 1, 2]);
    members.insert(CoreEntry::stored(id_for(1, 0, 7), key(1), 0, 2, None));
    assert_eq!(numbers(&members), [0, 1, 2], "it may take all of the budget");
    members.insert(vouch(1, 0, 5, 1));
    assert_eq!(numbers(&members), [0, 1, 2, 5, 6]);
}

#[test]
fn a_withdrawal_takes_weight_and_never_membership() {
    let mut members =
        Members::fold(pinned(), [founding(), vouch(1, 0, 5, 3), vouch(5, 0, 6, 1), withdrawal(1, 1, 5)]);
    assert_eq!(numbers(&members), [0, 1, 2, 5, 6]);
    assert_eq!((members.weight(&key(5)), members.weight(&key(6))), (Some(0), Some(1)));
    assert_eq!(members.budget_left(&key(1)), 6, "nothing comes back, and nothing is taken");
    members.insert(vouch(2, 0, 5, 1));
    assert_eq!(members.weight(&key(5)), Some(1), "another member answers");
    members.insert(withdrawal(2, 1, 5));
    assert_eq!(members.weight(&key(5)), Some(0));
    members.insert(vouch(1, 2, 5, 1));
    assert_eq!(members.weight(&key(5)), Some(1), "answers again");
    assert_eq!(members.weight(&key(8)), None);
}

#[test]
fn a_ruling_holds_while_more_than_half_of_the_current_roster_says_so() {
    let mut members = Members::fold(pinned(), [founding(), vouch(0, 1, 5, 2), vouch(0, 2, 6, 2)]);
    let subject = RulingSubject::Author(key(5));
    members.insert(ban(1, 0, 5, Verdict::Falls));
    members.insert(ban(5, 0, 5, Verdict::Falls));
    members.insert(ban(6, 0, 5, Verdict::Falls));
    assert_eq!(members.ruling(&subject), None, "others are not asked");
    members.insert(ban(2, 0, 5, Verdict::Falls));
    assert_eq!((members.ruling(&subject).unwrap().votes, members.weight(&key(5))), (2, Some(0)));
    assert!(members.is_member(&key(5)), "a ban removes nobody");
    members.insert(ban(2, 1, 5, Verdict::Stands));
    assert_eq!((members.ruling(&subject), members.weight(&key(5))), (None, Some(1)));
    members.insert(ban(2, 2, 5, Verdict::Falls));
    assert_eq!(members.rulings().count(), 1);
    // The second charter puts another operator in the place of the third one.
    members.insert(entry(0, 3, 7, &Body::Charter(charters()[1].clone())));
    assert_eq!(members.ruling(&subject), None);
    members.insert(ban(3, 0, 5, Verdict::Falls));
    assert_eq!(members.ruling(&subject).unwrap().roster, 3);
    assert_eq!(members.weight(&key(2)), Some(1), "who was an operator stays a member");
}

#[test]
fn a_charter_needs_two_thirds_of_the_roster_before_it_and_an_operator_who_carries_it() {
    let id = pinned();
    for (signers, is_adopted) in [(&[0, 1][..], true), (&[0], false), (&[0, 3], false), (&[0, 1, 2], true)] {
        let next = Body::Charter(charter(Some(id), &[0, 3], signers, "Tidewater", 1));
        let members = Members::fold(id, [founding(), entry(2, 0, 7, &next)]);
        assert_eq!(members.charters().count() == 2, is_adopted, "{signers:?}");
        assert_eq!(members.is_member(&key(3)), is_adopted);
        let stranger = Members::fold(id, [founding(), vouch(0, 1, 5, 2), entry(5, 0, 7, &next)]);
        assert_eq!(stranger.charters().count(), 1, "not by an operator");
    }
    let lower = Body::Charter(charter(Some(id), &[0, 1, 2], &[0, 1], "Tidewater", 1));
    let members = Members::fold(id, [founding(), entry(2, 0, 7, &lower)]);
    assert_eq!(members.budget_left(&key(0)), u64::from(BUDGET), "amounts only rise");
}

#[test]
fn quotas_rise_with_charters_and_operators_have_more() {
    let raising = Charter { quota_core: Some(70), quota_main: Some(12_000), ..charters()[1].clone() };
    let raising = entry(0, 1, 7, &Body::Charter(signed(raising, &[0, 1])));
    let filler = |n| CoreEntry::stored(id_for(5, n, 7), key(5), n, 9, Some(&[0xa0]));
    let mut members =
        Members::fold(pinned(), [founding(), vouch(1, 0, 5, 5)].into_iter().chain((0..64).map(filler)));
    members.insert(vouch(5, 64, 6, 1));
    assert_eq!(members.quota(Scope::Core, &key(5)), 64);
    assert_eq!(members.quota(Scope::Core, &key(1)), 10_000);
    assert!(!members.is_member(&key(6)), "beyond the quota");
    members.insert(raising);
    assert_eq!((members.quota(Scope::Core, &key(5)), members.quota(Scope::Main, &key(5))), (70, 12_000));
    assert!(members.is_member(&key(6)));
}

#[test]
fn of_two_charters_the_one_before_stays_and_the_fork_is_reported() {
    let [first, second, other] = charters();
    let (first, second, other) = (id_of(first), id_of(second), id_of(other));
    let carried = |which: usize| entry(0, which as u64, 7, &Body::Charter(charters()[which].clone()));
    for (taken, left) in [(1, 2), (2, 1)] {
        let mut members = Members::fold(first, [founding(), carried(taken)]);
        assert_eq!(members.forks(), []);
        members.insert(carried(left));
        let [adopted, other] = [taken, left].map(|which| if which == 1 { second } else { other });
        assert_eq!(members.forks(), [Fork { prev: first, adopted, other }]);
        // It is kept although the entry that carried it is gone, and by a node that starts again.
        let kept = members.adopted().map(|(place, _, body)| (place, body.to_vec())).collect();
        members.insert(CoreEntry::stored(id_for(0, taken as u64, 0), key(0), taken as u64, 3, Some(&[0xa0])));
        assert_eq!(members.charters().collect::<Vec<_>>(), [first, adopted]);
        let mut again = Members::with_adopted(first, kept).unwrap();
        [founding(), carried(1), carried(2)].into_iter().for_each(|entry| again.insert(entry));
        assert_eq!(again.charters().collect::<Vec<_>>(), [first, adopted]);
    }
    // Where both are there at once, every node takes the same one.
    let both = Members::fold(first, [founding(), carried(2), carried(1)]);
    assert_eq!(both.charters().last(), Some(second.min(other)));
}

#[test]
fn a_newer_charter_leads_back_to_those_before_it() {
    let second = id_of(&charters()[1]);
    let carried = |which: usize| entry(3, which as u64, 7, &Body::Charter(charters()[which].clone()));
    let mut members = Members::fold(second, [carried(1)]);
    assert_eq!(numbers(&members), [0, 1, 3]);
    members.insert(carried(0));
    assert_eq!(numbers(&members), [0, 1, 2, 3]);
    let founder =
        Members::fold(pinned(), [carried(0), entry(0, 0, 7, &Body::Charter(charters()[1].clone()))]);
    assert_eq!(members.root(), founder.root(), "whichever of a chain a node was given");
    let kept: Vec<_> = members.adopted().map(|(place, _, body)| (place, body.to_vec())).collect();
    assert_eq!(kept.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [-1, 0]);
    assert_eq!(outcome(&Members::with_adopted(second, kept).unwrap()).0, outcome(&members).0);
}

#[test]
fn ten_thousand_vouches_in_a_row_take_no_time_to_speak_of() {
    let key_of = |number: u64| {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        AuthorKey(bytes)
    };
    let rich = charter(None, &[0], &[0], "Tidewater", 1_000_000);
    let mut members = Members::fold(id_of(&rich), [entry(0, 0, 7, &Body::Charter(rich.clone()))]);
    let by = |author: AuthorKey, n: u64, subject: u64, grant| {
        let body = Body::Vouch(Vouch { key: key_of(subject), grant, withdrawn: false, note: None });
        let mut id = author.0;
        id[24..].copy_from_slice(&n.to_be_bytes());
        CoreEntry::stored(EntryId(id), author, n, Kind::Vouch.number(), Some(&body.to_bytes().unwrap()))
    };
    let started = std::time::Instant::now();
    members.insert(by(key(0), 1, 0, 20_000));
    for number in 0..10_000 {
        members.insert(by(key_of(number), 0, number + 1, 19_999 - number as u32));
    }
    let chain_secs = started.elapsed().as_secs_f64();
    assert_eq!(members.keys().len(), 10_002);
    // Each of the 10,000 would take as long as all of them did, if everything were folded again.
    assert!(chain_secs < 5.0, "{chain_secs} s");
}
