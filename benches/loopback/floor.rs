//! The least that a client can do: raw sockets, frames that were masked beforehand, one read and
//! one write a turn, bytes counted and nothing checked. What a generator costs beyond this is what
//! its checking costs.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    ops::AddAssign,
    time::{Duration, Instant},
};

use rustix::event::epoll;

/// Payload bytes of a message.
pub(crate) const SIZE: usize = 64;
/// A client's frame: two bytes, the mask, the payload.
const SENT: usize = 2 + 4 + SIZE;
/// A server's frame has no mask.
const RECEIVED: usize = 2 + SIZE;

/// A client.
pub(crate) struct FloorConnection {
    stream: TcpStream,
    /// Bytes of a frame that has not come whole.
    partial: usize,
}

impl FloorConnection {
    /// An open WebSocket, whose socket does not block.
    pub(crate) fn open(server: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        write!(
            stream,
            "GET / HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        if !answer.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other("the server did not switch protocols"));
        }
        stream.set_nonblocking(true)?;
        Ok(Self { stream, partial: 0 })
    }

    /// Reads what is there and sends as many messages as came.
    fn turn(&mut self, buffer: &mut [u8], frames: &[u8]) -> io::Result<u64> {
        let bytes = self.stream.read(buffer)?;
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = bytes + self.partial;
        let messages = bytes / RECEIVED;
        self.partial = bytes % RECEIVED;
        let mut owed = &frames[..messages * SENT];
        while !owed.is_empty() {
            let written = self.stream.write(owed)?;
            owed = &owed[written..];
        }
        Ok(messages as u64)
    }

    /// Sends one message and waits for its echo.
    pub(crate) fn echo(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.write_all(&frames(1))?;
        self.stream.read_exact(&mut [0; RECEIVED])
    }
}

/// Messages and the time that they took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FloorCost {
    pub(crate) messages: u64,
    /// Seconds of processor time.
    pub(crate) cpu_s: f64,
    /// Seconds.
    pub(crate) took_s: f64,
}

impl AddAssign for FloorCost {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.cpu_s += other.cpu_s;
        self.took_s += other.took_s;
    }
}

impl FloorCost {
    pub(crate) fn per_cpu_second(self) -> f64 {
        self.messages as f64 / self.cpu_s
    }

    pub(crate) fn per_second(self) -> f64 {
        self.messages as f64 / self.took_s
    }
}

/// Keeps `window` messages in flight on each of `clients` connections for `duration`, after a tenth
/// of it to warm up. The processor time is that of `cpu`.
pub(crate) fn run(
    server: SocketAddr,
    clients: usize,
    window: usize,
    duration: Duration,
    cpu: impl Fn() -> Duration,
) -> io::Result<FloorCost> {
    let frames = frames(window);
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(clients);
    for number in 0..clients {
        let connection = FloorConnection::open(server)?;
        epoll::add(&poll, &connection.stream, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        connections.push(connection);
    }
    for connection in &mut connections {
        connection.stream.write_all(&frames)?;
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut events: Vec<epoll::Event> = Vec::with_capacity(1024);
    let (mut measured, mut messages) = (None, 0);
    let begin = Instant::now();
    loop {
        let now = Instant::now();
        if measured.is_none() && now >= begin + duration / 10 {
            measured = Some((now, cpu()));
            messages = 0;
        }
        if let Some((since, before)) = measured
            && now >= since + duration
        {
            let cpu_s = cpu().saturating_sub(before).as_secs_f64();
            return Ok(FloorCost { messages, cpu_s, took_s: (now - since).as_secs_f64() });
        }
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let index = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            messages += connections[index].turn(&mut buffer, &frames)?;
        }
    }
}

/// Alternating text and binary messages, as the generator sends them.
fn frames(window: usize) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frames = Vec::new();
    for number in 0..window {
        let opcode = if number % 2 == 0 { 1 } else { 2 };
        frames.extend([0x80 | opcode, 0x80 | u8::try_from(SIZE).expect("fits seven bits")]);
        frames.extend(MASK);
        frames.extend((0..SIZE).map(|at| b'a' ^ MASK[at % 4]));
    }
    frames
}
