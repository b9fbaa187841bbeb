//! The text of SAM version 3, the protocol that I2P routers offer to programs: one line for each
//! command and each answer (specification: geti2p.net, "SAM V3").
//!
//! Pure: no sockets here, `session.rs` has them. Session options are fixed in this file. In
//! particular there is no way to ask for an encrypted lease set (`i2cp.leaseSetType=5`): the
//! embedded router would silently publish an ordinary one instead.

use crate::config::TunnelOptions;
use crate::error::SessionError;

/// Longest line taken from a router. The longest that it has reason to send carries a private key in
/// base64, below 2 KiB.
pub(crate) const MAX_LINE_BYTES: usize = 8 * 1024;

/// The first command on each connection. 3.1 brought the signature types that are in use now.
pub(crate) const HELLO: &str = "HELLO VERSION MIN=3.1 MAX=3.3\n";

/// Whose session it is.
#[derive(Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// The destination of this private key (base64), which others look up and call.
    Key(&'a str),
    /// A destination that the router makes up, for calling others. It is told to those who are
    /// called and to nobody else.
    Nobody,
}

/// Opens a session named `id` for streams.
///
/// Encryption type 4 alone: i2pd 2.56 dies of a list that begins with a newer one.
pub(crate) fn session_create(id: &str, owner: Owner<'_>, tunnels: TunnelOptions) -> String {
    let TunnelOptions { length, quantity } = tunnels;
    let destination = match owner {
        Owner::Key(key) => format!("DESTINATION={key}"),
        Owner::Nobody => "DESTINATION=TRANSIENT SIGNATURE_TYPE=7 i2cp.dontPublishLeaseSet=true".to_owned(),
    };
    format!(
        "SESSION CREATE STYLE=STREAM ID={id} {destination} i2cp.leaseSetEncType=4 \
         inbound.length={length} outbound.length={length} \
         inbound.quantity={quantity} outbound.quantity={quantity}\n"
    )
}

/// Connects to `address` (`<52>.b32.i2p`).
pub(crate) fn stream_connect(id: &str, address: &str) -> String {
    format!("STREAM CONNECT ID={id} DESTINATION={address} SILENT=false\n")
}

/// Waits for one caller.
pub(crate) fn stream_accept(id: &str) -> String {
    format!("STREAM ACCEPT ID={id} SILENT=false\n")
}

/// Looks an address up.
pub(crate) fn naming_lookup(address: &str) -> String {
    format!("NAMING LOOKUP NAME={address}\n")
}

/// The answer to a PING, which a router may send on a session's connection.
pub(crate) fn pong(ping: &str) -> Option<String> {
    let text = ping.strip_prefix("PING")?;
    (text.is_empty() || text.starts_with(' ')).then(|| format!("PONG{text}\n"))
}

/// A line from the router: two words, then values by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// `HELLO`, `SESSION`, `STREAM`, `NAMING`.
    pub(crate) topic: String,
    /// `REPLY` or `STATUS`.
    pub(crate) kind: String,
    values: Vec<(String, String)>,
}

impl Reply {
    /// Reads a line (without its end). A value may stand in quotation marks, with `\"` and `\\` in
    /// it; a name without a value has an empty one.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (topic, rest) = word(line)?;
        let (kind, mut rest) = word(rest)?;
        let mut values = Vec::new();
        while let Some((name, value, after)) = pair(rest)? {
            values.push((name, value));
            rest = after;
        }
        Some(Self { topic: topic.to_owned(), kind: kind.to_owned(), values })
    }

    /// The first value of this name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// `Ok` if this is an answer on `topic` whose result is OK.
    pub(crate) fn accept(&self, topic: &str, doing: &'static str) -> Result<(), SessionError> {
        match self.value("RESULT") {
            Some("OK") if self.topic == topic => Ok(()),
            Some(result) if self.topic == topic => {
                Err(SessionError::Refused { doing, result: shown(result) })
            }
            _ => Err(SessionError::NotSam { doing }),
        }
    }
}

/// A result word, in a form that is fit for a log: routers use capitals and underscores.
fn shown(result: &str) -> String {
    const MAX_SHOWN: usize = 40;
    let clean = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    result.chars().filter(clean).take(MAX_SHOWN).collect()
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let plain = !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_uppercase());
    plain.then_some((word, rest))
}

/// The next name and value and what follows; `Some(None)` at the end, `None` if it is malformed.
fn pair(text: &str) -> Option<Option<(String, String, &str)>> {
    let text = text.trim_start_matches(' ');
    if text.is_empty() {
        return Some(None);
    }
    let end = text.find([' ', '=']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || name.contains('"') {
        return None;
    }
    let Some(value) = rest.strip_prefix('=') else {
        return Some(Some((name.to_owned(), String::new(), rest)));
    };
    let (value, rest) = match value.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let (value, rest) = value.split_at(value.find(' ').unwrap_or(value.len()));
            (value.to_owned(), rest)
        }
    };
    Some(Some((name.to_owned(), value, rest)))
}

