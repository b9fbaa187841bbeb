//! A reader inside I2P without a browser: plain HTTP on a stream of its own destination.
//!
//! It is `tests/python/i2p_reader.py`, which speaks to a router's SAM port and knows nothing of us.

use super::{namespace, python::PythonProgram};
use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A destination of its own, some tries, and the nine seconds that a stream may stall.
const PATIENCE: Duration = Duration::from_secs(240);

/// A reader that runs. Dropping it ends it.
pub struct I2pReader {
    program: PythonProgram,
}

/// What came back.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names and values, as and in the order they came.
    pub headers: Vec<(String, String)>,
    /// The page.
    pub body: String,
}

impl I2pReader {
    /// Starts a reader on the router of this SAM port.
    pub fn start(sam: SocketAddr) -> anyhow::Result<Self> {
        namespace::assert_loopback_only()?;
        ensure!(sam.ip().is_loopback(), "the SAM port has to be on loopback");
        let port = sam.port().to_string();
        Ok(Self { program: PythonProgram::start("i2p_reader.py", ["--sam", &port])? })
    }

    /// Gets `http://<52>.b32.i2p/...`.
    pub fn get(&mut self, url: &str) -> anyhow::Result<Answer> {
        self.program.send_line(url)?;
        let Some(answer) = self.program.next(Instant::now() + PATIENCE)? else {
            bail!("{url}: no answer within {} s", PATIENCE.as_secs());
        };
        if let Some(error) = answer["error"].as_str() {
            bail!("{url}: {error}");
        }
        serde_json::from_value(answer).with_context(|| url.to_owned())
    }
}
