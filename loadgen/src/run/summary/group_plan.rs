//! When the clients of a group send, come and go, as a result has it.

use std::{num::NonZeroU32, time::Duration};

use reports::model::{
    JitterRecord, LoadRecord, ReconnectRecord, SessionsRecord, SpacingRecord, StageRecord, StormRecord,
    WireShapeRecord, WriteShapeRecord,
};

use crate::plan::{
    Jitter, Load, Rate, RatePlan, Reconnect, SessionLength, Sessions, Spacing, Stage, Storm, WireShape, WriteShape,
};

pub(super) fn load(load: &Load) -> LoadRecord {
    match load {
        Load::Open { arrivals, burst, max_in_flight } => LoadRecord::Open {
            rate_per_client: per_second(arrivals.rate.peak()),
            stages: match &arrivals.rate {
                RatePlan::Constant(_) => Vec::new(),
                RatePlan::Stages(stages) => stages.iter().map(stage).collect(),
            },
            spacing: match arrivals.spacing {
                Spacing::Even => SpacingRecord::Even,
                Spacing::Poisson => SpacingRecord::Poisson,
            },
            burst: burst.get(),
            max_in_flight: max_in_flight.get(),
        },
        Load::Closed { window, think } => LoadRecord::Closed { window: window.get(), think_s: think.as_secs_f64() },
        Load::Listen => LoadRecord::Listen,
    }
}

fn stage(Stage { from, to, length }: &Stage) -> StageRecord {
    StageRecord { from_per_client: per_second(*from), to_per_client: per_second(*to), length_s: length.as_secs_f64() }
}

fn per_second(rate: Option<Rate>) -> f64 {
    rate.map_or(0.0, Rate::per_second)
}

pub(super) fn sessions(plan: &Sessions) -> SessionsRecord {
    let Sessions { start, stop, ramp, session: length, drop, storms, reconnect } = plan;
    let seconds = |time: &Option<Duration>| time.map(|time| time.as_secs_f64());
    let (session_s, session_messages) = match length {
        Some(SessionLength::Elapsed(length)) => (Some(length.as_secs_f64()), None),
        Some(SessionLength::Messages(messages)) => (None, Some(messages.get())),
        None => (None, None),
    };
    let storm = |storm: &Storm| StormRecord { share: f64::from(storm.share.get()) / 1e6, at_s: storm.at.as_secs_f64() };
    SessionsRecord {
        start_s: seconds(start),
        stop_s: seconds(stop),
        ramp_s: seconds(ramp),
        session_s,
        session_messages,
        drop_every_s: seconds(drop),
        storms: storms.iter().map(storm).collect(),
        reconnect: reconnect.as_ref().map(reconnect_record),
    }
}

fn reconnect_record(Reconnect { min, max, jitter }: &Reconnect) -> ReconnectRecord {
    ReconnectRecord {
        min_s: min.as_secs_f64(),
        max_s: max.as_secs_f64(),
        jitter: match jitter {
            Jitter::Full => JitterRecord::Full,
            Jitter::Equal => JitterRecord::Equal,
            Jitter::None => JitterRecord::None,
        },
    }
}

pub(super) fn wire_shape(WireShape { fragment, write }: WireShape) -> WireShapeRecord {
    let (write, split_bytes) = match write {
        WriteShape::Burst => (WriteShapeRecord::Burst, None),
        WriteShape::Frame => (WriteShapeRecord::Frame, None),
        WriteShape::Split(bytes) => (WriteShapeRecord::Split, Some(bytes.get())),
    };
    WireShapeRecord { fragment_bytes: fragment.map(NonZeroU32::get), write, split_bytes }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::plan::Arrivals;

    #[test]
    fn stages_and_sessions_are_in_the_record() {
        let rate = |n| Rate::new(n);
        let n = |n| NonZeroU32::new(n).unwrap();
        let stages = [
            Stage { from: None, to: rate(2.0), length: Duration::from_millis(500) },
            Stage { from: rate(2.0), to: rate(2.0), length: Duration::from_secs(60) },
        ];
        let arrivals = Arrivals { rate: RatePlan::Stages(stages.into()), spacing: Spacing::Poisson };
        let stage = |from_per_client, to_per_client, length_s| StageRecord { from_per_client, to_per_client, length_s };
        assert_eq!(
            load(&Load::Open { arrivals, burst: n(3), max_in_flight: n(7) }),
            LoadRecord::Open {
                rate_per_client: 2.0,
                stages: vec![stage(0.0, 2.0, 0.5), stage(2.0, 2.0, 60.0)],
                spacing: SpacingRecord::Poisson,
                burst: 3,
                max_in_flight: 7,
            }
        );
        let plan = Sessions {
            start: Some(Duration::from_secs(1)),
            session: Some(SessionLength::Messages(NonZeroU64::new(9).unwrap())),
            drop: Some(Duration::from_secs(15)),
            storms: vec![Storm { share: n(200_000), at: Duration::from_secs(30) }],
            reconnect: Some(Reconnect {
                min: Duration::from_millis(500),
                max: Duration::from_secs(20),
                jitter: Jitter::Equal,
            }),
            ..Sessions::default()
        };
        assert_eq!(
            sessions(&plan),
            SessionsRecord {
                start_s: Some(1.0),
                session_messages: Some(9),
                drop_every_s: Some(15.0),
                storms: vec![StormRecord { share: 0.2, at_s: 30.0 }],
                reconnect: Some(ReconnectRecord { min_s: 0.5, max_s: 20.0, jitter: JitterRecord::Equal }),
                ..SessionsRecord::default()
            }
        );
        let split = WireShape { fragment: Some(n(100)), write: WriteShape::Split(n(7)) };
        let record =
            WireShapeRecord { fragment_bytes: Some(100), write: WriteShapeRecord::Split, split_bytes: Some(7) };
        assert_eq!(wire_shape(split), record);
    }
}
