//! How often something may be tried, and how much of it at once, without knowing who tries: no address is
//! looked at, and none is there to look at.

use deadwax_index::Problem;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Passphrases that are worked on at once: each takes 64 MiB and a core for a fraction of a second.
const AT_ONCE: usize = 2;
/// Who waits for that. More would wait for longer than a browser does.
const WAITING: usize = 32;
/// Attempts that cost nothing but themselves: people mistype.
const FREE_ATTEMPTS: u32 = 3;
/// The longest wait after a wrong passphrase. Whoever knows a name can make its owner wait, so it is short;
/// 1,440 guesses a day do not find five words.
const LONGEST_WAIT_SECS: u64 = 60;
/// Names of which failures are remembered, whether there is such an account or not.
const MAX_NAMES: usize = 4096;

/// A budget that fills up again by and by.
pub struct Bucket {
    most: u64,
    every_secs: u64,
    /// When it is full again, if nobody takes any more.
    full_at_secs: Mutex<u64>,
}

impl Bucket {
    /// `most` at once, and one more every `every_secs`.
    pub fn new(most: u64, every_secs: u64) -> Self {
        Self { most, every_secs, full_at_secs: Mutex::new(0) }
    }

    /// Takes one, if one is left.
    ///
    /// # Errors
    /// The seconds until there is one again.
    pub fn take(&self, now_secs: u64) -> Result<(), u64> {
        let mut full_at_secs = self.full_at_secs.lock().unwrap_or_else(PoisonError::into_inner);
        let after_secs = now_secs.max(*full_at_secs) + self.every_secs;
        let wait_secs = after_secs.saturating_sub(now_secs + self.most * self.every_secs);
        if wait_secs > 0 {
            return Err(wait_secs);
        }
        *full_at_secs = after_secs;
        Ok(())
    }
}

/// A bucket for each of many, as long as they use it.
pub struct Buckets<K> {
    most: u64,
    every_secs: u64,
    of: Mutex<HashMap<K, Bucket>>,
}

impl<K: std::hash::Hash + Eq> Buckets<K> {
    /// As [`Bucket::new`], for each.
    pub fn new(most: u64, every_secs: u64) -> Self {
        Self { most, every_secs, of: Mutex::default() }
    }

    /// As [`Bucket::take`].
    pub fn take(&self, key: K, now_secs: u64) -> Result<(), u64> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= MAX_NAMES && !of.contains_key(&key) {
            // Those that are full again forget nothing.
            of.retain(|_, bucket| {
                *bucket.full_at_secs.get_mut().unwrap_or_else(PoisonError::into_inner) > now_secs
            });
        }
        of.entry(key).or_insert_with(|| Bucket::new(self.most, self.every_secs)).take(now_secs)
    }
}

/// Waits that grow with each wrong passphrase for a name.
#[derive(Default)]
pub struct BackOff(Mutex<HashMap<[u8; 32], (u32, u64)>>);

impl BackOff {
    /// Counts an attempt before it is made, so that many at once are no way around it.
    ///
    /// # Errors
    /// The seconds until the next attempt is allowed.
    pub fn attempt(&self, name: &str, now_secs: u64) -> Result<(), u64> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = hash(name);
        if names.len() >= MAX_NAMES && !names.contains_key(&key) {
            let oldest = names.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| *key);
            oldest.map(|key| names.remove(&key));
        }
        let (failures, until_secs) = names.entry(key).or_default();
        if now_secs < *until_secs {
            return Err(*until_secs - now_secs);
        }
        *failures += 1;
        let over = failures.saturating_sub(FREE_ATTEMPTS);
        let wait_secs = if over == 0 { 0 } else { LONGEST_WAIT_SECS.min(1 << over.min(30)) };
        *until_secs = now_secs + wait_secs;
        Ok(())
    }

    /// Whether a name has to wait; that counts as nothing.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn check(&self, name: &str, now_secs: u64) -> Result<(), u64> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get(&hash(name)) {
            Some((_, until_secs)) if now_secs < *until_secs => Err(*until_secs - now_secs),
            _ => Ok(()),
        }
    }

    /// Forgets the failures of a name: its passphrase was right.
    pub fn succeeded(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(&hash(name));
    }
}

