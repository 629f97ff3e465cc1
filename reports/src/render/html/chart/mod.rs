//! Charts in SVG: lines on two axes.
//!
//! ```text
//! many values ── percentile_curve, downsample ──> few points ── plot ──> path
//!                                                 axis (scale, ticks) ──┘
//! ```

pub(crate) mod axis;
pub(crate) mod downsample;
pub(crate) mod line_style;
pub(crate) mod path;
pub(crate) mod percentile_curve;
pub(crate) mod plot;
mod scale;
pub(crate) mod ticks;
