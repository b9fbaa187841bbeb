//! How long a peer may take: all waits for an answer once a stream is open, and the pace below which an answer is not
//! waited for (`doc/SYNC-PROTOCOL.md` section 9.3).
//!
//! A limit on silence alone would let a peer that gives a byte now and then hold a request for hours, and a limit on
//! the whole of an answer would cut long ones off on slow links. So what counts is how far an answer has fallen behind
//! the least pace. Waiting adds to that, bytes make up for it, and none can be saved up.

use super::client::RequestError;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Until the first byte of an answer: far peers take seconds, and an I2P stream can stall for 9 s
/// several times in a row.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);
/// Without a byte for this long a stream counts as broken. A tail sends a mark every 30 s.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// An item of a tail has to be whole after waiting this long for it, however steadily bytes come: the longest one would
/// come in time at 60 bytes a second.
pub const ITEM_TIMEOUT: Duration = Duration::from_secs(300);
/// Bytes a second that an answer has to come with: a twentieth of what Tor carries on a bad day. Tails that wait for
/// news have no pace.
pub const MIN_BYTES_PER_SEC: u64 = 2_000;
/// An answer may fall behind that pace by so much: whatever it was like before, a link may stall for as long.
const MAX_LAG: Duration = IDLE_TIMEOUT;

/// The pace of one answer.
#[derive(Debug, Default)]
pub struct Pace {
    /// How far it has fallen behind.
    lag: Duration,
    /// Since its last byte.
    silence: Duration,
}

impl Pace {
    /// How long may be waited for more.
    pub fn patience(&self) -> Duration {
        MAX_LAG.saturating_sub(self.lag)
    }

    /// Somebody waited for so long.
    pub fn waited(&mut self, time: Duration) {
        self.lag += time;
        self.silence += time;
    }

    /// So many bytes came.
    pub fn came(&mut self, bytes: usize) {
        let worth = Duration::from_nanos(bytes as u64 * (1_000_000_000 / MIN_BYTES_PER_SEC));
        self.lag = self.lag.saturating_sub(worth);
        if bytes > 0 {
            self.silence = Duration::ZERO;
        }
    }

    /// What to say when patience has ended.
    pub fn fault(&self) -> RequestError {
        match self.silence >= IDLE_TIMEOUT {
            true => RequestError::Silent(IDLE_TIMEOUT.as_secs()),
            false => RequestError::BelowPace(MIN_BYTES_PER_SEC),
        }
    }

    /// The next piece of an answer, `None` at its end. Time in which nobody asks for one does not count.
    ///
    /// # Errors
    /// The stream's, and [`Self::fault`].
    pub async fn next_chunk(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, RequestError> {
        let asked = Instant::now();
        let frame = timeout(self.patience(), body.frame()).await;
        self.waited(asked.elapsed());
        let frame = frame.map_err(|_| self.fault())?;
        let chunk = frame.transpose()?.map(|frame| frame.into_data().unwrap_or_default());
        self.came(chunk.as_ref().map_or(0, Bytes::len));
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pieces of so many bytes, one every `secs`, an answer is given up; not before `most`.
    fn given_up_after(bytes: usize, secs: u64, most: usize) -> Option<usize> {
        let mut pace = Pace::default();
        (0..most).find(|_| {
            let is_over = pace.patience() <= Duration::from_secs(secs);
            pace.waited(Duration::from_secs(secs));
            pace.came(bytes);
            is_over
        })
    }

    #[test]
    fn whoever_drips_is_given_up_and_whoever_stalls_now_and_then_is_not() {
        assert_eq!(given_up_after(1, 119, 100), Some(1));
        assert_eq!(given_up_after(1, 1, 1_000), Some(120));
        // Half the pace: twice as long as if nothing came.
        assert_eq!(given_up_after(1_000, 1, 1_000), Some(238));
        assert_eq!(given_up_after(2_000, 1, 100_000), None);
        assert_eq!(given_up_after(220_000, 110, 1_000), None, "stalls of two minutes, again and again");
        assert_eq!(given_up_after(200_000, 110, 1_000), Some(1));
    }

    #[test]
    fn haste_is_not_saved_up_and_silence_is_named() {
        let mut pace = Pace::default();
        pace.came(1 << 30);
        assert_eq!(pace.patience(), MAX_LAG);
        pace.waited(IDLE_TIMEOUT);
        assert!(matches!(pace.fault(), RequestError::Silent(120)));
        pace.came(1);
        assert!(matches!(pace.fault(), RequestError::BelowPace(2_000)));
    }
}
