//! Random rules and connections, against a model that looks at each client at each instant.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};

use super::rig::{
    After, Connections, Event, Happened, Peer, Play, SEED, What, at, elapsed, messages, n, ns, reconnect, storm,
};
use crate::{
    clock::nanos,
    plan::{Partition, SessionLength, Sessions, Shard},
    schedule::sessions::{backoff::Backoff, storms::Storms},
};

const UNTIL: u64 = 400;

/// Where the model says that a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Opening,
    Open { since: u64, left: u64 },
    Ending(After),
    Away { back: u64, after: After },
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Client {
    place: Place,
    waits: u32,
}

struct Model<'a> {
    play: &'a Play<'a>,
    clients: Vec<Client>,
}

impl Model<'_> {
    fn run(&mut self) -> Vec<Happened> {
        let mut connections = Connections::new(self.play.peer);
        if !self.play.rules.opens_later() {
            (0..self.play.clients).for_each(|client| connections.open(client, 0));
        }
        let mut happened = Vec::new();
        for now in 0..UNTIL {
            while let Some((client, event)) = connections.take(now) {
                self.event(client, event, now);
            }
            for client in 0..self.play.clients {
                let Some(what) = self.command(client, now) else { continue };
                connections.carry_out(client, what, now);
                if what == What::Cut {
                    self.event(client, Event::Ended, now);
                }
                happened.push(Happened { at: now, client, what });
            }
            // What opens at once.
            while let Some((client, event)) = connections.take(now) {
                self.event(client, event, now);
            }
        }
        happened
    }

    fn event(&mut self, client: u32, event: Event, now: u64) {
        let place = self.clients[client as usize].place;
        match (event, place) {
            (Event::Opened, _) => {
                let left = match self.play.rules.session {
                    Some(SessionLength::Messages(messages)) => messages.get(),
                    _ => u64::MAX,
                };
                self.clients[client as usize].place = Place::Open { since: now, left };
            }
            (Event::Sent, Place::Open { since, left }) => {
                self.clients[client as usize].place = Place::Open { since, left: left.saturating_sub(1) };
            }
            (Event::Sent, _) => {}
            (Event::Failed, _) => self.away(client, After::Failure, now),
            (Event::Ended, Place::Ending(after)) => self.away(client, after, now),
            (Event::Ended, _) => self.away(client, After::Death, now),
        }
    }

    fn away(&mut self, client: u32, after: After, now: u64) {
        let stop = self.stop();
        let Client { place, waits } = &mut self.clients[client as usize];
        *place = Place::Gone;
        let Some(reconnect) = self.play.rules.reconnect.filter(|_| now < stop) else { return };
        // Nothing is open for a second here.
        let back = now + Backoff::new(&reconnect, SEED).wait(client, *waits, *waits);
        *waits += 1;
        if back < stop {
            *place = Place::Away { back, after };
        }
    }

    fn stop(&self) -> u64 {
        self.after(self.play.rules.stop).unwrap_or(u64::MAX)
    }

    fn after(&self, time: Option<Duration>) -> Option<u64> {
        Some(self.play.from + nanos(time?))
    }

    fn command(&mut self, client: u32, now: u64) -> Option<What> {
        let place = self.clients[client as usize].place;
        let (what, to) = match place {
            Place::Before | Place::Away { .. } if now >= self.stop() => {
                self.clients[client as usize].place = Place::Gone;
                return None;
            }
            Place::Open { .. } if now >= self.stop() => (What::Close, Place::Ending(After::Session)),
            Place::Before if now >= self.first(client) => (What::Open(After::Start), Place::Opening),
            Place::Away { back, after } if now >= back => (What::Open(after), Place::Opening),
            Place::Open { .. } if self.is_dropped(client, now) => (What::Cut, Place::Ending(After::Drop)),
            Place::Open { .. } if self.is_in_storm(client, now) => (What::Cut, Place::Ending(After::Storm)),
            Place::Open { since, left } if left == 0 || self.is_over(since, now) => {
                (What::Close, Place::Ending(After::Session))
            }
            _ => return None,
        };
        self.clients[client as usize].place = to;
        Some(what)
    }

    fn first(&self, client: u32) -> u64 {
        let ramp = nanos(self.play.rules.ramp.unwrap_or_default());
        let after = (ramp * u64::from(client)).div_ceil(self.play.clients.into());
        self.after(Some(self.play.rules.start.unwrap_or_default())).unwrap() + after
    }

    fn is_dropped(&self, client: u32, now: u64) -> bool {
        let Some(every) = self.play.rules.drop else { return false };
        let every = nanos(every);
        let phase = (every * u64::from(client + 1)).div_ceil(self.play.clients.into());
        (0..=UNTIL / every).any(|round| self.play.from + round * every + phase == now)
    }

    fn is_in_storm(&self, client: u32, now: u64) -> bool {
        let mut storms = Storms::new(&self.play.rules.storms, n(self.play.clients));
        self.play.rules.storms.iter().any(|_| {
            let hit = storms.wake(at(self.play.from)) == at(now) && storms.hits(client);
            storms.pass();
            hit
        })
    }

    fn is_over(&self, since: u64, now: u64) -> bool {
        let Some(SessionLength::Elapsed(length)) = self.play.rules.session else { return false };
        let length = nanos(length);
        let mut end = since + length;
        while end < self.play.from {
            end += length;
        }
        now >= end
    }
}

