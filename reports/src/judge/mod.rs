//! The verdict on a run: whether it passes, and whether its numbers can be trusted.

pub(crate) mod bounds;
mod connections;
mod hints;
mod identities;
pub(crate) mod limits;
mod own_failure;
mod part;
mod rooms;
mod start;
pub mod threshold;
mod unlisted;

use connections::refused_here;
pub(crate) use connections::{connections, connections_of};
pub use identities::{Breach, group_sums, identities, session_identities};
pub use limits::LimitedBy;
pub use own_failure::OwnFailure;
pub(crate) use part::JudgedPart;
use program::Exit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use threshold::{Decision, Threshold};

use crate::{
    model::{Measurement, Report, StoppedOnMiss, Tally},
    text::human::{count, seconds},
};

/// The verdict on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every message came back as it must, the numbers can be trusted, and every threshold holds.
    Pass,
    /// A threshold does not hold.
    Threshold,
    /// A message was lost, damaged or misrouted, or an event came that must not.
    Delivery,
    /// The target could not be reached, refused connections, or lost some that the plan wanted
    /// open.
    Connections,
    /// The generator was the limit; its numbers are neither good nor bad.
    Invalid,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Threshold, Self::Delivery, Self::Connections, Self::Invalid];

    /// Exit code of a run with this verdict: 0, 1, 4, 5 or 6.
    pub fn exit_code(self) -> u8 {
        self.exit().code()
    }

    /// How a program ends whose run has this verdict.
    pub fn exit(self) -> Exit {
        match self {
            Self::Pass => Exit::Pass,
            Self::Threshold => Exit::Failed,
            Self::Delivery => Exit::Delivery,
            Self::Connections => Exit::Connections,
            Self::Invalid => Exit::Invalid,
        }
    }

    /// The name in files: `pass`, `threshold` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Threshold => "threshold",
            Self::Delivery => "delivery",
            Self::Connections => "connections",
            Self::Invalid => "invalid",
        }
    }
}

/// A verdict and its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict that outranks all others that apply.
    pub verdict: Verdict,
    /// Everything that speaks against the run, one line each, in order of rank. A pass may have a
    /// remark.
    pub reasons: Vec<String>,
    /// What kept the throughput from being higher.
    pub limited_by: LimitedBy,
}

/// Judges a run. If it has several groups, each of them must pass, and each reason names its group.
/// How busy the generator was, and whether it stood still, is the whole run's.
///
/// Delivery violations outrank failed connections, these outrank an invalid run, and that outranks
/// a missed threshold. Of a part of a run, the thresholds are not judged. A lost message stays lost
/// and a closed connection stays closed, however busy the generator was. A latency that a busy
/// generator measured means nothing.
pub fn judge(report: &Report, thresholds: &[Threshold]) -> Judgement {
    judge_part(report, thresholds, Vec::new())
}

/// Judges those shards of a run that have a result, as [`judge`] does. `missing` says what is not
/// there, one line each. Each makes the run invalid, because nobody knows what became of the other
/// clients.
pub fn judge_part(report: &Report, thresholds: &[Threshold], missing: Vec<String>) -> Judgement {
    let delivery = delivery(report);
    let connections = connections(report);
    let mut invalid = missing;
    invalid.extend(self::invalid(report));
    let mut missed = Vec::from_iter(stopped_on_miss(report));
    // A part of a run tells nothing of the whole.
    let judged = if report.partial { &[] } else { thresholds };
    for threshold in judged {
        match threshold.decide(report) {
            Decision::Holds => {}
            Decision::Missed(reason) => missed.push(reason),
            Decision::Undecided(_) if report.plan.run.only_delivery => {}
            Decision::Undecided(reason) => invalid.push(reason),
        }
    }
    let by_rank = [
        (Verdict::Delivery, &delivery),
        (Verdict::Connections, &connections),
        (Verdict::Invalid, &invalid),
        (Verdict::Threshold, &missed),
    ];
    let verdict =
        by_rank.iter().find(|(_, reasons)| !reasons.is_empty()).map_or(Verdict::Pass, |(verdict, _)| *verdict);
    let mut reasons = [delivery, connections, invalid, missed].concat();
    reasons.extend(limits::standstill(report).filter(|_| !report.plan.run.only_delivery));
    reasons.extend(start::unjudged(report, thresholds));
    reasons.extend(unlisted::remark(report));
    if report.interrupted {
        reasons.push(interruption(report));
    }
    Judgement { verdict, reasons, limited_by: limits::limited_by(report) }
}

