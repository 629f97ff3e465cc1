//! The non-blocking byte stream of a connection: a socket, or TLS on another stream.
//!
//! The socket is whatever the engine watches: a descriptor that its event queue knows, or a socket
//! of mio. Any stream socket will do, so a unix socket needs no case here; it is opened in
//! [`super::opening`]. A proxy that is asked for a tunnel is a stage of the opening and leaves the
//! same stream. TLS to the proxy lies under the TLS that goes through its tunnel.

use std::{
    io::{self, ErrorKind, Read, Write},
    num::NonZeroU32,
    os::fd::AsFd,
    sync::Arc,
    time::Duration,
};

use rustix::net::{RecvFlags, SendFlags, recv, send, sockopt::set_socket_linger};
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};

use super::shaped_stream::ShapedStream;
use crate::plan::WireShape;

/// A stream whose calls return instead of blocking. The state of TLS takes kilobytes; it is boxed
/// to spare the other connections.
#[derive(Debug)]
pub(crate) enum Stream<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
    /// One of the others, and how it is written to.
    Shaped(Box<ShapedStream<S>>),
}

/// TLS on a stream: on a socket, or on the TLS of a proxy.
#[derive(Debug)]
pub(crate) struct TlsStream<S> {
    under: Stream<S>,
    session: ClientConnection,
}

impl<S: AsFd> Stream<S> {
    /// The socket underneath.
    pub(crate) fn socket(&self) -> &S {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.socket(),
            Self::Shaped(shaped) => shaped.stream().socket(),
        }
    }

    /// Whether the kernel reports everything that a short read left behind. It can't see bytes that
    /// TLS holds.
    pub(crate) fn tells_what_is_left(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(_) => false,
            Self::Shaped(shaped) => shaped.stream().tells_what_is_left(),
        }
    }

    /// This stream, with frames written in this shape.
    pub(crate) fn shaped(self, shape: WireShape) -> Self {
        if shape == WireShape::default() { self } else { Self::Shaped(Box::new(ShapedStream::new(self, shape))) }
    }

    /// Most payload bytes of a frame, if messages are to be sent in fragments.
    #[inline]
    pub(crate) fn fragment(&self) -> Option<NonZeroU32> {
        match self {
            Self::Plain(_) | Self::Tls(_) => None,
            Self::Shaped(shaped) => shaped.fragment(),
        }
    }

    /// Reads up to a buffer full. Returns 0 at the end of the stream.
    #[inline]
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => Socket(socket).read(buffer),
            Self::Tls(tls) => tls.read(buffer),
            Self::Shaped(shaped) => shaped.read(buffer),
        }
    }

    /// Writes `bytes`, or as many as fit: the kernel then reports when there is room again. What
    /// TLS has taken may not have reached TCP: see [`Self::holds`].
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => Socket(socket).write(bytes),
            Self::Tls(tls) => tls.write(bytes),
            Self::Shaped(shaped) => shaped.write(bytes),
        }
    }

    /// How many writes the last [`Self::write`] made that took bytes.
    #[inline]
    pub(crate) fn writes(&self) -> u64 {
        match self {
            Self::Plain(_) | Self::Tls(_) => 1,
            Self::Shaped(shaped) => shaped.writes(),
        }
    }

    /// Whether TLS holds bytes that TCP has not taken.
    pub(crate) fn holds(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.holds(),
            Self::Shaped(shaped) => shaped.stream().holds(),
        }
    }

    /// Hands the bytes that TLS holds to TCP, as far as it takes them.
    pub(crate) fn push(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.push(),
            Self::Shaped(shaped) => shaped.push(),
        }
    }

    /// Closes the stream with a TCP reset. What was not sent is thrown away.
    pub(crate) fn reset(self) {
        // A socket that can't be set is closed in the ordinary way.
        let _ = set_socket_linger(self.socket(), Some(Duration::ZERO));
    }
}

impl<S: AsFd> TlsStream<S> {
    /// TLS on a connected stream, before its handshake.
    ///
    /// # Errors
    /// The settings don't fit the name.
    pub(super) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        under: Stream<S>,
    ) -> Result<Self, rustls::Error> {
        Ok(Self { under, session: ClientConnection::new(config, name)? })
    }

    /// The socket underneath.
    pub(crate) fn socket(&self) -> &S {
        self.under.socket()
    }

    /// Whether it, or what is under it, holds bytes that TCP has not taken.
    fn holds(&self) -> bool {
        self.session.wants_write() || self.under.holds()
    }

    /// Does what can be done of the handshake now. True once it is complete: what TLS still holds
    /// then goes out with the first write.
    ///
    /// # Errors
    /// The handshake failed, or the peer ended the stream ([`ErrorKind::UnexpectedEof`]).
    pub(crate) fn handshake(&mut self) -> io::Result<bool> {
        while self.session.is_handshaking() {
            self.push()?;
            match self.receive() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                // Nothing is decrypted yet. The next read of TCP meets the end of the stream.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            self.receive()?;
        }
    }

    /// Reads what is under it once and decrypts that. Returns the number of bytes that came.
    fn receive(&mut self) -> io::Result<usize> {
        let bytes = self.session.read_tls(&mut Under(&mut self.under))?;
        if let Err(error) = self.session.process_new_packets() {
            // Alerts the peer, if it still listens.
            let _ = self.push();
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        loop {
            // TLS holds a bounded number of bytes, so it must pass some on first.
            self.push()?;
            let more = self.session.writer().write(&bytes[taken..])?;
            taken += more;
            if more == 0 || taken == bytes.len() {
                break;
            }
        }
        self.push()?;
        if taken == 0 && !bytes.is_empty() { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Under(&mut self.under)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.under.push()
    }
}

/// What TLS lies on, as rustls reads and writes it.
struct Under<'a, S>(&'a mut Stream<S>);

