//! Memory a client: peak resident memory of a generator with few clients and of one with many.
//! Memory a connection: resident memory of a server while few or many are open. Each is a process
//! of its own, since memory that was used once stays with its process.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use loadgen::plan::{Arrivals, EngineKind, Group, Load, Rate};
use procfs::process::Process;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Result, count, floor, generate, group, layers::Layer, plan_of, serve_with};

/// Makes this process one that runs a generator and prints its peak memory.
const GENERATE: &str = "--measure-generator";

/// Makes this process a server that prints its address, until its stdin ends.
const SERVE: &str = "--measure-server";

/// Prints what a client costs between `few` and `many` of them. Those that compress are a tenth, as
/// each takes much.
pub(crate) fn of_clients(layer: Layer, few: u32, many: u32) -> Result<()> {
    allow_files()?;
    let many = if matches!(layer, Layer::Compression(..)) { many / 10 } else { many };
    let server = layer.serve()?;
    let (base, peak) = (measure(layer, server, few)?, measure(layer, server, many)?);
    show(&format!("memory, lean engine, {}", layer.name()), "client", (few, base), (many, peak));
    Ok(())
}

/// Prints what a connection costs the server between `few` and `many` of them, each idle after an
/// echo.
pub(crate) fn of_connections(few: u32, many: u32) -> Result<()> {
    allow_files()?;
    let mut server =
        Command::new(std::env::current_exe()?).arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(server.stdout.take().ok_or("no stdout")?).read_line(&mut address)?;
    let (address, process) = (address.trim().parse()?, Process::new(server.id().cast_signed())?);
    let mut open = Vec::new();
    let mut with = |connections: u32| -> Result<u64> {
        while open.len() < connections as usize {
            let mut connection = floor::FloorConnection::open(address)?;
            connection.echo()?;
            open.push(connection);
        }
        Ok(1024 * process.status()?.vmrss.ok_or("no resident memory")?)
    };
    let (base, peak) = (with(few)?, with(many)?);
    show("memory, server", "connection", (few, base), (many, peak));
    drop(server.stdin.take());
    server.wait()?;
    Ok(())
}

fn show(what: &str, each: &str, (few, base): (u32, u64), (many, peak): (u32, u64)) {
    let cost = peak.saturating_sub(base) as f64 / f64::from(many - few) / 1024.0;
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    println!("{what}: {:.1} MiB with {few}, {:.1} MiB with {many}: {cost:.2} KiB a {each}", mib(base), mib(peak));
}

/// Raises the limit on open files, as each connection is one.
fn allow_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

fn measure(layer: Layer, server: SocketAddr, clients: u32) -> Result<u64> {
    let arguments = [GENERATE.to_owned(), layer.name(), server.to_string(), clients.to_string()];
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().map_err(|_| format!("no figure: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// What the child does, if this process is one.
pub(crate) fn child(args: &[String]) -> Option<Result<()>> {
    match args {
        [_, flag, layer, server, clients] if flag == GENERATE => Some(run_generator(layer, server, clients)),
        [_, flag] if flag == SERVE => Some(run_server()),
        _ => None,
    }
}

/// Each client sends a burst of five a second, for three seconds.
fn run_generator(layer: &str, server: &str, clients: &str) -> Result<()> {
    let layer = Layer::named(layer).ok_or("no such layer")?;
    let rate = Rate::new(5.0).ok_or("not a rate")?;
    let load = Load::Open { arrivals: Arrivals::even(rate), burst: count(5), max_in_flight: count(10_000) };
    let size = u32::try_from(floor::SIZE)?;
    let group = group(layer.target(server.parse()?)?, load, size, layer.connect());
    let plan = plan_of(EngineKind::Lean, Group { clients: clients.parse()?, ..group }, Duration::from_secs(3));
    println!("{}", generate(&plan)?.generator.peak_rss_bytes);
    Ok(())
}

fn run_server() -> Result<()> {
    allow_files()?;
    println!("{}", serve_with(server::Options::default())?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
