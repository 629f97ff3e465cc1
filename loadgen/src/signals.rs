//! Ctrl-C and SIGTERM.

use loadgen::Stop;

/// The first signal stops what the returned value is given to; from the second on, each calls `again`.
pub(crate) fn stop_on_signal(again: impl Fn() + Send + 'static) -> Stop {
    let stop = Stop::default();
    let on_signal = stop.clone();
    let handler = move || {
        if on_signal.is_stopped() {
            again();
        }
        on_signal.stop();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        eprintln!("loadgen: signals will not be handled: {error}");
    }
    stop
}
