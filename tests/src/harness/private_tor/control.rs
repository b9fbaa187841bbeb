//! The few words of Tor's control protocol (control-spec) that a test network needs.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use data_encoding::HEXLOWER;

/// tor answers at once unless it is stuck; longer than any pause of a busy machine.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An authenticated control connection.
pub(super) struct Control {
    stream: BufReader<TcpStream>,
}

impl Control {
    pub(super) fn open(address: SocketAddr, cookie: &[u8]) -> anyhow::Result<Self> {
        #[allow(clippy::disallowed_methods, reason = "loopback, to a process of our own")]
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut control = Self { stream: BufReader::new(stream) };
        control.ask(&format!("AUTHENTICATE {}", HEXLOWER.encode(cookie)))?;
        Ok(control)
    }

    /// Sends one command and returns the lines of its answer without their codes. An error unless tor says 250.
    ///
    /// `250-text` goes on, `250+text` is followed by data up to a line with a single dot, `250 text` ends.
    pub(super) fn ask(&mut self, command: &str) -> anyhow::Result<Vec<String>> {
        self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let (code, text) = line.split_at_checked(4).context("an answer too short for a code")?;
            ensure!(code.starts_with("250"), "tor answered {line:?}");
            lines.push(text.to_owned());
            match code.as_bytes()[3] {
                b' ' => return Ok(lines),
                b'-' => {}
                b'+' => loop {
                    let data = self.line()?;
                    if data == "." {
                        break;
                    }
                    lines.push(data);
                },
                _ => bail!("tor answered {line:?}"),
            }
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "tor closed the control connection");
        Ok(line.trim_end().to_owned())
    }
}
