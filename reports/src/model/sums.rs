//! Sums over workers and groups.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::AddAssign,
};

use super::{
    Anomalies, Calls, CompressedTraffic, Counts, Deliveries, Dropped, EndRecord, Evidence, EvidenceKind, Latency,
    Measurement, OtherEvents, RoomRecord, RoomsMeasurement, Tally, Traffic, Wire, saturate::add,
};

impl Evidence {
    /// Pieces of one kind that a result keeps.
    pub const KEPT: usize = 10;

    /// Sorts evidence by time, and keeps the first of each kind.
    pub fn keep_first(evidence: &mut Vec<Self>) {
        evidence.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        let mut kept: BTreeMap<EvidenceKind, usize> = BTreeMap::new();
        evidence.retain(|evidence| {
            let count = kept.entry(evidence.kind).or_default();
            *count += 1;
            *count <= Self::KEPT
        });
    }
}

/// Adds another part of the same clients, or other clients. Evidence and seconds are not added:
/// they have an order in time.
impl AddAssign<&Measurement> for Measurement {
    fn add_assign(&mut self, part: &Measurement) {
        let Measurement { connections, sessions, ends, pings, measured, warmup, .. } = part;
        let Measurement { rooms, evidence: _, traffic, latency, wire, intervals: _, .. } = part;
        self.connections += connections;
        self.sessions += *sessions;
        EndRecord::add_all(&mut self.ends, ends);
        self.pings += *pings;
        self.measured += *measured;
        self.warmup += *warmup;
        self.rooms += rooms;
        self.traffic += *traffic;
        self.latency += latency;
        self.wire += *wire;
    }
}

impl AddAssign<&Latency> for Latency {
    fn add_assign(&mut self, part: &Latency) {
        let Latency { response, service, floor, send_lag, .. } = self;
        let of_messages = [response, service, floor, send_lag];
        let Latency { connect, connect_tcp, connect_proxy, connect_tls, connect_upgrade, .. } = self;
        let of_connections = [connect, connect_tcp, connect_proxy, connect_tls, connect_upgrade];
        let Latency { join, first, last, receiver, .. } = self;
        let others = [join, first, last, receiver];
        let Latency { away, first_reply, ping, replayed, .. } = self;
        let of_sessions = [away, first_reply, ping, replayed];
        let sums = of_messages.into_iter().chain(of_connections).chain(others).chain(of_sessions);
        for (sum, (_, values)) in sums.zip(part.by_name()) {
            if !values.is_empty() {
                sum.add(values).expect("all histograms have one shape");
            }
        }
    }
}

impl AddAssign for Wire {
    fn add_assign(&mut self, part: Wire) {
        self.reads += part.reads;
        self.writes += part.writes;
    }
}

impl AddAssign for Calls {
    fn add_assign(&mut self, part: Calls) {
        add(&mut self.calls, part.calls);
        add(&mut self.messages, part.messages);
        self.largest = self.largest.max(part.largest);
    }
}

// Destructured, so that a new counter can't be forgotten here.
impl AddAssign for Traffic {
    fn add_assign(&mut self, part: Traffic) {
        let Traffic { matched_in_window, sent_in_window, sent_bytes, received_bytes, compressed } = part;
        add(&mut self.matched_in_window, matched_in_window);
        add(&mut self.sent_in_window, sent_in_window);
        add(&mut self.sent_bytes, sent_bytes);
        add(&mut self.received_bytes, received_bytes);
        self.compressed += compressed;
    }
}

