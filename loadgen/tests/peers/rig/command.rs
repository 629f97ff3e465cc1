//! The `loadgen` command, with its result.

use std::{process::Command, time::Duration};

use reports::{Judgement, Report, Verdict, identities, store};

use super::Process;

/// The longest run of these tests, drain included, takes a quarter of it on a machine that is fast
/// enough.
const LIMIT: Duration = Duration::from_secs(180);

/// Runs the command against `url`. Its exit code is the verdict's.
pub(crate) fn loadgen(url: &str, arguments: &[&str]) -> (Report, Judgement) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    let outcome = Process::start(command.args([url, "--json"]).args(arguments)).wait(LIMIT);
    let (report, judgement) =
        store::from_json(outcome.lines.join("\n").as_bytes()).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    assert_eq!(outcome.code, Some(judgement.verdict.exit_code().into()), "{}", outcome.stderr);
    assert_eq!(identities(&report.total.measured), Ok(()));
    assert_eq!(identities(&report.total.warmup), Ok(()));
    (report, judgement)
}

/// What the command says of a target that none of its clients reaches.
pub(crate) fn unreachable(url: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    let outcome = Process::start(command.arg(url).args(arguments)).wait(LIMIT);
    assert_eq!(outcome.code, Some(Verdict::Connections.exit_code().into()), "{outcome:?}");
    outcome.stderr
}

/// Every message was answered as it must be. The machine may have been too slow for the timing.
pub(crate) fn complete(report: &Report, judgement: &Judgement) {
    for tally in [&report.total.measured, &report.total.warmup] {
        let counts = &tally.counts;
        assert!(tally.anomalies.is_clean(), "{:?}", tally.anomalies);
        assert_eq!((counts.matched, counts.events), (counts.sent, counts.sent), "{counts:?}");
    }
    assert!(report.total.measured.counts.sent > 0);
    assert_eq!(report.total.connections.opened, report.total.connections.requested);
    assert!(matches!(judgement.verdict, Verdict::Pass | Verdict::Invalid), "{judgement:?}");
    assert!(judgement.reasons.iter().all(|reason| reason.starts_with("generator: ")), "{judgement:?}");
}

/// Every message was answered as the plan says, and nothing came that it does not lay down.
#[track_caller]
pub(crate) fn accounted((report, judgement): &(Report, Judgement)) {
    for tally in [&report.total.measured, &report.total.warmup] {
        assert!(tally.anomalies.is_clean(), "{:?}", tally.anomalies);
        assert_eq!(tally.counts.matched, tally.counts.sent, "{tally:?}");
        let deliveries = &tally.deliveries;
        assert_eq!(deliveries.matched, deliveries.expected, "{deliveries:?}");
    }
    assert_eq!(report.total.connections.opened, report.total.connections.requested);
    assert_eq!(judgement.verdict, Verdict::Pass, "{judgement:?}");
}
