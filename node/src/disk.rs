//! A full disk: the log says it once, and once again when there is space. Until then what is here can be
//! read, and nothing new is taken in.

use crate::app::{SharedApp, blocking};
use deadwax_index::disk::is_full;
use deadwax_index::search::SearchError;
use deadwax_index::store::StoreError;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whoever waits for space looks this often.
const PAUSE: Duration = Duration::from_secs(10);

/// What is known of the disk under the data directory.
#[derive(Debug, Default)]
pub struct Disk {
    full: AtomicBool,
}

/// An error that a full disk may be behind.
pub trait MayBeFull {
    /// Whether it is.
    fn is_full(&self) -> bool;
}

impl MayBeFull for StoreError {
    fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }
}

impl MayBeFull for SearchError {
    fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }
}

impl MayBeFull for io::Error {
    fn is_full(&self) -> bool {
        is_full(self)
    }
}

impl Disk {
    /// Takes note of why something could not be written. True if the disk is full: there is nothing more to
    /// log then.
    pub fn failed(&self, error: &impl MayBeFull) -> bool {
        let is_full = error.is_full();
        if is_full && !self.full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the disk is full: what is here can be read, nothing new is taken in until there is space"
            );
        }
        is_full
    }

    /// Takes note that there is space.
    pub fn has_space(&self) {
        if self.full.load(Ordering::Relaxed) && self.full.swap(false, Ordering::Relaxed) {
            tracing::warn!("there is space on the disk again: everything goes on");
        }
    }
}

/// Waits until there is space on the disk again.
pub async fn wait_for_space(app: &SharedApp) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if blocking(app, |app| app.store.has_room()).await {
            return app.disk.has_space();
        }
    }
}

#[cfg(test)]
mod tests;
