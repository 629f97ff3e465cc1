//! A peer that speaks WebSocket byte by byte, so that it can also speak it wrongly.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use super::PATIENCE;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

/// A frame as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReceivedFrame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl ReceivedFrame {
    pub(crate) fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self { opcode, payload: payload.as_ref().to_vec() }
    }

    /// The code of a Close frame.
    pub(crate) fn close_code(&self) -> u16 {
        assert_eq!(self.opcode, CLOSE, "{self:?} is not a Close");
        u16::from_be_bytes([self.payload[0], self.payload[1]])
    }
}

/// A masked frame as a client sends it. `first` has its flags and its opcode.
pub(crate) fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x1d, 0xa7, 0x42, 0x99];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 + u8::try_from(length).expect("short")),
        length @ 126..65_536 => {
            bytes.push(0x80 + 126);
            bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
        }
        length => {
            bytes.push(0x80 + 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A whole message in one frame.
pub(crate) fn whole(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    raw_frame(0x80 | opcode, payload.as_ref())
}

/// A frame that is not the last of its message.
pub(crate) fn part(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    raw_frame(opcode, payload.as_ref())
}

/// The payload of a Close frame.
pub(crate) fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// A client of the server, over TCP or something on it.
pub(crate) struct TestPeer<S = TcpStream> {
    pub(crate) tcp: S,
}

/// A TCP connection to a server.
pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("an option");
    tcp.set_write_timeout(Some(PATIENCE)).expect("an option");
    tcp.set_nodelay(true).expect("an option");
    tcp
}

impl TestPeer {
    /// A TCP connection on which nothing was sent yet.
    pub(crate) fn tcp(address: SocketAddr) -> Self {
        Self { tcp: connect(address) }
    }

    /// An open WebSocket.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::open_at(address, "/")
    }

    /// An open WebSocket at `target`.
    pub(crate) fn open_at(address: SocketAddr, target: &str) -> Self {
        let mut peer = Self::tcp(address);
        peer.send(&handshake_at(address, target));
        let answer = peer.http_head();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        peer
    }

    /// An open WebSocket at a server that is full but will not stay so.
    pub(crate) fn open_when_there_is_room(address: SocketAddr) -> Self {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mut peer = Self::tcp(address);
            peer.send(&handshake(address));
            if peer.http_head().starts_with("HTTP/1.1 101 ") {
                return peer;
            }
        }
        panic!("the server stays full");
    }
}

impl<S: Read + Write> TestPeer<S> {
    /// Writes `bytes` at once.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.tcp.write_all(bytes).expect("the server reads");
    }

    /// The head of an HTTP answer. Not a byte more is read.
    pub(crate) fn http_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.bytes::<1>()[0]);
        }
        String::from_utf8(head).expect("ASCII")
    }

    /// The next frame.
    pub(crate) fn frame(&mut self) -> ReceivedFrame {
        let [first, short] = self.bytes();
        assert_eq!(first & 0xf0, 0x80, "a final frame without reserved bits");
        let length = match short {
            126 => u64::from(u16::from_be_bytes(self.bytes())),
            127 => u64::from_be_bytes(self.bytes()),
            // The mask bit would be in here. A server must not mask (section 5.1).
            short => {
                assert!(short < 126, "an unmasked frame");
                u64::from(short)
            }
        };
        let mut payload = vec![0; usize::try_from(length).expect("it fits")];
        self.tcp.read_exact(&mut payload).expect("a payload");
        ReceivedFrame { opcode: first & 0x0f, payload }
    }

    /// The rest of what the server sends, as text. Fails unless the server ends the connection
    /// without a reset.
    pub(crate) fn rest(&mut self) -> String {
        let mut text = String::new();
        self.tcp.read_to_string(&mut text).expect("text, and an end without a reset");
        text
    }

    /// Fails unless the server ends the connection here, without a reset.
    pub(crate) fn end(&mut self) {
        assert_eq!(self.rest(), "", "nothing before the end");
    }

    /// Sends a text message and takes its echo.
    pub(crate) fn echo(&mut self, text: &str) {
        self.send(&whole(TEXT, text));
        assert_eq!(self.frame(), ReceivedFrame::new(TEXT, text));
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.tcp.read_exact(&mut bytes).expect("more from the server");
        bytes
    }
}

/// A lawful request for a WebSocket.
pub(crate) fn handshake(address: SocketAddr) -> Vec<u8> {
    handshake_at(address, "/")
}

fn handshake_at(address: SocketAddr, target: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}
