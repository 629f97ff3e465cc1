//! Manifests of `loadgen kubernetes`, read by `PyYAML`, checked against the schemas that Kubernetes
//! publishes, and their pods run here, without a cluster.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use reports::store;
use serde_json::Value;
use server::Reply;

use crate::rig::{Language, PATIENCE, Process, ProcessOutput, Reference};

const PEER: Language =
    Language { name: "kubernetes", interpreter: "venv/bin/python", suffix: "py", installed: "venv/bin/python" };

/// The first version that has `backoffLimitPerIndex` without being asked for it, one between, and
/// the newest that the peer knows.
const VERSIONS: [&str; 3] = ["1.29", "1.33", "1.37"];

/// What YAML reads in other ways than it is written, if it is not quoted.
const HOSTILE: &[&str] = &[
    "yes",
    "0o17",
    "1:30",
    "~",
    "- a: b",
    "'",
    "\"\\",
    "# no comment",
    "a \n  b\n\n\n",
    "\u{85}\u{2028}\u{feff}é",
    "\t|",
];

fn start(arguments: &[&str]) -> ProcessOutput {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    Process::start(command.args(arguments).env("TOKEN", "sesame").current_dir(env!("CARGO_TARGET_TMPDIR")))
        .wait(PATIENCE)
}

/// The objects of the manifest that these arguments ask for. The files of the plan are written into
/// the folder `pod`.
fn objects(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let [manifest, pod] = ["job.yaml", "pod"].map(|name| folder.join(name).display().to_string());
    let common = ["kubernetes", "--image", "registry.example.org/loadgen:0.1", "--out", &manifest];
    let outcome = start(&[&common, arguments].concat());
    assert_eq!((outcome.code, &outcome.lines[..]), (Some(0), &[][..]), "{outcome:?}");
    fs::create_dir_all(&pod).expect("a folder");
    PEER.run("check", &[&[&*manifest, &*pod], &VERSIONS[..]].concat())
}

fn kinds(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["kind"].as_str().expect("a kind")).collect()
}

#[test]
fn manifests_meet_the_schemas_of_three_versions() {
    let folder = tempfile::tempdir().expect("a folder");
    let objects = |arguments: &[&str]| objects(folder.path(), arguments);
    let plain = objects(&["--shards", "20", "ws://chat:9001"]);
    assert_eq!(kinds(&plain), ["ConfigMap", "Job"]);
    let of_variables = objects(&["--shards", "3", "ws://chat:9001", "--bearer", "env:TOKEN", "--secret", "mine"]);
    assert_eq!(kinds(&of_variables), ["ConfigMap", "Job"]);
    let variable = &of_variables[1]["spec"]["template"]["spec"]["containers"][0]["env"][1];
    assert_eq!(variable["valueFrom"]["secretKeyRef"], serde_json::json!({ "name": "mine", "key": "TOKEN" }));

    let rooms = ["-c", "100k", "-r", "1", "--expect", "broadcast", "--room-size", "10"];
    let server = ["--shards", "10", "--server-image", "loadgen:0.1", "--one-per-node", "--image-pull-secret", "x"];
    let more = ["--namespace", "load", "--header", "X-Token: a", "--memory", "2GiB", "--cpu", "4"];
    let all = objects(&[&server[..], &rooms, &more].concat());
    assert_eq!(kinds(&all), ["Secret", "Service", "Deployment", "Job"]);
    assert!(all.iter().all(|object| object["metadata"]["namespace"] == "load"), "{all:?}");
}

#[test]
fn pods_get_the_plan_that_was_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let texts = HOSTILE.iter().map(|text| serde_json::to_string(text).expect("a text").replace('\u{7f}', "\\u007f"));
    let messages = texts.collect::<Vec<_>>().join(", ");
    let plan = format!(
        "target = \"ws://chat:9001\"\nmessage = [{messages}]\nexpect = \"count\"\ndata = \"a/ü=1.csv\"\nseed = 1\n"
    );
    fs::create_dir(path("a")).expect("a folder");
    fs::write(path("a/ü=1.csv"), "user\nyes\n\"a\r\nb\"\n").expect("a file");
    fs::write(path("plan.toml"), plan).expect("a file");
    let objects = objects(folder.path(), &["--shards", "2", "--threads", "2", &path("plan.toml")]);
    assert_eq!(kinds(&objects), ["Secret", "Job"]);

    let effective = |file: &str| {
        let outcome = start(&["plan", "--threads", "2", "--print", file]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let lines = outcome.lines.into_iter();
        lines.filter(|line| !line.starts_with("data = ")).collect::<Vec<_>>()
    };
    assert_eq!(effective(&path("plan.toml")), effective(&path("pod/plan.toml")));
    assert_eq!(fs::read(path("a/ü=1.csv")).expect("data"), fs::read(path("pod/__1.csv")).expect("data"));
}

/// Runs the pods of a Job as it says, on this machine, and gives back their logs.
fn logs(folder: &Path, job: &Value) -> String {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let texts = |list: &Value| {
        let texts = list.as_array().expect("a list").iter();
        texts.map(|text| text.as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&container["command"]), ["loadgen"]);
    let arguments = texts(&container["args"]).into_iter();
    let pod = folder.join("pod").display().to_string();
    let arguments: Vec<_> = arguments.map(|text| text.replace("/etc/loadgen", &pod)).collect();
    let variables = container["env"].as_array().expect("a list").iter();
    let variables: Vec<_> =
        variables.map(|variable| ["name", "value"].map(|key| variable[key].as_str().expect("a text"))).collect();
    let pods = (0..job["spec"]["completions"].as_u64().expect("a number")).map(|index| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
        command.args(&arguments).envs(variables.iter().map(|[name, value]| (name, value)));
        Process::start(command.env("JOB_COMPLETION_INDEX", index.to_string()))
    });
    let outputs = pods.collect::<Vec<_>>().into_iter().map(|pod| pod.wait(PATIENCE));
    let log = |output: ProcessOutput| {
        assert!(matches!(output.code, Some(0 | 5)) && output.stderr.is_empty(), "{output:?}");
        output.lines.join("\n") + "\n"
    };
    outputs.map(log).collect()
}

#[test]
fn what_pods_log_is_one_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Reference::start(Reply::Echo);
    // Late starts are invalid, and all the same complete.
    let start = SystemTime::now() + Duration::from_secs(6);
    let start = humantime::format_rfc3339_seconds(start).to_string();
    let load = ["-c", "40", "-r", "10", "-n", "20", "--drain", "30s", "--only-delivery", "--cpu", "1"];
    let target = [&*server.url(), "--shards", "4", "--start-at", &start].map(str::to_owned);
    let arguments = target.iter().map(String::as_str).chain(load);
    let objects = objects(folder.path(), &arguments.collect::<Vec<_>>());
    let logs = logs(folder.path(), &objects[1]);
    assert_eq!(logs.lines().count(), 4, "{logs}");
    let merged = folder.path().join("merged.json").display().to_string();
    let mut merge = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    let mut merge = Process::start(merge.args(["merge", "-", "--out", &merged]));
    merge.say(&format!("error: a pod has no log\n{logs}"));
    let outcome = merge.finish();
    assert!(matches!(outcome.code, Some(0 | 5)), "{outcome:?}");
    let (report, _) = store::read(Path::new(&merged)).expect("a result");
    assert_eq!((report.shards.len(), report.partial), (4, false));
    assert_eq!((report.total.measured.counts.sent, report.total.measured.counts.matched), (800, 800));
    server.finish();
}
