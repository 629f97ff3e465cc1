//! Rows as plots.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use crate::row::CapacityRow;

const SIZE: (u32, u32) = (720, 320);

/// Colours that can be told apart by those who see no difference between red and green (Okabe and
/// Ito, 2008), and that show on white.
const COST: RGBColor = RGBColor(0, 114, 178);
const MEMORY: RGBColor = RGBColor(213, 94, 0);

/// A line and what it is.
struct PlotLine<'a> {
    label: &'a str,
    color: RGBColor,
    points: Vec<(f64, f64)>,
}

/// Cost of a message and memory against the number of clients.
pub(crate) fn by_clients(file: &Path, rows: &[CapacityRow]) -> Result<(), Box<dyn Error>> {
    let points =
        |value: fn(&CapacityRow) -> f64| rows.iter().map(|row| (f64::from(row.load.clients), value(row))).collect();
    let cost =
        PlotLine { label: "generator: processor time a message, µs", color: COST, points: points(|row| row.cpu_us) };
    let memory = PlotLine { label: "generator: memory, MiB", color: MEMORY, points: points(|row| row.generator_mib) };
    plot(file, "clients", &[cost, memory])
}

/// Cost of a message against the rate.
pub(crate) fn by_rate(file: &Path, rows: &[CapacityRow]) -> Result<(), Box<dyn Error>> {
    let points = rows.iter().map(|row| (f64::from(row.load.rate), row.cpu_us)).collect();
    plot(file, "messages/s", &[PlotLine { label: "generator: processor time a message, µs", color: COST, points }])
}

/// The axis of what is counted is logarithmic, as it spans decades; that of what it takes begins at
/// nothing.
fn plot(file: &Path, name: &str, lines: &[PlotLine<'_>]) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (least, most) = points().fold((f64::INFINITY, 0.0_f64), |(least, most), (x, _)| (least.min(*x), most.max(*x)));
    let highest = points().fold(0.0_f64, |highest, (_, y)| highest.max(*y));
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(48)
        .build_cartesian_2d((least / 1.3..most * 1.3).log_scale(), 0.0..highest * 1.2)?;
    let label = |value: &f64| match *value {
        value if value < 10_000.0 => format!("{value:.0}"),
        value => format!("{:.0} 000", value / 1e3),
    };
    chart
        .configure_mesh()
        .max_light_lines(1)
        .light_line_style(BLACK.mix(0.05))
        .x_labels(6)
        .x_desc(name)
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .draw()?;
    for PlotLine { label, color, points } in lines {
        let color = *color;
        chart
            .draw_series(LineSeries::new(points.clone(), color.stroke_width(2)).point_size(3))?
            .label(*label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperMiddle)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.2))
        .draw()?;
    area.present()?;
    Ok(())
}
