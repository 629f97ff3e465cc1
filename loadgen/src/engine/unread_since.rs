//! Since when what is read in a turn may have lain unread: what the floor of a latency rests on. Pure but for [`RunQueue`].
//!
//! Two looks at the sockets tell: what the second one tells of, and the first one did not, has come after the first. If the
//! thread slept in between until it was woken, it came when the thread was woken, or later. Where that is in doubt (the thread
//! may not have slept, was stopped, or waited for a core), the earlier time stands: a floor may be too low, and never too high.

use std::{fs::File, os::unix::fs::FileExt};

use crate::clock::Time;

/// Nanoseconds under which nobody asks whether the thread slept or waited for a core: to ask takes about one microsecond. What
/// is in doubt then is so little that it marks no figure.
const SHORT: u64 = 50_000;

/// Nanoseconds that a look takes by itself: what lasts longer slept. More for each socket that it tells of.
const AWAKE: u64 = 10_000;
const TELLING: u64 = 500;

/// How long it takes to wake a thread that gets a core at once, at most.
const WAKING: u64 = 20_000;

/// How late a timer may be by itself. A wait that ended later than that was stopped in between, and nobody knows when.
const SLACK: u64 = 1_000_000;

/// One look at the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketPoll {
    /// Just before it.
    pub(crate) began: Time,
    /// Just after it.
    pub(crate) ended: Time,
    /// Until when it could last; none if it was not to wait.
    pub(crate) until: Option<Time>,
    /// Nanoseconds in which the thread waited for a core meanwhile, or more; none if that is not known.
    pub(crate) delayed: Option<u64>,
    /// What it told, and of how many sockets.
    pub(crate) told: PollResult,
    pub(crate) sockets: usize,
}

/// What a look told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollResult {
    /// Every socket that had something.
    All,
    /// As many as it can tell of; others may have something, too.
    Some,
    /// Nothing: a signal interrupted it.
    Nothing,
}

impl SocketPoll {
    /// How long it took.
    fn length(&self) -> u64 {
        self.ended.since(self.began)
    }

    /// Whether it is worth asking whether the thread slept.
    pub(crate) fn is_long(&self) -> bool {
        self.until.is_some() && self.length() > SHORT
    }

    /// When the thread was woken, if it certainly slept before.
    fn woken(&self) -> Option<Time> {
        let (until, delayed) = (self.until.filter(|_| self.is_long())?, self.delayed?);
        let back = Time::from_nanos(self.ended.as_nanos().saturating_sub(delayed));
        let by_itself = AWAKE + TELLING * self.sockets as u64 + WAKING;
        let slept = back.since(self.began) > by_itself && back <= until.plus(SLACK);
        slept.then(|| Time::from_nanos(back.as_nanos().saturating_sub(WAKING)).max(self.began))
    }
}

/// What follows from the looks so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnreadSince {
    /// The last look that told of all.
    looked: Time,
    since: Time,
    held: bool,
}

impl UnreadSince {
    /// What is read until the next look has come at this time or later.
    pub(crate) fn since(&self) -> Time {
        self.since
    }

    /// Something that was told of was not read to its end: what is left has come before the next look.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// Takes the next look.
    pub(crate) fn take(&mut self, poll: &SocketPoll) {
        if poll.told == PollResult::Nothing {
            return;
        }
        let woken = poll.woken();
        if !std::mem::take(&mut self.held) {
            self.since = woken.unwrap_or(self.looked);
        }
        if poll.told == PollResult::All {
            self.looked = woken.unwrap_or(poll.began);
        }
    }
}

/// How long this thread has waited for a core, as the kernel counts it (`/proc/PID/schedstat`).
#[derive(Debug)]
pub(crate) struct RunQueue {
    file: Option<File>,
    delayed: u64,
    turns: u64,
}

/// What changed between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunQueueDelta {
    /// Nanoseconds in which it waited for a core.
    pub(crate) delayed: u64,
    /// How often it got one.
    pub(crate) turns: u64,
}

impl RunQueue {
    /// That of the calling thread.
    pub(crate) fn of_this_thread() -> Self {
        let mut queue = Self { file: File::open("/proc/thread-self/schedstat").ok(), delayed: 0, turns: 0 };
        queue.since_last();
        queue
    }

