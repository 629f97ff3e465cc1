//! Any events on a ledger with messages in flight: it never panics, each message has one fate and
//! each event one finding, and what an event costs to attribute is bounded.
//!
//! The first three bytes of an input choose kinds, expectation and size; the rest is a script of
//! sends and events.

#![no_main]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use libfuzzer_sys::fuzz_target;
use loadgen::{
    Endpoint,
    clock::Time,
    ledger::{CloseCause, Expectation, Ledger, MessageEvent, SendTimes},
    message::{MessageKind, Mix, Payload},
    plan::Expect,
    recorder::{ConnectionRecorder, Recorder, Window},
};
use reports::identities;
use rustix::time::{ClockId, clock_gettime};

const RUN: u32 = 0x3f9a_1c22;
const REPLY: &str = "pong";
const TIMES: SendTimes = SendTimes { due: Time::from_nanos(1), written: Time::from_nanos(2) };

/// Bounds on what a script asks for, so that its cost is the ledger's.
const MOST_EVENTS: u64 = 256;
const MOST_SENT: u64 = 20_000;

/// Processor time of one input, with the sanitizer.
const MOST_TIME: Duration = Duration::from_secs(3);

/// When events come, long before the first second is over.
const NOW: Time = Time::from_nanos(1_000_000);
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);

/// Takes the script apart; zeros follow its end.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn pair(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let length = most.min(self.0.len());
        self.0.split_off(..length).unwrap_or_default()
    }
}

struct LedgerReplay {
    terms: Expectation,
    ledger: Ledger,
    recorder: Recorder,
    sent: u64,
    received: u64,
    /// Events that came in one read.
    read: Vec<(MessageKind, Vec<u8>)>,
}

impl LedgerReplay {
    fn message(&self, client: u32, sequence: u64) -> (MessageKind, Vec<u8>) {
        let payload = &self.terms.payload();
        let mut bytes = vec![0; payload.size()];
        payload.encode(client, sequence, &mut bytes);
        (payload.kind(sequence), bytes)
    }

    fn send(&mut self, messages: usize, together: bool) {
        let messages = (messages as u64).min(MOST_SENT - self.sent);
        self.sent += messages;
        self.recorder.sent(TIMES, messages, 64, 1);
        if !together {
            return (0..messages).for_each(|_| self.ledger.sent(TIMES));
        }
        let first = self.ledger.next_sequence();
        let mut bytes = vec![0; self.terms.payload().size()];
        let checksums: Vec<u32> =
            (first..first + messages).map(|sequence| self.terms.payload().encode(0, sequence, &mut bytes)).collect();
        self.ledger.sent_together(TIMES, &checksums);
    }

    fn queue(&mut self, kind: MessageKind, bytes: Vec<u8>) {
        if self.received < MOST_EVENTS {
            self.received += 1;
            self.read.push((kind, bytes));
        }
    }

