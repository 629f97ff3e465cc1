//! Servers on which no connection opens: what they do instead of a good opening handshake.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use socket2::{Domain, SockRef, Socket, Type};

use super::PATIENCE;

/// What happens to a client that asks for a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BadHandshake {
    /// Nothing listens.
    NotListening,
    /// TCP connects, and the server sends nothing.
    Silent,
    /// The server reads the request, sends these bytes, and ends its side.
    Sends(&'static [u8]),
    /// The server reads the request, sends these bytes, and resets TCP.
    Resets(&'static [u8]),
    /// A refusal that repeats the request.
    RepeatsTheRequest,
    /// The beginning of a good answer, then header fields without end.
    EndlessFields,
    /// A good answer, a byte at a time, that takes longer than anybody waits.
    Slow,
}

pub(crate) struct BadHandshakeServer {
    pub(crate) url: String,
    came: Receiver<()>,
    /// A port that nobody else gets, where nothing listens.
    _reserved: Option<Socket>,
}

impl BadHandshakeServer {
    /// Starts the server. Its threads end with their connections, or with the test.
    pub(crate) fn start(handshake: BadHandshake) -> Self {
        let (told, came) = channel();
        if matches!(handshake, BadHandshake::NotListening) {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
            let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("bound");
            return Self { url: format!("ws://{address}"), came, _reserved: Some(socket) };
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}", listener.local_addr().expect("bound"));
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a connection");
                // Whether a test wants to know or not.
                let _ = told.send(());
                thread::spawn(move || handshake.serve(client));
            }
        });
        Self { url, came, _reserved: None }
    }

    /// Waits until a client connects.
    pub(crate) fn wait_for_a_client(&self) {
        self.came.recv_timeout(PATIENCE).expect("a client");
    }
}

impl BadHandshake {
    fn serve(self, mut client: TcpStream) {
        const GOOD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n";
        client.set_read_timeout(Some(PATIENCE)).expect("an option");
        let head = request(&mut client);
        match self {
            Self::NotListening | Self::Silent => {}
            Self::Sends(answer) => {
                let _ = client.write_all(answer);
                let _ = client.shutdown(Shutdown::Write);
            }
            Self::Resets(answer) => {
                let _ = client.write_all(answer);
                SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("an option");
                return;
            }
            Self::RepeatsTheRequest => {
                let to = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
                let answer = [b"HTTP/1.1 401 Unauthorized\r\nLocation: ws://other", to, b"\r\n\r\n", &head].concat();
                let _ = client.write_all(&answer);
                let _ = client.shutdown(Shutdown::Write);
            }
            Self::EndlessFields => {
                let _ = client.write_all(GOOD);
                while client.write_all(&b"X-Field: and so on\r\n".repeat(100)).is_ok() {}
            }
            Self::Slow => {
                // Paces the server, not the test: the client gives up long before the end.
                for byte in GOOD.iter().cycle() {
                    thread::sleep(Duration::from_millis(10));
                    if client.write_all(&[*byte]).is_err() {
                        break;
                    }
                }
            }
        }
        // Until the client goes.
        let _ = client.read_to_end(&mut Vec::new());
    }
}

/// Reads a request to its empty line.
fn request(client: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
        head.extend(byte);
    }
    head
}
