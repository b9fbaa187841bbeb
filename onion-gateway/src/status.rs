//! How the gateway is doing, in words for its operator.
//!
//! arti reports on its two halves separately; [`Reporter`] puts them together. No addresses in here.

use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};

use arti_client::status::{BlockageKind, BootstrapStatus};
use tokio::sync::watch;
use tor_hsservice::status::{OnionServiceStatus, Problem, State as ServiceState};

/// Whether others can reach this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not yet, or not at the moment; the gateway keeps trying for as long as it lives.
    Starting,
    /// The onion service is published and believed to be reachable.
    Reachable,
}

/// A moment's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnionStatus {
    /// Whether others can reach this node.
    pub state: State,
    /// Whether [`dial`](crate::OnionGateway::dial) is worth a try: the client has a directory of relays. True before
    /// the service is reachable, and stays true when the connection is lost later.
    pub can_dial: bool,
    /// One plain sentence: how far it is, or what is wrong.
    pub detail: String,
    /// Since when `state` has been what it is.
    pub since: SystemTime,
}

/// What is known of the client half.
#[derive(Debug, Clone, Default)]
struct Client {
    bootstrapped: bool,
    percent: u32,
    blocked: Option<String>,
}

/// All that a status is made of.
#[derive(Debug, Clone, Default)]
struct Parts {
    client: Client,
    service: Option<(ServiceState, Option<&'static str>)>,
    failure: Option<String>,
}

/// Collects the parts and publishes the whole whenever it changes.
pub(crate) struct Reporter {
    parts: Mutex<Parts>,
    status: watch::Sender<OnionStatus>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        let (state, can_dial, detail) = describe(&Parts::default());
        let status = OnionStatus { state, can_dial, detail, since: SystemTime::now() };
        Self { parts: Mutex::default(), status: watch::Sender::new(status) }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<OnionStatus> {
        self.status.subscribe()
    }

    /// arti's report on connecting to the network and loading its directory.
    pub(crate) fn client(&self, status: &BootstrapStatus) {
        let percent = (status.as_frac() * 100.0).round() as u32;
        let blocked = status.blocked().and_then(|blockage| {
            let what = match blockage.kind() {
                BlockageKind::Disabled => return None,
                BlockageKind::Offline => "no relay can be reached; this machine seems to be offline",
                BlockageKind::Filtering => {
                    "relays answer, but not as Tor; the connection seems to be filtered (a bridge may help)"
                }
                BlockageKind::ClockSkewed => "relays reject the time; is this machine's clock right?",
                BlockageKind::CantBootstrap => "relays answer, but the list of relays cannot be loaded",
                _ => "no relay can be reached",
            };
            Some(what.to_owned())
        });
        self.change(|parts| (parts.client.percent, parts.client.blocked) = (percent, blocked));
    }

    /// The client has what it needs to build circuits.
    pub(crate) fn bootstrapped(&self) {
        self.change(|parts| {
            parts.client.bootstrapped = true;
            parts.failure = None;
        });
    }

    /// arti's report on the onion service.
    pub(crate) fn service(&self, status: &OnionServiceStatus) {
        let problem = status.current_problem().map(|problem| match problem {
            Problem::Runtime(_) => "an internal error",
            Problem::DescriptorUpload(_) => "its description could not be stored in every directory",
            Problem::Ipt(_) => "introduction points did not answer",
            _ => "a problem that is only in the log",
        });
        self.change(|parts| {
            parts.service = Some((status.state(), problem));
            parts.failure = None;
        });
    }

    /// An attempt ended; the next one follows.
    pub(crate) fn failed(&self, what: &str, retry_in: Duration) {
        let failure = format!("{what}; trying again in {} s", retry_in.as_secs());
        self.change(|parts| (parts.service, parts.failure) = (None, Some(failure)));
    }

