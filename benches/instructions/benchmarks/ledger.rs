//! Booking a message: sent, received, matched.

use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::ledger::{Expectation, Fate, Finding, Ledger, LedgerSink, MessageEvent, SendTimes, Subject};

use super::{CLIENT, MESSAGES, TIMES, terms};

/// Counts, so that what is counted is the ledger.
#[derive(Default)]
struct CountingSink {
    matched: u64,
    others: u64,
}

impl LedgerSink for CountingSink {
    fn matched(&mut self, _: u64, messages: u32, _: SendTimes, _: bool) {
        self.matched += u64::from(messages);
    }
    fn finding(&mut self, _: Finding, _: Subject, _: &[u8]) {
        self.others += 1;
    }
    fn fate(&mut self, _: Fate, _: u64, _: SendTimes) {}
}

struct LedgerState {
    window: usize,
    terms: Expectation,
    /// Of each message, by sequence.
    bytes: Vec<Vec<u8>>,
    checksums: Vec<u32>,
    ledger: Ledger,
    count: CountingSink,
}

fn ledger_state(window: usize) -> LedgerState {
    let terms = terms();
    let (bytes, checksums) = (0..MESSAGES)
        .map(|sequence| {
            let mut bytes = vec![0; terms.payload().size()];
            let checksum = terms.payload().encode(CLIENT, sequence, &mut bytes);
            (bytes, checksum)
        })
        .unzip();
    LedgerState { window, terms, bytes, checksums, ledger: Ledger::new(CLIENT), count: CountingSink::default() }
}

impl LedgerState {
    /// Sends `window` messages together, again and again. `receive` gets the first sequence and the
    /// bytes of each window.
    fn keep(mut self, receive: impl Fn(&Expectation, &mut Ledger, &mut CountingSink, u64, &[Vec<u8>])) -> Self {
        let Self { window, terms, bytes, checksums, ledger, count } = &mut self;
        for (bytes, checksums) in bytes.chunks(*window).zip(checksums.chunks(*window)) {
            let first = ledger.next_sequence();
            ledger.sent_together(TIMES, checksums);
            receive(terms, ledger, count, first, bytes);
        }
        assert_eq!((count.matched, count.others), (MESSAGES, 0));
        self
    }
}

// In one read, as the lean engine hands it over.
#[library_benchmark]
#[bench::window_1(args = (1), setup = ledger_state)]
#[bench::window_16(args = (16), setup = ledger_state)]
fn in_order(ledger_state: LedgerState) -> LedgerState {
    ledger_state.keep(|terms, ledger, count, first, messages| {
        let events = (first..)
            .zip(messages)
            .map(|(sequence, bytes)| MessageEvent { kind: terms.payload().kind(sequence), bytes });
        assert!(ledger.received_in_order(terms, events, count).is_none());
    })
}

// With one message at a time there is no other order.
#[library_benchmark]
#[bench::window_16(args = (16), setup = ledger_state)]
fn reversed(ledger_state: LedgerState) -> LedgerState {
    ledger_state.keep(|terms, ledger, count, first, messages| {
        let last = first + messages.len() as u64 - 1;
        for (sequence, bytes) in (first..=last).rev().zip(messages.iter().rev()) {
            ledger.received(terms, MessageEvent { kind: terms.payload().kind(sequence), bytes }, count);
        }
    })
}

library_benchmark_group!(name = ledger, benchmarks = [in_order, reversed]);
