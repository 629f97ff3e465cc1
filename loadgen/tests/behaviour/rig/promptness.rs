//! Whether the machine was prompt while something was measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two looks at the clock.
const LOOK: Duration = Duration::from_millis(2);

/// Tries before a check is said to fail.
const TRIES: usize = 3;

/// Notes for how long a thread that has next to nothing to do is kept waiting.
struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Watch {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !until.load(Ordering::Acquire) {
                let looked = Instant::now();
                // What is measured, not a wait for something.
                thread::sleep(LOOK);
                longest = longest.max(looked.elapsed());
            }
            longest
        });
        Self { over, thread }
    }

    /// The longest time between two looks.
    fn finish(self) -> Duration {
        self.over.store(true, Ordering::Release);
        self.thread.join().expect("no panic")
    }
}

/// Passes if `check` does once, or if the machine was too slow for it to tell: a thread that only looks at the clock had to
/// wait for longer than `pause` then. Fails if the machine was prompt in each of three tries, and `check` failed.
pub(crate) fn where_prompt(pause: Duration, check: impl Fn() -> Result<(), String>) {
    let mut failures = Vec::new();
    for _ in 0..TRIES {
        let watch = Watch::start();
        let checked = check();
        let longest = watch.finish();
        match checked {
            Ok(()) => return,
            Err(why) if longest < pause => failures.push(why),
            Err(why) => return println!("the machine stood still for {longest:?}, so this says nothing: {why}"),
        }
    }
    panic!("{failures:#?}");
}

#[test]
fn what_fails_on_a_prompt_machine_fails() {
    let always = Duration::MAX;
    let tried = std::panic::catch_unwind(|| where_prompt(always, || Err("late".to_owned())));
    assert!(tried.is_err());
    where_prompt(Duration::ZERO, || Err("late".to_owned()));
    where_prompt(always, || Ok(()));
}
