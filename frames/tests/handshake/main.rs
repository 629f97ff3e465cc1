//! Opening handshakes as data: what comes, cut everywhere, and what is decided.

mod answers;
mod mutated;
mod requests;
