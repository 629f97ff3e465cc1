//! The engine's own event queue (epoll), with a timer in it.
//!
//! It is edge-triggered (`epoll(7)`): the kernel reports new bytes once, and does not check again
//! after a read. A read that does not fill its buffer has emptied the socket, except for the end of
//! the stream, which the kernel also reports.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    time::Timespec,
};

use crate::{
    clock::Time,
    engine::{slots::SocketKey, timer::KernelTimer, unread_since::PollResult},
};

/// Events per call, at most.
const EVENTS: usize = 1024;

/// Stands for the timer among the keys of sockets.
const TIMER: u64 = u64::MAX;

/// A socket that may be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReadySocket {
    /// Its key.
    pub(super) key: SocketKey,
    /// The stream ends, or has failed, after the bytes that are left to read.
    pub(super) over: bool,
}

pub(super) struct EventQueue {
    queue: OwnedFd,
    timer: KernelTimer,
    /// When the timer goes off, while it is set.
    set: Option<Time>,
    events: Vec<Event>,
    /// How many of the events were returned.
    returned: usize,
}

impl EventQueue {
    /// An empty queue.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub(super) fn new() -> io::Result<Self> {
        let (queue, timer) = (epoll::create(CreateFlags::CLOEXEC)?, KernelTimer::new()?);
        // Edge-triggered, so it need not be read to become silent.
        epoll::add(&queue, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { queue, timer, set: None, events: Vec::with_capacity(EVENTS), returned: 0 })
    }

    /// Watches a socket for bytes to read, for room to write after there was none, and for the end
    /// of the stream. Ends when the socket is closed.
    pub(super) fn add(&self, socket: impl AsFd, key: SocketKey) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.queue, socket, EventData::new_u64(key.to_bits()), flags)?)
    }

    /// Polls for sockets that are ready now.
    pub(super) fn poll(&mut self) -> PollResult {
        self.collect(Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))
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

    fn collect(&mut self, timeout: Option<&Timespec>) -> PollResult {
        self.events.clear();
        self.returned = 0;
        // The call fails when a signal interrupts it. That is the same as nothing ready.
        match epoll::wait(&self.queue, spare_capacity(&mut self.events), timeout) {
            Ok(_) if self.events.len() < EVENTS => PollResult::Complete,
            Ok(_) => PollResult::Partial,
            Err(_) => PollResult::Interrupted,
        }
    }

    /// The next ready socket. Each is returned once.
    #[inline]
    pub(super) fn next(&mut self) -> Option<ReadySocket> {
        let Event { flags, data } = self.peek()?;
        self.returned += 1;
        let over = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        Some(ReadySocket { key: SocketKey::from_bits(data.u64()), over })
    }

    /// The next event of a socket.
    #[inline]
    fn peek(&mut self) -> Option<Event> {
        while let Some(event) = self.events.get(self.returned) {
            if event.data.u64() != TIMER {
                return Some(*event);
            }
            self.set = None;
            self.returned += 1;
        }
        None
    }

    /// How many events the last poll found.
    pub(super) fn found(&self) -> usize {
        self.events.len()
    }

    /// Whether some ready sockets have not been returned.
    pub(super) fn has_some(&mut self) -> bool {
        self.peek().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, RealClock};

    #[test]
    fn a_timer_wakes_once_and_an_earlier_one_stays() {
        let (mut event_queue, clock) = (EventQueue::new().unwrap(), RealClock::start());
        let soon = clock.now().plus(2_000_000);
        event_queue.sleep(soon, clock.now());
        assert!(clock.now() >= soon);
        assert_eq!(event_queue.found(), 1);
        assert!(!event_queue.has_some(), "it is no socket");
        assert_eq!((event_queue.next(), event_queue.set), (None, None));
        event_queue.poll();
        assert_eq!(event_queue.found(), 0, "it is returned once");

        let first = clock.now().plus(2_000_000);
        event_queue.sleep(first, clock.now());
        event_queue.events.clear(); // As if something else had woken the thread just before.
        let later = first.plus(2_000_000);
        event_queue.set = Some(first);
        event_queue.timer.set(Duration::from_millis(1));
        event_queue.sleep(later, clock.now());
        assert_eq!((event_queue.set, event_queue.next(), event_queue.set), (Some(first), None, None));
    }
}
