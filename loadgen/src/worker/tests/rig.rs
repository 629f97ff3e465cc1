//! Builds a worker with simulated peers, runs it, and checks what must hold of every run.

use std::{
    num::{NonZeroU32, NonZeroU64},
    sync::{Arc, atomic::Ordering, mpsc::channel},
    time::Duration,
};

use descriptors::Table;
use reports::{
    identities,
    judge::session_identities,
    model::{Connections, Counts, Dropped, IntervalConnections, Measurement, SessionsMeasurement},
};

use crate::{
    clock::{Clock as _, SimulatedClock, Time},
    dialogue::Script,
    engine::simulated::{self, PeerScript, Simulated},
    ledger::Expectation,
    message::{Mix, Payload, Place, Source, Template, Templates, Values},
    plan::{Arrivals, Dialogue, Expect, Group, Load, Partition, Rate, RoomBy, Rooms, Sessions, Until},
    rooms::Membership,
    transport::source_addresses::SourceAddresses,
    worker::{
        Control, GroupConfig, GroupOutcome, LiveCounters, RunLink, RunRooms, Worker, WorkerConfig, WorkerEvent,
        WorkerOutcome,
    },
};

pub(super) const MILLI: u64 = 1_000_000;

/// When the run begins, if all connections were tried before.
pub(super) const START: u64 = 1_000;

pub(super) fn at(millis: u64) -> Time {
    Time::from_nanos(millis * MILLI)
}

pub(super) fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

/// A run of one worker. All times are milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) groups: Vec<GroupCase>,
    pub(super) script: simulated::Script,
    pub(super) warmup: u64,
    pub(super) until: Until,
    pub(super) drain: u64,
    /// New connections a second.
    pub(super) connect_rate: f64,
    pub(super) timeout: u64,
    /// When the run is told to stop.
    pub(super) stop: Option<u64>,
    /// The run asks for what there is so far.
    pub(super) tells_so_far: bool,
    /// When the run ends the load.
    pub(super) end_load: Option<u64>,
    pub(super) may_spin: bool,
    /// Workers of the run, of which this is the first, and how many others have no connection.
    pub(super) workers: u32,
    pub(super) others_without: u32,
    /// When the other workers have said what they have to say of rooms, if they have something.
    pub(super) others_say: Option<u64>,
    /// The others know when messages in rooms are due.
    pub(super) others_begin: bool,
}

/// A group of clients.
#[derive(Clone, Debug)]
pub(super) struct GroupCase {
    pub(super) clients: u32,
    pub(super) load: Load,
    pub(super) expect: Expect,
    pub(super) size: u32,
    /// What is sent instead of generated messages, in turn.
    pub(super) templates: &'static [&'static str],
    pub(super) dialogue: Dialogue,
    pub(super) rooms: Option<Rooms>,
    pub(super) sessions: Sessions,
    pub(super) ping: Option<u64>,
    /// Bytes a second.
    pub(super) read: Option<u64>,
}

/// What a worker recorded, and when it was done.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) outcome: WorkerOutcome,
    /// In milliseconds, rounded up.
    pub(super) ended: u64,
    /// Opened connections, as the run was told; none if it was not.
    pub(super) connected: Option<u64>,
    /// Messages matched in each finished second of the first group.
    pub(super) seconds: Vec<u64>,
    /// Who was present at the end of each of them, and the attempts in it.
    pub(super) presence: Vec<IntervalConnections>,
    /// What it handed over while the load went on.
    pub(super) so_far: Vec<WorkerOutcome>,
}

/// Each client sends `burst` messages every `every` milliseconds, and may have `cap` in flight.
pub(super) fn open_model(clients: u32, every: u64, burst: u32, cap: u32) -> GroupCase {
    let rate = Rate::new(f64::from(burst) * 1000.0 / every as f64).unwrap();
    let load = Load::Open { arrivals: Arrivals::even(rate), burst: n(burst), max_in_flight: n(cap) };
    let (dialogue, sessions) = (Dialogue::default(), Sessions::default());
    GroupCase {
        clients,
        load,
        expect: Expect::Echo,
        size: 64,
        templates: &[],
        dialogue,
        rooms: None,
        sessions,
        ping: None,
        read: None,
    }
}

/// Each client keeps `window` messages in flight.
pub(super) fn closed_model(clients: u32, window: u32) -> GroupCase {
    GroupCase { load: Load::Closed { window: n(window), think: Duration::ZERO }, ..open_model(clients, 1000, 1, 1) }
}

impl GroupCase {
    fn source(&self, values: &Arc<Values>) -> Source {
        if self.templates.is_empty() {
            return Payload::new(7, self.size, Mix::Mixed).into();
        }
        let bind = |text: &&str| values.bind(&text.parse().unwrap(), Place::Message).unwrap();
        Source::Templates(Templates::new(self.templates.iter().map(bind).collect()))
    }
}

