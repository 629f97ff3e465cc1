//! Drivers decide what the clients of a group do, and when. Pure: time is an argument.
//!
//! A driver has those clients of one group that belong to one worker, and names them by their slots
//! there. Commands come out: [`Driver::next`] says what is due now, [`Driver::replied`] what a
//! reply makes due, and [`Driver::wake`] when to ask again. Feedback goes in: what was sent, what
//! came back. The worker carries out, and shows what the driver must know of a client
//! ([`ClientView`]).
//!
//! ```text
//! open.rs    the open model: messages are due at fixed times
//! closed.rs  the closed model: a reply makes the next message due
//! think.rs   ... some time after it
//! listen.rs  clients only listen
//! ```
//!
//! A new kind of load is a new driver here. Clients come and go by their sessions, not by commands
//! of a driver. It asks whether a client can send ([`Presence`]), and is told when one has opened.

mod closed;
mod command;
mod listen;
mod open;
mod think;

pub use self::command::DropCause;
pub(crate) use self::{
    closed::ClosedDriver,
    command::{ClientView, Command, DropCommand, Presence, Progress, SendCommand},
    listen::ListenDriver,
    open::OpenDriver,
};
use crate::clock::Time;

/// Decides what the clients of a group do, and when.
#[derive(Debug)]
pub(crate) enum Driver {
    /// The open model.
    Open(OpenDriver),
    /// The closed model.
    Closed(ClosedDriver),
    /// Clients only listen.
    Listen(ListenDriver),
}

impl Driver {
    /// Lets the load begin at `start`, with a warm-up of `warmup` nanoseconds.
    pub(crate) fn begin(&mut self, start: Time, warmup: u64) {
        match self {
            Self::Open(driver) => driver.begin(start, warmup),
            Self::Closed(driver) => driver.begin(start, warmup),
            Self::Listen(driver) => driver.begin(start, warmup),
        }
    }

    /// When the measured phase ends, if that is known.
    pub(crate) fn end(&self) -> Option<Time> {
        match self {
            Self::Open(driver) => Some(driver.end()),
            Self::Closed(driver) => driver.end(),
            Self::Listen(driver) => Some(driver.end()),
        }
    }

    /// What is due at `now`, one after the other; none if there is nothing more for this turn.
    /// `view` shows a client.
    #[inline]
    pub(crate) fn next(&mut self, now: Time, view: impl Fn(usize) -> ClientView) -> Option<Command> {
        match self {
            Self::Open(driver) => driver.next(now, view),
            Self::Closed(driver) => driver.next(now, view),
            Self::Listen(_) => None,
        }
    }

    /// What becomes due because a client was read at `at`.
    #[inline]
    pub(crate) fn replied(&mut self, slot: usize, at: Time, view: impl FnOnce() -> ClientView) -> Option<Command> {
        match self {
            Self::Open(_) | Self::Listen(_) => None,
            Self::Closed(driver) => driver.replied(slot, at, view()),
        }
    }

    /// Takes note that `sent` messages of a command were sent.
    #[inline]
    pub(crate) fn sent(&mut self, command: &SendCommand, sent: u32) {
        match self {
            Self::Open(driver) => driver.sent(command, sent),
            Self::Closed(driver) => driver.sent(command, sent),
            Self::Listen(_) => {}
        }
    }

    /// When the next command is due, or the phase ends. In the past if [`Self::next`] has more now.
    #[inline]
    pub(crate) fn wake(&self) -> Time {
        match self {
            Self::Open(driver) => driver.wake(),
            Self::Closed(driver) => driver.wake(),
            Self::Listen(driver) => driver.wake(),
        }
    }

    /// Whether the load is over at `now`.
    #[inline]
    pub(crate) fn is_over(&self, now: Time, progress: Progress) -> bool {
        match self {
            Self::Open(driver) => driver.is_over(now),
            Self::Closed(driver) => driver.is_over(now, progress),
            Self::Listen(driver) => driver.is_over(now),
        }
    }

    /// Plans nothing from `now` on. What is due before stays planned.
    pub(crate) fn cut(&mut self, now: Time) {
        match self {
            Self::Open(driver) => driver.cut(now),
            Self::Closed(driver) => driver.cut(now),
            Self::Listen(driver) => driver.cut(now),
        }
    }

    /// Whether messages are due even if no client has a connection. Then they are dropped.
    pub(crate) fn drops(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Whether it has no more messages to plan.
    pub(crate) fn is_spent(&self) -> bool {
        match self {
            Self::Open(driver) => driver.is_spent(),
            Self::Closed(driver) => driver.is_spent(),
            Self::Listen(_) => true,
        }
    }

    /// The clients that messages are still planned for.
    pub(crate) fn planned(&self) -> Vec<usize> {
        match self {
            Self::Open(driver) => driver.planned(),
            Self::Closed(driver) => driver.planned(),
            Self::Listen(_) => Vec::new(),
        }
    }

    /// Takes note that a client has opened while the load goes on.
    pub(crate) fn joined(&mut self, slot: usize) {
        if let Self::Closed(driver) = self {
            driver.joined(slot);
        }
    }

    /// After the load: what was due and is not sent, one after the other, as [`Command::Drop`] or
    /// [`Command::Skip`].
    pub(crate) fn next_left(&mut self, view: impl Fn(usize) -> ClientView) -> Option<Command> {
        match self {
            Self::Open(driver) => driver.next_left(view),
            Self::Closed(_) | Self::Listen(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
