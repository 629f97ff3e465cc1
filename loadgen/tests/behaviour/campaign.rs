//! A random campaign: what a server does wrong, how slow it is and who drives it are drawn from a
//! seed. The report of the command must be what the server's ledger of faults says by arithmetic,
//! and the exit code what the report says.
//!
//! `CAMPAIGN_SEEDS=500 cargo test -p loadgen --test behaviour -- --ignored campaign` tries more
//! than the quick suite does; `CAMPAIGN_FIRST=N` before it begins with another seed. A seed that
//! fails prints the command lines that repeat it.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use reports::{
    Report, Verdict, identities,
    model::{Anomalies, Tally},
    store,
};
use server::{Delay, DelayShape, Fault, FaultKind, Faults, Options, Stall};

use crate::rig::{Loadgen, Reference};

/// Runs at a time. Most of their time is waiting for what the server dropped.
const ABREAST: u64 = 10;

/// Messages of a run, about.
const MESSAGES: u64 = 400;

/// Much longer than an answer takes.
const DRAIN: Duration = Duration::from_secs(2);

/// A drawn server and a drawn load.
#[derive(Clone, Debug)]
struct RandomCase {
    seed: u64,
    rates: Vec<(FaultKind, f64)>,
    delay: Option<Delay>,
    stall: Option<Stall>,
    /// Of the command, without the URL.
    arguments: Vec<String>,
}

/// Kinds that leave the connection alive.
const SURVIVABLE: [FaultKind; 12] = [
    FaultKind::Drop,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Coalesce,
    FaultKind::Split,
    FaultKind::Truncate,
    FaultKind::Corrupt,
    FaultKind::WrongType,
    FaultKind::Misroute,
    FaultKind::Unexpected,
    FaultKind::FirstOnly,
    FaultKind::Late,
];

/// Kinds whose count is exact on a connection that dies later: they concern one message, and it is
/// answered.
const BEFORE_DEATH: [FaultKind; 5] =
    [FaultKind::Duplicate, FaultKind::Split, FaultKind::Corrupt, FaultKind::WrongType, FaultKind::Unexpected];

impl RandomCase {
    fn new(seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let rates = Self::rates(&mut rng);
        let shapes = [DelayShape::Fixed, DelayShape::Uniform, DelayShape::Exponential];
        let delay = rng.random_bool(0.4).then(|| Delay {
            mean: Duration::from_micros(rng.random_range(50..3_000)),
            shape: shapes[rng.random_range(0..3)],
        });
        let stall = rng.random_bool(0.25).then(|| Stall {
            after: Duration::from_millis(rng.random_range(10..150)),
            length: Duration::from_millis(rng.random_range(10..80)),
        });
        let arguments = Self::arguments(seed, &mut rng);
        Self { seed, rates, delay, stall, arguments }
    }

    /// One seed in eight does nothing wrong, one in four ends connections.
    fn rates(rng: &mut Xoshiro256PlusPlus) -> Vec<(FaultKind, f64)> {
        let percent = |rng: &mut Xoshiro256PlusPlus, most: u32| f64::from(rng.random_range(1..=most)) / 100.0;
        let mut rates = Vec::new();
        let lot = rng.random_range(0..8);
        let kinds: &[FaultKind] = match lot {
            0 => &[],
            1 | 2 => &BEFORE_DEATH,
            _ => &SURVIVABLE,
        };
        for &kind in kinds {
            if rng.random_bool(0.35) {
                rates.push((kind, percent(rng, 6)));
            }
        }
        match lot {
            1 => rates.push((FaultKind::Die, percent(rng, 3))),
            2 => rates.push((FaultKind::Close, percent(rng, 3))),
            _ => {}
        }
        rates
    }

