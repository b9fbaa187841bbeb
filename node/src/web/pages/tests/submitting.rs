//! Submitting a torrent link: the form, what is refused, receipts, and what the catalogue adds.

use super::*;
use crate::submit::{Draft, ReceiptState, link_of};
use axum::http::header::ORIGIN;
use deadwax_index::entry::Body as EntryBody;
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::limits::QUOTA_MAIN;
use deadwax_index::entry::vouch::Vouch;
use deadwax_index::ingest::pin_charter;
use liblzma::write::XzEncoder;

/// A group has any number of links, of which few are looked at when it is shown.
#[tokio::test]
async fn the_same_torrent_is_known_among_any_number_of_links() {
    let node = Node::new(false);
    let link = |number: u128| json!({ "infohash_v1": format!("{number:040x}"), "files": [] });
    let first: Vec<_> = (0..230).map(|number| node.publish_unindexed(link(number))).collect();
    for (number, receipt) in (0..).zip(first) {
        let again = node.publish_unindexed(link(number));
        assert_eq!((again.id, again.state), (receipt.id, ReceiptState::Known), "{number}");
    }
}

#[tokio::test]
async fn a_submission_is_signed_once_and_has_a_receipt() {
    let node = Node::new(false);
    let form = node.get(&format!("/submit?mbid={GROUP}")).await.text;
    let key = form.split("name=\"idempotency_key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(key.len(), 32);
    let magnet = format!("magnet:?xt=urn:btih:{V1}&tr={TRACKER}&tr=http://clearnet.example/announce");
    let fields = [
        ("idempotency_key", key),
        ("magnet", &magnet),
        ("mbid", GROUP),
        ("artist", "Nell Aster"),
        ("title", "Low Water"),
        ("year", "1999"),
        ("type", "Album, Live"),
        ("media", "CD"),
        ("format", "FLAC"),
        ("encoding", "Lossless"),
        ("label", ""),
        ("catno", ""),
    ];
    let own = [("sec-fetch-site", "same-origin"), (ORIGIN.as_str(), "http://abc.onion")];
    let sent = node.post(&fields, &own).await;
    let receipt = sent.location().to_owned();
    assert!(receipt.starts_with("/submitted/") && receipt.len() == 75, "{receipt}");
    assert_eq!(node.post(&fields, &own).await.location(), receipt, "a repeated POST gets the same receipt");
    let html = node.get(&receipt).await.text;
    assert!(html.contains("data-state=\"released\"") && html.contains("1 I2P tracker."));
    assert!(html.contains(&format!("href=\"/release-group/{GROUP}\"")));
    let group = node.get(&format!("/release-group/{GROUP}")).await.text;
    assert_eq!(attributes(&group, "data-entry"), [receipt.trim_start_matches("/submitted/")]);
    assert!(group.contains("1999 · Album · Live") && !group.contains("clearnet.example"));
    // The same torrent and MBID by another form.
    let again = node.post(&fields[1..], &own).await;
    assert_eq!(again.location(), format!("{receipt}?known=1"));
    assert!(node.get(again.location()).await.text.contains("Already published"));
    // A known release fills in the form.
    let prefilled = node.get(&format!("/submit?mbid={GROUP}")).await.text;
    assert!(prefilled.contains("value=\"Nell Aster\"") && prefilled.contains("value=\"Album, Live\""));
}

#[tokio::test]
async fn artist_and_title_come_from_the_catalogue_where_it_is_here() {
    let node = Node::new(false);
    let draft = |artist: &str| Draft {
        magnet: format!("magnet:?xt=urn:btih:{V1}"),
        mbid: GROUP.into(),
        artist: artist.into(),
        ..Draft::default()
    };
    assert!(link_of(&node.app, &draft("")).is_err(), "nothing is known yet");
    let record = format!(
        r#"{{"id":"{GROUP}","title":"Low Water","first-release-date":"1999-05","artist-credit":[{{"name":"Nell Aster"}}]}}"#
    );
    let data = node._dir.path();
    std::fs::write(data.join("catalogue.db"), b"no database").unwrap();
    assert!(link_of(&node.app, &draft("")).is_err(), "a damaged catalogue is no catalogue");
    let archive = [data.join("dump")];
    let mut tar = tar::Builder::new(XzEncoder::new(std::fs::File::create(&archive[0]).unwrap(), 0));
    let mut header = tar::Header::new_gnu();
    header.set_size(record.len() as u64);
    tar.append_data(&mut header, "mbdump/release-group", record.as_bytes()).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    deadwax_index::catalogue::import(data, &archive, |_| {}).unwrap_err();
    std::fs::remove_file(data.join("catalogue.db")).unwrap();
    deadwax_index::catalogue::import(data, &archive, |_| {}).unwrap();
    let link = link_of(&node.app, &draft("")).unwrap();
    assert_eq!(
        (link.artist.as_str(), link.title.as_str(), link.year),
        ("Nell Aster", "Low Water", Some(1999))
    );
    assert_eq!(link_of(&node.app, &draft("N. Aster")).unwrap().artist, "N. Aster", "what is typed counts");
    // An MBID that was merged into this one leads to it.
    let old = "0d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
    let merged = Draft { mbid: old.into(), ..draft("") };
    assert!(link_of(&node.app, &merged).is_err());
    let tables = data.join("tables");
    std::fs::create_dir(&tables).unwrap();
    std::fs::write(tables.join("release_group"), format!("7\t{GROUP}\tLow Water\n")).unwrap();
    std::fs::write(tables.join("release_group_gid_redirect"), format!("{old}\t7\t\\N\n")).unwrap();
    deadwax_index::catalogue::import(data, &[tables], |_| {}).unwrap();
    let link = link_of(&node.app, &merged).unwrap();
    assert_eq!((link.mbid.to_string().as_str(), link.title.as_str()), (GROUP, "Low Water"));
    // So does its page, also where a link was published under it.
    let page = format!("/release-group/{GROUP}");
    assert_eq!(node.get(&format!("/release-group/{old}")).await.location(), page);
    node.publish(json!({ "mbid": old }));
    assert_eq!(node.get(&format!("/release-group/{old}")).await.location(), page);
    assert_eq!(attributes(&node.get(&page).await.text, "data-entry").len(), 1);
}

#[tokio::test]
async fn an_entry_that_waits_has_a_receipt_too() {
    let node = Node::new(true);
    let receipt = node.publish(json!({}));
    let answer = node.get(&format!("/submitted/{}", receipt.id)).await;
    assert!(answer.text.contains("data-state=\"queued\""));
    assert!(!answer.text.contains("/release-group/"), "there is no such page yet");
    assert!(!node.get("/status").await.text.contains("1 entry"), "it would tell when somebody submitted");
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed() {
    let node = Node::new(false);
    let typed = |name| match name {
        "magnet" => format!("magnet:?xt=urn:btih:{V1}"),
        "mbid" => GROUP.into(),
        "year" => "1999".into(),
        name => format!("typed <{name}>"),
    };
    let names = [
        "magnet", "mbid", "artist", "title", "year", "type", "media", "format", "encoding", "label", "catno",
    ];
    for (faulty, value, field) in [
        ("year", "soon".to_owned(), "year"),
        ("mbid", format!("https://musicbrainz.org/artist/{GROUP}"), "mbid"),
        ("magnet", format!("magnet:?xt=urn:btih:{}", &V1[1..]), "magnet"),
        ("magnet", String::new(), "magnet"),
        ("artist", String::new(), "artist"),
        ("title", "x".repeat(1001), "title"),
        ("catno", "x".repeat(129), "catno"),
    ] {
        let values = names.map(|name| if name == faulty { value.clone() } else { typed(name) });
        let mut fields: Vec<(&str, &str)> =
            names.into_iter().zip(values.iter().map(String::as_str)).collect();
        fields.push(("idempotency_key", "0123456789abcdef"));
        let answer = node.post(&fields, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{faulty}");
        assert_page_is_sound("/submit", &answer.text);
        for value in &values {
            let shown = value.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
            assert!(answer.text.contains(&shown), "{faulty}: {shown} is lost");
        }
        assert!(answer.text.contains("value=\"0123456789abcdef\""), "the key is kept");
        assert!(attributes(&answer.text, "href").contains(&format!("#{field}")), "{faulty}");
        let marked =
            answer.text.split(&format!(" id=\"{field}\"")).nth(1).unwrap().split('>').next().unwrap();
        assert!(marked.contains("aria-invalid=\"true\" autofocus"), "{faulty}: {marked}");
        assert!(marked.contains(&format!("aria-describedby=\"{field}-error")), "{faulty}: {marked}");
    }
    assert!(node.app.store.newest_groups(1).unwrap().is_empty());
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let node = Node::new(false);
    let magnet = format!("magnet:?xt=urn:btih:{V1}");
    let fields = [("magnet", magnet.as_str()), ("mbid", GROUP), ("artist", "A"), ("title", "T")];
    for headers in
        [[("sec-fetch-site", "cross-site")], [("origin", "http://other.example")], [("origin", "null")]]
    {
        let answer = node.post(&fields, &headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_page_is_sound("/submit", &answer.text);
    }
    assert!(node.app.store.newest_groups(1).unwrap().is_empty());
}

#[tokio::test]
async fn the_nodes_key_signs_as_much_as_the_charter_allows() {
    let node = Node::new(false);
    let own = || node.app.signer.lock().unwrap();
    own().sign(vec![0xa0], 99, QUOTA_MAIN - 1, 494_000).unwrap();
    let magnet = format!("magnet:?xt=urn:btih:{V1}");
    let fields = [("magnet", magnet.as_str()), ("mbid", GROUP), ("artist", "A"), ("title", "T")];
    assert_eq!(node.post(&fields, &[]).await.status, StatusCode::BAD_REQUEST);

    let mut charter = Charter {
        prev: None,
        name: "Tidewater".into(),
        roster: vec![own().author()],
        budget: None,
        quota_main: Some(QUOTA_MAIN as u32 + 1),
        quota_core: None,
        text: None,
        signatures: vec![],
    };
    let message = charter.to_be_signed();
    charter.signatures = vec![own().sign_charter(&message)];
    let body = EntryBody::Charter(charter).to_bytes().unwrap();
    let founded = own().sign(body, 0, 0, 494_000).unwrap();
    node.app.take_in(&[founded], None).unwrap();
    pin_charter(&node.app.store, CharterId::of(&message)).unwrap();
    assert_eq!(node.publish(json!({})).n, QUOTA_MAIN);
    let other = [("magnet", "magnet:?xt=urn:btih:6a5b5c5d5e5f606162636465666768696a6b6c6d")];
    let fields: Vec<_> = other.into_iter().chain(fields.into_iter().skip(1)).collect();
    assert_eq!(node.post(&fields, &[]).await.status, StatusCode::BAD_REQUEST, "and no more");
}

/// The node's key is a stranger in its network, until a member answers for it.
#[tokio::test]
async fn what_waits_in_the_inbox_is_signed_once_and_is_published_by_a_vouch() {
    let node = Node::new(false);
    let mut operator = Identity::from_secret([9; 32]);
    let charter = Charter { name: "Tidewater".into(), roster: vec![operator.author()], ..Charter::default() };
    let charter = charter.signed(|message| vec![operator.sign_charter(message)]);
    pin_charter(&node.app.store, CharterId::of(&charter.to_be_signed())).unwrap();
    let founded = operator.sign(EntryBody::Charter(charter).to_bytes().unwrap(), 0, 0, 494_000);
    node.app.take_in(&[founded], None).unwrap();

    let first = node.publish(json!({}));
    assert_eq!(first.state, ReceiptState::Inbox);
    let again = node.publish(json!({}));
    assert_eq!((again.id, again.state), (first.id.clone(), ReceiptState::Known), "nothing new is signed");
    assert_eq!(node.app.store.inbox_count().unwrap(), 1);
    assert_eq!(node.publish(json!({ "infohash_v1": "aa".repeat(20) })).state, ReceiptState::Inbox);

    let key = node.app.signer.lock().unwrap().author();
    let vouch = EntryBody::Vouch(Vouch { key, grant: 1, withdrawn: false, note: None });
    let vouch = operator.sign(vouch.to_bytes().unwrap(), vouch.kind().number(), 1, 494_000);
    node.app.take_in(&[vouch], None).unwrap();
    assert_eq!(node.app.store.inbox_count().unwrap(), 0);
    let known = node.publish(json!({}));
    assert_eq!((known.id, known.state), (first.id, ReceiptState::Known));
    assert_eq!(node.publish(json!({ "infohash_v1": "bb".repeat(20) })).state, ReceiptState::Released);
}
