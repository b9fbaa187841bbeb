//! A window over a stream: as much as is asked for is held, and no more than a chunk beside it.

use std::io::{self, Read};

/// Read at once.
const CHUNK_BYTES: usize = 64 << 10;

pub(super) struct Input<R> {
    from: R,
    buffer: Vec<u8>,
    /// What of the buffer was taken.
    at: usize,
    /// Bytes of the stream before the buffer.
    before: u64,
    has_ended: bool,
}

impl<R: Read> Input<R> {
    pub fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), at: 0, before: 0, has_ended: false }
    }

    /// What follows: at least `count` bytes, unless the stream ends before.
    pub fn at_least(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.buffer.len() - self.at < count && !self.has_ended {
            self.buffer.drain(..self.at);
            self.before += self.at as u64;
            self.at = 0;
            while self.buffer.len() < count && !self.has_ended {
                let length = self.buffer.len();
                self.buffer.resize(length + CHUNK_BYTES, 0);
                let read = loop {
                    match self.from.read(&mut self.buffer[length..]) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        read => break read,
                    }
                };
                self.buffer.truncate(length + *read.as_ref().unwrap_or(&0));
                self.has_ended = read? == 0;
            }
        }
        Ok(&self.buffer[self.at..])
    }

    /// Passes over bytes that [`Self::at_least`] has shown.
    pub fn take(&mut self, count: usize) {
        self.at = (self.at + count).min(self.buffer.len());
    }

    /// How many bytes were taken so far.
    pub fn offset(&self) -> u64 {
        self.before + self.at as u64
    }
}
