//! The generator against the reference server on loopback: messages per second of its processor
//! time on each engine, beside the least that a client can do in the same run; the main job on the
//! lean engine. The server beside one on tokio-tungstenite, both driven by that least client.
//! TLS and compression beside neither. Memory a client and a connection of the server.
//!
//! How much processor time a hypervisor took meanwhile stands behind a row, from a hundredth on.
//!
//! `cargo bench --bench loopback`; `-- --quick` for one short round; `-- servers` for one of its
//! parts: closed, open, layers, servers, memory; `-- 50x16` for the row of the closed model with 50
//! clients and a window of 16. Ratios hold on a machine whose speed drifts, since they take turns;
//! absolute figures don't.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod clock;
mod floor;
mod layers;
mod memory;
mod reference;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use clock::{StolenTime, ThreadClock};
use floor::FloorCost;
use loadgen::{
    Run, RunError,
    message::Mix,
    plan::{
        Arrivals, Connect, EngineKind, Group, Load, Messages, Plan, Rate, RunOptions, ServerUrl, Sizes, Target, Until,
    },
};
use reports::{Quantiles, Report, model::Measurement};

/// What a run of the bench does. What is set beside each other takes `turns` turns in a round, and
/// what counts is the sum of a round: turns are so short that both get their share of a machine's
/// good and bad seconds.
#[derive(Clone, Copy, Debug)]
struct LoopbackScale {
    rounds: usize,
    turns: usize,
    turn: Duration,
    many_clients: u32,
}

const FULL: LoopbackScale =
    LoopbackScale { rounds: 5, turns: 5, turn: Duration::from_millis(400), many_clients: 10_000 };
const QUICK: LoopbackScale = LoopbackScale { rounds: 1, turns: 1, turn: Duration::from_millis(200), many_clients: 500 };

impl LoopbackScale {
    /// A round of what takes no turns.
    fn round(self) -> Duration {
        self.turn * u32::try_from(self.turns).unwrap_or(u32::MAX)
    }
}

/// In the order of the columns.
const ENGINES: [EngineKind; 2] = [EngineKind::Tungstenite, EngineKind::Lean];

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let Some(result) = memory::child(&args) {
        return result;
    }
    let scale = if args.iter().any(|arg| arg == "--quick" || arg == "--test") { QUICK } else { FULL };
    let named: Vec<_> = args.iter().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| *name == part);
    let server = serve_with(server::Options::default())?;
    let rows = [(50, 1), (50, 16), (1000, 1), (1000, 16)];
    let rows: Vec<_> = rows.into_iter().filter(|(c, w)| wanted("closed") || wanted(&format!("{c}x{w}"))).collect();
    if !rows.is_empty() {
        println!(
            "closed model, {} B, 1 worker thread; messages per processor second, median of {}\n",
            floor::SIZE,
            scale.rounds
        );
        println!(
            "clients  window         floor   tungstenite          lean   beside the floor (least to most), beside tungstenite"
        );
        for (clients, window) in rows {
            closed(server, scale, clients, window)?;
        }
        println!();
    }
    if wanted("open") {
        println!("open model against the embedded server, lean engine, median of {}\n", scale.rounds);
        open(scale, 1000, 50.0)?;
        open(scale, 10, 100.0)?;
        println!();
    }
    if wanted("layers") {
        println!(
            "lean engine, 50 clients, 1 worker thread; millions of messages a processor second with 16 in flight, and \n\
             thousands of connections, median of {} (beside neither)\n",
            scale.rounds
        );
        layers::messages(scale)?;
        layers::openings(scale)?;
        println!();
    }
    if wanted("servers") {
        println!("servers of one thread driven by the floor; messages per second, median of {}\n", scale.rounds);
        println!(
            "clients  window   tungstenite        server   beside tungstenite (least to most), the same a processor second"
        );
        let tungstenite = reference::serve()?;
        for (clients, window) in [(50, 1), (50, 16), (1000, 16)] {
            servers(server, tungstenite, scale, clients, window)?;
        }
        println!();
    }
    if wanted("memory") {
        for layer in layers::MEMORY {
            memory::of_clients(layer, 10, scale.many_clients)?;
        }
        memory::of_connections(10, scale.many_clients)?;
    }
    Ok(())
}

/// A reference server on a thread of this process; it lives as long as the bench.
fn serve_with(options: server::Options) -> io::Result<SocketAddr> {
    let listener = server::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = server::Options { threads: NonZeroUsize::MIN, ..options };
    std::thread::spawn(move || runtime.block_on(server::run(listener, options, std::future::pending())));
    Ok(address)
}

fn closed(server: SocketAddr, scale: LoopbackScale, clients: u32, window: u32) -> Result<()> {
    let (mut floors, mut of_engine) = (Vec::new(), [const { Vec::new() }; 2]);
    let stolen = StolenTime::watch();
    for _ in 0..scale.rounds {
        let (mut floor, mut engines) = (FloorCost::default(), [FloorCost::default(); 2]);
        for _ in 0..scale.turns {
            floor += floor::run(server, clients as usize, window as usize, scale.turn, clock::own)?;
            for (engine, cost) in ENGINES.into_iter().zip(&mut engines) {
                let load = Load::Closed { window: count(window), think: Duration::ZERO };
                let plan = plan(engine, Target::Url(url(server)?), clients, load, scale.turn);
                let Report { total: Measurement { traffic, .. }, generator, measured_s, .. } = generate(&plan)?;
                *cost += FloorCost { messages: traffic.matched_in_window, cpu_s: generator.cpu_s, took_s: measured_s };
            }
        }
        floors.push(floor.per_cpu_second());
        for (costs, cost) in of_engine.iter_mut().zip(engines) {
            costs.push(cost.per_cpu_second());
        }
    }
    let [mut tungstenite, mut lean] = of_engine;
    let shown = [beside(&tungstenite, &floors), beside(&lean, &floors)];
    let gain = median(&mut ratios(&lean, &tungstenite));
    println!(
        "{clients:7} {window:7} {:13.0} {:13.0} {:13.0}   tungstenite {}, lean {}, {gain:.2}{stolen}",
        median(&mut floors),
        median(&mut tungstenite),
        median(&mut lean),
        shown[0],
        shown[1],
    );
    Ok(())
}

