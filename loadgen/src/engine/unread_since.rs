//! Tells since when bytes may have lain unread in a socket. The floor of a latency rests on it.
//! Pure, except for [`RunQueue`].
//!
//! Bytes that one poll of the sockets reports, and the poll before did not, arrived between the
//! two. If the thread slept until they woke it, they arrived when it woke. In doubt the earlier
//! time counts: a floor may be too low, but never too high. There is doubt if the thread may not
//! have slept, was stopped, or waited for a core.

use std::{collections::BTreeMap, fs::File, os::unix::fs::FileExt};

use procfs::{FromRead, process::Schedstat};

use crate::clock::Time;

/// Polls under this many nanoseconds are not examined. Asking the kernel takes about a microsecond,
/// and the doubt is too small to mark any figure.
const SHORT: u64 = 50_000;

/// Nanoseconds that a poll takes without sleeping: a base, and more for each socket that it
/// reports.
const AWAKE: u64 = 10_000;
const TELLING: u64 = 500;

/// Longest time to wake a thread that gets a core at once.
const WAKING: u64 = 20_000;

/// How late a timer may be. A wait that ended later was stopped, at an unknown time.
const SLACK: u64 = 1_000_000;

/// One poll of the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketPoll {
    /// Just before the poll.
    pub(crate) began: Time,
    /// Just after the poll.
    pub(crate) ended: Time,
    /// When the wait was to end; none if the poll did not wait.
    pub(crate) until: Option<Time>,
    /// An upper bound on the nanoseconds that the thread waited for a core; none if unknown.
    pub(crate) delayed: Option<u64>,
    /// What the poll reported, and for how many sockets.
    pub(crate) result: PollResult,
    pub(crate) sockets: usize,
}

/// How much a poll reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollResult {
    /// Every socket that had something.
    Complete,
    /// As many sockets as one call can report. There may be others.
    Partial,
    /// Nothing, because a signal interrupted it.
    Interrupted,
}

impl SocketPoll {
    /// How long the poll took.
    fn length(&self) -> u64 {
        self.ended.since(self.began)
    }

    /// Whether the poll was long enough to examine.
    pub(crate) fn is_long(&self) -> bool {
        self.until.is_some() && self.length() > SHORT
    }

    /// When the thread woke, if it certainly slept before.
    fn woken(&self) -> Option<Time> {
        let (until, delayed) = (self.until.filter(|_| self.is_long())?, self.delayed?);
        let back = Time::from_nanos(self.ended.as_nanos().saturating_sub(delayed));
        let by_itself = AWAKE + TELLING * self.sockets as u64 + WAKING;
        let slept = back.since(self.began) > by_itself && back <= until.plus(SLACK);
        slept.then(|| Time::from_nanos(back.as_nanos().saturating_sub(WAKING)).max(self.began))
    }
}

/// What follows from the polls so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnreadSince {
    /// The last poll that reported everything.
    last_complete: Time,
    since: Time,
    held: bool,
    /// Slots that were not read to their end whatever the polls reported, and since when.
    left: BTreeMap<usize, Time>,
}

impl UnreadSince {
    /// Bytes read before the next poll arrived at this time or later.
    pub(crate) fn since(&self) -> Time {
        self.since
    }

    /// A reported socket was not read to its end, so the rest arrived before the next poll.
    pub(crate) fn leave_unread(&mut self) {
        self.held = true;
    }

    /// Bytes of a slot that are read before the next poll arrived at this time or later.
    #[inline]
    pub(crate) fn of_slot(&self, slot: usize) -> Time {
        if self.left.is_empty() {
            self.since
        } else {
            self.left.get(&slot).map_or(self.since, |left| self.since.min(*left))
        }
    }

    /// Bytes of a slot may lie unread from `since` on.
    pub(crate) fn leave_slot(&mut self, slot: usize, since: Time) {
        self.left.entry(slot).or_insert(since);
    }

    /// A slot was read to its end, or its connection is gone.
    #[inline]
    pub(crate) fn slot_is_read(&mut self, slot: usize) {
        if !self.left.is_empty() {
            self.left.remove(&slot);
        }
    }

    /// Takes the next poll into account.
    pub(crate) fn take(&mut self, poll: &SocketPoll) {
        if poll.result == PollResult::Interrupted {
            return;
        }
        let woken = poll.woken();
        if !std::mem::take(&mut self.held) {
            self.since = woken.unwrap_or(self.last_complete);
        }
        if poll.result == PollResult::Complete {
            self.last_complete = woken.unwrap_or(poll.began);
        }
    }
}

/// How long this thread has waited for a core, according to the kernel (`/proc/PID/schedstat`). The
/// file stays open, because opening it would take longer than reading it.
#[derive(Debug)]
pub(crate) struct RunQueue {
    file: Option<File>,
    delayed: u64,
    turns: u64,
}

/// The difference between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunQueueDelta {
    /// Nanoseconds spent waiting for a core.
    pub(crate) delayed: u64,
    /// How often the thread got a core.
    pub(crate) turns: u64,
}

impl RunQueue {
    /// The run queue of the calling thread.
    pub(crate) fn of_this_thread() -> Self {
        let mut queue = Self { file: File::open("/proc/thread-self/schedstat").ok(), delayed: 0, turns: 0 };
        queue.since_last();
        queue
    }

    /// What changed since the last reading; none where the system does not tell. Takes about a
    /// microsecond.
    pub(crate) fn since_last(&mut self) -> Option<RunQueueDelta> {
        let mut text = [0; 96];
        let length = self.file.as_ref()?.read_at(&mut text, 0).ok()?;
        let (delayed, turns) = parse(&text[..length])?;
        let waited =
            RunQueueDelta { delayed: delayed.saturating_sub(self.delayed), turns: turns.saturating_sub(self.turns) };
        (self.delayed, self.turns) = (delayed, turns);
        Some(waited)
    }
}

