//! The server under attack: how much memory it takes, and how long an honest client waits
//! meanwhile.
//!
//! The quick test makes every attack small, and checks that the server stays within its memory and
//! serves on. The long tests make them large, and compare how long an honest client waits with how
//! long it waits at Node's `ws` under an equal attack.

// The long tests print what they found.
#![allow(clippy::print_stderr)]

mod attack;
mod catalogue;

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use self::{
    attack::ServerAttack,
    catalogue::{ATTACKS, COMPARED},
};
use crate::rig::{BINARY, PATIENCE, ServerProcess, TestPeer, command, handshake, whole};

/// Memory that all peers together may have the server hold.
const MEMORY: u64 = 8 << 20;

/// The server of this crate. Large buffers go back to the system when they are freed, so that the
/// peak of its memory is what it held.
///
/// Left to itself, glibc keeps freed buffers, and the peak also depends on the order of freeing.
fn our_server(arguments: &[&str]) -> ServerProcess {
    let mut command = command(arguments);
    ServerProcess::spawn(command.arg("--listen=127.0.0.1:0").env("MALLOC_MMAP_THRESHOLD_", "131072"))
}

/// An echo server on Node's `ws`, if that is installed.
fn node_server() -> Option<ServerProcess> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../loadgen/tests/peers/node"));
    if !folder.join("node_modules/ws").exists() {
        return None;
    }
    // It finds `ws` where it is started, and ends with its stdin.
    let mut command = Command::new("node");
    command.args(["--input-type=module", "-e", include_str!("echo.mjs")]).current_dir(folder);
    let command = command.stdin(Stdio::piped()).stderr(Stdio::null());
    let address = |line: &str| Some((Ipv4Addr::LOCALHOST, line.trim_end().parse().ok()?).into());
    Some(ServerProcess::spawn_other(command, address))
}

/// Ends an attack when it is dropped, even if the honest client fails.
struct AttackStop<'a>(&'a AtomicBool);

impl Drop for AttackStop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The sorted round-trip times of an honest client, while `peers` peers attack the server.
///
/// # Errors
/// If the client waited for something longer than `patience`, or was refused.
fn round_trips_under_attack(
    server: &ServerProcess,
    attack: &ServerAttack,
    peers: usize,
    time: Duration,
    patience: Duration,
) -> io::Result<Vec<Duration>> {
    let (bytes, stop) = (attack.bytes(server.address), AtomicBool::new(false));
    thread::scope(|scope| {
        let running = scope.spawn(|| attack.run(server.address, &bytes, peers, &stop));
        let stop = AttackStop(&stop);
        // The attack begins with its first peer. How long all take to connect depends on the
        // machine.
        thread::sleep(time / 4);
        let times = honest_round_trips(server.address, time, patience);
        drop(stop);
        running.join().expect("no panic");
        times
    })
}

fn honest_round_trips(address: SocketAddr, time: Duration, patience: Duration) -> io::Result<Vec<Duration>> {
    let start = Instant::now();
    let mut tcp = loop {
        let mut tcp = TcpStream::connect_timeout(&address, patience)?;
        tcp.set_read_timeout(Some(patience))?;
        tcp.set_nodelay(true)?;
        tcp.write_all(&handshake(address))?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tcp.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        if head.starts_with(b"HTTP/1.1 101 ") {
            break tcp;
        }
        if start.elapsed() > patience {
            return Err(io::ErrorKind::TimedOut.into());
        }
    };
    let (message, mut echo, mut times) = (whole(BINARY, [7; 64]), [0; 66], Vec::new());
    let start = Instant::now();
    while times.len() < 3 || start.elapsed() < time {
        let sent = Instant::now();
        tcp.write_all(&message)?;
        tcp.read_exact(&mut echo)?;
        assert!(echo[0] == 0x80 | BINARY && echo[2..] == [7; 64], "its own message");
        times.push(sent.elapsed());
        // A light load, which comes and goes.
        thread::sleep(Duration::from_millis(1));
    }
    times.sort();
    Ok(times)
}

