//! Judging instruction counts. The counting itself needs valgrind:
//! `cargo bench --bench instructions`.

mod baseline;
mod mode;
mod summary;

use std::{
    fs,
    path::{Path, PathBuf},
};

use baseline::{Baseline, BaselineFinding, BaselineVerdict, InstructionCounts, RENEW, TOLERANCE_PERCENT, Toolchain};
use mode::Mode;

const KEPT: &str = "../reports/baselines/instructions.json";

fn machine() -> Toolchain {
    Toolchain {
        rustc: "rustc 1.95.0 (59807616e 2026-04-14)".to_owned(),
        architecture: "x86_64".to_owned(),
        libc: "glibc 2.36".to_owned(),
        valgrind: "valgrind-3.19.0".to_owned(),
    }
}

fn counts(pairs: &[(&str, u64)]) -> InstructionCounts {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn baseline(pairs: &[(&str, u64)]) -> Baseline {
    Baseline {
        made_by: RENEW.to_owned(),
        machine: machine(),
        tolerance_percent: TOLERANCE_PERCENT,
        messages: 960,
        instructions: counts(pairs),
    }
}

/// What is said, in words.
fn said(verdict: &BaselineVerdict) -> Vec<String> {
    match verdict {
        BaselineVerdict::Incomparable(why) => panic!("not compared: {why}"),
        BaselineVerdict::Compared(findings) => findings.iter().map(BaselineFinding::to_string).collect(),
    }
}

#[test]
fn counts_within_the_tolerance_pass_on_either_side() {
    let kept = baseline(&[("a", 1000), ("b", 1000), ("c", 1000)]);
    let verdict = kept.compare(&machine(), &counts(&[("a", 1050), ("b", 950), ("c", 1000)]));
    assert_eq!(verdict, BaselineVerdict::Compared(Vec::new()));
}

#[test]
fn more_instructions_fail_with_both_figures_and_the_remedy() {
    let kept = baseline(&[("payload::check::text_64", 1000), ("other", 5)]);
    let verdict = kept.compare(&machine(), &counts(&[("payload::check::text_64", 1051), ("other", 5)]));
    assert_eq!(
        said(&verdict),
        ["payload::check::text_64: baseline 1000, measured 1051: +5.10 %, tolerance 5 %; \
          this got slower; if it must, renew the baseline"]
    );
}

#[test]
fn fewer_instructions_fail_too_until_they_are_written_down() {
    let verdict = baseline(&[("a", 1000)]).compare(&machine(), &counts(&[("a", 949)]));
    assert_eq!(
        said(&verdict),
        ["a: baseline 1000, measured 949: -5.10 %, tolerance 5 %; \
          this got faster; renew the baseline, or it would hide as much of a later loss"]
    );
}

#[test]
fn a_benchmark_that_one_side_does_not_have_fails() {
    let verdict = baseline(&[("gone", 1), ("stays", 1)]).compare(&machine(), &counts(&[("new", 2), ("stays", 1)]));
    assert_eq!(
        said(&verdict),
        [
            "gone: in the baseline, but not measured; if it is gone for good, renew the baseline",
            "new: measured 2, but not in the baseline; renew it"
        ]
    );
    assert_eq!(
        said(&baseline(&[("a", 1)]).compare(&machine(), &InstructionCounts::new())).len(),
        1,
        "nothing was measured"
    );
}

#[test]
fn counts_of_another_compiler_or_architecture_are_not_compared() {
    let kept = baseline(&[("a", 1000)]);
    let worse = counts(&[("a", 2000)]);
    let other = Toolchain { rustc: "rustc 1.96.0 (0 2026-05-28)".to_owned(), ..machine() };
    let why = "the baseline is of rustc 1.95.0 (59807616e 2026-04-14), and this is rustc 1.96.0 (0 2026-05-28)";
    assert_eq!(kept.compare(&other, &worse), BaselineVerdict::Incomparable(why.to_owned()));
    let other = Toolchain { architecture: "aarch64".to_owned(), ..machine() };
    let why = "the baseline is of x86_64, and this is aarch64";
    assert_eq!(kept.compare(&other, &worse), BaselineVerdict::Incomparable(why.to_owned()));
    let other = Toolchain { libc: "glibc 2.41".to_owned(), valgrind: "valgrind-3.25.0".to_owned(), ..machine() };
    assert_eq!(said(&kept.compare(&other, &worse)).len(), 1, "the tolerance is for these");
}

#[test]
fn a_baseline_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept.json");
    let kept = baseline(&[("a", 1000), ("b", 7)]);
    kept.write(&path).expect("written");
    assert_eq!(Baseline::read(&path), Ok(kept));
}