    /// What the engine does with the messages of a read.
    fn take(&mut self) {
        let read = std::mem::take(&mut self.read);
        let Self { terms, ledger, recorder, .. } = self;
        let mut book = book(recorder, terms);
        let mut events = read.iter().map(|(kind, bytes)| MessageEvent { kind: *kind, bytes });
        while let Some(other) = ledger.received_in_order(terms, &mut events, &mut book) {
            ledger.received(terms, other, &mut book);
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let choice = script.byte();
        // Messages near the oldest in flight are likelier than others to be told wrongly.
        let oldest = self.ledger.next_sequence().saturating_sub(u64::from(self.ledger.in_flight()));
        let near = |offset: usize| (oldest + offset as u64).saturating_sub(4);
        match choice & 15 {
            0 => self.send(script.byte().into(), false),
            1 => self.send(script.byte().into(), true),
            2 => self.send(64 * usize::from(script.byte()), choice & 16 != 0),
            3 => self.take(),
            // As many as follow, in order.
            4 => {
                for offset in 0..usize::from(script.byte() % 32) {
                    let (kind, bytes) = self.message(0, near(offset + 4));
                    self.queue(kind, bytes);
                }
            }
            5 => {
                let (kind, bytes) = self.message(u32::from(script.byte() % 5), near(script.byte().into()));
                self.queue(kind, bytes);
            }
            6 => {
                let (kind, bytes) = self.message(0, near(script.pair()));
                self.queue(if kind == MessageKind::Text { MessageKind::Binary } else { MessageKind::Text }, bytes);
            }
            // Any part of the stream of messages.
            7 | 8 => {
                let first = near(script.byte().into());
                let stream: Vec<u8> = (first..first + 4).flat_map(|sequence| self.message(0, sequence).1).collect();
                let from = script.pair() % stream.len();
                let to = (from + script.pair() % (stream.len() + 1)).min(stream.len());
                let kind = if choice & 16 == 0 { MessageKind::Text } else { MessageKind::Binary };
                self.queue(kind, stream[from..to].to_vec());
            }
            9 => {
                let (kind, mut bytes) = self.message(0, near(script.byte().into()));
                for _ in 0..1 + script.byte() % 8 {
                    let at = script.pair() % bytes.len().max(1);
                    let flip = script.byte();
                    bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= flip);
                }
                self.queue(kind, bytes);
            }
            10 => {
                let (kind, mut bytes) = self.message(0, near(script.byte().into()));
                bytes.extend(script.bytes(usize::from(choice >> 4)));
                self.queue(kind, bytes);
            }
            // The beginning of a message, the end of another.
            11 => {
                let (kind, bytes) = self.message(0, near(script.byte().into()));
                let at = script.pair() % (bytes.len() + 1);
                let (head, tail) = bytes.split_at(at);
                self.queue(kind, if choice & 16 == 0 { head.to_vec() } else { tail.to_vec() });
            }
            12 => self.queue(MessageKind::Text, Vec::new()),
            13 => self.queue(MessageKind::Text, REPLY.repeat(usize::from(script.byte() % 5)).into_bytes()),
            14 => self.ledger.skip(script.byte().into()),
            _ => {
                let length = usize::from(script.byte());
                let kind = if choice & 16 == 0 { MessageKind::Text } else { MessageKind::Binary };
                self.queue(kind, script.bytes(length).to_vec());
            }
        }
        if choice & 32 != 0 {
            self.take();
        }
    }
}

fn book<'a>(recorder: &'a mut Recorder, terms: &'a Expectation) -> ConnectionRecorder<'a> {
    recorder.for_connection(terms, 0, Endpoint::Ip(LOCAL), NOW)
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fuzz_target!(|bytes: &[u8]| {
    let [kinds, expect, size, script @ ..] = bytes else { return };
    let mix = match kinds % 3 {
        0 => Mix::Text,
        1 => Mix::Binary,
        _ => Mix::Mixed,
    };
    let expect = match expect % 8 {
        0 => Expect::Count,
        1 => Expect::Reply(REPLY.to_owned()),
        _ => Expect::Echo,
    };
    let size = 53 + u32::from(*size) * u32::from(*size) / 8;
    let terms = Expectation::new(Payload::new(RUN, size, mix), &expect, 3);
    let mut recorder = Recorder::new();
    recorder.begin(Window { from: Time::from_nanos(0), to: Time::from_nanos(u64::MAX) });
    let mut replay = LedgerReplay { terms, ledger: Ledger::new(0), recorder, sent: 0, received: 0, read: Vec::new() };

    let started = processor_time();
    let mut script = Script(script);
    while !script.0.is_empty() && replay.received < MOST_EVENTS {
        replay.step(&mut script);
    }
    replay.take();
    let LedgerReplay { terms, mut ledger, mut recorder, sent, received, .. } = replay;
    assert!(u64::from(ledger.in_flight()) <= sent);
    ledger.close(
        if kinds & 128 != 0 { CloseCause::Died } else { CloseCause::Drained },
        &terms,
        &mut book(&mut recorder, &terms),
    );
    assert_eq!(ledger.in_flight(), 0);
    let tally = recorder.measured;
    assert_eq!(identities(&tally), Ok(()), "each message has one fate, each event one finding");
    assert_eq!((tally.counts.sent, tally.counts.events), (sent, received));
    let took = processor_time() - started;
    assert!(took < MOST_TIME, "{took:?} for {received} events");
});
