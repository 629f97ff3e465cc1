//! Whether the machine was prompt while something was measured.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Between two looks at the clock.
const LOOK: Duration = Duration::from_millis(2);

/// Tries before a check is said to fail.
const TRIES: usize = 3;

/// Measures how long a nearly idle thread has to wait for a processor.
struct StallDetector {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl StallDetector {
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

/// Passes if `check` passes in one of three tries, or if a nearly idle thread had to wait for
/// longer than `pause` meanwhile: such a machine is too slow to tell. Fails if `check` failed each
/// time on a prompt machine.
pub(crate) fn where_prompt(pause: Duration, check: impl Fn() -> Result<(), String>) {
    let mut failures = Vec::new();
    for _ in 0..TRIES {
        let detector = StallDetector::start();
        let checked = check();
        let longest = detector.finish();
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
