//! What reads stored results: `report`, `compare`, baselines. Stored searches are in
//! [`super::searched`].

use std::{fs, path::Path};

use serde_json::Value;

use crate::rig::{Behaviour, Loadgen, ScriptedServer};

/// A run that no machine is too slow for.
const BRIEF: &[&str] = &["-w", "1", "-c", "2", "-n", "100", "--drain", "1s"];

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// A stored run.
    pub(crate) fn result(&self, name: &str, more: &[&str]) -> String {
        let path = self.path(name);
        let outcome = Loadgen::run(&[BRIEF, &["--out", &path], more].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        path
    }

    /// A stored result with something changed in it.
    pub(crate) fn changed(&self, from: &str, name: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut result: Value = serde_json::from_str(&fs::read_to_string(from).expect("a file")).expect("JSON");
        change(&mut result);
        let path = self.path(name);
        fs::write(&path, result.to_string()).expect("a file");
        path
    }
}

/// The options that save a result in each format, and the files that must be there.
fn every_format(folder: &Folder, prefix: &str) -> (Vec<String>, Vec<String>) {
    let (mut options, mut paths) = (Vec::new(), Vec::new());
    for format in ["html", "markdown", "junit", "hlog", "bencher"] {
        let path = folder.path(&format!("{prefix}.{format}"));
        options.extend([format!("--{format}"), path.clone()]);
        paths.push(path);
    }
    for (option, names) in [
        ("csv", ["intervals.csv", "percentiles.csv"]),
        ("github-benchmark", ["customSmallerIsBetter.json", "customBiggerIsBetter.json"]),
    ] {
        let path = folder.path(&format!("{prefix}-{option}/made"));
        paths.extend(names.map(|name| format!("{path}/{name}")));
        options.extend([format!("--{option}"), path]);
    }
    (options, paths)
}

#[test]
fn a_stored_result_gives_the_same_files_as_the_run_did() {
    let folder = Folder::new();
    let (options, from_run) = every_format(&folder, "run");
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let result = folder.result("result.json", &options);
    let (options, from_report) = every_format(&folder, "report");
    let outcome = Loadgen::run(&[&["report".to_owned(), result.clone()], &options[..]].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    for (run, report) in from_run.iter().zip(&from_report) {
        let text = fs::read_to_string(run).expect("it was saved");
        assert!(!text.is_empty(), "{run}");
        assert_eq!(text, fs::read_to_string(report).expect("it was saved"), "{run}");
    }
    let outcome = Loadgen::run(&["report", &result]);
    assert!(outcome.code == Some(0) && outcome.stdout.starts_with("PASS "), "{outcome:?}");
    let outcome = Loadgen::run(&["report", &result, "--markdown", "-"]);
    assert_eq!(outcome.stdout, fs::read_to_string(&from_run[1]).expect("it was saved"));
}

#[test]
fn a_file_on_stdout_sends_the_text_to_stderr() {
    let outcome = Loadgen::run(&[BRIEF, &["--junit", "-"]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("<?xml ") && outcome.stderr.starts_with("PASS "), "{outcome:?}");
}

#[test]
fn several_results_make_one_page() {
    let folder = Folder::new();
    let (one, two) = (folder.result("one.json", &[]), folder.result("two.json", &[]));
    let page = folder.path("page.html");
    assert_eq!(Loadgen::run(&["report", &one, &two, "--html", &page]).code, Some(0));
    let text = fs::read_to_string(page).expect("a page");
    assert!(text.contains(">one<") && text.contains(">two<"));
    let outcome = Loadgen::run(&["report", &one, &two]);
    assert!(outcome.stdout.contains("one.json") && outcome.stdout.matches("PASS ").count() == 2, "{outcome:?}");
    let outcome = Loadgen::run(&["report", &one, &two, "--junit", &folder.path("x.xml")]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("--junit: takes one result, and 2 were named"), "{outcome:?}");
}

#[test]
fn files_that_are_no_results_are_refused_by_name() {
    let folder = Folder::new();
    let result = folder.result("result.json", &[]);
    let newer = folder.changed(&result, "newer.json", |result| result["schema"] = "loadgen.result/3".into());
    let foreign = folder.path("foreign.json");
    fs::write(&foreign, "{}").expect("a file");
    let cut = folder.path("cut.json");
    fs::write(&cut, &fs::read(&result).expect("a file")[..500]).expect("a file");
    let missing = folder.path("missing.json");
    for (file, why) in [(&newer, "newer"), (&foreign, "a result"), (&cut, "truncated"), (&missing, "No such file")] {
        for (arguments, code) in
            [(vec!["report", file], 2), (vec!["compare", &result, file], if file == &newer { 3 } else { 2 })]
        {
            let outcome = Loadgen::run(&arguments);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(code), ""), "{arguments:?}: {outcome:?}");
            for part in [file, why] {
                assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
            }
        }
    }
}

