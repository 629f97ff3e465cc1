//! The message when the program has a bug.

use std::panic::{PanicHookInfo, set_hook};

use crate::print::say;

/// Lets a panic print one line on stderr that begins with the program's name. The standard
/// library's own message would wait for a reader of stderr.
pub(crate) fn tell_panics(program: &'static str) {
    set_hook(Box::new(move |panic| say(told(program, panic))));
}

fn told(program: &str, panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let what = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let thread = std::thread::current();
    let thread = thread.name().map_or_else(String::new, |name| format!(" in the thread `{name}`"));
    format!("{program}: a bug of {program}, please report it: panicked{thread}{place}: {what}")
}
