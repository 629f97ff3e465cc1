//! `loadgen ab`: pairs of runs, with servers that commands start.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use procfs::process::Process;
use rustix::process::Signal;
use serde_json::Value;

use crate::rig::{
    Behaviour, Loadgen, PATIENCE, Reference, ScriptedServer,
    server_command::{ServerVariant, server_command},
};

/// Short runs that no machine is too slow for: a closed model, and latencies far apart.
const BRIEF: &[&str] = &["-w", "1", "-c", "10", "-n", "20", "--drain", "2s"];
/// Metrics that a few messages can tell.
const MEDIAN: &[&str] = &["--gate", "p99=off", "--gate", "throughput=off", "--gate", "p50=50%"];

fn ab(a: &str, b: &str, more: &[&str]) -> Vec<String> {
    ["ab", "--a", a, "--b", b].iter().chain(BRIEF).chain(MEDIAN).chain(more).map(|&word| word.to_owned()).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("it").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn only_the_slower_server_is_a_regression() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (fast, slow) = (server_command(ServerVariant::Echoes), server_command(ServerVariant::Delays));
    let (results, page, summary) = (path("results"), path("page.html"), path("summary.md"));
    let more = ["--pairs", "4", "--max-pairs", "4", "--results", &results, "--html", &page, "--markdown", &summary];
    let outcome = Loadgen::run(&ab(&fast, &slow, &more));
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("regression"), "{}", outcome.stdout);
    assert_eq!(outcome.stderr.lines().filter(|line| line.starts_with("pair ")).count(), 4, "{}", outcome.stderr);
    let mut expected: Vec<_> = (1..=4).flat_map(|n| ["a", "b"].map(|side| format!("pair-0{n}-{side}.json"))).collect();
    expected.extend(["warm-up-a.json", "warm-up-b.json"].map(str::to_owned));
    assert_eq!(files(Path::new(&results)), expected);
    assert!(std::fs::read_to_string(page).expect("a page").to_lowercase().starts_with("<!doctype html>"));
    assert!(std::fs::read_to_string(summary).expect("a summary").contains("response.p50"));

    let again = Loadgen::run(&ab(&fast, &slow, &["--results", &results]));
    assert!(again.code == Some(2) && again.stderr.contains("an earlier comparison"), "{again:?}");

    let outcome = Loadgen::run(&ab(&slow, &fast, &["--pairs", "4", "--max-pairs", "4", "--json"]));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let json: Value = outcome.json();
    assert_eq!((&json["schema"], &json["verdict"]), (&"loadgen.ab/1".into(), &"pass".into()), "{json}");
}

#[test]
fn a_server_that_runs_already_and_one_that_loses_messages() {
    let reference = Reference::start(server::Reply::Echo);
    let outcome = Loadgen::run(&ab(&reference.url(), &server_command(ServerVariant::Drops), &["--pairs", "3"]));
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert!(outcome.stderr.contains("B: delivery violation") && outcome.stdout.contains("lost"), "{outcome:?}");
    reference.finish();
}

#[test]
fn connections_that_die_are_no_matter_of_speed() {
    let (leaves, echo) =
        (ScriptedServer::start(Behaviour::EndsTcp { after: 5 }), Reference::start(server::Reply::Echo));
    let outcome = Loadgen::run(&ab(&leaves.url(), &echo.url(), &["--pairs", "3"]));
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    assert!(
        outcome.stderr.contains("A: the target refused or lost connections") && outcome.stdout.contains("died"),
        "{outcome:?}"
    );
    echo.finish();
}

