//! A peer that shows different sets to different nodes.

use super::stage::*;
use crate::simulation::simulate;
use deadwax_index::entry::VerifiedEntry;
use deadwax_index::entry::identity::Identity;

/// Entries for the same slots, by what the author signs twice.
fn rivals(created_hours: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([9; 32]);
    (0..50)
        .map(|n| author.sign(vec![0xa1, 0x05, 0x07], if n < 10 { 9 } else { 99 }, n, created_hours))
        .collect()
}

#[test]
fn shows_two_sets_to_two_nodes_that_follow_each_other() {
    simulate(async {
        let mut stage = Stage::new();
        let (one, other) = (rivals(494_000), rivals(494_001));
        // Slots that both have, and some that only one has.
        stage.publish(HOSTILE, &[&one[..], &entries(8, 15)].concat());
        stage.publish(OTHER_FACE, &[&other[..], &entries(7, 25)].concat());
        stage.follow(A, HOSTILE);
        stage.follow(B, OTHER_FACE);
        stage
            .until("two sets", |stage| {
                let counts =
                    [A, B].map(|node| stage.nodes[node].scopes().unwrap().map(|(_, state)| state.count));
                counts == [[10, 55], [10, 65]]
            })
            .await;
        stage.follow_each_other();
        let lower = one.iter().zip(&other).map(|(one, other)| {
            if one.head().id() < other.head().id() { one.clone() } else { other.clone() }
        });
        let expected: Vec<_> = lower.chain(entries(8, 15)).chain(entries(7, 25)).collect();
        stage.until_equal_with(&expected).await;
    });
}
