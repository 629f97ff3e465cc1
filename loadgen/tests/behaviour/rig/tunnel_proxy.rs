//! Proxies that give tunnels, and a unix socket in front of a server.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

/// What a proxy speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TunnelProtocol {
    /// CONNECT, with `joe:sesame` if `authorized`.
    Http { authorized: bool },
    /// SOCKS 5, with `joe` and `sesame` if `authorized`.
    Socks5 { authorized: bool },
}

/// Gives tunnels for as long as the test process lives.
pub(crate) struct TunnelProxy {
    address: SocketAddr,
    asked_for: AskedFor,
}

/// What the clients asked for.
type AskedFor = Arc<Mutex<Vec<String>>>;

impl TunnelProxy {
    /// All tunnels lead to `server`, whatever is asked for.
    pub(crate) fn to(server: SocketAddr, protocol: TunnelProtocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, asked_for) = (listener.local_addr().expect("bound"), AskedFor::default());
        let asked = Arc::clone(&asked_for);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, asked) = (client.expect("a connection"), Arc::clone(&asked));
                thread::spawn(move || -> io::Result<()> {
                    let target = match protocol {
                        TunnelProtocol::Http { authorized } => connect(&mut client, authorized)?,
                        TunnelProtocol::Socks5 { authorized } => socks5(&mut client, authorized)?,
                    };
                    let Some((target, accepted)) = target else { return Ok(()) };
                    asked.lock().expect("no panic").push(target);
                    client.write_all(accepted)?;
                    let server = TcpStream::connect(server)?;
                    server.set_nodelay(true)?;
                    client.set_nodelay(true)?;
                    pass_both_ways(client, server)
                });
            }
        });
        Self { address, asked_for }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the clients asked for so far.
    pub(crate) fn asked_for(&self) -> Vec<String> {
        self.asked_for.lock().expect("no panic").clone()
    }
}

/// Where a client wants to go, and how to tell it that it may; none if it was refused.
type Wanted = Option<(String, &'static [u8])>;

fn connect(client: &mut TcpStream, authorized: bool) -> io::Result<Wanted> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // joe:sesame
    if authorized && !head.contains("\r\nProxy-Authorization: Basic am9lOnNlc2FtZQ==\r\n") {
        client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\n\
              Content-Length: 0\r\n\r\n",
        )?;
        return Ok(None);
    }
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(head.starts_with("CONNECT ").then_some((target, b"HTTP/1.1 200 Connection established\r\n\r\n")))
}

fn socks5(client: &mut TcpStream, authorized: bool) -> io::Result<Wanted> {
    let methods = counted(client, 1)?;
    let method = if authorized { 2 } else { 0 };
    if !methods.contains(&method) {
        client.write_all(&[5, 0xff])?;
        return Ok(None);
    }
    client.write_all(&[5, method])?;
    if authorized {
        let (user, password) = (counted(client, 1)?, counted(client, 0)?);
        let is_right = user == b"joe" && password == b"sesame";
        client.write_all(&[1, u8::from(!is_right)])?;
        if !is_right {
            return Ok(None);
        }
    }
    let mut begin = [0; 4];
    client.read_exact(&mut begin)?;
    let host = match begin[3] {
        1 => {
            let mut octets = [0; 4];
            client.read_exact(&mut octets)?;
            Ipv4Addr::from(octets).to_string()
        }
        4 => {
            let mut octets = [0; 16];
            client.read_exact(&mut octets)?;
            format!("[{}]", Ipv6Addr::from(octets))
        }
        _ => String::from_utf8_lossy(&counted(client, 0)?).into_owned(),
    };
    let mut port = [0; 2];
    client.read_exact(&mut port)?;
    Ok(Some((format!("{host}:{}", u16::from_be_bytes(port)), &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])))
}

/// Reads what has its length before it, after so many other bytes.
fn counted(client: &mut TcpStream, before: usize) -> io::Result<Vec<u8>> {
    let mut length = vec![0; before + 1];
    client.read_exact(&mut length)?;
    let mut bytes = vec![0; length[before].into()];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Passes the connections of a unix socket on to `server` for as long as the test process lives.
pub(crate) fn unix_socket_in_front_of(server: SocketAddr, path: &Path) {
    let listener = UnixListener::bind(path).expect("a free path");
    thread::spawn(move || {
        for client in listener.incoming() {
            // A stream socket is one, whatever its addresses are.
            let client = TcpStream::from(OwnedFd::from(client.expect("a connection")));
            thread::spawn(move || pass_both_ways(client, TcpStream::connect(server)?));
        }
    });
}

/// Passes bytes on until both directions have ended.
fn pass_both_ways(mut client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        to_client.shutdown(Shutdown::Write)
    });
    let _ = io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}
