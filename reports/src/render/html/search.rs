//! The page of a search: the conclusion, its steps as charts, and a table of them.

use std::io;

use askama::Template;

use crate::{
    human::{nanoseconds, rate},
    metric::{Quantity, Series},
    render::{
        html::{
            Html,
            chart::{
                axis::Axis,
                line_style::LineStyle,
                plot::{Plot, ValueMark},
            },
            page::PageContents,
            section::{
                Section,
                banner::Banner,
                content::{ContentBlock, Tile},
                headline::per_second,
            },
            table::{PageTable, TableBody, TableCell, TableRow},
        },
        search::{RenderSearch, StepCells, limit, plan, search_settings, summary, target},
        tone::Tone,
        wording,
    },
    search::{SearchRecord, Step, StepOutcome},
    threshold::Threshold,
};

impl RenderSearch for Html {
    fn search(&self, record: &SearchRecord, out: &mut dyn io::Write) -> io::Result<()> {
        page(record).write_into(out)?;
        writeln!(out)
    }
}

fn page(record: &SearchRecord) -> PageContents {
    let (word, ..) = summary(&record.conclusion);
    let steps = record.curve();
    let valid: Vec<&Step> = steps.iter().copied().filter(|step| step.is_valid()).collect();
    let notes = record.notes().into_iter().map(|note| ContentBlock::Note(note.into()));
    let curve = [
        ContentBlock::plots(
            [response(record, &valid), throughput(record, &valid)].into_iter().flatten().collect(),
            "Nothing matched in any step.",
        ),
        ContentBlock::Tables(vec![table(&steps)]),
    ];
    PageContents {
        title: format!("{word}: the highest rate that holds – loadgen").into(),
        banners: vec![banner(record)],
        headline: headline_numbers(record),
        sections: [
            vec![Section::new("curve", "Rates", curve.into_iter().chain(notes).collect())],
            vec![Section::new("plan", "Plan and environment", vec![ContentBlock::Tables(facts(record))])],
        ],
        evidence: Vec::new(),
    }
}

fn banner(record: &SearchRecord) -> Banner {
    let (word, meaning, tone) = summary(&record.conclusion);
    let limited = limit(&record.conclusion).map(|limit| format!("limited by {limit}"));
    Banner {
        style: None,
        label: target(record).into(),
        tone,
        word,
        meaning: meaning.into(),
        reasons: limited.iter().chain(record.reasons()).map(Into::into).collect(),
        run: format!("{} · {} · {}", target(record), plan(record), record.started_at).into(),
    }
}

