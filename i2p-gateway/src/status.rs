//! How the gateway is doing, in words for its operator. No addresses in here.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use deadwax_i2p_router::Activity;
use tokio::sync::watch;

/// Whether others can reach this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet, or not at the moment; the gateway keeps trying for as long as it lives.
    Starting,
    /// The session is up, and the network was seen to know the node's address.
    Reachable,
}

/// A moment's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct I2pStatus {
    /// Whether others can reach this node.
    pub state: State,
    /// Whether [`dial`](crate::I2pGateway::dial) is worth a try: there is a session for outgoing
    /// streams. It has nothing to do with whether the node is reachable.
    pub can_dial: bool,
    /// Whether the embedded router lacks RouterInfos, and [`seed`](crate::I2pGateway::seed) would
    /// help. Never true with an external router.
    pub needs_seed: bool,
    /// One plain sentence: how far it is, or what is wrong.
    pub detail: String,
    /// Since when `state` has been what it is.
    pub since: SystemTime,
}

/// How far the gateway is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Bringing up the router, or connecting to it.
    #[default]
    Router,
    /// No other router is known.
    NoRouterInfos,
    /// The router builds tunnels for the session.
    Tunnels,
    /// The session is up; the network does not know it yet, or not any more.
    Publishing,
    /// The network was seen to know it.
    Published,
    /// The session is up, and this router never says whether the network knows it.
    Unconfirmed,
    /// An attempt failed.
    Failed {
        /// What happened.
        what: String,
        /// When the next one begins.
        retry_in: Duration,
    },
}

/// All that a status is made of.
#[derive(Clone, Debug, Default)]
struct Parts {
    phase: Phase,
    /// The embedded router's numbers.
    activity: Option<Activity>,
    needs_seed: bool,
    can_dial: bool,
}

/// Collects the parts and publishes the whole whenever it changes.
pub(crate) struct Reporter {
    parts: Mutex<Parts>,
    status: watch::Sender<I2pStatus>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        let (state, detail) = describe(&Parts::default());
        let since = SystemTime::now();
        let status = I2pStatus { state, can_dial: false, needs_seed: false, detail, since };
        Self { parts: Mutex::default(), status: watch::Sender::new(status) }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<I2pStatus> {
        self.status.subscribe()
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.change(|parts| parts.phase = phase);
    }

    /// The embedded router's numbers, and whether it lacks RouterInfos; `None` while it is down.
    pub(crate) fn router(&self, activity: Option<Activity>, needs_seed: bool) {
        self.change(|parts| (parts.activity, parts.needs_seed) = (activity, needs_seed));
    }

    /// Whether there is a session for outgoing streams.
    pub(crate) fn can_dial(&self, can_dial: bool) {
        self.change(|parts| parts.can_dial = can_dial);
    }

    fn change(&self, edit: impl FnOnce(&mut Parts)) {
        let mut parts = self.parts.lock().expect("no code panics while it holds the lock");
        edit(&mut parts);
        let (state, detail) = describe(&parts);
        let Parts { needs_seed, can_dial, .. } = *parts;
        self.status.send_if_modified(|status| {
            let since = if status.state == state { status.since } else { SystemTime::now() };
            let new = I2pStatus { state, can_dial, needs_seed, detail, since };
            if status.state != state {
                tracing::info!(?state, detail = new.detail, "I2P destination");
            }
            let changed = *status != new;
            *status = new;
            changed
        });
    }
}

fn describe(parts: &Parts) -> (State, String) {
    let starting = |detail: &str| (State::Starting, detail.to_owned());
    let offline = parts.activity.is_some_and(|activity| activity.connected_routers == 0);
    match &parts.phase {
        Phase::Router => starting("starting the I2P router"),
        Phase::NoRouterInfos => {
            starting("no other I2P router is known; waiting for a list of some (a reseed)")
        }
        Phase::Tunnels => match parts.activity {
            None => starting("the I2P router builds tunnels"),
            Some(Activity { known_routers, connected_routers: 0, .. }) => starting(&format!(
                "building tunnels: none of {known_routers} known I2P routers has answered yet"
            )),
            Some(Activity { known_routers, connected_routers, .. }) => starting(&format!(
                "building tunnels: connected to {connected_routers} of {known_routers} known I2P routers"
            )),
        },
        Phase::Publishing | Phase::Published if offline => {
            starting("no I2P router answers; this machine seems to be offline")
        }
        Phase::Publishing => starting("tunnels are up; the network does not know the node's address yet"),
        Phase::Published if !parts.can_dial => {
            (State::Reachable, "reachable; tunnels for outgoing streams are being built".to_owned())
        }
        Phase::Published => (State::Reachable, "reachable".to_owned()),
        Phase::Unconfirmed => {
            let detail = "tunnels are up; the router does not tell whether the network knows the address";
            (State::Reachable, detail.to_owned())
        }
        Phase::Failed { what, retry_in } => {
            starting(&format!("{what}; trying again in {} s", retry_in.as_secs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phase: Phase, connected: Option<usize>) -> (State, String) {
        let activity = connected.map(|connected_routers| Activity {
            known_routers: 5,
            connected_routers,
            ..Activity::default()
        });
        describe(&Parts { phase, activity, needs_seed: false, can_dial: true })
    }

    #[test]
    fn reachable_is_said_of_nothing_else() {
        use State::{Reachable, Starting};
        assert_eq!(at(Phase::Published, Some(2)).0, Reachable);
        assert_eq!(at(Phase::Published, None).0, Reachable);
        assert_eq!(at(Phase::Published, Some(0)).0, Starting);
        assert_eq!(at(Phase::Unconfirmed, None).0, Reachable);
        for phase in [Phase::Router, Phase::NoRouterInfos, Phase::Tunnels, Phase::Publishing] {
            assert_eq!(at(phase.clone(), Some(2)).0, Starting, "{phase:?}");
            assert_eq!(at(phase, None).0, Starting);
        }
    }

    #[test]
    fn the_words_say_how_far_it_is() {
        assert!(at(Phase::Tunnels, Some(0)).1.contains("none of 5 known"));
        assert!(at(Phase::Tunnels, Some(3)).1.contains("connected to 3 of 5 known"));
        let failed = Phase::Failed { what: "it broke".into(), retry_in: Duration::from_secs(8) };
        assert_eq!(at(failed, None).1, "it broke; trying again in 8 s");
    }

    #[test]
    fn since_moves_with_the_state_and_not_with_the_words() {
        let reporter = Reporter::new();
        let status = reporter.subscribe();
        let started = status.borrow().since;
        reporter.phase(Phase::Tunnels);
        assert_eq!(status.borrow().since, started);
        reporter.phase(Phase::Published);
        let status = status.borrow();
        assert!(status.state == State::Reachable && status.since > started);
    }
}
