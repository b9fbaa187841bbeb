//! Accounts over a store on disk: keys and their way elsewhere, limits, vouches, lost entries, and what the disk holds.

use super::*;
use crate::app::SharedApp;
use crate::config::Config;
use crate::serve::Caller;
use crate::submit::{Receipt, ReceiptState, submit_as};
use data_encoding::HEXLOWER;
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::link::Link;
use deadwax_index::entry::{Body, Scope, VerifiedEntry};
use deadwax_index::ingest::{ingest, pin_charter};
use serde_json::json;
use std::path::Path;

const PASSPHRASE: &str = "low water at nine";

fn open(dir: &Path, vouch: bool) -> SharedApp {
    let mut config = Config::default();
    config.accounts.sign_up = SignUp::Open;
    config.accounts.vouch = vouch;
    config.publication.delay = false;
    App::for_test(dir, config)
}

fn opening(name: &str) -> Opening<'_> {
    Opening { name, passphrase: PASSPHRASE, repeat: PASSPHRASE, invite: "" }
}

fn link(number: u8) -> Link {
    serde_json::from_value(json!({
        "infohash_v1": HEXLOWER.encode(&[number; 20]), "mbid": "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0",
        "mbid_kind": "release-group", "artist": "The Salt Cartographers", "title": "Maps of Low Water",
        "types": [], "trackers": [], "files": [],
        "edition": { "title": null, "year": null, "label": null, "catno": null, "country": null, "barcode": null },
    }))
    .unwrap()
}

fn submit(app: &App, account: &Arc<Session>, number: u8) -> Receipt {
    submit_as(app, Some(account), &link(number), None).unwrap()
}

fn entry(app: &App, receipt: &Receipt) -> VerifiedEntry {
    app.store.entry(&receipt.id.parse().unwrap()).unwrap().unwrap().verify().unwrap()
}

#[test]
fn a_key_outlives_restarts_and_sessions_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    let first = sign_up(&app, &opening("Mara")).unwrap();
    let receipt = submit(&app, &first.session, 1);
    assert_eq!(entry(&app, &receipt).head().author(), first.session.author());
    assert_ne!(first.session.author(), app.signer.lock().unwrap().author());
    drop(app);

    let app = open(dir.path(), false);
    assert!(app.accounts.sessions.find(&first.secret, Caller::Anonymous, uptime_secs()).is_none());
    assert!(matches!(sign_in(&app, "mara", "low water at ten"), Err(AccountError::Wrong)));
    let again = sign_in(&app, " MARA ", PASSPHRASE).unwrap();
    assert_eq!(again.session.author(), first.session.author());
    assert_eq!(submit(&app, &again.session, 2).n, receipt.n + 1);
}

/// The n is taken before anything is signed: whenever a process dies, the next one goes on above it.
#[test]
fn an_n_that_was_taken_is_never_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    let mara = sign_up(&app, &opening("mara")).unwrap();
    assert_eq!(submit(&app, &mara.session, 1).n, 0);
    // As if the process had ended between the counter and the outbox.
    let mut key = signing::SigningKey::choose(&app, Some(&mara.session));
    let lost = key.sign(&app, vec![0xa0], 99, 1).unwrap();
    drop(key);
    drop(app);
    let app = open(dir.path(), false);
    let mara = sign_in(&app, "mara", PASSPHRASE).unwrap();
    assert_eq!(submit(&app, &mara.session, 2).n, lost.head().statement().n + 1);
}

#[test]
fn the_disk_holds_neither_passphrases_nor_open_keys() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    let mara = sign_up(&app, &opening("mara")).unwrap();
    submit(&app, &mara.session, 1);
    change_passphrase(&app, &mara.session, PASSPHRASE, "ebb and flow at noon", "ebb and flow at noon")
        .unwrap();
    let secret = mara.session.identity().secret();
    let cookie = mara.secret.as_bytes();
    let seen = |bytes: &[u8]| holds(dir.path(), bytes);
    assert!(seen(b"mara"), "or else this test proves nothing");
    assert!(seen(&app.store.account("mara").unwrap().unwrap().sealed.text));
    for bytes in
        [&secret[..], HEXLOWER.encode(&secret).as_bytes(), cookie, mara.session.form_token().as_bytes()]
    {
        assert!(!seen(bytes));
    }
    assert!(!seen(PASSPHRASE.as_bytes()) && !seen(b"ebb and flow at noon"));
}

/// Whether any file below `dir` has these bytes.
fn holds(dir: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, bytes),
        false => std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes),
    })
}

