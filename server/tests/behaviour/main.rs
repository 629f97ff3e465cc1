//! The server as its peers see it, over real sockets: what it answers, what it refuses, and how it ends.
//!
//! Nothing here waits for a fixed time. What must happen is waited for with a limit far above what a slow machine needs;
//! limits of the server that a test wants to strike are short, all others are at their defaults.

mod command;
mod echo;
mod faults;
mod http;
mod limits;
mod log;
mod misbehaviour;
mod page;
mod peer;
mod shutdown;
