//! Missing and misrouted messages of workers, as results have them.

use reports::{
    merge::Strays,
    model::{MisroutedRecord, MissingFate, MissingRecord},
};

use crate::{
    ledger::CloseCause,
    worker::{GroupOutcome, MissingMessage},
};

/// Takes those of a group out of the outcome of a worker.
pub(super) fn take(strays: &mut Strays, group: usize, outcome: &mut GroupOutcome) {
    let missing = std::mem::take(&mut outcome.missing.kept);
    strays.add_missing(group, missing.into_iter().map(record), outcome.missing.cut);
    let misrouted = std::mem::take(&mut outcome.recorder.misrouted.kept).into_iter();
    let misrouted = misrouted.map(|misroute| MisroutedRecord { client: misroute.owner, sequence: misroute.sequence });
    strays.add_misrouted(misrouted, outcome.recorder.misrouted.cut);
}

fn record(MissingMessage { client, sequence, measured, cause, guessed }: MissingMessage) -> MissingRecord {
    let fate = match cause {
        _ if guessed => MissingFate::Damaged,
        CloseCause::Drained => MissingFate::Lost,
        CloseCause::Died => MissingFate::Undetermined,
        CloseCause::ByPlan => MissingFate::UndeterminedByPlan,
    };
    MissingRecord { client, sequence, fate, measured }
}
