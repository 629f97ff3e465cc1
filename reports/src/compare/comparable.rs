//! Decides whether runs are comparable: which facts differ that nobody tests.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::model::{ConnectRecord, Report};

/// A fact that differs between runs, and that changes the numbers by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Name of the fact: `plan.clients`, `environment.cpu`, `target.embedded`, `interrupted`.
    pub key: String,
    /// Its value in the baseline. If its runs differ, all values, with ` | ` between them.
    pub baseline: String,
    /// Its value in the candidate. If its runs differ, all values, with ` | ` between them.
    pub candidate: String,
}

/// What makes runs incomparable. It is empty if nothing does.
///
/// It compares all fields of the plan except for the thresholds, which change no number. It
/// compares the environment except for seed and run id, which are meant to differ, and whether the
/// target was embedded. It ignores URLs and addresses, because ports differ from run to run. An
/// interrupted run
/// did not do what its plan says, so it is a difference even if all runs were interrupted. A missed
/// threshold that stops a run interrupts it, too.
///
/// A run that several processes shared is comparable with one that a single process did. Then the
/// number of threads is not compared, because it is one of each process. Their machines are, all of
/// them. A part of a run is comparable with the same part.
///
/// Groups are compared by their names. If runs have other groups, that is the difference, and not
/// each of their fields. The only group of a run needs no name.
///
/// A field that a later version adds to plan or environment is compared from then on.
pub(super) fn differences(baseline: &[Report], candidate: &[Report]) -> Vec<Difference> {
    let mut groups = baseline.iter().chain(candidate).map(groups);
    let first = groups.next();
    let have_same_groups = groups.all(|other| Some(other) == first);
    let mut shards = baseline.iter().chain(candidate).map(|report| report.shards.len());
    let number = shards.next();
    let ignored: &[&str] =
        if shards.all(|other| Some(other) == number) { &["thresholds"] } else { &["thresholds", "threads"] };
    let of_report = |report: &Report| of_report(report, have_same_groups, ignored);
    let facts = |side: &[Report]| side.iter().map(of_report).collect::<Vec<_>>();
    let sides = [facts(baseline), facts(candidate)];
    let keys: BTreeSet<&String> = sides.iter().flatten().flat_map(BTreeMap::keys).collect();
    let mut differences = Vec::new();
    for key in keys {
        let of = |side: &[BTreeMap<String, String>]| distinct(side.iter().map(|facts| facts.get(key)));
        let (baseline, candidate) = (of(&sides[0]), of(&sides[1]));
        let interrupted = key == INTERRUPTED && [&baseline, &candidate].iter().any(|values| values.contains(TRUE));
        if interrupted || baseline != candidate || baseline.contains(BETWEEN) {
            differences.push(Difference { key: key.clone(), baseline, candidate });
        }
    }
    differences
}

const INTERRUPTED: &str = "interrupted";
const TRUE: &str = "true";
const BETWEEN: &str = " | ";

