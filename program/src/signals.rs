//! Ctrl-C, SIGTERM and SIGHUP.

use std::{io, thread};

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

/// Whether this process ignores a signal. It asks Linux; on other systems, no signal counts as
/// ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = ignored_mask(&status);
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).unwrap_or_default() & 1 == 1)
}

/// The line `SigIgn` of `proc_pid_status(5)`: a mask in hexadecimal, whose lowest bit is signal 1.
fn ignored_mask(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_read() {
        // SIGHUP, SIGINT and SIGPIPE: bits 0, 1 and 12.
        assert_eq!(
            ignored_mask("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001003\nSigCgt:\t0\n"),
            0x1003
        );
        assert_eq!(ignored_mask(""), 0);
    }

    #[test]
    fn what_this_process_ignores_is_known() {
        // Rust's runtime ignores it.
        assert!(is_ignored(Signal::PIPE.as_raw()));
        assert!(!is_ignored(Signal::KILL.as_raw()));
    }
}
