//! When messages are due in the open model: the rate over time, and how they are spaced.

use std::{sync::Arc, time::Duration};

use super::rate::Rate;

/// When messages are due in the open model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Messages per second of each client, over time.
    pub rate: RatePlan,
    /// How bursts are spaced.
    pub spacing: Spacing,
}

/// Messages per second of a client, over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RatePlan {
    /// Always the same.
    Constant(Rate),
    /// Stages one after the other, from the start of the measured phase. The warm-up has the rate
    /// that the first begins with. There is one stage at least, and a rate over 0.
    Stages(Arc<[Stage]>),
}

/// A time in which the rate changes evenly, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The rate that it begins with; none is 0.
    pub from: Option<Rate>,
    /// The rate that it ends with; none is 0.
    pub to: Option<Rate>,
    /// How long it takes. Over 0.
    pub length: Duration,
}

/// How the bursts of a client are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spacing {
    /// As far apart as the rate says. Clients are spread evenly.
    #[default]
    Even,
    /// As a Poisson process with this rate, each client by itself. The seed decides the gaps.
    Poisson,
}

impl Arrivals {
    /// A constant rate with even spacing.
    pub fn even(rate: Rate) -> Self {
        Self { rate: RatePlan::Constant(rate), spacing: Spacing::Even }
    }
}

impl RatePlan {
    /// The highest rate.
    pub fn peak(&self) -> Option<Rate> {
        match self {
            Self::Constant(rate) => Some(*rate),
            Self::Stages(stages) => stages.iter().flat_map(|stage| [stage.from, stage.to]).flatten().max(),
        }
    }

    /// How long the stages take together; none without stages.
    pub fn length(&self) -> Option<Duration> {
        match self {
            Self::Constant(_) => None,
            Self::Stages(stages) => Some(stages.iter().map(|stage| stage.length).sum()),
        }
    }

    /// Messages that are due in the first `time` of the measured phase.
    pub fn messages_in(&self, time: Duration) -> f64 {
        match self {
            Self::Constant(rate) => rate.per_second() * time.as_secs_f64(),
            Self::Stages(stages) => {
                let (mut left, mut messages) = (time.as_secs_f64(), 0.0);
                for stage in &**stages {
                    let length = stage.length.as_secs_f64();
                    let taken = left.min(length);
                    let [from, to] = [stage.from, stage.to].map(|rate| rate.map_or(0.0, Rate::per_second));
                    let rate_at_end = from + (to - from) * taken / length;
                    messages += f64::midpoint(from, rate_at_end) * taken;
                    left -= taken;
                }
                messages
            }
        }
    }

    /// The rate, if it is always the same.
    pub fn constant(&self) -> Option<Rate> {
        match self {
            Self::Constant(rate) => Some(*rate),
            Self::Stages(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_integral_of_the_rate() {
        let stage = |from, to, seconds| Stage {
            from: Rate::new(from),
            to: Rate::new(to),
            length: Duration::from_secs(seconds),
        };
        let stages = RatePlan::Stages([stage(0.0, 8.0, 4), stage(8.0, 8.0, 2), stage(8.0, 0.0, 4)].into());
        let is = |messages: f64, expected: f64| assert!((messages - expected).abs() < 1e-9, "{messages} {expected}");
        for (seconds, messages) in [(0, 0.0), (1, 1.0), (4, 16.0), (5, 24.0), (8, 44.0), (10, 48.0), (99, 48.0)] {
            is(stages.messages_in(Duration::from_secs(seconds)), messages);
        }
        is(RatePlan::Constant(Rate::new(2.5).unwrap()).messages_in(Duration::from_secs(2)), 5.0);
    }
}
