//! The format of a result file. The order of the fields is the order of the keys.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{StoreError, check_finite, histogram, schema::Schema};
use crate::{
    judge::{Judgement, LimitedBy, Verdict, bounds},
    metric::{quantiles::Quantiles, throughput::Throughput},
    model::{
        Anomalies, Connections, Counts, Dropped, Environment, Evidence, GeneratorHealth, Interval, Latency,
        Measurement, PlanRecord, Report, Tally, TargetRecord, Traffic, WireSummary,
    },
};

/// A result file.
#[derive(Serialize, Deserialize)]
pub(super) struct ResultDocument {
    schema: String,
    verdict: Verdict,
    reasons: Vec<String>,
    limited_by: LimitedBy,
    interrupted: bool,
    target: TargetRecord,
    plan: PlanRecord,
    environment: Environment,
    started_at: String,
    measured_s: f64,
    connections: Connections,
    #[serde(flatten)]
    measured: StoredTally,
    warmup: StoredTally,
    evidence: Vec<Evidence>,
    traffic: Traffic,
    #[serde(skip_deserializing)]
    throughput: Throughput,
    #[serde(skip_deserializing)]
    latency_ns: Summaries,
    wire: WireSummary,
    generator: GeneratorHealth,
    intervals: Vec<StoredInterval>,
    histograms: Histograms,
}

/// A second, with its histogram as text. The histogram is absent if nothing matched in that second,
/// and in older files.
#[derive(Serialize, Deserialize)]
struct StoredInterval {
    #[serde(flatten)]
    interval: Interval,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_histogram: Option<String>,
}

/// A tally as it is stored. `dropped` is a count, so its causes have a key of their own.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct StoredTally {
    counts: Counts,
    dropped_by: Dropped,
    anomalies: Anomalies,
}

/// The summaries of [`Histograms`].
#[derive(Default, Serialize)]
struct Summaries {
    response: MarkedQuantiles,
    service: MarkedQuantiles,
    floor: Quantiles,
    send_lag: Quantiles,
    connect: Quantiles,
}

/// A summary, with the names of the figures that the generator may have a notable part in.
#[derive(Default, Serialize)]
struct MarkedQuantiles {
    #[serde(flatten)]
    quantiles: Quantiles,
    marked: Vec<&'static str>,
}

impl MarkedQuantiles {
    fn of(latency: &Latency, series: &str, values: &Histogram<u64>) -> Self {
        Self { quantiles: Quantiles::of(values), marked: bounds::marked(latency, series) }
    }
}

/// Histograms as [`histogram::encode`] writes them.
#[derive(Serialize, Deserialize)]
struct Histograms {
    response: String,
    service: String,
    /// `None` in files from before it was measured.
    #[serde(default)]
    floor: Option<String>,
    send_lag: String,
    connect: String,
}

impl ResultDocument {
    pub(super) fn new(report: &Report, judgement: &Judgement) -> Result<Self, StoreError> {
        check_finite(numbers(report))?;
        let latency = &report.total.latency;
        Ok(Self {
            schema: Schema::RESULT.name().to_owned(),
            verdict: judgement.verdict,
            reasons: judgement.reasons.clone(),
            limited_by: judgement.limited_by,
            interrupted: report.interrupted,
            target: report.target.clone(),
            plan: report.plan.clone(),
            environment: report.environment.clone(),
            started_at: report.started_at.clone(),
            measured_s: report.measured_s,
            connections: report.total.connections.clone(),
            measured: report.total.measured.into(),
            warmup: report.total.warmup.into(),
            evidence: report.total.evidence.clone(),
            traffic: report.total.traffic,
            throughput: Throughput::of(report),
            latency_ns: Summaries {
                response: MarkedQuantiles::of(latency, "response", &latency.response),
                service: MarkedQuantiles::of(latency, "service", &latency.service),
                floor: Quantiles::of(&latency.floor),
                send_lag: Quantiles::of(&latency.send_lag),
                connect: Quantiles::of(&latency.connect),
            },
            wire: report.total.wire,
            generator: report.generator,
            intervals: report.total.intervals.iter().map(StoredInterval::from).collect(),
            histograms: Histograms {
                response: histogram::encode("response", &latency.response)?,
                service: histogram::encode("service", &latency.service)?,
                floor: Some(histogram::encode("floor", &latency.floor)?),
                send_lag: histogram::encode("send_lag", &latency.send_lag)?,
                connect: histogram::encode("connect", &latency.connect)?,
            },
        })
    }

