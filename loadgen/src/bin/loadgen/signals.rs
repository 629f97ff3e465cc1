//! Ctrl-C, SIGTERM and SIGHUP.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    time::Duration,
};

use loadgen::Stop;
use program::Exit;

use crate::terminal;

/// The run is over; only saving and printing is left.
static OVER: AtomicBool = AtomicBool::new(false);

/// The exit code when a signal ends the process after that.
static CODE: AtomicU8 = AtomicU8::new(Exit::Interrupted.code());

/// Time for saving before a signal ends the process.
const TO_SAVE: Duration = Duration::from_secs(1);

/// Returns a value that the first signal sets to stopped. Each further signal calls `again`. After
/// [`over`], a signal ends the process within a second, since a reader of stdout may take for ever.
pub(crate) fn stop_on_signal(again: impl Fn() + Send + 'static) -> Stop {
    let stop = Stop::default();
    let on_signal = stop.clone();
    let handler = move || {
        if OVER.load(Ordering::Acquire) {
            if !program::is_printing() {
                std::thread::sleep(TO_SAVE);
            }
            std::process::exit(CODE.load(Ordering::Relaxed).into());
        }
        if on_signal.is_stopped() {
            again();
        }
        on_signal.stop();
    };
    if let Err(error) = program::on_signal(handler) {
        terminal::tell(format!("loadgen: signals will not be handled: {error}"));
    }
    stop
}

/// Notes that the run is over, and how the process ends.
pub(crate) fn over(exit: Exit) {
    CODE.store(exit.or_worse(Exit::Interrupted).code(), Ordering::Relaxed);
    OVER.store(true, Ordering::Release);
}
