//! What the program is made of: every licence is one that goes with ours, every dependency has its
//! reason in `doc/DEPENDENCIES.md`, and nothing is in it that could open a connection of its own.
//!
//! It needs nothing but cargo, and no network. Advisories are not here: `cargo deny` looks at those
//! before a release, and `deny.toml` must agree with the lists below.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value as Json;

/// The licence of our own crates.
const OURS: &str = "AGPL-3.0-or-later";

/// The licences of other people's code, each of which lets it be part of a program under ours.
const ALLOWED: [&str; 13] = [
    // Permissive: keep the notice, do what you like. Nearly everything.
    "MIT",
    // The same with a grant of patents; goes with version 3 of the GNU licences (the FSF's list).
    "Apache-2.0",
    // Like MIT; the third clause forbids advertising with the authors' names.
    "BSD-3-Clause",
    "BSD-2-Clause",
    // Like MIT, in fewer words; the cryptography of TLS has parts under it.
    "ISC",
    // Permissive; changed sources have to say so.
    "Zlib",
    // Like MIT, with notices kept in copies of sources only.
    "BSL-1.0",
    // Like Zlib: keep the notice, mark what you change. Of bzip2, in its translation to Rust.
    "bzip2-1.0.6",
    // Like MIT; tables of the Unicode Consortium, as code, for folding and splitting text.
    "Unicode-3.0",
    // The public domain, or as near to it as the law lets authors come.
    "CC0-1.0",
    "Unlicense",
    // Weak copyleft by file; section 3.3 allows to combine it with the GNU licences. We change none.
    "MPL-2.0",
    // For data alone: the root certificates of Mozilla's list.
    "CDLA-Permissive-2.0",
];

/// Crates that state no licence in SPDX's form, each with the reason why it may be used.
const WITHOUT_EXPRESSION: [(&str, &str); 0] = [];

/// What would bring another way to the network, or C code where Rust is used instead.
const NEVER: [(&str, &str); 4] = [
    ("openssl", "TLS is rustls, the same on every machine"),
    ("openssl-sys", "TLS is rustls, the same on every machine"),
    ("native-tls", "TLS is rustls, the same on every machine"),
    ("reqwest", "connections are made by the gateways, over Tor and I2P alone"),
];

static METADATA: LazyLock<Json> = LazyLock::new(|| {
    let arguments = ["metadata", "--locked", "--offline", "--format-version", "1"];
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(arguments)
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
});

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn list<'a>(value: &'a Json, key: &str) -> &'a [Json] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no list"))
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text"))
}

fn packages() -> &'static [Json] {
    list(&METADATA, "packages")
}

fn is_member(package: &Json) -> bool {
    list(&METADATA, "workspace_members").contains(&package["id"])
}

/// The packages of the workspace.
fn members() -> impl Iterator<Item = &'static Json> {
    packages().iter().filter(|package| is_member(package))
}

// --- licences --------------------------------------------------------------------------------------

/// Whether an SPDX expression can be met with licences that `allows` accepts; `None` if it is none.
/// The slash that old packages have between alternatives counts as `OR`.
fn is_met(expression: &str, allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    words.reverse();
    let met = any_of(&mut words, allows)?;
    words.is_empty().then_some(met)
}

/// The words are in reverse order: the next one is the last.
fn any_of(words: &mut Vec<&str>, allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut met = all_of(words, allows)?;
    while words.pop_if(|word| *word == "OR").is_some() {
        met |= all_of(words, allows)?;
    }
    Some(met)
}

fn all_of(words: &mut Vec<&str>, allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut met = one(words, allows)?;
    while words.pop_if(|word| *word == "AND").is_some() {
        met &= one(words, allows)?;
    }
    Some(met)
}

fn one(words: &mut Vec<&str>, allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    let word = words.pop()?;
    if word == "(" {
        let met = any_of(words, allows)?;
        return (words.pop()? == ")").then_some(met);
    }
    if ["OR", "AND", "WITH", ")"].contains(&word) {
        return None;
    }
    // An exception only adds to what the licence permits.
    if words.pop_if(|word| *word == "WITH").is_some() {
        words.pop()?;
    }
    Some(allows(word))
}

#[test]
fn expressions_are_read_as_spdx_says() {
    let met = |expression: &str| is_met(expression, &|licence| ["A", "B"].contains(&licence));
    for (expression, expected) in [
        ("A", Some(true)),
        ("X", Some(false)),
        ("X OR A", Some(true)),
        ("A AND X", Some(false)),
        ("A AND B", Some(true)),
        // AND binds more tightly than OR.
        ("A OR B AND X", Some(true)),
        ("(A OR B) AND X", Some(false)),
        ("X AND (A OR B) OR A", Some(true)),
        ("X WITH exception OR A WITH exception", Some(true)),
        ("X/A", Some(true)),
        ("X / Y", Some(false)),
        ("", None),
        ("A OR", None),
        ("A B", None),
        ("(A", None),
        ("A WITH", None),
    ] {
        assert_eq!(met(expression), expected, "{expression:?}");
    }
}

/// The packages that are not ours and cannot be used under `allowed`, as `name: expression`.
fn refused(allowed: &[&str]) -> Vec<String> {
    let is_refused = |package: &&Json| match package["license"].as_str() {
        None => WITHOUT_EXPRESSION.iter().all(|(name, _)| *name != text(package, "name")),
        Some(expression) => is_met(expression, &|licence| allowed.contains(&licence)) != Some(true),
    };
    let foreign = packages().iter().filter(|package| !is_member(package));
    foreign
        .filter(is_refused)
        .map(|package| format!("{}: {}", text(package, "name"), package["license"]))
        .collect()
}

