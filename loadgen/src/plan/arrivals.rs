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

    /// The rate, if it is always the same.
    pub fn constant(&self) -> Option<Rate> {
        match self {
            Self::Constant(rate) => Some(*rate),
            Self::Stages(_) => None,
        }
    }
}
