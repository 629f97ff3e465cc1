//! Sentences about how load changes, how clients come and go, and what they do to the wire. A run
//! without that has none.

use crate::{
    human::{bytes, count, percent, rate, seconds},
    model::{
        GroupRecord, JitterRecord, LoadRecord, ReconnectRecord, SessionsRecord, SpacingRecord, StageRecord,
        StormRecord, WireShapeRecord, WriteShapeRecord,
    },
};

/// Most stages or storms in a sentence.
const SHOWN: usize = 6;

/// Everything about a group that a constant load on connections that stay does not have.
pub(super) fn shape(group: &GroupRecord) -> Vec<String> {
    let mut parts = arrivals(&group.load);
    parts.extend(group.sessions.iter().flat_map(sessions));
    parts.extend(others(group));
    parts
}

/// Stages, spacing and time to think.
pub(super) fn arrivals(load: &LoadRecord) -> Vec<String> {
    match load {
        LoadRecord::Open { stages, spacing, .. } => {
            let stages = (!stages.is_empty()).then(|| format!("stages {}", bounded(stages.iter().map(stage))));
            let poisson = (*spacing == SpacingRecord::Poisson).then(|| "Poisson arrivals".to_owned());
            stages.into_iter().chain(poisson).collect()
        }
        LoadRecord::Closed { think_s, .. } if *think_s > 0.0 => vec![format!("{} to think", seconds(*think_s))],
        LoadRecord::Closed { .. } | LoadRecord::Listen => Vec::new(),
    }
}

fn stage(stage: &StageRecord) -> String {
    let StageRecord { from_per_client: from, to_per_client: to, length_s } = *stage;
    if from.total_cmp(&to).is_eq() {
        return format!("{}/s for {}", rate(from), seconds(length_s));
    }
    format!("{} to {}/s in {}", rate(from), rate(to), seconds(length_s))
}

/// How clients come and go.
pub(super) fn sessions(plan: &SessionsRecord) -> Vec<String> {
    let SessionsRecord { start_s, stop_s, ramp_s, session_s, session_messages, drop_every_s, storms, reconnect } = plan;
    let start = start_s.map(|at| format!("from {} on", seconds(at)));
    let stop = stop_s.map(|at| format!("until {}", seconds(at)));
    let ramp = ramp_s.map(|time| format!("opened over {}", seconds(time)));
    let session = session_s.map(|length| format!("sessions of {}", seconds(length)));
    let of_messages = session_messages.map(|n| format!("sessions of {} messages", count(n)));
    let cut = drop_every_s.map(|time| format!("each cut every {}", seconds(time)));
    let storms = (!storms.is_empty()).then(|| format!("cut at once: {}", bounded(storms.iter().map(storm))));
    let reconnect = reconnect.as_ref().map(back);
    let all = [start, stop, ramp, session, of_messages, cut, storms, reconnect];
    all.into_iter().flatten().collect()
}

fn storm(StormRecord { share, at_s }: &StormRecord) -> String {
    format!("{} at {}", percent(*share), seconds(*at_s))
}

fn back(ReconnectRecord { min_s, max_s, jitter }: &ReconnectRecord) -> String {
    let jitter = match jitter {
        JitterRecord::Full => "full jitter",
        JitterRecord::Equal => "equal jitter",
        JitterRecord::None => "no jitter",
    };
    format!("back after {} to {}, {jitter}", seconds(*min_s), seconds(*max_s))
}

/// Frames, writes, pings and slow reads.
pub(super) fn others(group: &GroupRecord) -> Vec<String> {
    let shape = group.wire_shape.unwrap_or_default();
    let WireShapeRecord { fragment_bytes, write, split_bytes } = shape;
    let fragments = fragment_bytes.map(|n| format!("frames of {}", bytes(n.into())));
    let writes = match write {
        WriteShapeRecord::Burst => None,
        WriteShapeRecord::Frame => Some("a write a frame".to_owned()),
        WriteShapeRecord::Split => Some(format!("writes of {}", bytes(split_bytes.unwrap_or(0).into()))),
    };
    let pings = group.ping_s.map(|time| format!("a ping every {}", seconds(time)));
    let read = group.read_bytes_per_s.map(|n| format!("reads {}/s at most", bytes(n as f64)));
    [fragments, writes, pings, read].into_iter().flatten().collect()
}

fn bounded(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<String> = parts.collect();
    if parts.len() > SHOWN {
        let more = format!("{} more", parts.len() - SHOWN);
        parts.truncate(SHOWN);
        parts.push(more);
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn a_constant_load_has_no_shape() {
        for report in [sample::pass(), sample::closed(), sample::rooms(), sample::dialogue()] {
            assert_eq!(shape(&report.plan.groups[0]), Vec::<String>::new());
        }
    }

    #[test]
    fn each_part_of_a_shape_has_words() {
        let mut group = sample::pass().plan.groups.remove(0);
        let stage = |from_per_client, to_per_client, length_s| StageRecord { from_per_client, to_per_client, length_s };
        let stages = vec![stage(0.0, 2.0, 30.0), stage(2.0, 2.0, 240.0)];
        let spacing = SpacingRecord::Poisson;
        group.load = LoadRecord::Open { rate_per_client: 2.0, stages, spacing, burst: 1, max_in_flight: 1 };
        let storm = |at_s| StormRecord { share: 0.2, at_s };
        group.sessions = Some(SessionsRecord {
            start_s: Some(1.0),
            stop_s: Some(90.0),
            ramp_s: Some(5.0),
            session_s: Some(60.0),
            session_messages: Some(1000),
            drop_every_s: Some(15.0),
            storms: (0..8).map(|n| storm(f64::from(n))).collect(),
            reconnect: Some(ReconnectRecord { min_s: 0.5, max_s: 20.0, jitter: JitterRecord::Full }),
        });
        group.wire_shape =
            Some(WireShapeRecord { fragment_bytes: Some(100), write: WriteShapeRecord::Split, split_bytes: Some(7) });
        (group.ping_s, group.read_bytes_per_s) = (Some(30.0), Some(1024));
        insta::assert_snapshot!(shape(&group).join("\n"));
        group.load = LoadRecord::Closed { window: 1, think_s: 0.25 };
        assert_eq!(arrivals(&group.load), ["250 ms to think"]);
    }
}
