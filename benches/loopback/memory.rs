//! Memory a client: peak resident memory of a generator with few clients and of one with many. Each is a process of its
//! own, since memory that was used once stays with its process.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use loadgen::plan::{Load, Rate, Target};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{count, generate, plan, url};

/// Makes this process one that runs a generator and prints its peak memory.
const CHILD: &str = "--measure-memory";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Prints what a client costs between `few` and `many` of them.
pub(crate) fn compare(server: SocketAddr, few: u32, many: u32) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let (base, peak) = (measure(server, few)?, measure(server, many)?);
    let each = peak.saturating_sub(base) as f64 / f64::from(many - few) / 1024.0;
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    println!(
        "memory, lean engine: {:.1} MiB with {few} clients, {:.1} MiB with {many}: {each:.2} KiB a client",
        mib(base),
        mib(peak)
    );
    Ok(())
}

fn measure(server: SocketAddr, clients: u32) -> Result<u64> {
    let (server, clients) = (server.to_string(), clients.to_string());
    let output = Command::new(std::env::current_exe()?).args([CHILD, &server, &clients]).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().map_err(|_| format!("no figure: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// What the child does, if this process is one: each client sends a burst of five a second, for three seconds.
pub(crate) fn child(args: &[String]) -> Option<Result<()>> {
    let [_, flag, server, clients] = args else { return None };
    (flag == CHILD).then(|| {
        let rate = Rate::new(5.0).ok_or("not a rate")?;
        let load = Load::Open { rate, burst: count(5), max_in_flight: count(10_000) };
        let plan = plan(Target::Url(url(server.parse()?)?), clients.parse()?, load, Duration::from_secs(3));
        println!("{}", generate(&plan)?.generator.peak_rss_bytes);
        Ok(())
    })
}
