//! What servers do to payloads without meaning to, applied to messages: each is found within a
//! stated number of them.
//!
//! Between payload and ledger, without a socket. The numbers hold from any message of any client
//! on, so each is tried from several.

mod binary;
mod text;

use loadgen::{
    ledger::{Expectation, Ledger, MessageEvent},
    message::{MessageKind, Mix, Payload},
    plan::Expect,
};

use crate::history::{LedgerCounts, TIMES};

/// Where a size has nothing that the alteration changes: a cut of 1024 bytes in messages of 64.
pub(crate) const NEVER: u64 = 0;

const SIZES: [u32; 4] = [64, 256, 4 << 10, 64 << 10];

/// Sends messages that come back altered. Returns how many it took until one was not matched.
fn found_after(alter: &dyn Fn(&[u8]) -> Vec<u8>, size: u32, mix: Mix, client: u32, most: u64) -> Option<u64> {
    let terms = Expectation::new(Payload::new(7 + client, size, mix), &Expect::Echo, client + 1);
    let (mut ledger, mut counts) = (Ledger::new(client), LedgerCounts::default());
    let mut message = vec![0; size as usize];
    let kind = terms.payload().kind(0);
    for sequence in 0..most {
        terms.payload().encode(client, sequence, &mut message);
        let came = alter(&message);
        assert!(kind == MessageKind::Binary || std::str::from_utf8(&came).is_ok(), "or it could not come as text");
        ledger.sent(TIMES);
        ledger.received(&terms, MessageEvent { kind, bytes: &came }, &mut counts);
        if counts.matched <= sequence {
            return Some(sequence + 1);
        }
    }
    None
}

/// Checks that an alteration is found within `within` messages of each size; what is wrong with
/// that.
fn check(name: &str, alter: &dyn Fn(&[u8]) -> Vec<u8>, mix: Mix, within: [u64; 4]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (size, within) in SIZES.into_iter().zip(within) {
        let clients = if size > 1_000 { 3 } else { 12 };
        let most = if within == NEVER { 256 } else { 16 * within.max(64) };
        let found: Vec<_> = (0..clients).map(|client| found_after(alter, size, mix, client, most)).collect();
        let right = if within == NEVER {
            found.iter().all(Option::is_none)
        } else {
            found.iter().all(|found| found.is_some_and(|found| found <= within))
        };
        if !right {
            wrong.push(format!("{name}, {size} bytes: stated {within}, found after {found:?}"));
        }
    }
    wrong
}
