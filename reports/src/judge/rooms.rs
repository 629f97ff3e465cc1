//! Deliveries that nobody can tell the fate of.

use crate::{
    model::{OpenDeliveries, Report},
    text::human::count,
};

/// Why the deliveries of a merged run are not all known, although every shard is there. The lists
/// of results are bounded, so what a shard knew may not be in its result.
pub(super) fn open(report: &Report) -> Option<String> {
    let rooms = report.unresolved.rooms.as_ref().filter(|rooms| !report.partial && rooms.is_open())?;
    let deliveries = |open: &OpenDeliveries| u64::from(open.sequences.numbers).saturating_mul(open.receivers.into());
    let listed = rooms.open.iter().map(deliveries).fold(0, u64::saturating_add);
    Some(format!(
        "{} deliveries between shards have no fate: too many did not come, and the result of a shard does not list all \
         that it knows",
        count(listed.saturating_add(rooms.open_not_kept))
    ))
}

#[cfg(test)]
mod tests {
    use crate::{
        judge::{Verdict, judge},
        model::{CutRooms, sample},
    };

    #[test]
    fn what_has_no_fate_makes_a_merged_run_invalid() {
        let mut report = sample::merged();
        let rooms = CutRooms { open_not_kept: 1234, ..CutRooms::default() };
        report.unresolved.rooms = Some(Box::new(rooms));
        let judgement = judge(&report, &[]);
        assert_eq!(judgement.verdict, Verdict::Invalid);
        assert!(judgement.reasons[0].starts_with("1 234 deliveries between shards have no fate"), "{judgement:?}");
        // A part leaves them to the whole.
        report.partial = true;
        assert_eq!(judge(&report, &[]).verdict, Verdict::Pass);
    }
}
