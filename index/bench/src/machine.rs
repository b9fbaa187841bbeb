//! What a measurement ran on, and beside what. Reads `/proc`, so Linux only.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Cores, CPU, memory, build, and the versions of what is measured beside ours.
pub fn describe() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "cpu": after(&read("/proc/cpuinfo"), "model name"),
        "memory": after(&read("/proc/meminfo"), "MemTotal"),
        "load": read("/proc/loadavg").split(' ').next().map(str::to_owned),
        "profile": if cfg!(debug_assertions) { "dev" } else { "release" },
        "versions": {
            "deadwax": env!("CARGO_PKG_VERSION"),
            "sqlite": rusqlite::version(),
            "tantivy": locked("tantivy"),
            "ed25519-dalek": locked("ed25519-dalek"),
            "serde_json": locked("serde_json"),
            "liblzma": locked("liblzma"),
        },
    })
}

/// The version of a dependency in `Cargo.lock`; the newest, if others need an older one.
fn locked(name: &str) -> Option<&'static str> {
    let (_, package) =
        include_str!("../../../Cargo.lock").rsplit_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    Some(package.split_once('"')?.0)
}

/// Memory of this process in bytes: the most there ever was since the last call of [`forget_peak`].
///
/// # Errors
/// `/proc` does not say.
pub fn peak_bytes() -> Result<u64> {
    status("VmHWM:")
}

/// Memory of this process in bytes.
///
/// # Errors
/// `/proc` does not say.
pub fn resident_bytes() -> Result<u64> {
    status("VmRSS:")
}

/// Memory of this process that is its own, not pages of files that are mapped.
///
/// # Errors
/// `/proc` does not say.
pub fn anonymous_bytes() -> Result<u64> {
    status("RssAnon:")
}

/// Makes [`peak_bytes`] begin anew; whether the system lets us.
pub fn forget_peak() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

fn status(key: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)).context("no such line")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}

/// Time that the cores have spent for this process so far, in seconds.
pub fn cpu_secs() -> f64 {
    /// As Linux counts for programs, on all its architectures.
    const TICKS_PER_SEC: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in brackets that may hold spaces; user and system time are 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_SEC
}

/// Length of all files in a folder and below.
///
/// # Errors
/// It cannot be read.
pub fn folder_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(dir)? {
        let file = file?;
        let metadata = file.metadata()?;
        bytes += if metadata.is_dir() { folder_bytes(&file.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_known() {
        let machine = describe();
        assert!(machine["cores"].as_u64().unwrap() > 0, "{machine}");
        assert!(machine["versions"]["tantivy"].as_str().unwrap().starts_with("0."), "{machine}");
        assert!(resident_bytes().unwrap() > 1 << 20);
        assert!(peak_bytes().unwrap() >= resident_bytes().unwrap() / 2);
    }
}