#[test]
fn a_key_moves_to_another_node_with_its_counters() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (here, there) = (open(here.path(), false), open(there.path(), false));
    let mara = sign_up(&here, &opening("mara")).unwrap();
    (1..4).for_each(|number| drop(submit(&here, &mara.session, number)));
    assert!(matches!(export(&here, &mara.session, "low water at ten"), Err(AccountError::Wrong)));
    let text = export(&here, &mara.session, PASSPHRASE).unwrap();
    assert!(!text.contains(PASSPHRASE));
    let wrong = Opening { passphrase: "low water at ten", ..opening("nell") };
    let refused = import(&there, &text, &wrong).err().unwrap();
    assert!(
        matches!(&refused, AccountError::Problem(problem) if problem.field == "passphrase"),
        "{refused:?}"
    );
    let moved = import(&there, &text, &opening("nell")).unwrap();
    assert_eq!(moved.session.author(), mara.session.author());
    assert_eq!(submit(&there, &moved.session, 9).n, 3);
    let again = import(&there, &text, &opening("otto")).err().unwrap();
    assert!(matches!(&again, AccountError::Problem(problem) if problem.code == "account.known"), "{again:?}");

    delete(&here, &mara.session, PASSPHRASE).unwrap();
    assert_eq!(here.store.account_count().unwrap(), 0);
    assert!(here.accounts.sessions.find(&mara.secret, Caller::Anonymous, uptime_secs()).is_none());
    assert!(
        submit_as(&here, Some(&mara.session), &link(5), None).is_err(),
        "a session that somebody still holds"
    );
    assert!(import(&here, &text, &opening("mara")).is_ok(), "and back");
}

#[test]
fn unknown_names_are_answered_like_wrong_passphrases() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    sign_up(&app, &opening("mara")).unwrap();
    let long = "x".repeat(10_000);
    for name in ["nobody", "\u{202e}aram", &long, "mara"] {
        let answers: Vec<_> =
            (0..6).map(|_| sign_in(&app, name, "low water at ten").err().unwrap().to_string()).collect();
        let wrong = AccountError::Wrong.to_string();
        let shown: String = name.chars().take(20).collect();
        assert_eq!(answers[..4], [wrong.clone(), wrong.clone(), wrong.clone(), wrong], "{shown}");
        assert!(answers[4].starts_with("tried too often"), "{shown}: {}", answers[4]);
    }
    assert!(matches!(sign_in(&app, "mara", PASSPHRASE), Err(AccountError::TooOften(_))));
}

#[test]
fn a_node_takes_so_many_sign_ups_at_once_and_an_account_so_many_links() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    let mara = sign_up(&app, &opening("mara")).unwrap();
    for number in 1..SIGN_UPS.0 {
        sign_up(&app, &opening(&format!("name{number}"))).unwrap();
    }
    assert!(matches!(sign_up(&app, &opening("late")), Err(AccountError::TooOften(_))));
    // A few more on a slow machine: time passes.
    let refusals = (0..SUBMISSIONS.0 as u8 + 20)
        .map(|number| submit_as(&app, Some(&mara.session), &link(number), None))
        .enumerate()
        .find_map(|(number, done)| Some((number, done.err()?)));
    let (number, refused) = refusals.unwrap();
    assert!(number >= SUBMISSIONS.0 as usize, "{number}");
    assert!(
        matches!(&refused, SubmitError::Problem(problem) if problem.code == "account.wait"),
        "{refused:?}"
    );
    assert_eq!(submit(&app, &mara.session, 0).state, ReceiptState::Known, "looking again is free");
}

/// Whoever has no invite takes no turn from those who have one, and is told of no name.
#[test]
fn what_is_no_invite_costs_nobody_anything() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.accounts.sign_up = SignUp::Invite;
    let app = App::for_test(dir.path(), config);
    let code = |result: Result<SignedIn, AccountError>| match result.err() {
        Some(AccountError::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    };
    let invite = new_invite(&app, 7).unwrap().unwrap();
    sign_up(&app, &Opening { invite: &invite, ..opening("mara") }).unwrap();
    let (invite, none) = (new_invite(&app, 7).unwrap().unwrap(), "abcdef-ghijkl-mnopqr-stuvwx");
    for _ in 0..2 * SIGN_UPS.0.max(SIGN_INS.0) {
        assert_eq!(code(sign_up(&app, &Opening { invite: none, ..opening("mara") })), "account.invite");
        assert_eq!(
            code(import(&app, "a key", &Opening { invite: none, ..opening("mara") })),
            "account.invite"
        );
    }
    assert_eq!(code(sign_up(&app, &Opening { invite: &invite, ..opening("mara") })), "account.taken");
    sign_up(&app, &Opening { invite: &invite, ..opening("nell") }).unwrap();
    sign_in(&app, "mara", PASSPHRASE).unwrap();
}

#[test]
fn strangers_do_not_keep_an_owner_from_their_key() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    let mara = sign_up(&app, &opening("mara")).unwrap();
    while !matches!(sign_in(&app, "mara", "low water at ten"), Err(AccountError::TooOften(_))) {}
    let waits = export(&app, &mara.session, "low water at ten").err().unwrap();
    assert!(matches!(waits, AccountError::Wrong), "{waits:?}");
    export(&app, &mara.session, PASSPHRASE).unwrap();
    // Somebody at a browser that was left open has few attempts, too.
    let waits = (0..10).find_map(|_| match export(&app, &mara.session, "low water at ten") {
        Err(AccountError::TooOften(secs)) => Some(secs),
        _ => None,
    });
    assert!(waits.is_some());
}