    /// What changed since the last reading; none where the system doesn't tell. About a microsecond.
    pub(crate) fn since_last(&mut self) -> Option<RunQueueDelta> {
        let mut text = [0; 96];
        let length = self.file.as_ref()?.read_at(&mut text, 0).ok()?;
        let (delayed, turns) = parse(std::str::from_utf8(&text[..length]).ok()?)?;
        let waited =
            RunQueueDelta { delayed: delayed.saturating_sub(self.delayed), turns: turns.saturating_sub(self.turns) };
        (self.delayed, self.turns) = (delayed, turns);
        Some(waited)
    }
}

/// Time on a core, time waiting for one, how often it got one. All zero where the kernel does not count.
fn parse(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split_whitespace().map(|number| number.parse::<u64>().ok());
    let (ran, delayed, turns) = (numbers.next()??, numbers.next()??, numbers.next()??);
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
            told: PollResult::All,
            sockets: 1,
        }
    }

    /// A wait from `began` to `ended`, of which the thread waited for a core for `delayed`, all in microseconds.
    fn wait(began: u64, ended: u64, until: u64, delayed: u64) -> SocketPoll {
        SocketPoll {
            began: at(began),
            ended: at(ended),
            until: Some(at(until)),
            delayed: Some(delayed * 1000),
            told: PollResult::All,
            sockets: 1,
        }
    }

    /// A look at 1 ms, then this one: since when what it tells of may have lain there, in microseconds.
    fn since(last: SocketPoll) -> u64 {
        let mut look = UnreadSince::default();
        look.take(&poll(1_000));
        look.take(&last);
        look.since().as_nanos() / 1000
    }

    #[test]
    fn what_a_look_tells_of_has_come_after_the_one_before() {
        let mut look = UnreadSince::default();
        for (began, came) in [(1_000, 0), (2_500, 1_000), (2_600, 2_500)] {
            look.take(&poll(began));
            assert_eq!(look.since(), at(came));
        }
    }

    #[test]
    fn what_woke_the_thread_came_when_it_was_woken() {
        assert_eq!(since(wait(2_000, 9_000, 50_000, 0)), 8_980);
        // Woken at 5 ms, it waited 4 ms for a core.
        assert_eq!(since(wait(2_000, 9_000, 50_000, 4_000)), 4_980);
        let mut look = UnreadSince::default();
        look.take(&wait(2_000, 9_000, 50_000, 0));
        look.take(&poll(9_500));
        assert_eq!(look.since(), at(8_980), "what comes in the turn may have come since it was woken");
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
        // Late by its waiting for a core alone.
        assert_eq!(since(wait(2_000, 60_000, 50_000, 10_000)), 49_980);
    }

    #[test]
    fn a_look_that_could_not_tell_all_is_no_bound() {
        for told in [PollResult::Some, PollResult::Nothing] {
            let mut look = UnreadSince::default();
            look.take(&poll(1_000));
            look.take(&SocketPoll { told, ..poll(2_000) });
            look.take(&poll(3_000));
            assert_eq!(look.since(), at(1_000), "{told:?}");
        }
    }

    #[test]
    fn what_was_left_unread_is_older_than_the_next_look() {
        let mut look = UnreadSince::default();
        look.take(&poll(1_000));
        look.take(&poll(2_000));
        look.hold();
        look.take(&poll(3_000));
        assert_eq!(look.since(), at(1_000));
        look.take(&poll(4_000));
        assert_eq!(look.since(), at(3_000));
    }

    #[test]
    fn the_run_queue_is_read() {
        assert_eq!(parse("42619462 96757882 26\n"), Some((96_757_882, 26)));
        assert_eq!(parse("0 0 0\n"), None, "a kernel that does not count");
        assert_eq!(parse("1 2"), None);
        let mut queue = RunQueue::of_this_thread();
        if queue.file.is_some() && queue.since_last().is_some() {
            std::thread::sleep(std::time::Duration::from_millis(2));
            assert!(queue.since_last().is_some_and(|waited| waited.turns >= 1));
        }
    }
}
