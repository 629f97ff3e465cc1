//! Plays what clients send, and what comes to them, into the ledgers of one or more workers.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use loadgen::{
    clock::Time,
    ledger::{Fate, Finding, MessageEvent, Ranges},
    message::{MessageKind, Mix, Payload},
    plan::{Arrivals, Expect, Group, Load, OwnCopy, Rate, RoomBy, Rooms, Until},
    rooms::{
        ArrivalRecord, Delivery, FateCounts, Heard, LawfulEvent, Membership, MissingDeliveries, RoomCounts, RoomLedger,
        RoomOutcome, RoomSink, SenderFates, SenderRecord, Timetable, merge_fates, merge_heard,
    },
};

pub(crate) const RUN: u32 = 0x3f9a_1c22;
pub(crate) const START: Time = Time::from_nanos(1_000_000_000);
/// Messages that the plan has of each publisher.
pub(crate) const PLANNED: u64 = 40;

pub(crate) fn seconds(seconds: u64) -> u64 {
    seconds * 1_000_000_000
}

/// A group in which each publisher sends a message a second.
pub(crate) fn group(clients: u32, size: u32, publishers: Option<u32>, own: OwnCopy) -> Group {
    let n = |n| NonZeroU32::new(n).unwrap();
    Group {
        name: format!("g{clients}-{size}").parse().unwrap(),
        clients: n(clients),
        load: Load::Open { arrivals: Arrivals::even(Rate::new(1.0).unwrap()), burst: n(1), max_in_flight: n(10_000) },
        messages: loadgen::plan::Messages::Templates([r#"{"text":"{{mark}}"}"#.parse().unwrap()].into()),
        expect: Expect::Broadcast,
        rooms: Some(Rooms { by: RoomBy::Size(n(size)), publishers, own, durable: false }),
        ..Group::default()
    }
}

pub(crate) fn membership(groups: &[Group]) -> Membership {
    Membership::of(groups).unwrap().expect("rooms")
}

/// The mark of message `sequence` of `client`.
pub(crate) fn mark(run: u32, client: u32, sequence: u64) -> Vec<u8> {
    let mut mark = vec![0; 53];
    Payload::new(run, 53, Mix::Text).encode(client, sequence, &mut mark);
    mark
}

/// Counts what ledgers decide.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) by_name: BTreeMap<&'static str, u64>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) cut: Vec<Heard>,
    /// Sums of what was told about deliveries: numbers times primes, so that one that is told with
    /// another sender, receiver or sequence shows.
    pub(crate) told: BTreeMap<&'static str, u64>,
}

impl Counts {
    fn add(&mut self, name: &'static str, number: u64) {
        *self.by_name.entry(name).or_default() += number;
    }

    fn tell(&mut self, name: &'static str, Delivery { receiver, sender, sequence, .. }: Delivery) {
        *self.told.entry(name).or_default() += token(receiver, sender, sequence);
    }

    /// Events with a match or a finding of their own.
    pub(crate) fn events(&self) -> u64 {
        let other = ["reordered", "damaged", "lost", "lost_away", "undetermined", "by_plan", "replayed", "across"];
        self.by_name.iter().filter(|(name, _)| !other.contains(name)).map(|(_, count)| count).sum()
    }

    /// The counts that are not zero, as `name=count`, sorted by name.
    pub(crate) fn nonzero(&self) -> String {
        let shown = self.by_name.iter().filter(|(_, count)| **count > 0);
        shown.map(|(name, count)| format!("{name}={count}")).collect::<Vec<_>>().join(" ")
    }
}

/// A number for a delivery.
pub(crate) fn token(receiver: u32, sender: u32, sequence: u64) -> u64 {
    1 + u64::from(receiver) * 1_000_003 + u64::from(sender) * 10_007 + sequence * 101
}

impl RoomSink for Counts {
    fn matched(&mut self, delivery: Delivery, at: Time, overtaken: bool) {
        assert!(at >= delivery.due);
        self.add("matched", 1);
        self.add("reordered", u64::from(overtaken));
        self.tell("matched", delivery);
    }

    fn replayed(&mut self, delivery: Delivery, at: Time, overtaken: bool) {
        self.matched(delivery, at, overtaken);
        self.add("replayed", 1);
        self.tell("replayed", delivery);
    }

    fn finding(&mut self, finding: Finding, _: u32, about: Option<Delivery>, _: Time, received: &[u8]) {
        assert!(!received.is_empty());
        self.add(
            match finding {
                Finding::Duplicated => "duplicated",
                Finding::Coalesced => "coalesced",
                Finding::Corrupted => "corrupted",
                Finding::WrongType => "wrong_type",
                Finding::Misrouted { owner } => {
                    assert_eq!(about.map(|delivery| delivery.sender), Some(owner));
                    "misrouted"
                }
                Finding::Unexpected => "unexpected",
                other => panic!("{other:?} is no finding of rooms"),
            },
            1,
        );
        if let (Finding::Duplicated, Some(delivery)) = (finding, about) {
            self.tell("duplicated", delivery);
        }
    }

    fn lawful(&mut self, event: LawfulEvent, _: Delivery, _: Time) {
        self.add(
            match event {
                LawfulEvent::History => "history",
                LawfulEvent::OwnCopy => "own",
                LawfulEvent::Late => "late",
            },
            1,
        );
    }

    fn damaged(&mut self, delivery: Delivery) {
        self.add("damaged", 1);
        self.tell("damaged", delivery);
    }

    fn missing(&mut self, fate: Fate, missing: MissingDeliveries) {
        let name = match fate {
            Fate::Lost => "lost",
            Fate::UndeterminedByPlan => "by_plan",
            _ => "undetermined",
        };
        let MissingDeliveries { receiver, sender, sequences, due, while_away } = missing;
        self.add(name, sequences.end - sequences.start);
        if fate == Fate::Lost && while_away {
            self.add("lost_away", sequences.end - sequences.start);
        }
        for sequence in sequences {
            self.tell(name, Delivery { receiver, sender, sequence, due });
        }
    }

    fn never_sent(&mut self, delivery: Delivery, replayed: bool) {
        self.add("unexpected", 1);
        for name in ["matched", "replayed"].iter().take(1 + usize::from(replayed)) {
            *self.by_name.get_mut(name).expect("it was told so") -= 1;
            *self.told.get_mut(name).expect("it was told so") -=
                token(delivery.receiver, delivery.sender, delivery.sequence);
        }
    }

    fn across_shards(&mut self, delivery: Delivery, _: Time, overtaken: bool) {
        self.add("matched", 1);
        self.add("across", 1);
        self.add("reordered", u64::from(overtaken));
        self.tell("matched", delivery);
    }

    fn heard(&mut self, heard: Heard, cut: bool) {
        if cut { &mut self.cut } else { &mut self.heard }.push(heard);
    }
}

/// The ledgers of all workers of a run.
pub(crate) struct Play {
    pub(crate) membership: Arc<Membership>,
    pub(crate) timetable: Timetable,
    ledgers: Vec<RoomLedger>,
    /// The shard of each ledger. All of one shard tell each other what they know.
    shards: Vec<u32>,
    /// The ledger of each client, and its slot there.
    places: Vec<(usize, usize)>,
    pub(crate) counts: Counts,
    pub(crate) events: u64,
}

/// What all workers say at the end.
pub(crate) struct Played {
    pub(crate) counts: Counts,
    pub(crate) events: u64,
    pub(crate) messages: [FateCounts; 2],
    pub(crate) rooms: BTreeMap<u32, RoomCounts>,
    /// Deliveries and sum of response times of each receiver.
    pub(crate) receivers: BTreeMap<u32, (u64, u64)>,
    pub(crate) heard: Vec<Heard>,
}

impl Play {
    /// Clients are dealt out to the workers in turn, so rooms are cut.
    pub(crate) fn new(groups: &[Group], workers: usize, warmup: u64) -> Self {
        let membership = Arc::new(membership(groups));
        let until = Until::Messages((PLANNED - warmup / seconds(1)).try_into().unwrap());
        let timetable = Timetable::new(&membership, groups, until, START, warmup, 7);
        let clients = membership.clients();
        let ledger = |worker| RoomLedger::new(membership.clone(), RUN, (worker..clients).step_by(workers));
        let ledgers = (0..workers).map(|worker| ledger(u32::try_from(worker).unwrap())).collect();
        let places = (0..clients as usize).map(|client| (client % workers, client / workers)).collect();
        let (shards, counts) = (vec![1; workers], Counts::default());
        Self { membership, timetable, ledgers, shards, places, counts, events: 0 }
    }

    /// Each ledger is that of a shard of its own, which has these clients.
    pub(crate) fn over_shards(mut self, clients: &[Vec<u32>]) -> Self {
        (self.shards, self.ledgers) = (Vec::new(), Vec::new());
        for (number, clients) in (1_u32..).zip(clients) {
            let mut here = Ranges::default();
            for (slot, &client) in clients.iter().enumerate() {
                here.insert(client);
                self.places[client as usize] = (self.ledgers.len(), slot);
            }
            let ledger = RoomLedger::new(self.membership.clone(), RUN, clients.iter().copied());
            self.ledgers.push(ledger.of_shard(Arc::new(here)));
            self.shards.push(number);
        }
        self
    }

    /// The ledgers remember so many sessions of each receiver.
    pub(crate) fn remembering(mut self, sessions: usize) -> Self {
        self.ledgers = self.ledgers.into_iter().map(|ledger| ledger.remembering(sessions)).collect();
        self
    }

    fn place(&self, client: u32) -> (usize, usize) {
        self.places[client as usize]
    }

    pub(crate) fn begin(&mut self) {
        for ledger in &mut self.ledgers {
            ledger.begin(self.timetable.clone());
            ledger.receive_early(&mut self.counts);
        }
    }

    pub(crate) fn joined(&mut self, client: u32, at: Time) {
        let (worker, slot) = self.place(client);
        self.ledgers[worker].joined(slot, at);
    }

    pub(crate) fn ended(&mut self, client: u32, at: Time, by_plan: bool) {
        let (worker, slot) = self.place(client);
        self.ledgers[worker].ended(slot, at, by_plan, &mut self.counts);
    }

    pub(crate) fn next_sequence(&self, client: u32) -> u64 {
        let (worker, slot) = self.place(client);
        self.ledgers[worker].next_sequence(slot)
    }

    pub(crate) fn sent(&mut self, client: u32) -> u64 {
        let (worker, slot) = self.place(client);
        let sequence = self.ledgers[worker].next_sequence(slot);
        self.ledgers[worker].sent(slot, 1);
        sequence
    }

    pub(crate) fn dropped(&mut self, client: u32) -> u64 {
        let (worker, slot) = self.place(client);
        let sequence = self.ledgers[worker].next_sequence(slot);
        self.ledgers[worker].dropped(slot, 1);
        sequence
    }

    pub(crate) fn received(&mut self, client: u32, bytes: &[u8], at: Time) {
        self.received_as(client, MessageKind::Text, bytes, at);
    }

    pub(crate) fn received_as(&mut self, client: u32, kind: MessageKind, bytes: &[u8], at: Time) {
        let (worker, slot) = self.place(client);
        self.events += 1;
        let event = MessageEvent { kind, bytes };
        self.ledgers[worker].received(slot, event, at, &mut self.counts);
    }

    /// The load is over.
    pub(crate) fn begin_drain(&mut self) -> u64 {
        let all: Vec<_> = self.ledgers.iter().map(RoomLedger::sender_records).collect();
        let mut outstanding = 0;
        for (ledger, shard) in self.ledgers.iter_mut().zip(&self.shards) {
            let records = all.iter().zip(&self.shards).filter(|(_, of)| *of == shard).flat_map(|(records, _)| records);
            outstanding += ledger.begin_drain(records, &mut self.counts);
        }
        outstanding
    }

    /// The load is over, and only these records are known.
    pub(crate) fn begin_drain_with(&mut self, records: Vec<SenderRecord>) -> u64 {
        self.ledgers.iter_mut().map(|ledger| ledger.begin_drain(&records, &mut self.counts)).sum()
    }

    pub(crate) fn outstanding(&self) -> u64 {
        self.ledgers.iter().map(RoomLedger::outstanding).sum()
    }

    /// The drain is over.
    pub(crate) fn settle(&mut self, cut_short: bool) {
        let all: Vec<Vec<ArrivalRecord>> = self.ledgers.iter().map(RoomLedger::arrival_records).collect();
        for (ledger, shard) in self.ledgers.iter_mut().zip(&self.shards) {
            let records = all.iter().zip(&self.shards).filter(|(_, of)| *of == shard).flat_map(|(records, _)| records);
            ledger.settle(records, cut_short, &mut self.counts);
        }
    }

    /// What each shard knows at the end, in the order of their numbers.
    pub(crate) fn finish_shards(self) -> (Counts, Vec<(u32, RoomOutcome)>) {
        (self.counts, self.shards.into_iter().zip(self.ledgers.into_iter().map(RoomLedger::finish)).collect())
    }

    pub(crate) fn finish(mut self) -> Played {
        let mut outcomes: Vec<RoomOutcome> = self.ledgers.into_iter().map(RoomLedger::finish).collect();
        let mut rooms: BTreeMap<u32, RoomCounts> = BTreeMap::new();
        for counts in outcomes.iter().flat_map(|outcome| &outcome.rooms) {
            let room = rooms.entry(counts.room).or_insert(RoomCounts { room: counts.room, ..RoomCounts::default() });
            room.matched += counts.matched;
            room.lost += counts.lost;
            room.damaged += counts.damaged;
            room.undetermined += counts.undetermined;
            room.undetermined_by_plan += counts.undetermined_by_plan;
            room.replayed += counts.replayed;
            room.lost_away += counts.lost_away;
            room.duplicated += counts.duplicated;
            room.reordered += counts.reordered;
            room.misrouted += counts.misrouted;
        }
        let receivers = outcomes.iter().flat_map(|outcome| &outcome.receivers);
        let receivers = receivers.map(|of| (of.receiver, (of.deliveries, of.sum))).collect();
        let fates = merge_fates(outcomes.iter_mut().flat_map(|outcome| std::mem::take(&mut outcome.fates)));
        let sum = |counts: fn(&SenderFates) -> FateCounts| {
            fates.iter().map(counts).fold(FateCounts::default(), |all, one| FateCounts {
                lost: all.lost + one.lost,
                damaged: all.damaged + one.damaged,
                undetermined: all.undetermined + one.undetermined,
                undetermined_by_plan: all.undetermined_by_plan + one.undetermined_by_plan,
            })
        };
        let messages = [sum(SenderFates::warmup), sum(SenderFates::measured)];
        let mut heard = merge_heard(std::mem::take(&mut self.counts.cut));
        heard.append(&mut self.counts.heard);
        heard.sort_unstable_by_key(|heard| (heard.sender, heard.sequence));
        Played { counts: self.counts, events: self.events, messages, rooms, receivers, heard }
    }
}
