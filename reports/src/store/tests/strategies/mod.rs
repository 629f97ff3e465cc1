//! Any report.

mod connections;
mod cut_rooms;
mod plans;
mod sessions;
mod shards;

use proptest::{collection::vec, option, prelude::*};

use crate::{
    judge::{Judgement, LimitedBy, Verdict},
    model::{
        Anomalies, Calls, Counts, Deliveries, Dropped, Environment, Evidence, EvidenceKind, GeneratorHealth,
        GroupMeasurement, GroupRecord, Interval, Latency, Measurement, MisroutedRecord, MissingFate, MissingRecord,
        OtherEvents, PackedHistogram, ReadContext, Report, RoomRecord, RoomsMeasurement, ShardRecord, Tally, Traffic,
        Unresolved, Wire,
    },
};

fn finite() -> impl Strategy<Value = f64> + Clone {
    any::<f64>().prop_filter("JSON has finite numbers only", |x| x.is_finite())
}

fn tallies() -> impl Strategy<Value = Tally> {
    (any::<[u64; 10]>(), any::<[u64; 4]>(), any::<[u64; 11]>(), deliveries(), other_events()).prop_map(
        |(c, d, a, deliveries, other_events)| {
            let [scheduled, sent, dropped, matched, lost, damaged, misrouted, undetermined, by_plan, events] = c;
            let [
                duplicated,
                reordered,
                coalesced,
                split,
                split_pieces,
                truncated,
                corrupted,
                wrong_type,
                m,
                unexpected,
                gaps,
            ] = a;
            Tally {
                counts: Counts {
                    scheduled,
                    sent,
                    dropped,
                    matched,
                    lost,
                    damaged,
                    misrouted,
                    undetermined,
                    undetermined_by_plan: by_plan,
                    events,
                },
                dropped: Dropped { in_flight_cap: d[0], dead_connection: d[1], behind_schedule: d[2], away: d[3] },
                anomalies: Anomalies {
                    duplicated,
                    reordered,
                    coalesced,
                    split,
                    split_pieces,
                    truncated,
                    corrupted,
                    wrong_type,
                    misrouted_events: m,
                    unexpected,
                    gaps,
                },
                deliveries,
                other_events,
            }
        },
    )
}

fn deliveries() -> impl Strategy<Value = Deliveries> {
    any::<[u64; 9]>().prop_map(|n| {
        let [messages, expected, matched, replayed, lost, lost_away, damaged, undetermined, undetermined_by_plan] = n;
        Deliveries {
            messages,
            expected,
            matched,
            replayed,
            lost,
            lost_away,
            damaged,
            undetermined,
            undetermined_by_plan,
        }
    })
}

fn other_events() -> impl Strategy<Value = OtherEvents> {
    any::<[u64; 8]>().prop_map(|[partial, ignored, answered, joined, pushed, history, own_copies, late]| OtherEvents {
        partial,
        ignored,
        answered,
        joined,
        pushed,
        history,
        own_copies,
        late,
    })
}

fn rooms() -> impl Strategy<Value = RoomsMeasurement> {
    let room =
        (any::<[u32; 2]>(), deliveries(), any::<[u64; 3]>()).prop_map(|([number, members], deliveries, found)| {
            let [duplicated, reordered, misrouted] = found;
            RoomRecord { number, members, deliveries, duplicated, reordered, misrouted }
        });
    (any::<[u64; 3]>(), vec(room, 0..3)).prop_map(|([count, cut, across_shards], kept)| RoomsMeasurement {
        count,
        kept,
        cut,
        across_shards,
    })
}

fn unresolved() -> impl Strategy<Value = Unresolved> {
    let missing = (any::<u32>(), any::<u64>(), missing_fates(), any::<bool>())
        .prop_map(|(client, sequence, fate, measured)| MissingRecord { client, sequence, fate, measured });
    let misrouted = any::<(u32, u64)>().prop_map(|(client, sequence)| MisroutedRecord { client, sequence });
    let rooms = option::of(cut_rooms::cut_rooms().prop_map(Box::new));
    (vec(missing, 0..3), vec(misrouted, 0..3), any::<[u64; 2]>(), rooms).prop_map(
        |(missing, misrouted, [missing_not_kept, misrouted_not_kept], rooms)| Unresolved {
            missing,
            missing_not_kept,
            misrouted,
            misrouted_not_kept,
            rooms,
        },
    )
}

fn missing_fates() -> impl Strategy<Value = MissingFate> {
    let all = [MissingFate::Lost, MissingFate::Undetermined, MissingFate::UndeterminedByPlan, MissingFate::Damaged];
    prop::sample::select(all.to_vec())
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let kinds = prop::sample::select(vec![EvidenceKind::Lost, EvidenceKind::WrongType, EvidenceKind::Died]);
    let texts = (any::<[String; 2]>(), any::<[Option<String>; 3]>());
    (kinds, texts, any::<(u32, Option<u32>)>(), any::<[Option<u64>; 3]>(), finite(), option::of(any::<[u64; 2]>()))
        .prop_map(|(kind, ([local, peer], [expected, received, detail]), (client, sender), numbers, at_s, read)| {
            Evidence {
                kind,
                client,
                sender,
                local,
                peer,
                sequence: numbers[0],
                at_s,
                expected,
                received,
                received_bytes: numbers[1],
                first_difference: numbers[2],
                read: read.map(|[bytes, frames]| ReadContext { bytes, frames }),
                detail,
            }
        })
}

