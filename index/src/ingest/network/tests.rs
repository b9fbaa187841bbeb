//! Sets of members: whatever the order and the parts, the set is `heads by members`.

use super::*;
use crate::entry::charter::Charter;
use crate::entry::identity::Identity;
use crate::entry::vouch::Vouch;
use crate::entry::{Body, EntryId, Kind, Scope};
use crate::ingest::{Outcome, drop_body, ingest};
use crate::members::{CoreEntry, Members};
use crate::store::membership::{INBOX_SECS, MAX_INBOX, MAX_INBOX_OF_AUTHOR};
use crate::sync::root::SetSum;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// As the store has it for entries that go back to the inbox.
fn now_secs() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn identity(number: u8) -> Identity {
    Identity::from_secret([number + 1; 32])
}

fn sign(author: u8, n: u64, created: u64, body: &Body) -> VerifiedEntry {
    identity(author).sign(body.to_bytes().unwrap(), body.kind().number(), n, created)
}

fn vouch(author: u8, n: u64, subject: u8, grant: u32) -> VerifiedEntry {
    let key = identity(subject).author();
    sign(author, n, 494_000, &Body::Vouch(Vouch { key, grant, withdrawn: false, note: None }))
}

fn main_entry(author: u8, n: u64) -> VerifiedEntry {
    identity(author).sign(vec![0xa0], 99, n, 494_000)
}

/// Keys 0 and 1 found the network.
fn founding() -> Charter {
    founding_with(9)
}

fn founding_with(budget: u32) -> Charter {
    let roster = [0, 1].map(|number| identity(number).author()).to_vec();
    let charter = Charter { name: "Tidewater".into(), roster, budget: Some(budget), ..Charter::default() };
    charter.signed(|message| [0, 1].map(|number| identity(number).sign_charter(message)).to_vec())
}

fn pinned() -> CharterId {
    CharterId::of(&founding().to_be_signed())
}

fn founded() -> VerifiedEntry {
    sign(0, 0, 494_000, &Body::Charter(founding()))
}

fn open() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

/// Offers one entry as a submission: a stranger's goes into the inbox.
fn offer(store: &Store, entry: &VerifiedEntry) -> Outcome {
    let outcome = ingest(store, std::slice::from_ref(entry), None).unwrap()[0];
    if outcome == Outcome::NotMember {
        assert_eq!(store.put_in_inbox(entry, now_secs()).unwrap(), Kept::Waiting);
    }
    outcome
}

/// What the set of a scope and the members have to be after all of these, whatever came first.
fn expected(entries: &[VerifiedEntry], scope: Scope) -> ([u8; 32], Option<[u8; 32]>) {
    let core = entries.iter().filter(|entry| entry.head().scope() == Scope::Core);
    let members = Members::fold(pinned(), core.map(|entry| CoreEntry::new(entry.head(), entry.body())));
    let mut slots: BTreeMap<_, EntryId> = BTreeMap::new();
    for head in entries.iter().map(VerifiedEntry::head).filter(|head| head.scope() == scope) {
        let (author, n) = (head.author(), head.statement().n);
        if members.is_member(&author) && n < members.quota(scope, &author) {
            let holder = slots.entry((author, n)).or_insert(head.id());
            *holder = head.id().min(*holder);
        }
    }
    let mut sum = SetSum::default();
    slots.values().for_each(|id| sum.insert(id));
    (sum.root(scope), members.root())
}

fn check(store: &Store, entries: &[VerifiedEntry]) {
    for scope in Scope::ALL {
        let (root, members_root) = expected(entries, scope);
        assert_eq!(store.scope_state(scope).unwrap().root, root, "{scope:?}");
        assert_eq!(store.members_root().unwrap(), members_root);
    }
    // What was kept from write to write is what follows from the disk.
    let members = store.members().unwrap().unwrap();
    assert_eq!(members.root(), store.members_root().unwrap());
}

