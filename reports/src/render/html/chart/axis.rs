//! The kinds of axes that plots have.

use super::{
    scale::AxisScale,
    ticks::{self, Tick},
};
use crate::render::html::visible_text::VisibleText;

/// An axis with its ticks.
#[derive(Debug)]
pub(crate) struct Axis {
    /// What it shows, with the unit.
    pub(crate) title: VisibleText,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) scale: AxisScale,
}

impl Axis {
    /// An axis of percentiles, on a logarithmic scale of nines up to `end`, or at least to 99 %.
    pub(crate) fn nines(end: f64) -> Self {
        let scale = AxisScale::linear(0.0, end.max(2.0));
        Self { title: "percentile in %, log scale of nines".into(), ticks: ticks::nines(&scale), scale }
    }

    /// An axis of latencies, on a logarithmic scale that holds all of `values` in nanoseconds.
    pub(crate) fn times(title: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let scale = AxisScale::log(values);
        Self { title: format!("{title}, log scale").into(), ticks: ticks::times(&scale), scale }
    }

    /// An axis of messages a second, on a logarithmic scale that holds all of `values`.
    pub(crate) fn rates(title: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let scale = AxisScale::log(values);
        Self { title: format!("{title}, log scale").into(), ticks: ticks::rates(&scale), scale }
    }

    /// An axis of time since the measured phase began, up to `end` in seconds.
    pub(crate) fn seconds(end: f64) -> Self {
        let scale = AxisScale::linear(0.0, end);
        Self { title: "time since the measured phase began".into(), ticks: ticks::seconds(&scale), scale }
    }

    /// An axis of counts, from 0 to at least `largest`.
    pub(crate) fn counts(title: &str, largest: f64) -> Self {
        let (scale, ticks) = ticks::counts(largest);
        Self { title: title.into(), ticks, scale }
    }
}
