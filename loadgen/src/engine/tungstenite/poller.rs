//! The sockets of the engine, watched by mio, with a timer among them.
//!
//! mio is the event loop under tokio. It reports edges: new bytes once, and room to write once.

use std::{
    io::{self, ErrorKind},
    os::fd::{AsRawFd as _, OwnedFd},
    time::Duration,
};

use mio::{Events, Interest, Poll, Token, event::Event, net::TcpStream, unix::SourceFd};

use crate::{
    clock::Time,
    engine::{slots::SocketKey, timer::KernelTimer, unread_since::PollResult},
};

/// Events per poll, at most.
const EVENTS: usize = 1024;

/// Stands for the timer among the keys of sockets.
const TIMER: Token = Token(usize::MAX);

/// A socket that may be read or written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadySocket {
    pub(super) key: SocketKey,
    /// The stream ends, or has failed, after the bytes that are left to read.
    pub(super) over: bool,
}

/// Tells which sockets are ready.
#[derive(Debug)]
pub(super) struct Poller {
    poll: Poll,
    events: Events,
    /// What the last poll found and was not returned, last first.
    ready: Vec<ReadySocket>,
    /// mio's own waits count milliseconds.
    timer: KernelTimer,
    /// When the timer goes off, while it is set.
    set: Option<Time>,
}

impl Poller {
    /// Watches no socket.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub(super) fn new() -> io::Result<Self> {
        let (poll, timer) = (Poll::new()?, KernelTimer::new()?);
        poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        Ok(Self { poll, events: Events::with_capacity(EVENTS), ready: Vec::new(), timer, set: None })
    }

    /// Watches a socket until it is closed.
    pub(super) fn add(&self, socket: OwnedFd, key: SocketKey) -> io::Result<TcpStream> {
        let mut socket = TcpStream::from_std(socket.into());
        // Systems of 32 bits have no room for a key.
        let token = Token(usize::try_from(key.to_bits()).map_err(io::Error::other)?);
        self.poll.registry().register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(socket)
    }

    /// Polls for sockets that are ready now.
    pub(super) fn poll(&mut self) -> PollResult {
        self.collect(Some(Duration::ZERO))
    }

    /// Blocks the thread until a socket is ready or `until` has come. May return earlier.
    pub(super) fn sleep(&mut self, until: Time, now: Time) -> PollResult {
        // An earlier timer stays: waking once too often costs less than setting it each time.
        if self.set.is_none_or(|set| set > until) {
            self.timer.set(Duration::from_nanos(until.since(now)));
            self.set = Some(until);
        }
        self.collect(None)
    }

    fn collect(&mut self, timeout: Option<Duration>) -> PollResult {
        if let Err(error) = self.poll.poll(&mut self.events, timeout) {
            // It fails for nothing else with a queue that is open.
            debug_assert_eq!(error.kind(), ErrorKind::Interrupted);
            return PollResult::Interrupted;
        }
        let mut found = 0;
        for event in &self.events {
            found += 1;
            if event.token() == TIMER {
                self.set = None;
            } else {
                self.ready
                    .push(ReadySocket { key: SocketKey::from_bits(event.token().0 as u64), over: is_over(event) });
            }
        }
        self.ready.reverse();
        if found < EVENTS { PollResult::Complete } else { PollResult::Partial }
    }

    /// The next ready socket. Each is returned once.
    pub(super) fn next(&mut self) -> Option<ReadySocket> {
        self.ready.pop()
    }

    /// How many sockets are ready and were not returned.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }
}

fn is_over(event: &Event) -> bool {
    event.is_read_closed() || event.is_write_closed() || event.is_error()
}
