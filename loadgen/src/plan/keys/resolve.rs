//! Keys become a plan, and a plan becomes keys.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::{
    ClientRate, Condition, DialogueKeys, ExpectKeys, FileName, GeneratorKeys, GroupKeys, LengthKeys, LoadKeys,
    MessageKeys, Name, NamedGroupKeys, Number, OpenLoadKeys, PlanKeys, PositiveTime, RoomKeys, RunKeys, Seed,
    SessionKeys, StageKey, TargetKey, Time, VerdictKeys, WireKeys, connect, content::absolute,
};
use crate::{
    message::{Data, DataError, Template},
    plan::{
        Arrivals, Expect, Group, GroupName, Load, Messages, Plan, PlanError, RatePlan, RunOptions, Spacing, Target,
        Until,
    },
    secrets::bare,
};

impl PlanKeys {
    /// The plan that the keys ask for. What is absent has its default.
    ///
    /// # Errors
    /// The keys do not fit together (see [`Plan::new`]), a file that they name can't be read, or a
    /// text is no template.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        let alone = [NamedGroupKeys::default()];
        let named = if self.group.is_empty() { &alone[..] } else { &self.group[..] };
        let groups = named.iter().enumerate().map(|(index, group)| {
            let given = group.name.map(|Name(name)| name);
            let name = given.unwrap_or_else(|| default_name(index, named.len()));
            let keys = group.keys.clone().over(self.defaults.clone());
            keys.group(name).map_err(|error| PlanError { group: Some(index), ..error })
        });
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        Plan::new(self.run.clone().options(&groups), groups)
    }

    /// All keys of a plan, as they have to be for the same plan.
    pub fn of(plan: &Plan) -> Self {
        let group = |group: &Group| NamedGroupKeys { name: Some(Name(group.name)), keys: GroupKeys::of(group) };
        Self {
            run: RunKeys::of(plan.run()),
            defaults: GroupKeys::default(),
            group: plan.groups().iter().map(group).collect(),
        }
    }

    /// The keys as TOML.
    ///
    /// # Panics
    /// Never: each value is one that TOML has.
    pub fn to_toml(&self) -> String {
        toml_edit::ser::to_string_pretty(self).expect("each value is one that TOML has")
    }

    /// The keys without user-info and query of targets, and without the values of header fields.
    #[must_use]
    pub fn masked(mut self) -> Self {
        for keys in self.group.iter_mut().map(|group| &mut group.keys).chain([&mut self.defaults]) {
            // What cannot be parsed any more is left out.
            if let Some(TargetKey(urls)) = &mut keys.target {
                *urls = std::mem::take(urls).iter().filter_map(|url| bare(url.as_str()).parse().ok()).collect();
            }
            keys.target = keys.target.take().filter(|TargetKey(urls)| !urls.is_empty());
            let secrets = [&mut keys.connect.proxy_auth, &mut keys.request.basic_auth, &mut keys.request.bearer];
            secrets.into_iter().flatten().for_each(|secret| *secret = secret.masked());
            for field in keys.request.header.iter_mut().flatten() {
                *field = field.masked();
            }
        }
        self
    }
}

/// The name of a group without one: beside others, by its place.
fn default_name(index: usize, groups: usize) -> GroupName {
    let name = (groups > 1).then(|| format!("group-{}", index + 1).parse().ok());
    name.flatten().unwrap_or_default()
}

