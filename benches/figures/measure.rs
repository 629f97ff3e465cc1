//! Measures with release builds of both programs, each in a process of its own, on loopback.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use procfs::{Current, LoadAverage, process::Process};
use serde_json::Value;

use crate::{
    Result, Round, path,
    results::{Results, Spread},
};

const ROUNDS: usize = 5;
/// Clients whose memory is compared.
pub(crate) const FEW: u32 = 10;
pub(crate) const MANY: u32 = 10_000;
/// Clients of the closed model, each with 16 messages in flight.
pub(crate) const CLIENTS: [u32; 2] = [50, 1000];
pub(crate) const PAYLOADS: [&str; 2] = ["text", "binary"];
pub(crate) const ENGINES: [&str; 2] = ["lean", "tungstenite"];

/// A server, until it is dropped.
pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    pub(crate) fn start(options: &str) -> Result<Self> {
        let mut process = Command::new(path("target/release/server"))
            .args(["--listen", "127.0.0.1:0", "--connections", "20000"])
            .args(options.split_whitespace())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the server has no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").ok_or("the server does not say where it listens")?;
        Ok(Self { process, url: url.to_owned() })
    }

    /// The most bytes of memory that it has held.
    fn peak_bytes(&self) -> Result<f64> {
        let kib = Process::new(self.process.id().cast_signed())?.status()?.vmhwm;
        Ok(1024.0 * kib.ok_or("no peak memory")? as f64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the generator against `server`. Every message must come back.
pub(crate) fn load(server: &Server, options: &str) -> Result<Value> {
    let output = Command::new(path("target/release/loadgen"))
        .args([&server.url, "--json", "--quiet", "--only-delivery"])
        .args(options.split_whitespace())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("loadgen {options}: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The number at a JSON pointer.
pub(crate) fn number(report: &Value, pointer: &str) -> Result<f64> {
    Ok(report.pointer(pointer).and_then(Value::as_f64).ok_or_else(|| format!("no number at {pointer}"))?)
}

/// What git says, trimmed, about what the programs are built from.
fn git(arguments: &[&str]) -> Result<String> {
    let sources = ["Cargo.lock", "descriptors", "frames", "loadgen/src", "program", "reports/src", "server/src"];
    let output = Command::new("git").args(arguments).arg("--").args(sources).current_dir(path("")).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Measures by `one_round`, whose values have names, as often as there are rounds.
pub(crate) fn measure(made_by: &str, one_round: Round) -> Result<Results> {
    if !git(&["status", "--porcelain"])?.is_empty() {
        return Err("the sources of the programs have changes that are not committed".into());
    }
    let commit = git(&["log", "-1", "--format=%h"])?;
    let load_average = LoadAverage::current()?.one.into();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = ["build", "--release", "--package", "loadgen", "--package", "server"];
    if !Command::new(cargo).args(build).current_dir(path("")).status()?.success() {
        return Err("the programs were not built".into());
    }
    let (mut reports, mut rounds) = (Vec::new(), BTreeMap::<String, Vec<f64>>::new());
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        for (name, value) in one_round(&mut reports)? {
            rounds.entry(name).or_default().push(value);
        }
    }
    let text = |pointer: &str| -> Result<String> {
        Ok(reports[0]
            .pointer(pointer)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("no text at {pointer}"))?
            .to_owned())
    };
    Ok(Results {
        made_by: format!("cargo run -p benches --example figures -- {made_by}"),
        date: text("/started_at")?.chars().take("2026-01-01".len()).collect(),
        commit,
        cpu: text("/environment/cpu")?,
        cores: number(&reports[0], "/environment/cores")?,
        kernel: text("/environment/kernel")?,
        load_average,
        stolen: reports.iter().filter_map(|report| number(report, "/generator/stolen").ok()).fold(0.0, f64::max),
        rounds,
    })
}

/// One value of each result. What is compared takes turns, so that both meet the same machine.
pub(crate) fn one_round(reports: &mut Vec<Value>) -> Result<Vec<(String, f64)>> {
    let mut values = Vec::new();
    let mut run = |server: &Server, options: &str| -> Result<Value> {
        let report = load(server, options)?;
        reports.push(report.clone());
        Ok(report)
    };
    let server = Server::start("")?;
    for clients in CLIENTS {
        for payload in PAYLOADS {
            for engine in ENGINES {
                let report = run(
                    &server,
                    &format!(
                        "--clients {clients} --window 16 --payload {payload} --engine {engine} --threads 1 \
                         --connect-rate 5000 --warmup 500ms --duration 2s"
                    ),
                )?;
                // Nothing spins without a schedule.
                let rate = number(&report, "/total/traffic/matched_in_window")? / number(&report, "/generator/cpu_s")?;
                values.push((efficiency(clients, payload, engine), rate));
            }
        }
    }
    let report = run(&server, "")?;
    for (name, pointer) in DEFAULT_PLAN {
        values.push((name.to_owned(), number(&report, pointer)?));
    }
    for clients in [FEW, MANY] {
        let server = Server::start("")?;
        let options = format!("--clients {clients} --rate 5 --connect-rate 5000 --duration 3s");
        let report = run(&server, &options)?;
        values.push((memory("generator", clients), number(&report, "/generator/peak_rss_bytes")?));
        values.push((memory("server", clients), server.peak_bytes()?));
    }
    Ok(values)
}

/// Results of the default plan, and where they stand in a report.
const DEFAULT_PLAN: [(&str, &str); 2] =
    [(SEND_LAG, "/total/latency_ns/send_lag/p99"), (RESPONSE, "/total/latency_ns/response/p50")];
pub(crate) const SEND_LAG: &str = "default plan: send lag p99, ns";
pub(crate) const RESPONSE: &str = "default plan: response p50, ns";

pub(crate) fn efficiency(clients: u32, payload: &str, engine: &str) -> String {
    format!("{clients} clients, 16 in flight, {payload}, {engine}: messages a processor second")
}

pub(crate) fn memory(program: &str, clients: u32) -> String {
    format!("{clients} clients: peak memory of the {program}, bytes")
}

/// Bytes that each client between [`FEW`] and [`MANY`] adds.
pub(crate) fn a_client(results: &Results, program: &str) -> Result<Spread> {
    results.combine(&memory(program, MANY), &memory(program, FEW), |many, few| (many - few) / f64::from(MANY - FEW))
}
