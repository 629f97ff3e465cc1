//! How an attack is made: many peers on one thread, each with bytes that it sends first and bytes that it sends again and again.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::peer::handshake;

/// What the peers of an attack do.
#[expect(clippy::struct_excessive_bools, reason = "any of them goes with any other")]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Whether they begin with a good handshake.
    pub(crate) opens: bool,
    /// What they send once.
    pub(crate) first: fn() -> Vec<u8>,
    /// What they send from then on; with nothing, they hold still.
    pub(crate) then: fn() -> Vec<u8>,
    /// Most bytes of one write.
    pub(crate) piece: usize,
    /// Whether they take what is sent to them.
    pub(crate) reads: bool,
    /// Whether each goes away once it has sent all of it once, and another comes.
    pub(crate) churns: bool,
    /// How many there are.
    pub(crate) peers: usize,
    /// Whether what they have the server hold is as much as the server lets all together have it hold; else, next to nothing.
    pub(crate) fills: bool,
}

/// What a server may take that holds next to nothing: buffers of its threads, what an allocator keeps; and for each peer.
const LITTLE: u64 = 8 << 20;
const EACH: u64 = 80 << 10;

impl Attack {
    /// Bytes of memory that the server may take beyond those at rest, where all peers together may have it hold `memory`.
    pub(crate) fn ceiling(&self, memory: u64, peers: usize) -> u64 {
        // An eighth over it, nobody adds anything.
        let filled = if self.fills { memory + memory / 8 } else { 0 };
        LITTLE + filled + EACH * peers as u64
    }

    /// What its peers send to a server at `address`.
    pub(crate) fn bytes(&self, address: SocketAddr) -> Bytes {
        let mut first = if self.opens { handshake(address) } else { Vec::new() };
        let request = first.len();
        first.extend((self.first)());
        Bytes { request, first, then: (self.then)() }
    }

    /// Attacks until told to `stop`.
    pub(crate) fn run(&self, address: SocketAddr, bytes: &Bytes, peers: usize, stop: &AtomicBool) {
        let mut peers: Vec<Option<Attacker>> = (0..peers).map(|_| None).collect();
        let mut space = vec![0; 64 << 10];
        while !stop.load(Ordering::Relaxed) {
            let mut busy = false;
            for peer in &mut peers {
                let connected = match peer {
                    Some(connected) => connected,
                    None => match Attacker::connect(address) {
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
pub(crate) struct Bytes {
    /// Bytes of a good handshake in `first`, at its beginning.
    request: usize,
    first: Vec<u8>,
    then: Vec<u8>,
}

struct Attacker {
    tcp: TcpStream,
    sent: usize,
    /// A peer must not send frames before it has the answer to its handshake.
    answered: bool,
}

enum Act {
    Busy,
    Idle,
    Gone,
}

impl Attacker {
    fn connect(address: SocketAddr) -> Option<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).ok()?;
        // Small buffers in the kernel leave more for the server to hold.
        socket.set_recv_buffer_size(16 << 10).ok()?;
        // Ports would run out in TIME_WAIT.
        socket.set_linger(Some(Duration::ZERO)).ok()?;
        socket.connect_timeout(&address.into(), Duration::from_secs(5)).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self { tcp: socket.into(), sent: 0, answered: false })
    }

    /// Sends some, and takes some.
    fn act(&mut self, attack: &Attack, bytes: &Bytes, space: &mut [u8]) -> Act {
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
        // One that sends byte by byte is in no hurry.
        if attack.piece == 1 && !came { Act::Idle } else { Act::Busy }
    }
}
