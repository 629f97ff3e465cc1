//! Shards report together what one process would report.

use reports::{
    merge::{Merge, MergeOptions},
    model::{Evidence, EvidenceKind, StartRecord},
};

use super::*;
use crate::{
    plan::{Shard, Target},
    worker::MissingMessage,
};

/// Clients of each of two groups.
const CLIENTS: u32 = 4;
const AT_THE_END: Time = Time::from_nanos(8 * SECOND);

/// What became of a message.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Came,
    /// It did not come to its client, for this cause. A truncated event may have been taken for it.
    /// It came to other clients instead: to each whose bit is set.
    Missing {
        cause: CloseCause,
        guessed: bool,
        elsewhere: u8,
    },
}

/// A message of a client. All times are in nanoseconds.
#[derive(Clone, Debug)]
struct SentMessage {
    client: u32,
    due: u64,
    lag: u64,
    service: u64,
    outcome: Outcome,
}

impl SentMessage {
    fn times(&self) -> SendTimes {
        let due = Time::from_nanos(self.due);
        SendTimes { due, written: due.plus(self.lag) }
    }

    /// The clients to which it came.
    fn receivers(&self) -> Vec<u32> {
        match self.outcome {
            Outcome::Came => vec![self.client],
            Outcome::Missing { elsewhere, .. } => {
                (0..2 * CLIENTS).filter(|client| *client != self.client && elsewhere >> client & 1 == 1).collect()
            }
        }
    }
}

fn sent_message() -> impl Strategy<Value = SentMessage> {
    let causes = prop::sample::select(vec![CloseCause::Drained, CloseCause::Died, CloseCause::ByPlan]);
    // Few clients beside one that came: most are misrouted to nobody or to one.
    let elsewhere = prop_oneof![Just(0_u8), (0..8_u32).prop_map(|client| 1 << client), any::<u8>()];
    let missing = (causes, prop::bool::weighted(0.2), elsewhere)
        .prop_map(|(cause, guessed, elsewhere)| Outcome::Missing { cause, guessed, elsewhere });
    let outcome = prop_oneof![2 => Just(Outcome::Came), 3 => missing];
    (0..2 * CLIENTS, 0..4 * SECOND, 0..SECOND / 10, 0..2 * SECOND, outcome)
        .prop_map(|(client, due, lag, service, outcome)| SentMessage { client, due, lag, service, outcome })
}

fn plan_of_shard(shard: Option<Shard>) -> Plan {
    let change = |run: &mut RunOptions, groups: &mut [Group]| {
        (run.shard, run.seed) = (shard, Some(7));
        for group in groups {
            group.clients = NonZeroU32::new(CLIENTS).unwrap();
            group.target = Target::Url("ws://127.0.0.1:9001".parse().unwrap());
        }
    };
    plan_of(2).with(change).unwrap()
}

/// What the process of a shard reports, or that of all clients. It began so long after the planned
/// instant.
fn report_of(messages: &[SentMessage], shard: Option<Shard>, late_us: u32) -> Report {
    let plan = plan_of_shard(shard);
    let here = plan.clients_of_groups_here();
    let has = |client: u32| here[(client / CLIENTS) as usize].contains(&(client % CLIENTS));
    let clients: Vec<_> = here.iter().map(ExactSizeIterator::len).collect();
    let mut outcome = WorkerOutcome { groups: GroupOutcome::of_groups(&clients, 1), ..outcome() };
    outcome.groups.iter_mut().for_each(|group| group.recorder.begin(WINDOW));
    let mut happenings = Vec::new();
    for (sequence, message) in (0_u64..).zip(messages) {
        let written = message.times().written.as_nanos();
        happenings.push((written, None, sequence, message));
        happenings.extend(
            message.receivers().iter().map(|&client| (written + message.service, Some(client), sequence, message)),
        );
    }
    happenings.sort_by_key(|(at, client, sequence, _)| (*at, *client, *sequence));
    let expectation = expectation();
    for (at, receiver, sequence, message) in
        happenings.into_iter().filter(|(_, to, _, of)| has(to.unwrap_or(of.client)))
    {
        let group = &mut outcome.groups[(receiver.unwrap_or(message.client) / CLIENTS) as usize];
        let Some(receiver) = receiver else {
            group.recorder.sent(message.times(), 1, 64, 1);
            continue;
        };
        let mut sink = group.recorder.for_connection(&expectation, receiver, LOCAL, Time::from_nanos(at));
        if receiver == message.client {
            sink.matched(sequence, 1, message.times(), false);
        } else {
            let subject = Subject { sequence: Some(sequence), times: None };
            sink.finding(Finding::Misrouted { owner: message.client }, subject, b"");
        }
    }
    for (sequence, message) in (0_u64..).zip(messages).filter(|(_, message)| has(message.client)) {
        let Outcome::Missing { cause, guessed, .. } = message.outcome else { continue };
        let group = &mut outcome.groups[(message.client / CLIENTS) as usize];
        let fate = if guessed { Fate::Damaged } else { cause.fate() };
        let mut sink = group.recorder.for_connection(&expectation, message.client, LOCAL, AT_THE_END);
        sink.fate(fate, sequence, message.times());
        let measured = message.due >= WINDOW.from.as_nanos();
        group.missing.push(MissingMessage { client: message.client, sequence, measured, cause, guessed });
    }
    let mut timeline = Timeline::new(1, 2);
    for (group, GroupOutcome { recorder, .. }) in outcome.groups.iter_mut().enumerate() {
        let mut rows = recorder.take_rows(AT_THE_END);
        rows.extend(recorder.last_row());
        for row in rows {
            timeline.add(group, row, &mut ());
        }
    }
    let start = StartRecord {
        at: format!("1970-01-01T00:00:00.{late_us:06}Z"),
        planned: Some("1970-01-01T00:00:00.000000Z".to_owned()),
        error_s: Some(f64::from(late_us) / 1e6),
        ready: true,
        clock: None,
    };
    summarize(&plan, RunContext { start: Some(start), ..context(timeline) }, vec![outcome])
}

