//! Gets the embedded I2P router its first RouterInfos, whenever it lacks them: from the file of `--reseed`, then
//! from reseed servers, through Tor.
//!
//! Never directly: a reseed server would see this machine's address at the moment at which a node begins. While
//! Tor is off or not connected the node waits, and says so.

mod fetch;
mod servers;

use super::Options;
use anyhow::Result;
use deadwax_i2p_gateway::reseed::{MAX_RESEED_BYTES, open};
use deadwax_i2p_gateway::{I2pGateway, MAX_SEEDS};
use deadwax_onion_gateway::OnionGateway;
use fetch::{FetchError, fetch};
use servers::Servers;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What to tell the operator beside the gateway's own words, while there is something to tell.
pub type Note = Option<String>;

/// With so many RouterInfos, no more servers are asked; one gives 75 or so.
const ENOUGH_ROUTERS: usize = 50;
/// And not before so many servers have answered: one alone could show a router nobody but its own friends.
const ENOUGH_SERVERS: usize = 2;
/// Of one server's RouterInfos, so that it cannot outnumber the others.
const MAX_ROUTERS_OF_ONE: usize = 200;

/// The wait after a first failure; it doubles up to [`MAX_PAUSE`], because servers ban those who ask often.
const MIN_PAUSE: Duration = Duration::from_secs(30);
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);
/// The router gets so much time to join the network with what it was given before more is looked for.
const SETTLE_TIME: Duration = Duration::from_secs(5 * 60);

