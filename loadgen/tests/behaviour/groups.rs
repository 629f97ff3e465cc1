//! Several groups of clients in one run, of the library and of plan files.

use std::{
    fs,
    num::{NonZeroU64, NonZeroUsize},
};

use loadgen::{
    Run,
    message::Mix,
    plan::{EngineKind, Expect, Plan, Until},
};
use reports::{Report, group_sums, identities};
use server::Reply;

use crate::{
    rig::{Loadgen, Reference, TestPlan, closed, n32, open, plan},
    stored::Folder,
};

on_each_engine!(
    each_group_has_its_own_load_and_server,
    open_and_closed_groups_end_together,
    a_group_whose_server_is_gone_leaves_the_others
);

/// The report of two groups, which share what the first says of the run.
fn run(first: &TestPlan, second: &TestPlan) -> Report {
    let plan = Plan::new(first.run(), vec![first.group("one"), second.group("two")]).expect("it fits together");
    let report = Run::of(&plan).start().expect("a report");
    assert_eq!(identities(&report.total.measured), Ok(()));
    assert_eq!(group_sums(&report), Ok(()));
    let names: Vec<_> = report.groups.iter().map(|group| group.name.clone()).collect();
    assert_eq!(names, ["one", "two"]);
    let sum = |of: fn(&reports::model::Measurement) -> u64| -> u64 {
        report.groups.iter().map(|group| of(&group.measurement)).sum()
    };
    assert_eq!(report.total.measured.counts.sent, sum(|part| part.measured.counts.sent));
    assert_eq!(report.total.measured.counts.matched, sum(|part| part.measured.counts.matched));
    assert_eq!(report.total.connections.opened, sum(|part| part.connections.opened));
    assert_eq!(report.total.latency.response.len(), sum(|part| part.latency.response.len()));
    for group in &report.groups {
        assert_eq!(identities(&group.measurement.measured), Ok(()), "{}", group.name);
    }
    report
}

fn each_group_has_its_own_load_and_server(engine: EngineKind) {
    for threads in [1, 2, 3] {
        let (one, two) = (Reference::start(Reply::Echo), Reference::start(Reply::Text("yes".into())));
        let first = TestPlan {
            clients: n32(5),
            threads: NonZeroUsize::new(threads).expect("not 0"),
            ..plan(engine, &one.url())
        };
        let second = TestPlan {
            clients: n32(3),
            load: open(400.0, 2),
            size: 300,
            mix: Mix::Text,
            expect: Expect::Reply("yes".to_owned()),
            ..plan(engine, &two.url())
        };
        let report = run(&first, &second);
        let [one, two] = [&report.groups[0].measurement, &report.groups[1].measurement];
        assert_eq!((one.connections.opened, two.connections.opened), (5, 3));
        assert_eq!((one.measured.counts.scheduled, two.measured.counts.scheduled), (5 * 24, 3 * 24));
        for part in [one, two] {
            let counts = &part.measured.counts;
            assert!(part.measured.anomalies.is_clean(), "{:?}", part.measured.anomalies);
            assert_eq!((counts.matched, counts.dropped), (counts.sent, part.measured.dropped.behind_schedule));
        }
        assert_eq!(two.traffic.sent_bytes % 300, 0);
    }
}

fn open_and_closed_groups_end_together(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let first = TestPlan { clients: n32(2), ..plan(engine, &server.url()) };
    let until = Until::Messages(NonZeroU64::new(24).expect("not 0"));
    let second = TestPlan { clients: n32(4), load: closed(3), until, ..plan(engine, &server.url()) };
    let report = run(&first, &second);
    let sent = |group: usize| report.groups[group].measurement.measured.counts.sent;
    assert_eq!((sent(0) + report.groups[0].measurement.measured.counts.dropped, sent(1)), (2 * 24, 4 * 24));
    assert_eq!(report.total.measured.counts.matched, sent(0) + sent(1));
}

fn a_group_whose_server_is_gone_leaves_the_others(engine: EngineKind) {
    let (server, gone) = (Reference::start(Reply::Echo), Reference::start(Reply::Echo));
    let url = gone.url();
    gone.finish();
    let report = run(&plan(engine, &server.url()), &TestPlan { clients: n32(2), ..plan(engine, &url) });
    let [one, two] = [&report.groups[0].measurement, &report.groups[1].measurement];
    assert_eq!((one.connections.opened, one.connections.failed), (1, 0));
    assert_eq!((two.connections.opened, two.connections.failed), (0, 2));
    assert_eq!(one.measured.counts.matched, one.measured.counts.sent);
    assert_eq!(two.measured.counts.sent, 0);
}