fn merge(shards: impl IntoIterator<Item = Report>) -> Report {
    let mut merge = Merge::new(MergeOptions::default());
    for shard in shards {
        let name = format!("{}.json", shard.shards[0].number);
        merge.add(&name, shard).unwrap();
    }
    merge.finish().unwrap()
}

/// Evidence in an order that does not depend on who saw it.
fn sorted(evidence: &[Evidence]) -> Vec<(EvidenceKind, u32, Option<u64>, u64)> {
    let mut all: Vec<_> = evidence.iter().map(|one| (one.kind, one.client, one.sequence, one.at_s.to_bits())).collect();
    all.sort_unstable();
    all
}

proptest! {
    // Each case makes some hundred histograms of 220 KB.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn shards_report_together_what_one_process_would_report(
        messages in prop::collection::vec(sent_message(), 0..40),
        late_us in prop::collection::vec(0..400_000_u32, 4),
        of in 1..5_u32,
    ) {
        let whole = report_of(&messages, None, 0);
        let report = |number| report_of(&messages, Shard::new(number, of).ok(), late_us[number as usize - 1]);
        let shards: Vec<_> = (1..=of).map(report).collect();
        let merged = merge(shards.clone());
        // A failure would print some hundred thousand counts.
        prop_assert!(merge(shards.into_iter().rev()) == merged, "the order matters");
        prop_assert!(!merged.partial && merged.shards.len() == of as usize);
        let named = |report: &Report| {
            let groups = report.groups.iter().map(|group| (group.name.clone(), group.measurement.clone()));
            groups.chain([("total".to_owned(), report.total.clone())]).collect::<Vec<_>>()
        };
        for ((name, mut one), (of_merged, mut several)) in named(&whole).into_iter().zip(named(&merged)) {
            prop_assert_eq!(&name, &of_merged);
            let (seen, seen_by_all) = (std::mem::take(&mut one.evidence), std::mem::take(&mut several.evidence));
            // Of more, a shard may have kept some that turned out to be nothing.
            if messages.len() <= 3 {
                prop_assert_eq!(sorted(&seen), sorted(&seen_by_all));
            }
            for tally in [&several.measured, &several.warmup] {
                prop_assert_eq!(reports::identities(tally), Ok(()));
            }
            let latency = std::mem::take(&mut one.latency) == std::mem::take(&mut several.latency);
            prop_assert!(latency, "latency of {}", name);
            prop_assert_eq!(one, several, "{}", name);
        }
        prop_assert_eq!(&whole.unresolved, &merged.unresolved);
        prop_assert_eq!((whole.measured_s, whole.plan.groups), (merged.measured_s, merged.plan.groups));
    }
}

#[test]
fn a_message_may_go_astray_to_another_shard() {
    let message = |client, outcome| SentMessage { client, due: 2 * SECOND, lag: 0, service: 5, outcome };
    let missing = |elsewhere| Outcome::Missing { cause: CloseCause::Drained, guessed: false, elsewhere };
    // Client 0 is of the first shard. Clients 2 and 7 are of the second.
    let messages =
        [message(0, missing(0)), message(0, missing(1 << 2)), message(7, missing(1 << 0)), message(3, Outcome::Came)];
    let shards = [1, 2].map(|number| report_of(&messages, Some(Shard::new(number, 2).unwrap()), 0));
    let counts = |report: &Report| {
        let counts = report.total.measured.counts;
        (counts.matched, counts.lost, counts.misrouted)
    };
    assert_eq!(shards.each_ref().map(counts), [(0, 2, 0), (1, 1, 0)], "a shard can't know");
    let merged = merge(shards);
    assert_eq!(counts(&merged), (1, 1, 2));
    let of_groups: Vec<_> = merged.groups.iter().map(|group| group.measurement.measured.counts.misrouted).collect();
    assert_eq!(of_groups, [1, 1]);
    assert_eq!((merged.unresolved.missing.len(), merged.unresolved.misrouted.len()), (1, 0));
    let lost = merged.total.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Lost);
    assert_eq!(lost.map(|evidence| evidence.sequence).collect::<Vec<_>>(), [Some(0)]);
}

#[test]
fn guesses_are_corrected_alike_whoever_saw_what_first() {
    let message = |due, cause, guessed, elsewhere| SentMessage {
        client: 2,
        due,
        lag: 0,
        service: SECOND / 10,
        outcome: Outcome::Missing { cause, guessed, elsewhere },
    };
    // One message came cut, and was taken for two others. The later of these came elsewhere first.
    let messages = [
        message(0, CloseCause::ByPlan, false, 0),
        message(2 * SECOND, CloseCause::Died, true, 1 << 1),
        message(SECOND / 2, CloseCause::Drained, true, 1 << 0),
    ];
    let whole = report_of(&messages, None, 0);
    let merged = merge([1, 2].map(|number| report_of(&messages, Some(Shard::new(number, 2).unwrap()), 0)));
    let counts = |report: &Report| [report.total.warmup.counts, report.total.measured.counts];
    assert_eq!(counts(&merged), counts(&whole));
}
