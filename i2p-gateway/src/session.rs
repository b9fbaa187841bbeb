//! The SAM client: connections to the router's SAM port, and the session that holds the node's
//! destination. The text of the protocol is in `sam.rs`.
//!
//! One of the few files that open sockets; they lead to the router, never further.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::TunnelOptions;
use crate::error::SessionError;
use crate::sam::{self, MAX_LINE_BYTES, Owner, Reply};

/// How long a router on the same machine may take to answer what it can answer by itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a router may take to build the first tunnels. One that just met the network needs some
/// minutes; a session that is given up earlier starts all over.
const SESSION_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// How long it may look for an address.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(60);

/// Which session, at which router: what it takes to open streams in it.
#[derive(Clone, Debug)]
pub(crate) struct SessionRef {
    pub(crate) sam: SocketAddr,
    pub(crate) id: Arc<str>,
}

/// A connection to the SAM port that has said hello.
pub(crate) struct Connection {
    stream: TcpStream,
}

impl Connection {
    #[expect(clippy::disallowed_methods, reason = "to the router's SAM port on loopback")]
    pub(crate) async fn open(sam: SocketAddr) -> Result<Self, SessionError> {
        let doing = "connecting to the SAM port";
        let stream = timeout(ANSWER_TIMEOUT, TcpStream::connect(sam))
            .await
            .map_err(|_| SessionError::TimedOut { doing })?
            .map_err(SessionError::Connect)?;
        stream.set_nodelay(true).map_err(SessionError::Connect)?;
        let mut connection = Self { stream };
        connection.ask(sam::HELLO, "HELLO", "agreeing on a version", ANSWER_TIMEOUT).await?;
        Ok(connection)
    }

    /// Sends a command and waits for an answer on `topic` that says OK.
    pub(crate) async fn ask(
        &mut self,
        command: &str,
        topic: &str,
        doing: &'static str,
        patience: Duration,
    ) -> Result<Reply, SessionError> {
        let exchange = async {
            self.send(command).await?;
            let line = self.line(doing).await?;
            let reply = Reply::parse(&line).ok_or(SessionError::NotSam { doing })?;
            reply.accept(topic, doing)?;
            Ok(reply)
        };
        timeout(patience, exchange).await.map_err(|_| SessionError::TimedOut { doing })?
    }

    /// The next line, without its end. Takes not a byte more than that from the socket, because on a
    /// stream the peer's bytes follow.
    pub(crate) async fn line(&mut self, doing: &'static str) -> Result<String, SessionError> {
        let mut line = Vec::new();
        let mut ahead = [0; 2048];
        loop {
            let seen = self.stream.peek(&mut ahead).await.map_err(SessionError::Broken)?;
            let end = ahead[..seen].iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(seen, |end| end + 1);
            self.stream.read_exact(&mut ahead[..taken]).await.map_err(SessionError::Broken)?;
            line.extend(&ahead[..end.unwrap_or(taken)]);
            if line.len() > MAX_LINE_BYTES {
                return Err(SessionError::NotSam { doing });
            }
            // emissary ends some refusals by closing the connection in place of a line end.
            if end.is_some() || (seen == 0 && !line.is_empty()) {
                let line = String::from_utf8(line).map_err(|_| SessionError::NotSam { doing })?;
                return Ok(line.trim_end_matches('\r').to_owned());
            }
            if seen == 0 {
                return Err(SessionError::Closed { doing });
            }
        }
    }

    /// What is left when the talking is over: the socket, which carries a stream now.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    async fn send(&mut self, command: &str) -> Result<(), SessionError> {
        self.stream.write_all(command.as_bytes()).await.map_err(SessionError::Broken)
    }
}

/// A session of one destination. It lasts as long as its connection, and streams as long as it.
pub(crate) struct Session {
    connection: Connection,
    about: SessionRef,
}

impl Session {
    /// Opens the session, which takes until the router has tunnels for it.
    pub(crate) async fn create(
        sam: SocketAddr,
        owner: Owner<'_>,
        tunnels: TunnelOptions,
    ) -> Result<Self, SessionError> {
        let id = random_id();
        let command = sam::session_create(&id, owner, tunnels);
        let mut connection = Connection::open(sam).await?;
        let doing = "building tunnels";
        connection.ask(&command, "SESSION", doing, SESSION_TIMEOUT).await?;
        Ok(Self { connection, about: SessionRef { sam, id } })
    }

    pub(crate) fn about(&self) -> &SessionRef {
        &self.about
    }

