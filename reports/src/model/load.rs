//! When the clients of a group send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "model")]
pub enum LoadRecord {
    /// Open model: sends are due whether or not replies came.
    Open {
        /// Messages per second per client; the highest rate if there are stages.
        #[schemars(range(min = 0.0))]
        rate_per_client: f64,
        /// Stages of the rate, one after the other. Empty if it is always the same.
        stages: Vec<StageRecord>,
        /// How the bursts of a client are spaced.
        spacing: SpacingRecord,
        /// Messages that are due together.
        burst: u32,
        /// Most messages that a client may have in flight. Messages due beyond that are dropped.
        max_in_flight: u32,
    },
    /// Closed model: a client sends its next message once a reply has come.
    Closed {
        /// Messages in flight per client.
        window: u32,
        /// Time from a reply to the next message, in seconds.
        #[schemars(range(min = 0.0))]
        think_s: f64,
    },
    /// Clients only listen.
    Listen,
}

/// A time in which the rate changes evenly, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageRecord {
    /// Messages per second per client at its start.
    #[schemars(range(min = 0.0))]
    pub from_per_client: f64,
    /// Messages per second per client at its end.
    #[schemars(range(min = 0.0))]
    pub to_per_client: f64,
    /// How long it takes, in seconds.
    #[schemars(range(min = 0.0))]
    pub length_s: f64,
}

/// How the bursts of a client are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpacingRecord {
    /// As far apart as the rate says.
    #[default]
    Even,
    /// As a Poisson process with this rate.
    Poisson,
}

impl LoadRecord {
    /// The open model with a rate that is always the same, and even spacing.
    pub fn open(rate_per_client: f64, burst: u32, max_in_flight: u32) -> Self {
        Self::Open { rate_per_client, stages: Vec::new(), spacing: SpacingRecord::Even, burst, max_in_flight }
    }

    /// The closed model without time to think.
    pub fn closed(window: u32) -> Self {
        Self::Closed { window, think_s: 0.0 }
    }

    /// Messages per second per client, the highest rate if that changes; 0 if it only listens.
    /// `None` in the closed model, which plans no rate.
    pub fn rate_per_client(&self) -> Option<f64> {
        match self {
            Self::Open { rate_per_client, .. } => Some(*rate_per_client),
            Self::Closed { .. } => None,
            Self::Listen => Some(0.0),
        }
    }

    /// The stages of its rate. Empty if it is always the same, or none is planned.
    pub fn stages(&self) -> &[StageRecord] {
        match self {
            Self::Open { stages, .. } => stages,
            Self::Closed { .. } | Self::Listen => &[],
        }
    }

    /// Whether clients send messages.
    pub fn sends(&self) -> bool {
        !matches!(self, Self::Listen)
    }

    /// Whether it is the closed model.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}
