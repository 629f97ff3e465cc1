//! The server as its peers see it, over real sockets: what it answers, what it refuses, how it
//! ends, and how it holds out under attack.
//!
//! No test waits for a fixed time. It waits for what must happen, with a limit far above what a
//! slow machine needs. Limits of the server that a test wants to reach are short; all others are at
//! their defaults.

mod agreement;
mod attacks;
mod command;
mod echo;
mod http;
mod limits;
mod log;
mod misbehaviour;
mod page;
mod rig;
mod rooms;
mod shutdown;
mod tls;
mod violations;