#[test]
fn strangers_wait_and_join_with_all_they_have_when_somebody_vouches() {
    let (dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    assert_eq!(store.members_root().unwrap(), None);
    assert_eq!(offer(&store, &main_entry(0, 0)), Outcome::NotMember, "the charter is not here");
    assert_eq!(offer(&store, &founded()), Outcome::New);
    assert_eq!(store.scope_state(Scope::Main).unwrap().count, 1, "it waited for the charter");
    let waiting = [vouch(5, 0, 6, 1), main_entry(5, 0), main_entry(6, 3)];
    for entry in &waiting {
        assert_eq!(offer(&store, entry), Outcome::NotMember);
    }
    assert_eq!(store.inbox_count().unwrap(), 3);
    assert_eq!(offer(&store, &vouch(1, 0, 5, 2)), Outcome::New);
    assert_eq!(store.inbox_count().unwrap(), 0, "5 by the vouch, and 6 by that of 5");
    let all = [&[founded(), main_entry(0, 0), vouch(1, 0, 5, 2)][..], &waiting].concat();
    check(&store, &all);
    // An operator may have more entries of core than others.
    assert_eq!(offer(&store, &identity(0).sign(vec![0xa0], 9, 9_999, 1)), Outcome::New);
    assert_eq!(offer(&store, &identity(5).sign(vec![0xa0], 9, 64, 1)), Outcome::OverQuota);
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(offer(&store, &main_entry(6, 4)), Outcome::New, "after a restart too");
    assert_eq!(offer(&store, &main_entry(7, 0)), Outcome::NotMember);
}

#[test]
fn within_one_batch_the_order_does_not_matter() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    let batch = [main_entry(6, 0), vouch(5, 0, 6, 1), main_entry(7, 0), vouch(1, 0, 5, 2), founded()];
    let outcomes = ingest(&store, &batch, None).unwrap();
    let [new, stranger] = [Outcome::New, Outcome::NotMember];
    assert_eq!(outcomes, [new, new, stranger, new, new]);
    check(&store, &batch);
}

/// 6 joins by a vouch of 5 that loses its slot at once, and again by another vouch at the end of the batch.
#[test]
fn whoever_is_lost_again_within_a_batch_waits_on_in_it() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    assert_eq!(offer(&store, &founded()), Outcome::New);
    let higher = vouch(5, 0, 6, 1);
    let rival = Vouch { key: identity(7).author(), grant: 1, withdrawn: false, note: None };
    let rival = Body::Vouch(rival);
    let mut rivals = (0..).map(|created| sign(5, 0, created, &rival));
    let lower = rivals.find(|rival| rival.head().id() < higher.head().id()).unwrap();
    let batch = [main_entry(6, 0), higher, lower, vouch(1, 0, 5, 3), vouch(1, 1, 6, 1)];
    assert_eq!(ingest(&store, &batch, None).unwrap(), [Outcome::New; 5]);
    check(&store, &[&[founded()][..], &batch].concat());
}

#[test]
fn an_open_set_becomes_that_of_a_network_when_its_charter_is_here() {
    let (_dir, store) = open();
    let open_set =
        [main_entry(0, 0), main_entry(5, 0), vouch(1, 0, 5, 2), main_entry(6, 0), vouch(6, 0, 7, 1)];
    assert_eq!(ingest(&store, &open_set, None).unwrap(), [Outcome::New; 5]);
    pin_charter(&store, pinned()).unwrap();
    assert_eq!(
        store.scope_state(Scope::Main).unwrap().count,
        3,
        "nothing leaves before it is known who belongs"
    );
    assert_eq!(offer(&store, &founded()), Outcome::New);
    check(&store, &[&open_set[..], &[founded()]].concat());
    assert_eq!(store.inbox_count().unwrap(), 2);
    assert_eq!(store.in_inbox(&main_entry(6, 0).head().id()).unwrap(), Some(main_entry(6, 0)));
    // A second network is refused, the same one is not.
    pin_charter(&store, pinned()).unwrap();
    assert!(
        matches!(pin_charter(&store, CharterId([7; 32])), Err(PinError::Other(other)) if other == pinned())
    );

    // The other way round: the charter was in the open set before.
    let (_dir, store) = open();
    let all = [&open_set[..], &[founded()]].concat();
    ingest(&store, &all, None).unwrap();
    pin_charter(&store, pinned()).unwrap();
    check(&store, &all);
}

#[test]
fn a_charter_may_come_from_a_stranger_whose_head_stays_outside() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    assert_eq!(offer(&store, &sign(5, 0, 1, &Body::Charter(founding()))), Outcome::NotMember);
    assert_eq!(store.scope_state(Scope::Core).unwrap().count, 0);
    assert_eq!(store.members().unwrap().unwrap().keys().len(), 2);
    assert_eq!(offer(&store, &main_entry(1, 0)), Outcome::New);
}

