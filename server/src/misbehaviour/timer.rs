//! Wakes tasks at an instant.
//!
//! The runtime's own timers count whole milliseconds, which would double a delay of one.

use std::{
    cell::RefCell,
    cmp::Ordering,
    collections::BinaryHeap,
    io,
    task::Waker,
    time::{Duration, Instant},
};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::net::unix::pipe::Receiver;

/// A timer of the kernel (`timerfd_create(2)`) in the event loop of this thread.
///
/// No other thread has to run before a task is woken, and the kernel adds no slack to such a timer.
#[derive(Debug)]
pub(crate) struct WakeTimer {
    /// Readable when it is time. It is no pipe, but tokio waits for it and reads it as if it were
    /// one.
    descriptor: Receiver,
    wakeups: RefCell<BinaryHeap<Wakeup>>,
}

#[derive(Debug)]
struct Wakeup {
    at: Instant,
    waker: Waker,
}

impl WakeTimer {
    /// A timer in the event loop of the current runtime. It wakes tasks while [`Self::run`] is
    /// polled.
    pub(crate) fn new() -> io::Result<Self> {
        let descriptor = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self { descriptor: Receiver::from_owned_fd_unchecked(descriptor)?, wakeups: RefCell::default() })
    }

    /// Wakes `waker` as soon as it is `at`. Earlier requests stay.
    pub(crate) fn wake_at(&self, at: Instant, waker: &Waker) {
        let mut wakeups = self.wakeups.borrow_mut();
        let is_first = wakeups.peek().is_none_or(|first| at < first.at);
        wakeups.push(Wakeup { at, waker: waker.clone() });
        if is_first {
            self.set(at);
        }
    }

    /// Wakes what is due, forever.
    ///
    /// # Errors
    /// If the event loop is gone.
    pub(crate) async fn run(&self) -> io::Result<()> {
        loop {
            self.descriptor.readable().await?;
            // It stays readable until it is read. What is read counts expirations, which nobody
            // needs.
            match self.descriptor.try_read(&mut [0; 8]) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => self.wake_due(),
            }
        }
    }

    fn wake_due(&self) {
        loop {
            let mut wakeups = self.wakeups.borrow_mut();
            match wakeups.peek() {
                None => return,
                Some(first) if first.at > Instant::now() => return self.set(first.at),
                Some(_) => {}
            }
            let due = wakeups.pop();
            // A waker may do anything, so it must not find this borrowed.
            drop(wakeups);
            if let Some(wakeup) = due {
                wakeup.waker.wake();
            }
        }
    }

    fn set(&self, at: Instant) {
        // A wait of zero would turn the timer off.
        let wait = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = Timespec::try_from(wait).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let setting = Itimerspec { it_interval: once, it_value };
        // It fails only if the descriptor is no timer, or the time is invalid.
        let _ = timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &setting);
    }
}

impl PartialEq for Wakeup {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Wakeup {}

impl PartialOrd for Wakeup {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The earlier one is the greater one, as the heap gives out the greatest.
impl Ord for Wakeup {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            mpsc::{Sender, channel},
        },
        task::Wake,
    };

    use tokio::{
        runtime::Builder,
        time::{sleep, timeout},
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    struct TestWaker(u8, Sender<(u8, Instant)>);

    impl Wake for TestWaker {
        fn wake(self: Arc<Self>) {
            let _ = self.1.send((self.0, Instant::now()));
        }
    }

    #[test]
    fn tasks_are_woken_in_order_and_never_early() {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let timer = WakeTimer::new().expect("a timer");
            let (sender, woken) = channel();
            let start = Instant::now();
            let at = |n: u8| start + Duration::from_millis(20) * u32::from(n);
            // One earlier than the timer is set for, one later, one in the past, and one in
            // hundreds of years.
            for n in [2, 1, 3, 0] {
                timer.wake_at(at(n), &Waker::from(Arc::new(TestWaker(n, sender.clone()))));
            }
            timer.wake_at(start + Duration::from_secs(1 << 34), Waker::noop());
            let four = async {
                let mut all = Vec::new();
                while all.len() < 4 {
                    all.extend(woken.try_iter());
                    sleep(Duration::from_millis(1)).await;
                }
                all
            };
            let woken = tokio::select! {
                failed = timer.run() => panic!("{failed:?}"),
                woken = timeout(PATIENCE, four) => woken.expect("woken"),
            };
            for (expected, (n, when)) in (0..).zip(woken) {
                assert_eq!(n, expected);
                assert!(when >= at(n), "{n} is early");
            }
        });
    }
}
