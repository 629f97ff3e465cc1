//! Cost of accounting for a delivery: find the mark, look up who sent it, and book it.

use std::{sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use loadgen::{
    clock::Time,
    ledger::{Fate, Finding, MessageEvent},
    message::{MessageKind, Mix, Payload},
    plan::{Arrivals, Expect, Group, Load, Messages, OwnCopy, Rate, RoomBy, Rooms, Sizes, Until},
    rooms::{Delivery, Heard, LawfulEvent, Membership, MissingDeliveries, RoomLedger, RoomSink, Timetable},
};

const RUN: u32 = 0x3f9a_1c22;

/// Counts, so that what is measured is the ledger.
#[derive(Default)]
struct DeliveryCounter {
    matched: u64,
    heard: u64,
    others: u64,
}

impl RoomSink for DeliveryCounter {
    fn matched(&mut self, _: Delivery, _: Time, _: bool) {
        self.matched += 1;
    }
    fn across_shards(&mut self, _: Delivery, _: Time, _: bool) {
        self.others += 1;
    }
    fn replayed(&mut self, _: Delivery, _: Time, _: bool) {
        self.others += 1;
    }
    fn finding(&mut self, _: Finding, _: u32, _: Option<Delivery>, _: Time, _: &[u8]) {
        self.others += 1;
    }
    fn lawful(&mut self, _: LawfulEvent, _: Delivery, _: Time) {
        self.others += 1;
    }
    fn damaged(&mut self, _: Delivery) {
        self.others += 1;
    }
    fn missing(&mut self, _: Fate, _: MissingDeliveries) {
        self.others += 1;
    }
    fn never_sent(&mut self, _: Delivery, _: bool) {
        self.others += 1;
    }
    fn heard(&mut self, _: Heard, _: bool) {
        self.heard += 1;
    }
}

/// A run whose clients are all on one worker.
struct Run {
    membership: Arc<Membership>,
    timetable: Timetable,
    ledger: RoomLedger,
    messages: Messages,
    counter: DeliveryCounter,
}

impl Run {
    fn new(clients: u32, size: u32, publishers: u32, messages: Messages) -> Self {
        let n = |n: u32| n.try_into().expect("over 0");
        let groups = [Group {
            clients: n(clients),
            load: Load::Open {
                arrivals: Arrivals::even(Rate::new(20.0).expect("a rate")),
                burst: n(1),
                max_in_flight: n(10_000),
            },
            messages: messages.clone(),
            expect: Expect::Broadcast,
            rooms: Some(Rooms {
                by: RoomBy::Size(n(size)),
                publishers: Some(publishers),
                own: OwnCopy::Refuse,
                durable: false,
            }),
            ..Group::default()
        }];
        let membership = Arc::new(Membership::of(&groups).expect("rooms that can work").expect("rooms"));
        let until = Until::Elapsed(Duration::from_secs(100_000_000));
        let timetable = Timetable::new(&membership, &groups, until, Time::default(), 0, 0);
        let mut ledger = RoomLedger::new(membership.clone(), RUN, 0..clients);
        (0..clients as usize).for_each(|slot| ledger.joined(slot, Time::default()));
        ledger.begin(timetable.clone());
        Self { membership, timetable, ledger, messages, counter: DeliveryCounter::default() }
    }

    /// Each publisher sends a message, and each other member of its room hears it.
    fn round(&mut self, bytes: &mut Vec<u8>) {
        for room in 0..self.membership.rooms() {
            for number in self.membership.publishers(room) {
                let publisher = self.membership.publisher(number);
                let slot = publisher.client as usize;
                let sequence = self.ledger.next_sequence(slot);
                self.ledger.sent(slot, 1);
                let kind = self.encode(publisher.client, sequence, bytes);
                let at = self.timetable.due(publisher.group as usize, publisher.rank, sequence).plus(1_000_000);
                for &member in self.membership.members(room).iter().filter(|member| **member != publisher.client) {
                    let event = MessageEvent { kind, bytes };
                    self.ledger.received(member as usize, event, at, &mut self.counter);
                }
            }
        }
    }

    fn encode(&self, client: u32, sequence: u64, bytes: &mut Vec<u8>) -> MessageKind {
        let (before, size, mix, after) = match &self.messages {
            Messages::Generated { sizes, mix } => ("", sizes.largest(), *mix, ""),
            Messages::Templates(_) => (r#"{"type":"say","room":"lobby","text":""#, 53, Mix::Text, r#"","v":1}"#),
        };
        bytes.clear();
        bytes.extend_from_slice(before.as_bytes());
        bytes.resize(before.len() + size as usize, 0);
        let payload = Payload::new(RUN, size, mix);
        payload.encode(client, sequence, &mut bytes[before.len()..]);
        bytes.extend_from_slice(after.as_bytes());
        payload.kind(sequence)
    }
}

fn deliveries(c: &mut Criterion) {
    let mut group = c.benchmark_group("rooms");
    let marks = || Messages::Templates([r#"{"text":"{{mark}}"}"#.parse().expect("a template")].into());
    let generated = || Messages::Generated { sizes: Sizes::Fixed(64), mix: Mix::Mixed };
    for (name, messages) in [("mark in 100 bytes", marks as fn() -> Messages), ("generated", generated)] {
        for (clients, size, publishers) in [(10_000, 10_000, 1), (10_000, 10, 1), (1_000, 10, 10)] {
            let rooms = u64::from(clients / size);
            group.throughput(Throughput::Elements(rooms * u64::from(publishers * (size - 1))));
            group.bench_function(
                BenchmarkId::new(name, format!("{rooms} rooms of {size}, {publishers} publish")),
                |b| {
                    let (mut run, mut bytes) = (Run::new(clients, size, publishers, messages()), Vec::new());
                    b.iter(|| run.round(&mut bytes));
                    assert_eq!(run.counter.others, 0);
                    assert_eq!(run.counter.heard * u64::from(size - 1), run.counter.matched);
                },
            );
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = deliveries
}
criterion_main!(benches);
