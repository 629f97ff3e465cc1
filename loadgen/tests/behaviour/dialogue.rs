//! Clients that join, answer and ignore, over real sockets.

use loadgen::{
    Stop,
    plan::{Answer, Dialogue, EngineKind, JoinStep},
};
use reports::{Verdict, judge};

use crate::rig::{
    Behaviour, ConnectionRecord, Loadgen, ScriptedServer, TestPlan, complete, n32, plan, run, run_observed,
    satisfies_its_schema, unreachable,
};

on_each_engine!(
    clients_log_in_and_answer_heartbeats,
    a_refused_login_is_a_failed_connection,
    who_is_not_answered_has_not_joined,
    a_stop_ends_joining
);

/// Waits for hello, logs in and waits to be welcomed; answers heartbeats; ignores presence.
fn dialogue() -> Dialogue {
    let wait = JoinStep { send: None, expect: Some("^hello$".parse().unwrap()) };
    let login = JoinStep { send: Some("login:{{client}}".parse().unwrap()), expect: Some("^welcome".parse().unwrap()) };
    let answers = vec![Answer { when: "^2$".parse().unwrap(), send: "3".parse().unwrap() }];
    let ignore = vec!["^presence$".parse().unwrap()];
    Dialogue { on_open: vec![wait, login], answers, ignore, ..Dialogue::default() }
}

fn three_clients(engine: EngineKind, server: &ScriptedServer) -> TestPlan {
    TestPlan { clients: n32(3), dialogue: dialogue(), ..plan(engine, &server.url()) }
}

fn clients_log_in_and_answer_heartbeats(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::Welcomes);
    let report = run(&three_clients(engine, &server));
    complete(&report);
    let others = report.total.measured.other_events;
    let sent = report.total.measured.counts.sent;
    assert_eq!((others.answered, others.ignored), (sent, sent), "one of each before each echo");
    let before = report.total.warmup.other_events;
    assert_eq!((before.joined, before.answered, report.total.latency.join.len()), (6, 3, 3));
    let connections = server.finish();
    let mut logins: Vec<String> = connections.iter().flat_map(|seen| seen.logins.clone()).collect();
    logins.sort();
    assert_eq!(logins, ["0", "1", "2"]);
    assert_eq!(connections.iter().map(|seen| seen.answers).sum::<u64>(), sent + 3);
}

fn a_refused_login_is_a_failed_connection(engine: EngineKind) {
    let server = ScriptedServer::start_each(|index| match index {
        1 => Behaviour::RefusesLogins,
        _ => Behaviour::Welcomes,
    });
    let report = run(&three_clients(engine, &server));
    let connections = &report.total.connections;
    assert_eq!((connections.opened, connections.failed, connections.died), (2, 1, 0));
    let detail = &connections.details["join_ended"];
    assert_eq!(detail, "step 2 of 2: closed by the server with 1008 `who are you?`; the last event was `hello`");
    assert_eq!(judge(&report, &[]).verdict, Verdict::Connections);
    drop(server.finish());
    let nobody = ScriptedServer::start(Behaviour::RefusesLogins);
    assert!(unreachable(&three_clients(engine, &nobody)).contains("join_ended (3): step 2 of 2: closed by the server"));
    drop(nobody.finish());
}

fn who_is_not_answered_has_not_joined(engine: EngineKind) {
    let server = ScriptedServer::start_each(|index| match index {
        1 => Behaviour::NeverAnswers,
        _ => Behaviour::Welcomes,
    });
    let mut plan = three_clients(engine, &server);
    plan.connect.timeout = std::time::Duration::from_millis(1500);
    let report = run(&plan);
    let connections = &report.total.connections;
    assert_eq!((connections.opened, connections.failed), (2, 1), "{connections:?}");
    let kinds: Vec<_> = connections.errors.keys().map(String::as_str).collect();
    assert!(matches!(kinds[..], ["join_timeout" | "timeout_stopped"]), "{kinds:?}");
    assert!(connections.details.values().all(|detail| detail.starts_with("step 1 of 2: no event ended it within 1.")));
    let seen: Vec<ConnectionRecord> = server.finish();
    assert_eq!(seen[1].messages, 0, "it waits for the greeting");
}

fn a_stop_ends_joining(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::NeverAnswers);
    let stop = Stop::default();
    let plan = three_clients(engine, &server);
    let result = run_observed(&plan, &stop, |snapshot| {
        if snapshot.joining == 3 {
            stop.stop();
        }
    });
    assert!(matches!(result, Err(loadgen::RunError::Interrupted)), "{result:?}");
    drop(server.finish());
}

#[test]
fn the_options_say_the_same_and_the_result_tells() {
    let server = ScriptedServer::start(Behaviour::Welcomes);
    let url = server.url();
    let load = ["-c", "2", "-n", "10", "--seed", "7", "--json", "--only-delivery"];
    let dialogue = ["--on-open", "=>^hello$", "--on-open", "login:{{client}}=>^welcome", "--answer", "^2$=>3"];
    let done = Loadgen::run(&[&[&url[..]], &load[..], &dialogue, &["--ignore", "^presence$"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    let result: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    satisfies_its_schema(&result);
    let others = &result["total"]["other_events"];
    assert_eq!((&others["answered"], &others["ignored"]), (&20.into(), &20.into()), "{others}");
    let plan = &result["plan"]["groups"][0]["dialogue"];
    assert_eq!((&plan["on_open"], &plan["answer"], &plan["ignore"]), (&2.into(), &1.into(), &1.into()), "{plan}");
    assert_eq!(plan["fingerprint"].as_str().map(str::len), Some(8));
    assert_eq!(result["total"]["latency_ns"]["join"]["count"], 2, "{}", result["total"]["latency_ns"]);
    // Without the options the pushes are what they are.
    let done = Loadgen::run(&[&[&url[..]], &load[..]].concat());
    assert_eq!(done.code, Some(4), "{done:?}");
    drop(server.finish());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    for (options, parts) in [
        (&["--on-open", ""][..], &["--on-open", "step 1 neither sends nor waits"][..]),
        (&["--on-open", "{{mark}}"], &["--on-open", "is of a message"]),
        (&["--answer", "^2$=>{{id}}"], &["--answer", "is of a message"]),
        (&["--answer", "=>3"], &["--answer", "matches every event"]),
        (&["--answer", "^2$"], &["--answer", "'REGEX=>TEXT'"]),
        (&["--ignore", ".*"], &["--ignore .*", "matches every event"]),
        (&["--ignore", "("], &["--ignore", "regular expression"]),
    ] {
        let done = Loadgen::run(options);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(parts.iter().all(|part| done.stderr.contains(part)), "{options:?}: {}", done.stderr);
    }
}