impl AddAssign for CompressedTraffic {
    fn add_assign(&mut self, part: CompressedTraffic) {
        let CompressedTraffic { sent_bytes, sent_frame_bytes, received_bytes, received_frame_bytes } = part;
        add(&mut self.sent_bytes, sent_bytes);
        add(&mut self.sent_frame_bytes, sent_frame_bytes);
        add(&mut self.received_bytes, received_bytes);
        add(&mut self.received_frame_bytes, received_frame_bytes);
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, part: Tally) {
        let Tally { counts, dropped, anomalies, deliveries, other_events } = part;
        self.counts += counts;
        self.dropped += dropped;
        self.anomalies += anomalies;
        self.deliveries += deliveries;
        self.other_events += other_events;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, part: Counts) {
        let Counts { scheduled, sent, dropped, matched, lost, damaged, misrouted, .. } = part;
        let Counts { undetermined, undetermined_by_plan, events, .. } = part;
        add(&mut self.scheduled, scheduled);
        add(&mut self.sent, sent);
        add(&mut self.dropped, dropped);
        add(&mut self.matched, matched);
        add(&mut self.lost, lost);
        add(&mut self.damaged, damaged);
        add(&mut self.misrouted, misrouted);
        add(&mut self.undetermined, undetermined);
        add(&mut self.undetermined_by_plan, undetermined_by_plan);
        add(&mut self.events, events);
    }
}

impl AddAssign for Dropped {
    fn add_assign(&mut self, part: Dropped) {
        let Dropped { in_flight_cap, dead_connection, behind_schedule, away } = part;
        add(&mut self.in_flight_cap, in_flight_cap);
        add(&mut self.dead_connection, dead_connection);
        add(&mut self.behind_schedule, behind_schedule);
        add(&mut self.away, away);
    }
}

impl AddAssign for Anomalies {
    fn add_assign(&mut self, part: Anomalies) {
        let Anomalies {
            duplicated,
            reordered,
            coalesced,
            split,
            split_pieces,
            truncated,
            corrupted,
            wrong_type,
            misrouted_events,
            unexpected,
            gaps,
        } = part;
        add(&mut self.duplicated, duplicated);
        add(&mut self.reordered, reordered);
        add(&mut self.coalesced, coalesced);
        add(&mut self.split, split);
        add(&mut self.split_pieces, split_pieces);
        add(&mut self.truncated, truncated);
        add(&mut self.corrupted, corrupted);
        add(&mut self.wrong_type, wrong_type);
        add(&mut self.misrouted_events, misrouted_events);
        add(&mut self.unexpected, unexpected);
        add(&mut self.gaps, gaps);
    }
}

impl AddAssign for Deliveries {
    fn add_assign(&mut self, part: Deliveries) {
        let Deliveries { messages, expected, matched, replayed, lost, lost_away, .. } = part;
        let Deliveries { damaged, undetermined, undetermined_by_plan, .. } = part;
        add(&mut self.messages, messages);
        add(&mut self.expected, expected);
        add(&mut self.matched, matched);
        add(&mut self.replayed, replayed);
        add(&mut self.lost, lost);
        add(&mut self.lost_away, lost_away);
        add(&mut self.damaged, damaged);
        add(&mut self.undetermined, undetermined);
        add(&mut self.undetermined_by_plan, undetermined_by_plan);
    }
}

impl AddAssign for OtherEvents {
    fn add_assign(&mut self, part: OtherEvents) {
        let OtherEvents { partial, ignored, answered, joined, pushed, history, own_copies, late } = part;
        add(&mut self.partial, partial);
        add(&mut self.ignored, ignored);
        add(&mut self.answered, answered);
        add(&mut self.joined, joined);
        add(&mut self.pushed, pushed);
        add(&mut self.history, history);
        add(&mut self.own_copies, own_copies);
        add(&mut self.late, late);
    }
}

/// Adds a part of one room: that of other members, or of another worker.
impl AddAssign for RoomRecord {
    fn add_assign(&mut self, part: RoomRecord) {
        let RoomRecord { number: _, members, deliveries, duplicated, reordered, misrouted } = part;
        // Each part says how many the whole run has.
        self.members = self.members.max(members);
        self.deliveries += deliveries;
        add(&mut self.duplicated, duplicated);
        add(&mut self.reordered, reordered);
        add(&mut self.misrouted, misrouted);
    }
}

