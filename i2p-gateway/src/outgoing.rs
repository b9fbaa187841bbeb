//! The session that outgoing streams are opened in: a destination made up for the purpose, apart from
//! the node's own and not published, as I2P programs have it for their clients.
//!
//! Two reasons. A node that reads from its peers does not tell them who it is. And sessions go stale:
//! the embedded router (emissary 0.4) remembers the encryption keys that it shares with a peer for as
//! long as anything is sent to it, and does not notice when the peer has restarted and forgotten
//! them; all that is sent is lost then, for at least ten minutes. The cure is a fresh destination of
//! our own. For the node's own destination that would make every peer's memory stale in turn; for a
//! made-up one it costs a few tunnels.
//!
//! A session that was replaced lives on until its last stream has ended.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::TunnelOptions;
use crate::destination::Destination;
use crate::error::SessionError;
use crate::sam::Owner;
use crate::session::{Session, SessionRef};

/// A session this young is not stale.
const MIN_AGE: Duration = Duration::from_secs(30);

/// Its tunnels have all been replaced at this age: a new session costs no more than keeping it. So
/// from then on a peer that never answered in it gets one, too.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// How long a dial waits for a fresh session. It takes some seconds on a router that is up.
const FRESH_TIMEOUT: Duration = Duration::from_secs(45);

/// Sessions at a time, with those that only wait for their streams to end.
const MAX_SESSIONS: usize = 4;

/// Destinations remembered for a session; a node has far fewer peers.
const MAX_REMEMBERED: usize = 1_000;

/// An open session for outgoing streams.
pub(crate) struct OpenSession {
    about: SessionRef,
    opened: Instant,
    /// Who was called in it, and whether they ever answered.
    called: Mutex<HashMap<Destination, bool>>,
    /// Dropped with the session, which closes its connection.
    _release: oneshot::Sender<Infallible>,
}

impl OpenSession {
    pub(crate) fn about(&self) -> &SessionRef {
        &self.about
    }

    /// Notes that `destination` answered.
    pub(crate) fn reached(&self, destination: Destination) {
        self.note(destination, true);
    }

    /// Notes that `destination` did not answer; whether that may be this session's fault.
    pub(crate) fn suspect(&self, destination: Destination) -> bool {
        let age = self.opened.elapsed();
        match self.note(destination, false) {
            Some(true) => age > MIN_AGE,
            Some(false) => age > MAX_AGE,
            None => false,
        }
    }

    /// What was known of `destination`, before it is noted.
    fn note(&self, destination: Destination, answered: bool) -> Option<bool> {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        let before = called.get(&destination).copied();
        if before.is_some() || called.len() < MAX_REMEMBERED {
            called.insert(destination, answered || before == Some(true));
        }
        before
    }
}

/// The dialling side's handle.
pub(crate) struct Caller {
    current: watch::Receiver<Option<Arc<OpenSession>>>,
    stale: mpsc::Sender<Weak<OpenSession>>,
}

impl Caller {
    /// The session to use now.
    pub(crate) fn session(&self) -> Option<Arc<OpenSession>> {
        self.current.borrow().clone()
    }

    /// A session other than `stale`, which did not serve; `None` if there is none in time.
    pub(crate) async fn fresh_session(&self, stale: &Arc<OpenSession>) -> Option<Arc<OpenSession>> {
        // If the queue is full, one is on its way already.
        let _ = self.stale.try_send(Arc::downgrade(stale));
        let mut current = self.current.clone();
        let is_other = |session: &Option<Arc<OpenSession>>| {
            session.as_ref().is_some_and(|session| !Arc::ptr_eq(session, stale))
        };
        let fresh = timeout(FRESH_TIMEOUT, current.wait_for(is_other)).await.ok()?.ok()?;
        fresh.clone()
    }
}

/// The side that opens sessions.
pub(crate) struct Opener {
    current: watch::Sender<Option<Arc<OpenSession>>>,
    stale: mpsc::Receiver<Weak<OpenSession>>,
}

