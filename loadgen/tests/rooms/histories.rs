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
};

/// What a server does with one message at one receiver.
#[derive(Clone, Copy, Debug)]
enum ServerAction {
    Deliver,
    Drop,
    Duplicate,
    /// To a client of any room instead.
    Misroute(u32),
    Corrupt,
    /// In one event with the next that is on its way to this receiver, which may be broken.
    Join(bool),
    /// After something of nobody.
    Foreign,
    /// Together with a message that may never have been sent.
    MakeUp(u64),
}

fn action() -> impl Strategy<Value = ServerAction> {
    prop_oneof![
        30 => Just(ServerAction::Deliver),
        1 => Just(ServerAction::Drop),
        1 => Just(ServerAction::Duplicate),
        1 => (0..12_u32).prop_map(ServerAction::Misroute),
        1 => Just(ServerAction::Corrupt),
        1 => any::<bool>().prop_map(ServerAction::Join),
        1 => Just(ServerAction::Foreign),
        1 => (0..PLANNED + 3).prop_map(ServerAction::MakeUp),
    ]
}

/// What happens next.
#[derive(Clone, Copy)]
enum Step {
    /// What is due next is sent.
    Send,
    /// What is due next is dropped.
    Drop,
    /// Something that is on its way arrives: which, and what the server does with it.
    Arrive(prop::sample::Index, ServerAction),
    /// What has been on its way for longest arrives.
    ArriveInOrder(ServerAction),
    Join(u32),
    /// A client's connection ends: by plan or not.
    End(u32, bool),
}

/// In one line, so that a failing history can be read.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Send => write!(f, "send"),
            Self::Drop => write!(f, "drop"),
            Self::Arrive(index, action) => write!(f, "{}th arrives: {action:?}", index.index(100)),
            Self::ArriveInOrder(action) => write!(f, "arrives: {action:?}"),
            Self::Join(client) => write!(f, "{client} joins"),
            Self::End(client, by_plan) => write!(f, "{client} {}", if *by_plan { "is cut" } else { "dies" }),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => Just(Step::Send),
        1 => Just(Step::Drop),
        6 => (any::<prop::sample::Index>(), action()).prop_map(|(index, action)| Step::Arrive(index, action)),
        40 => action().prop_map(Step::ArriveInOrder),
        2 => (0..12_u32).prop_map(Step::Join),
        2 => prop::option::weighted(0.3, (0..12_u32, any::<bool>()))
            .prop_map(|end| end.map_or(Step::Send, |(client, by_plan)| Step::End(client, by_plan))),
    ]
}

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
        let play = Play::new(groups, workers as usize, warmup);
        let membership = play.membership.clone();
        let mut model = Model::new(workers, START.plus(warmup));
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
}