impl RunKeys {
    /// What all groups share. Stages end a run whose length is not given, and loads that begin with
    /// the measured phase need no warm-up.
    fn options(self, groups: &[Group]) -> RunOptions {
        let Self {
            length: LengthKeys { duration, messages, warmup, drain },
            generator: GeneratorKeys { seed, connect_rate, threads, engine },
            verdict: VerdictKeys { threshold, stop_on_miss, only_delivery },
        } = self;
        let default = RunOptions::default();
        let stages = groups.iter().filter_map(|group| group.load.stages_length()).max();
        let duration = duration.map(|PositiveTime(duration)| duration).or(stages);
        let elapsed = duration.map_or(default.until, Until::Elapsed);
        // A number of messages is counted from the first one on.
        let begins_cold = messages.is_some()
            || groups.iter().any(|group| group.load.stages_length().is_some() || group.sessions.opens_later());
        let warmed = if begins_cold { Duration::ZERO } else { default.warmup };
        RunOptions {
            warmup: warmup.map_or(warmed, |Time(warmup)| warmup),
            until: messages.map_or(elapsed, |Number(messages)| Until::Messages(messages)),
            drain: drain.map_or(default.drain, |Time(drain)| drain),
            connect_rate: connect_rate.unwrap_or(default.connect_rate),
            engine: engine.unwrap_or(default.engine),
            threads: threads.map(|Number(threads)| threads),
            server_threads: None,
            seed: seed.map(|Seed(seed)| seed),
            shard: None,
            start: None,
            thresholds: threshold.into_iter().flatten().map(|Condition(threshold)| threshold).collect(),
            stop_on_miss: stop_on_miss.map(|PositiveTime(time)| time),
            only_delivery: only_delivery.unwrap_or(default.only_delivery),
        }
    }

    /// All keys of these options, but those that have no default.
    fn of(run: &RunOptions) -> Self {
        let (duration, messages) = match run.until {
            Until::Elapsed(duration) => (Some(PositiveTime(duration)), None),
            Until::Messages(messages) => (None, Some(Number(messages))),
        };
        let threshold: Vec<_> = run.thresholds.iter().cloned().map(Condition).collect();
        Self {
            length: LengthKeys { duration, messages, warmup: Some(Time(run.warmup)), drain: Some(Time(run.drain)) },
            generator: GeneratorKeys {
                seed: run.seed.map(Seed),
                connect_rate: Some(run.connect_rate),
                threads: run.threads.map(Number),
                engine: Some(run.engine),
            },
            verdict: VerdictKeys {
                threshold: Some(threshold).filter(|threshold| !threshold.is_empty()),
                stop_on_miss: run.stop_on_miss.map(PositiveTime),
                only_delivery: Some(run.only_delivery),
            },
        }
    }
}

