//! The generator from its beginning to its end, over real sockets: against the reference server, against servers that
//! break every rule, and as a command.
//!
//! Nothing here waits for a fixed time. What must happen is waited for with a limit far above what a slow machine needs.
//! Counts, kinds and exit codes are compared, never latencies; and a machine that is too slow for the planned load makes
//! a run invalid, which is right, so it fails no test that is about something else.

mod ab;
mod cli;
mod closed;
mod deaths;
mod faults;
mod handshakes;
mod hostile;
mod known_times;
mod lawful;
mod privacy;
mod rechunked;
mod rig;
mod run;
mod signals;
mod starved;
mod stop;
mod stored;
mod tls;
mod usage;
