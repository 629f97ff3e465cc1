//! What the bounded lists of shards leave open.

use crate::{
    model::{Report, Unresolved},
    text::human::count,
};

/// A remark, if messages that count as lost may be among those that came on connections of other
/// shards. The verdict is the same, as both are violations.
pub(super) fn remark(report: &Report) -> Option<String> {
    let Unresolved { missing_not_kept, misrouted, misrouted_not_kept, .. } = &report.unresolved;
    let misrouted = misrouted_not_kept.saturating_add(misrouted.len() as u64);
    if report.partial || report.shards.len() < 2 || *missing_not_kept == 0 || misrouted == 0 {
        return None;
    }
    Some(format!(
        "messages that came on another connection and that no list of missing ones has: {}; the lists of shards leave out {}, so \
         some of these may count as lost instead of misrouted",
        count(misrouted),
        count(*missing_not_kept)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MisroutedRecord, sample};

    #[test]
    fn what_lists_leave_out_is_told_of_several_shards() {
        let mut report = sample::merged();
        assert_eq!(remark(&report), None);
        report.unresolved.missing_not_kept = 2_000;
        assert_eq!(remark(&report), None);
        report.unresolved.misrouted = vec![MisroutedRecord { client: 7, sequence: 1 }];
        assert_eq!(
            remark(&report).as_deref(),
            Some(
                "messages that came on another connection and that no list of missing ones has: 1; the lists of shards leave out \
                 2 000, so some of these may count as lost instead of misrouted"
            )
        );
        report.shards.truncate(1);
        assert_eq!(remark(&report), None, "a part leaves that to the merge");
    }
}