/// The one way to lose members: two heads for one slot.
#[test]
fn heads_of_those_who_are_no_members_any_more_leave_and_come_back() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    let rivals = {
        let mut rivals = [vouch(1, 0, 5, 2), vouch(1, 0, 6, 2)];
        rivals.sort_by_key(|entry| entry.head().id());
        rivals
    };
    let [lower, higher] = rivals;
    let all =
        [founded(), higher.clone(), main_entry(5, 0), main_entry(6, 0), vouch(5, 0, 7, 1), main_entry(7, 0)];
    all.iter().for_each(|entry| _ = offer(&store, entry));
    let before = store.scope_state(Scope::Main).unwrap();
    assert!(before.count > 0);
    assert_eq!(offer(&store, &lower), Outcome::New);
    let all = [&all[..], &[lower]].concat();
    check(&store, &all);
    // Another operator answers for both: everything is back.
    let more = [vouch(0, 1, 5, 2), vouch(0, 2, 6, 1)];
    more.iter().for_each(|entry| assert_eq!(offer(&store, entry), Outcome::New));
    check(&store, &[&all[..], &more].concat());
    assert_eq!((store.scope_state(Scope::Main).unwrap().count, store.inbox_count().unwrap()), (3, 0));
}

#[test]
fn without_the_body_of_a_vouch_its_subject_waits() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    let all = [founded(), vouch(1, 0, 5, 2), main_entry(5, 0)];
    all.iter().for_each(|entry| assert_eq!(offer(&store, entry), Outcome::New));
    assert!(drop_body(&store, &all[1].head().id()).unwrap());
    assert_eq!((store.scope_state(Scope::Main).unwrap().count, store.inbox_count().unwrap()), (0, 1));
    assert_eq!(offer(&store, &all[1]), Outcome::BodyAdded);
    check(&store, &all);
}

/// Somebody vouches for the author between the refusal and the inbox.
#[test]
fn whoever_joined_meanwhile_does_not_wait_in_the_inbox() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    assert_eq!(offer(&store, &founded()), Outcome::New);
    let entry = main_entry(5, 0);
    assert_eq!(ingest(&store, slice::from_ref(&entry), None).unwrap(), [Outcome::NotMember]);
    assert_eq!(offer(&store, &vouch(1, 0, 5, 1)), Outcome::New);
    assert_eq!(store.put_in_inbox(&entry, now_secs()).unwrap(), Kept::Offered(Outcome::New));
    assert_eq!(store.put_in_inbox(&entry, now_secs()).unwrap(), Kept::Offered(Outcome::Known));
    assert_eq!(store.inbox_count().unwrap(), 0);
    check(&store, &[founded(), vouch(1, 0, 5, 1), entry]);
}

#[test]
fn the_inbox_is_bounded_and_forgets() {
    let (_dir, store) = open();
    let now = now_secs();
    let fill = format!(
        "INSERT INTO inbox (id, author, head, arrived_at_secs)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MAX_INBOX})
         SELECT randomblob(32), randomblob(32), x'00', {now} FROM n"
    );
    store.write(|db| Ok(db.execute(&fill, [])?)).unwrap();
    let entry = main_entry(5, 0);
    assert_eq!(store.put_in_inbox(&entry, now).unwrap(), Kept::NoRoom, "all have as many as this one would");
    assert_eq!(store.put_in_inbox(&entry, now + INBOX_SECS + 1).unwrap(), Kept::Waiting);
    assert_eq!(store.inbox_count().unwrap(), 1);
    assert_eq!(store.put_in_inbox(&entry, now + INBOX_SECS + 1).unwrap(), Kept::Waiting, "again");
    assert_eq!(store.inbox_count().unwrap(), 1);
}

#[test]
fn one_stranger_has_a_share_of_the_inbox_and_leaves_room_for_others() {
    let (_dir, store) = open();
    pin_charter(&store, pinned()).unwrap();
    let now = now_secs();
    for n in 0..MAX_INBOX_OF_AUTHOR as u64 {
        assert_eq!(store.put_in_inbox(&main_entry(5, n), now + n).unwrap(), Kept::Waiting);
    }
    assert_eq!(store.put_in_inbox(&main_entry(5, 200), now).unwrap(), Kept::NoRoom);
    assert_eq!(store.put_in_inbox(&main_entry(5, 3), now).unwrap(), Kept::Waiting, "it waits already");
    // Many others fill the rest, with two entries each.
    let others = format!(
        "INSERT INTO inbox (id, author, head, arrived_at_secs)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         SELECT randomblob(32), CAST(printf('%032d', i / 2) AS BLOB), x'00', {now} FROM n",
        MAX_INBOX - MAX_INBOX_OF_AUTHOR
    );
    store.write(|db| Ok(db.execute(&others, [])?)).unwrap();
    assert_eq!(store.inbox_count().unwrap(), MAX_INBOX as u64);
    for n in 0..50 {
        assert_eq!(store.put_in_inbox(&main_entry(6, n), now).unwrap(), Kept::Waiting);
    }
    assert_eq!(store.inbox_count().unwrap(), MAX_INBOX as u64);
    let waits = |author, n| store.in_inbox(&main_entry(author, n).head().id()).unwrap().is_some();
    assert!(!waits(5, 49) && waits(5, 50), "the oldest of whoever had most are gone");
    assert_eq!(store.put_in_inbox(&main_entry(6, 50), now).unwrap(), Kept::NoRoom, "both have as many");
}