#[test]
fn every_licence_goes_with_ours() {
    assert!(packages().len() > 100, "cargo metadata says too little");
    assert_eq!(refused(&ALLOWED), Vec::<String>::new());
    for package in members() {
        assert_eq!(package["license"], OURS, "{}", package["name"]);
    }
}

#[test]
fn no_licence_is_allowed_for_nothing() {
    for licence in ALLOWED {
        let others: Vec<_> = ALLOWED.into_iter().filter(|other| *other != licence).collect();
        assert!(!refused(&others).is_empty(), "nothing needs {licence} any more");
    }
    for (name, _) in WITHOUT_EXPRESSION {
        let is_it = |package: &Json| package["name"] == name && package["license"].is_null();
        assert!(packages().iter().any(is_it), "{name} is gone, or states its licence now");
    }
}

// --- dependencies ----------------------------------------------------------------------------------

#[test]
fn nothing_else_opens_connections() {
    for (name, reason) in NEVER {
        assert!(packages().iter().all(|package| package["name"] != name), "{name}: {reason}");
    }
}

/// The crates that members depend on directly, whether to build, to test or to run, and which members.
fn direct() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut direct: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for member in members() {
        for dependency in
            list(member, "dependencies").iter().filter(|dependency| dependency.get("path").is_none())
        {
            direct.entry(text(dependency, "name")).or_default().insert(text(member, "name"));
        }
    }
    direct
}

/// The crates that the rows of tables name, with their versions where those are given. In the first
/// cell of a row stands `name 1.2`, in backticks or not, or several of those with commas between them;
/// what else stands there explains. Parts about Python or Debian packages are about other things.
fn documented(document: &str) -> Vec<(&str, Option<&str>)> {
    let (mut crates, mut of_rust) = (Vec::new(), true);
    for line in document.lines() {
        if line.starts_with(['#', '*']) {
            of_rust = !["Python", "Debian"].iter().any(|word| line.contains(word));
        }
        let Some(row) = line.strip_prefix('|').filter(|_| of_rust) else { continue };
        for part in row.split(['|']).next().unwrap_or_default().split([',', ';']) {
            let words: Vec<_> = part.split_whitespace().map(|word| word.trim_matches('`')).collect();
            let is_name =
                |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            let is_version = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            match words[..] {
                ["crate" | "what"] => {}
                [name] if is_name(name) && name.contains(char::is_alphabetic) => crates.push((name, None)),
                [name, version] if is_name(name) && is_version(version) => crates.push((name, Some(version))),
                _ => {}
            }
        }
    }
    crates
}

#[test]
fn rows_name_one_or_several_crates() {
    let document = "# Crates\n| crate | in |\n|---|---|\n| `a` 1 | x |\n| b, `c-d` 0.2, with E | |\n\
        ## Debian packages\n| e | |\n**In tests**\n| f 3 | |\n**Python packages**\n| g 1 | |";
    assert_eq!(documented(document), [("a", Some("1")), ("b", None), ("c-d", Some("0.2")), ("f", Some("3"))]);
}

#[test]
fn every_direct_dependency_has_its_line() {
    let path = root().join("doc/DEPENDENCIES.md");
    let document =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (documented, direct) = (documented(&document), direct());
    let missing =
        direct.iter().filter(|(name, _)| documented.iter().all(|(documented, _)| documented != *name));
    let missing: Vec<_> = missing.map(|(name, members)| format!("{name} of {members:?}")).collect();
    assert!(missing.is_empty(), "no line in doc/DEPENDENCIES.md: {missing:#?}");
    let mut seen = BTreeSet::new();
    for (name, version) in documented {
        assert!(direct.contains_key(name), "doc/DEPENDENCIES.md: no member depends on {name} directly");
        assert!(seen.insert(name), "doc/DEPENDENCIES.md: {name} has two lines");
        let version = version.map_or(String::new(), |version| format!("{version}."));
        let is_it =
            |package: &Json| package["name"] == name && text(package, "version").starts_with(&version);
        assert!(
            packages().iter().any(is_it),
            "doc/DEPENDENCIES.md: {name} has another version than {version}"
        );
    }
}

// --- cargo deny ------------------------------------------------------------------------------------

/// The strings that `key` has in a table, or in a list of tables.
fn strings(tables: &[toml::Value], key: &str) -> Vec<String> {
    let values = tables.iter().filter_map(|table| table.get(key));
    let flat = values.flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]));
    flat.map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[test]
fn deny_toml_says_the_same() {
    let file: toml::Table = std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let licences = &file["licenses"];
    let mut allowed = strings(std::slice::from_ref(licences), "allow");
    allowed.extend(strings(licences["exceptions"].as_array().unwrap(), "allow"));
    let without_exceptions = allowed.iter().map(|licence| licence.split(' ').next().unwrap());
    assert_eq!(without_exceptions.collect::<BTreeSet<_>>(), BTreeSet::from(ALLOWED));

    let denied = strings(file["bans"]["deny"].as_array().unwrap(), "crate");
    for name in denied {
        assert!(packages().iter().all(|package| package["name"] != *name), "deny.toml bans {name}");
    }
}