/// Names are not kept as they were typed: somebody may have typed their passphrase there.
fn hash(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

/// The turn of work with a passphrase.
pub struct Derivations {
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Held while a passphrase is worked on.
pub struct Turn {
    _working: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Default for Derivations {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { at_once: semaphore(AT_ONCE), waiting: semaphore(AT_ONCE + WAITING) }
    }
}

impl Derivations {
    /// Waits until it is one's turn; `None` where too many wait already.
    pub async fn turn(&self) -> Option<Turn> {
        let place = Arc::clone(&self.waiting).try_acquire_owned().ok()?;
        let working = Arc::clone(&self.at_once).acquire_owned().await.ok()?;
        Some(Turn { _working: working, _place: place })
    }
}

/// It was tried too often.
pub fn too_often(wait_secs: u64) -> Problem {
    let unit = if wait_secs == 1 { "second" } else { "seconds" };
    Problem {
        code: "account.wait",
        field: "",
        message: format!("That was tried too often. It can be tried again in {wait_secs} {unit}."),
        fix: "Wait a little, and send the form again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_fills_up_again() {
        let bucket = Bucket::new(2, 30);
        assert_eq!([bucket.take(0), bucket.take(0), bucket.take(0)], [Ok(()), Ok(()), Err(30)]);
        assert_eq!([bucket.take(20), bucket.take(30), bucket.take(30)], [Err(10), Ok(()), Err(30)]);
        assert_eq!([bucket.take(9000), bucket.take(9000), bucket.take(9000)], [Ok(()), Ok(()), Err(30)]);
    }

    #[test]
    fn buckets_are_apart_and_do_not_grow_without_end() {
        let buckets = Buckets::new(1, 10);
        assert_eq!([buckets.take(1, 0), buckets.take(1, 0), buckets.take(2, 0)], [Ok(()), Err(10), Ok(())]);
        for key in 0..3 * MAX_NAMES {
            buckets.take(key, 100 + 20 * key as u64).unwrap();
        }
        assert!(buckets.of.lock().unwrap().len() <= MAX_NAMES);
    }

    #[test]
    fn wrong_passphrases_wait_longer_each_time_and_no_longer_than_a_minute() {
        let back_off = BackOff::default();
        for _ in 0..=FREE_ATTEMPTS {
            back_off.attempt("mara", 0).unwrap();
        }
        assert_eq!(back_off.attempt("mara", 0), Err(2));
        assert_eq!(back_off.attempt("nell", 0), Ok(()), "names do not wait for each other");
        let mut now_secs = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let wait_secs = back_off.attempt("mara", now_secs).unwrap_err();
            waits.push(wait_secs);
            now_secs += wait_secs;
            back_off.attempt("mara", now_secs).unwrap();
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
        back_off.succeeded("mara");
        assert_eq!(back_off.attempt("mara", now_secs), Ok(()));
        for number in 0..2 * MAX_NAMES {
            back_off.attempt(&number.to_string(), now_secs).unwrap();
        }
        assert_eq!(back_off.0.lock().unwrap().len(), MAX_NAMES);
    }

    #[tokio::test(start_paused = true)]
    async fn two_work_some_wait_and_the_others_are_sent_away() {
        let derivations = Arc::new(Derivations::default());
        let working = [derivations.turn().await.unwrap(), derivations.turn().await.unwrap()];
        let mut waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let derivations = Arc::clone(&derivations);
                tokio::spawn(async move { derivations.turn().await.map(drop) })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(derivations.turn().await.is_none());
        assert!(waiting.iter().all(|task| !task.is_finished()));
        drop(working);
        for task in waiting.drain(..) {
            assert!(task.await.unwrap().is_some());
        }
        assert!(derivations.turn().await.is_some());
    }
}
