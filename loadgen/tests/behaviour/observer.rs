//! What an observer sees of a run while it goes on.

use std::time::Duration;

use loadgen::{
    FinishedSecond, Grouped, Observer, Run, Snapshot, Stage,
    plan::{EngineKind, Until},
};
use reports::model::{Connections, Interval};
use server::Reply;

use crate::rig::{Behaviour, Reference, ScriptedServer, TestPlan, n32, open, plan};

on_each_engine!(what_is_seen_is_what_is_reported, deaths_are_seen_by_kind);

#[derive(Default)]
struct Notes {
    stages: Vec<Stage>,
    seconds: Vec<Interval>,
    connections: Vec<Connections>,
}

impl Observer for Notes {
    fn progress(&mut self, snapshot: &Snapshot) {
        self.stages.push(snapshot.stage);
    }

    fn second(&mut self, second: Grouped<'_, FinishedSecond<'_>>) {
        let FinishedSecond { interval, response } = second.total;
        assert_eq!((response.len(), second.groups.len()), (interval.matched, 0), "no warm-up, and one group");
        self.seconds.push((*interval).clone());
    }

    fn connections(&mut self, connections: Grouped<'_, Connections>) {
        assert!(connections.groups.is_empty());
        self.connections.push(connections.total.clone());
    }
}

fn what_is_seen_is_what_is_reported(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let until = Until::Elapsed(Duration::from_millis(2_100));
    let plan = TestPlan { clients: n32(4), load: open(50.0, 1), until, ..plan(engine, &server.url()) };
    let mut notes = Notes::default();
    let report = Run::of(&TestPlan { warmup: Duration::ZERO, ..plan }.to_plan()).observed_by(&mut notes).start();
    let report = report.expect("a report");
    assert_eq!(notes.seconds, report.total.intervals, "each second once, in order");
    assert!(notes.stages.contains(&Stage::Measuring));
    assert_eq!(notes.connections.last().map(|seen| seen.opened), Some(4));
    assert!(notes.connections.is_sorted_by_key(|seen| seen.opened));
}

fn deaths_are_seen_by_kind(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::Resets { after: 3 });
    let mut notes = Notes::default();
    let report = Run::of(&plan(engine, &server.url()).to_plan()).observed_by(&mut notes).start().expect("a report");
    let seen = notes.connections.last().expect("connections died");
    assert!(seen.died > 0);
    assert_eq!((seen.opened, seen.died, &seen.errors), {
        let Connections { opened, died, errors, .. } = &report.total.connections;
        (*opened, *died, errors)
    });
}
