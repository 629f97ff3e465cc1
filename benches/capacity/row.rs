//! One load and what it took.

use std::{error::Error, fmt};

use reports::{Quantiles, Report, Verdict, judge};

use crate::process::Programs;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferedLoad {
    pub(crate) clients: u32,
    /// Messages a second in total.
    pub(crate) rate: u32,
    pub(crate) burst: u32,
}

/// What it took: medians of some rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CapacityRow {
    pub(crate) load: OfferedLoad,
    /// Rounds whose run was valid and lost nothing, and all rounds.
    pub(crate) good: usize,
    pub(crate) rounds: usize,
    /// Processor time of the generator's workers a message, without spinning, in microseconds.
    pub(crate) cpu_us: f64,
    /// Peak memory in MiB.
    pub(crate) generator_mib: f64,
    pub(crate) server_mib: f64,
    pub(crate) response_p50_us: f64,
    pub(crate) response_p99_us: f64,
    pub(crate) send_lag_p99_us: f64,
}

/// Sends `load` for `seconds`, at least so long that each client sends two bursts, `rounds` times.
/// Says why a run does not pass.
pub(crate) fn measure(
    programs: &Programs,
    load: OfferedLoad,
    rounds: usize,
    seconds: u32,
) -> Result<CapacityRow, Box<dyn Error>> {
    let rate = f64::from(load.rate) / f64::from(load.clients);
    let bursts = f64::from(load.burst) / rate;
    let seconds = f64::from(seconds).max(2.0 * bursts);
    let connect = load.clients.clamp(1_000, 5_000);
    let options = [
        format!("--clients={}", load.clients),
        format!("--rate={rate}"),
        format!("--burst={}", load.burst),
        format!("--duration={seconds}s"),
        format!("--connect-rate={connect}"),
    ];
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let mut runs = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let server = programs.serve()?;
        let report = programs.load(&server, &options)?;
        for reason in judge(&report, &[]).reasons {
            eprintln!("{} clients, {}/s: {reason}", load.clients, load.rate);
        }
        runs.push((report, server.peak_memory()?));
    }
    let of = |value: &dyn Fn(&Report) -> f64| median(runs.iter().map(|(report, _)| value(report)));
    let micros = |nanos: Option<u64>| nanos.unwrap_or(0) as f64 / 1e3;
    Ok(CapacityRow {
        load,
        good: runs.iter().filter(|(report, _)| judge(report, &[]).verdict == Verdict::Pass).count(),
        rounds,
        cpu_us: of(&|report| {
            let worked = report.generator.cpu_s - report.generator.spin_s;
            worked * 1e6 / report.total.measured.counts.matched as f64
        }),
        generator_mib: of(&|report| mib(report.generator.peak_rss_bytes)),
        server_mib: median(runs.iter().map(|&(_, bytes)| mib(bytes))),
        response_p50_us: of(&|report| micros(Quantiles::of(&report.total.latency.response).p50)),
        response_p99_us: of(&|report| micros(Quantiles::of(&report.total.latency.response).p99)),
        send_lag_p99_us: of(&|report| micros(Quantiles::of(&report.total.latency.send_lag).p99)),
    })
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl CapacityRow {
    /// The head of a Markdown table of rows.
    pub(crate) const HEAD: &str = "\
| clients | messages/s | valid, nothing lost | generator, µs a message | generator, MiB | server, MiB | response p50, µs | p99, µs | send lag p99, µs |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|";
}

impl fmt::Display for CapacityRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load, good, rounds, cpu_us, generator_mib, server_mib, .. } = self;
        write!(
            f,
            "| {} | {} | {good} of {rounds} | {cpu_us:.2} | {generator_mib:.1} | {server_mib:.1} | {:.0} | {:.0} | {:.0} |",
            load.clients, load.rate, self.response_p50_us, self.response_p99_us, self.send_lag_p99_us
        )
    }
}
