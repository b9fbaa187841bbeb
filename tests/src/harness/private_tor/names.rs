//! The exit relays' name server: every name below `.test` (RFC 6761) is 127.0.0.1, no other exists.
//! It remembers what was asked, which is how a test sees who resolves a name.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A DNS message over UDP (RFC 1035 section 4.2.1).
const MAX_MESSAGE_BYTES: usize = 512;
const HEADER_BYTES: usize = 12;

/// Answers until it is dropped.
pub(super) struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    pub(super) fn start() -> anyhow::Result<Self> {
        let socket = bind()?;
        let address = socket.local_addr()?;
        let asked = Arc::new(Mutex::default());
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (asked, stop) = (asked.clone(), stop.clone());
            move || serve(&socket, &asked, &stop)
        });
        Ok(Self { address, asked, stop, thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All names so far, in lower case (tor mixes the case of its questions).
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no code panics while it holds the lock").clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Any datagram wakes the thread.
        let woken = bind().and_then(|socket| socket.send_to(&[], self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            thread.join().ok();
        }
    }
}

fn bind() -> std::io::Result<UdpSocket> {
    #[allow(clippy::disallowed_methods, reason = "loopback, for a process of our own")]
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
}

fn serve(socket: &UdpSocket, asked: &Mutex<Vec<String>>, stop: &AtomicBool) {
    let mut buffer = [0; MAX_MESSAGE_BYTES];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if let Some((name, reply)) = answer(&buffer[..length]) {
            asked.lock().expect("no code panics while it holds the lock").push(name);
            socket.send_to(&reply, from).ok();
        }
    }
}

/// The name asked for and the reply; `None` for what is no question.
fn answer(message: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut labels = Vec::new();
    let mut at = HEADER_BYTES;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let name = labels.join(".");
    let (kind, question) = (message.get(at..at + 2)?, message.get(HEADER_BYTES..at + 4)?);
    let known = name.ends_with(".test");
    // An IPv4 address for A; names exist without any other kind of record.
    let has_address = known && kind == [0, 1];

    let mut reply = message[..2].to_vec();
    // A response, recursion available; code 3 is "no such name".
    reply.extend([0x81, if known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    reply.extend(question);
    if has_address {
        // The name as a pointer to the question; A, IN, 60 s, four bytes.
        reply.extend([0xc0, HEADER_BYTES as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(Ipv4Addr::LOCALHOST.octets());
    }
    Some((name, reply))
}
