//! Random histories: what clients send, and what servers do with it that drop, double, reorder,
//! misroute, damage, join and keep messages, while clients come and go.

use std::collections::{BTreeMap, BTreeSet};

use loadgen::{
    clock::Time,
    plan::{Group, OwnCopy, Rooms},
    rooms::FateCounts,
};
use proptest::prelude::*;
use reports::model::Order;

use crate::{
    model::{Client, Event, Message, Model, Session},
    rig::{self, PLANNED, Play, RUN, START, mark, seconds},
    shards,
    steps::{ServerAction, Step, step},
};

fn own() -> impl Strategy<Value = OwnCopy> {
    prop::sample::select(vec![OwnCopy::Expect, OwnCopy::Refuse, OwnCopy::Allow])
}

/// What groups differ in.
fn kind() -> impl Strategy<Value = (OwnCopy, bool, bool, bool)> {
    (own(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.8))
}

fn of_kind(group: Group, (own, batched, durable, keeps_order): (OwnCopy, bool, bool, bool)) -> Group {
    let rooms = group.rooms.map(|rooms| Rooms { own, durable, ..rooms });
    Group { batched, order: (!keeps_order).then_some(Order::Any), rooms, ..group }
}

/// Groups that share rooms by number. The first publishes.
fn groups() -> impl Strategy<Value = Vec<Group>> {
    let first = (1..4_u32, 2..4_u32, prop::option::of(1..3_u32), kind());
    let second = prop::option::of((1..6_u32, 2..4_u32, 0..2_u32, kind()));
    (first, second).prop_map(|((rooms, size, publishers, kind), second)| {
        let mut groups = vec![of_kind(rig::group(rooms * size, size, publishers, kind.0), kind)];
        if let Some((clients, size, publishers, kind)) = second {
            let clients = clients.min(rooms * size);
            let group = of_kind(rig::group(clients, size, Some(publishers), kind.0), kind);
            groups.push(Group { name: "others".parse().unwrap(), ..group });
        }
        groups
    })
}

/// A run that goes on in the ledgers and in the model.
struct Run {
    play: Play,
    model: Model,
    now: Time,
    /// What is due, in the order of its time.
    agenda: BTreeMap<(Time, u32), u64>,
    /// What is on its way: message and receiver.
    on_its_way: Vec<(Message, u32)>,
    /// What the server keeps for clients that are away, if it does that.
    stored: Option<Vec<(Message, u32)>>,
    clients: u32,
}

impl Run {
    fn new(groups: &[Group], workers: u32, warmup: u64, late: &BTreeSet<u32>, stores: bool) -> Self {
        Self::of(Play::new(groups, workers as usize, warmup), groups, workers, late, stores)
    }

    /// Each worker is a shard.
    fn over_shards(groups: &[Group], shards: u32, warmup: u64, late: &BTreeSet<u32>) -> Self {
        let play = Play::new(groups, 1, warmup).over_shards(&shards::clients_of_shards(groups, shards));
        // What one process would know.
        Self::of(play, groups, 1, late, false)
    }

    fn of(play: Play, groups: &[Group], workers: u32, late: &BTreeSet<u32>, stores: bool) -> Self {
        let membership = play.membership.clone();
        let mut model = Model::new(workers, play.timetable.measured_from());
        let mut agenda = BTreeMap::new();
        for client in 0..membership.clients() {
            let Group { rooms, batched, order, .. } = &groups[membership.group(client)];
            let Rooms { own, durable, .. } = *rooms.as_ref().unwrap();
            let (room, keeps_order) = (membership.room(client).unwrap(), *order != Some(Order::Any));
            let sessions = Vec::new();
            model.clients.push(Client { room, own, batched: *batched, keeps_order, durable, sessions });
            let Some(number) = membership.publisher_number(client) else { continue };
            let publisher = membership.publisher(number);
            model.publishers.insert(client);
            for sequence in 0..PLANNED {
                let due = play.timetable.due(publisher.group as usize, publisher.rank, sequence);
                model.due.insert((client, sequence), due);
                agenda.insert((due, client), sequence);
            }
        }
        let mut run = Self {
            play,
            model,
            now: Time::default(),
            agenda,
            on_its_way: Vec::new(),
            stored: stores.then(Vec::new),
            clients: membership.clients(),
        };
        (0..run.clients).filter(|client| !late.contains(client)).for_each(|client| run.join(client));
        run.play.begin();
        run.now = START;
        run
    }

    fn is_present(&self, client: u32) -> bool {
        client < self.clients && self.model.clients[client as usize].is_present()
    }

    fn join(&mut self, client: u32) {
        if client >= self.clients || self.is_present(client) {
            return;
        }
        self.now = self.now.plus(1_000);
        self.model.clients[client as usize].sessions.push(Session { joined: self.now, end: None });
        self.play.joined(client, self.now);
        if let Some(stored) = &mut self.stored {
            self.on_its_way.extend(stored.extract_if(.., |(_, receiver)| *receiver == client));
        }
    }