    /// Whether the network knows `address`. `Err` means that the session is lost.
    pub(crate) async fn lookup(&mut self, address: &str) -> Result<bool, SessionError> {
        let doing = "looking up the node's own address";
        self.connection.send(&sam::naming_lookup(address)).await?;
        let answer = async {
            loop {
                let line = self.next_line(doing).await?;
                let reply = Reply::parse(&line).ok_or(SessionError::NotSam { doing })?;
                if reply.topic == "NAMING" && reply.value("NAME") == Some(address) {
                    return Ok(reply.accept("NAMING", doing).is_ok());
                }
            }
        };
        timeout(LOOKUP_TIMEOUT, answer).await.unwrap_or(Ok(false))
    }

    /// Keeps the session for `time`, answering what the router asks meanwhile. `Err`: it is lost.
    pub(crate) async fn keep_for(&mut self, time: Duration) -> Result<(), SessionError> {
        match timeout(time, self.keep()).await {
            Ok(error) => Err(error),
            Err(_) => Ok(()),
        }
    }

    /// Keeps the session until it is lost.
    pub(crate) async fn keep(&mut self) -> SessionError {
        loop {
            // Lines that are no pings are late answers to lookups that were given up.
            if let Err(error) = self.next_line("keeping the session").await {
                return error;
            }
        }
    }

    /// The next line that is no ping.
    async fn next_line(&mut self, doing: &'static str) -> Result<String, SessionError> {
        loop {
            let line = self.connection.line(doing).await?;
            match sam::pong(&line) {
                Some(pong) => self.connection.send(&pong).await?,
                None => return Ok(line),
            }
        }
    }
}

/// A name that no other program can guess: with it, streams could be opened in our name.
fn random_id() -> Arc<str> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    data_encoding::HEXLOWER.encode(&bytes).into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a router for tests, on loopback")]

    use tokio::net::TcpListener;

    use super::*;
    use crate::error::SessionError as E;

    /// A router that sends `script` to whoever connects, then closes; keeps what it was sent.
    async fn scripted(script: &'static [u8]) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sam = listener.local_addr().unwrap();
        let router = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(script).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut sent = String::new();
            stream.read_to_string(&mut sent).await.unwrap();
            sent
        });
        (sam, router)
    }

    #[tokio::test]
    async fn bytes_behind_a_line_stay_in_the_stream() {
        let (sam, router) = scripted(b"HELLO REPLY RESULT=OK VERSION=3.3\nSTREAM\r\npayload\n").await;
        let mut connection = Connection::open(sam).await.unwrap();
        assert_eq!(connection.line("testing").await.unwrap(), "STREAM");
        let mut stream = connection.into_stream();
        let mut payload = String::new();
        stream.read_to_string(&mut payload).await.unwrap();
        assert_eq!(payload, "payload\n");
        drop(stream);
        assert_eq!(router.await.unwrap(), sam::HELLO);
    }

    #[tokio::test]
    async fn the_ways_of_a_router_to_say_no() {
        let open = async |script| Connection::open(scripted(script).await.0).await.err().unwrap();
        assert!(matches!(open(b"").await, E::Closed { .. }));
        assert!(matches!(open(b"HELLO REPLY RESULT=NOVERSION\n").await, E::Refused { .. }));
        // Without a line end, as emissary does.
        assert!(matches!(open(b"HELLO REPLY RESULT=NOVERSION").await, E::Refused { .. }));
        assert!(matches!(open(b"SSH-2.0-OpenSSH\n").await, E::NotSam { .. }));
        assert!(matches!(open(b"\xff\xff\n").await, E::NotSam { .. }));
        assert!(matches!(open(&[b'A'; 3 * MAX_LINE_BYTES]).await, E::NotSam { .. } | E::Broken(_)));

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        assert!(matches!(Connection::open(nobody).await, Err(E::Connect(_))));
    }

    #[tokio::test]
    async fn a_session_answers_pings_between_answers() {
        let (sam, router) = scripted(
            b"HELLO REPLY RESULT=OK VERSION=3.2\nSESSION STATUS RESULT=OK DESTINATION=x\n\
              PING 7\nNAMING REPLY RESULT=OK NAME=old VALUE=x\n\
              NAMING REPLY RESULT=KEY_NOT_FOUND NAME=me\n",
        )
        .await;
        let tunnels = TunnelOptions::default();
        let mut session = Session::create(sam, Owner::Nobody, tunnels).await.unwrap();
        assert!(!session.lookup("me").await.unwrap());
        assert!(matches!(session.keep().await, E::Closed { .. }));
        let id = session.about().id.clone();
        drop(session);
        let sent = router.await.unwrap();
        assert!(sent.contains(&format!(" ID={id} ")) && sent.contains("\nPONG 7\n"), "{sent}");
    }
}
