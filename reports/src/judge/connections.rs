//! Connections that the target refused or lost.

use super::{JudgedPart, by_group, is_cut_short, is_own_failure, phases};
use crate::{
    model::{Connections, GroupRecord, Measurement, Report},
    text::human::{count, most_frequent},
};

const NOT_APPLIED: &str = "the load that was planned was not the load applied";

/// Connections that the target did not open or did not keep, and the messages that were in flight
/// on them.
///
/// Where clients come back, a death is no reason if its client did. What becomes of a slow reader
/// is by plan.
pub(crate) fn connections(report: &Report) -> Vec<String> {
    by_group(report, |part| {
        let is_of_several = report.groups.len() > 1 && part.is_total();
        if is_of_several && report.plan.groups.iter().any(|group| comes_back(group) || reads_slowly(group)) {
            // Its deaths may be those of such a group, and the groups have been asked.
            return Vec::new();
        }
        connections_of(part.plan, part.measurement, is_cut_short(report, part.measurement))
    })
}

/// Missing connections of a group, or of all groups together.
pub(crate) fn connections_of(plan: &GroupRecord, measurement: &Measurement, is_cut_short: bool) -> Vec<String> {
    let mut reasons: Vec<String> = missing(plan, measurement).into_iter().collect();
    if is_cut_short || comes_back(plan) || reads_slowly(plan) {
        return reasons;
    }
    for (phase, tally) in phases(measurement) {
        if tally.deliveries.undetermined > 0 {
            reasons.push(format!(
                "{phase}{} of {} deliveries undetermined: a connection died before they came, neither passed nor lost",
                count(tally.deliveries.undetermined),
                count(tally.deliveries.expected),
            ));
        } else if tally.counts.undetermined > 0 {
            reasons.push(format!(
                "{phase}{} of {} messages undetermined: in flight when their connection died, neither passed nor lost",
                count(tally.counts.undetermined),
                count(tally.counts.sent),
            ));
        }
    }
    reasons
}

/// What the target did not open or keep.
fn missing(plan: &GroupRecord, measurement: &Measurement) -> Option<String> {
    let connections = &measurement.connections;
    let own = own_failures(connections);
    let all = count(connections.requested);
    if comes_back(plan) {
        let away = measurement.sessions.away_at_end.saturating_sub(own);
        return (away > 0 && !reads_slowly(plan)).then(|| {
            format!(
                "of {all} clients, {} had lost their connection or got none, and were not back at the end ({}); \
                 {NOT_APPLIED}",
                count(away),
                kinds(connections, |kind| !is_own_failure(kind)),
            )
        });
    }
    let failed = connections.failed.saturating_sub(own);
    let died = connections.died.saturating_sub(own.saturating_sub(connections.failed));
    let died = if reads_slowly(plan) { 0 } else { died };
    let what = [("failed", failed), ("died", died)].into_iter().filter(|(_, n)| *n > 0);
    let what: Vec<String> = what.map(|(name, n)| format!("{} {name}", count(n))).collect();
    (!what.is_empty()).then(|| {
        let kinds = kinds(connections, |kind| !is_own_failure(kind));
        format!("of {all} connections, {} ({kinds}); {NOT_APPLIED}", what.join(" and "))
    })
}

/// Whether a client comes back once its connection has ended.
fn comes_back(plan: &GroupRecord) -> bool {
    plan.sessions.as_ref().is_some_and(|sessions| sessions.reconnect.is_some())
}

fn reads_slowly(plan: &GroupRecord) -> bool {
    plan.read_bytes_per_s.is_some()
}

/// Connections that this system could not open. They are nothing against the target.
pub(super) fn refused_here(part: JudgedPart<'_>) -> Option<String> {
    let connections = &part.measurement.connections;
    let own = own_failures(connections);
    (own > 0).then(|| {
        let what = part.about(format!(
            "of {} connections, {} could not be opened by this system ({}); {NOT_APPLIED}",
            count(connections.requested),
            count(own),
            kinds(connections, is_own_failure),
        ));
        format!("generator: {what}")
    })
}

fn own_failures(connections: &Connections) -> u64 {
    let own = connections.errors.iter().filter(|(kind, _)| is_own_failure(kind));
    own.fold(0, |sum, (_, n)| sum.saturating_add(*n))
}

/// The failures and deaths of the kinds that are wanted, with their numbers.
fn kinds(connections: &Connections, wanted: impl Fn(&str) -> bool) -> String {
    let kinds = connections.errors.iter().filter(|(kind, _)| wanted(kind));
    let kinds = most_frequent(kinds.map(|(kind, n)| (kind.as_str(), *n)));
    if kinds.is_empty() { "no cause known".to_owned() } else { kinds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{Verdict, judge},
        model::{ReconnectRecord, SessionsRecord, sample},
    };

    fn verdict(report: &Report) -> Verdict {
        judge(report, &[]).verdict
    }

    /// What a plan ends, and a death that the client came back from.
    #[test]
    fn what_the_plan_ends_is_no_reason() {
        let mut report = sample::sessions();
        assert_eq!(judge(&report, &[]).reasons, Vec::<String>::new());
        assert_eq!(verdict(&report), Verdict::Pass);
        report.plan.groups[0].sessions = Some(SessionsRecord::default());
        assert_eq!(verdict(&report), Verdict::Connections, "without a way back a death stays one");
    }

    #[test]
    fn who_is_not_back_at_the_end_is_a_reason() {
        let mut report = sample::sessions();
        report.total.sessions.away_at_end = 2;
        let judgement = judge(&report, &[]);
        assert_eq!(judgement.verdict, Verdict::Connections);
        assert!(judgement.reasons[0].starts_with("of 100 clients, 2 had lost their connection"), "{judgement:?}");
        report.total.connections.errors.insert("no_port".to_owned(), 2);
        assert_eq!(verdict(&report), Verdict::Invalid, "this system refused them");
    }

    #[test]
    fn deaths_of_slow_readers_are_no_reason() {
        let mut report = sample::connections();
        report.plan.groups[0].read_bytes_per_s = Some(1024);
        report.total.connections.failed = 0;
        assert_eq!(connections(&report), Vec::<String>::new());
        report.total.connections.failed = 2;
        assert!(connections(&report)[0].starts_with("of 100 connections, 2 failed ("));
    }

    #[test]
    fn a_group_that_comes_back_speaks_for_itself() {
        let mut report = sample::two_groups();
        report.plan.groups[1].sessions =
            Some(SessionsRecord { reconnect: Some(ReconnectRecord::default()), ..SessionsRecord::default() });
        for measurement in [&mut report.total, &mut report.groups[1].measurement] {
            measurement.connections.died = 3;
        }
        assert_eq!(connections(&report), Vec::<String>::new());
        report.groups[0].measurement.connections.died = 1;
        assert!(connections(&report)[0].starts_with("chat: of 90 connections, 1 died"));
    }
}