    fn end(&mut self, client: u32, by_plan: bool) {
        if !self.is_present(client) {
            return;
        }
        self.now = self.now.plus(1_000);
        let due = self.play.next_sequence(client);
        let session = self.model.clients[client as usize].sessions.last_mut().unwrap();
        session.end = Some((self.now, by_plan, due));
        self.play.ended(client, self.now, by_plan);
        let on_its_way = self.on_its_way.extract_if(.., |(_, receiver)| *receiver == client);
        let stored = on_its_way.collect::<Vec<_>>();
        self.stored.iter_mut().for_each(|all| all.extend(&stored));
    }

    fn send(&mut self, dropped: bool) {
        let Some(((due, client), sequence)) = self.agenda.pop_first() else { return };
        self.now = self.now.max(due);
        let sender = &self.model.clients[client as usize];
        if dropped || (!sender.is_present() && !sender.sessions.is_empty()) {
            assert_eq!(self.play.dropped(client), sequence);
            return;
        }
        assert_eq!(self.play.sent(client), sequence);
        self.model.sent.insert((client, sequence));
        let refused = sender.own == OwnCopy::Refuse;
        for &member in self.play.membership.members(sender.room) {
            let of = &self.model.clients[member as usize];
            if (member == client && refused) || of.sessions.is_empty() {
                continue;
            }
            let delivery = ((client, sequence), member);
            if of.is_present() {
                self.on_its_way.push(delivery);
            } else {
                self.stored.iter_mut().for_each(|stored| stored.push(delivery));
            }
        }
    }

    fn event(&mut self, receiver: u32, event: &Event) {
        if receiver >= self.clients || self.model.clients[receiver as usize].away().is_some() {
            return;
        }
        self.now = self.now.plus(1_000);
        let whole = |(client, sequence): Message| mark(RUN, client, sequence);
        let broken = |message| {
            let mut mark = whole(message);
            mark[7] = if mark[7] == b'0' { b'1' } else { b'0' };
            mark
        };
        let bytes = match *event {
            Event::Whole(message) => whole(message),
            Event::Broken(message) => broken(message),
            Event::Two(one, other, is_broken) => {
                [whole(one), b" ".to_vec(), if is_broken { broken(other) } else { whole(other) }].concat()
            }
            Event::Foreign => b"nobody sent this".to_vec(),
        };
        self.model.received(receiver, event, self.now);
        self.play.received(receiver, &bytes, self.now);
    }

