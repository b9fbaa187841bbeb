//! What becomes of peers that fail, in virtual time.

use super::*;

fn member(number: u8) -> Candidate {
    let name = |length| char::from(b'a' + number).to_string().repeat(length);
    let addresses = vec![
        PeerAddress::Onion(format!("{}.onion", name(56))),
        PeerAddress::I2p(format!("{}.b32.i2p", name(52))),
    ];
    Candidate { author: AuthorKey([number; 32]), origin: Origin::Member, addresses }
}

fn state() -> StateAnswer {
    StateAnswer {
        scopes: BTreeMap::new(),
        members_root: None,
        incarnation: "00".repeat(16),
        tail: BTreeMap::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn who_fails_for_an_hour_is_set_aside_for_some_hours() {
    let board = PeerBoard::new(&[]);
    let peer = member(1);
    let record = || board.record(&peer.author, Instant::now());
    assert_eq!(record(), Record::Waiting);
    board.appoint(&peer);
    for _ in 0..6 {
        assert_eq!((record(), board.bad_ones(Instant::now()).len()), (Record::Followed, 0));
        board.failed(&peer.addresses[0], "nobody there");
        tokio::time::advance(FAILED_AFTER / 6).await;
        // It answers, and breaks off at once: no good connection.
        board.answered(&peer.addresses[1], state());
    }
    board.failed(&peer.addresses[1], "broken");
    assert_eq!((record(), board.bad_ones(Instant::now()).len()), (Record::SetAside, 1));
    board.dismiss(&peer.author, Instant::now());
    assert_eq!((record(), board.bad_ones(Instant::now()).len()), (Record::SetAside, 0));
    tokio::time::advance(SET_ASIDE).await;
    assert_eq!(record(), Record::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_good_connection_makes_up_for_failures() {
    let board = PeerBoard::new(&[]);
    let peer = member(1);
    board.appoint(&peer);
    tokio::time::advance(FAILED_AFTER).await;
    assert_eq!(board.bad_ones(Instant::now()), [peer.author]);
    board.answered(&peer.addresses[1], state());
    tokio::time::advance(GOOD_CONNECTION).await;
    assert!(board.bad_ones(Instant::now()).is_empty());
    let report = board.report(&BTreeMap::new()).remove(0);
    assert_eq!(report.address, peer.addresses[1].to_string(), "the one that answers");
    board.failed(&peer.addresses[1], "broken");
    tokio::time::advance(FAILED_AFTER / 2).await;
    assert!(board.bad_ones(Instant::now()).is_empty());
    // Whoever leaves without having failed may come back at once.
    board.dismiss(&peer.author, Instant::now());
    assert_eq!(board.record(&peer.author, Instant::now()), Record::Waiting);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_some_are_remembered() {
    let board = PeerBoard::new(&[]);
    let all: Vec<Candidate> = (0..=MAX_DISMISSED as u64)
        .map(|number| {
            let mut peer = member(1);
            peer.author.0[..8].copy_from_slice(&number.to_le_bytes());
            peer
        })
        .collect();
    all.iter().for_each(|peer| board.appoint(peer));
    tokio::time::advance(FAILED_AFTER).await;
    all.iter().for_each(|peer| board.dismiss(&peer.author, Instant::now()));
    assert_eq!(board.lock().dismissed.len(), MAX_DISMISSED);
}

#[tokio::test(start_paused = true)]
async fn who_lies_makes_room_and_is_not_forgiven_for_leaving() {
    let configured = member(2).addresses.remove(0);
    let board = PeerBoard::new(std::slice::from_ref(&configured));
    let peer = member(1);
    let record = || board.record(&peer.author, Instant::now());
    board.appoint(&peer);
    for at in [0, 1, 0] {
        assert_eq!((record(), board.is_out_of_credit(&peer.addresses[at])), (Record::Followed, false));
        board.lied(&peer.addresses[at]);
    }
    assert!(peer.addresses.iter().all(|address| board.is_out_of_credit(address)));
    assert_eq!(board.bad_ones(Instant::now()), [peer.author]);
    board.dismiss(&peer.author, Instant::now());
    assert_eq!(record(), Record::SetAside);
    // Nobody else wanted the place: it comes back as it went.
    board.appoint(&peer);
    assert_eq!((record(), board.is_out_of_credit(&peer.addresses[0])), (Record::SetAside, true));
    board.dismiss(&peer.author, Instant::now());
    tokio::time::advance(Duration::from_secs(9 * 3_600)).await;
    assert_eq!(record(), Record::Waiting);

    // Who was configured has no place to lose.
    (0..3).for_each(|_| board.lied(&configured));
    assert!(board.is_out_of_credit(&configured) && board.bad_ones(Instant::now()).is_empty());
    assert_eq!(board.report(&BTreeMap::new())[0].credit, 0);
}

/// Two configured peers, one of which is where an author of the roster says that their node is.
#[tokio::test(start_paused = true)]
async fn a_node_of_the_roster_that_stays_apart_is_told_of_once() {
    let [of_roster, other] = [member(1), member(2)].map(|mut peer| peer.addresses.remove(0));
    let board = PeerBoard::new(&[of_roster.clone(), other.clone()]);
    board.set_roster(&HashSet::from([of_roster.clone()]));
    let mut told = [0, 0];
    for _ in 0..30 * 40 {
        for (peer, told) in [&of_roster, &other].into_iter().zip(&mut told) {
            *told += usize::from(board.compared(peer, Some(false)));
        }
        tokio::time::advance(Duration::from_secs(90)).await;
    }
    assert_eq!(told, [1, 0]);
    let since = |at: usize| board.report(&BTreeMap::new())[at].disagrees_since_secs;
    assert!(since(0).is_some() && since(1).is_none());
    board.compared(&of_roster, Some(true));
    assert_eq!(since(0), None);
}
