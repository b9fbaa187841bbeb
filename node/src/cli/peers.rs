//! `deadwax peers`: whom the running node follows, and how that goes; and the same in short for `deadwax status`.

use super::Context;
use super::client::Client;
use super::node::text;
use super::output::Failure;
use crate::app::now_secs;
use crate::web::pages::wording::{age, count, size, thousands};
use serde_json::Value;

const HEADINGS: [&str; 8] = ["FROM", "STATE", "SINCE", "NEW", "KNOWN", "READ", "CREDIT", "ADDRESS"];
const GAP: &str = "  ";

/// `deadwax peers`.
pub fn peers(context: &Context) -> Result<(), Failure> {
    let status = Client::connect(context, "admin.sock")?.get("/admin/v1/status")?;
    context.out.print(&status["peers"], |peers| table(peers, now_secs()));
    Ok(())
}

/// A line for each peer.
pub fn lines(peers: &Value) -> String {
    let line = |peer: &Value| {
        let state = match peer["last_error"].as_str() {
            Some(error) => format!("not connected: {error}"),
            None => agreement(peer),
        };
        format!(" peer      {} · {state}\n", text(&peer["address"]))
    };
    peers.as_array().into_iter().flatten().map(line).collect()
}

fn agreement(peer: &Value) -> String {
    match (peer["equal"].as_bool(), peer["behind"].as_u64()) {
        (Some(true), _) => "equal".into(),
        (Some(false), Some(behind)) if behind > 0 => {
            format!("{} ahead of this node", count(behind, "entry", "entries"))
        }
        (Some(false), _) => "has other entries than this node".into(),
        _ => "not asked yet".into(),
    }
}

fn table(peers: &Value, now_secs: u64) -> String {
    let peers: Vec<&Value> = peers.as_array().into_iter().flatten().collect();
    if peers.is_empty() {
        return "This node follows no other node.\n".into();
    }
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let since = |secs: &Value| age(now_secs.saturating_sub(number(secs)));
    let row = |peer: &&Value| {
        let state = match peer["last_error"].is_null() {
            true => agreement(peer),
            false => "not connected".into(),
        };
        [
            text(&peer["from"]).to_owned(),
            state,
            since(&peer["since_secs"]),
            thousands(number(&peer["entries"])),
            thousands(number(&peer["known"])),
            size(number(&peer["bytes"])),
            number(&peer["credit"]).to_string(),
            text(&peer["address"]).to_owned(),
        ]
    };
    let rows: Vec<[String; 8]> = peers.iter().map(row).collect();
    let all = || std::iter::once(HEADINGS.map(str::to_owned)).chain(rows.iter().cloned());
    let widths: [usize; 8] =
        std::array::from_fn(|column| all().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut out = String::new();
    for (at, row) in all().enumerate() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        out += cells.collect::<Vec<_>>().join(GAP).trim_end();
        out.push('\n');
        let Some(peer) = at.checked_sub(1).and_then(|at| peers.get(at)) else { continue };
        let below = " ".repeat(widths[0]) + GAP;
        if let Some(error) = peer["last_error"].as_str() {
            out += &format!("{below}{error}\n");
        }
        if !peer["disagrees_since_secs"].is_null() {
            let since = since(&peer["disagrees_since_secs"]);
            out += &format!("{below}disagrees about the entries of the same members, since {since}\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_of_each_peer_how_it_is() {
        let peer = |from: &str,
                    equal: Option<bool>,
                    behind: u64,
                    error: Option<&str>,
                    disagrees: Option<u64>| {
            serde_json::json!({
                "address": format!("onion:{from}.onion"), "from": from, "equal": equal, "behind": behind,
                "last_error": error, "since_secs": 10_000 - 7_200, "entries": 1_204, "known": 3, "bytes": 640_000,
                "credit": 3, "disagrees_since_secs": disagrees,
            })
        };
        let peers = serde_json::json!([
            peer("configured", Some(true), 0, None, None),
            peer("roster", Some(false), 17, None, Some(10_000 - 3_600)),
            peer("member", None, 0, Some("the peer did not answer for 90 s"), None),
        ]);
        let table = table(&peers, 10_000);
        let expected = "\
FROM        STATE                            SINCE    NEW    KNOWN  READ    CREDIT  ADDRESS
configured  equal                            2 h ago  1,204  3      640 kB  3       onion:configured.onion
roster      17 entries ahead of this node    2 h ago  1,204  3      640 kB  3       onion:roster.onion
            disagrees about the entries of the same members, since 1 h ago
member      not connected                    2 h ago  1,204  3      640 kB  3       onion:member.onion
            the peer did not answer for 90 s
";
        let squeezed = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        assert_eq!(squeezed(&table), squeezed(expected));
        let column = |line: &str| line.find("onion:").or(line.find("ADDRESS"));
        let columns: Vec<_> = table.lines().filter_map(column).collect();
        assert!(columns.len() == 4 && columns.iter().all(|at| *at == columns[0]), "{table}");
        assert_eq!(super::table(&serde_json::json!([]), 1), "This node follows no other node.\n");
    }
}
