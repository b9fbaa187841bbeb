//! `deadwax link add --jsonl FILE`: many links, one a line. A line that is refused is reported with its number, and
//! the rest goes on; running the same file again publishes only what is missing.

use super::{Added, publish, read_torrent};
use crate::cli::Context;
use crate::cli::client::Client;
use crate::cli::output::Failure;
use crate::submit::source::MAX_TORRENT_BASE64_BYTES;
use crate::submit::{Draft, ReceiptState};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A line with a .torrent file of 8 MiB in it, and other fields beside that.
const MAX_LINE_BYTES: usize = MAX_TORRENT_BASE64_BYTES + 256 * 1024;
/// Names a .torrent file by its path, in place of its bytes.
const TORRENT_FILE: &str = "torrent_file";

/// What became of all lines.
#[derive(Debug, Default, Serialize)]
struct Bulk {
    read: u64,
    new: u64,
    known: u64,
    invalid: u64,
}

/// What became of one line.
#[derive(Serialize)]
struct Line {
    line: u64,
    #[serde(flatten)]
    added: Added,
}

/// Publishes each line of a file, or only looks at it.
pub(super) fn add_lines(context: &Context, path: &Path, dry_run: bool) -> Result<(), Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
    let length = file.metadata().map_err(|error| Failure::file(path, &error))?.len();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut client = Client::connect(context, "admin.sock")?;
    // Drawn on standard error, and only on a terminal.
    let bar = ProgressBar::new(length).with_style(
        ProgressStyle::with_template("{bar:30} {percent}% · {elapsed} · {eta} left · {msg}")
            .expect("the template is constant"),
    );
    let mut reader = BufReader::new(file);
    let mut bulk = Bulk::default();
    for number in 1u64.. {
        let line = match next_line(&mut reader).map_err(|error| Failure::file(path, &error))? {
            None => break,
            Some(line) => line,
        };
        bar.inc(line.as_ref().map_or(MAX_LINE_BYTES, |line| line.len() + 1) as u64);
        if line.as_ref().is_some_and(|line| line.iter().all(u8::is_ascii_whitespace)) {
            continue;
        }
        bulk.read += 1;
        let done = draft_of(line.as_deref(), folder).and_then(|draft| publish(&mut client, &draft, dry_run));
        match done {
            Ok(added) => {
                let is_known =
                    added.receipt.as_ref().is_some_and(|receipt| receipt.state == ReceiptState::Known);
                if is_known {
                    bulk.known += 1
                } else {
                    bulk.new += 1
                }
                bar.suspend(|| say(context, Line { line: number, added }));
            }
            // What has been published stays; the same file again goes on from there.
            Err(failure) if failure.ends_everything() => {
                bar.finish_and_clear();
                return Err(failure.at_line(number));
            }
            Err(failure) => {
                bulk.invalid += 1;
                bar.suspend(|| context.out.fail(failure.at_line(number)));
            }
        }
        bar.set_message(format!("{} new, {} known, {} refused", bulk.new, bulk.known, bulk.invalid));
    }
    bar.finish_and_clear();
    context.out.print(&bulk, |bulk| {
        let new = if dry_run { "good" } else { "new" };
        format!(
            "{} lines: {} {new}, {} known before, {} refused\n",
            bulk.read, bulk.new, bulk.known, bulk.invalid
        )
    });
    if bulk.invalid > 0 {
        let message = format!("{} lines were refused.", bulk.invalid);
        return Err(Failure::bad("link.lines", "", message, "Mend them and run the same command again."));
    }
    Ok(())
}

/// For programs each line; for people only what they should look at.
fn say(context: &Context, line: Line) {
    if context.out.json {
        context.out.print(&line, |_| String::new());
        return;
    }
    for warning in &line.added.warnings {
        eprintln!("line {}: warning: {} (entry {})", line.line, warning.message, warning.entry);
    }
}

/// The next line without its end; `Some(None)` for one that is too long, `None` at the end of the file.
fn next_line(reader: &mut impl BufRead) -> std::io::Result<Option<Option<Vec<u8>>>> {
    let mut line = Vec::new();
    let mut limited = reader.by_ref().take(MAX_LINE_BYTES as u64 + 1);
    if limited.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Some(line)));
    }
    if line.len() <= MAX_LINE_BYTES {
        return Ok(Some(Some(line)));
    }
    // The rest of it is not kept.
    loop {
        let buffer = reader.fill_buf()?;
        let (used, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if is_end {
            return Ok(Some(None));
        }
    }
}