impl Case {
    /// One group with these peers: 200 ms of warm-up, 1 s measured, 500 ms of drain at most.
    pub(super) fn new(group: GroupCase, peers: Vec<PeerScript>) -> Self {
        Self {
            groups: vec![group],
            script: simulated::Script { peers, work: 1_000, ..simulated::Script::default() },
            warmup: 200,
            until: Until::Elapsed(Duration::from_secs(1)),
            drain: 500,
            connect_rate: 10_000.0,
            timeout: 800,
            stop: None,
            tells_so_far: false,
            end_load: None,
            may_spin: false,
            workers: 1,
            others_without: 0,
            others_say: None,
            others_begin: true,
        }
    }

    /// Each client sends this many messages instead.
    pub(super) fn messages(self, messages: u64) -> Self {
        Self { until: Until::Messages(NonZeroU64::new(messages).unwrap()), ..self }
    }

    /// Runs the worker on its own, and checks what must hold of every run.
    pub(super) fn run(&self) -> Done {
        let done = self.run_unchecked();
        done.check();
        done
    }

    pub(super) fn run_unchecked(&self) -> Done {
        let clock = SimulatedClock::default();
        let config = self.config();
        let clients = config.partition.clients_of(0);
        let control = Arc::new(Control::default());
        control.without_connections.store(self.others_without, Ordering::Relaxed);
        if self.others_begin {
            control.begun.store(self.workers - 1, Ordering::Relaxed);
        }
        let started = Arc::clone(&control);
        // The run gives a head start.
        clock.set_alarm(at(START - 20), move || started.begin(at(START)));
        if let Some(say) = self.others_say {
            let (others, control) = (self.workers - 1, Arc::clone(&control));
            clock.set_alarm(at(say), move || {
                for _ in 0..others {
                    control.sent.publish(Vec::new());
                    control.arrived.publish(Vec::new());
                }
            });
        }
        if let Some(stop) = self.stop {
            let stopped = Arc::clone(&control);
            clock.set_alarm(at(stop), move || stopped.stop());
        }
        if let Some(end) = self.end_load {
            let ended = Arc::clone(&control);
            clock.set_alarm(at(end), move || ended.end_load());
        }
        let (sender, events) = channel();
        let link = RunLink::new(control, Arc::new(LiveCounters::default()), sender);
        let route = |group: &GroupCase| {
            let mut route = simulated::route(Duration::from_millis(self.timeout));
            route.limits.read_at_most = group.read.and_then(|rate| NonZeroU32::new(u32::try_from(rate / 10).ok()?));
            route
        };
        let routes = self.groups.iter().map(route).collect();
        let engine = Simulated::new(clients, clock.clone(), self.script.clone());
        let outcome = Worker::new(config, routes, engine, clock.clone(), link).run();
        let (mut connected, mut seconds, mut presence, mut so_far) = (None, Vec::new(), Vec::new(), Vec::new());
        for event in events.try_iter() {
            match event {
                WorkerEvent::Connected(opened) => connected = Some(opened),
                WorkerEvent::SoFar { outcome, .. } => so_far.push(*outcome),
                WorkerEvent::Second { group: 0, row } => {
                    seconds.push(row.matched);
                    presence.push(row.connections);
                }
                WorkerEvent::Second { .. } | WorkerEvent::Connections { .. } => {}
            }
        }
        Done { outcome, ended: clock.now().as_nanos().div_ceil(MILLI), connected, seconds, presence, so_far }
    }

    fn config(&self) -> WorkerConfig {
        let sizes = self.groups.iter().map(|group| (n(group.clients), room_size(group.rooms.as_ref())));
        let partition = Partition::with_rooms(sizes, n(self.workers));
        let clients = partition.total();
        let of_group = |group: &GroupCase| {
            let values = Values::new(7, clients, 0, None).with_captures(&group.dialogue.captures);
            let values = Arc::new(values);
            let bind = |template: &Template| values.bind(template, Place::Connection).unwrap();
            GroupConfig {
                clients: n(group.clients),
                load: group.load.clone(),
                script: Script::of(&group.dialogue, bind).map(Arc::new),
                expectation: Expectation::new(group.source(&values), &group.expect, clients),
                largest_message: group.size as usize,
                sessions: group.sessions.clone(),
                ping: group.ping.map(Duration::from_millis),
                read: group.read.and_then(NonZeroU64::new),
                insecure: false,
                source: SourceAddresses::System,
            }
        };
        WorkerConfig {
            worker: 0,
            seed: 7,
            groups: self.groups.iter().map(of_group).collect(),
            rooms: self.rooms(&partition),
            partition,
            warmup: self.warmup * MILLI,
            until: self.until,
            drain: self.drain * MILLI,
            connect_rate: Rate::new(self.connect_rate).unwrap(),
            may_spin: self.may_spin,
            tells_so_far: self.tells_so_far,
            waits_for_start: false,
            table: Table::Shared,
        }
    }

