//! Ctrl-C and SIGTERM.

use loadgen::Stop;

use crate::exit::INTERRUPTED;

/// The first signal stops what the returned value is given to; the second ends the process.
pub(crate) fn stop_on_signal() -> Stop {
    let stop = Stop::default();
    let on_signal = stop.clone();
    let handler = move || {
        if on_signal.is_stopped() {
            std::process::exit(INTERRUPTED.into());
        }
        on_signal.stop();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        eprintln!("loadgen: signals will not be handled: {error}");
    }
    stop
}
