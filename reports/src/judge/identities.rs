//! The identities that the counts of every phase must satisfy, in each group and in total.
//!
//! They hold by construction of the ledger. A breach is a bug of the generator, so no number of
//! that run can be trusted.

use std::{borrow::Cow, fmt};

use crate::{
    model::{Measurement, Report, Tally},
    text::human::count,
};

/// An identity that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The identity, in words.
    pub identity: Cow<'static, str>,
    /// Its left side.
    pub left: u64,
    /// The sum on its right side; [`u64::MAX`] when it exceeds that.
    pub right: u64,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not hold: {} is not {}", self.identity, count(self.left), count(self.right))
    }
}

impl std::error::Error for Breach {}

/// Checks the counts of a group or of all: every due message was sent or dropped for one cause,
/// every sent message has one fate, every delivery has one, and every event has one finding.
///
/// `reordered`, `split` and `gaps` are in none of the sums. Reordered messages are matched as well,
/// `split` counts messages, and a gap is what did not come.
///
/// In rooms a message is matched once and comes to several receivers, so events are counted against
/// deliveries: [`Tally::matched_events`].
///
/// # Errors
/// The first identity that does not hold.
pub fn identities(tally: &Tally) -> Result<(), Breach> {
    let (counts, dropped, found) = (&tally.counts, &tally.dropped, &tally.anomalies);
    holds("scheduled = sent + dropped", counts.scheduled, &[counts.sent, counts.dropped])?;
    holds(
        "dropped = in_flight_cap + dead_connection + behind_schedule + away",
        counts.dropped,
        &dropped.by_name().map(|(_, n)| n),
    )?;
    holds(
        "sent = matched + lost + damaged + misrouted + undetermined + undetermined_by_plan",
        counts.sent,
        &[
            counts.matched,
            counts.lost,
            counts.damaged,
            counts.misrouted,
            counts.undetermined,
            counts.undetermined_by_plan,
        ],
    )?;
    let deliveries = tally.deliveries;
    holds(
        "deliveries.expected = matched + lost + damaged + undetermined + undetermined_by_plan",
        deliveries.expected,
        &[
            deliveries.matched,
            deliveries.lost,
            deliveries.damaged,
            deliveries.undetermined,
            deliveries.undetermined_by_plan,
        ],
    )?;
    holds(
        "events = matched + duplicated + coalesced + split_pieces + truncated + corrupted + wrong_type + misrouted_events + unexpected + other events",
        counts.events,
        &[
            tally.matched_events(),
            found.duplicated,
            found.coalesced,
            found.split_pieces,
            found.truncated,
            found.corrupted,
            found.wrong_type,
            found.misrouted_events,
            found.unexpected,
            tally.other_events.sum(),
        ],
    )
}

/// Checks the sessions of a group or of all: every attempt to open a connection came after one
/// thing and had one outcome, and every connection that opened ended in one way.
///
/// # Errors
/// The first identity that does not hold.
pub fn session_identities(measurement: &Measurement) -> Result<(), Breach> {
    let Measurement { connections, sessions, pings, .. } = measurement;
    if sessions.is_empty() {
        return Ok(());
    }
    let after = sessions.after;
    holds(
        "sessions.attempts = start + session + drop + storm + death + failure",
        sessions.attempts,
        &[after.start, after.session, after.drop, after.storm, after.death, after.failure],
    )?;
    holds(
        "sessions.attempts = opened + failed_attempts + given_up",
        sessions.attempts,
        &[connections.opened, sessions.failed_attempts, sessions.given_up],
    )?;
    holds(
        "opened = closed_by_plan + cut_by_plan + left + died + open_at_end",
        connections.opened,
        &[sessions.closed_by_plan, sessions.cut_by_plan, sessions.left, connections.died, sessions.open_at_end],
    )?;
    holds("pings.answered <= pings.sent", pings.answered.max(pings.sent), &[pings.sent])
}

