//! The likeliest reason why rooms did not hear what they should.

use crate::model::{Evidence, EvidenceKind, Measurement};

/// A hint for a group whose messages go to rooms. `None` where no cause is likely.
pub(super) fn likeliest(measurement: &Measurement) -> Option<String> {
    let of = |kind: EvidenceKind| measurement.evidence.iter().filter(move |evidence| evidence.kind == kind);
    let are_own = |kind| of(kind).next().is_some() && of(kind).all(is_own_copy);
    let phases = [&measurement.measured, &measurement.warmup];
    let hint = if phases.iter().all(|tally| tally.counts.events == 0) && measurement.connections.opened > 0 {
        "nothing came to anybody: is a client in its room once it is connected? --on-open joins one"
    } else if are_own(EvidenceKind::Lost) {
        "each kept message that is missing is the sender's own copy: if the server sends none, --own refuse"
    } else if are_own(EvidenceKind::Unexpected) {
        "each kept event that nobody asked for is the sender's own copy: if the server sends them, --own expect"
    } else if phases.iter().any(|tally| tally.anomalies.misrouted_events > 0) {
        "messages came to members of other rooms: does --room-size or --room divide clients as the server does?"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// Whether it is about a message that came, or should have, to the client that sent it.
fn is_own_copy(evidence: &Evidence) -> bool {
    evidence.sender == Some(evidence.client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Counts, Report, sample};

    fn hint(change: impl FnOnce(&mut Report)) -> String {
        let mut report = sample::rooms();
        change(&mut report);
        likeliest(&report.total).unwrap_or_default()
    }

    fn own(report: &mut Report, kind: EvidenceKind) {
        for evidence in &mut report.total.evidence {
            (evidence.kind, evidence.sender) = (kind, Some(evidence.client));
        }
    }

    #[test]
    fn each_cause_has_a_hint() {
        assert_eq!(hint(|_| {}), "", "some messages are lost, and nothing says why");
        assert!(hint(|report| own(report, EvidenceKind::Lost)).contains("--own refuse"));
        assert!(hint(|report| own(report, EvidenceKind::Unexpected)).contains("--own expect"));
        assert!(hint(|report| report.total.measured.anomalies.misrouted_events = 1).contains("other rooms"));
        assert!(hint(|report| report.total.measured.counts = Counts::default()).contains("--on-open"));
        let mixed = hint(|report| {
            own(report, EvidenceKind::Lost);
            report.total.evidence[0].sender = Some(1);
        });
        assert_eq!(mixed, "");
    }
}
