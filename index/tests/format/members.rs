//! Membership against `members.json`.

use crate::{hex, list, text, vectors};
use data_encoding::HEXLOWER;
use deadwax_index::entry::{AuthorKey, Scope, VerifiedEntry};
use deadwax_index::members::{CoreEntry, Members};
use serde_json::{Value, json};

fn entries(network: &Value, key: &str) -> Vec<CoreEntry> {
    let verify = |bytes: &Value| VerifiedEntry::verify(&hex(bytes.as_str().unwrap())).unwrap();
    let entries = network[key].as_array().unwrap().iter().map(verify);
    entries.map(|entry| CoreEntry::new(entry.head(), entry.body())).collect()
}

/// All that the vectors say of a network, as they say it.
fn say(members: &Members) -> Value {
    let keys: Vec<AuthorKey> = members.keys().copied().collect();
    let weightless: Vec<_> = keys.iter().filter(|key| members.weight(key) == Some(0)).collect();
    let stranger = AuthorKey([0; 32]);
    let operator = members.roster().first().unwrap_or(&stranger);
    let quotas = match members.charter() {
        Some(_) => members.quota(Scope::Core, operator),
        None => 10_000,
    };
    json!({
        "charters": members.charters().collect::<Vec<_>>(),
        "members": keys,
        "weightless": weightless,
        "quotas": {
            "main": members.quota(Scope::Main, &stranger),
            "core": members.quota(Scope::Core, &stranger),
            "core_of_operators": quotas,
        },
        "rulings": members.rulings().collect::<Vec<_>>(),
        "forks": members.forks(),
        "members_root": members.root().map(|root| HEXLOWER.encode(&root)),
    })
}

#[test]
fn networks_have_the_members_of_the_vectors() {
    let file = vectors("members.json");
    assert!(list(&file, "networks").len() >= 50);
    for network in list(&file, "networks") {
        let name = text(network, "name");
        let mut members = Members::fold(text(network, "pinned").parse().unwrap(), entries(network, "before"));
        entries(network, "entries").into_iter().for_each(|entry| members.insert(entry));
        let said = say(&members);
        // A fork that is not decided yet is decided by what comes first: only all at once it is by id.
        let at_once = Members::fold(text(network, "pinned").parse().unwrap(), entries(network, "entries"));
        let said = if name == "a fork: both at once" { say(&at_once) } else { said };
        for (key, value) in said.as_object().unwrap() {
            assert_eq!(*value, network[key], "{name}: {key}");
        }
    }
}
