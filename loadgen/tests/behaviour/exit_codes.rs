//! One situation has one exit code, however often it is made, on either engine, and beside whatever
//! else the machine does.
//!
//! `cargo test -p loadgen --test behaviour -- --ignored exit_codes` makes each of them fifty times
//! beside busy loops.

use std::{
    collections::BTreeMap,
    hint,
    num::NonZeroUsize,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::process::Signal;
use server::{Delay, DelayShape, Options};

use crate::rig::{BadHandshake, BadHandshakeServer, Behaviour, Loadgen, Reference, ScriptedServer, close_frame};

/// A situation: what it is, its exit code, and what makes it once, with these further options, and
/// says how it ended.
type Situation = (&'static str, i32, fn(&[&str]) -> Option<i32>);

/// A closed model, which no machine is too slow for.
const BRIEF: &[&str] = &["-w", "1", "-c", "2", "-n", "20", "--drain", "300ms"];

/// An open model, which a busy machine is too slow for.
const OPEN: &[&str] = &["-c", "4", "-r", "200", "-n", "40", "--warmup", "0s", "--drain", "5s"];

const SITUATIONS: &[Situation] = &[
    ("everything comes back", 0, |more| scripted(Behaviour::Echo, &[BRIEF, more].concat())),
    ("a threshold is missed by far", 1, slow),
    ("no such option", 2, |more| code(&[&["ws://127.0.0.1:1", "--clients", "none"], more].concat())),
    ("messages are lost", 4, |more| scripted(Behaviour::DropsEveryThird, &[BRIEF, more].concat())),
    ("messages are corrupted", 4, |more| scripted(Behaviour::Corrupts, &[BRIEF, more].concat())),
    ("nothing listens", 6, |more| bad_handshake(BadHandshake::NotListening, more)),
    ("the handshake is refused", 6, |more| bad_handshake(BadHandshake::Sends(BUSY), more)),
    ("every connection is closed at once", 6, |more| {
        scripted(Behaviour::SendsAtOnce { bytes: close_frame(1013, "try again later") }, &[BRIEF, more].concat())
    }),
    ("every connection is closed in order, but before an answer", 6, |more| {
        scripted(Behaviour::SendsAtOnce { bytes: close_frame(1000, "bye") }, &[BRIEF, more].concat())
    }),
    ("one answer, then a close in order", 0, |more| {
        let bytes = close_frame(1000, "done");
        scripted(
            Behaviour::SendsAfterTheFirst { bytes },
            &[&["-w", "1", "-c", "2", "-n", "1", "--drain", "2s"], more].concat(),
        )
    }),
    ("half of the connections end during the run", 6, |more| {
        each(|index| if index % 2 == 0 { Behaviour::Echo } else { Behaviour::Resets { after: 5 } }, more)
    }),
    ("all connections end during the run", 6, |more| {
        scripted(Behaviour::EndsTcp { after: 5 }, &[BRIEF, more].concat())
    }),
    ("one connection loses messages, another ends", 4, |more| {
        each(|index| if index % 2 == 0 { Behaviour::DropsEveryThird } else { Behaviour::EndsTcp { after: 5 } }, more)
    }),
    ("Ctrl-C", 130, |more| interrupted(Behaviour::Echo, &[&["-d", "10m", "--warmup", "0s"], more].concat())),
    ("Ctrl-C while messages are lost", 4, |more| {
        interrupted(
            Behaviour::NeverAnswers,
            &[&["-w", "2", "-d", "10m", "--warmup", "0s", "--drain", "100ms"], more].concat(),
        )
    }),
    ("delivery alone is judged, beside busy loops", 0, |more| {
        let server = Reference::start_with(Options::default());
        beside_busy_loops(|| code(&[&[server.url().as_str(), "--only-delivery"], OPEN, more].concat()))
    }),
];

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n";

fn code(arguments: &[&str]) -> Option<i32> {
    Loadgen::run(arguments).code
}

fn scripted(behaviour: Behaviour, arguments: &[&str]) -> Option<i32> {
    let server = ScriptedServer::start(behaviour);
    code(&[&[server.url().as_str()], arguments].concat())
}

fn each(behaviour: fn(usize) -> Behaviour, more: &[&str]) -> Option<i32> {
    let server = ScriptedServer::start_each(behaviour);
    code(&[&[server.url().as_str()], BRIEF, more].concat())
}

fn bad_handshake(handshake: BadHandshake, more: &[&str]) -> Option<i32> {
    let server = BadHandshakeServer::start(handshake);
    code(&[&[server.url.as_str()], BRIEF, more].concat())
}

/// Each answer takes fifty times as long as it may.
fn slow(more: &[&str]) -> Option<i32> {
    let delay = Delay { mean: Duration::from_millis(50), shape: DelayShape::Fixed };
    let server = Reference::start_with(Options { delay: Some(delay), ..Options::default() });
    let plan = ["-w", "1", "-c", "2", "-n", "4", "--threshold", "p50<1ms"];
    code(&[&[server.url().as_str()], &plan[..], more].concat())
}

fn interrupted(behaviour: Behaviour, arguments: &[&str]) -> Option<i32> {
    let server = ScriptedServer::start(behaviour);
    let loadgen = Loadgen::start(&[&[server.url().as_str(), "-c", "2"], arguments].concat());
    server.wait_for_a_message();
    assert!(loadgen.signal(Signal::INT), "it runs");
    loadgen.finish().code
}

/// Keeps every core busy while `act` is at work.
fn beside_busy_loops<R>(act: impl FnOnce() -> R) -> R {
    /// Ends the loops, also when a test fails.
    struct StopOnDrop<'a>(&'a AtomicBool);
    impl Drop for StopOnDrop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = StopOnDrop(&over);
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        act()
    })
}

/// Makes each situation so often, several situations at a time, and compares.
fn make_each(times: usize) {
    let wrong = Mutex::new(BTreeMap::new());
    let make_some = |situations: &[Situation]| {
        for &(name, expected, make) in situations {
            for turn in 0..times {
                let engine = ["lean", "tungstenite"][turn % 2];
                let found = make(&["--engine", engine, "-q"]);
                if found != Some(expected) {
                    *wrong.lock().expect("no panic").entry((name, engine, expected, found)).or_insert(0) += 1;
                }
            }
        }
    };
    thread::scope(|scope| {
        for situations in SITUATIONS.chunks(SITUATIONS.len().div_ceil(4)) {
            let make_some = &make_some;
            scope.spawn(move || make_some(situations));
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "situation, engine, expected, found: times\n{wrong:#?}");
}

#[test]
fn each_situation_has_one_exit_code() {
    make_each(3);
}

#[test]
#[ignore = "takes minutes"]
fn each_situation_has_one_exit_code_on_a_busy_machine() {
    beside_busy_loops(|| make_each(50));
}
