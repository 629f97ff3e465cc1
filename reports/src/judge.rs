//! The verdict on a run: does it pass, and can its numbers be trusted?

use serde::{Deserialize, Serialize};

use crate::human::{count, seconds};
use crate::identities::identities;
use crate::limits;
use crate::model::{Report, Tally};
use crate::threshold::Threshold;

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every message came back as it must, the numbers can be trusted, and every threshold holds.
    Pass,
    /// A threshold does not hold.
    Threshold,
    /// A message was lost, damaged or misrouted, or an event came that must not.
    Delivery,
    /// The run did not measure what was planned; its numbers are neither good nor bad.
    Invalid,
}

impl Verdict {
    /// Exit code of a run with this verdict: 0, 1, 4 or 5.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Threshold => 1,
            Self::Delivery => 4,
            Self::Invalid => 5,
        }
    }
}

/// What kept the throughput from being higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The planned load was applied and answered.
    Schedule,
    /// The generator could not keep up.
    Generator,
    /// The target could not keep up; in the closed model this is the normal case.
    Target,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outranking verdict.
    pub verdict: Verdict,
    /// Everything that speaks against the run, one line each, what outranks first. May hold a remark on a pass.
    pub reasons: Vec<String>,
    /// What kept the throughput from being higher.
    pub limited_by: LimitedBy,
}

/// Judges a run. A delivery violation outranks an invalid run, which outranks a missed threshold: a message that was lost
/// stays lost however busy the generator was, but a latency that it measured then means nothing.
pub fn judge(report: &Report, thresholds: &[Threshold]) -> Judgement {
    let delivery = delivery(report);
    let invalid = invalid(report);
    let missed: Vec<String> = thresholds.iter().filter_map(|threshold| threshold.failure(report)).collect();
    let verdict = match (delivery.is_empty(), invalid.is_empty(), missed.is_empty()) {
        (false, _, _) => Verdict::Delivery,
        (_, false, _) => Verdict::Invalid,
        (_, _, false) => Verdict::Threshold,
        _ => Verdict::Pass,
    };
    let mut reasons = [delivery, invalid, missed].concat();
    if report.interrupted {
        reasons.push(interruption(report));
    }
    Judgement { verdict, reasons, limited_by: limits::limited_by(report) }
}

/// Both tallies with what their reasons begin with.
fn phases(report: &Report) -> [(&'static str, &Tally); 2] {
    [("", &report.measured), ("warm-up: ", &report.warmup)]
}

fn delivery(report: &Report) -> Vec<String> {
    let mut reasons = Vec::new();
    for (phase, tally) in phases(report) {
        let counts = &tally.counts;
        let sent = count(counts.sent);
        if counts.lost > 0 {
            let hint = if reasons.is_empty() { "; --drain waits longer for replies that come later" } else { "" };
            reasons.push(format!(
                "{phase}{} of {sent} messages lost: nothing came back until the drain of {} ended{hint}",
                count(counts.lost),
                seconds(report.plan.drain_s),
            ));
        }
        if counts.damaged > 0 {
            reasons.push(format!(
                "{phase}{} of {sent} messages damaged: they did not come back whole",
                count(counts.damaged)
            ));
        }
        if counts.misrouted > 0 {
            reasons.push(format!(
                "{phase}{} of {sent} messages misrouted: they came back on another connection",
                count(counts.misrouted)
            ));
        }
        let found = tally.anomalies.by_name().into_iter().filter(|(_, n)| *n > 0);
        let found: Vec<String> = found.map(|(kind, n)| format!("{kind} {}", count(n))).collect();
        if !found.is_empty() {
            reasons.push(format!("{phase}anomalies: {}", found.join(", ")));
        }
    }
    reasons.extend(no_echo(report));
    reasons
}

/// What a user who points an echo test at another kind of server should hear.
fn no_echo(report: &Report) -> Option<String> {
    let any = |count: fn(&Tally) -> u64| phases(report).iter().any(|(_, tally)| count(tally) > 0);
    let hint = "nothing was echoed, but something came: if this server answers otherwise, say how with --expect count or \
                --expect 'reply=TEXT'";
    (report.plan.expect == "echo" && any(|tally| tally.anomalies.unexpected) && !any(|tally| tally.counts.matched))
        .then(|| hint.to_owned())
}

/// Why the numbers of a run can't be trusted; empty when they can.
pub(crate) fn invalid(report: &Report) -> Vec<String> {
    let mut reasons = Vec::new();
    for (phase, tally) in phases(report) {
        if let Err(breach) = identities(tally) {
            reasons.push(format!("{phase}the books do not balance, a bug of the generator: {breach}"));
        }
    }
    reasons.extend(limits::broken_schedule(report));
    reasons.extend(connections(report));
    for (phase, tally) in phases(report) {
        if tally.counts.undetermined > 0 {
            reasons.push(format!(
                "{phase}{} of {} messages undetermined: in flight when their connection died, neither passed nor lost",
                count(tally.counts.undetermined),
                count(tally.counts.sent),
            ));
        }
    }
    if report.measured.counts.sent == 0 {
        reasons.push("nothing was measured: 0 messages sent in the measured phase".to_owned());
    }
    reasons
}

/// Whether all that makes a run invalid is that the generator was too slow for its plan: then another try may succeed, and
/// nothing is said against the target.
pub fn is_generators_fault(report: &Report) -> bool {
    let schedule = limits::broken_schedule(report);
    !schedule.is_empty() && invalid(report).len() == schedule.len()
}

/// Connections that were missing from the planned load.
fn connections(report: &Report) -> Option<String> {
    let connections = &report.connections;
    if connections.failed == 0 && connections.died == 0 {
        return None;
    }
    let kinds: Vec<String> = connections.errors.iter().map(|(kind, n)| format!("{kind} {}", count(*n))).collect();
    let kinds = if kinds.is_empty() { "no cause known".to_owned() } else { kinds.join(", ") };
    let what: Vec<String> = [("failed", connections.failed), ("died", connections.died)]
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{} {name}", count(*n)))
        .collect();
    Some(format!(
        "of {} connections, {} ({kinds}); the load that was planned was not the load applied",
        count(connections.requested),
        what.join(" and "),
    ))
}

fn interruption(report: &Report) -> String {
    let measured = seconds(report.measured_s);
    match report.plan.duration_s {
        Some(planned) => format!("interrupted: {measured} of {} measured", seconds(planned)),
        None => format!("interrupted: {measured} measured"),
    }
}

#[cfg(test)]
mod tests;
