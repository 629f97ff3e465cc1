//! Recording sends and matches.

use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::{
    clock::Time,
    ledger::{Expectation, LedgerSink, SendTimes},
    recorder::{Recorder, Window},
};

use super::{CLIENT, LOCAL, MESSAGES, SIZE, terms};

struct Records {
    /// Messages that are written together and come in one read.
    together: u64,
    terms: Expectation,
    recorder: Recorder,
}

fn records(together: u64) -> Records {
    let mut recorder = Recorder::new();
    recorder.begin(Window { from: Time::default(), to: Time::from_nanos(u64::MAX) });
    Records { together, terms: terms(), recorder }
}

#[library_benchmark]
#[bench::one_at_a_time(args = (1), setup = records)]
#[bench::five_together(args = (5), setup = records)]
#[bench::sixteen_together(args = (16), setup = records)]
fn sent_and_matched(records: Records) -> Records {
    let Records { together, terms, mut recorder } = records;
    for burst in 0..MESSAGES / together {
        // Half a microsecond a message, so that all are in the first second; steps by a prime
        // spread the latencies.
        let due = burst * together * 500;
        let times = SendTimes { due: Time::from_nanos(due), written: Time::from_nanos(due + 300) };
        recorder.sent(times, together, SIZE.into(), 1);
        let at = times.due.plus(20_000 + burst * 7919 % 77_777);
        let messages = u32::try_from(together).expect("a small number");
        recorder.for_connection(&terms, CLIENT, LOCAL, at).matched(burst * together, messages, times, false);
    }
    assert_eq!(recorder.measured.counts.matched, MESSAGES);
    Records { together, terms, recorder }
}

library_benchmark_group!(name = recorder, benchmarks = sent_and_matched);
