//! What it takes to merge shards of an hour.
//!
//! The shards are made of one that ran for some seconds: its counts and seconds are replaced by
//! those of an hour. They are written to the command as they are made, so that no disk is measured.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use procfs::process::Process;
use reports::model::{BucketCounts, Latency, PackedHistogram};
use serde_json::{Value, json};

use crate::{
    Result,
    measure::{Server, load, number},
    path,
    results::{KIB, Results, cell},
};

/// Shards that are merged, in a measurement each.
const SHARDS: [u32; 3] = [10, 100, 1000];
/// Clients of a shard. Each sends a message a second.
const CLIENTS: u32 = 1000;
/// Seconds of a shard.
const SECONDS: usize = 3600;
/// Seconds that differ. Each shard has them in another order.
const DIFFERENT: usize = 360;

/// Messages of a client in a second, one a write, while the cost of a message is measured.
const RATE: u32 = 20;
pub(crate) const MESSAGE: &str = "1000 clients, one message a write: processor seconds a message";

/// One value of each result.
pub(crate) fn one_round(reports: &mut Vec<Value>) -> Result<Vec<(String, f64)>> {
    let server = Server::start("")?;
    let options = format!("--clients {CLIENTS} --rate {RATE} --burst 1 --connect-rate 5000 --threads 1 --duration 5s");
    let report = load(&server, &options)?;
    let generator = |key: &str| number(&report, &format!("/generator/{key}"));
    let busy_s = generator("cpu_s")? - generator("spin_s")?;
    let mut values = vec![(MESSAGE.to_owned(), busy_s / number(&report, "/total/traffic/sent_in_window")?)];
    let part = load(&server, &format!("--shard 1/10 --clients {} --connect-rate 50000 --duration 1s", CLIENTS * 10))?;
    let hour = Hour::new(part)?;
    for shards in SHARDS {
        let Cost { seconds, processor_seconds, peak_bytes, bytes } = hour.merge(shards)?;
        let named = [
            ("seconds", seconds),
            ("processor seconds", processor_seconds),
            ("peak memory, bytes", peak_bytes),
            ("input, bytes", bytes),
        ];
        values.extend(named.map(|(what, value)| (of(shards, what), value)));
    }
    reports.push(report);
    Ok(values)
}

fn of(shards: u32, what: &str) -> String {
    format!("merge of {shards} shards: {what}")
}

/// What a merge took.
struct Cost {
    seconds: f64,
    processor_seconds: f64,
    peak_bytes: f64,
    bytes: f64,
}

/// A shard of an hour.
struct Hour {
    result: Value,
    /// A second each, as JSON without its time.
    rows: Vec<String>,
}

impl Hour {
    /// Of the result of a shard of some seconds.
    fn new(mut result: Value) -> Result<Self> {
        let mut random = 1;
        let mut all = BucketCounts::default();
        let mut rows = Vec::new();
        let mut row = result.pointer("/total/intervals/0").ok_or("the run has no second")?.clone();
        let fields = row.as_object_mut().ok_or("a second is no object")?;
        fields.remove("at_s");
        for _ in 0..DIFFERENT {
            let second = second(&mut random);
            (0..SECONDS / DIFFERENT).for_each(|_| all.add_packed(&second));
            fields.extend([
                ("sent".to_owned(), CLIENTS.into()),
                ("matched".to_owned(), CLIENTS.into()),
                ("response_histogram".to_owned(), second.to_text().into()),
            ]);
            rows.push(serde_json::to_string(&fields)?);
        }
        let text = PackedHistogram::of(&all.histogram())?.to_text();
        for series in ["response", "service", "floor", "send_lag"] {
            result["total"]["histograms"][series] = text.clone().into();
        }
        let messages = u64::from(CLIENTS) * SECONDS as u64;
        for key in ["scheduled", "sent", "matched", "events"] {
            result["total"]["counts"][key] = messages.into();
        }
        for key in ["matched_in_window", "sent_in_window"] {
            result["total"]["traffic"][key] = messages.into();
        }
        result["plan"]["run"]["duration_s"] = json!(SECONDS as f64);
        result["measured_s"] = json!(SECONDS as f64);
        result["shards"][0]["measured_s"] = json!(SECONDS as f64);
        result["total"]["intervals"] = json!([]);
        Ok(Self { result, rows })
    }