    fn arguments(seed: u64, rng: &mut Xoshiro256PlusPlus) -> Vec<String> {
        let clients: u64 = [1, 1, 2, 3, 5, 8, 13, 21][rng.random_range(0..8)];
        let messages = MESSAGES / clients;
        let size = [53, 64, 64, 100, 125, 126, 1000, 4096][rng.random_range(0..8)];
        let kind = ["text", "binary", "mixed"][rng.random_range(0..3)];
        let engine = ["lean", "tungstenite"][rng.random_range(0..2)];
        let threads = rng.random_range(1..=clients.min(2));
        let warmup = [0, 0, 100][rng.random_range(0..3)];
        let mut line = format!(
            "-c {clients} -s {size} --payload {kind} --engine {engine} --threads {threads} --warmup {warmup}ms \
             --drain {}ms --seed {seed} --connect-rate 10k --json",
            DRAIN.as_millis()
        );
        if rng.random_bool(0.4) {
            let window = [1, 2, 8, 16][rng.random_range(0..4)];
            let _ = write!(line, " -w {window} -n {}", messages.min(60 * window));
        } else {
            // In a quarter of a second.
            let _ = write!(line, " -b {} -r {} -n {messages}", rng.random_range(1..=8), 4 * messages);
        }
        line.split(' ').map(str::to_owned).collect()
    }

    /// What to type to do the same by hand.
    fn command_lines(&self) -> String {
        let mut server = format!("server --listen 127.0.0.1:9001 --threads 1 --fault-seed {}", self.seed);
        if !self.rates.is_empty() {
            let rates: Vec<_> = self.rates.iter().map(|(kind, rate)| format!("{kind}={rate}")).collect();
            let _ = write!(server, " --fault {} --fault-ledger faults.json", rates.join(","));
        }
        if let Some(Delay { mean, shape }) = self.delay {
            let shape = format!("{shape:?}").to_lowercase();
            let _ = write!(server, " --delay {}us --delay-dist {shape}", mean.as_micros());
        }
        if let Some(Stall { after, length }) = self.stall {
            let _ = write!(server, " --stall {}ms:{}ms", after.as_millis(), length.as_millis());
        }
        format!("  {server}\n  loadgen ws://127.0.0.1:9001 {}", self.arguments.join(" "))
    }

    /// What is wrong with the report of this run, if anything is.
    fn run(&self) -> Result<(), String> {
        let faults = Faults::new(self.rates.iter().copied()).map_err(|error| error.to_string())?;
        let options = Options { faults, delay: self.delay, stall: self.stall, seed: self.seed, ..Options::default() };
        let server = Reference::start_with(options);
        let outcome = Loadgen::run(&[&[server.url()], &self.arguments[..]].concat());
        let ledger = server.finish().faults;
        let (report, judgement) = store::from_json(outcome.stdout.as_bytes())
            .map_err(|error| format!("{error}: exit code {:?}, {}", outcome.code, outcome.stderr))?;
        if outcome.code != Some(judgement.verdict.exit_code().into()) {
            return Err(format!("exit code {:?} with verdict {:?}", outcome.code, judgement.verdict));
        }
        let found = CaseOutcome { report, ledger };
        let expected = found.verdict();
        let by_machine = judgement.verdict == Verdict::Invalid
            && judgement.reasons.iter().all(|reason| reason.starts_with("generator: "));
        if judgement.verdict != expected && !(expected == Verdict::Pass && by_machine) {
            return Err(format!("{judgement:?}, expected {expected:?}: {}", found.summary()));
        }
        found.check()
    }
}

/// What the report of a run says, and what the server did meanwhile.
struct CaseOutcome {
    report: Report,
    ledger: Vec<Fault>,
}

impl CaseOutcome {
    fn n(&self, kind: FaultKind) -> u64 {
        self.ledger.iter().filter(|fault| fault.kind == kind).count() as u64
    }

    fn deaths(&self) -> u64 {
        self.n(FaultKind::Die) + self.n(FaultKind::Close)
    }

    fn verdict(&self) -> Verdict {
        if self.ledger.len() as u64 > self.deaths() {
            Verdict::Delivery
        } else if self.deaths() > 0 {
            Verdict::Connections
        } else {
            Verdict::Pass
        }
    }

