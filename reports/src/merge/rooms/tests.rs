use super::*;
use crate::model::{
    FateRecord, GroupRecord, HeardRecord, Measurement, NumberRange, RoomRecord, SenderDeviation, SenderEndRecord,
    ShardClients, ShardRecord, sample,
};

/// Clients 0 and 1 of one group in room 0, each on a shard of its own. Both publish.
struct Case {
    shards: [CutRooms; 2],
    /// The second one has a result.
    both: bool,
}

fn numbers(first: u32, numbers: u32) -> NumberRange {
    NumberRange { first, numbers }
}

/// Messages of client 0 that did not come to client 1.
fn open(first: u32, messages: u32, fate: MissingFate) -> OpenDeliveries {
    OpenDeliveries {
        sender: 0,
        room: 0,
        sequences: numbers(first, messages),
        measured: true,
        fate,
        group: 0,
        receivers: 1,
        receiver: 1,
        due_ns: 2_500_000_000,
    }
}

impl Case {
    /// The second shard has these open deliveries, and the first nothing to say.
    fn of(open: impl IntoIterator<Item = OpenDeliveries>) -> Self {
        let rooms = || CutRooms { rooms: vec![numbers(0, 1)], ..CutRooms::default() };
        Self { shards: [rooms(), CutRooms { open: open.into_iter().collect(), ..rooms() }], both: true }
    }

    fn resolve(self) -> (Measurement, RoomsMeasurement, Option<Box<CutRooms>>) {
        let mut plan = sample::pass().plan;
        plan.groups = vec![GroupRecord { clients: 2, ..plan.groups[0].clone() }];
        let records: Vec<_> = [1, 2].into_iter().filter(|number| self.both || *number == 2).map(record).collect();
        let clients = ClientsOfShards::of(&plan, &records);
        let mut group = Measurement::default();
        (group.measured.counts.sent, group.measured.counts.matched) = (100, 100);
        group.measured.deliveries.messages = 100;
        let messages = Deliveries { messages: 100, ..Deliveries::default() };
        let mut rooms = RoomsMeasurement::of(vec![RoomRecord { deliveries: messages, ..RoomRecord::default() }]);
        let mut cut = CutRoomsOfShards::default();
        for (number, rooms) in (1..).zip(self.shards).filter(|(number, _)| self.both || *number == 2) {
            cut.add(number, 0, Some(Box::new(rooms)), 1);
        }
        let mut sums = [Sum::default()];
        sums[0].add(1, 0, group);
        let left = cut.resolve(&clients, &mut sums, &mut rooms);
        let [sum] = sums;
        (sum.finish(0), rooms, left)
    }

    fn with_sender(mut self, due: u32, dropped: Vec<NumberRange>, end: Option<SenderEndRecord>) -> Self {
        self.shards[0].senders = vec![SenderDeviation { sender: 0, due, dropped, end }];
        self
    }

    /// How far client 0 was heard on each shard.
    fn with_heard(mut self, ends: [u32; 2]) -> Self {
        for (shard, end) in self.shards.iter_mut().zip(ends) {
            shard.heard = vec![HeardRecord { sender: 0, end }];
        }
        self
    }
}

fn record(number: u32) -> ShardRecord {
    let clients = vec![ShardClients { first: number - 1, clients: 1 }];
    ShardRecord { number, of: 2, clients, ..sample::shard().shards[0].clone() }
}

/// Lost, damaged, undetermined, and that by plan.
fn fates(deliveries: &Deliveries) -> [u64; 4] {
    [deliveries.lost, deliveries.damaged, deliveries.undetermined, deliveries.undetermined_by_plan]
}

#[test]
fn what_was_sent_and_did_not_come_is_lost() {
    let (group, rooms, left) = Case::of([open(3, 2, MissingFate::Lost)]).resolve();
    assert_eq!((fates(&group.measured.deliveries), left), ([2, 0, 0, 0], None));
    assert_eq!(group.measured.deliveries.expected, 2);
    assert_eq!((group.measured.counts.lost, group.measured.counts.matched), (2, 98));
    let room = rooms.kept[0].deliveries;
    assert_eq!((fates(&room), room.messages, rooms.count), ([2, 0, 0, 0], 98, 1));
    let evidence = &group.evidence[0];
    assert_eq!((evidence.client, evidence.sender, evidence.sequence), (1, Some(0), Some(3)));
    assert!((evidence.at_s - 2.5).abs() < 1e-9);
}

