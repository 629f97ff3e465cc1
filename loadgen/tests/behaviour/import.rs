//! `loadgen import`: which files it writes, and what it says.

use std::fs;

use crate::rig::Loadgen;

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/import/recordings/chrome.har");

#[test]
fn a_plan_and_its_data_are_saved_side_by_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let import = || Loadgen::run(&["import", RECORDING, "--entry", "1", "--out", &path("shop.toml")]);
    let outcome = import();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("Fill in") && outcome.stderr.contains("loadgen plan"), "{outcome:?}");
    let plan = fs::read_to_string(path("shop.toml")).expect("a plan");
    assert!(plan.contains("data = \"shop.csv\""), "{plan}");
    let data = fs::read_to_string(path("shop.csv")).expect("data");
    assert!(data.starts_with("cookie_sid,") && data.lines().count() == 2, "{data}");

    // What the user filled in stays.
    fs::write(path("shop.csv"), "mine").expect("a file");
    assert!(import().stderr.contains("was there already"));
    assert_eq!(fs::read_to_string(path("shop.csv")).expect("data"), "mine");
}

#[test]
fn without_a_file_the_plan_goes_to_stdout() {
    let outcome = Loadgen::run(&["import", RECORDING]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("[[group]]\nname = \"quotes\""), "{outcome:?}");
    assert!(outcome.stderr.contains("needs a file data.csv"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    let quiet = Loadgen::run(&["import", RECORDING, "-q"]);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (outcome.stdout, ""));
}

#[test]
fn what_can_not_be_imported_is_refused() {
    for (arguments, said) in [
        (&["import", "/nowhere.har"][..], "/nowhere.har: the recording can't be read"),
        (&["import", RECORDING, "--out", "plan.txt"], "--out plan.txt: the name of a plan file ends in .toml"),
        (&["import", RECORDING, "--entry", "9"], "there is no connection 9"),
        (&["import", RECORDING, "--entry", "0"], "expected a whole number over 0"),
        (&["import", concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")], "lib.rs:1:1: it is no JSON"),
    ] {
        let outcome = Loadgen::run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        assert!(outcome.stderr.contains(said), "{outcome:?}");
    }
}
