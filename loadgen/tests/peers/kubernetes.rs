//! Manifests of `loadgen kubernetes`, read by `PyYAML` and checked against the schemas that
//! Kubernetes publishes.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::rig::{Language, PATIENCE, Process, ProcessOutput};

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