#[test]
fn what_was_never_sent_vanishes() {
    let case = Case::of([open(0, 20, MissingFate::Lost)]).with_sender(10, vec![numbers(0, 7), numbers(8, 2)], None);
    let (group, _, left) = case.resolve();
    assert_eq!((fates(&group.measured.deliveries), group.measured.counts.lost, left), ([1, 0, 0, 0], 1, None));
}

#[test]
fn what_a_sender_wrote_before_its_end_is_undetermined() {
    for (by_plan, expected) in [(false, [2, 0, 3, 0]), (true, [2, 0, 0, 3])] {
        let end = Some(SenderEndRecord { before: 10, by_plan });
        // The highest number that came anywhere is 6.
        let case = Case::of([open(5, 15, MissingFate::Lost)]).with_sender(10, Vec::new(), end).with_heard([7, 5]);
        let (group, ..) = case.resolve();
        assert_eq!(fates(&group.measured.deliveries), expected);
        assert_eq!(group.measured.counts.undetermined + group.measured.counts.undetermined_by_plan, 3);
    }
}

#[test]
fn a_shard_that_says_nothing_heard_everything() {
    let end = Some(SenderEndRecord { before: 10, by_plan: false });
    let mut case = Case::of([open(5, 5, MissingFate::Lost)]).with_sender(10, Vec::new(), end).with_heard([7, 5]);
    case.shards[0].heard.clear();
    assert_eq!(fates(&case.resolve().0.measured.deliveries), [5, 0, 0, 0]);
    let mut case = Case::of([open(5, 5, MissingFate::Lost)]).with_sender(10, Vec::new(), end).with_heard([7, 5]);
    // It has no client in the room.
    (case.shards[0].heard, case.shards[0].rooms) = (Vec::new(), Vec::new());
    assert_eq!(fates(&case.resolve().0.measured.deliveries), [0, 0, 5, 0]);
}

#[test]
fn the_end_of_a_receiver_counts_first() {
    let end = Some(SenderEndRecord { before: 10, by_plan: false });
    let case = Case::of([open(5, 5, MissingFate::UndeterminedByPlan)]).with_sender(10, Vec::new(), end);
    assert_eq!(fates(&case.with_heard([7, 5]).resolve().0.measured.deliveries), [0, 0, 0, 5]);
}

#[test]
fn a_message_counts_once_over_shards() {
    let mut case = Case::of([open(3, 2, MissingFate::Lost)]);
    let fate = |first, messages, fate| FateRecord {
        sender: 0,
        room: 0,
        sequences: numbers(first, messages),
        measured: true,
        fate,
    };
    // Message 4 and 5 were damaged at a receiver there.
    case.shards[0].fates = vec![fate(4, 2, MissingFate::Damaged)];
    case.shards[1].fates = vec![fate(5, 2, MissingFate::Undetermined)];
    let (group, rooms, _) = case.resolve();
    let counts = group.measured.counts;
    // The sample counts none of them yet, so two damaged ones are taken back from nothing.
    assert_eq!((counts.lost, counts.damaged, counts.undetermined), (2, 1, 1));
    assert_eq!((counts.matched, rooms.kept[0].deliveries.messages), (98, 98));
}

#[test]
fn without_its_sender_a_delivery_stays_open() {
    let case = Case { both: false, ..Case::of([open(3, 2, MissingFate::Lost)]) };
    let (group, _, left) = case.resolve();
    assert_eq!(fates(&group.measured.deliveries), [0; 4]);
    assert_eq!(left.unwrap().open, [open(3, 2, MissingFate::Lost)]);
    // So it does where the list of senders is cut.
    let mut case = Case::of([open(3, 2, MissingFate::Lost)]);
    case.shards[0].senders_not_kept = 1;
    assert!(case.resolve().2.is_some());
}