    fn change(&self, edit: impl FnOnce(&mut Parts)) {
        let mut parts = self.parts.lock().expect("no code panics while it holds the lock");
        edit(&mut parts);
        let (state, can_dial, detail) = describe(&parts);
        self.status.send_if_modified(|status| {
            if (status.state, status.can_dial, &status.detail) == (state, can_dial, &detail) {
                return false;
            }
            if status.state != state {
                tracing::info!(?state, detail, "onion service");
                status.since = SystemTime::now();
            }
            (status.state, status.can_dial, status.detail) = (state, can_dial, detail);
            true
        });
    }
}

fn describe(parts: &Parts) -> (State, bool, String) {
    let Parts { client, service, failure } = parts;
    if let Some(failure) = failure {
        let cause = client.blocked.as_ref().map(|blocked| format!(" ({blocked})")).unwrap_or_default();
        return (State::Starting, client.bootstrapped, format!("{failure}{cause}"));
    }
    if !client.bootstrapped {
        let detail = match (&client.blocked, client.percent) {
            (Some(blocked), percent) => format!("connecting to Tor, {percent} %: {blocked}"),
            (None, 0) => "connecting to Tor: no relay has answered yet".to_owned(),
            (None, percent) => format!("connecting to Tor, {percent} %"),
        };
        return (State::Starting, false, detail);
    }
    let Some((service, problem)) = service else {
        return (State::Starting, true, "connected to Tor; starting the onion service".to_owned());
    };
    let (state, mut detail) = match service {
        ServiceState::Running => (State::Reachable, "reachable".to_owned()),
        ServiceState::DegradedReachable => {
            (State::Reachable, "reachable, with fewer introduction points than wanted".to_owned())
        }
        ServiceState::Shutdown | ServiceState::Bootstrapping => {
            (State::Starting, "connected to Tor; publishing the onion service".to_owned())
        }
        ServiceState::DegradedUnreachable => (
            State::Starting,
            "the onion service runs, but is not in all directories: few can reach it".to_owned(),
        ),
        ServiceState::Recovering => (
            State::Starting,
            "the onion service lost its introduction points and is finding new ones".to_owned(),
        ),
        _ => (State::Starting, "the onion service does not work; arti keeps trying".to_owned()),
    };
    if state == State::Starting {
        for more in [*problem, client.blocked.as_deref()].into_iter().flatten() {
            detail = format!("{detail} ({more})");
        }
    }
    (state, true, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn online() -> Client {
        Client { bootstrapped: true, percent: 100, blocked: None }
    }

    #[test]
    fn says_nothing_good_before_a_relay_answers() {
        let (state, can_dial, detail) = describe(&Parts::default());
        assert_eq!((state, can_dial), (State::Starting, false));
        assert_eq!(detail, "connecting to Tor: no relay has answered yet");
    }

    #[test]
    fn a_failed_attempt_tells_its_cause_and_the_next_try() {
        let reporter = Reporter::new();
        reporter.change(|parts| parts.client.blocked = Some("offline".to_owned()));
        reporter.failed("could not load the list of relays", Duration::from_secs(8));
        let status = reporter.subscribe().borrow().clone();
        assert_eq!(status.state, State::Starting);
        assert_eq!(status.detail, "could not load the list of relays; trying again in 8 s (offline)");
    }

    #[test]
    fn reachable_only_when_arti_believes_so() {
        for (service, expected) in [
            (ServiceState::Running, State::Reachable),
            (ServiceState::DegradedReachable, State::Reachable),
            (ServiceState::Bootstrapping, State::Starting),
            (ServiceState::DegradedUnreachable, State::Starting),
            (ServiceState::Recovering, State::Starting),
            (ServiceState::Broken, State::Starting),
            (ServiceState::Shutdown, State::Starting),
        ] {
            let parts = Parts { client: online(), service: Some((service, None)), failure: None };
            assert_eq!(describe(&parts).0, expected, "{service:?}");
            assert!(describe(&parts).1);
        }
    }

    #[test]
    fn since_moves_with_the_state_and_not_with_the_words() {
        let reporter = Reporter::new();
        let status = reporter.subscribe();
        let started = status.borrow().since;
        reporter.bootstrapped();
        assert_eq!(status.borrow().since, started);
        reporter.change(|parts| parts.service = Some((ServiceState::Running, None)));
        assert_eq!(status.borrow().state, State::Reachable);
        assert!(status.borrow().since > started);
    }

    #[test]
    fn a_restarting_service_is_not_reachable() {
        let reporter = Reporter::new();
        reporter.bootstrapped();
        reporter.change(|parts| parts.service = Some((ServiceState::Running, None)));
        reporter.failed("the onion service ended", Duration::from_secs(1));
        let status = reporter.subscribe().borrow().clone();
        assert_eq!((status.state, status.can_dial), (State::Starting, true));
    }
}