#[test]
fn outputs_that_cannot_be_are_refused_before_the_run() {
    let folder = Folder::new();
    let server = ScriptedServer::start(Behaviour::Echo);
    let same = folder.path("same");
    let table: [(&[&str], &[&str]); 6] = [
        (&["--html", "/nowhere/page.html"], &["--html", "/nowhere/page.html", "its folder does not exist"]),
        (&["--json", "--junit", "-"], &["--json and --junit", "stdout"]),
        (&["--html", &same, "--junit", &same], &["--junit", "--html goes there already"]),
        (&["--out", &same, "--html", &same], &["--html", "--out goes there already"]),
        (&["--csv", "/proc/csv"], &["--csv", "/proc/csv"]),
        (&["--save-baseline", "a/b"], &["--save-baseline", "'a/b'", "letters"]),
    ];
    for (arguments, parts) in table {
        let outcome = Loadgen::run(&[&[server.url().as_str(), "-n", "1"], arguments].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}: {outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
    assert_eq!(server.finish(), [], "nothing was connected");
}

#[test]
fn a_comparison_of_a_result_with_itself_passes() {
    let folder = Folder::new();
    let result = folder.result("result.json", &[]);
    // 200 messages tell no p99.
    let outcome = Loadgen::run(&["compare", &result, &result, "--gate", "p99=off"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let outcome = Loadgen::run(&["compare", &result, &result]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.stdout.contains("10 000"), "{}", outcome.stdout);
    let outcome = Loadgen::run(&["compare", &result, &result, "--gate", "p99=off", "--json"]);
    assert_eq!(outcome.json()["schema"], "loadgen.comparison/1");
}

#[test]
fn another_plan_is_incomparable_unless_forced() {
    let folder = Folder::new();
    let (one, two) = (folder.result("one.json", &[]), folder.result("two.json", &["--size", "100"]));
    let arguments = ["compare", &one, &two, "--gate", "p99=off", "--gate", "p50=off", "--gate", "throughput=99%"];
    let outcome = Loadgen::run(&arguments);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.stdout.contains("plan.size_bytes"), "{}", outcome.stdout);
    let outcome = Loadgen::run(&[&arguments[..], &["--force"]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("plan.size_bytes"), "it says so: {}", outcome.stdout);
}

#[test]
fn several_a_side_are_told_apart_by_two_dashes() {
    let folder = Folder::new();
    let one = folder.result("one.json", &[]);
    let four = [one.as_str(); 4];
    let outcome = Loadgen::run(&[&["compare", "--gate", "p99=off"], &four[..], &["--"], &four[..]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    for results in [&four[..], &four[..1]] {
        let outcome = Loadgen::run(&[&["compare"], results].concat());
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("put -- between"), "{outcome:?}");
    }
}

#[test]
fn a_baseline_is_kept_by_a_run_that_passes_and_only_by_one() {
    let folder = Folder::new();
    let dir = folder.path("made/baselines");
    let file = Path::new(&dir).join("main.json");
    let run = |more: &[&str]| Loadgen::run(&[BRIEF, &["--baseline-dir", &dir], more].concat());

    let outcome = run(&["--baseline", "main"]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("main.json") && outcome.stderr.contains("--save-baseline main"), "{outcome:?}");

    let outcome = run(&["--save-baseline", "main", "--threshold", "matched<1"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(!file.exists() && outcome.stderr.contains("was not kept"), "{outcome:?}");

    assert_eq!(run(&["--save-baseline", "main"]).code, Some(0));
    let first = fs::read_to_string(&file).expect("a baseline");
    assert_eq!(run(&["--save-baseline", "main", "--threshold", "matched<1"]).code, Some(1));
    assert_eq!(fs::read_to_string(&file).expect("a baseline"), first, "it is not replaced by a run that failed");

    let lenient = ["--gate", "p99=off", "--gate", "p50=off", "--gate", "throughput=99%"];
    let outcome = run(&[&["--baseline", "main", "--save-baseline", "main"], &lenient[..]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("main") && outcome.stdout.contains("response.p50"), "{}", outcome.stdout);
    assert_ne!(fs::read_to_string(&file).expect("a baseline"), first, "it is replaced by one that passed");

    // A baseline that was a thousand times as fast.
    let second = fs::read_to_string(&file).expect("a baseline");
    let outcome = run(&["--baseline", "main", "--save-baseline", "main", "--size", "100"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert_eq!(fs::read_to_string(&file).expect("a baseline"), second);
}

#[test]
fn options_of_a_comparison_need_one() {
    for (arguments, part) in [
        (&["--gate", "p50=5%"][..], "--baseline"),
        (&["--force"], "--baseline"),
        (&["--baseline-dir", "x"], "--save-baseline"),
    ] {
        let outcome = Loadgen::run(arguments);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(part), "{outcome:?}");
    }
}
