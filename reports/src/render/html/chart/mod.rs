//! Charts in SVG.
//!
//! ```text
//! values ── percentile_curve, downsample ──> few points ── plot, on two axes (scale, ticks) ──> path
//! ```

pub(crate) mod axis;
pub(crate) mod downsample;
pub(crate) mod line_style;
pub(crate) mod path;
pub(crate) mod percentile_curve;
pub(crate) mod plot;
mod scale;
pub(crate) mod ticks;
