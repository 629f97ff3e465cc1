//! Compression (RFC 7692): what is agreed, what is sent, and what is taken.

mod negotiation;
