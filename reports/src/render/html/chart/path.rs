//! Lines and areas as path data of SVG, with the commands `M`, `h` and `z`.

use std::fmt::Write;

/// A place in a plot. The axes begin at 0, 0 and end at 1, 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Units of a plot from left to right. The page stretches the drawing to its width.
pub(crate) const WIDTH: f64 = 2000.0;
/// Units of a plot from top to bottom.
pub(crate) const HEIGHT: f64 = 1000.0;

/// The path data of a line, with a gap where a point is missing. A single point is a line of length
/// 0, which its round ends make a dot.
pub(crate) fn data(points: &[Option<Point>]) -> String {
    let mut data = String::new();
    for run in points.split(Option::is_none) {
        let mut places: Vec<_> = run.iter().flatten().map(place).collect();
        places.dedup();
        let (Some((x, y)), alone) = (places.first(), places.len() == 1) else { continue };
        let _ = write!(data, "M{x} {y}");
        if alone {
            data.push_str("h0");
        }
        // Pairs of numbers after a move are lines.
        for (x, y) in straight(&places).skip(1) {
            let _ = write!(data, " {x} {y}");
        }
    }
    data
}

/// The path data of the area between two lines, with gaps. A part is a place from left to right,
/// with the heights of the lower and the upper line.
pub(crate) fn area(parts: &[Option<(f64, f64, f64)>]) -> String {
    let mut data = String::new();
    for run in parts.split(Option::is_none) {
        let upper = run.iter().flatten().map(|(x, _, high)| Point { x: *x, y: *high });
        let lower = run.iter().flatten().map(|(x, low, _)| Point { x: *x, y: *low }).rev();
        let mut places: Vec<_> = upper.chain(lower).map(|point| place(&point)).collect();
        places.dedup();
        for (index, (x, y)) in places.iter().enumerate() {
            let _ = write!(data, "{}{x} {y}", if index == 0 { "M" } else { " " });
        }
        if !places.is_empty() {
            data.push('z');
        }
    }
    data
}

/// The place in whole units, counted from the top as in SVG.
fn place(point: &Point) -> (i32, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "shares of a small number of units")]
    let whole = |units: f64| units.round() as i32;
    (whole(point.x * WIDTH), whole((1.0 - point.y) * HEIGHT))
}

/// Leaves out places within a level or upright piece, which do not show.
fn straight(places: &[(i32, i32)]) -> impl Iterator<Item = &(i32, i32)> {
    let needed = |index: &usize| {
        let Some([before, at, after]) = index.checked_sub(1).and_then(|start| places.get(start..start + 3)) else {
            return true;
        };
        let level = before.1 == at.1 && at.1 == after.1;
        let upright = before.0 == at.0 && at.0 == after.0 && (at.1 - before.1).signum() == (after.1 - at.1).signum();
        !(level || upright)
    };
    (0..places.len()).filter(needed).map(|index| &places[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points at these places.
    fn line<const N: usize>(places: [(f64, f64); N]) -> Vec<Option<Point>> {
        places.into_iter().map(|(x, y)| Some(Point { x, y })).collect()
    }

    #[test]
    fn lines_gaps_and_dots() {
        assert_eq!(data(&line([(0.0, 0.0), (0.5, 1.0), (1.0, 0.25)])), "M0 1000 1000 0 2000 750");
        let mut broken = line([(0.0, 0.0), (0.1, 0.5), (0.5, 0.5), (1.0, 1.0)]);
        broken[2] = None;
        assert_eq!(data(&broken), "M0 1000 200 500M2000 0h0");
        assert_eq!(data(&[None, None]), "");
        assert_eq!(data(&[]), "");
    }

    #[test]
    fn what_lies_between_is_left_out() {
        let level = line([(0.0, 0.5), (0.1, 0.5), (0.2, 0.5), (0.2, 0.6), (0.2, 0.7), (0.3, 0.0)]);
        assert_eq!(data(&level), "M0 500 400 500 400 300 600 1000");
        // Up and down again at one place is not a straight piece.
        assert_eq!(data(&line([(0.1, 0.0), (0.1, 1.0), (0.1, 0.5)])), "M200 1000 200 0 200 500");
    }

    #[test]
    fn areas_go_along_the_upper_line_and_back_along_the_lower() {
        let parts = [Some((0.0, 0.0, 1.0)), Some((0.5, 0.25, 0.5)), None, Some((1.0, 0.5, 0.5))];
        assert_eq!(area(&parts), "M0 0 1000 500 1000 750 0 1000zM2000 500z");
        assert_eq!(area(&[None]), "");
    }
}