impl GroupKeys {
    /// Finds keys that mean nothing beside the others.
    fn rate_has_what_it_needs(&self) -> Result<(), PlanError> {
        if let Some(Time(think)) = self.load.think.filter(|_| self.load.window.is_none()) {
            let why = "it is for clients that wait for replies; give --window, too".to_owned();
            return Err(PlanError::new(None, "think", humantime::format_duration(think), why));
        }
        let bounds = [("burst", self.load.burst), ("max_in_flight", self.open.max_in_flight)];
        match bounds.into_iter().find_map(|(key, bound)| Some((key, bound?))) {
            Some((key, bound)) if self.load.rate == Some(ClientRate(None)) => {
                let why = "with --rate 0, clients send nothing; leave it out";
                Err(PlanError::new(None, key, bound, why.to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn group(self, name: GroupName) -> Result<Group, PlanError> {
        self.rate_has_what_it_needs()?;
        let default = Group::default();
        let Self { target, load, open, mut message, expect, dialogue, rooms, sessions, wire, connect, request, tls } =
            self;
        let data = message.data.take().map(|FileName(path)| {
            let failed = |error: DataError| PlanError::new(None, "data", path.display(), error.to_string());
            Data::read(&path).map(Arc::new).map_err(failed)
        });
        let messages = message.messages()?;
        Ok(Group {
            name,
            target: target.map_or(Target::Embedded, TargetKey::target),
            connect: connect::connect(connect, request, tls)?,
            clients: load.clients.map_or(default.clients, |Number(clients)| clients),
            load: load.load(open)?,
            data: data.transpose()?,
            expect: expect.expect.unwrap_or_else(|| default_expect(&messages)),
            order: expect.order,
            until: expect.until,
            batched: expect.batched.unwrap_or(default.batched),
            messages,
            dialogue: dialogue.dialogue()?,
            rooms: rooms.rooms()?,
            sessions: sessions.sessions(),
            wire_shape: wire.shape(),
            ping: wire.ping(),
            read: wire.read(),
        })
    }

    /// All keys of a group, but those that have no default.
    fn of(group: &Group) -> Self {
        let (connect, request, tls) = connect::keys(&group.connect);
        let mut keys = Self {
            target: TargetKey::of(&group.target),
            load: LoadKeys { clients: Some(Number(group.clients)), ..LoadKeys::default() },
            open: OpenLoadKeys::default(),
            message: MessageKeys {
                data: group.data.as_ref().map(|data| FileName(absolute(data.path()))),
                ..MessageKeys::of(&group.messages)
            },
            expect: ExpectKeys {
                expect: Some(group.expect.clone()),
                order: group.order,
                until: group.until.clone(),
                batched: Some(group.batched),
            },
            dialogue: DialogueKeys::of(&group.dialogue),
            rooms: group.rooms.as_ref().map(RoomKeys::of).unwrap_or_default(),
            sessions: SessionKeys::of(&group.sessions),
            wire: WireKeys::of(group.wire_shape, group.ping, group.read),
            connect,
            request,
            tls,
        };
        match &group.load {
            &Load::Open { ref arrivals, burst, max_in_flight } => {
                match &arrivals.rate {
                    RatePlan::Constant(rate) => keys.load.rate = Some(ClientRate(Some(*rate))),
                    RatePlan::Stages(stages) => {
                        keys.load.stage = Some(stages.iter().copied().map(StageKey).collect());
                    }
                }
                keys.open.arrival = (arrivals.spacing != Spacing::default()).then_some(arrivals.spacing);
                keys.load.burst = Some(Number(burst));
                keys.open.max_in_flight = Some(Number(max_in_flight));
            }
            Load::Closed { window, think } => {
                keys.load.window = Some(Number(*window));
                keys.load.think = (!think.is_zero()).then_some(Time(*think));
            }
            Load::Listen => keys.load.rate = Some(ClientRate(None)),
        }
        keys
    }
}

/// What messages must bring back if nothing is said of it.
fn default_expect(messages: &Messages) -> Expect {
    match messages {
        Messages::Templates(templates) if templates.iter().all(Template::has_mark) => Expect::Mark,
        _ => Expect::default(),
    }
}

impl LoadKeys {
    fn load(self, open: OpenLoadKeys) -> Result<Load, PlanError> {
        let number = |given: Option<Number<NonZeroU32>>, default| given.map_or(default, |Number(number)| number);
        let stages = self.stage.map(|stages| stages.into_iter().map(|StageKey(stage)| stage).collect::<Arc<[_]>>());
        if stages.as_ref().is_some_and(|stages| stages.is_empty()) {
            let why = "the list is empty; leave it out for a constant rate".to_owned();
            return Err(PlanError { group: None, key: "stage", value: None, why });
        }
        let think = self.think.map_or(Duration::ZERO, |Time(think)| think);
        Ok(match (self.window, self.rate, Load::default()) {
            (Some(Number(window)), ..) => Load::Closed { window, think },
            (None, Some(ClientRate(None)), _) => Load::Listen,
            (None, given, Load::Open { arrivals, burst, max_in_flight }) => Load::Open {
                arrivals: Arrivals {
                    rate: match (stages, given) {
                        (Some(stages), _) => RatePlan::Stages(stages),
                        (None, Some(ClientRate(Some(rate)))) => RatePlan::Constant(rate),
                        (None, _) => arrivals.rate,
                    },
                    spacing: open.arrival.unwrap_or_default(),
                },
                burst: number(self.burst, burst),
                max_in_flight: number(open.max_in_flight, max_in_flight),
            },
            (None, _, other @ (Load::Closed { .. } | Load::Listen)) => other,
        })
    }
}