fn p99(times: &[Duration]) -> Duration {
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// Makes every attack, each on a server of its own.
fn attack_with_all(scale: usize, time: Duration) {
    for attack in ATTACKS {
        let server = our_server(&[&format!("--memory={MEMORY}"), "--threads=2", "--closing=200ms"]);
        let before = server.peak_memory();
        let times = round_trips_under_attack(&server, attack, attack.peers * scale, time, PATIENCE);
        let times = times.unwrap_or_else(|error| panic!("{}: {error}", attack.name));
        // After the attack it serves on, and ends when told to.
        TestPeer::open_when_there_is_room(server.address).echo("served");
        let (peak, limit) = (server.peak_memory() - before, attack.ceiling(MEMORY, attack.peers * scale));
        let (p99, mebibytes) = (p99(&times), |bytes: u64| bytes >> 20);
        eprintln!("{:28} {:4} MiB of {:4}, p99 {p99:?}", attack.name, mebibytes(peak), mebibytes(limit));
        assert!(peak <= limit, "{}: {peak} bytes more than at rest, {limit} allowed", attack.name);
        server.finish();
    }
}

#[test]
fn every_attack_stays_within_its_memory() {
    attack_with_all(1, Duration::from_millis(200));
}

#[test]
#[ignore = "minutes; the quick test has smaller attacks"]
fn every_large_attack_stays_within_its_memory() {
    attack_with_all(20, Duration::from_secs(5));
}

#[test]
#[ignore = "minutes, and wants a release build; Node's `ws` must be installed for loadgen's tests with peers"]
fn an_honest_client_waits_at_most_twice_as_long_as_at_node() {
    const ROUNDS: usize = 5;
    const PATIENCE: Duration = Duration::from_secs(3);
    let time = Duration::from_secs(1);
    let Some(node) = node_server() else { return eprintln!("Node's `ws` is not installed: nothing to compare with") };
    drop(node);
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let mut failed = Vec::new();
    eprintln!("{:28} {:>12} {:>12}", "attack", "ours p99", "ws p99");
    for attack in ATTACKS.iter().filter(|attack| COMPARED.contains(&attack.name)) {
        let peers = attack.peers * 5;
        // At a server that does not answer at all, the client waits at least for so long.
        let round = |server: ServerProcess| {
            round_trips_under_attack(&server, attack, peers, time, PATIENCE).map_or(PATIENCE, |times| p99(&times))
        };
        // They take turns, so that what else the machine does meets both.
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (0..ROUNDS).map(|_| (round(our_server(&[])), round(node_server().expect("installed")))).unzip();
        let (ours, theirs) = (median(ours), median(theirs));
        eprintln!("{:28} {ours:>12.2?} {theirs:>12.2?}", attack.name);
        if ours > 2 * theirs {
            failed.push(attack.name);
        }
    }
    assert_eq!(failed, [""; 0], "over twice as long");
}

#[test]
fn memory_of_large_messages_is_given_back() {
    let server = our_server(&["--threads=2"]);
    let before = server.memory();
    let message = whole(BINARY, vec![7; 4 << 20]);
    let peers: Vec<_> = (0..20)
        .map(|_| {
            let mut peer = TestPeer::open(server.address);
            let mut writer = TestPeer { tcp: peer.tcp.try_clone().expect("a handle") };
            thread::scope(|scope| {
                scope.spawn(|| writer.send(&message));
                assert_eq!(peer.frame().payload.len(), 4 << 20);
            });
            peer
        })
        .collect();
    // The allocator may keep some, but twenty connections must not.
    let kept = server.memory().saturating_sub(before);
    assert!(kept < 40 << 20, "{} MiB for 80 MiB of messages that are over", kept >> 20);
    drop(peers);
}
