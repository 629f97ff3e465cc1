//! What a report says of the shard that its process is.

use reports::{
    Report,
    model::{ShardClients, ShardRecord, StartRecord},
};

use crate::plan::{Plan, Shard};

/// Says which part of the run the report is of, if its process is a shard.
pub(super) fn complete(report: &mut Report, plan: &Plan) {
    let (Some(shard), Some(start)) = (plan.run().shard, report.start.clone()) else { return };
    report.partial = shard.of().get() > 1;
    report.shards = vec![record(report, plan, shard, start)];
}

fn record(report: &Report, plan: &Plan, shard: Shard, start: StartRecord) -> ShardRecord {
    let clients = plan.clients_of_groups_here().into_iter();
    let clients = clients.map(|here| ShardClients { first: here.start, clients: here.end - here.start });
    ShardRecord {
        number: shard.number().get(),
        of: shard.of().get(),
        clients: clients.collect(),
        start,
        measured_s: report.measured_s,
        interrupted: report.interrupted,
        environment: report.environment.clone(),
        generator: report.generator,
    }
}
