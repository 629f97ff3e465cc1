//! Compression (RFC 7692): what is agreed, what is sent, and what is taken.

mod inflate;
mod negotiation;
mod refusals;
mod rig;
mod streams;
mod windows;