/// What waits in the inbox has its n, whichever way it came there.
#[test]
fn an_n_in_the_inbox_is_not_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    found(&app, 2);
    let mara = sign_up(&app, &opening("mara")).unwrap();
    let mut elsewhere = Identity::from_secret(mara.session.identity().secret());
    let body = link(7).to_body().unwrap();
    let entry = elsewhere.sign(body, 32, 4, 494_000);
    assert_eq!(crate::submit::submit_signed(&app, &entry).unwrap().state, ReceiptState::Inbox);
    assert_eq!(submit(&app, &mara.session, 1).n, 5);
}

/// One who guesses another's idempotency key gets no foreign receipt.
#[test]
fn an_idempotency_key_is_of_one_author() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    let (mara, nell) = (sign_up(&app, &opening("mara")).unwrap(), sign_up(&app, &opening("nell")).unwrap());
    let send =
        |who: &SignedIn, number| submit_as(&app, Some(&who.session), &link(number), Some("1")).unwrap();
    let first = send(&mara, 1);
    assert_eq!(send(&mara, 1).id, first.id);
    assert_eq!(send(&mara, 2).id, first.id, "one key, one entry");
    let foreign = send(&nell, 3);
    assert_ne!(foreign.id, first.id);
    assert_eq!(entry(&app, &foreign).head().author(), nell.session.author());
}

/// Makes the node's key the only operator of a network.
fn found(app: &App, budget: u32) {
    let mut own = app.signer.lock().unwrap();
    let mut charter = Charter {
        prev: None,
        name: "Tidewater".into(),
        roster: vec![own.author()],
        budget: Some(budget),
        quota_main: None,
        quota_core: None,
        text: None,
        signatures: vec![],
    };
    let message = charter.to_be_signed();
    charter.signatures = vec![own.sign_charter(&message)];
    let founded = own.sign(Body::Charter(charter).to_bytes().unwrap(), 0, 0, 494_000).unwrap();
    drop(own);
    app.take_in(&[founded], None).unwrap();
    pin_charter(&app.store, CharterId::of(&message)).unwrap();
}

#[test]
fn a_node_vouches_for_its_accounts_as_long_as_its_budget_lasts() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), true);
    found(&app, 2);
    for (number, state) in
        [ReceiptState::Released, ReceiptState::Released, ReceiptState::Inbox].iter().enumerate()
    {
        let account = sign_up(&app, &opening(&format!("name{number}"))).unwrap();
        assert_eq!(submit(&app, &account.session, number as u8).state, *state, "{number}");
    }
    let members = app.store.members().unwrap().unwrap();
    let own = app.signer.lock().unwrap().author();
    assert_eq!((members.keys().len(), members.budget_left(&own)), (3, 0));
}

#[test]
fn nobody_is_vouched_for_unless_the_operator_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), false);
    found(&app, 2);
    let mara = sign_up(&app, &opening("mara")).unwrap();
    assert_eq!(submit(&app, &mara.session, 1).state, ReceiptState::Inbox);
    assert_eq!(app.store.members().unwrap().unwrap().keys().len(), 1);
}

/// Two nodes sign with one key at once, and use one n for two entries.
#[test]
fn an_entry_that_lost_its_n_is_signed_anew_when_its_key_is_at_hand() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [here, there] = [0, 1].map(|place: usize| open(dirs[place].path(), false));
    let mara = sign_up(&here, &opening("mara")).unwrap();
    let text = export(&here, &mara.session, PASSPHRASE).unwrap();
    let moved = import(&there, &text, &opening("mara")).unwrap();
    // The lower id stays: entries are made until the foreign one wins against what waits here.
    for number in 0..40 {
        let mut key = signing::SigningKey::choose(&here, Some(&mara.session));
        let n = key.next_n(&here, Scope::Main).unwrap();
        let mine = key.sign(&here, link(number).to_body().unwrap(), 32, n).unwrap();
        drop(key);
        here.store.put_in_outbox(&mine, &[number; 32], 0, None).unwrap();
        let foreign = moved.session.identity().sign(link(100 + number).to_body().unwrap(), 32, n, 494_000);
        ingest(&here.store, std::slice::from_ref(&foreign), None).unwrap();
        if foreign.head().id().0 > mine.head().id().0 {
            here.release_due().unwrap();
            continue;
        }
        let is_at_hand = number % 2 == 0;
        if !is_at_hand {
            here.accounts.sessions.end_all(&mara.session.author());
        }
        here.release_due().unwrap();
        if !is_at_hand {
            assert_eq!(here.store.losses(&mara.session.author()).unwrap().last().unwrap().again, None);
            sign_in(&here, "mara", PASSPHRASE).unwrap();
        }
        let loss = here.store.losses(&mara.session.author()).unwrap().pop().unwrap();
        assert_eq!(loss.id, mine.head().id());
        here.release_due().unwrap();
        let again = here.store.entry(&loss.again.unwrap()).unwrap().unwrap().verify().unwrap();
        assert_eq!((again.body(), again.head().author()), (mine.body(), mara.session.author()));
    }
    let losses = here.store.losses(&mara.session.author()).unwrap();
    assert!(losses.len() > 2 && losses.len() < 40, "chance decides each time: {}", losses.len());
}
