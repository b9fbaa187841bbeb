//! The keys that must exist before the network starts: the authority's, since every configuration names them.
//! Relays and the client make their own when they start.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::node::Node;

/// Who the authority is, in the three ways in which it is named.
pub(super) struct AuthorityKeys {
    /// Fingerprint of the key that signs consensuses, 40 hex digits.
    pub(super) v3_identity: String,
    /// Fingerprint of the relay's RSA key, 40 hex digits.
    pub(super) rsa_identity: String,
    /// The relay's Ed25519 key, base64 without padding.
    pub(super) ed_identity: String,
}

/// Makes both kinds of keys at once: each takes a second of looking for primes.
pub(super) fn make(authority: &Node, dir_port: u16) -> anyhow::Result<AuthorityKeys> {
    let keys = authority.dir().join("keys");
    let mut certificate = Command::new("tor-gencert")
        .args(["--create-identity-key", "-m", "12", "--passphrase-fd", "0", "-a"])
        .arg(format!("127.0.0.1:{dir_port}"))
        .current_dir(&keys)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start `tor-gencert` (Debian's package tor has it)")?;
    // The key is thrown away with the network: its passphrase protects nothing.
    certificate.stdin.take().context("a piped standard input")?.write_all(b"unimportant\n")?;

    // Makes the relay's keys, prints a fingerprint and ends; it opens no port and no connection.
    let relay = authority
        .tor()
        .arg("-f")
        .arg(authority.dir().join("empty"))
        .arg("--list-fingerprint")
        .args(["--Nickname", authority.name(), "--Address", "127.0.0.1", "--AssumeReachable", "1"])
        .args(["--PublishServerDescriptor", "0", "--ORPort"])
        .arg(authority.main_address().to_string())
        .arg("--DataDirectory")
        .arg(authority.dir())
        .output();
    let certificate = certificate.wait()?;
    ensure!(certificate.success(), "tor-gencert ended with {certificate}");
    let relay = relay.context("cannot start `tor`")?;
    ensure!(relay.status.success(), "tor --list-fingerprint: {}", String::from_utf8_lossy(&relay.stdout));

    let certificate = fs::read_to_string(keys.join("authority_certificate"))?;
    let v3_identity = certificate.lines().find_map(|line| line.strip_prefix("fingerprint "));
    Ok(AuthorityKeys {
        v3_identity: v3_identity.context("no fingerprint in the authority's certificate")?.to_owned(),
        rsa_identity: fingerprint(authority.dir())?,
        ed_identity: last_word(&authority.dir().join("fingerprint-ed25519"))?,
    })
}

/// The RSA fingerprint that a relay wrote into its directory, 40 hex digits.
pub(super) fn fingerprint(dir: &Path) -> anyhow::Result<String> {
    last_word(&dir.join("fingerprint"))
}

/// tor writes `nickname value`.
fn last_word(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path)?;
    Ok(text.split_whitespace().last().with_context(|| format!("{} is empty", path.display()))?.to_owned())
}
