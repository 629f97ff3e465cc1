//! The server under attack: what it may take of memory, and how an honest client fares meanwhile.
//!
//! The quick test makes every attack small, and asks whether the server stays within its memory and serves on. The long ones
//! make them large, and compare how long an honest client waits with how long it waits at Node's `ws` under the same attack.

// Whoever runs the long tests wants to read what they found.
#![allow(clippy::print_stderr)]

mod attack;
mod attacks;
#[path = "../behaviour/peer.rs"]
#[allow(dead_code)]
mod peer;
mod target;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    attack::Attack,
    attacks::{ATTACKS, COMPARED},
    peer::{BINARY, PATIENCE, Peer, handshake, whole},
    target::Target,
};

/// Memory that the server lets all peers have it hold.
const MEMORY: u64 = 8 << 20;

/// Ends an attack, also when the honest client fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Attacks with `peers` peers for so long beside an honest client, whose round-trip times come back, sorted; an error if it had
/// to wait for something longer than `patience`, or was sent away.
fn beside(
    target: &Target,
    attack: &Attack,
    peers: usize,
    time: Duration,
    patience: Duration,
) -> io::Result<Vec<Duration>> {
    let (bytes, stop) = (attack.bytes(target.address), AtomicBool::new(false));
    thread::scope(|scope| {
        let running = scope.spawn(|| attack.run(target.address, &bytes, peers, &stop));
        let stop = Stop(&stop);
        // From the first on, the attack is there; how long it takes to connect is up to the machine.
        thread::sleep(time / 4);
        let times = honest(target.address, time, patience);
        drop(stop);
        running.join().expect("no panic");
        times
    })
}

fn honest(address: SocketAddr, time: Duration, patience: Duration) -> io::Result<Vec<Duration>> {
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
        // Not the only load that there is, but one that comes and goes.
        thread::sleep(Duration::from_millis(1));
    }
    times.sort();
    Ok(times)
}

fn p99(times: &[Duration]) -> Duration {
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// Every attack, each at a server of its own.
fn all(scale: usize, time: Duration) {
    for attack in ATTACKS {
        let target = Target::ours(&[&format!("--memory={MEMORY}"), "--threads=2", "--closing=200ms"]);
        let before = target.peak_memory();
        let times = beside(&target, attack, attack.peers * scale, time, PATIENCE);
        let times = times.unwrap_or_else(|error| panic!("{}: {error}", attack.name));
        // It serves on when the attack is over, and ends when told to.
        Peer::open_when_there_is_room(target.address).echo("served");
        let (peak, limit) = (target.peak_memory() - before, attack.ceiling(MEMORY, attack.peers * scale));
        let (p99, mebibytes) = (p99(&times), |bytes: u64| bytes >> 20);
        eprintln!("{:28} {:4} MiB of {:4}, p99 {p99:?}", attack.name, mebibytes(peak), mebibytes(limit));
        assert!(peak <= limit, "{}: {peak} bytes more than at rest, {limit} allowed", attack.name);
        target.end();
    }
}

#[test]
fn every_attack_stays_within_its_memory_and_others_are_served() {
    all(1, Duration::from_millis(200));
}

#[test]
#[ignore = "minutes; the quick test is the same, smaller"]
fn every_large_attack_stays_within_its_memory() {
    all(20, Duration::from_secs(5));
}

#[test]
#[ignore = "minutes, and wants a release build; Node's `ws` must be installed for loadgen's tests with peers"]
fn an_honest_client_waits_no_longer_than_twice_as_long_as_at_node() {
    const ROUNDS: usize = 5;
    const PATIENCE: Duration = Duration::from_secs(3);
    let time = Duration::from_secs(1);
    let Some(node) = Target::node() else { return eprintln!("Node's `ws` is not installed: nothing to compare with") };
    drop(node);
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let mut failed = Vec::new();
    eprintln!("{:28} {:>12} {:>12}", "attack", "ours p99", "ws p99");
    for attack in ATTACKS.iter().filter(|attack| COMPARED.contains(&attack.name)) {
        let peers = attack.peers * 5;
        // Who does not answer at all has this client wait for so long at least.
        let round =
            |target: Target| beside(&target, attack, peers, time, PATIENCE).map_or(PATIENCE, |times| p99(&times));
        // In turns, so that what the machine does meets both.
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (0..ROUNDS).map(|_| (round(Target::ours(&[])), round(Target::node().expect("installed")))).unzip();
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
    let target = Target::ours(&["--threads=2"]);
    let before = target.memory();
    let message = whole(BINARY, vec![7; 4 << 20]);
    let peers: Vec<_> = (0..20)
        .map(|_| {
            let mut peer = Peer::open(target.address);
            let mut writer = Peer { tcp: peer.tcp.try_clone().expect("a handle") };
            thread::scope(|scope| {
                scope.spawn(|| writer.send(&message));
                assert_eq!(peer.frame().payload.len(), 4 << 20);
            });
            peer
        })
        .collect();
    // What an allocator keeps for the next is not held by twenty connections.
    let kept = target.memory().saturating_sub(before);
    assert!(kept < 40 << 20, "{} MiB for 80 MiB of messages that are over", kept >> 20);
    drop(peers);
}
