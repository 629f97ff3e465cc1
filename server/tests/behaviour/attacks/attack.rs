//! How an attack is made: by many peers on one thread. Each sends some bytes first, and then others
//! again and again.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::rig::handshake;

/// What the peers of an attack do.
#[expect(clippy::struct_excessive_bools, reason = "any of them goes with any other")]
pub(super) struct ServerAttack {
    pub(super) name: &'static str,
    /// Whether they begin with a lawful handshake.
    pub(super) opens: bool,
    /// What they send once.
    pub(super) first: fn() -> Vec<u8>,
    /// What they send from then on. With nothing, they hold still.
    pub(super) then: fn() -> Vec<u8>,
    /// The most bytes of one write.
    pub(super) piece: usize,
    /// Whether they read what is sent to them.
    pub(super) reads: bool,
    /// Whether each goes away after it has sent `first`, and another comes.
    pub(super) churns: bool,
    /// How many there are.
    pub(super) peers: usize,
    /// Whether they make the server hold all the memory that it allows. Otherwise it holds next to
    /// none.
    pub(super) fills: bool,
}

/// Memory of a server that holds next to nothing: buffers of its threads, and what an allocator
/// keeps.
const LITTLE: u64 = 8 << 20;

/// Memory that each peer may add to that.
const EACH: u64 = 80 << 10;

impl ServerAttack {
    /// Bytes of memory that the server may take beyond those at rest. All peers together may have
    /// it hold `memory`.
    pub(super) fn ceiling(&self, memory: u64, peers: usize) -> u64 {
        // From an eighth over the limit on, no peer can add anything.
        let filled = if self.fills { memory + memory / 8 } else { 0 };
        LITTLE + filled + EACH * peers as u64
    }

    /// The bytes that its peers send to a server at `address`.
    pub(super) fn bytes(&self, address: SocketAddr) -> AttackBytes {
        let mut first = if self.opens { handshake(address) } else { Vec::new() };
        let request = first.len();
        first.extend((self.first)());
        AttackBytes { request, first, then: (self.then)() }
    }

    /// Attacks until told to `stop`.
    pub(super) fn run(&self, address: SocketAddr, bytes: &AttackBytes, peers: usize, stop: &AtomicBool) {
        let mut peers: Vec<Option<AttackingPeer>> = (0..peers).map(|_| None).collect();
        let mut space = vec![0; 64 << 10];
        while !stop.load(Ordering::Relaxed) {
            let mut busy = false;
            for peer in &mut peers {
                let connected = match peer {
                    Some(connected) => connected,
                    None => match AttackingPeer::connect(address) {
                        Some(connected) => peer.insert(connected),
                        None => continue,
                    },
                };
                match connected.act(self, bytes, &mut space) {
                    Act::Busy => busy = true,
                    Act::Idle => {}
                    Act::Gone => *peer = None,
                }
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
            if !busy {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// What a peer sends.
pub(super) struct AttackBytes {
    /// How many bytes of `first` are a lawful handshake.
    request: usize,
    first: Vec<u8>,
    then: Vec<u8>,
}

struct AttackingPeer {
    tcp: TcpStream,
    sent: usize,
    /// Whether the handshake was answered. Before that, a peer must not send frames.
    answered: bool,
}

enum Act {
    Busy,
    Idle,
    Gone,
}

impl AttackingPeer {
    fn connect(address: SocketAddr) -> Option<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).ok()?;
        // With small buffers in the kernel, the server has to hold more.
        socket.set_recv_buffer_size(16 << 10).ok()?;
        // A reset leaves no port in TIME_WAIT. They would run out.
        socket.set_linger(Some(Duration::ZERO)).ok()?;
        socket.connect_timeout(&address.into(), Duration::from_secs(5)).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self { tcp: socket.into(), sent: 0, answered: false })
    }

    /// Sends some, and takes some.
    fn act(&mut self, attack: &ServerAttack, bytes: &AttackBytes, space: &mut [u8]) -> Act {
        let request = bytes.request;
        let mut came = false;
        if attack.reads || (!self.answered && self.sent >= request) {
            let most = if self.answered { space.len() } else { 1024 };
            match self.tcp.read(&mut space[..most]) {
                Ok(0) => return Act::Gone,
                Ok(_) => (came, self.answered) = (true, true),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Act::Gone,
            }
        }
        let next = if self.sent < request {
            &bytes.first[self.sent..request]
        } else if attack.opens && !self.answered {
            &[]
        } else if self.sent < bytes.first.len() {
            &bytes.first[self.sent..]
        } else if attack.churns {
            return Act::Gone;
        } else if bytes.then.is_empty() {
            &[]
        } else {
            &bytes.then[(self.sent - bytes.first.len()) % bytes.then.len()..]
        };
        if next.is_empty() {
            return if came { Act::Busy } else { Act::Idle };
        }
        match self.tcp.write(&next[..next.len().min(attack.piece)]) {
            Ok(sent) => self.sent += sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return if came { Act::Busy } else { Act::Idle },
            Err(_) => return Act::Gone,
        }
        // A peer that sends byte by byte is in no hurry.
        if attack.piece == 1 && !came { Act::Idle } else { Act::Busy }
    }
}
