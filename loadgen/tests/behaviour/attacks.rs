//! Servers that attack: a run ends in time, with a report, and takes no more memory than a bound,
//! on either engine.
//!
//! The quick test makes each attack on one of the engines.
//! `cargo test -p loadgen --test behaviour -- --ignored attacks` makes each on both, and lets it go
//! on for seconds.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::rig::{Flood, FloodingServer, Loadgen, PATIENCE, close_frame, frame, whole};

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

/// Clients of a run.
const CLIENTS: usize = 4;

/// Name, what the server does, and the most memory that the generator may take, in MiB. Without an
/// attack it takes 15 to 25 in a build for tests.
type FloodCase = (&'static str, fn() -> Flood, u64);

/// The bytes over and over, while the server reads and answers the Close.
fn endless(frames: &[u8]) -> Flood {
    Flood { bytes: frames.repeat((64 * 1024 / frames.len()).max(1)), once: false, reads: true }
}

/// A message of so many bytes, without its last byte.
fn half(bytes: usize) -> Flood {
    let mut message = whole(BINARY, &vec![7; bytes]);
    message.pop();
    Flood { bytes: message, once: true, reads: true }
}

const CASES: &[FloodCase] = &[
    ("pings", || endless(&whole(0x89, b"")), 64),
    ("long pings", || endless(&whole(0x89, &[b'x'; 125])), 64),
    ("pings, and nothing is read", || Flood { reads: false, ..endless(&whole(0x89, &[b'x'; 125])) }, 64),
    ("pongs", || endless(&whole(0x8a, b"")), 64),
    ("empty texts", || endless(&whole(TEXT, b"")), 64),
    ("texts of a byte that may begin a message", || endless(&whole(TEXT, b"l")), 64),
    ("binaries of a byte", || endless(&whole(BINARY, b"x")), 64),
    ("a broadcast of JSON", || endless(&whole(TEXT, br#"{"type":"price","symbol":"XYZ","value":12.5}"#)), 64),
    ("texts that claim to be ours", || endless(&whole(TEXT, &[b"lg1:", [b'0'; 60].as_slice()].concat())), 64),
    ("messages of 1 KiB", || endless(&whole(BINARY, &[7; 1024])), 64),
    ("messages of the largest size", || endless(&whole(BINARY, &vec![7; 1 << 20])), 64),
    ("messages that are too large", || endless(&whole(BINARY, &vec![7; (1 << 20) + 1])), 64),
    ("empty fragments", || Flood { bytes: first_fragment(&frame(CONTINUATION, b"")), ..endless(b"x") }, 64),
    ("fragments of a byte", || Flood { bytes: first_fragment(&frame(CONTINUATION, b"x")), ..endless(b"x") }, 64),
    ("half of a message", || half(1 << 20), 64),
    ("half of a header", || Flood { bytes: vec![0x82, 127, 0, 0], once: true, reads: true }, 64),
    ("Closes", || endless(&close_frame(1013, "too busy")), 64),
    ("nothing is read, and nothing comes", || Flood { bytes: Vec::new(), once: true, reads: false }, 64),
];

/// A message that begins and never ends. What follows is sent so often that a short attack does not
/// come to its end.
fn first_fragment(next: &[u8]) -> Vec<u8> {
    [frame(0x1, b""), next.repeat((16 << 20) / next.len())].concat()
}

/// Options of a run that sends for so long, in the open or the closed model.
fn options(engine: &str, open: bool, length: &str) -> Vec<String> {
    let load: &[&str] = if open { &["-r", "200", "--burst", "4"] } else { &["-w", "16"] };
    let common = ["-c", "4", "-d", length, "--warmup", "50ms", "--drain", "100ms", "--json", "-q", "--engine", engine];
    load.iter().chain(&common).map(|&option| option.to_owned()).collect()
}

/// Runs under an attack; what is wrong with how it ended. It may take `most_longer` than its plan
/// and its drain.
fn attacked(
    &(name, attack, most): &FloodCase,
    engine: &str,
    open: bool,
    length: (&str, Duration),
    most_longer: Duration,
) -> Vec<String> {
    let server = FloodingServer::start(attack());
    let arguments = [vec![server.url()], options(engine, open, length.0)].concat();
    let started = Instant::now();
    let outcome = Loadgen::start_patiently(&arguments, length.1 + PATIENCE).finish();
    let took = started.elapsed();
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(format!("{name}, {engine}, {}: {what}", if open { "open" } else { "closed" }));
        }
    };
    if !matches!(outcome.code, Some(0 | 4 | 5 | 6)) {
        check(false, format!("{outcome:?}"));
        return wrong;
    }
    let result = outcome.json();
    let peak = result["generator"]["peak_rss_bytes"].as_u64().unwrap_or(u64::MAX) >> 20;
    check(peak <= most, format!("{peak} MiB instead of {most}"));
    check(took <= length.1 + Duration::from_millis(150) + most_longer, format!("{took:?}"));
    check(result["total"]["connections"]["opened"] == CLIENTS, format!("{}", result["total"]["connections"]));
    wrong
}

/// Makes attacks, `at_once` at a time: each on both engines, or on either in turn.
fn make_all(at_once: usize, both_engines: bool, length: (&str, Duration), most_longer: Duration) {
    // In turn, so that each engine meets attacks in both models.
    let runs = (0..2 * CASES.len())
        .map(|at| (at / 2, at % 2))
        .filter(|(case, engine)| both_engines || case / 2 % 2 == *engine);
    let runs = Mutex::new(runs);
    let wrong: Vec<String> = thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            loop {
                let Some((case, engine)) = runs.lock().expect("no panic").next() else { return wrong };
                let (name, open) = (["lean", "tungstenite"][engine], (case + engine) % 2 == 0);
                wrong.extend(attacked(&CASES[case], name, open, length, most_longer));
            }
        };
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_run_under_attack_ends_in_time_and_takes_little_memory() {
    // Five seconds on a machine that has time for it.
    make_all(4, false, ("250ms", Duration::from_millis(250)), PATIENCE);
}

#[test]
#[ignore = "takes minutes"]
fn a_run_under_a_long_attack_ends_in_time() {
    make_all(1, true, ("5s", Duration::from_secs(5)), Duration::from_secs(10));
}

#[test]
fn ctrl_c_ends_a_run_under_attack_soon() {
    for (engine, open) in [("lean", true), ("tungstenite", false)] {
        let server = FloodingServer::start(endless(&whole(TEXT, b"l")));
        let arguments = [vec![server.url()], options(engine, open, "10m")].concat();
        let loadgen = Loadgen::start(&arguments);
        // What is measured is how soon it ends once it runs; that it runs is likely by then, and no
        // condition.
        thread::sleep(Duration::from_millis(500));
        let told = Instant::now();
        assert!(loadgen.signal(Signal::INT), "it runs");
        let outcome = loadgen.finish();
        let took = told.elapsed();
        assert!(matches!(outcome.code, Some(4 | 130)), "{outcome:?}");
        // Two seconds, and as much for a machine that does other things as well.
        assert!(took < Duration::from_secs(6), "{engine}: {took:?}");
    }
}

#[test]
fn a_huge_window_is_filled_only_as_far_as_the_server_takes_it() {
    for engine in ["lean", "tungstenite"] {
        let server = FloodingServer::start(Flood { bytes: Vec::new(), once: true, reads: false });
        let url = server.url();
        let arguments = [
            url.as_str(),
            "-c",
            "2",
            "-w",
            "100000000",
            "-n",
            "100000000",
            "--warmup",
            "0s",
            "--drain",
            "100ms",
            "--json",
            "-q",
            "--engine",
            engine,
        ];
        let started = Instant::now();
        let outcome = Loadgen::run(&arguments);
        assert!(started.elapsed() < Duration::from_secs(15), "{engine}: {:?}", started.elapsed());
        let result = outcome.json();
        let peak = result["generator"]["peak_rss_bytes"].as_u64().expect("a number") >> 20;
        assert!(peak <= 96, "{engine}: {peak} MiB");
        assert!(result["total"]["counts"]["sent"].as_u64() > Some(1000), "{engine}: {}", result["total"]["counts"]);
    }
}