/// Parses time on a core, time waiting for one, and how often one was given. All are zero where the
/// kernel does not count.
fn parse(text: &[u8]) -> Option<(u64, u64)> {
    let Schedstat { sum_exec_runtime: ran, run_delay: delayed, pcount: turns } = Schedstat::from_read(text).ok()?;
    (ran > 0 || delayed > 0 || turns > 0).then_some((delayed, turns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Time {
        Time::from_nanos(micros * 1000)
    }

    fn poll(began: u64) -> SocketPoll {
        SocketPoll {
            began: at(began),
            ended: at(began + 1),
            until: None,
            delayed: None,
            result: PollResult::Complete,
            sockets: 1,
        }
    }

    /// A wait from `began` to `ended`, with `delayed` spent waiting for a core. All in
    /// microseconds.
    fn wait(began: u64, ended: u64, until: u64, delayed: u64) -> SocketPoll {
        SocketPoll {
            began: at(began),
            ended: at(ended),
            until: Some(at(until)),
            delayed: Some(delayed * 1000),
            result: PollResult::Complete,
            sockets: 1,
        }
    }

    /// Since when bytes may have lain unread, after a poll at 1 ms and this one. In microseconds.
    fn since(last: SocketPoll) -> u64 {
        let mut unread_since = UnreadSince::default();
        unread_since.take(&poll(1_000));
        unread_since.take(&last);
        unread_since.since().as_nanos() / 1000
    }

    #[test]
    fn what_a_look_tells_of_has_come_after_the_one_before() {
        let mut unread_since = UnreadSince::default();
        for (began, came) in [(1_000, 0), (2_500, 1_000), (2_600, 2_500)] {
            unread_since.take(&poll(began));
            assert_eq!(unread_since.since(), at(came));
        }
    }

    #[test]
    fn what_woke_the_thread_came_when_it_was_woken() {
        assert_eq!(since(wait(2_000, 9_000, 50_000, 0)), 8_980);
        // It woke at 5 ms and waited 4 ms for a core.
        assert_eq!(since(wait(2_000, 9_000, 50_000, 4_000)), 4_980);
        let mut unread_since = UnreadSince::default();
        unread_since.take(&wait(2_000, 9_000, 50_000, 0));
        unread_since.take(&poll(9_500));
        assert_eq!(unread_since.since(), at(8_980), "what comes in the turn may have come since it was woken");
    }

    #[test]
    fn in_doubt_it_has_lain_there_since_the_look_before() {
        let table = [
            ("too short to ask", wait(2_000, 2_050, 50_000, 0)),
            ("busy with telling", SocketPoll { sockets: 1_000, ..wait(2_000, 2_400, 50_000, 0) }),
            ("it may not have slept, but waited for a core", wait(2_000, 9_000, 50_000, 6_990)),
            ("it was stopped, since its time was over long before", wait(2_000, 90_000, 50_000, 0)),
            ("the kernel does not tell", SocketPoll { delayed: None, ..wait(2_000, 9_000, 50_000, 0) }),
        ];
        for (name, poll) in table {
            assert_eq!(since(poll), 1_000, "{name}");
        }
        // It is late only because it waited for a core.
        assert_eq!(since(wait(2_000, 60_000, 50_000, 10_000)), 49_980);
    }

    #[test]
    fn a_look_that_could_not_tell_all_is_no_bound() {
        for result in [PollResult::Partial, PollResult::Interrupted] {
            let mut unread_since = UnreadSince::default();
            unread_since.take(&poll(1_000));
            unread_since.take(&SocketPoll { result, ..poll(2_000) });
            unread_since.take(&poll(3_000));
            assert_eq!(unread_since.since(), at(1_000), "{result:?}");
        }
    }

    #[test]
    fn what_was_left_unread_is_older_than_the_next_look() {
        let mut unread_since = UnreadSince::default();
        unread_since.take(&poll(1_000));
        unread_since.take(&poll(2_000));
        unread_since.leave_unread();
        unread_since.take(&poll(3_000));
        assert_eq!(unread_since.since(), at(1_000));
        unread_since.take(&poll(4_000));
        assert_eq!(unread_since.since(), at(3_000));
    }

    #[test]
    fn a_slot_that_was_left_unread_does_not_change_the_others() {
        let mut unread_since = UnreadSince::default();
        unread_since.take(&poll(1_000));
        unread_since.leave_slot(7, at(1_500));
        unread_since.leave_slot(7, at(1_600));
        for (began, others, of_slot) in [(2_000, 1_000, 1_000), (3_000, 2_000, 1_500), (4_000, 3_000, 1_500)] {
            unread_since.take(&poll(began));
            assert_eq!((unread_since.of_slot(6), unread_since.of_slot(7)), (at(others), at(of_slot)));
        }
        unread_since.slot_is_read(6);
        assert_eq!(unread_since.of_slot(7), at(1_500));
        unread_since.slot_is_read(7);
        assert_eq!(unread_since.of_slot(7), at(3_000));
    }

    #[test]
    fn the_run_queue_is_read() {
        assert_eq!(parse(b"42619462 96757882 26\n"), Some((96_757_882, 26)));
        assert_eq!(parse(b"0 0 0\n"), None, "a kernel that does not count");
        assert_eq!(parse(b"1 2"), None);
        let mut queue = RunQueue::of_this_thread();
        if queue.file.is_some() && queue.since_last().is_some() {
            std::thread::sleep(std::time::Duration::from_millis(2));
            assert!(queue.since_last().is_some_and(|waited| waited.turns >= 1));
        }
    }
}