/// Random rules and a random world.
struct Case {
    rules: Sessions,
    clients: u32,
    from: u64,
    random: u64,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let maybe = |random: &mut Xoshiro256PlusPlus, most: u64| {
            random.random_bool(0.4).then(|| ns(random.random_range(0..most)))
        };
        let drop = random.random_bool(0.4).then(|| ns(random.random_range(1..120)));
        let (start, ramp, stop) = (maybe(&mut random, 80), maybe(&mut random, 90), maybe(&mut random, 300));
        let session = match random.random_range(0..3) {
            0 => Some(elapsed(random.random_range(1..90))),
            1 => Some(messages(random.random_range(1..9))),
            _ => None,
        };
        let back = random.random_range(1..30);
        let longest = back + random.random_range(0..200);
        let reconnect = random.random_bool(0.7).then(|| reconnect(back, longest));
        let storms =
            (0..random.random_range(0..4)).map(|_| storm(random.random_range(1..=100), random.random_range(0..300)));
        let storms = storms.collect();
        let rules = Sessions { start, stop, ramp, session, drop, storms, reconnect };
        Self { rules, clients: random.random_range(1..12), from: random.random_range(0..30), random: random.random() }
    }

    fn peer(&self, client: u32, attempt: u32) -> Peer {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.random ^ u64::from(client) << 32 ^ u64::from(attempt));
        Peer {
            opening: random.random_range(1..20),
            fails: random.random_bool(0.2),
            dies: random.random_bool(0.3).then(|| random.random_range(1..90)),
            sends: random.random_bool(0.8).then(|| random.random_range(1..20)),
            closing: random.random_range(1..15),
        }
    }
}

#[test]
fn every_client_does_what_the_model_says() {
    let mut kinds = BTreeMap::<What, u32>::new();
    for seed in 0..300 {
        let case = Case::new(seed);
        let peer = |client, attempt| case.peer(client, attempt);
        let play = Play { rules: &case.rules, clients: case.clients, from: case.from, until: UNTIL, peer: &peer };
        let place = if case.rules.opens_later() { Place::Before } else { Place::Opening };
        let clients = vec![Client { place, waits: 0 }; case.clients as usize];
        let mut expected = Model { play: &play, clients }.run();
        let mut happened = play.alone();
        expected.sort();
        happened.sort();
        assert_eq!(happened, expected, "seed {seed}: {:?}", case.rules);
        for happened in &happened {
            *kinds.entry(happened.what).or_default() += 1;
        }
    }
    assert!(kinds.len() == 8 && kinds.values().all(|times| *times > 30), "{kinds:?}");
}

#[test]
fn workers_and_shards_together_do_what_one_does() {
    for seed in 0..100 {
        let case = Case::new(seed);
        let peer = |client, attempt| case.peer(client, attempt);
        let play = Play { rules: &case.rules, clients: case.clients, from: case.from, until: UNTIL, peer: &peer };
        let mut alone = play.alone();
        alone.sort();
        for (workers, room, shards) in [(2, None, 1), (3, None, 1), (2, Some(3), 1), (1, None, 3), (2, Some(3), 4)] {
            let partition = Partition::with_rooms([(n(case.clients), room.map(n))], n(workers));
            let mut together = Vec::new();
            for number in 1..=shards {
                let partition = partition.clone().shard(Shard::new(number, shards).unwrap());
                together.extend((0..workers).flat_map(|worker| play.share(&partition.share(worker, 0))));
            }
            together.sort();
            assert_eq!(together, alone, "seed {seed}, {workers} workers, {shards} shards");
        }
    }
}