/// Each vouch is by the member whom the one before it made.
#[test]
fn thousands_of_vouches_in_a_row_are_taken_in_steadily() {
    let mut identities: Vec<Identity> = (0..3_000u32)
        .map(|number| {
            let mut secret = [9; 32];
            secret[..4].copy_from_slice(&number.to_be_bytes());
            Identity::from_secret(secret)
        })
        .collect();
    let rich = founding_with(1_000_000);
    let (_dir, store) = open();
    pin_charter(&store, CharterId::of(&rich.to_be_signed())).unwrap();
    let first = Vouch { key: identities[0].author(), grant: 10_000, withdrawn: false, note: None };
    let start = [sign(0, 0, 1, &Body::Charter(rich)), sign(0, 1, 1, &Body::Vouch(first))];
    ingest(&store, &start, None).unwrap();
    let mut row = Vec::new();
    for number in 0..identities.len() - 1 {
        let key = identities[number + 1].author();
        let body = Body::Vouch(Vouch { key, grant: 9_999 - number as u32, withdrawn: false, note: None });
        row.push(identities[number].sign(body.to_bytes().unwrap(), Kind::Vouch.number(), 0, 1));
    }
    let mut secs = Vec::new();
    for part in row.chunks(100) {
        let started = std::time::Instant::now();
        assert!(ingest(&store, part, None).unwrap().iter().all(|outcome| *outcome == Outcome::New));
        secs.push(started.elapsed().as_secs_f64());
    }
    assert_eq!(store.members().unwrap().unwrap().keys().len(), 3_002);
    // The middle of the first and of the last third: they would be as 1 to 5 if all were folded each time.
    let third = |part: &[f64]| {
        let mut part = part.to_vec();
        part.sort_by(f64::total_cmp);
        part[part.len() / 2]
    };
    let (early, late) = (third(&secs[..10]), third(&secs[secs.len() - 10..]));
    assert!(late < 3.0 * early, "{early} s, then {late} s for 100");
}

fn any_entry() -> impl Strategy<Value = VerifiedEntry> {
    prop_oneof![
        4 => (0u8..6, 0u64..3, 0u64..2, 0u8..6, 1u32..5, prop::bool::weighted(0.1)).prop_map(
            |(author, n, created, subject, grant, withdrawn)| {
                let key = identity(subject).author();
                sign(author, n + 1, created, &Body::Vouch(Vouch { key, grant, withdrawn, note: None }))
            }
        ),
        1 => (0u8..6, 1u64..3).prop_map(|(author, n)| identity(author).sign(vec![0xa0], 9, n, 7)),
        2 => (0u8..6, 0u64..4, 0u64..2).prop_map(|(author, n, created)| identity(author).sign(vec![0xa0], 99, n, created)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_order_parts_and_replays_give_the_same_sets(
        (entries, shuffled) in prop::collection::vec(any_entry(), 1..40).prop_flat_map(|mut entries| {
            // n = 0 of each: what comes later would never be counted without it.
            entries.push(founded());
            entries.extend((1..6).map(|author| identity(author).sign(vec![0xa0], 9, 0, 7)));
            (Just(entries.clone()), Just([entries.clone(), entries].concat()).prop_shuffle())
        }),
        part in 1usize..6,
    ) {
        let (_dir, store) = open();
        pin_charter(&store, pinned()).unwrap();
        for part in shuffled.chunks(part) {
            let outcomes = ingest(&store, part, None).unwrap();
            for (entry, outcome) in part.iter().zip(outcomes) {
                if outcome == Outcome::NotMember {
                    prop_assert_eq!(store.put_in_inbox(entry, now_secs()).unwrap(), Kept::Waiting);
                }
            }
        }
        check(&store, &entries);
    }
}