/// Starts the task that does it, for as long as the gateway lives. It tells how it goes in `note`.
///
/// # Errors
/// A URL or a certificate in the network file cannot be used.
pub fn spawn(
    i2p: &Arc<I2pGateway>,
    onion: Option<&Arc<OnionGateway>>,
    options: &Options,
    note: watch::Sender<Note>,
    tasks: &mut JoinSet<(&'static str, Result<()>)>,
) -> Result<()> {
    let reseeding = Reseeding {
        i2p: Arc::clone(i2p),
        onion: onion.cloned(),
        file: options.reseed.clone(),
        file_problem: None,
        servers: Servers::of(options.network.as_ref())?,
        note,
    };
    tasks.spawn(async move {
        reseeding.run().await;
        // The gateway has ended, and its own task says so better.
        ("reseeding I2P", std::future::pending().await)
    });
    Ok(())
}

struct Reseeding {
    i2p: Arc<I2pGateway>,
    onion: Option<Arc<OnionGateway>>,
    /// Not tried yet.
    file: Option<PathBuf>,
    file_problem: Note,
    /// `None`: the network file names none.
    servers: Option<Servers>,
    note: watch::Sender<Note>,
}

impl Reseeding {
    /// Runs until the gateway has ended.
    async fn run(mut self) {
        let mut status = self.i2p.status();
        let mut pause = MIN_PAUSE;
        while status.wait_for(|now| now.needs_seed).await.is_ok() {
            let seeded = tokio::select! {
                seeded = self.seed() => seeded,
                // It found others by itself.
                _ = status.wait_for(|now| !now.needs_seed) => Ok(()),
            };
            // Waits even if the need is over meanwhile: it comes back with each restart of the router.
            match seeded {
                Ok(()) => {
                    self.note.send_replace(None);
                    pause = MIN_PAUSE;
                    tokio::time::sleep(SETTLE_TIME).await;
                }
                Err(problem) => {
                    self.tell(format!(
                        "{problem}; trying again in {}, or start with --reseed FILE",
                        words(pause)
                    ));
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
        }
    }

    /// Gives the router what the file holds, or what the servers send; in the end, why that failed.
    async fn seed(&mut self) -> Result<(), String> {
        if let Some(path) = self.file.take() {
            match read(&path, self.servers.as_ref()).await {
                Ok(infos) => match self.i2p.seed(infos).await {
                    Ok(_) => return Ok(()),
                    // Without its path, which is no business of those who read the status page.
                    Err(error) => {
                        self.file_problem = Some(format!("the file of --reseed cannot be used: {error}"))
                    }
                },
                Err(problem) => {
                    self.file_problem = Some(format!("the file of --reseed cannot be used: {problem}"))
                }
            }
        }
        let Some(onion) = self.onion.clone() else {
            return self
                .wait("a list could come through Tor, which is switched off; start with --reseed FILE")
                .await;
        };
        let Some(servers) = &self.servers else {
            return self.wait("the network file names no server with a list; start with --reseed FILE").await;
        };
        self.tell("a list comes through Tor, which is not connected yet".to_owned());
        if onion.status().wait_for(|now| now.can_dial).await.is_err() {
            return Err("Tor has stopped".to_owned());
        }
        let dial = |host: String, port| {
            let onion = Arc::clone(&onion);
            async move { onion.dial_exit(&host, port).await.map_err(|error| FetchError::Dial(error.to_string())) }
        };
        let infos = gather(servers, dial, |words| self.tell(words)).await;
        let seeded = match infos {
            Ok(infos) => self.i2p.seed(infos).await.map(drop).map_err(|error| error.to_string()),
            Err(problem) => Err(problem),
        };
        seeded.map_err(|problem| format!("reseed through Tor failed ({problem})"))
    }

    /// There is nothing to do but to say so.
    async fn wait(&self, why: &str) -> Result<(), String> {
        self.tell(why.to_owned());
        std::future::pending().await
    }

    fn tell(&self, words: String) {
        let words = self.file_problem.iter().cloned().chain([words]).collect::<Vec<_>>().join("; ");
        self.note.send_replace(Some(words));
    }
}

/// RouterInfos from enough servers, asked in random order; or what the last one said if none gave any.
async fn gather<S, F>(
    servers: &Servers,
    dial: impl Fn(String, u16) -> F,
    tell: impl Fn(String),
) -> Result<Vec<Vec<u8>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<S, FetchError>>,
{
    let mut urls: Vec<_> = servers.urls.iter().collect();
    // Without randomness the order is that of the list; TLS will not get far then anyway.
    urls.sort_by_cached_key(|_| getrandom::u64().unwrap_or_default());
    let mut infos = HashSet::new();
    let (mut answered, mut last) = (0, "there is no reseed server".to_owned());
    for (number, url) in urls.iter().enumerate() {
        if infos.len() >= ENOUGH_ROUTERS && answered >= ENOUGH_SERVERS {
            break;
        }
        tell(format!("asking reseed servers through Tor ({} of {})", number + 1, urls.len()));
        let answer = match dial(url.host.clone(), url.port).await {
            Ok(stream) => fetch(stream, url, servers).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(more) => {
                answered += 1;
                infos.extend(more.into_iter().take(MAX_ROUTERS_OF_ONE));
            }
            Err(error) => {
                tracing::debug!(host = url.host, %error, "reseed server");
                last = format!("the last of {} reseed servers: {error}", number + 1);
            }
        }
    }
    if infos.is_empty() { Err(last) } else { Ok(infos.into_iter().take(MAX_SEEDS).collect()) }
}

/// The RouterInfos in the operator's file.
async fn read(path: &Path, servers: Option<&Servers>) -> Result<Vec<Vec<u8>>, String> {
    let mut bytes = Vec::new();
    let file = tokio::fs::File::open(path).await.map_err(|error| error.to_string())?;
    file.take(MAX_RESEED_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| error.to_string())?;
    let certificates = servers.map_or(&[][..], |servers| &servers.certificates);
    open(&bytes, certificates).map_err(|error| error.to_string())
}

fn words(time: Duration) -> String {
    match time.as_secs() {
        secs if secs < 120 => format!("{secs} s"),
        secs => format!("{} min", secs / 60),
    }
}

#[cfg(test)]
mod tests;