#[test]
fn servers_that_do_not_start_are_named_with_what_they_said() {
    let fast = server_command(ServerVariant::Echoes);
    let table: [(String, &[&str]); 3] = [
        (
            server_command(ServerVariant::FailsToStart),
            &["B: the server ended before it took a connection", "no \\x1b[31mlicence"],
        ),
        (
            server_command(ServerVariant::NeverListens),
            &["B: the server took no connection", "within 500 ms", "--start-timeout"],
        ),
        ("cmd:/nowhere/server {addr}".to_owned(), &["B: the server can't be started", "/nowhere/server"]),
    ];
    for (command, parts) in table {
        let outcome = Loadgen::run(&ab(&fast, &command, &["--pairs", "3", "--start-timeout", "500ms"]));
        assert_eq!(outcome.code, Some(6), "{outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_generator_that_is_none_is_named() {
    let reference = Reference::start(server::Reply::Echo);
    let url = reference.url();
    let table = [
        ("/nowhere/loadgen", "the generator `/nowhere/loadgen` can't be started"),
        ("/bin/false", "A: the generator left no result"),
    ];
    for (program, part) in table {
        let outcome = Loadgen::run(&ab(&url, &url, &["--pairs", "3", "--generator-a", program]));
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
    }
    reference.finish();
}

#[test]
fn too_few_messages_for_a_percentile_are_refused() {
    let url = "ws://127.0.0.1:9";
    let outcome = Loadgen::run(&["ab", "--a", url, "--b", url, "-c", "10", "-r", "50", "-d", "2s"]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    for part in ["response.p99", "1 000 messages", "10 000", "--duration", "--gate p99=off"] {
        assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
    }
}

#[test]
fn a_signal_ends_it_and_the_servers() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("UTF-8");
    let (a, b) = (server_command(ServerVariant::Echoes), server_command(ServerVariant::Echoes));
    let arguments = ["ab", "--a", &a, "--b", &b, "-w", "1", "-c", "1", "-d", "10m", "--results", folder];
    let loadgen = Loadgen::start(&arguments);
    // Until a server serves, whose address is in its environment.
    let is_served = || children(loadgen.pid()).iter().any(|child| child.contains("serve"));
    while !is_served() && !loadgen.has_ended() {
        thread::yield_now();
    }
    assert!(loadgen.signal(Signal::TERM));
    let pid = loadgen.pid();
    let outcome = loadgen.finish();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(outcome.stderr.contains("interrupted"), "{outcome:?}");
    assert_eq!(children(pid), [""; 0], "nothing is left");
}

/// Command lines of the processes that `parent` started, and still are.
fn children(parent: rustix::process::Pid) -> Vec<String> {
    let parent = format!(" {} ", parent.as_raw_nonzero());
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").expect("a folder").flatten() {
        let read = |name: &str| std::fs::read_to_string(process.path().join(name)).unwrap_or_default();
        // `PID (NAME) STATE PARENT ...`; the name may hold anything.
        let state = read("stat");
        if state.rsplit_once(')').is_some_and(|(_, rest)| rest[2..].starts_with(&parent)) {
            found.push(read("cmdline").replace('\0', " "));
        }
    }
    found
}

#[test]
fn refused_arguments_are_explained() {
    let url = "ws://127.0.0.1:9";
    let table: [(&[&str], &[&str]); 11] = [
        (&["--a", url], &["--b"]),
        (&["--a", "./server", "--b", url], &["--a", "'cmd:COMMAND'"]),
        (&["--a", "cmd:./server", "--b", url], &["--a", "{addr}"]),
        (&["--a", url, "--b", url, "--pairs", "2"], &["--pairs", "2 is too few", "3 are needed"]),
        (&["--a", url, "--b", url, "--max-pairs", "9"], &["--max-pairs", "9 pairs", "10 of the first"]),
        (&["--a", url, "--b", url, "--gate", "p98.=5%"], &["--gate"]),
        (&["--a", url, "--b", url, "--gate", "chat.p99=5%"], &["--gate chat.response.p99", "no group `chat`"]),
        (&["--a", url, "--b", url, "--plan", "plan.json"], &["--plan", "'plan.json'", ".toml"]),
        (&["--a", url, "--b", url, "--path", "socket"], &["--path", "'socket'", "begins with /"]),
        (&["--a", url, "--b", url, "--rate", "0"], &["--rate 0", "--gate throughput=off"]),
        (&["--a", url, "--b", url, "--json", "--markdown", "-"], &["--json and --markdown", "stdout"]),
    ];
    for (arguments, parts) in table {
        let outcome = Loadgen::run(&[&["ab"], arguments].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}: {outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
}

/// Waits until the process is gone, its being a zombie included.
fn gone(pid: i32) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let stat = Process::new(pid).and_then(|process| process.stat());
        if stat.map_or(true, |stat| stat.state == 'Z') {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn what_it_started_ends_with_it_when_it_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    // A server that started another process, and does not listen. It tells of it once the
    // comparison has had time to note that it started the server.
    let server = format!("cmd:sh -c 'sleep 600 & sleep 0.5; echo $! > {}; wait' {{addr}}", file.display());
    let loadgen = Loadgen::start(&ab(&server, &server, &["--start-timeout", "10m"]));
    let began = Instant::now();
    let pid = loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if text.ends_with('\n') {
            break text.trim().parse().expect("a process");
        }
        assert!(began.elapsed() < PATIENCE && !loadgen.has_ended(), "the server starts");
        thread::sleep(Duration::from_millis(10));
    };
    assert!(loadgen.signal(Signal::KILL));
    assert!(gone(pid), "the server outlives the comparison");
    loadgen.finish();

    let server = ScriptedServer::start(Behaviour::NeverAnswers);
    let (url, patient) = (server.url(), ["-w", "1", "-c", "1", "-n", "400", "--drain", "10m", "--pairs", "3"]);
    let loadgen = Loadgen::start(&[&["ab", "--a", &url, "--b", &url], &patient[..], MEDIAN].concat());
    server.wait_for_a_message();
    assert!(loadgen.signal(Signal::KILL));
    // It returns when all connections have ended: the generator's.
    server.finish();
    loadgen.finish();
}
