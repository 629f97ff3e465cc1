//! Fewer points for a line that has more than there are pixels.

use super::path::Point;

/// Leaves of every column of points its first, smallest, largest and last one, so that nothing that stands out gets lost
/// (M4: Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014). A gap stays where it is.
///
/// `points` are in the order of their `x`, which is from 0 to 1. Up to four points a column come back, and gaps; all points
/// when there are no more than that.
pub(super) fn thin(points: &[Option<Point>], columns: usize) -> Vec<Option<Point>> {
    if points.len() <= 4 * columns {
        return points.to_vec();
    }
    let column_of = |point: &Point| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the number of columns")]
        let column = (point.x * columns as f64) as usize;
        column
    };
    let mut kept = Vec::new();
    for run in points.chunk_by(|a, b| match (a, b) {
        (Some(a), Some(b)) => column_of(a) == column_of(b),
        (None, None) => true,
        _ => false,
    }) {
        let run: Vec<Point> = run.iter().copied().flatten().collect();
        if run.is_empty() {
            kept.push(None);
        }
        let by_height = |a: &&(usize, &Point), b: &&(usize, &Point)| a.1.y.total_cmp(&b.1.y);
        let indexed: Vec<(usize, &Point)> = run.iter().enumerate().collect();
        let extremes = [indexed.iter().min_by(by_height), indexed.iter().max_by(by_height)];
        let mut indices: Vec<usize> = extremes.into_iter().flatten().map(|(index, _)| *index).collect();
        indices.extend([0, run.len().saturating_sub(1)]);
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().filter_map(|index| run.get(index)).copied().map(Some));
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(heights: &[f64]) -> Vec<Option<Point>> {
        let n = heights.len() as f64;
        heights.iter().enumerate().map(|(index, y)| Some(Point { x: index as f64 / n, y: *y })).collect()
    }

    #[test]
    fn a_single_spike_among_thousands_stays() {
        let mut heights = vec![0.5; 3_600];
        heights[1_234] = 1.0;
        heights[2_345] = 0.0;
        let kept = thin(&line(&heights), 100);
        assert!(kept.len() <= 400, "{}", kept.len());
        let heights: Vec<f64> = kept.iter().flatten().map(|point| point.y).collect();
        assert!(heights.contains(&1.0) && heights.contains(&0.0));
    }

    #[test]
    fn a_short_line_is_left_alone_and_so_is_a_gap() {
        let mut points = line(&[0.1, 0.2, 0.3]);
        points[1] = None;
        assert_eq!(thin(&points, 1), points);
        let mut points = line(&[0.5; 1_000]);
        points[500] = None;
        assert_eq!(thin(&points, 10).iter().filter(|point| point.is_none()).count(), 1);
    }

    proptest! {
        #[test]
        fn extremes_ends_and_order_stay(heights in prop::collection::vec(0.0..1.0_f64, 1..500), columns in 1_usize..50) {
            let points = line(&heights);
            let kept = thin(&points, columns);
            prop_assert!(kept.len() <= points.len());
            prop_assert!(kept.len() <= 4 * columns || kept == points);
            prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            let bounds = |points: &[Option<Point>]| {
                let heights = points.iter().flatten().map(|point| point.y);
                (heights.clone().fold(2.0, f64::min), heights.fold(-1.0, f64::max))
            };
            prop_assert_eq!(bounds(&kept), bounds(&points));
            prop_assert!(kept.iter().flatten().is_sorted_by(|a, b| a.x < b.x));
        }
    }
}
