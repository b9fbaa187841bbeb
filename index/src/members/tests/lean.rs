//! The fold of a store, which keeps no charter in memory that decides nothing, and reads again what it wants later.

use super::*;

/// What a store does: the holders of the slots that are asked for.
pub(super) fn read_again(members: &mut Members, entries: &[CoreEntry]) {
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
