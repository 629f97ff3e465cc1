//! A server that attacks its clients: it sends the same bytes over and over, whatever they send.

use std::{
    io::{BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::frame::{CLOSE, Frame, close_frame};

/// What the server does.
#[derive(Clone, Debug)]
pub(crate) struct Flood {
    /// What it sends, over and over.
    pub(crate) bytes: Vec<u8>,
    /// It sends them only once.
    pub(crate) once: bool,
    /// It reads, and answers the Close of a client. Otherwise it does neither.
    pub(crate) reads: bool,
}

/// How often a waiting thread checks whether the attack is over.
const LOOK: Duration = Duration::from_millis(5);

/// Attacks every client. It ends when it is dropped.
pub(crate) struct FloodingServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl FloodingServer {
    pub(crate) fn start(flood: Flood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let flood = Arc::new(flood);
        thread::spawn(move || {
            for client in listener.incoming() {
                if ended.load(Ordering::Acquire) {
                    break;
                }
                let (flood, over) = (Arc::clone(&flood), Arc::clone(&ended));
                let stream = client.expect("a connection");
                thread::spawn(move || serve(&flood, &stream, &over));
            }
        });
        Self { address, over }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

impl Drop for FloodingServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Ends the wait for another connection.
        drop(TcpStream::connect(self.address));
    }
}

/// Attacks one client, until it goes away.
fn serve(flood: &Flood, stream: &TcpStream, over: &AtomicBool) -> Option<()> {
    shake_hands(stream)?;
    stream.set_write_timeout(Some(LOOK)).ok()?;
    let closing = AtomicBool::new(false);
    thread::scope(|scope| {
        if flood.reads {
            scope.spawn(|| {
                let mut reader = BufReader::new(stream);
                while Frame::read(&mut reader).is_some_and(|frame| frame.opcode != CLOSE) {}
                closing.store(true, Ordering::Release);
            });
        }
        let is_over = || closing.load(Ordering::Acquire) || over.load(Ordering::Acquire);
        let attacked = send(flood, stream, &is_over);
        if attacked.is_some() && flood.reads {
            let _ = (&*stream).write_all(&close_frame(1000, ""));
        }
        let _ = stream.shutdown(Shutdown::Both);
        attacked
    })
}

fn send(flood: &Flood, mut stream: &TcpStream, is_over: &impl Fn() -> bool) -> Option<()> {
    loop {
        let mut sent = 0;
        while sent < flood.bytes.len() {
            match stream.write(&flood.bytes[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return None,
            }
            // A Close could only follow between frames, and a client that closes needs none.
            if is_over() && sent < flood.bytes.len() {
                return None;
            }
        }
        while flood.once && !is_over() {
            thread::sleep(LOOK);
        }
        if is_over() {
            return Some(());
        }
    }
}

fn shake_hands(mut stream: &TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let (_, key) = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).ok()
}