/// Adds the rooms of a group or a shard to those of others. They may share rooms: those that both
/// keep are counted once.
impl AddAssign<&RoomsMeasurement> for RoomsMeasurement {
    fn add_assign(&mut self, part: &RoomsMeasurement) {
        let (cut, across_shards) = (self.cut + part.cut, self.across_shards + part.across_shards);
        let mut rooms: BTreeMap<u32, RoomRecord> = self.kept.drain(..).map(|room| (room.number, room)).collect();
        for room in &part.kept {
            match rooms.entry(room.number) {
                Entry::Vacant(entry) => _ = entry.insert(*room),
                Entry::Occupied(mut entry) => *entry.get_mut() += *room,
            }
        }
        *self = Self::of(rooms.into_values().collect());
        add(&mut self.count, cut);
        add(&mut self.cut, cut);
        self.across_shards = across_shards;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_are_kept() {
        let of = |kind, at_s| Evidence { kind, at_s, ..Evidence::default() };
        let mut many: Vec<_> = (0..15).map(|n| of(EvidenceKind::Lost, f64::from(15 - n))).collect();
        many.push(of(EvidenceKind::Died, 99.0));
        Evidence::keep_first(&mut many);
        assert_eq!(many.len(), Evidence::KEPT + 1);
        assert!((many[0].at_s - 1.0).abs() < 1e-9, "the earliest come first");
        assert_eq!(many.last().map(|evidence| evidence.kind), Some(EvidenceKind::Died));
    }

    /// A tally in which no two counters are equal.
    fn tally(unit: u64) -> Tally {
        let n = |n| n * unit;
        let counts = Counts {
            scheduled: n(1),
            sent: n(2),
            dropped: n(3),
            matched: n(4),
            lost: n(5),
            damaged: n(6),
            misrouted: n(7),
            undetermined: n(8),
            undetermined_by_plan: n(37),
            events: n(9),
        };
        let dropped = Dropped { in_flight_cap: n(10), dead_connection: n(11), behind_schedule: n(12), away: n(38) };
        let anomalies = Anomalies {
            duplicated: n(13),
            reordered: n(14),
            coalesced: n(15),
            split: n(16),
            split_pieces: n(17),
            truncated: n(18),
            corrupted: n(19),
            wrong_type: n(20),
            misrouted_events: n(21),
            unexpected: n(22),
            gaps: n(23),
        };
        let deliveries = Deliveries {
            messages: n(36),
            expected: n(24),
            matched: n(25),
            replayed: n(39),
            lost: n(26),
            lost_away: n(40),
            damaged: n(27),
            undetermined: n(28),
            undetermined_by_plan: n(41),
        };
        let other_events = OtherEvents {
            partial: n(29),
            ignored: n(30),
            answered: n(31),
            joined: n(32),
            pushed: n(33),
            history: n(34),
            own_copies: n(35),
            late: n(42),
        };
        Tally { counts, dropped, anomalies, deliveries, other_events }
    }

    #[test]
    fn every_counter_is_added() {
        let mut sum = tally(1);
        sum += tally(100);
        assert_eq!(sum, tally(101));
        let traffic = |n| Traffic {
            matched_in_window: n,
            sent_in_window: 2 * n,
            sent_bytes: 3 * n,
            received_bytes: 4 * n,
            compressed: CompressedTraffic {
                sent_bytes: 5 * n,
                sent_frame_bytes: 6 * n,
                received_bytes: 7 * n,
                received_frame_bytes: 8 * n,
            },
        };
        let mut sum = traffic(1);
        sum += traffic(10);
        assert_eq!(sum, traffic(11));
    }

    #[test]
    fn rooms_that_parts_share_are_added() {
        let room = |number, lost| RoomRecord {
            number,
            members: 2,
            deliveries: Deliveries { expected: 5, lost, ..Deliveries::default() },
            ..RoomRecord::default()
        };
        let mut sum = RoomsMeasurement::of(vec![room(0, 1), room(1, 1)]);
        sum += &RoomsMeasurement { count: 12, kept: vec![room(1, 2), room(2, 0)], cut: 10, across_shards: 3 };
        assert_eq!((sum.count, sum.cut), (13, 10));
        let of = |room: &RoomRecord| (room.number, room.members, room.deliveries.expected, room.deliveries.lost);
        assert_eq!(sum.kept.iter().map(of).collect::<Vec<_>>(), [(1, 2, 10, 3), (0, 2, 5, 1), (2, 2, 5, 0)]);
    }
}