/// Checks that the counts of the groups add up to those of the total. In a run with one group there
/// is nothing to add.
///
/// # Errors
/// The first count that is not the sum of the groups'.
pub fn group_sums(report: &Report) -> Result<(), Breach> {
    if report.groups.is_empty() {
        return Ok(());
    }
    let groups: Vec<Vec<(String, u64)>> = report.groups.iter().map(|group| sums(&group.measurement)).collect();
    for (index, (name, total)) in sums(&report.total).into_iter().enumerate() {
        let terms: Vec<u64> = groups.iter().map(|group| group[index].1).collect();
        holds(format!("{name} = the sum over the groups"), total, &terms)?;
    }
    Ok(())
}

/// The counts that add up, with their names, in the same order for every measurement.
fn sums(measurement: &Measurement) -> Vec<(String, u64)> {
    let Measurement { connections, sessions, pings, measured, warmup, .. } = measurement;
    let of_phase = |phase: &'static str, tally: &Tally| {
        let causes = tally.dropped.by_name();
        let named = tally.counts.by_name().into_iter().chain(causes).chain(tally.anomalies.by_name());
        let named = named.chain(tally.other_events.by_name()).map(|(name, n)| (format!("{phase}{name}"), n));
        let deliveries = tally.deliveries.by_name().map(|(name, n)| (format!("{phase}deliveries.{name}"), n));
        named.chain(deliveries).collect::<Vec<_>>()
    };
    let others = [
        ("requested", connections.requested),
        ("opened", connections.opened),
        ("failed", connections.failed),
        ("died", connections.died),
        ("pings.sent", pings.sent),
        ("pings.answered", pings.answered),
    ];
    let others = others.map(|(name, n)| (name.to_owned(), n));
    let sessions = sessions.by_name().map(|(name, n)| (format!("sessions.{name}"), n));
    [of_phase("", measured), of_phase("warm-up: ", warmup), others.into(), sessions.into()].concat()
}

