//! `loadgen kubernetes`: which manifest it writes, and what it refuses. The tests of peers read it
//! with programs that others wrote.

use std::fs;

use crate::rig::{CommandOutput, Loadgen};

/// Until then, no test has a start in the past.
const START: [&str; 2] = ["--start-at", "2099-01-31T12:00:00Z"];

fn kubernetes(arguments: &[&str]) -> CommandOutput {
    let common = ["kubernetes", "--image", "registry.example.org/loadgen:0.1"];
    let is_timed = arguments.iter().any(|argument| argument.starts_with("--start"));
    Loadgen::run(&[&common[..], arguments, if is_timed { &[] } else { &START[..] }].concat())
}

/// The manifest without the one line that depends on when it is made.
fn manifest(outcome: &CommandOutput) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout.split_inclusive('\n').filter(|line| !line.contains("activeDeadlineSeconds")).collect()
}

#[test]
fn a_plan_becomes_a_job() {
    let options = ["--shards", "20", "-c", "1000", "--namespace", "load", "--name", "chat", "--threshold", "lost==0"];
    let outcome = kubernetes(&[&["ws://chat.example.org/socket"][..], &options, &["--bearer", "env:HOME"]].concat());
    insta::assert_snapshot!("kubernetes_job", manifest(&outcome));
    // What to do, and what it will be.
    for part in ["kubectl -n load create -f job.yaml", "loadgen merge - --out chat.json", "1 000"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn a_server_is_deployed_with_what_the_plan_needs() {
    let plan = ["-c", "100k", "-r", "1", "--expect", "broadcast", "--room-size", "10", "--own", "refuse"];
    let outcome = kubernetes(&[&["--shards", "4", "--server-image", "loadgen:0.1"][..], &plan].concat());
    insta::assert_snapshot!("kubernetes_server", manifest(&outcome));
    let outcome =
        kubernetes(&["--shards", "4", "--server-image", "x", "--server-args", "-p '80 81'", "--server-port", "80"]);
    let manifest = manifest(&outcome);
    assert!(manifest.contains("- -p\n        - 80 81\n"), "{manifest}");
    assert!(manifest.contains("ws://loadgen-server/") && manifest.contains("containerPort: 80\n"), "{manifest}");
}

#[test]
fn the_seed_follows_from_the_plan() {
    let seed = |more: &[&str]| {
        let outcome = kubernetes(&[&["--shards", "2", "ws://a"], more].concat());
        let manifest = manifest(&outcome);
        manifest.lines().find(|line| line.contains("seed = ")).map(|line| line.trim().to_owned()).expect("a seed")
    };
    assert_eq!(seed(&["--threads", "3"]), seed(&["--name", "b"]));
    assert_ne!(seed(&[]), seed(&["-c", "101"]));
    assert_eq!(seed(&["--seed", "7"]), "seed = 7");
}

#[test]
fn files_of_a_plan_are_in_the_manifest_up_to_a_mebibyte() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("plan.toml"), "target = \"ws://a\"\nclients = 10\ndata = \"users.csv\"\n").expect("a file");
    fs::write(path("users.csv"), "user\nann\n").expect("a file");
    let out = path("job.yaml");
    let make = || kubernetes(&["--shards", "2", &path("plan.toml"), "--out", &out, "--quiet"]);
    let outcome = make();
    assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (Some(0), "", ""));
    let manifest = fs::read_to_string(&out).expect("a manifest");
    assert!(manifest.contains("kind: Secret") && manifest.contains("users.csv: |\n    user\n    ann\n"), "{manifest}");

    fs::write(path("users.csv"), format!("user\n{}", "ann\n".repeat(1 << 18))).expect("a file");
    let outcome = make();
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    for part in ["more than 1 048 577 bytes", "users.csv", "Secret", "1 048 576", "shorten it"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
    assert_eq!(fs::read_to_string(&out).expect("a manifest"), manifest, "a refusal writes nothing");
}

#[test]
fn what_pods_can_not_do_is_refused_before() {
    let refused: &[(&[&str], &[&str])] = &[
        (&["--shards", "2"], &["group `main` has no target", "--server-image"]),
        (&["--shards", "2", "ws://a", "--server-image", "x"], &["--server-image x", "each group has a target"]),
        (&["--shards", "2", "--tls", "--server-image", "x"], &["--tls", "would not trust", "wss://"]),
        (&["--shards", "0", "ws://a"], &["--shards", "'0'"]),
        (&["--shards", "101", "ws://a"], &["--shards 101", "100"]),
        (&["--shards", "2", "ws://a", "--unix-socket", "/run/a"], &["--unix-socket /run/a", "leave it out"]),
        (&["--shards", "2", "ws://a", "--name", "Chat"], &["--name", "'Chat'", "a-z"]),
        (&["--shards", "2", "ws://a", "--namespace", "a;b"], &["--namespace", "'a;b'"]),
        (&["--shards", "2", "ws://a", "--start-at", "2020-01-01T00:00:00Z"], &["--start-at 2020-", "that is over"]),
        (&["--shards", "2", "ws://a", "--start-at", "noon"], &["--start-at", "2027-01-31T12:00:00Z"]),
        (&["--shards", "2", "ws://a", "--cpu", "0"], &["--cpu", "'0'"]),
        (&["--shards", "2", "ws://a", "--memory", "1"], &["--memory", "'1'", "512MiB"]),
        (&["--shards", "2", "ws://a", "--server-port", "80"], &["--server-image"]),
        (&["--shards", "2", "--server-image", "x", "--server-args", "'"], &["--server-args", "no partner"]),
        (
            &["--shards", "2", "ws://a", "--threshold", "p99<5ms", "--stop-on-miss", "5s"],
            &["--stop-on-miss", "leave it out"],
        ),
    ];
    for (arguments, parts) in refused {
        let outcome = kubernetes(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        for part in *parts {
            assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
        }
    }
}

#[test]
fn it_says_what_may_go_wrong() {
    let outcome = kubernetes(&["--shards", "2", "ws://a", "-c", "200k", "-r", "1", "--start-in", "2m"]);
    for part in ["raise --connect-rate", "64 512 ports", "more --shards"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
    assert!(!outcome.stderr.contains("credentials"), "{outcome:?}");
    let outcome = kubernetes(&["--shards", "2", "ws://user:pass@a"]);
    assert!(outcome.stderr.contains("holds credentials"), "{outcome:?}");
    assert!(outcome.stdout.contains("kind: Secret") && !outcome.stderr.contains("pass@"), "{outcome:?}");
}