fn headline_numbers(record: &SearchRecord) -> ContentBlock {
    let at = |rate: Option<f64>| record.valid_at(rate?).next_back();
    let highest = at(record.conclusion.holds());
    let lowest = at(record.conclusion.fails());
    let time = |ns: Option<u64>| ns.map_or_else(|| "–".to_owned(), |ns| nanoseconds(ns as f64));
    let tiles = [
        ("highest rate that holds", per_second(record.conclusion.holds())),
        ("p50 there", time(highest.and_then(|step| step.p50_ns))),
        ("p99 there", time(highest.and_then(|step| step.p99_ns))),
        ("lowest that does not", per_second(record.conclusion.fails())),
        ("p50 there", time(lowest.and_then(|step| step.p50_ns))),
        ("p99 there", time(lowest.and_then(|step| step.p99_ns))),
        ("steps", record.steps.len().to_string()),
    ];
    let shown = |(name, value): (&'static str, String)| Tile { name, value: value.into(), tone: Tone::Plain };
    ContentBlock::Tiles(tiles.into_iter().map(shown).collect())
}

/// A number of a step.
type StepMeasure = fn(&Step) -> Option<f64>;

const P50: StepMeasure = |step| step.p50_ns.map(|ns| ns as f64);
const P99: StepMeasure = |step| step.p99_ns.map(|ns| ns as f64);

fn response(record: &SearchRecord, steps: &[&Step]) -> Option<Plot> {
    steps.iter().find_map(|step| P99(step))?;
    let thresholds = bounds(record);
    let values = steps.iter().flat_map(|step| [P50(step), P99(step)]).flatten();
    let y = Axis::times("response time", values.chain(thresholds.iter().map(|(_, ns)| *ns)));
    let x = Axis::rates("messages due per second", steps.iter().map(|step| step.rate));
    let (least, most) = x.scale.bounds();
    let mut plot = Plot::new("response-plot", "Response time against rate", x, y);
    for (style, label, of) in [(LineStyle(0), "p50", P50), (LineStyle(1), "p99", P99)] {
        draw(&mut plot, style, label, steps, of, nanoseconds);
    }
    for (index, (label, ns)) in thresholds.iter().enumerate() {
        plot.line(LineStyle(2 + index), label, &[Some((least, *ns)), Some((most, *ns))]);
    }
    let failed = steps.iter().filter(|step| step.outcome != StepOutcome::Holds);
    let alarm = |step: &&Step| -> Option<ValueMark> {
        let reason = step.reasons.first().map_or("", String::as_str);
        Some((step.rate, P99(step)?, format!("{}/s fails: {reason}", rate(step.rate))))
    };
    plot.lines[1].alarms = plot.marks(failed.filter_map(alarm));
    finish(&mut plot, record, steps);
    Some(plot)
}

fn throughput(record: &SearchRecord, steps: &[&Step]) -> Option<Plot> {
    let most = steps.iter().map(|step| step.rate.max(step.matched_per_s.unwrap_or(0.0))).reduce(f64::max)?;
    let x = Axis::rates("messages due per second", steps.iter().map(|step| step.rate));
    let mut plot =
        Plot::new("throughput-plot", "Throughput against rate", x, Axis::counts("messages per second", most));
    draw(&mut plot, LineStyle(3), "due", steps, |step| Some(step.rate), rate);
    draw(&mut plot, LineStyle(4), "matched", steps, |step| step.matched_per_s, rate);
    finish(&mut plot, record, steps);
    Some(plot)
}

/// The thresholds on response times, with their bounds in nanoseconds.
fn bounds(record: &SearchRecord) -> Vec<(String, f64)> {
    let thresholds = record.plan.run.thresholds.iter().filter_map(|text| text.parse::<Threshold>().ok());
    let of_response =
        thresholds.filter(|one| matches!(one.metric().quantity(), Quantity::Latency(Series::Response, _)));
    // The plot is of all groups together.
    let of_response = of_response.filter(|one| one.metric().group().is_none());
    of_response.map(|threshold| (format!("threshold {threshold}"), threshold.bound())).collect()
}

/// Draws a line through the medians of the tries at each rate, with a mark at each try.
fn draw(
    plot: &mut Plot,
    style: LineStyle,
    label: &str,
    steps: &[&Step],
    of: StepMeasure,
    text: impl Fn(f64) -> String,
) {
    let tries = steps.chunk_by(|a, b| a.rate.total_cmp(&b.rate).is_eq());
    let median = |tries: &[&Step]| {
        let mut values: Vec<f64> = tries.iter().filter_map(|step| of(step)).collect();
        values.sort_by(f64::total_cmp);
        Some((tries.first()?.rate, *values.get(values.len().saturating_sub(1) / 2)?))
    };
    let points: Vec<_> = tries.map(median).collect();
    let mark = |step: &&Step| {
        let value = of(step)?;
        Some((step.rate, value, format!("{label} at {}/s: {}", rate(step.rate), text(value))))
    };
    let marks = plot.marks(steps.iter().filter_map(mark));
    plot.line(style, label, &points).marks = marks;
}

fn finish(plot: &mut Plot, record: &SearchRecord, steps: &[&Step]) {
    plot.alarm = "a try that does not hold";
    plot.note = Some("A line goes through the medians of the valid tries of each rate.".into());
    if let Some(fails) = record.conclusion.fails() {
        plot.shade_from(fails, "fails");
    }
    let of = |step: &&Step| {
        let StepCells { rate, matched, p50, p99, verdict, .. } = StepCells::of(step);
        format!("{rate}/s {verdict}: {matched} matched/s, p50 {p50}, p99 {p99}.")
    };
    plot.description = steps.iter().map(of).collect::<Vec<_>>().join(" ").into();
}

fn table(steps: &[&Step]) -> PageTable {
    let row = |step: &&Step| {
        let StepCells { rate, matched, p50, p99, verdict, .. } = StepCells::of(step);
        let why = TableCell::words(step.reasons.join("; "));
        let cells =
            vec![matched.into(), p50.into(), p99.into(), TableCell::from(verdict).tone(step.outcome.into()), why];
        TableRow { heading: rate.into(), cells, sum: false }
    };
    PageTable {
        caption: "Every step, by messages due per second".into(),
        groups: Vec::new(),
        columns: ["matched/s", "p50", "p99", "verdict", "why"].map(Into::into).into(),
        bodies: vec![TableBody { title: None, rows: steps.iter().map(row).collect() }],
    }
}

fn facts(record: &SearchRecord) -> Vec<PageTable> {
    let table = |caption: &str, rows: Vec<(&str, String)>| {
        let row = |(name, value): (&str, String)| TableRow {
            heading: name.into(),
            cells: vec![TableCell::words(value)],
            sum: false,
        };
        let bodies = vec![TableBody { title: None, rows: rows.into_iter().map(row).collect() }];
        PageTable { caption: caption.into(), groups: Vec::new(), columns: Vec::new(), bodies }
    };
    let (plan_record, environment) = (&record.plan, &record.environment);
    let asked = vec![
        ("target", target(record)),
        ("steps", plan(record)),
        ("thresholds", plan_record.run.thresholds.join(", ")),
        ("search", search_settings(record)),
        ("expected back", wording::expectations(plan_record)),
        ("engine", plan_record.run.engine.to_string()),
        ("threads", plan_record.run.threads.to_string()),
    ];
    let place = vec![
        ("processor", environment.cpu.clone()),
        ("cores", environment.cores.to_string()),
        ("kernel", environment.kernel.clone()),
        ("loadgen", environment.version.clone()),
        ("seed", environment.seed.to_string()),
    ];
    vec![table("Plan", asked), table("Environment", place)]
}
