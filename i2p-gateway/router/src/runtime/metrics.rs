//! emissary's metrics: the few gauges that the status shows are counted, the rest goes nowhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use emissary_core::runtime::{Counter, Gauge, Histogram, MetricsHandle};

use crate::host::Host;

/// Handle that emissary passes around.
#[derive(Clone)]
pub(crate) struct Metrics(Option<Arc<Host>>);

/// Counts nothing.
struct Ignored;

/// A gauge of the router, or of nothing.
struct HostGauge {
    host: Option<Arc<Host>>,
    name: &'static str,
}

impl Metrics {
    pub(crate) fn new(host: Option<Arc<Host>>) -> Self {
        Self(host)
    }
}

impl MetricsHandle for Metrics {
    fn counter(&self, _: &'static str) -> impl Counter {
        Ignored
    }

    fn gauge(&self, name: &'static str) -> impl Gauge {
        HostGauge { host: self.0.clone(), name }
    }

    fn histogram(&self, _: &'static str) -> impl Histogram {
        Ignored
    }
}

impl HostGauge {
    fn counter(&self) -> Option<&AtomicUsize> {
        self.host.as_ref()?.gauge(self.name)
    }
}

impl Gauge for HostGauge {
    fn increment(&mut self, value: usize) {
        if let Some(counter) = self.counter() {
            counter.fetch_add(value, Ordering::Relaxed);
        }
    }

    fn decrement(&mut self, value: usize) {
        if let Some(counter) = self.counter() {
            let _ = counter
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(now.saturating_sub(value)));
        }
    }
}

impl Counter for Ignored {
    fn increment(&mut self, _: usize) {}

    fn increment_with_label(&mut self, _: usize, _: &'static str, _: &'static str) {}
}

impl Histogram for Ignored {
    fn record(&mut self, _: f64) {}
}
