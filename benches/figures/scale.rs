//! What 1, 10 and 100 million clients take, computed from what one client and one message take.

use std::fmt::Write as _;

use crate::{
    Result,
    measure::a_client,
    merge::MESSAGE,
    results::{KIB, Results},
};

const CLIENTS: [u64; 3] = [1_000_000, 10_000_000, 100_000_000];
/// Clients of a shard: what one address has ports for, with a reserve.
const SHARD: u64 = 50_000;
/// Share of a processor that is planned for, so that the other half catches what comes at once.
const USED: f64 = 0.5;
/// Ports of an address to one address and port of a server (1024 to 65535).
const PORTS: u64 = 64_512;
/// Payload bytes of a message, and what a frame of a client, TCP with time stamps, IPv4 and
/// Ethernet add to it. A frame of the server has no mask, which is 4 bytes less.
const PAYLOAD: u64 = 64;
const HEADERS: u64 = 6 + 32 + 20 + 38;
/// The rest of what a machine of the table has.
const MACHINE_CORES: f64 = 4.0;
const MACHINE_GIB: f64 = 8.0;

/// What one client and one message take.
struct UnitCost {
    client_bytes: f64,
    message_s: f64,
}

impl UnitCost {
    fn of(loopback: &Results, merge: &Results) -> Result<Self> {
        Ok(Self { client_bytes: a_client(loopback, "generator")?.median, message_s: merge.spread(MESSAGE)?.median })
    }
}

/// What is measured of one, and how many clients that lets a machine have.
pub(crate) fn one_machine(loopback: &Results, merge: &Results) -> Result<String> {
    let UnitCost { client_bytes, message_s } = UnitCost::of(loopback, merge)?;
    let by_memory = MACHINE_GIB * KIB * KIB * KIB / 2.0 / client_bytes;
    let by_processors = MACHINE_CORES * USED / message_s;
    Ok(format!(
        "| of | one client takes | {MACHINE_CORES:.0} cores, {MACHINE_GIB:.0} GiB and one address have it for |\n\
         |---|---:|---:|\n\
         | memory of the process, half of it | {:.2} KiB | {} clients |\n\
         | processors, half of them, at one message a second | {:.1} µs a message | {} clients |\n\
         | ports, to one address and port of the server | 1 | {} clients |\n\
         | descriptors | 1 | as many as `ulimit -n` allows a thread |",
        client_bytes / KIB,
        thousands(by_memory),
        message_s * 1e6,
        thousands(by_processors),
        count(PORTS),
    ))
}

/// The arithmetic for many clients that send a message a second each.
pub(crate) fn many_machines(loopback: &Results, merge: &Results) -> Result<String> {
    let UnitCost { client_bytes, message_s } = UnitCost::of(loopback, merge)?;
    let mut text = format!(
        "| clients, one message of {PAYLOAD} B a second each | shards of {} | memory of the processes, GiB | processors, half used | \
         Gbit/s each way | source addresses |\n|---:|---:|---:|---:|---:|---:|",
        count(SHARD)
    );
    for clients in CLIENTS {
        let n = clients as f64;
        write!(
            text,
            "\n| {} | {} | {} | {} | {:.1} | {} |",
            count(clients),
            count(clients.div_ceil(SHARD)),
            thousands(n * client_bytes / KIB / KIB / KIB),
            thousands(n * message_s / USED),
            n * ((PAYLOAD + HEADERS) * 8) as f64 / 1e9,
            count(clients.div_ceil(PORTS)),
        )?;
    }
    Ok(text)
}

/// Two digits of a number, so that nobody takes it for exact, with spaces between thousands.
fn thousands(n: f64) -> String {
    if n < 9.95 {
        return format!("{n:.1}");
    }
    let step = 10_f64.powf((n.max(1.0).log10().floor() - 1.0).max(0.0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number that fits")]
    count(((n / step).round() * step).round() as u64)
}

fn count(n: u64) -> String {
    reports::human::count(n)
}

#[test]
fn computed_numbers_have_two_digits() {
    assert_eq!([0.4, 3.2, 17.6, 178.0, 123_456.0].map(thousands), ["0.4", "3.2", "18", "180", "120 000"]);
}
