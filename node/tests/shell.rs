//! The program as a shell sees it: help, completions, manual, exit statuses, and quiet pipes. No node runs.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn deadwax(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadwax"));
    command
        .arg("--data-dir")
        .arg(dir)
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("CLICOLOR_FORCE", "")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn exit_statuses_are_those_of_the_document() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("broken.torrent"), "de").unwrap();
    let broken = dir.path().join("broken.torrent");
    let magnet = "magnet:?xt=urn:btih:5a5b5c5d5e5f606162636465666768696a6b6c6d";
    let cases: [(&[&str], i32); 8] = [
        (&["magnet", magnet], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["magnet", "hello"], 1),
        (&["torrent", "inspect", broken.to_str().unwrap()], 1),
        (&["no-such-command"], 2),
        (&["link", "add", "--magnet", magnet], 2),
        (&["link", "add", "--magnet", magnet, "--mbid", "x"], 3),
    ];
    for (arguments, status) in cases {
        let output = deadwax(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
        let json = deadwax(dir.path(), &[&["--json"], arguments].concat());
        assert_eq!(json.status.code(), Some(status), "{arguments:?}");
        if status > 0 {
            let error: serde_json::Value = serde_json::from_slice(&json.stderr).unwrap();
            assert!(error["error"]["code"].is_string() && error["error"]["fix"].is_string(), "{error}");
            assert!(json.stdout.is_empty(), "{arguments:?}");
        }
    }
}

#[test]
fn nothing_is_coloured_where_that_is_not_wanted() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["link", "add", "--help"], &["no-such-command"], &["magnet", "x"]] {
        let output = deadwax(dir.path(), arguments);
        for stream in [&output.stdout, &output.stderr] {
            assert!(!stream.contains(&0x1b), "{arguments:?}: {}", text(stream));
        }
    }
}

#[test]
fn help_ends_with_examples() {
    let dir = tempfile::tempdir().unwrap();
    let output = deadwax(dir.path(), &["link", "add", "--help"]);
    let help = text(&output.stdout);
    assert!(help.contains("Examples:\n") && help.contains("deadwax link add --jsonl links.jsonl"), "{help}");
}

#[test]
fn completions_and_manual_know_every_command() {
    let dir = tempfile::tempdir().unwrap();
    for (shell, sign) in
        [("bash", "complete -F"), ("zsh", "#compdef deadwax"), ("fish", "complete -c deadwax")]
    {
        let output = deadwax(dir.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = text(&output.stdout);
        assert!(script.contains(sign), "{shell}");
        for word in ["catalogue", "completions", "jsonl", "dry-run"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    assert_eq!(deadwax(dir.path(), &["completions", "abacus"]).status.code(), Some(2));
    let page = deadwax(dir.path(), &["man"]);
    assert!(text(&page.stdout).contains(".TH deadwax 1"), "{}", text(&page.stdout));
    let folder = dir.path().join("man1");
    assert_eq!(deadwax(dir.path(), &["man", "--out", folder.to_str().unwrap()]).status.code(), Some(0));
    let page = std::fs::read_to_string(folder.join("deadwax-link-add.1")).unwrap();
    assert!(page.contains("jsonl"), "{page}");
}

#[test]
fn bash_can_read_its_completions() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("completions");
    std::fs::write(&script, deadwax(dir.path(), &["completions", "bash"]).stdout).unwrap();
    let Ok(output) = Command::new("bash").arg("-n").arg(&script).output() else { return };
    assert!(output.status.success(), "{}", text(&output.stderr));
}