    fn arrive(&mut self, index: usize, action: ServerAction) {
        let (message, receiver) = self.on_its_way.remove(index);
        match action {
            ServerAction::Deliver => self.event(receiver, &Event::Whole(message)),
            ServerAction::Drop => {}
            ServerAction::Duplicate => {
                self.event(receiver, &Event::Whole(message));
                self.event(receiver, &Event::Whole(message));
            }
            ServerAction::Misroute(other) => self.event(other, &Event::Whole(message)),
            ServerAction::Corrupt => self.event(receiver, &Event::Broken(message)),
            ServerAction::Join(is_broken) => {
                let next = self.on_its_way.iter().position(|(_, other)| *other == receiver);
                let other = next.map_or(message, |next| self.on_its_way.remove(next).0);
                self.event(receiver, &Event::Two(message, other, is_broken && message != other));
            }
            ServerAction::Foreign => {
                self.event(receiver, &Event::Foreign);
                self.event(receiver, &Event::Whole(message));
            }
            ServerAction::MakeUp(sequence) => {
                self.event(receiver, &Event::Whole((message.0, sequence)));
                self.event(receiver, &Event::Whole(message));
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send => self.send(false),
            Step::Drop => self.send(true),
            Step::Join(client) => self.join(client),
            Step::End(client, by_plan) => self.end(client, by_plan),
            Step::Arrive(..) | Step::ArriveInOrder(_) if self.on_its_way.is_empty() => {}
            Step::Arrive(index, action) => self.arrive(index.index(self.on_its_way.len()), action),
            Step::ArriveInOrder(action) => self.arrive(0, action),
        }
    }

    /// Ends the load of shards, and compares what a merge of their results says.
    fn check_merged(mut self, groups: &[Group], shards: u32, drain: &[Step], cut: bool) -> Result<(), TestCaseError> {
        self.play.begin_drain();
        self.model.draining = true;
        for step in drain.iter().filter(|step| !matches!(step, Step::Send | Step::Drop)) {
            self.step(*step);
        }
        self.play.settle(cut);
        self.model.settle(cut);
        let expected = self.model.expected;
        let merged = shards::merged(self.play, groups, shards);
        prop_assert_eq!(merged.counts.nonzero(), expected.counts.nonzero());
        prop_assert_eq!(merged.messages, expected.messages);
        for (number, room) in &merged.rooms {
            let of = room.deliveries;
            let fates = [of.matched, of.lost, of.damaged, of.undetermined, of.undetermined_by_plan];
            let told = [&fates[..], &[room.duplicated, room.reordered, room.misrouted]].concat();
            let expected = expected.rooms.get(number).copied().unwrap_or_default();
            prop_assert_eq!(&told[..], &expected[..told.len()], "room {}", number);
        }
        prop_assert_eq!(merged.report.total.rooms.count, merged.rooms.len() as u64);
        Ok(())
    }

    /// Ends the load, and compares what all say.
    fn check(mut self, drain: &[Step], after: &[Step], cut_short: bool) -> Result<(), TestCaseError> {
        let outstanding = self.play.begin_drain();
        self.model.draining = true;
        prop_assert_eq!(outstanding, self.model.outstanding());
        for step in drain.iter().filter(|step| !matches!(step, Step::Send | Step::Drop)) {
            self.step(*step);
            prop_assert_eq!(self.play.outstanding(), self.model.outstanding());
        }
        self.play.settle(cut_short);
        self.model.settle(cut_short);
        for step in after.iter().filter(|step| matches!(step, Step::ArriveInOrder(ServerAction::Duplicate))) {
            self.step(*step);
        }
        let Model { expected, sent, .. } = self.model;
        let played = self.play.finish();
        prop_assert_eq!(played.counts.nonzero(), expected.counts.nonzero());
        for (name, sum) in &expected.counts.told {
            prop_assert_eq!(played.counts.told.get(name), Some(sum), "which deliveries are {}", name);
        }
        let by_fate = |fates: FateCounts| [fates.lost, fates.damaged, fates.undetermined, fates.undetermined_by_plan];
        let messages = played.messages.map(by_fate);
        prop_assert_eq!(messages, expected.messages);
        prop_assert_eq!(played.receivers, expected.receivers);
        for (room, counts) in &played.rooms {
            let fates = [counts.matched, counts.lost, counts.damaged, counts.undetermined, counts.undetermined_by_plan];
            let found = [counts.duplicated, counts.reordered, counts.misrouted];
            let told = [&fates[..], &found, &[counts.replayed, counts.lost_away]].concat();
            prop_assert_eq!(&told[..], &expected.rooms.get(room).copied().unwrap_or_default()[..], "room {}", room);
        }
        // A message that was never sent may have been heard by all receivers of a worker before it
        // knew.
        let heard = played.heard.iter().filter(|heard| sent.contains(&(heard.sender, heard.sequence.into())));
        let heard = heard.map(|heard| ((heard.sender, u64::from(heard.sequence)), (heard.first, heard.last)));
        prop_assert_eq!(heard.collect::<Vec<_>>(), expected.heard.into_iter().collect::<Vec<_>>());
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 3_000, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn histories_are_told_as_the_model_knows_them(
        groups in groups(),
        workers in 1..4_u32,
        warmup in prop::option::of(1..5_u64),
        late in prop::collection::btree_set(0..12_u32, 0..3),
        load in prop::collection::vec(step(), 1..300),
        drain in prop::collection::vec(step(), 0..60),
        after in prop::collection::vec(step(), 0..20),
        cut_short in prop::bool::weighted(0.1),
        stores in any::<bool>(),
    ) {
        let membership = loadgen::rooms::Membership::of(&groups);
        prop_assume!(membership.is_ok());
        let mut run = Run::new(&groups, workers, warmup.map_or(0, seconds), &late, stores);
        for step in load {
            run.step(step);
        }
        run.check(&drain, &after, cut_short)?;
    }
    #[test]
    fn merged_shards_tell_what_one_process_tells(
        groups in groups(),
        shards in 2..5_u32,
        warmup in prop::option::of(1..5_u64),
        absent in prop::collection::btree_set(0..12_u32, 0..2),
        load in prop::collection::vec(step(), 1..300),
        drain in prop::collection::vec(step(), 0..60),
        cut_short in prop::bool::weighted(0.1),
    ) {
        // Two clocks can't tell what is due while a client is away.
        let stays = |group: Group| Group { rooms: group.rooms.map(|rooms| Rooms { durable: false, ..rooms }), ..group };
        let groups: Vec<Group> = groups.into_iter().map(stays).collect();
        let membership = loadgen::rooms::Membership::of(&groups);
        prop_assume!(membership.is_ok());
        let mut run = Run::over_shards(&groups, shards, warmup.map_or(0, seconds), &absent);
        let is_known = |step: &Step| match step {
            Step::Join(_) => false,
            // What was never sent is known on its sender's shard only.
            Step::Arrive(_, action) | Step::ArriveInOrder(action) => !matches!(action, ServerAction::MakeUp(_)),
            _ => true,
        };
        let steps = |steps: Vec<Step>| steps.into_iter().filter(is_known).collect::<Vec<_>>();
        for step in steps(load) {
            run.step(step);
        }
        run.check_merged(&groups, shards, &steps(drain), cut_short)?;
    }
}