    /// Who hears whom.
    fn rooms(&self, partition: &Partition) -> Option<Arc<RunRooms>> {
        let group = |group: &GroupCase| Group {
            clients: n(group.clients),
            load: group.load.clone(),
            expect: group.expect.clone(),
            rooms: group.rooms.clone(),
            ..Group::default()
        };
        let groups: Vec<_> = self.groups.iter().map(group).collect();
        let membership = Membership::of(&groups).unwrap()?;
        Some(Arc::new(RunRooms::new(membership, &groups, 7, partition)))
    }
}

fn room_size(rooms: Option<&Rooms>) -> Option<NonZeroU32> {
    match rooms?.by {
        RoomBy::Size(size) => Some(size),
        RoomBy::Name(_) => None,
    }
}

impl Done {
    pub(super) fn group(&self, group: usize) -> &GroupOutcome {
        &self.outcome.groups[group]
    }

    /// Counts of the warm-up and of the measured phase of the first group.
    pub(super) fn counts(&self) -> [Counts; 2] {
        [self.group(0).recorder.warmup.counts, self.group(0).recorder.measured.counts]
    }

    /// Counts of both phases together.
    pub(super) fn all(&self) -> Counts {
        let [a, b] = self.counts();
        Counts {
            scheduled: a.scheduled + b.scheduled,
            sent: a.sent + b.sent,
            dropped: a.dropped + b.dropped,
            matched: a.matched + b.matched,
            lost: a.lost + b.lost,
            damaged: a.damaged + b.damaged,
            misrouted: a.misrouted + b.misrouted,
            undetermined: a.undetermined + b.undetermined,
            undetermined_by_plan: a.undetermined_by_plan + b.undetermined_by_plan,
            events: a.events + b.events,
        }
    }

    /// Drops of the measured phase of the first group: in-flight cap, dead connection, behind
    /// schedule.
    pub(super) fn drops(&self) -> [u64; 3] {
        let Dropped { in_flight_cap, dead_connection, behind_schedule, .. } = self.group(0).recorder.measured.dropped;
        [in_flight_cap, dead_connection, behind_schedule]
    }

    /// Connections of the first group: opened, failed, died.
    pub(super) fn connections(&self) -> [u64; 3] {
        let Connections { opened, failed, died, .. } = self.group(0).connections;
        [opened, failed, died]
    }

    /// Sessions of the first group.
    pub(super) fn sessions(&self) -> SessionsMeasurement {
        self.group(0).sessions.counts
    }

    /// Ends of connections of the first group, by kind.
    pub(super) fn ends(&self) -> Vec<(&str, u64)> {
        self.group(0).sessions.ends.iter().map(|end| (end.kind.as_str(), end.connections)).collect()
    }

    /// Kinds of failures and deaths of the first group.
    pub(super) fn kinds(&self) -> Vec<(&str, u64)> {
        self.group(0).connections.errors.iter().map(|(kind, count)| (kind.as_str(), *count)).collect()
    }

    /// From the start of the warm-up to the ends of the measured phase, in milliseconds, rounded
    /// down.
    pub(super) fn window(&self) -> (u64, u64) {
        let window = self.outcome.window;
        (window.from.since(at(START)) / MILLI, window.to.since(at(START)) / MILLI)
    }

    /// Checks what holds of every run of one worker.
    fn check(&self) {
        for group in &self.outcome.groups {
            let Connections { requested, opened, failed, died, errors, .. } = &group.connections;
            let sessions = &group.sessions.counts;
            assert!(died <= opened);
            if sessions.is_empty() {
                assert_eq!(*requested, opened + failed, "each connection was tried once");
                assert_eq!(errors.values().sum::<u64>(), failed + died);
            } else {
                let measurement = Measurement {
                    connections: group.connections.clone(),
                    sessions: *sessions,
                    ..Measurement::default()
                };
                assert_eq!(session_identities(&measurement), Ok(()));
                let interrupted = errors.get("interrupted").copied().unwrap_or(0);
                assert_eq!(errors.values().sum::<u64>(), sessions.failed_attempts + died + interrupted);
                assert!(failed <= requested);
            }
            let ends: u64 = group.sessions.ends.iter().map(|end| end.connections).sum();
            assert_eq!(ends, *opened, "each connection ended in one way: {:?}", group.sessions.ends);
            for tally in [group.recorder.warmup, group.recorder.measured] {
                // What became of messages to rooms is known once all workers are done.
                if self.outcome.rooms.is_some() {
                    continue;
                }
                assert_eq!(identities(&tally), Ok(()));
                let counts = tally.counts;
                let undetermined = counts.undetermined + counts.undetermined_by_plan;
                let fates = counts.matched + counts.lost + counts.damaged + undetermined;
                assert_eq!((counts.sent, counts.misrouted), (fates, 0), "a fate for each message: {counts:?}");
            }
        }
        let window = self.outcome.window;
        assert!(window.from <= window.to);
        assert!(self.outcome.spun <= self.outcome.cpu || self.outcome.cpu == 0);
    }
}
