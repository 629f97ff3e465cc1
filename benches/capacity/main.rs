//! How far one machine goes: what a message costs the generator, and what a client takes of memory,
//! by the number of clients and by the rate. The server runs on the same machine, in a process of
//! its own.
//!
//! `cargo bench --bench capacity` takes about ten minutes. `-- --quick` for small numbers and one
//! short round, `-- --draw FOLDER` for plots (SVG) as well, `-- --clients N` or `-- --rate R` for
//! one row. Costs are processor time, which a busy machine changes less than times by the clock.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod draw;
mod process;
mod row;

use std::{error::Error, path::PathBuf};

use process::Programs;
use row::{CapacityRow, OfferedLoad};

/// What a run of the bench does.
struct CapacityScale {
    rounds: usize,
    clients: &'static [u32],
    rates: &'static [u32],
    seconds: u32,
}

const FULL: CapacityScale = CapacityScale {
    rounds: 3,
    clients: &[10, 100, 1_000, 10_000, 30_000, 100_000],
    rates: &[1_000, 10_000, 50_000, 100_000, 200_000, 300_000, 400_000],
    seconds: 10,
};
const QUICK: CapacityScale = CapacityScale { rounds: 1, clients: &[10, 100], rates: &[1_000, 2_000], seconds: 1 };

/// Messages a second in total, while the number of clients grows.
const RATE: u32 = 10_000;

/// Clients, while the rate grows.
const CLIENTS: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let value = |flag: &str| args.iter().position(|arg| arg == flag).and_then(|at| args.get(at + 1));
    let scale = if args.iter().any(|arg| arg == "--quick" || arg == "--test") { QUICK } else { FULL };
    let programs = Programs::build()?;
    let measure = |load: OfferedLoad| row::measure(&programs, load, scale.rounds, scale.seconds);
    let by_clients = |&clients: &u32| OfferedLoad { clients, rate: RATE, burst: 1 };
    let by_rate = |&rate: &u32| OfferedLoad { clients: CLIENTS, rate, burst: 10 };
    if let Some(clients) = value("--clients") {
        println!("{}\n{}", CapacityRow::HEAD, measure(by_clients(&clients.parse()?))?);
        return Ok(());
    }
    if let Some(rate) = value("--rate") {
        println!("{}\n{}", CapacityRow::HEAD, measure(by_rate(&rate.parse()?))?);
        return Ok(());
    }
    println!("{RATE} messages/s in total, one at a time; median of {}\n\n{}", scale.rounds, CapacityRow::HEAD);
    let clients = rows(scale.clients.iter().map(by_clients), measure)?;
    println!("\n{CLIENTS} clients, bursts of 10; median of {}\n\n{}", scale.rounds, CapacityRow::HEAD);
    let rates = rows(scale.rates.iter().map(by_rate), measure)?;
    if let Some(folder) = value("--draw").map(PathBuf::from) {
        std::fs::create_dir_all(&folder)?;
        draw::by_clients(&folder.join("clients.svg"), &clients)?;
        draw::by_rate(&folder.join("rate.svg"), &rates)?;
    }
    Ok(())
}

/// Measures rows, and prints each as it is there.
fn rows(
    loads: impl Iterator<Item = OfferedLoad>,
    measure: impl Fn(OfferedLoad) -> Result<CapacityRow, Box<dyn Error>>,
) -> Result<Vec<CapacityRow>, Box<dyn Error>> {
    loads.map(|load| measure(load).inspect(|row| println!("{row}"))).collect()
}