    pub(super) fn into_parts(self) -> Result<(Report, Judgement), StoreError> {
        let intervals = self.intervals.into_iter().map(Interval::try_from).collect::<Result<_, _>>()?;
        let latency = Latency {
            response: histogram::decode("response", &self.histograms.response)?,
            service: histogram::decode("service", &self.histograms.service)?,
            floor: match &self.histograms.floor {
                Some(floor) => histogram::decode("floor", floor)?,
                None => Latency::histogram(),
            },
            send_lag: histogram::decode("send_lag", &self.histograms.send_lag)?,
            connect: histogram::decode("connect", &self.histograms.connect)?,
        };
        let report = Report {
            target: self.target,
            plan: self.plan,
            environment: self.environment,
            started_at: self.started_at,
            measured_s: self.measured_s,
            interrupted: self.interrupted,
            generator: self.generator,
            total: Measurement {
                connections: self.connections,
                measured: self.measured.into(),
                warmup: self.warmup.into(),
                evidence: self.evidence,
                traffic: self.traffic,
                latency,
                wire: self.wire,
                intervals,
            },
            groups: Vec::new(),
        };
        let judgement = Judgement { verdict: self.verdict, reasons: self.reasons, limited_by: self.limited_by };
        Ok((report, judgement))
    }
}

/// The numbers of a plan, by their keys.
pub(super) fn plan_numbers(plan: &PlanRecord) -> [(&'static str, f64); 5] {
    [
        ("plan.rate_per_client", plan.load.rate_per_client().unwrap_or(0.0)),
        ("plan.duration_s", plan.duration_s.unwrap_or(0.0)),
        ("plan.warmup_s", plan.warmup_s),
        ("plan.drain_s", plan.drain_s),
        ("plan.connect_rate", plan.connect_rate),
    ]
}

/// Every number of a report, by its key.
fn numbers(report: &Report) -> impl Iterator<Item = (&'static str, f64)> {
    let (wire, generator) = (&report.total.wire, &report.generator);
    let single = [
        ("measured_s", report.measured_s),
        ("wire.messages_per_read.mean", wire.messages_per_read.mean),
        ("wire.messages_per_write.mean", wire.messages_per_write.mean),
        ("generator.cpu_s", generator.cpu_s),
        ("generator.spin_s", generator.spin_s),
        ("generator.busiest_worker", generator.busiest_worker),
        ("generator.stopped_s", generator.stopped_s),
        ("generator.longest_stop_s", generator.longest_stop_s),
        ("generator.stolen", generator.stolen.unwrap_or(0.0)),
    ];
    let evidence = report.total.evidence.iter().map(|evidence| ("evidence.at_s", evidence.at_s));
    let intervals = report.total.intervals.iter().map(|interval| ("intervals.at_s", interval.at_s));
    single.into_iter().chain(plan_numbers(&report.plan)).chain(evidence).chain(intervals)
}

impl From<&Interval> for StoredInterval {
    fn from(interval: &Interval) -> Self {
        let response_histogram = interval.response.as_ref().map(histogram::to_text);
        Self { interval: interval.clone(), response_histogram }
    }
}

impl TryFrom<StoredInterval> for Interval {
    type Error = StoreError;

    fn try_from(row: StoredInterval) -> Result<Self, StoreError> {
        let text = row.response_histogram.as_deref();
        let response = text.map(|text| histogram::from_text("intervals.response_histogram", text)).transpose()?;
        Ok(Self { response, ..row.interval })
    }
}

impl From<Tally> for StoredTally {
    fn from(tally: Tally) -> Self {
        Self { counts: tally.counts, dropped_by: tally.dropped, anomalies: tally.anomalies }
    }
}

impl From<StoredTally> for Tally {
    fn from(tally: StoredTally) -> Self {
        Self { counts: tally.counts, dropped: tally.dropped_by, anomalies: tally.anomalies }
    }
}
