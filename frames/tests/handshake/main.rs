//! Opening handshakes as tables: the bytes, cut everywhere, and the decision.

mod answers;
mod mutated;
mod requests;
mod tunnels;