#[test]
fn a_file_that_is_no_baseline_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept.json");
    let refused = |path: &Path, why: &str| {
        let error = Baseline::read(path).expect_err(why);
        assert!(error.contains("kept.json") && error.contains(why) && error.contains(RENEW), "{error}");
    };
    refused(&path, "No such file");
    let good = serde_json::to_string(&baseline(&[("a", 1000)])).expect("JSON");
    for (from, to, why) in [
        ("\"messages\"", "\"massages\"", "unknown field"),
        ("\"tolerance_percent\":5.0", "\"tolerance_percent\":-1", "tolerance_percent must be over 0"),
        ("\"a\":1000", "\"a\":0", "a can't take 0 instructions"),
        ("\"a\":1000", "\"a\":-5", "invalid value"),
        ("}}", "", "EOF"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        fs::write(&path, bad).expect("written");
        refused(&path, why);
    }
}

#[test]
fn the_baseline_that_is_kept_can_be_read() {
    let kept = Baseline::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(KEPT)).expect("a baseline");
    let groups = ["payload::", "ledger::", "recorder::", "frames::", "codec::"];
    assert!(groups.iter().all(|group| kept.instructions.keys().any(|name| name.starts_with(group))), "{kept:?}");
}

/// A line of the runner, without what is not read.
fn line(id: &str, metrics: &str) -> String {
    format!(
        r#"{{"group":"payload","function_name":"encode","id":"{id}","kind":"LibraryBenchmark","profiles":
           [{{"data":{{"parts":[],"total":{{"metrics":{metrics},"regressions":[]}}}},"tool":"Callgrind"}}]}}"#
    )
    .replace('\n', " ")
}

#[test]
fn counts_are_read_from_what_the_runner_prints() {
    let first = line("text_64", r#"{"Ir":{"change":null,"values":{"new":411870}}}"#);
    let second = line("text_4096", r#"{"Ir":{"values":{"new":7086750,"old":1}}}"#);
    let expected = counts(&[("payload::encode::text_64", 411_870), ("payload::encode::text_4096", 7_086_750)]);
    assert_eq!(summary::read(&format!("{first}\n{second}\n")), Ok(expected));
    let error = summary::read(&line("text_64", "{}")).expect_err("no count");
    assert_eq!(error, "payload::encode::text_64 has no count of instructions");
    let error = summary::read(&format!("{first}\n{first}")).expect_err("twice");
    assert_eq!(error, "two benchmarks are named payload::encode::text_64");
    assert!(summary::read("nonsense").is_err());
}

#[test]
fn the_runner_that_is_asked_for_is_the_library_s() {
    let lock = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).expect("the lock");
    assert!(lock.contains(&format!("name = \"gungraun\"\nversion = \"{}\"\n", summary::RUNNER)));
}

#[test]
fn requests() {
    let parse = |text: &str| Mode::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    for (text, request) in [
        ("--bench", Mode::Measure),
        ("", Mode::Measure),
        ("--bench --output-format=json", Mode::Measure),
        ("--check --bench", Mode::Check),
        ("--renew --bench", Mode::Renew),
        ("--quick --bench", Mode::Skip),
        ("--test", Mode::Skip),
    ] {
        assert_eq!(parse(text), Ok(request), "{text}");
    }
    for text in ["--check --renew --bench", "--check payload", "--renew --quick"] {
        assert!(parse(text).is_err(), "{text}");
    }
}