/// A plan file of two groups with few messages.
const TWO: &str = r#"
messages = 20
drain = "10s"

[[group]]
name = "chat"
clients = 3
window = 2

[[group]]
name = "slow"
clients = 2
rate = 100
burst = 1
size = "1KiB"
"#;

#[test]
fn a_plan_file_runs_and_its_result_has_the_plan() {
    let folder = Folder::new();
    let file = folder.path("two.toml");
    fs::write(&file, TWO).expect("a file");
    let outcome = Loadgen::run(&["run", &file, "--only-delivery", "--seed", "7", "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let result = outcome.json();
    crate::rig::satisfies_its_schema(&result);
    assert_eq!(result["environment"]["seed"], 7);
    let plan = &result["plan"];
    assert_eq!((&plan["run"]["messages_per_client"], &plan["run"]["only_delivery"]), (&20.into(), &true.into()));
    let groups = plan["groups"].as_array().expect("groups");
    let of = |key: &str| groups.iter().map(|group| group[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("name"), ["chat", "slow"]);
    assert_eq!(of("clients"), [3, 2]);
    assert_eq!(of("size_bytes"), [64, 1024]);
    let matched = |group: usize| result["groups"][group]["counts"]["matched"].clone();
    assert_eq!((matched(0), matched(1)), (60.into(), 40.into()));
    assert_eq!(result["total"]["counts"]["matched"], 100);
}

#[test]
fn a_threshold_may_name_a_group_of_the_plan() {
    let folder = Folder::new();
    let file = folder.path("two.toml");
    let with = |threshold: &str| {
        fs::write(&file, format!("threshold = [\"{threshold}\"]\n{TWO}")).expect("a file");
        Loadgen::run(&["run", &file, "--only-delivery", "--quiet"])
    };
    assert_eq!(with("chat.matched==60").code, Some(0));
    assert_eq!(with("slow.matched>=41").code, Some(1));
    let unknown = with("chatt.lost==0");
    assert!(unknown.code == Some(2) && unknown.stderr.contains("chatt"), "{unknown:?}");
}

#[test]
fn results_with_the_same_groups_are_compared_by_group() {
    let folder = Folder::new();
    let file = folder.path("two.toml");
    fs::write(&file, TWO).expect("a file");
    let [old, new] = ["old.json", "new.json"].map(|name| folder.path(name));
    for out in [&old, &new] {
        assert_eq!(Loadgen::run(&["run", &file, "--only-delivery", "--quiet", "--out", out]).code, Some(0));
    }
    let compared = Loadgen::run(&["compare", &old, &new, "--gate", "chat.max=1000%"]);
    for row in ["chat.response.max", "chat.throughput", "slow.response.p50", "slow.dropped"] {
        assert!(compared.stdout.contains(row), "{row}: {compared:?}");
    }
    let unknown = Loadgen::run(&["compare", &old, &new, "--gate", "chatt.max=10%"]);
    assert!(unknown.code == Some(2) && unknown.stderr.contains("the groups are chat and slow"), "{unknown:?}");
    // A run with one group has nothing to compare them with.
    let one = folder.result("one.json", &[]);
    let other = Loadgen::run(&["compare", &one, &new]);
    assert!(other.code == Some(3) && other.stdout.contains("plan.groups"), "{other:?}");
    assert!(!other.stdout.contains("chat.response"), "{other:?}");
}

#[test]
fn an_option_of_a_group_beside_several_is_refused_by_name() {
    let folder = Folder::new();
    let file = folder.path("two.toml");
    fs::write(&file, TWO).expect("a file");
    let outcome = Loadgen::run(&["run", &file, "--clients", "5"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("two.toml: it has several groups") && outcome.stderr.contains("--clients"),
        "{outcome:?}"
    );
}

#[test]
fn a_printed_plan_is_a_plan_file() {
    let folder = Folder::new();
    let file = folder.path("two.toml");
    fs::write(&file, TWO).expect("a file");
    let printed = Loadgen::run(&["plan", &file, "--print"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    fs::write(&file, &printed.stdout).expect("a file");
    assert_eq!(Loadgen::run(&["plan", &file, "--print"]).stdout, printed.stdout);
    let shown = Loadgen::run(&["plan", &file]);
    for part in ["chat", "2 in flight", "100/s in bursts of 1", "total", "20 messages of each client"] {
        assert!(shown.stdout.contains(part), "{part:?} is missing in: {}", shown.stdout);
    }
}
