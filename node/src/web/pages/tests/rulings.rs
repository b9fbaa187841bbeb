//! What operators have decided not to show: pages, search, API and forms.

use super::*;
use crate::submit::SubmitError;
use deadwax_index::entry::ballot::{Ballot, BallotInfohash, BallotSubject, Verdict};
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::subject::{Subject, SubjectKind};
use deadwax_index::entry::{AuthorKey, Body as EntryBody, Scope};
use deadwax_index::ingest::pin_charter;
use deadwax_index::mbid::Uuid;

impl Node {
    /// Its own key is the only operator.
    fn of_network() -> Self {
        let node = Self::new(false);
        let charter = {
            let signer = node.app.signer.lock().unwrap();
            let charter =
                Charter { name: "Tidewater".into(), roster: vec![signer.author()], ..Charter::default() };
            charter.signed(|message| vec![signer.sign_charter(message)])
        };
        let id = CharterId::of(&charter.to_be_signed());
        node.say(&EntryBody::Charter(charter));
        pin_charter(&node.app.store, id).unwrap();
        node
    }

    fn say(&self, body: &EntryBody) {
        let entry = {
            let mut signer = self.app.signer.lock().unwrap();
            let n = signer.next_n(Scope::Core);
            signer.sign(body.to_bytes().unwrap(), body.kind().number(), n, 494_000).unwrap()
        };
        self.app.take_in(&[entry], None).unwrap();
        self.app.search.catch_up(&self.app.store).unwrap();
    }

    fn rule(&self, subject: BallotSubject, verdict: Verdict) {
        let dimension = subject.dimension();
        self.say(&EntryBody::Ballot(Ballot { subject, dimension, verdict, reason: None, note: None }));
    }

    fn refused(&self, changes: Value) -> (&'static str, &'static str) {
        let link = self.link(changes);
        match submit(&self.app, &link, None) {
            Err(SubmitError::Problem(problem)) => (problem.code, problem.field),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_record_that_falls_is_shown_nowhere_until_it_stands() {
    let node = Node::of_network();
    node.publish(json!({}));
    let page = format!("/release-group/{GROUP}");
    let shown = async || {
        let mut shown = Vec::new();
        for uri in ["/", "/search?q=low+water", "/search?q=has:link", &page] {
            shown.push(node.get(uri).await.text.contains("Nell Aster"));
        }
        shown
    };
    assert_eq!(shown().await, [true; 4]);
    let subject = Subject::Mbid { mbid: Uuid::parse_str(GROUP).unwrap(), kind: SubjectKind::ReleaseGroup };
    let record = BallotSubject::Subject(subject);
    node.rule(record, Verdict::Falls);
    assert_eq!(shown().await, [false; 4]);
    let gone = node.get(&page).await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert!(gone.text.contains("have decided not to show this record"), "{}", gone.text);
    let answer = node.get(&format!("/api/v1/mbid/{GROUP}")).await;
    assert_eq!(answer.status, StatusCode::GONE);
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap()["code"], "ruling.hidden");
    let found = node.get(&format!("/api/v1/search?q={V1}")).await;
    assert_eq!(serde_json::from_str::<Value>(&found.text).unwrap()["total"], 0, "by its infohash neither");
    assert_eq!(node.refused(json!({ "infohash_v1": "aa".repeat(20) })), ("link.hidden", "mbid"));
    node.rule(record, Verdict::Stands);
    assert_eq!(shown().await, [true; 4]);
}

#[tokio::test]
async fn a_torrent_that_falls_has_no_magnet_and_is_not_signed_again() {
    let node = Node::of_network();
    let other = "aa".repeat(20);
    node.publish(json!({}));
    node.publish(json!({ "infohash_v1": other, "files": [] }));
    let page = format!("/release-group/{GROUP}");
    let torrent = BallotSubject::Torrent(V1.parse::<BallotInfohash>().unwrap());
    node.rule(torrent, Verdict::Falls);
    let html = node.get(&page).await.text;
    assert!(!html.contains(V1) && html.contains(&other));
    let answer = node.get("/api/v1/search?q=has:link").await.text;
    assert!(!answer.contains(V1) && answer.contains(&other));
    let before = node.app.store.scope_state(Scope::Main).unwrap().count;
    assert_eq!(node.refused(json!({})), ("link.hidden", "magnet"));
    assert_eq!(node.app.store.scope_state(Scope::Main).unwrap().count, before);
    let own: AuthorKey = node.app.signer.lock().unwrap().author();
    node.rule(BallotSubject::Author(own), Verdict::Falls);
    assert_eq!(node.get(&page).await.status, StatusCode::NOT_FOUND, "nothing is linked");
    assert_eq!(node.refused(json!({ "infohash_v1": "bb".repeat(20) })), ("link.hidden", ""));
}