fn histograms() -> impl Strategy<Value = hdrhistogram::Histogram<u64>> + Clone {
    vec((0..=Latency::HIGH_NS, 1..1_000_000_u64), 0..20).prop_map(|values| {
        let mut histogram = Latency::histogram();
        for (value, count) in values {
            histogram.record_n(value, count).unwrap();
        }
        histogram
    })
}

fn latencies() -> impl Strategy<Value = Latency> {
    let phases = [histograms(), histograms(), histograms(), histograms(), histograms()];
    let others = [histograms(), histograms(), histograms(), histograms()];
    let of_sessions = [histograms(), histograms(), histograms(), histograms()];
    ([histograms(), histograms(), histograms(), histograms()], phases, others, of_sessions).prop_map(
        |([response, service, floor, send_lag], phases, others, s)| {
            let [connect, connect_tcp, connect_proxy, connect_tls, connect_upgrade] = phases;
            let [join, first, last, receiver] = others;
            let [away, first_reply, ping, replayed] = s;
            Latency {
                response,
                service,
                floor,
                send_lag,
                connect,
                connect_tcp,
                connect_proxy,
                connect_tls,
                connect_upgrade,
                join,
                first,
                last,
                receiver,
                away,
                first_reply,
                ping,
                replayed,
            }
        },
    )
}

fn intervals() -> impl Strategy<Value = Interval> {
    let numbers = (finite(), any::<[u64; 3]>(), any::<[Option<u64>; 3]>());
    (numbers, option::of(histograms()), sessions::in_a_second()).prop_map(|(numbers, response, connections)| {
        let (at_s, n, quantiles) = numbers;
        Interval {
            at_s,
            sent: n[0],
            matched: n[1],
            anomalies: n[2],
            response_p50_ns: quantiles[0],
            response_p99_ns: quantiles[1],
            response_max_ns: quantiles[2],
            connections,
            response: response.map(|histogram| PackedHistogram::of(&histogram).unwrap()),
        }
    })
}

fn generators() -> impl Strategy<Value = GeneratorHealth> {
    let numbers = [finite(), finite(), finite(), finite(), finite()];
    (any::<[u64; 2]>(), numbers, any::<u32>(), option::of(finite())).prop_map(|(n, x, threads, stolen)| {
        let [cpu_s, spin_s, busiest_worker, stopped_s, longest_stop_s] = x;
        let [peak_rss_bytes, stops] = n;
        GeneratorHealth {
            cpu_s,
            spin_s,
            busiest_worker,
            peak_rss_bytes,
            threads,
            stops,
            stopped_s,
            longest_stop_s,
            stolen,
        }
    })
}

fn measurements() -> impl Strategy<Value = Measurement> {
    let numbers = (any::<[u64; 4]>(), any::<[u64; 4]>(), any::<[[u64; 3]; 2]>()).prop_map(|(traffic, bytes, wire)| {
        let [matched_in_window, sent_in_window, sent_bytes, received_bytes] = traffic;
        let [reads, writes] = wire.map(|[calls, messages, largest]| Calls { calls, messages, largest });
        let compressed = connections::compressed(bytes);
        (Traffic { matched_in_window, sent_in_window, sent_bytes, received_bytes, compressed }, Wire { reads, writes })
    });
    let lists = (rooms(), vec(evidence(), 0..3), vec(intervals(), 0..3));
    (connections::connections(), sessions::all(), [tallies(), tallies()], latencies(), numbers, lists).prop_map(
        |(connections, of_sessions, [measured, warmup], latency, (traffic, wire), lists)| {
            let ((sessions, ends, pings), (rooms, evidence, intervals)) = (of_sessions, lists);
            Measurement {
                connections,
                sessions,
                ends,
                pings,
                measured,
                warmup,
                rooms,
                evidence,
                traffic,
                latency,
                wire,
                intervals,
            }
        },
    )
}

fn environments() -> impl Strategy<Value = Environment> {
    (any::<[String; 3]>(), any::<[u32; 2]>(), any::<u64>()).prop_map(
        |([cpu, kernel, version], [cores, run_id], seed)| Environment { cpu, cores, kernel, version, seed, run_id },
    )
}

pub(super) fn reports() -> impl Strategy<Value = Report> {
    let head = (plans::targets(), any::<String>(), any::<bool>(), finite(), vec(shards::shards(), 0..3));
    (head, sessions::stops(), plans::plans(), environments(), generators(), unresolved(), vec(measurements(), 3))
        .prop_map(|(head, stopped_on_miss, plan, environment, generator, unresolved, mut measurements)| {
            let (target, started_at, interrupted, measured_s, shards) = head;
            let total = measurements.remove(0);
            let named = plan.groups.iter().filter(|_| plan.groups.len() > 1).zip(measurements);
            let group = |(group, measurement): (&GroupRecord, Measurement)| GroupMeasurement {
                name: group.name.clone(),
                measurement,
            };
            let groups = named.map(group).collect();
            Report {
                target,
                plan,
                environment,
                started_at,
                measured_s,
                interrupted,
                stopped_on_miss,
                partial: !shards.is_empty(),
                start: shards.first().map(|shard: &ShardRecord| shard.start.clone()),
                shards,
                generator,
                unresolved,
                total,
                groups,
            }
        })
}

pub(super) fn judgements() -> impl Strategy<Value = Judgement> {
    let verdict = prop::sample::select(Verdict::ALL.to_vec());
    let limit = prop::sample::select(vec![LimitedBy::Schedule, LimitedBy::Generator, LimitedBy::Target]);
    (verdict, vec(any::<String>(), 0..3), limit).prop_map(|(verdict, reasons, limited_by)| Judgement {
        verdict,
        reasons,
        limited_by,
    })
}