/// The text up to the closing quotation mark, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' => {
                let rest = &text[index + 1..];
                return (rest.is_empty() || rest.starts_with(' ')).then_some((value, rest));
            }
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(reply: &Reply) -> String {
        let mut line = format!("{} {}", reply.topic, reply.kind);
        for (name, value) in &reply.values {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            line += &format!(" {name}=\"{escaped}\"");
        }
        line
    }

    #[test]
    fn real_answers_are_read() {
        let hello = Reply::parse("HELLO REPLY RESULT=OK VERSION=3.2").unwrap();
        assert!(hello.accept("HELLO", "greeting").is_ok());
        assert_eq!(hello.value("VERSION"), Some("3.2"));
        let failed = Reply::parse(r#"SESSION STATUS RESULT=I2P_ERROR MESSAGE="no \"tunnels\" yet""#).unwrap();
        assert_eq!(failed.value("MESSAGE"), Some("no \"tunnels\" yet"));
        assert!(matches!(
            failed.accept("SESSION", "opening"),
            Err(SessionError::Refused { result, .. }) if result == "I2P_ERROR"
        ));
        assert!(matches!(hello.accept("SESSION", "x"), Err(SessionError::NotSam { .. })));
        // Base64 values end in the sign that separates names from values.
        let named = Reply::parse("NAMING REPLY RESULT=OK NAME=ME VALUE=AAA~-A==").unwrap();
        assert_eq!(named.value("VALUE"), Some("AAA~-A=="));
        let flag = Reply::parse("SESSION STATUS RESULT=OK SILENT").unwrap();
        assert_eq!(flag.value("SILENT"), Some(""));
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "HELLO",
            "hello reply RESULT=OK",
            "HELLO REPLY =OK",
            "HELLO REPLY RESULT=\"OK",
            "HELLO REPLY RESULT=\"OK\"x",
            "HELLO REPLY \"RESULT\"=OK",
            "HELLO REPLY RESULT=\"OK\\",
        ] {
            assert_eq!(Reply::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_ping_is_answered_with_its_text() {
        assert_eq!(pong("PING"), Some("PONG\n".to_owned()));
        assert_eq!(pong("PING 12 3"), Some("PONG 12 3\n".to_owned()));
        assert_eq!(pong("PINGER"), None);
        assert_eq!(pong("SESSION STATUS"), None);
    }

    #[test]
    fn a_session_is_plain_and_not_encrypted() {
        let tunnels = TunnelOptions { length: 1, quantity: 2 };
        for owner in [Owner::Key("KEY"), Owner::Nobody] {
            let line = session_create("x", owner, tunnels);
            assert!(line.contains(" i2cp.leaseSetEncType=4 ") && !line.contains("leaseSetType"));
            assert!(line.contains(" inbound.length=1 outbound.length=1 "));
            assert!(line.ends_with(" inbound.quantity=2 outbound.quantity=2\n"));
            assert_eq!(line.matches('\n').count(), 1);
        }
    }

    #[test]
    fn only_the_session_that_is_called_is_published() {
        let tunnels = TunnelOptions::default();
        let called = session_create("x", Owner::Key("KEY"), tunnels);
        assert!(called.contains(" DESTINATION=KEY ") && !called.contains("dontPublish"));
        let calling = session_create("x", Owner::Nobody, tunnels);
        assert!(calling.contains(" DESTINATION=TRANSIENT ") && calling.contains("LeaseSet=true"));
    }

    #[test]
    fn a_refusal_cannot_smuggle_text_into_the_log() {
        let reply = Reply::parse("STREAM STATUS RESULT=\"NO \u{1b}[31m\\\" a.b32.i2p\"").unwrap();
        let error = reply.accept("STREAM", "connecting").unwrap_err();
        assert!(matches!(error, SessionError::Refused { result, .. } if result == "NO31mab32i2p"));
    }

    proptest! {
        #[test]
        fn write_then_parse_is_the_identity(
            topic in "[A-Z]{1,8}",
            kind in "[A-Z]{1,8}",
            values in prop::collection::vec(("[A-Za-z0-9_.]{1,12}", "[^\\r\\n]{0,40}"), 0..6),
        ) {
            let reply = Reply { topic, kind, values };
            prop_assert_eq!(Reply::parse(&write(&reply)), Some(reply));
        }

        #[test]
        fn any_line_is_read_without_a_panic(line in "\\PC{0,200}") {
            let _ = Reply::parse(&line);
        }

        #[test]
        fn nearly_right_lines_are_read_without_a_panic(line in "[A-Z]{1,3} [A-Z]{1,3}[ =\"\\\\a\u{e9}]{0,30}") {
            let _ = Reply::parse(&line);
        }
    }
}
