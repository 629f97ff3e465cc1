//! Random plans with random peers. Whatever happens, the identities hold, and the run ends in time.

use std::{ops::Range, thread, time::Duration};

use rand::{RngExt as _, SeedableRng, rngs::StdRng};
use reports::model::SessionsMeasurement;

use super::rig::{Case, Done, GroupCase, MILLI, START, at, closed_model, open_model};
use crate::{
    engine::simulated::{EndScript, Fault, OpeningScript, PeerScript, Script},
    plan::{Expect, Jitter, Reconnect, SessionLength, Sessions, Storm, Until},
};

/// Longest time that a run may take beyond what is planned, in milliseconds.
const OVERTIME: u64 = 10_000;

struct Draw(StdRng);

impl Draw {
    fn of(&mut self, range: Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    fn small(&mut self, most: u32) -> u32 {
        self.0.random_range(1..=most)
    }

    /// True one time in so many.
    fn one_in(&mut self, times: u32) -> bool {
        self.0.random_ratio(1, times)
    }

    fn fault(&mut self) -> Fault {
        match self.of(0..7) {
            0 => Fault::Lose,
            1 => Fault::Duplicate,
            2 => Fault::Repeat(self.of(0..200) * MILLI),
            3 => Fault::Corrupt,
            4 => Fault::Misroute(usize::try_from(self.of(0..8)).unwrap()),
            5 => Fault::Delay(self.of(0..200) * MILLI),
            _ => Fault::Withhold(self.of(0..200) * MILLI),
        }
    }

    fn peer(&mut self) -> PeerScript {
        let mut peer = PeerScript { delay: self.of(1..50_000_000), ..PeerScript::default() };
        if self.one_in(8) {
            peer.openings = vec![match self.of(0..3) {
                0 => OpeningScript::Opens(self.of(0..900) * MILLI),
                1 => OpeningScript::Fails(self.of(0..900) * MILLI, "refused"),
                _ => OpeningScript::TimesOut,
            }];
        }
        if self.one_in(3) {
            for _ in 0..self.of(1..6) {
                let message = self.of(0..30);
                peer.faults.insert(message, self.fault());
            }
        }
        if self.one_in(8) {
            peer.silent_from = at(START + self.of(0..400));
        }
        if self.one_in(6) {
            let end = [
                EndScript::Close(1000),
                EndScript::Close(1011),
                EndScript::Reset,
                EndScript::Eof,
                EndScript::ProtocolError,
            ];
            let end = end[usize::try_from(self.of(0..5)).unwrap()];
            peer.ends = vec![(at(START - 200 + self.of(0..800)), end)];
        }
        if self.one_in(6) {
            let from = START + self.of(0..300);
            (peer.unread, peer.buffer) = (vec![at(from)..at(from + self.of(1..300))], self.of(0..1_000));
        }
        peer.close = (!self.one_in(30)).then(|| self.of(0..300) * MILLI);
        peer
    }

    fn group(&mut self) -> GroupCase {
        let clients = self.small(5);
        let mut group = if self.one_in(2) {
            open_model(clients, self.of(5..80), self.small(5), self.small(12))
        } else {
            closed_model(clients, self.small(6))
        };
        group.expect = match self.of(0..6) {
            0 => Expect::Count,
            1 => Expect::Reply("yes".to_owned()),
            _ => Expect::Echo,
        };
        group
    }

    fn case(&mut self) -> Case {
        let group = self.group();
        let peers = (0..self.of(1..6)).map(|_| self.peer()).collect();
        let mut case = Case::new(group, peers);
        if self.one_in(3) {
            let other = self.group();
            case.groups.push(other);
        }
        case.warmup = self.of(0..3) * 50;
        case.drain = self.of(0..4) * 100;
        case.connect_rate = if self.one_in(2) { 10_000.0 } else { 50.0 };
        case.may_spin = self.one_in(2);
        case.until = if self.one_in(2) {
            Until::Elapsed(Duration::from_millis(self.of(0..300)))
        } else {
            Until::Messages(self.of(1..20).try_into().unwrap())
        };
        if self.one_in(4) {
            case.stop = Some(self.of(0..2 * START));
        }
        let stops = (0..self.of(0..3)).map(|_| (at(self.of(0..2 * START)), self.of(1..300) * MILLI)).collect();
        case.script = Script { stops, work: self.of(100..20_000), ..case.script };
        case
    }
}

/// The longest that the planned load may take, in milliseconds.
fn longest(case: &Case) -> u64 {
    match case.until {
        Until::Elapsed(duration) => u64::try_from(duration.as_millis()).unwrap(),
        // A message a turn, each as slow as can be.
        Until::Messages(messages) => messages.get() * 80 + 1_000,
    }
}

fn run(seed: u64) -> (Case, Done) {
    let case = Draw(StdRng::seed_from_u64(seed)).case();
    let done = case.run();
    (case, done)
}

/// Lets the clients of some groups come and go.
fn with_sessions(draw: &mut Draw, case: &mut Case) {
    for group in &mut case.groups {
        let wait = draw.of(1..60);
        let mut time = |one_in| draw.one_in(one_in).then(|| Duration::from_millis(draw.of(1..400)));
        let reconnect =
            Reconnect { min: Duration::from_millis(wait), max: Duration::from_millis(4 * wait), jitter: Jitter::Full };
        group.sessions = Sessions {
            start: time(5),
            stop: time(5),
            ramp: time(5),
            session: time(2).map(SessionLength::Elapsed),
            drop: time(4),
            storms: Vec::new(),
            reconnect: time(3).is_none().then_some(reconnect),
        };
        if draw.one_in(4) {
            group.sessions.session = Some(SessionLength::Messages(draw.of(1..8).try_into().unwrap()));
        }
        for _ in 0..draw.of(0..3) {
            let share = draw.small(1_000_000).try_into().unwrap();
            group.sessions.storms.push(Storm { share, at: Duration::from_millis(draw.of(0..500)) });
        }
    }
    case.until = Until::Elapsed(Duration::from_millis(draw.of(50..600)));
}

/// What happened where clients come and go: sessions that were closed, cut, died and were open at
/// the end, attempts that failed and that were given up, deaths whose client returned.
fn sessions(seeds: Range<u64>) -> [u64; 7] {
    let mut happened = [0; 7];
    for seed in seeds {
        let mut draw = Draw(StdRng::seed_from_u64(seed));
        let mut case = draw.case();
        with_sessions(&mut draw, &mut case);
        let done = case.run();
        let latest = START + case.warmup + longest(&case) + case.drain + OVERTIME;
        assert!(done.ended <= latest, "seed {seed} ended at {} of {latest}: {case:?}", done.ended);
        for group in &done.outcome.groups {
            let counts = group.sessions.counts;
            let SessionsMeasurement { closed_by_plan, cut_by_plan, open_at_end, returned, .. } = counts;
            let found = [closed_by_plan, cut_by_plan, group.connections.died, open_at_end];
            let attempts = [counts.failed_attempts, counts.given_up, returned];
            for (sum, count) in happened.iter_mut().zip(found.into_iter().chain(attempts)) {
                *sum += count;
            }
        }
    }
    happened
}

#[test]
fn whoever_comes_and_goes_the_identities_hold() {
    let halves = [0..500, 500..1_000].map(|seeds| thread::spawn(move || sessions(seeds)));
    for half in halves {
        let happened = half.join().unwrap();
        assert!(
            happened.iter().zip([500, 300, 80, 300, 80, 3, 20]).all(|(&often, least)| often > least),
            "{happened:?}"
        );
    }
}

/// What happened in some histories: messages sent, dropped, lost; connections died and failed.
fn histories(seeds: Range<u64>) -> [u64; 5] {
    let mut happened = [0; 5];
    for seed in seeds {
        let (case, done) = run(seed);
        let latest = START + case.warmup + longest(&case) + case.drain + OVERTIME;
        assert!(done.ended <= latest, "seed {seed} ended at {} of {latest}: {case:?}", done.ended);
        let clients: u64 = case.groups.iter().map(|group| u64::from(group.clients)).sum();
        let opened: u64 = done.outcome.groups.iter().map(|group| group.connections.opened).sum();
        assert_eq!(done.connected, Some(opened), "seed {seed}");
        assert!(opened <= clients);
        for group in &done.outcome.groups {
            let [warmup, measured] = [group.recorder.warmup.counts, group.recorder.measured.counts];
            happened[0] += warmup.sent + measured.sent;
            happened[1] += warmup.dropped + measured.dropped;
            happened[2] += warmup.lost + measured.lost;
            happened[3] += group.connections.died;
            happened[4] += group.connections.failed;
        }
    }
    happened
}

#[test]
fn whatever_happens_the_identities_hold() {
    let halves = [0..500, 500..1_000].map(|seeds| thread::spawn(move || histories(seeds)));
    for half in halves {
        let happened = half.join().unwrap();
        // Each of these happens often, so that the identities say something.
        let enough = happened.iter().zip([20_000, 3_000, 500, 80, 80]).all(|(&often, least)| often > least);
        assert!(enough, "{happened:?}");
    }
}

#[test]
fn equal_seeds_are_equal_histories() {
    for seed in 0..20 {
        let [first, second] = [run(seed).1, run(seed).1];
        assert_eq!((first.ended, first.all()), (second.ended, second.all()), "{seed}");
    }
}
