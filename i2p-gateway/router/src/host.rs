//! What one running router shares with the code that emissary calls.
//!
//! emissary's `Runtime` is a bundle of functions without a `self`, so this is how they learn which
//! router they work for: every thread of a router's runtime carries the router's [`Host`].

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use crate::config::I2pNetwork;

/// When the first routers learned are saved. Long enough to have learned some.
const FIRST_SAVE: Duration = Duration::from_secs(30);

/// How often they are saved afterwards.
const SAVE_EVERY: Duration = Duration::from_secs(5 * 60);

/// A running router's numbers, for people who wonder why nothing happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Routers whose RouterInfo is kept (as of the last save).
    pub known_routers: usize,
    /// Routers with an open connection.
    pub connected_routers: usize,
    /// Tunnels of our own, both directions.
    pub tunnels: usize,
    /// Tunnels carried for others.
    pub transit_tunnels: usize,
}

/// Shared state of one router.
pub(crate) struct Host {
    loopback_only: bool,
    listen_address: IpAddr,
    /// Asks emissary's backup task to hand over what it knows.
    save_now: Notify,
    first_save_done: AtomicBool,
    /// A task that has no successor has panicked.
    panicked: Notify,
    connected_routers: AtomicUsize,
    tunnels: AtomicUsize,
    transit_tunnels: AtomicUsize,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Host>>> = const { RefCell::new(None) };
}

impl Host {
    pub(crate) fn new(network: &I2pNetwork) -> Arc<Self> {
        Arc::new(Self {
            loopback_only: network.is_private(),
            listen_address: network.listen_address(),
            save_now: Notify::new(),
            first_save_done: AtomicBool::new(false),
            panicked: Notify::new(),
            connected_routers: AtomicUsize::new(0),
            tunnels: AtomicUsize::new(0),
            transit_tunnels: AtomicUsize::new(0),
        })
    }

    /// Makes this thread work for the router.
    pub(crate) fn adopt_thread(self: Arc<Self>) {
        CURRENT.set(Some(self));
    }

    /// The router that this thread works for.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Where to listen when emissary asks for all addresses.
    pub(crate) fn listen_address(&self) -> IpAddr {
        self.listen_address
    }

    /// Whether the router may open a connection to `address`.
    pub(crate) fn may_connect(&self, address: IpAddr) -> bool {
        !self.loopback_only || address.is_loopback()
    }

    /// Asks for the routers learned to be saved at once.
    pub(crate) fn save_now(&self) {
        self.save_now.notify_one();
    }

    /// Returns when the routers learned should be saved.
    pub(crate) async fn save_due(&self) {
        let first = !self.first_save_done.swap(true, Ordering::Relaxed);
        tokio::select! {
            () = sleep(if first { FIRST_SAVE } else { SAVE_EVERY }) => {}
            () = self.save_now.notified() => {}
        }
    }

    /// Notes that a task nobody restarts has panicked.
    pub(crate) fn report_panic(&self) {
        self.panicked.notify_one();
    }

    /// Returns when such a task has panicked.
    pub(crate) async fn panicked(&self) {
        self.panicked.notified().await;
    }

    /// The counter behind one of emissary's gauges, if it is one that we show.
    pub(crate) fn gauge(&self, name: &str) -> Option<&AtomicUsize> {
        match name {
            "transport_active_connections_count" => Some(&self.connected_routers),
            "tunnel_inbound_count" | "tunnel_outbound_count" => Some(&self.tunnels),
            "transit_tunnels_count" => Some(&self.transit_tunnels),
            _ => None,
        }
    }

    pub(crate) fn activity(&self, known_routers: usize) -> Activity {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Activity {
            known_routers,
            connected_routers: read(&self.connected_routers),
            tunnels: read(&self.tunnels),
            transit_tunnels: read(&self.transit_tunnels),
        }
    }
}
