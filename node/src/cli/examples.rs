//! Examples that `--help` ends with, one list for each command. A test runs them through the parser, and none may be
//! without.

use clap::Command;

/// By command: lines as they are typed; lines with `#` say what the next one is for.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "deadwax",
            "deadwax run --network network.toml",
            "deadwax search 'salt cartographers'",
            "deadwax link add --torrent album.torrent --mbid 8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0",
            "deadwax status",
        ],
    ),
    (
        "run",
        &[
            "# a node with what deadwax.toml says",
            "deadwax run",
            "# in a network of its own, telling a script when it is reachable",
            "deadwax run --network network.toml --ready-file ready.json",
        ],
    ),
    ("identity new", &["deadwax identity new --out author.json"]),
    ("identity show", &["deadwax identity show author.json --json"]),
    ("identity import", &["deadwax identity import key.age --out author.json"]),
    (
        "identity export",
        &[
            "deadwax identity export author.json --out key.age",
            "deadwax identity export author.json --out key.age --passphrase-file words.txt",
        ],
    ),
    ("account invite", &["deadwax account invite", "deadwax account invite --days 7 --json"]),
    ("account list", &["deadwax account list"]),
    ("account delete", &["deadwax account delete mara"]),
    (
        "entry sign",
        &[
            "deadwax entry sign --kind vote --n 0 --created 494000 --key author.json --body vote.json --out vote.cbor",
        ],
    ),
    ("entry verify", &["deadwax entry verify vote.cbor"]),
    (
        "link add",
        &[
            "# the files say format, encoding and media; the catalogue says artist and title",
            "deadwax link add --torrent album.torrent --mbid https://musicbrainz.org/release/8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0",
            "# look first, sign nothing",
            "deadwax link add --torrent album.torrent --mbid 0724352190614 --dry-run",
            "# many, and again after a stop: what is there is known",
            "deadwax link add --jsonl links.jsonl",
        ],
    ),
    ("network new", &["deadwax network new --name commons"]),
    (
        "network join",
        &["deadwax network join 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
    ),
    (
        "network draft",
        &[
            "deadwax network draft --name commons --operator 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef --operator fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210 --out charter.json",
            "deadwax network draft --amend --quota-main 20000 --out charter.json",
        ],
    ),
    (
        "network sign",
        &["deadwax network sign charter.json", "deadwax network sign charter.json --key operator.json"],
    ),
    ("network publish", &["deadwax network publish charter.json"]),
    ("network show", &["deadwax network show --json"]),
    (
        "vouch",
        &[
            "deadwax vouch 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef --note 'met at the harbour'",
        ],
    ),
    (
        "ballot",
        &[
            "deadwax ballot --entry 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef --reason spam",
        ],
    ),
    (
        "search",
        &[
            "deadwax search salt cartographers",
            "deadwax search 'format:flac year:1990..1999 sort:newest' --limit 20",
            "deadwax search 0724352190614 --json",
        ],
    ),
    (
        "catalogue import",
        &[
            "deadwax catalogue import dumps/",
            "deadwax catalogue import release-group.tar.xz release.tar.xz --without-tracks",
        ],
    ),
    ("catalogue stats", &["deadwax catalogue stats --json"]),
    ("export", &["deadwax export --jsonl entries.jsonl", "deadwax export --sqlite entries.db"]),
    ("import", &["deadwax import entries.cbor"]),
    ("index rebuild", &["deadwax index rebuild"]),
    ("index digest", &["deadwax index digest --json"]),
    ("status", &["deadwax status", "deadwax status --json | jq .scopes"]),
    ("peers", &["deadwax peers"]),
    ("sync decode", &["deadwax sync decode ours.sketch --against theirs.sketch"]),
    ("magnet", &["deadwax magnet 'magnet:?xt=urn:btih:5a5b5c5d5e5f606162636465666768696a6b6c6d'"]),
    ("torrent inspect", &["deadwax torrent inspect album.torrent"]),
    ("tracker stats", &["deadwax tracker stats"]),
    ("config show", &["deadwax config show > deadwax.toml"]),
    (
        "completions",
        &[
            "deadwax completions bash > ~/.local/share/bash-completion/completions/deadwax",
            "deadwax completions zsh > ~/.zfunc/_deadwax",
            "deadwax completions fish > ~/.config/fish/completions/deadwax.fish",
        ],
    ),
    ("man", &["deadwax man | man -l -", "deadwax man --out ~/.local/share/man/man1"]),
];

/// The same command line, with the examples at the end of each help.
pub(super) fn add(command: Command) -> Command {
    add_below(command, "")
}

fn add_below(command: Command, path: &str) -> Command {
    let command = match EXAMPLES.iter().find(|(of, _)| *of == path) {
        Some((_, lines)) => command.after_help(format!("Examples:\n  {}", lines.join("\n  "))),
        None => command,
    };
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        add_below(below, path.trim_start())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as a shell parts them, up to a pipe or redirection.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (index, part) in line.split('\'').enumerate() {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        let end = words.iter().position(|word| word == "|" || word == ">").unwrap_or(words.len());
        words.truncate(end);
        words
    }

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        if command.get_subcommands().next().is_none() {
            found.push(path.to_owned());
        }
        for below in command.get_subcommands() {
            leaves(below, format!("{path} {}", below.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let mut commands = vec![String::new()];
        leaves(&crate::cli::command(), "", &mut commands);
        for command in &commands {
            let lines = EXAMPLES.iter().find(|(of, _)| of == command);
            let (_, lines) = lines.unwrap_or_else(|| panic!("`deadwax {command}` has no example"));
            for line in lines.iter().filter(|line| !line.starts_with('#')) {
                let words = words(line);
                assert!(command.is_empty() || words[1..].join(" ").starts_with(command), "{command}: {line}");
                let parsed = crate::cli::parse(words.into_iter().map(Into::into));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
        for (of, _) in EXAMPLES {
            assert!(commands.iter().any(|command| command == of), "there is no command {of}");
        }
    }
}
