//! Ctrl-C, SIGTERM and SIGHUP.

use std::{io, thread};

use procfs::process::Process;
use rustix::process::Signal;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// Calls `handler` at each SIGINT, SIGTERM and SIGHUP, on a thread of its own. Signals that were
/// ignored when the program began stay ignored: its parent wants it to outlive them, as `nohup`
/// does, or a shell without job control after `&`.
///
/// # Errors
/// The system's, when there can be no handler or no thread. The signals then end the program.
pub fn on_signal(mut handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(wanted)?;
    let handle = signals.handle();
    let waiting = move || signals.forever().for_each(|_| handler());
    match thread::Builder::new().name("signals".to_owned()).spawn(waiting) {
        Ok(_) => Ok(()),
        Err(error) => {
            handle.close();
            Err(error)
        }
    }
}

/// Whether this process ignores SIGINT, so that Ctrl-C does not end it.
pub fn interrupts_are_ignored() -> bool {
    is_ignored(Signal::INT.as_raw())
}

/// Whether this process ignores a signal. Where the system does not tell, no signal counts as
/// ignored.
fn is_ignored(signal: i32) -> bool {
    let status = Process::myself().and_then(|process| process.status());
    // Its lowest bit is signal 1.
    let mask = status.map(|status| status.sigign).unwrap_or_default();
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).unwrap_or_default() & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_ignores_is_known() {
        // Rust's runtime ignores it.
        assert!(is_ignored(Signal::PIPE.as_raw()));
        assert!(!is_ignored(Signal::KILL.as_raw()));
    }
}