pub(crate) fn channel() -> (Opener, Caller) {
    let (current_sender, current) = watch::channel(None);
    let (stale_sender, stale) = mpsc::channel(1);
    (Opener { current: current_sender, stale }, Caller { current, stale: stale_sender })
}

impl Opener {
    /// Whether there is a session to dial in.
    pub(crate) fn is_open(&self) -> watch::Receiver<Option<Arc<OpenSession>>> {
        self.current.subscribe()
    }

    /// Opens a session, and another one whenever the current one seems stale, until one is lost.
    pub(crate) async fn run(
        &mut self,
        sam: SocketAddr,
        tunnels: TunnelOptions,
    ) -> Result<Infallible, SessionError> {
        let Self { current, stale } = self;
        // Whatever is open ends with this function.
        let mut keepers = JoinSet::new();
        let current = Current(current);
        let mut alive: Vec<Weak<OpenSession>> = Vec::new();
        loop {
            let session = Session::create(sam, Owner::Nobody, tunnels).await?;
            let session = Arc::new(keep(session, &mut keepers));
            alive.retain(|session| session.strong_count() > 0);
            alive.push(Arc::downgrade(&session));
            current.0.send_replace(Some(Arc::clone(&session)));
            loop {
                tokio::select! {
                    Some(ended) = keepers.join_next() => match ended {
                        Ok(Some((id, error))) if id == session.about.id => return Err(error),
                        _ => {}
                    },
                    Some(suspected) = stale.recv() => {
                        let in_use =
                            alive.iter().filter(|session| session.strong_count() > 0).count();
                        let is_current = suspected.as_ptr() == Arc::as_ptr(&session);
                        if is_current && in_use < MAX_SESSIONS {
                            tracing::debug!("a session for outgoing streams seems stale");
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// The current session, which is none once this is gone.
struct Current<'a>(&'a watch::Sender<Option<Arc<OpenSession>>>);

impl Drop for Current<'_> {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

/// Keeps a session for as long as somebody holds the result. The task says so if it is lost earlier.
fn keep(mut session: Session, keepers: &mut JoinSet<Option<(Arc<str>, SessionError)>>) -> OpenSession {
    let about = session.about().clone();
    let (release, released) = oneshot::channel();
    let id = Arc::clone(&about.id);
    keepers.spawn(async move {
        tokio::select! {
            _ = released => None,
            error = session.keep() => Some((id, error)),
        }
    });
    OpenSession { about, opened: Instant::now(), called: Mutex::default(), _release: release }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(age: Duration) -> Option<OpenSession> {
        Some(OpenSession {
            about: SessionRef { sam: ([127, 0, 0, 1], 1).into(), id: "x".into() },
            // None on a machine that has not been up for that long.
            opened: Instant::now().checked_sub(age)?,
            called: Mutex::default(),
            _release: oneshot::channel().0,
        })
    }

    #[test]
    fn a_peer_that_stops_answering_makes_a_session_suspect() {
        let [peer, other] = [1, 2].map(|byte| Destination::from_hash([byte; 32]));
        let young = session(Duration::ZERO).expect("now is possible");
        young.reached(peer);
        assert!(!young.suspect(peer));
        let Some(grown) = session(MIN_AGE * 2) else { return };
        grown.reached(peer);
        assert!(grown.suspect(peer));
        assert!(grown.suspect(peer), "it still was there once");
        assert!(!grown.suspect(other), "nobody knows whether it was ever there");
        assert!(!grown.suspect(other));
        let Some(old) = session(MAX_AGE * 2) else { return };
        assert!(!old.suspect(other));
        assert!(old.suspect(other), "the second time, in an old session");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let session = session(Duration::ZERO).expect("now is possible");
        for index in 0..2 * MAX_REMEMBERED as u64 {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&index.to_le_bytes());
            session.suspect(Destination::from_hash(hash));
        }
        assert_eq!(session.called.lock().expect("no panic").len(), MAX_REMEMBERED);
    }
}