impl<S: AsFd> Read for Under<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: AsFd> Write for Under<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads and writes a socket by direct system calls. libc's make the thread cancellable, which
/// takes as long as checking half a message.
struct Socket<'a, S>(&'a S);

impl<S: AsFd> Read for Socket<'_, S> {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(self.0, buffer, RecvFlags::empty())?.0)
    }
}

impl<S: AsFd> Write for Socket<'_, S> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(self.0, bytes, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream},
        os::fd::OwnedFd,
        thread,
    };

    use rustix::event::{PollFd, PollFlags, poll};
    use socket2::SockRef;

    use super::*;
    use crate::transport::tls::test_server::{self, trusting_client};

    /// A non-blocking socket with small buffers, and its peer.
    fn sockets() -> (OwnedFd, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        SockRef::from(&client).set_send_buffer_size(64 << 10).unwrap();
        SockRef::from(&server).set_recv_buffer_size(64 << 10).unwrap();
        client.set_nonblocking(true).unwrap();
        (client.into(), server)
    }

    fn wait(stream: &Stream<OwnedFd>, flags: PollFlags) {
        assert_eq!(poll(&mut [PollFd::new(stream.socket(), flags)], None), Ok(1));
    }

    /// The server's side of a connection in as many layers of TLS as are wanted.
    trait Bytes: Read + Write + Send {}
    impl<S: Read + Write + Send> Bytes for S {}

    /// A client's TLS on `under`, once its handshake is complete.
    fn secured(under: Stream<OwnedFd>) -> Stream<OwnedFd> {
        let mut tls = trusting_client().stream(0, under).unwrap();
        while !tls.handshake().unwrap() {
            poll(&mut [PollFd::new(tls.socket(), PollFlags::IN)], None).unwrap();
        }
        Stream::Tls(Box::new(tls))
    }

    #[test]
    fn what_tcp_does_not_take_is_held_and_pushed_later() {
        what_is_held_is_pushed_later(1);
    }

    #[test]
    fn tls_within_tls_holds_and_pushes_as_well() {
        what_is_held_is_pushed_later(2);
    }

    fn what_is_held_is_pushed_later(layers: usize) {
        const LONG: usize = 1 << 20;
        let (client, server) = sockets();
        let (read_on, held) = std::sync::mpsc::channel();
        let server = thread::spawn(move || {
            let under: Box<dyn Bytes> = Box::new(server);
            let mut tls = (0..layers).fold(under, |under, _| Box::new(test_server::accept(under)));
            let mut got = vec![0; LONG];
            tls.read_exact(&mut got[..1]).unwrap();
            held.recv().unwrap();
            tls.read_exact(&mut got[1..]).unwrap();
            tls.write_all(b"whole").unwrap();
            got
        });
        let mut stream = (0..layers).fold(Stream::Plain(client), |under, _| secured(under));
        let sent: Vec<u8> = (0..LONG).map(|at| at.to_le_bytes()[0]).collect();
        let mut taken = stream.write(&sent).unwrap();
        // So the kernel reports when there is room.
        let full = stream.write(&sent[taken..]).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::WouldBlock, "a short write has met a full socket");
        assert!(taken < LONG && stream.holds(), "{taken} bytes were taken");
        read_on.send(()).unwrap();
        while taken < LONG || stream.holds() {
            wait(&stream, PollFlags::OUT);
            match stream.write(&sent[taken..]) {
                Ok(bytes) => taken += bytes,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        let mut answer = Vec::new();
        while answer.len() < 5 {
            let mut buffer = [0; 8];
            match stream.read(&mut buffer) {
                Ok(bytes) => answer.extend_from_slice(&buffer[..bytes]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    wait(&stream, PollFlags::IN);
                }
            }
        }
        assert_eq!(answer, b"whole");
        assert!(server.join().unwrap() == sent, "the bytes are others");
    }

    #[test]
    fn a_reset_throws_away_what_was_not_sent() {
        let (client, mut server) = sockets();
        let mut stream = Stream::Plain(client);
        while stream.write(&[7; 4096]).is_ok() {}
        stream.reset();
        let mut got = Vec::new();
        assert_eq!(server.read_to_end(&mut got).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
