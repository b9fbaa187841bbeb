//! A node that lies: answers to the requests of `doc/SYNC-PROTOCOL.md` that no honest one gives, on a Unix socket, to
//! which an onion service may lead.
//!
//! It knows HTTP and the bytes of the protocol, and nothing of the program: whoever follows it must not trust it.

use anyhow::Result;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How often a tail that stays open says that it is alive, and how often a byte drips.
const PAUSE: Duration = Duration::from_secs(5);
/// More than any request of the protocol has: 16,384 ids of 16 bytes.
const MAX_REQUEST_BODY: usize = 1 << 18;
/// Of an answer without end, a write.
const ENDLESS_PIECE: usize = 16 << 10;

/// What is asked for.
pub struct Request {
    /// With the query.
    pub path: String,
    /// Empty if there is none.
    pub body: Vec<u8>,
}

/// What is answered.
pub enum Answer {
    /// These bytes, after a status and further headers (each ended by `\r\n`).
    Whole(u16, String, Vec<u8>),
    /// These bytes, and then the last of them again and again: a tail that ends with a mark.
    StaysOpen(Vec<u8>),
    /// This byte for ever, as fast as it is read, after a status and further headers.
    Endless(u16, String, u8),
    /// This byte every few seconds.
    Drip(u8),
}

impl Answer {
    /// JSON, or bytes that need no further headers.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(200, String::new(), body.into())
    }

    /// There is no such request.
    pub fn absent() -> Self {
        Self::Whole(404, String::new(), Vec::new())
    }
}

/// A hostile peer that listens. Dropping it closes its socket; streams end with those who read them.
pub struct HostilePeer {
    socket: PathBuf,
    stopped: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
}

impl HostilePeer {
    /// Listens on a socket, and answers each request so.
    pub fn start(socket: &Path, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let (stopped, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let peer = Self { socket: socket.to_owned(), stopped: Arc::clone(&stopped), sent: Arc::clone(&sent) };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (answer, sent) = (Arc::clone(&answer), Arc::clone(&sent));
                // Ends when the other side does.
                thread::spawn(move || serve(stream, &*answer, &sent));
            }
        });
        Ok(peer)
    }

    /// Bytes of answers that somebody took, with what lies in buffers.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for HostilePeer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // So that it is seen.
        let _ = UnixStream::connect(&self.socket);
    }
}

/// Answers on one connection until it ends.
fn serve(stream: UnixStream, answer: &dyn Fn(&Request) -> Answer, sent: &AtomicU64) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = Counted { stream, sent };
    while let Some(request) = read_request(&mut reader)? {
        match answer(&request) {
            Answer::Whole(status, headers, body) => {
                let length = body.len();
                write!(writer, "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n")?;
                writer.write_all(&body)?;
            }
            Answer::StaysOpen(bytes) => {
                begin(&mut writer, 200, "")?;
                writer.chunk(&bytes)?;
                loop {
                    thread::sleep(PAUSE);
                    writer.chunk(&bytes[bytes.len() - 1..])?;
                }
            }
            Answer::Endless(status, headers, byte) => {
                begin(&mut writer, status, &headers)?;
                loop {
                    writer.chunk(&[byte; ENDLESS_PIECE])?;
                }
            }
            Answer::Drip(byte) => {
                begin(&mut writer, 200, "")?;
                loop {
                    writer.chunk(&[byte])?;
                    thread::sleep(PAUSE);
                }
            }
        }
    }
    Ok(())
}

fn begin(writer: &mut Counted<'_>, status: u16, headers: &str) -> io::Result<()> {
    write!(writer, "HTTP/1.1 {status} X\r\n{headers}Transfer-Encoding: chunked\r\n\r\n")
}

/// The next request of a connection; none at its end.
fn read_request(reader: &mut BufReader<UnixStream>) -> io::Result<Option<Request>> {
    let (mut first, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        match (&first, line.split_once(": ")) {
            (None, _) => first = Some(line.to_owned()),
            (Some(_), _) if line.is_empty() => break,
            (Some(_), Some((name, value))) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            _ => {}
        }
    }
    if length > MAX_REQUEST_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.as_deref().and_then(|first| first.split(' ').nth(1)).unwrap_or_default().to_owned();
    Ok(Some(Request { path, body }))
}

/// A stream that counts what goes into it.
struct Counted<'a> {
    stream: UnixStream,
    sent: &'a AtomicU64,
}

impl Counted<'_> {
    /// One chunk of a body whose length nobody knows.
    fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
    }
}

impl io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.sent.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