/// The tallies of both phases, with the prefix of their reasons.
fn phases(measurement: &Measurement) -> [(&'static str, &Tally); 2] {
    [("", &measurement.measured), ("warm-up: ", &measurement.warmup)]
}

/// What speaks against each group. Where nothing does, the total is asked: in a changed file it may
/// have what no group explains.
fn by_group(report: &Report, reasons: impl Fn(JudgedPart<'_>) -> Vec<String>) -> Vec<String> {
    let mut named = Vec::new();
    for part in JudgedPart::all(report) {
        named.extend(reasons(part).into_iter().map(|reason| part.about(reason)));
    }
    if named.is_empty() { reasons(JudgedPart::total(report)) } else { named }
}

fn delivery(report: &Report) -> Vec<String> {
    let mut reasons = by_group(report, |part| violations(report, part));
    if let Some(first) = reasons.first_mut().filter(|first| first.contains(LOST)) {
        first.push_str("; --drain waits longer for replies that come later");
    }
    reasons
}

/// What lost messages waited for.
const LOST: &str = "until the drain of";

/// What speaks against the delivery of a group.
fn violations(report: &Report, part: JudgedPart<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    for (phase, tally) in phases(part.measurement) {
        let drain = seconds(report.plan.run.drain_s);
        let (counts, deliveries) = (&tally.counts, &tally.deliveries);
        let (sent, expected) = (count(counts.sent), count(deliveries.expected));
        if deliveries.lost > 0 {
            let lost = count(deliveries.lost);
            // A group that listens has sent none of them.
            let messages =
                if counts.lost > 0 { format!(", of {} messages", count(counts.lost)) } else { String::new() };
            let away = match deliveries.lost_away {
                0 => String::new(),
                away => format!("; {} of them were due while their receiver was away", count(away)),
            };
            reasons.push(format!(
                "{phase}{lost} of {expected} deliveries lost{messages}: they did not come {LOST} {drain} ended{away}"
            ));
        } else if counts.lost > 0 {
            let lost = count(counts.lost);
            reasons.push(format!("{phase}{lost} of {sent} messages lost: nothing came back {LOST} {drain} ended"));
        }
        if deliveries.damaged > 0 {
            let damaged = count(deliveries.damaged);
            reasons.push(format!("{phase}{damaged} of {expected} deliveries damaged: they did not come whole"));
        } else if counts.damaged > 0 {
            let damaged = count(counts.damaged);
            reasons.push(format!("{phase}{damaged} of {sent} messages damaged: they did not come back whole"));
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
    if !reasons.is_empty() {
        reasons.extend(hints::likeliest(part.plan, part.measurement));
    }
    reasons
}

/// Why the numbers of a run can't be trusted. It is empty if they can. If only delivery is judged,
/// timing is no reason.
pub(crate) fn invalid(report: &Report) -> Vec<String> {
    let parts = JudgedPart::all(report);
    // Where each group balances and the total is their sum, the total balances too.
    let mut reasons: Vec<String> =
        parts.iter().flat_map(|part| unbalanced(*part).into_iter().map(|breach| part.about(breach))).collect();
    reasons.extend(group_sums(report).err().map(|breach| format!("{UNBALANCED}: {breach}")));
    if !report.plan.run.only_delivery {
        reasons.extend(limits::broken_schedule(report));
        reasons.extend(start::late(report));
    }
    reasons.extend(parts.iter().filter_map(|part| refused_here(*part)));
    reasons.extend(rooms::open(report));
    let is_silent = |part: &&JudgedPart<'_>| part.sends() && part.measurement.measured.counts.sent == 0;
    let silent = parts.iter().filter(is_silent).filter(|part| !report.partial || part.is_to_send_here());
    reasons.extend(
        silent.map(|part| part.about("nothing was measured: 0 messages sent in the measured phase".to_owned())),
    );
    reasons
}

/// Counts of a group that do not add up.
fn unbalanced(part: JudgedPart<'_>) -> Vec<String> {
    let breach = |(phase, tally)| Some(format!("{phase}{UNBALANCED}: {}", identities(tally).err()?));
    let of_sessions = session_identities(part.measurement).err().map(|breach| format!("{UNBALANCED}: {breach}"));
    phases(part.measurement).into_iter().filter_map(breach).chain(of_sessions).collect()
}

const UNBALANCED: &str = "the books do not balance, a bug of the generator";

/// Whether the run is invalid only because the generator was too slow for its plan. Then nothing
/// speaks against the target, and another try may succeed.
pub fn is_generators_fault(report: &Report) -> bool {
    let schedule = if report.plan.run.only_delivery { Vec::new() } else { limits::broken_schedule(report) };
    !schedule.is_empty() && invalid(report).len() == schedule.len() && connections(report).is_empty()
}

/// Whether a kind of connection failure is due to this system and says nothing about the target.
pub fn is_own_failure(kind: &str) -> bool {
    OwnFailure::from_name(kind).is_some()
}

/// Whether messages of a group are undetermined because a signal cut the drain short, and not
/// because a connection died.
pub(crate) fn is_cut_short(report: &Report, measurement: &Measurement) -> bool {
    report.interrupted && measurement.connections.died == 0
}

/// A threshold that was missed for so long that it ended the run. It may hold by now.
fn stopped_on_miss(report: &Report) -> Option<String> {
    let StoppedOnMiss { threshold, at_s } = report.stopped_on_miss.as_ref()?;
    let (at, measured) = (seconds(*at_s), measured(report));
    Some(format!("stopped at {at}, as threshold {threshold} was missed for too long (--stop-on-miss): {measured}"))
}

/// How much of the plan was measured.
fn measured(report: &Report) -> String {
    let measured = seconds(report.measured_s);
    match report.plan.run.duration_s {
        Some(planned) => format!("{measured} of {} measured", seconds(planned)),
        None => format!("{measured} measured"),
    }
}

fn interruption(report: &Report) -> String {
    let interruption = format!("interrupted: {}", measured(report));
    let cut_short = JudgedPart::all(report).into_iter().filter(|part| is_cut_short(report, part.measurement));
    let undetermined = cut_short
        .flat_map(|part| phases(part.measurement).map(|(_, tally)| tally.counts.undetermined))
        .fold(0_u64, u64::saturating_add);
    if undetermined == 0 {
        return interruption;
    }
    format!("{interruption}; {} messages were in flight then, neither passed nor lost", count(undetermined))
}

#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod room_tests;
#[cfg(test)]
mod tests;
