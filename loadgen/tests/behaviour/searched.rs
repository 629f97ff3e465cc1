//! What reads stored searches: `report`, and what refuses them.

use std::fs;

use crate::{
    rig::{FixedCapacityServer, Loadgen, satisfies_its_schema},
    stored::Folder,
};

/// A server that no machine is too slow for, and a range that it holds.
const WAY: std::time::Duration = std::time::Duration::from_millis(300);
const BRIEF: &[&str] = &["--threshold", "p99<30s", "--to", "200", "-c", "2", "-d", "500ms", "--warmup", "0s"];

/// A stored search, made with these options besides, and what it printed.
fn searched(file: &str, more: &[&str]) -> String {
    let server = FixedCapacityServer::start(std::time::Duration::from_micros(10), WAY);
    let url = server.url();
    let arguments = [&["search", &url, "--tries", "1", "--pause", "0s", "--out", file][..], BRIEF, more].concat();
    let outcome = Loadgen::run(&arguments);
    // On a machine that is too slow for 200 messages a second, it is the curve that matters here,
    // not how it ends.
    assert!(matches!(outcome.code, Some(0 | 5)), "{outcome:?}");
    server.finish();
    outcome.stdout
}

#[test]
fn a_stored_search_is_shown_as_the_search_showed_it() {
    let folder = Folder::new();
    let [file, page, summary] = ["curve.json", "curve.html", "curve.md"].map(|name| folder.path(name));
    let text = searched(&file, &["--html", &page, "--markdown", &summary]);
    satisfies_its_schema(&serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON"));
    let outcome = Loadgen::run(&["report", &file]);
    assert_eq!((outcome.code, outcome.stdout, outcome.stderr.as_str()), (Some(0), text, ""));
    for (option, from_search) in [("--html", &page), ("--markdown", &summary)] {
        let outcome = Loadgen::run(&["report", &file, option, "-"]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        assert_eq!(outcome.stdout, fs::read_to_string(from_search).expect("it was saved"), "{option}");
    }
}

#[test]
fn runs_and_searches_are_shown_one_after_the_other() {
    let folder = Folder::new();
    let [search, page] = ["curve.json", "page.html"].map(|name| folder.path(name));
    let text = searched(&search, &[]);
    let run = folder.result("run.json", &[]);
    let outcome = Loadgen::run(&["report", &run, &search]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("== ") && outcome.stdout.contains("run.json\n\nPASS "), "{outcome:?}");
    assert!(outcome.stdout.ends_with(&format!("\n\n== {search}\n\n{text}")), "{outcome:?}");

    for files in [[&run, &search], [&search, &run], [&search, &search]] {
        let outcome = Loadgen::run(&["report", files[0], files[1], "--html", &page]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        for part in ["--html", &search, "is a search", "name the search alone"] {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
    assert!(!fs::exists(&page).expect("a folder"), "nothing was written");
    let outcome = Loadgen::run(&["report", &run, &search, "--markdown", &page]);
    assert!(outcome.code == Some(2) && outcome.stderr.contains("--markdown: takes one result, and 2"), "{outcome:?}");
}

#[test]
fn formats_of_runs_are_refused_for_a_search() {
    let folder = Folder::new();
    let file = folder.path("curve.json");
    searched(&file, &[]);
    for option in ["--junit", "--hlog", "--bencher", "--csv", "--github-benchmark"] {
        let place = folder.path("made");
        let outcome = Loadgen::run(&["report", &file, "--html", "-", option, &place]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{option}: {outcome:?}");
        for part in [option, &file, "is a search", "--html", "--markdown"] {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
        assert!(!fs::exists(&place).expect("a folder"), "{option} left something");
    }
}

#[test]
fn searches_that_are_none_are_refused_by_name() {
    let folder = Folder::new();
    let file = folder.path("curve.json");
    searched(&file, &[]);
    let newer = folder.changed(&file, "newer.json", |search| search["schema"] = "loadgen.search/2".into());
    let hostile = folder.changed(&file, "hostile.json", |search| {
        search["conclusion"]["kind"] = "\u{1b}[2J".into();
    });
    let other = folder.changed(&file, "other.json", |search| search["schema"] = "loadgen.ab/1".into());
    let cut = folder.path("cut.json");
    fs::write(&cut, &fs::read(&file).expect("a file")[..500]).expect("a file");
    for (file, why) in [
        (&newer, "this search has the newer format loadgen.search/2"),
        (&hostile, "unknown variant `\\x1b[2J`"),
        (&other, "neither a result nor a search: its schema is \"loadgen.ab/1\""),
        (&cut, "truncated"),
    ] {
        let outcome = Loadgen::run(&["report", file]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        for part in [file, why] {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:?}");
    }
    // A comparison is of runs.
    let outcome = Loadgen::run(&["compare", &file, &file]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("not a result: its schema is \"loadgen.search/1\""), "{outcome:?}");
}
