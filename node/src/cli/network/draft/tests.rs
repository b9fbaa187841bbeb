//! Three operators with three data directories, and one draft that goes round.

use super::*;
use crate::cli::network::show;
use crate::cli::output::Output;
use deadwax_index::entry::identity::Identity;
use deadwax_index::ingest::{Outcome, ingest, pin_charter};
use tempfile::TempDir;

struct Circle {
    dirs: Vec<TempDir>,
    keys: Vec<AuthorKey>,
    file: PathBuf,
}

impl Circle {
    /// Three data directories, with the keys of their nodes.
    fn new() -> Self {
        let dirs: Vec<TempDir> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let keys = dirs.iter().map(|dir| Signer::open(dir.path()).unwrap().author()).collect();
        let file = dirs[0].path().join("charter.json");
        Self { dirs, keys, file }
    }

    fn context(&self, node: usize) -> Context {
        let data_dir = self.dirs[node].path().to_owned();
        Context { data_dir, config_file: None, out: Output { json: true } }
    }

    fn draft(&self, node: usize, changes: impl FnOnce(&mut Draft)) -> Result<(), Failure> {
        let _ = std::fs::remove_file(&self.file);
        let mut draft = Draft {
            amend: true,
            name: None,
            operators: Vec::new(),
            budget: None,
            quota_main: None,
            quota_core: None,
            text: None,
            out: self.file.clone(),
        };
        changes(&mut draft);
        draft.run(&self.context(node))
    }

    fn founding(&self) {
        let founding = |draft: &mut Draft| {
            draft.amend = false;
            draft.name = Some("Tidewater".into());
            draft.operators = self.keys.clone();
            draft.budget = Some(20);
        };
        self.draft(0, founding).unwrap();
    }

    fn sign(&self, node: usize) -> Result<(), Failure> {
        Sign { file: self.file.clone(), key: None }.run(&self.context(node))
    }

    fn publish(&self, node: usize) -> Result<(), Failure> {
        Publish { file: self.file.clone() }.run(&self.context(node))
    }

    /// The others join, and get all of the first one's `core`.
    fn follow(&self) {
        let from = Store::open(self.dirs[0].path()).unwrap();
        let charter = from.pinned_charter().unwrap().unwrap();
        let page = from.tail_page(deadwax_index::entry::Scope::Core, 0, 100).unwrap();
        let entries: Vec<_> = page.entries.iter().map(|entry| entry.verify().unwrap()).collect();
        for dir in &self.dirs[1..] {
            let store = Store::open(dir.path()).unwrap();
            pin_charter(&store, charter).unwrap();
            let outcomes = ingest(&store, &entries, None).unwrap();
            assert!(!outcomes.contains(&Outcome::NotMember));
        }
    }
}

fn refused(result: Result<(), Failure>) -> String {
    let failure = format!("{:?}", result.unwrap_err());
    failure.split("code: \"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn three_operators_found_and_two_of_three_amend() {
    let circle = Circle::new();
    circle.founding();
    assert_eq!(refused(circle.publish(0)), "charter.signatures");
    circle.sign(0).unwrap();
    circle.sign(1).unwrap();
    circle.sign(1).unwrap();
    assert_eq!(refused(circle.publish(0)), "charter.signatures", "the third has not agreed to be one");
    circle.sign(2).unwrap();
    let standing = DraftFile::read(&circle.file).unwrap().standing();
    assert!(standing.complete && standing.missing.is_empty());
    circle.publish(0).unwrap();
    let shown = show(&circle.context(0)).unwrap();
    assert_eq!((shown.members, shown.newest), (3, Some(standing.charter)));
    circle.follow();
    assert_eq!(show(&circle.context(2)).unwrap().members_root, shown.members_root);

    // Another operator in place of the third.
    let newcomer = Identity::from_secret([9; 32]);
    let roster = [circle.keys[0], circle.keys[1], newcomer.author()];
    circle.draft(0, |draft| draft.operators = roster.to_vec()).unwrap();
    circle.sign(0).unwrap();
    assert_eq!(refused(circle.publish(0)), "charter.signatures", "one of three");
    let newcomers = circle.dirs[0].path().join("newcomer");
    identity::write_new(&newcomers, &newcomer).unwrap();
    let by_newcomer = Sign { file: circle.file.clone(), key: Some(newcomers) };
    assert_eq!(refused(by_newcomer.run(&circle.context(0))), "charter.signer", "those before decide");
    circle.sign(1).unwrap();
    circle.publish(0).unwrap();
    let shown = show(&circle.context(0)).unwrap();
    assert_eq!((shown.members, shown.name.as_deref()), (4, Some("Tidewater")));
    assert!(shown.roster.contains(&newcomer.author()) && !shown.roster.contains(&circle.keys[2]));
    assert_eq!(refused(circle.publish(0)), "charter.prev", "it is adopted already");
    circle.follow();
    assert_eq!(show(&circle.context(1)).unwrap().newest, shown.newest);
}

#[test]
fn a_draft_that_claims_other_signers_is_not_published() {
    let circle = Circle::new();
    circle.founding();
    (0..3).for_each(|node| circle.sign(node).unwrap());
    circle.publish(0).unwrap();
    circle.draft(0, |draft| draft.budget = Some(30)).unwrap();
    let mut draft = DraftFile::read(&circle.file).unwrap();
    draft.signers = vec![circle.keys[0]];
    draft.replace(&circle.file).unwrap();
    circle.sign(0).unwrap();
    assert_eq!(refused(circle.publish(0)), "charter.signatures");
}

#[test]
fn what_was_changed_after_it_was_signed_is_refused() {
    let circle = Circle::new();
    circle.founding();
    circle.sign(0).unwrap();
    let mut draft = DraftFile::read(&circle.file).unwrap();
    draft.charter.budget = Some(1_000_000);
    draft.replace(&circle.file).unwrap();
    assert_eq!(refused(circle.sign(1)), "charter.signature");
    std::fs::write(&circle.file, "{}").unwrap();
    assert_eq!(refused(circle.sign(1)), "charter.draft");
    let twice = vec![circle.keys[0], circle.keys[0]];
    let draft = circle.draft(0, |draft| {
        draft.amend = false;
        draft.name = Some("Tidewater".into());
        draft.operators = twice;
    });
    assert_eq!(refused(draft), "charter.roster");
    assert_eq!(refused(circle.draft(0, |_| {})), "network.none");
}