fn holds(identity: impl Into<Cow<'static, str>>, left: u64, terms: &[u64]) -> Result<(), Breach> {
    // Saturating: a sum beyond u64 can't equal a real count, and counts come from files too.
    let right = terms.iter().fold(0_u64, |sum, term| sum.saturating_add(*term));
    if left == right { Ok(()) } else { Err(Breach { identity: identity.into(), left, right }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Anomalies, Counts, Deliveries, Dropped, OtherEvents};

    /// 100 due, 90 sent; of those 84 matched, 1 lost, 3 damaged, 1 misrouted, 1 undetermined.
    fn balanced() -> Tally {
        Tally {
            counts: Counts {
                scheduled: 100,
                sent: 90,
                dropped: 10,
                matched: 84,
                lost: 1,
                damaged: 3,
                misrouted: 1,
                undetermined: 1,
                undetermined_by_plan: 0,
                events: 84 + 2 + 1 + 4 + 1 + 1 + 1 + 1 + 3,
            },
            dropped: Dropped { in_flight_cap: 7, dead_connection: 1, behind_schedule: 1, away: 1 },
            anomalies: Anomalies {
                duplicated: 2,
                reordered: 5,
                coalesced: 1,
                split: 2,
                split_pieces: 4,
                truncated: 1,
                corrupted: 1,
                wrong_type: 1,
                misrouted_events: 1,
                unexpected: 3,
                ..Anomalies::default()
            },
            ..Tally::default()
        }
    }

    #[test]
    fn balanced_counts_pass_and_so_do_empty_ones() {
        assert_eq!(identities(&balanced()), Ok(()));
        assert_eq!(identities(&Tally::default()), Ok(()));
    }

    #[test]
    fn overlays_are_not_part_of_any_sum() {
        let mut tally = balanced();
        tally.anomalies.reordered += 1;
        tally.anomalies.split += 1;
        assert_eq!(identities(&tally), Ok(()));
    }

    /// 10 messages to 5 receivers each: 47 of the deliveries matched, and 3 events were set aside.
    fn in_rooms() -> Tally {
        Tally {
            counts: Counts { scheduled: 10, sent: 10, matched: 8, lost: 2, events: 47 + 1 + 3, ..Counts::default() },
            anomalies: Anomalies { duplicated: 1, gaps: 9, ..Anomalies::default() },
            deliveries: Deliveries {
                messages: 8,
                expected: 50,
                matched: 47,
                lost: 1,
                damaged: 1,
                undetermined: 1,
                ..Deliveries::default()
            },
            other_events: OtherEvents { history: 2, ignored: 1, ..OtherEvents::default() },
            ..Tally::default()
        }
    }

    #[test]
    fn deliveries_have_one_fate_and_are_the_events_of_rooms() {
        type Increment = fn(&mut Tally);
        assert_eq!(identities(&in_rooms()), Ok(()));
        let one_more: [(&str, Increment); 9] = [
            ("deliveries.expected", |t| t.deliveries.expected += 1),
            ("deliveries.expected", |t| t.deliveries.matched += 1),
            ("deliveries.expected", |t| t.deliveries.lost += 1),
            ("deliveries.expected", |t| t.deliveries.damaged += 1),
            ("deliveries.expected", |t| t.deliveries.undetermined += 1),
            ("deliveries.expected", |t| t.deliveries.undetermined_by_plan += 1),
            ("events", |t| t.deliveries.messages -= 1),
            ("events", |t| t.other_events.own_copies += 1),
            ("events", |t| t.counts.events += 1),
        ];
        for (left_side, change) in one_more {
            let mut tally = in_rooms();
            change(&mut tally);
            let breach = identities(&tally).unwrap_err();
            assert!(breach.identity.starts_with(&format!("{left_side} =")), "{breach}");
        }
    }

    #[test]
    fn one_more_in_any_other_count_is_a_breach() {
        type Increment = fn(&mut Tally);
        let one_more: [(&str, Increment); 21] = [
            ("scheduled", |t| t.counts.scheduled += 1),
            ("scheduled", |t| t.counts.dropped += 1),
            ("scheduled", |t| t.counts.sent += 1),
            ("dropped", |t| t.dropped.in_flight_cap += 1),
            ("dropped", |t| t.dropped.dead_connection += 1),
            ("dropped", |t| t.dropped.behind_schedule += 1),
            ("dropped", |t| t.dropped.away += 1),
            ("sent", |t| t.counts.lost += 1),
            ("sent", |t| t.counts.damaged += 1),
            ("sent", |t| t.counts.misrouted += 1),
            ("sent", |t| t.counts.undetermined += 1),
            ("sent", |t| t.counts.undetermined_by_plan += 1),
            ("events", |t| t.counts.events += 1),
            ("events", |t| t.other_events.late += 1),
            ("events", |t| t.anomalies.duplicated += 1),
            ("events", |t| t.anomalies.coalesced += 1),
            ("events", |t| t.anomalies.split_pieces += 1),
            ("events", |t| t.anomalies.truncated += 1),
            ("events", |t| t.anomalies.corrupted += 1),
            ("events", |t| t.anomalies.wrong_type += 1),
            ("events", |t| t.anomalies.unexpected += 1),
        ];
        for (index, (left_side, change)) in one_more.into_iter().enumerate() {
            let mut tally = balanced();
            change(&mut tally);
            let breach = identities(&tally).expect_err(&format!("change {index} went unnoticed"));
            assert!(breach.identity.starts_with(&format!("{left_side} =")), "{breach}");
        }
    }

    #[test]
    fn a_breach_names_both_sides() {
        let mut tally = balanced();
        tally.counts.sent = 89;
        assert_eq!(
            identities(&tally).unwrap_err().to_string(),
            "scheduled = sent + dropped does not hold: 100 is not 99"
        );
    }

    #[test]
    fn sums_beyond_the_range_are_a_breach_not_a_panic() {
        let mut tally = balanced();
        tally.counts.dropped = u64::MAX;
        assert_eq!(identities(&tally).unwrap_err().right, u64::MAX);
    }
}
