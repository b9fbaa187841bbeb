//! What the operator sees on the terminal, and the ready file for programs.

use super::Options;
use crate::app::SharedApp;
use crate::config::NetworkFile;
use crate::founding::Belongs;
use crate::networks::{Network, Reach};
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// News is looked for this often.
const INTERVAL: Duration = Duration::from_millis(500);

/// The ready file (`doc/CLI.md`).
#[derive(Serialize)]
struct Ready {
    onion: Option<String>,
    i2p: Option<String>,
    admin_socket: PathBuf,
    web_socket: PathBuf,
}

/// The first lines.
pub fn greet(app: &SharedApp, network: Option<&NetworkFile>, belongs: &Belongs) {
    let network =
        network.map_or("the public Tor and I2P networks".into(), |file| format!("network \"{}\"", file.name));
    println!("deadwax {} · node \"{}\" · {network}", env!("CARGO_PKG_VERSION"), app.config.node.name);
    if let Ok(members) = app.store.members() {
        let name = members.as_ref().and_then(|members| members.charter()).map(|(_, charter)| &charter.name);
        println!(" network   {}", belongs.line(name.map(String::as_str)));
    }
    if matches!(belongs, Belongs::Founded(_)) && !app.config.sync.peers.is_empty() {
        println!("           Peers are configured, and belong to other networks: join theirs to share it.");
    }
    if let Ok(scopes) = app.scopes() {
        println!(" entries   {}", scopes.iter().map(|(_, state)| state.count).sum::<u64>());
    }
}

/// Tells what changes, and writes the ready file when both networks are reachable.
pub fn spawn(app: &SharedApp, options: &Options, tasks: &mut JoinSet<(&'static str, Result<()>)>) {
    let (app, ready_file, data_dir) = (Arc::clone(app), options.ready_file.clone(), options.data_dir.clone());
    tasks.spawn(async move {
        let done = async {
            let (started, mut shown) = (Instant::now(), [Network::default(), Network::default()]);
            let mut ready = false;
            loop {
                // Asked first: what is written then is at least as new.
                let is_ready = app.networks.ready();
                let now = [app.networks.tor(), app.networks.i2p()];
                for ((name, old), new) in ["Tor", "I2P"].into_iter().zip(&mut shown).zip(&now) {
                    if old != new {
                        tell(name, new, started);
                        *old = new.clone();
                    }
                }
                if !ready && is_ready {
                    ready = true;
                    if let Some(file) = &ready_file {
                        write_ready(file, &data_dir, &now)?;
                    }
                    println!("Ctrl-C stops, safe at any time.");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        ("the report", done.await)
    });
}

fn tell(name: &str, network: &Network, started: Instant) {
    let secs = started.elapsed().as_secs();
    let address = network.address.as_deref().unwrap_or_default();
    match network.state {
        Reach::Off => {}
        Reach::Starting => println!(" {name:<9} {} ({secs} s)", network.detail),
        Reach::Reachable => {
            println!(" {name:<9} http://{address}  reachable after {secs} s");
            if name == "I2P" {
                println!(" tracker   http://{address}/announce");
            }
        }
    }
}

fn write_ready(file: &Path, data_dir: &Path, networks: &[Network; 2]) -> Result<()> {
    let data_dir = std::path::absolute(data_dir)?;
    let ready = Ready {
        onion: networks[0].address.clone(),
        i2p: networks[1].address.clone(),
        admin_socket: data_dir.join("admin.sock"),
        web_socket: data_dir.join("web.sock"),
    };
    // By rename: whoever waits for the file finds it whole.
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".new");
    std::fs::write(&temporary, serde_json::to_string(&ready)? + "\n")
        .and_then(|()| std::fs::rename(&temporary, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The last line.
pub fn stopping() {
    println!("Stopping.");
}
