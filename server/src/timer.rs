//! Wakes tasks at an instant. The runtime's own timers count whole milliseconds, which would double a delay of one.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::Waker,
    thread::{self, JoinHandle},
    time::Instant,
};

/// A thread that sleeps until the next of the instants that it was given.
#[derive(Debug)]
pub(crate) struct Timer {
    calendar: Arc<Calendar>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Calendar {
    entries: Mutex<Entries>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Entries {
    next: BinaryHeap<Entry>,
    over: bool,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    waker: Waker,
}

impl Timer {
    pub(crate) fn start() -> io::Result<Self> {
        let calendar = Arc::<Calendar>::default();
        let of_thread = Arc::clone(&calendar);
        let thread = thread::Builder::new().name("server-timer".to_owned()).spawn(move || of_thread.run())?;
        Ok(Self { calendar, thread: Some(thread) })
    }

    /// Wakes `waker` as soon as it is `at`. What was asked before stays.
    pub(crate) fn wake_at(&self, at: Instant, waker: &Waker) {
        let mut entries = self.calendar.lock();
        entries.next.push(Entry { at, waker: waker.clone() });
        drop(entries);
        self.calendar.changed.notify_one();
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.calendar.lock().over = true;
        self.calendar.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It does nothing that panics but to wake, which is not ours.
            let _ = thread.join();
        }
    }
}

impl Calendar {
    fn run(&self) {
        let mut entries = self.lock();
        while !entries.over {
            let now = Instant::now();
            match entries.next.peek() {
                Some(entry) if entry.at <= now => {
                    let due = entries.next.pop();
                    // A waker may do anything, and shall not find the lock taken.
                    drop(entries);
                    if let Some(entry) = due {
                        entry.waker.wake();
                    }
                    entries = self.lock();
                }
                Some(entry) => {
                    let wait = entry.at - now;
                    entries = self.changed.wait_timeout(entries, wait).unwrap_or_else(PoisonError::into_inner).0;
                }
                None => entries = self.changed.wait(entries).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The earlier is the greater, as the heap gives out the greatest.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{Sender, channel},
        task::Wake,
        time::Duration,
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    struct Tell(u8, Mutex<Sender<(u8, Instant)>>);

    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.1.lock().expect("no panic").send((self.0, Instant::now()));
        }
    }

    #[test]
    fn tasks_are_woken_in_the_order_of_their_instants_and_never_early() {
        let timer = Timer::start().expect("a thread");
        let (sender, woken) = channel();
        let start = Instant::now();
        let at = |n: u8| start + Duration::from_millis(20) * u32::from(n);
        // An earlier one than the thread sleeps for, a later one, and one that is over.
        for n in [2, 1, 3, 0] {
            timer.wake_at(at(n), &Waker::from(Arc::new(Tell(n, Mutex::new(sender.clone())))));
        }
        for expected in 0..4 {
            let (n, when) = woken.recv_timeout(PATIENCE).expect("woken");
            assert_eq!(n, expected);
            assert!(when >= at(n), "{n} is early");
        }
    }

    #[test]
    fn a_timer_ends_before_what_it_waits_for() {
        let timer = Timer::start().expect("a thread");
        timer.wake_at(Instant::now() + 1000 * PATIENCE, Waker::noop());
        drop(timer);
    }
}