fn servers(
    ours: SocketAddr,
    theirs: SocketAddr,
    scale: LoopbackScale,
    clients: usize,
    window: usize,
) -> io::Result<()> {
    // Whose threads are there when they answer.
    for address in [ours, theirs] {
        floor::FloorConnection::open(address)?;
    }
    // The name that `server` gives its first thread.
    let (our_cpu, their_cpu) = (ThreadClock::of("server-0")?, ThreadClock::of(reference::THREAD)?);
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    let stolen = StolenTime::watch();
    for _ in 0..scale.rounds {
        let mut round = [FloorCost::default(); 2];
        for _ in 0..scale.turns {
            round[0] += floor::run(theirs, clients, window, scale.turn, || their_cpu.now())?;
            round[1] += floor::run(ours, clients, window, scale.turn, || our_cpu.now())?;
        }
        of_theirs.push(round[0]);
        of_ours.push(round[1]);
    }
    let each =
        |costs: &[FloorCost], rate: fn(FloorCost) -> f64| -> Vec<f64> { costs.iter().copied().map(rate).collect() };
    let (mut ours, mut theirs) = (each(&of_ours, FloorCost::per_second), each(&of_theirs, FloorCost::per_second));
    let (speed, thrift) = (
        beside(&ours, &theirs),
        beside(&each(&of_ours, FloorCost::per_cpu_second), &each(&of_theirs, FloorCost::per_cpu_second)),
    );
    println!(
        "{clients:7} {window:7} {:13.0} {:13.0}   {speed}, {thrift}{stolen}",
        median(&mut theirs),
        median(&mut ours)
    );
    Ok(())
}

/// The ratios of two servers or generators in the same round, which were measured right behind each
/// other.
fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

/// The ratios in words: their median, least and most.
fn beside(ours: &[f64], theirs: &[f64]) -> String {
    let mut ratios = ratios(ours, theirs);
    let (least, most) = (percentile(&mut ratios, 0.0), percentile(&mut ratios, 1.0));
    format!("{:.2} ({least:.2} to {most:.2})", median(&mut ratios))
}

fn open(scale: LoopbackScale, clients: u32, rate: f64) -> Result<()> {
    let rate_per_client = Rate::new(rate).ok_or("not a rate")?;
    let load = Load::Open { arrivals: Arrivals::even(rate_per_client), burst: count(5), max_in_flight: count(10_000) };
    let plan = plan(EngineKind::Lean, Target::Embedded, clients, load, scale.round());
    let (mut response, mut service, mut lag) = (Vec::new(), Vec::new(), Vec::new());
    let stolen = StolenTime::watch();
    for _ in 0..scale.rounds {
        let report = generate(&plan)?;
        let micros = |nanos: Option<u64>| nanos.unwrap_or(0) as f64 / 1e3;
        response.push(micros(Quantiles::of(&report.total.latency.response).p50));
        service.push(micros(Quantiles::of(&report.total.latency.service).p50));
        lag.push(micros(Quantiles::of(&report.total.latency.send_lag).p99));
    }
    println!(
        "{clients} clients x {rate}/s: response p50 {:.1} µs, service p50 {:.1} µs, send lag p99 {:.1} µs{stolen}",
        median(&mut response),
        median(&mut service),
        median(&mut lag),
    );
    Ok(())
}

/// Runs a plan; everything must come back.
fn generate(plan: &Plan) -> std::result::Result<Report, RunError> {
    let report = Run::of(plan).start()?;
    let counts = report.total.measured.counts;
    assert_eq!(counts.sent, counts.matched, "every message must come back: {counts:?}");
    Ok(report)
}

fn plan(engine: EngineKind, target: Target, clients: u32, load: Load, duration: Duration) -> Plan {
    let size = u32::try_from(floor::SIZE).expect("a small number");
    let group = group(target, load, size, Connect::default());
    plan_of(engine, Group { clients: count(clients), ..group }, duration)
}

fn group(target: Target, load: Load, size: u32, connect: Connect) -> Group {
    let messages = Messages::Generated { sizes: Sizes::Fixed(size), mix: Mix::default() };
    Group { target, load, messages, connect, ..Group::default() }
}

fn plan_of(engine: EngineKind, group: Group, duration: Duration) -> Plan {
    let run = RunOptions {
        warmup: duration / 10,
        until: Until::Elapsed(duration),
        connect_rate: Rate::new(5000.0).expect("a rate"),
        engine,
        threads: Some(NonZeroUsize::MIN),
        server_threads: Some(NonZeroUsize::MIN),
        seed: Some(1),
        ..RunOptions::default()
    };
    Plan::new(run, vec![group]).expect("it fits together")
}

fn url(server: SocketAddr) -> Result<ServerUrl> {
    Ok(format!("ws://{server}/").parse()?)
}

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("counts here are over 0")
}

fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}

fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    // An index within the slice.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = ((values.len() - 1) as f64 * share) as usize;
    values[index]
}
