//! A plot as the template draws it: every place is a share of its width or height in percent, so that the drawing can be
//! stretched and its text can't.

use super::{
    axis::Axis,
    downsample::Bin,
    line_style::LineStyle,
    path::{self, Point},
    ticks::Tick,
};
use crate::render::html::visible_text::VisibleText;

/// Lines over two axes.
#[derive(Debug)]
pub(crate) struct Plot {
    /// Unlike that of any other plot of the page. A name of this program, never foreign text.
    pub(crate) id: &'static str,
    pub(crate) title: VisibleText,
    /// What it shows, for those who do not see it.
    pub(crate) description: VisibleText,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<PlotLine>,
    /// What it means where something is wrong.
    pub(crate) alarm: &'static str,
    /// A mark on the x axis: what is right of it is shaded.
    pub(crate) shade: Option<Mark>,
    /// What must be known to read it.
    pub(crate) note: Option<VisibleText>,
}

/// A line, with its row in the legend.
#[derive(Debug)]
pub(crate) struct PlotLine {
    pub(crate) style: LineStyle,
    pub(crate) label: VisibleText,
    /// Path data of SVG.
    pub(crate) path: String,
    /// The same of the area around a line that stands for more values than it goes through; else empty.
    pub(crate) band: String,
    pub(crate) marks: Vec<Mark>,
    /// Places where something is wrong.
    pub(crate) alarms: Vec<Mark>,
}

/// A place that can be pointed at.
#[derive(Debug, PartialEq)]
pub(crate) struct Mark {
    /// From the left, 0 to 1.
    x: f64,
    /// From the bottom, 0 to 1.
    y: f64,
    pub(crate) text: VisibleText,
}

/// A value to mark, in the units of the axes, and what to say of it.
pub(crate) type ValueMark = (f64, f64, String);

impl Plot {
    pub(crate) fn new(id: &'static str, title: &str, x: Axis, y: Axis) -> Self {
        let (title, lines) = (title.into(), Vec::new());
        let alarm = "anomalies in this second";
        Self { id, title, description: VisibleText::default(), x, y, lines, alarm, shade: None, note: None }
    }

    /// Adds a line through `values`, with a gap where there is none.
    pub(crate) fn line(&mut self, style: LineStyle, label: &str, values: &[Option<(f64, f64)>]) -> &mut PlotLine {
        let points: Vec<Option<Point>> = values.iter().map(|value| value.map(|(x, y)| self.point(x, y))).collect();
        let (path, band) = (path::data(&points), String::new());
        self.lines.push(PlotLine { style, label: label.into(), path, band, marks: Vec::new(), alarms: Vec::new() });
        self.lines.last_mut().expect("one was added")
    }

    fn point(&self, x: f64, y: f64) -> Point {
        Point { x: self.x.scale.share(x), y: self.y.scale.share(y) }
    }

    /// From the smallest to the largest value of each bin, for a line that does not go through all of them.
    pub(crate) fn band(&self, bins: &[Option<Bin>]) -> String {
        let part = |bin: &Bin| {
            let (low, high) = (self.point(bin.at(), bin.low), self.point(bin.at(), bin.high));
            (low.x, low.y, high.y)
        };
        path::area(&bins.iter().map(|bin| bin.as_ref().map(part)).collect::<Vec<_>>())
    }

    /// Values as places of this plot.
    pub(crate) fn marks(&self, values: impl IntoIterator<Item = ValueMark>) -> Vec<Mark> {
        let mark = |(x, y, text): ValueMark| {
            let Point { x, y } = self.point(x, y);
            Mark { x, y, text: text.into() }
        };
        values.into_iter().map(mark).collect()
    }

    /// Shades what is right of `x`, and says why.
    pub(crate) fn shade_from(&mut self, x: f64, why: &str) {
        self.shade = Some(Mark { x: self.x.scale.share(x), y: 0.0, text: why.into() });
    }

    /// Whether there is anything to tell apart.
    pub(crate) fn needs_legend(&self) -> bool {
        self.lines.len() > 1 || self.has_alarms()
    }

    /// Whether a mark that stands for something wrong must be explained.
    pub(crate) fn has_alarms(&self) -> bool {
        self.lines.iter().any(|line| !line.alarms.is_empty())
    }
}

impl Mark {
    /// From the left.
    pub(crate) fn across(&self) -> String {
        percent(self.x)
    }

    /// From the top, as SVG counts.
    pub(crate) fn down(&self) -> String {
        percent(1.0 - self.y)
    }

    /// From here to the right end.
    pub(crate) fn rest(&self) -> String {
        percent(1.0 - self.x)
    }
}

impl Tick {
    /// From the left, if its axis is below.
    pub(crate) fn across(&self) -> String {
        percent(self.share)
    }

    /// From the top, if its axis is on the left.
    pub(crate) fn down(&self) -> String {
        percent(1.0 - self.share)
    }
}

/// A share in percent, as an attribute of SVG.
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