/// The names of a run's groups.
fn groups(report: &Report) -> String {
    match report.plan.groups.as_slice() {
        [_] => "one".to_owned(),
        several => several.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn of_report(report: &Report, with_groups: bool, ignored: &[&str]) -> BTreeMap<String, String> {
    let mut facts = fields("plan", &report.plan.run, ignored);
    facts.insert("plan.groups".to_owned(), groups(report));
    let groups = &report.plan.groups;
    for group in groups.iter().filter(|_| with_groups) {
        // The only group has no name to tell it by.
        let of = if groups.len() == 1 { "plan".to_owned() } else { format!("plan.{}", group.name) };
        facts.extend(fields(&of, group, &["name", "target", "connect"]));
        facts.extend(of_connect(&of, group.connect.as_ref().unwrap_or(&ConnectRecord::default())));
        facts.extend(group.target.iter().map(|target| (format!("{of}.target.embedded"), target.embedded.to_string())));
    }
    facts.extend(of_machines(report));
    facts.insert("partial".to_owned(), report.part().unwrap_or_else(|| "no".to_owned()));
    facts.insert("target.embedded".to_owned(), report.target.embedded.to_string());
    // A run that a missed threshold stopped did not do what its plan says either.
    let interrupted = report.interrupted || report.stopped_on_miss.is_some();
    facts.insert(INTERRUPTED.to_owned(), interrupted.to_string());
    facts
}

/// The machines of a run, each value once.
fn of_machines(report: &Report) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let first = std::iter::once(&report.environment);
    for environment in first.chain(report.shards.iter().map(|shard| &shard.environment)) {
        for (key, value) in fields("environment", environment, &["seed", "run_id"]) {
            all.entry(key).or_default().insert(value);
        }
    }
    all.into_iter().map(|(key, values)| (key, values.into_iter().collect::<Vec<_>>().join(", "))).collect()
}

/// How connections are opened. Addresses are ignored like URLs; whether there are any is not.
fn of_connect(of: &str, connect: &ConnectRecord) -> BTreeMap<String, String> {
    let of = format!("{of}.connect");
    let ConnectRecord { proxy, unix_socket, connect_to, resolve: _, .. } = connect;
    let mut facts = fields(&of, connect, &["proxy", "unix_socket", "connect_to", "resolve"]);
    let proxy = proxy.as_ref().map_or_else(|| "-".to_owned(), |proxy| proxy.scheme.clone());
    facts.insert(format!("{of}.proxy"), proxy);
    for (key, is_there) in [("unix_socket", unix_socket.is_some()), ("connect_to", connect_to.is_some())] {
        facts.insert(format!("{of}.{key}"), is_there.to_string());
    }
    facts
}

/// The fields of a record as facts whose names begin with `of`.
fn fields(of: &str, record: &impl Serialize, ignored: &[&str]) -> BTreeMap<String, String> {
    // Plain structs with text keys: they always become an object.
    let Ok(Value::Object(fields)) = serde_json::to_value(record) else { return BTreeMap::new() };
    let kept = fields.into_iter().filter(|(key, _)| !ignored.contains(&key.as_str()));
    kept.map(|(key, value)| (format!("{of}.{key}"), shown(&value))).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Each value once, in order of appearance.
fn distinct<'a>(values: impl Iterator<Item = Option<&'a String>>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for value in values {
        let value = value.map_or("-", String::as_str);
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.join(BETWEEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Expect, LoadRecord, MessagesRecord, PayloadKind, StoppedOnMiss, WireShapeRecord, sample};

    fn generated(size_bytes: u64, payload: PayloadKind) -> MessagesRecord {
        MessagesRecord::Generated { size_bytes, sizes: None, payload }
    }

    fn difference(key: &str, baseline: &str, candidate: &str) -> Difference {
        Difference { key: key.to_owned(), baseline: baseline.to_owned(), candidate: candidate.to_owned() }
    }

    /// The differences that a change of one report causes.
    fn changed(change: fn(&mut Report)) -> Vec<Difference> {
        let mut candidate = sample::pass();
        change(&mut candidate);
        differences(&[sample::pass()], &[candidate])
    }

    #[test]
    fn what_is_measured_or_meant_to_differ_is_no_difference() {
        let none = changed(|report| {
            report.target.url = "ws://127.0.0.1:40001/".to_owned();
            report.environment.seed = 43;
            report.environment.run_id = 8;
            report.plan.run.thresholds = vec!["p99<5ms".to_owned()];
            report.started_at = "2027-01-02T03:04:05Z".to_owned();
            report.total.measured.counts.lost = 1;
            report.generator.cpu_s = 1.0;
        });
        assert_eq!(none, []);
    }

    #[test]
    fn each_field_of_plan_and_environment_is_compared() {
        type ChangedReport = (fn(&mut Report), Difference);
        let table: [ChangedReport; 20] = [
            (|r| r.plan.groups[0].clients = 200, difference("plan.clients", "100", "200")),
            (|r| r.plan.run.duration_s = Some(20.0), difference("plan.duration_s", "10.0", "20.0")),
            (|r| r.plan.run.duration_s = None, difference("plan.duration_s", "10.0", "-")),
            (|r| r.plan.run.messages_per_client = Some(5), difference("plan.messages_per_client", "-", "5")),
            (|r| r.plan.run.warmup_s = 0.0, difference("plan.warmup_s", "1.0", "0.0")),
            (|r| r.plan.run.drain_s = 1.0, difference("plan.drain_s", "5.0", "1.0")),
            (
                |r| r.plan.groups[0].messages = generated(65, PayloadKind::Mixed),
                difference("plan.size_bytes", "64", "65"),
            ),
            (
                |r| r.plan.groups[0].messages = generated(64, PayloadKind::Text),
                difference("plan.payload", "mixed", "text"),
            ),
            (|r| r.plan.groups[0].expect = Expect::Count, difference("plan.expect", "echo", "count")),
            (|r| r.plan.run.connect_rate = 10.0, difference("plan.connect_rate", "1000.0", "10.0")),
            (|r| r.plan.run.threads = 2, difference("plan.threads", "1", "2")),
            (|r| r.plan.groups[0].load = LoadRecord::open(500.0, 1, 10_000), difference("plan.burst", "5", "1")),
            (|r| r.plan.groups[0].ping_s = Some(30.0), difference("plan.ping_s", "-", "30.0")),
            (
                |r| r.plan.groups[0].wire_shape = Some(WireShapeRecord::default()),
                difference("plan.wire_shape", "-", r#"{"fragment_bytes":null,"split_bytes":null,"write":"burst"}"#),
            ),
            (|r| r.environment.cpu = "Z80".to_owned(), difference("environment.cpu", "Example CPU 3000", "Z80")),
            (|r| r.environment.cores = 4, difference("environment.cores", "2", "4")),
            (|r| r.environment.kernel = "x".to_owned(), difference("environment.kernel", "Linux 6.1.0", "x")),
            (|r| r.environment.version = "0.2.0".to_owned(), difference("environment.version", "0.1.0", "0.2.0")),
            (|r| r.target.embedded = false, difference("target.embedded", "true", "false")),
            (|r| r.interrupted = true, difference("interrupted", "false", "true")),
        ];
        for (change, expected) in table {
            assert_eq!(changed(change), [expected]);
        }
    }

    #[test]
    fn ways_to_connect_are_compared_without_their_addresses() {
        let with = |change: fn(&mut ConnectRecord)| {
            let report = |connect| {
                let mut report = sample::pass();
                report.plan.groups[0].connect = connect;
                report
            };
            let mut connect = sample::connected().plan.groups.remove(0).connect.unwrap();
            let baseline = report(Some(connect.clone()));
            change(&mut connect);
            differences(&[baseline], &[report(Some(connect))])
        };
        let elsewhere = with(|connect| {
            connect.connect_to = Some("127.0.0.1:40002".to_owned());
            connect.proxy.as_mut().unwrap().address = "127.0.0.1:40003".to_owned();
            connect.resolve.clear();
        });
        assert_eq!(elsewhere, []);
        assert_eq!(with(|connect| connect.proxy = None), [difference("plan.connect.proxy", "http", "-")]);
        assert_eq!(with(|connect| connect.connect_to = None), [difference("plan.connect.connect_to", "true", "false")]);
        assert_eq!(with(|connect| connect.ip_version = Some(6)), [difference("plan.connect.ip_version", "-", "6")]);
        let plain = changed(|report| report.plan.groups[0].connect = Some(ConnectRecord::default()));
        assert_eq!(plain, [], "no record is the default");
    }

    #[test]
    fn another_model_differs_in_each_of_its_fields() {
        let keys: Vec<String> =
            changed(|r| r.plan.groups[0].load = LoadRecord::closed(4)).into_iter().map(|found| found.key).collect();
        let expected = ["burst", "max_in_flight", "model", "rate_per_client", "spacing", "stages", "think_s", "window"];
        assert_eq!(keys, expected.map(|key| format!("plan.{key}")));
    }

    #[test]
    fn runs_of_one_side_must_agree_as_well() {
        let mut other = sample::pass();
        other.environment.cores = 4;
        let found = differences(&[sample::pass(), other.clone(), sample::pass()], &[sample::pass()]);
        assert_eq!(found, [difference("environment.cores", "2 | 4", "2")]);
        let found = differences(&[sample::pass(), other.clone()], &[sample::pass(), other]);
        assert_eq!(found, [difference("environment.cores", "2 | 4", "2 | 4")]);
    }

    #[test]
    fn a_shared_run_is_comparable_if_its_plan_and_machines_are() {
        let mut shared = sample::merged();
        (shared.plan.run.threads, shared.target.embedded) = (4, true);
        shared.shards[2].environment = shared.environment.clone();
        assert_eq!(differences(&[sample::pass()], &[shared.clone()]), []);
        let mut other = shared.clone();
        other.plan.run.threads = 8;
        assert_eq!(differences(&[shared.clone()], &[other]), [difference("plan.threads", "4", "8")]);
        let mut other = shared.clone();
        other.shards[3].environment.cores = 8;
        assert_eq!(differences(&[shared], &[other]), [difference("environment.cores", "2", "2, 8")]);
    }

    #[test]
    fn a_part_of_a_run_is_comparable_with_the_same_part() {
        assert_eq!(differences(&[sample::shard()], &[sample::shard()]), []);
        let found = differences(&[sample::shard()], &[sample::shard_of(4)]);
        assert_eq!(found, [difference("partial", "shard 2 of 4", "shard 4 of 4")]);
        let whole = Report { partial: false, ..sample::shard() };
        let found = differences(&[sample::shard()], &[whole]);
        assert_eq!(found, [difference("partial", "shard 2 of 4", "no")]);
        let keys = differences(&[sample::merged()], &[sample::shard()]).into_iter().map(|found| found.key);
        assert!(keys.eq(["environment.cores", "environment.cpu", "environment.kernel", "partial"].map(str::to_owned)));
    }

    #[test]
    fn other_groups_are_one_difference() {
        let two = [sample::two_groups()];
        assert_eq!(differences(&[sample::pass()], &two), [difference("plan.groups", "one", "chat, slow")]);
        let mut other = two[0].clone();
        other.plan.groups[0].name = "talk".to_owned();
        assert_eq!(differences(&two, &[other]), [difference("plan.groups", "chat, slow", "talk, slow")]);
        let mut other = two[0].clone();
        other.plan.groups[1].clients = 11;
        assert_eq!(differences(&two, &[other]), [difference("plan.slow.clients", "10", "11")]);
        let mut only = sample::pass();
        only.plan.groups[0].name = "chat".to_owned();
        assert_eq!(differences(&[sample::pass()], &[only]), []);
    }

    #[test]
    fn two_interrupted_runs_differ() {
        let mut run = sample::pass();
        run.interrupted = true;
        assert_eq!(differences(&[run.clone()], &[run]), [difference("interrupted", "true", "true")]);
        let mut run = sample::pass();
        run.stopped_on_miss = Some(StoppedOnMiss { threshold: "p99<5ms".to_owned(), at_s: 4.0 });
        assert_eq!(differences(&[run.clone()], &[run]), [difference("interrupted", "true", "true")]);
    }
}
