//! The least that a client can do: raw sockets, frames that were masked beforehand, one read and one write a turn,
//! bytes counted and nothing checked. What a generator costs beyond this is what its checking costs.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::epoll;

use crate::thread_cpu;

/// Payload bytes of a message.
pub(crate) const SIZE: usize = 64;
/// A client's frame: two bytes, the mask, the payload.
const SENT: usize = 2 + 4 + SIZE;
/// A server's frame has no mask.
const RECEIVED: usize = 2 + SIZE;

struct Connection {
    stream: TcpStream,
    /// Bytes of a frame that has not come whole.
    partial: usize,
}

/// Messages and seconds of processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) messages: u64,
    pub(crate) cpu_s: f64,
}

impl Cost {
    pub(crate) fn per_cpu_second(self) -> f64 {
        self.messages as f64 / self.cpu_s
    }
}

/// Keeps `window` messages in flight on each of `clients` connections for `duration`, after a tenth of it to warm up.
pub(crate) fn run(server: SocketAddr, clients: usize, window: usize, duration: Duration) -> io::Result<Cost> {
    let frames = frames(window);
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(clients);
    for number in 0..clients {
        let stream = connect(server)?;
        epoll::add(&poll, &stream, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        connections.push(Connection { stream, partial: 0 });
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
            measured = Some((now, thread_cpu()));
            messages = 0;
        }
        if let Some((since, cpu)) = measured
            && now >= since + duration
        {
            return Ok(Cost { messages, cpu_s: thread_cpu().saturating_sub(cpu).as_secs_f64() });
        }
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let index = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            messages += turn(&mut connections[index], &mut buffer, &frames)?;
        }
    }
}

/// Reads what is there and sends as many messages as came.
fn turn(connection: &mut Connection, buffer: &mut [u8], frames: &[u8]) -> io::Result<u64> {
    let bytes = connection.stream.read(buffer)?;
    if bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let bytes = bytes + connection.partial;
    let messages = bytes / RECEIVED;
    connection.partial = bytes % RECEIVED;
    let mut owed = &frames[..messages * SENT];
    while !owed.is_empty() {
        let written = connection.stream.write(owed)?;
        owed = &owed[written..];
    }
    Ok(messages as u64)
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

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
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
    Ok(stream)
}
