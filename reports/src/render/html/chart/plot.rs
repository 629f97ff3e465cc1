//! A plot as the template draws it. Places are percentages of the width or height, so the drawing
//! stretches and its text does not.

use super::{
    axis::Axis,
    downsample::Bin,
    line_style::LineStyle,
    path::{self, Point},
    ticks::Tick,
};
use crate::render::html::visible_text::VisibleText;

/// Lines on two axes.
#[derive(Debug)]
pub(crate) struct Plot {
    /// A name of this program that is unique in the page. Never foreign text.
    pub(crate) id: String,
    pub(crate) title: VisibleText,
    /// Text for readers who can't see the plot.
    pub(crate) description: VisibleText,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<ChartLine>,
    /// What an alarm stands for.
    pub(crate) alarm: &'static str,
    /// A place on the x axis. The plot is shaded to the right of it.
    pub(crate) shade: Option<Mark>,
    /// What a reader must know about it.
    pub(crate) note: Option<VisibleText>,
}

/// A line with its row in the legend.
#[derive(Debug)]
pub(crate) struct ChartLine {
    pub(crate) style: LineStyle,
    pub(crate) label: VisibleText,
    /// Path data of SVG.
    pub(crate) path: String,
    /// Path data of the band around a line that stands for more values than it goes through. Else
    /// empty.
    pub(crate) band: String,
    pub(crate) marks: Vec<Mark>,
    /// Places where something went wrong.
    pub(crate) alarms: Vec<Mark>,
}

/// A marked place, with its text.
#[derive(Debug, PartialEq)]
pub(crate) struct Mark {
    /// From the left, 0 to 1.
    x: f64,
    /// From the bottom, 0 to 1.
    y: f64,
    pub(crate) text: VisibleText,
}

/// A value to mark: x and y in the units of the axes, and the text.
pub(crate) type ValueMark = (f64, f64, String);

impl Plot {
    pub(crate) fn new(id: &str, title: &str, x: Axis, y: Axis) -> Self {
        let (id, title, lines) = (id.to_owned(), title.into(), Vec::new());
        let alarm = "anomalies in this second";
        Self { id, title, description: VisibleText::default(), x, y, lines, alarm, shade: None, note: None }
    }

    /// Adds a line through `values`, with a gap at each `None`.
    pub(crate) fn line(&mut self, style: LineStyle, label: &str, values: &[Option<(f64, f64)>]) -> &mut ChartLine {
        let points: Vec<Option<Point>> = values.iter().map(|value| value.map(|(x, y)| self.point(x, y))).collect();
        let (path, band) = (path::data(&points), String::new());
        self.lines.push(ChartLine { style, label: label.into(), path, band, marks: Vec::new(), alarms: Vec::new() });
        self.lines.last_mut().expect("one was added")
    }

    fn point(&self, x: f64, y: f64) -> Point {
        Point { x: self.x.scale.share(x), y: self.y.scale.share(y) }
    }

    /// The band from the smallest to the largest value of each bin.
    pub(crate) fn band(&self, bins: &[Option<Bin>]) -> String {
        let part = |bin: &Bin| {
            let (low, high) = (self.point(bin.at(), bin.low), self.point(bin.at(), bin.high));
            (low.x, low.y, high.y)
        };
        path::area(&bins.iter().map(|bin| bin.as_ref().map(part)).collect::<Vec<_>>())
    }

    /// Marks at `values`.
    pub(crate) fn marks(&self, values: impl IntoIterator<Item = ValueMark>) -> Vec<Mark> {
        let mark = |(x, y, text): ValueMark| {
            let Point { x, y } = self.point(x, y);
            Mark { x, y, text: text.into() }
        };
        values.into_iter().map(mark).collect()
    }

    /// Shades the plot to the right of `x`, and says why.
    pub(crate) fn shade_from(&mut self, x: f64, why: &str) {
        self.shade = Some(Mark { x: self.x.scale.share(x), y: 0.0, text: why.into() });
    }

    /// Whether the plot needs a legend.
    pub(crate) fn needs_legend(&self) -> bool {
        self.lines.len() > 1 || self.has_alarms()
    }

    /// Whether any line has alarms, which the legend then explains.
    pub(crate) fn has_alarms(&self) -> bool {
        self.lines.iter().any(|line| !line.alarms.is_empty())
    }
}

impl Mark {
    /// The distance from the left.
    pub(crate) fn across(&self) -> String {
        percent(self.x)
    }

    /// The distance from the top, as SVG counts.
    pub(crate) fn down(&self) -> String {
        percent(1.0 - self.y)
    }

    /// The distance to the right end.
    pub(crate) fn rest(&self) -> String {
        percent(1.0 - self.x)
    }
}

impl Tick {
    /// The distance from the left, if the axis is below.
    pub(crate) fn across(&self) -> String {
        percent(self.share)
    }

    /// The distance from the top, if the axis is on the left.
    pub(crate) fn down(&self) -> String {
        percent(1.0 - self.share)
    }
}

/// A share in percent, as SVG writes it.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_places() {
        let mut plot = Plot::new("p", "t", Axis::seconds(10.0), Axis::counts("messages", 100.0));
        let line = plot.line(LineStyle(0), "sent", &[Some((0.0, 0.0)), Some((5.0, 120.0)), None, Some((10.0, 60.0))]);
        assert_eq!(line.path, "M0 1000 1000 0M2000 500h0");
        let marks = plot.marks([(2.5, 30.0, "a quarter".to_owned())]);
        assert_eq!((marks[0].across(), marks[0].down()), ("25%".to_owned(), "75%".to_owned()));
    }

    #[test]
    fn percentages_are_short() {
        for (share, text) in [(0.0, "0%"), (1.0, "100%"), (0.5, "50%"), (0.125, "12.5%"), (1.0 / 3.0, "33.33%")] {
            assert_eq!(percent(share), text);
        }
    }
}