    /// The counts are those of the ledger, over the warm-up and the measured phase together.
    fn check(&self) -> Result<(), String> {
        let (measured, warmup) = (&self.report.total.measured, &self.report.total.warmup);
        for tally in [measured, warmup] {
            identities(tally).map_err(|breach| format!("{breach:?}"))?;
        }
        let sum = |of: fn(&Tally) -> u64| of(measured) + of(warmup);
        let mut wrong = String::new();
        let mut compare = |name: &str, found: u64, expected: u64| {
            if found != expected {
                let _ = write!(wrong, "{name} {found}, expected {expected}; ");
            }
        };
        let anomalies = self.anomalies();
        let found = measured.anomalies.by_name().into_iter().zip(warmup.anomalies.by_name());
        for (((name, measured), (_, warmup)), (_, expected)) in found.zip(anomalies.by_name()) {
            compare(name, measured + warmup, expected);
        }
        let [lost, damaged, undetermined] = self.fates();
        compare("lost", sum(|tally| tally.counts.lost), lost);
        compare("damaged", sum(|tally| tally.counts.damaged), damaged);
        compare("misrouted", sum(|tally| tally.counts.misrouted), self.n(FaultKind::Misroute));
        if undetermined == 0 {
            compare("undetermined", sum(|tally| tally.counts.undetermined), 0);
        } else if sum(|tally| tally.counts.undetermined) < undetermined {
            compare("undetermined", sum(|tally| tally.counts.undetermined), undetermined);
        }
        let connections = &self.report.total.connections;
        compare("failed", connections.failed, 0);
        compare("died", connections.died, self.deaths());
        let kinds = [("reset", FaultKind::Die), ("closed_1011", FaultKind::Close)];
        let errors: BTreeMap<_, _> = kinds
            .into_iter()
            .map(|(name, kind)| (name.to_owned(), self.n(kind)))
            .filter(|(_, deaths)| *deaths > 0)
            .collect();
        if connections.errors != errors {
            let _ = write!(wrong, "errors {:?}, expected {errors:?}; ", connections.errors);
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong}{}", self.summary())) }
    }

    fn anomalies(&self) -> Anomalies {
        use FaultKind::{Coalesce, Corrupt, Duplicate, Misroute, Reorder, Split, Truncate, Unexpected, WrongType};
        Anomalies {
            duplicated: self.n(Duplicate),
            reordered: self.n(Reorder),
            coalesced: self.n(Coalesce),
            split: self.n(Split),
            split_pieces: 2 * self.n(Split),
            truncated: self.n(Truncate),
            corrupted: self.n(Corrupt),
            wrong_type: self.n(WrongType),
            misrouted_events: self.n(Misroute),
            unexpected: self.n(Unexpected),
            ..Anomalies::default()
        }
    }

    /// Lost, damaged, and the least that are undetermined: what each connection died of was in
    /// flight.
    fn fates(&self) -> [u64; 3] {
        use FaultKind::{Coalesce, Corrupt, Drop, FirstOnly, Late, Split, Truncate, WrongType};
        let lost = self.n(Drop) + self.n(FirstOnly) + self.n(Late);
        let damaged = 2 * self.n(Coalesce) + self.n(Split) + self.n(Truncate) + self.n(Corrupt) + self.n(WrongType);
        [lost, damaged, self.deaths()]
    }

    fn summary(&self) -> String {
        let mut kinds: BTreeMap<FaultKind, u64> = BTreeMap::new();
        self.ledger.iter().for_each(|fault| *kinds.entry(fault.kind).or_default() += 1);
        format!("server {kinds:?}, measured {:?}, warm-up {:?}", self.report.total.measured, self.report.total.warmup)
    }
}

fn campaign(first: u64, seeds: u64) {
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        break;
                    }
                    let case = RandomCase::new(seed);
                    let result = catch_unwind(AssertUnwindSafe(|| case.run()))
                        .unwrap_or_else(|_| Err("a panic, see above".to_owned()));
                    if let Err(problem) = result {
                        let text = format!("seed {seed}: {problem}\n{}", case.command_lines());
                        failed.lock().expect("no panic").push(text);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "{} of {seeds} seeds failed\n{}", failed.len(), failed.join("\n"));
}

fn variable(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: a whole number")))
}

#[test]
fn reports_are_what_random_servers_did() {
    campaign(1, 20);
}

#[test]
#[ignore = "takes minutes"]
fn reports_are_what_many_random_servers_did() {
    campaign(variable("CAMPAIGN_FIRST", 1001), variable("CAMPAIGN_SEEDS", 500));
}
