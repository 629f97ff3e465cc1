//! Booking a message: sent, received, matched.

use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::ledger::{Book, Event, Fate, Finding, Ledger, Subject, Terms, Times};

use super::{CLIENT, MESSAGES, TIMES, encoded, terms};

/// Counts, so that what is counted is the ledger.
#[derive(Default)]
struct Count {
    matched: u64,
    others: u64,
}

impl Book for Count {
    fn matched(&mut self, _: u64, _: Times, _: bool) {
        self.matched += 1;
    }
    fn finding(&mut self, _: Finding, _: Subject, _: &[u8]) {
        self.others += 1;
    }
    fn fate(&mut self, _: Fate, _: u64, _: Times) {}
}

struct Books {
    window: u64,
    terms: Terms,
    /// Of each message, by sequence.
    bytes: Vec<Vec<u8>>,
    ledger: Ledger,
    count: Count,
}

fn books(window: u64) -> Books {
    let terms = terms();
    let bytes = (0..MESSAGES).map(|sequence| encoded(&terms.payload, sequence)).collect();
    Books { window, terms, bytes, ledger: Ledger::new(CLIENT), count: Count::default() }
}

impl Books {
    /// Sends `window` messages at a time; `place` says which of them comes next.
    fn keep(mut self, place: impl Fn(u64) -> u64) -> Self {
        for first in (0..MESSAGES).step_by(usize::try_from(self.window).expect("a small number")) {
            (0..self.window).for_each(|_| self.ledger.sent(TIMES));
            for nth in 0..self.window {
                let sequence = first + place(nth);
                let bytes = &self.bytes[usize::try_from(sequence).expect("a small number")];
                let event = Event { kind: self.terms.payload.kind(sequence), bytes };
                self.ledger.received(&self.terms, event, &mut self.count);
            }
        }
        assert_eq!((self.count.matched, self.count.others), (MESSAGES, 0));
        self
    }
}

#[library_benchmark]
#[bench::window_1(args = (1), setup = books)]
#[bench::window_16(args = (16), setup = books)]
fn in_order(books: Books) -> Books {
    books.keep(|nth| nth)
}

// With one message at a time there is no other order.
#[library_benchmark]
#[bench::window_16(args = (16), setup = books)]
fn reversed(books: Books) -> Books {
    let last = books.window - 1;
    books.keep(|nth| last - nth)
}

library_benchmark_group!(name = ledger, benchmarks = [in_order, reversed]);