    /// Writes the result of one of so many shards on a line. Returns how many bytes it has.
    fn write(&self, shard: u32, shards: u32, out: &mut impl Write) -> Result<usize> {
        let mut result = self.result.clone();
        result["plan"]["groups"][0]["clients"] = (CLIENTS * shards).into();
        let record = &mut result["shards"][0];
        (record["number"], record["of"]) = (shard.into(), shards.into());
        record["clients"] = json!([{ "first": (shard - 1) * CLIENTS, "clients": CLIENTS }]);
        let text = serde_json::to_string(&result)?;
        let (before, after) = text.split_once("\"intervals\":[]").ok_or("no place for the seconds")?;
        let mut bytes = text.len();
        write!(out, "{before}\"intervals\":[")?;
        for at in 0..SECONDS {
            let row = &self.rows[(at + shard as usize * 7) % self.rows.len()];
            let comma = if at > 0 { "," } else { "" };
            write!(out, "{comma}{{\"at_s\":{at}.0,")?;
            out.write_all(&row.as_bytes()[1..])?;
            bytes += row.len();
        }
        writeln!(out, "]{after}")?;
        Ok(bytes)
    }

    /// Merges so many shards. The merged result must pass.
    fn merge(&self, shards: u32) -> Result<Cost> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(path("target/release/loadgen"));
        command.args(["merge", "-", "--quiet", "--out"]).arg(folder.path().join("whole.json"));
        let began = Instant::now();
        let mut process = command.stdin(Stdio::piped()).spawn()?;
        let mut stdin = BufWriter::with_capacity(1 << 20, process.stdin.take().ok_or("no stdin")?);
        thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut bytes = 0;
                for shard in 1..=shards {
                    bytes +=
                        self.write(shard, shards, &mut stdin).map_err(|error| io::Error::other(error.to_string()))?;
                }
                stdin.flush().map(|()| bytes)
            });
            let (processor_seconds, peak_bytes) = watch(&mut process)?;
            let seconds = began.elapsed().as_secs_f64();
            let bytes = writer.join().map_err(|_| "the writer panicked")?? as f64;
            Ok(Cost { seconds, processor_seconds, peak_bytes, bytes })
        })
    }
}

/// A second in which each client has a message. Most take some 200 µs, and one of a hundred longer.
fn second(random: &mut u64) -> PackedHistogram {
    let mut histogram = Latency::histogram();
    for client in 0..CLIENTS {
        // A sum of numbers is nearly normal, so its exponential has the tail of response times.
        let sum: f64 = (0..6).map(|_| uniform(random)).sum();
        let tail = if client % 100 == 0 { 10.0 } else { 1.0 };
        let nanos = 200_000.0 * tail * ((sum - 3.0) * 0.5).exp();
        histogram.saturating_record(Duration::from_secs_f64(nanos / 1e9).as_nanos().try_into().unwrap_or(1));
    }
    PackedHistogram::of(&histogram).expect("of the one shape")
}

/// From 0 to 1 (`SplitMix64`).
fn uniform(random: &mut u64) -> f64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*random ^ (*random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Waits for a process. Returns its processor seconds and the most memory that it held.
fn watch(process: &mut Child) -> Result<(f64, f64)> {
    let ticks = procfs::ticks_per_second() as f64;
    let (mut seconds, mut peak) = (0.0_f64, 0.0_f64);
    let status = loop {
        if let Ok(running) = Process::new(process.id().cast_signed()) {
            if let Ok(stat) = running.stat() {
                seconds = seconds.max((stat.utime + stat.stime) as f64 / ticks);
            }
            let held = running.status().ok().and_then(|status| status.vmhwm);
            peak = peak.max(1024.0 * held.unwrap_or_default() as f64);
        }
        if let Some(status) = process.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(10));
    };
    if status.success() { Ok((seconds, peak)) } else { Err(format!("loadgen merge: {status}").into()) }
}

/// What merges took.
pub(crate) fn table(results: &Results) -> Result<String> {
    let mut text = "| shards of an hour | input, GiB | seconds | processor seconds | peak memory, MiB |\n\
                    |---:|---:|---:|---:|---:|"
        .to_owned();
    for shards in SHARDS {
        let value = |what, unit, digits| {
            Ok::<_, Box<dyn std::error::Error>>(cell(results.spread(&of(shards, what))?, unit, digits))
        };
        let bytes = results.spread(&of(shards, "input, bytes"))?.median / KIB / KIB / KIB;
        write!(
            text,
            "\n| {shards} | {bytes:.2} | {} | {} | {} |",
            value("seconds", 1.0, 1)?,
            value("processor seconds", 1.0, 1)?,
            value("peak memory, bytes", KIB * KIB, 0)?
        )?;
    }
    Ok(text)
}