/// The draft of a line; `torrent_file` is read from the folder of the list.
fn draft_of(line: Option<&[u8]>, folder: &Path) -> Result<Draft, Failure> {
    let bad = |message: String| Failure::bad("link.json", "", message, "Write one JSON object on each line.");
    let line = line.ok_or_else(|| bad(format!("It has more than {MAX_LINE_BYTES} bytes.")))?;
    let mut fields: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| bad(format!("{error}.")))?;
    let file = fields.remove(TORRENT_FILE);
    let mut draft = Draft::deserialize(Value::Object(fields)).map_err(|error| bad(format!("{error}.")))?;
    match file {
        None => {}
        Some(Value::String(file)) if draft.torrent.is_empty() => {
            draft.torrent = read_torrent(&folder.join(file))?
        }
        Some(_) => return Err(bad(format!("{TORRENT_FILE} is one text, and torrent is absent then."))),
    }
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::cli::output::Output;
    use crate::config::Config;
    use crate::serve::serve_unix;
    use deadwax_index::entry::Scope;
    use tokio::net::UnixListener;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_can_be_sent_again_and_nothing_is_half_done() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.publication.delay = false;
        let app = App::for_test(dir.path(), config);
        let listener = UnixListener::bind(dir.path().join("admin.sock")).unwrap();
        let router = crate::admin::router(std::sync::Arc::clone(&app));
        tokio::spawn(async move { match serve_unix(listener, router).await {} });
        let line = |hash: u8, title: &str| {
            let magnet = format!("magnet:?xt=urn:btih:{}", data_encoding::HEXLOWER.encode(&[hash; 20]));
            let mbid = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
            serde_json::json!({"magnet": magnet, "mbid": mbid, "artist": "Nell Aster", "title": title})
                .to_string()
        };
        let list = dir.path().join("links.jsonl");
        let context =
            Context { data_dir: dir.path().to_owned(), config_file: None, out: Output { json: true } };
        let context = std::sync::Arc::new(context);
        let send = async |lines: &[String], dry_run: bool| {
            std::fs::write(&list, lines.join("\n")).unwrap();
            let (context, list) = (std::sync::Arc::clone(&context), list.clone());
            let done =
                tokio::task::spawn_blocking(move || add_lines(&context, &list, dry_run)).await.unwrap();
            (done.is_ok(), app.store.scope_state(Scope::Main).unwrap().count)
        };
        let good = [line(1, "Low Water"), String::new(), line(2, "High Water")];
        assert_eq!(send(&good, true).await, (true, 0), "looked at only");
        assert_eq!(send(&good[..1], false).await, (true, 1), "stopped after the first");
        assert_eq!(send(&good, false).await, (true, 2), "what was there is not signed again");
        assert_eq!(send(&good, false).await, (true, 2));
        let mixed = [r#"{"magnet":"hello"}"#.to_owned(), "{".to_owned(), line(4, "Neap Tide")];
        assert_eq!(send(&mixed, false).await, (false, 3), "a bad line keeps no other from being signed");
    }

    #[test]
    fn lines_are_read_one_by_one_and_long_ones_passed_over() {
        let long = vec![b'x'; MAX_LINE_BYTES + 3];
        let text = [b"{}\n\n".as_slice(), &long, b"\nlast"].concat();
        let mut reader = BufReader::new(text.as_slice());
        let mut next = || next_line(&mut reader).unwrap();
        assert_eq!(next(), Some(Some(b"{}".to_vec())));
        assert_eq!(next(), Some(Some(Vec::new())));
        assert_eq!(next(), Some(None));
        assert_eq!(next(), Some(Some(b"last".to_vec())));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_line_may_name_a_file_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.torrent"), b"de").unwrap();
        let read = |line: &str| draft_of(Some(line.as_bytes()), dir.path());
        assert_eq!(read(r#"{"torrent_file":"a.torrent","mbid":"m"}"#).unwrap().torrent, "ZGU=");
        for line in [
            "{",
            "[]",
            r#"{"colour":"blue"}"#,
            r#"{"torrent_file":1}"#,
            r#"{"torrent_file":"b.torrent"}"#,
            r#"{"torrent":"ZGU=","torrent_file":"a.torrent"}"#,
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        assert!(draft_of(None, dir.path()).is_err());
    }
}
