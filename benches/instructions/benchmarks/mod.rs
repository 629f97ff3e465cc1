//! What is counted. Each benchmark does its work for [`MESSAGES`] messages; what it needs is made
//! before the counting.
//!
//! Nothing here depends on the machine or the time of day: the payloads are of a fixed run, the
//! clock is a number, and the only randomness, the frames' masks, changes bytes and not the
//! instructions that handle them.

pub(crate) mod codec;
pub(crate) mod compression;
pub(crate) mod frames;
pub(crate) mod ledger;
pub(crate) mod payload;
pub(crate) mod recorder;

use std::net::{Ipv4Addr, SocketAddr};

use loadgen::{
    Endpoint,
    clock::Time,
    ledger::{Expectation, SendTimes},
    message::{Mix, Payload},
    plan::Expect,
};

/// Messages a benchmark; a multiple of every burst and window here.
pub(crate) const MESSAGES: u64 = 960;

const RUN: u32 = 0x3f9a_1c22;
const CLIENT: u32 = 7;
const SIZE: u32 = 64;
const LOCAL: Endpoint = Endpoint::Ip(SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1)));
const TIMES: SendTimes = SendTimes { due: Time::from_nanos(1), written: Time::from_nanos(300) };

fn terms() -> Expectation {
    Expectation::new(Payload::new(RUN, SIZE, Mix::Mixed), &Expect::Echo, CLIENT + 1)
}

/// Message `sequence` of `payload`.
fn encoded(payload: &Payload, sequence: u64) -> Vec<u8> {
    let mut bytes = vec![0; payload.size()];
    payload.encode(CLIENT, sequence, &mut bytes);
    bytes
}
