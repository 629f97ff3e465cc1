//! The non-blocking byte stream of a connection: TCP, or TLS on TCP.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
};

use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio_rustls::rustls::ClientConnection;

use crate::transport::Transport;

/// A stream whose calls return instead of blocking.
#[derive(Debug)]
pub(super) enum NonBlockingStream {
    Plain(TcpStream),
    Tls(Box<TlsSession>),
}

#[derive(Debug)]
pub(super) struct TlsSession {
    tcp: TcpStream,
    session: ClientConnection,
}

impl TryFrom<Transport> for NonBlockingStream {
    type Error = io::Error;

    /// Takes a connection out of tokio's hands.
    fn try_from(transport: Transport) -> io::Result<Self> {
        Ok(match transport {
            Transport::Plain(stream) => Self::Plain(stream.into_std()?),
            Transport::Tls(stream) => {
                let (tcp, session) = stream.into_inner();
                Self::Tls(Box::new(TlsSession { tcp: tcp.into_std()?, session }))
            }
        })
    }
}

impl NonBlockingStream {
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.tcp,
        }
    }

    /// Whether the kernel reports everything that a short read left behind. It can't see bytes that
    /// TLS holds.
    pub(super) fn tells_what_is_left(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Reads up to a buffer full. Returns 0 at the end of the stream.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            // A direct system call. libc's makes the thread cancellable, which takes as long as
            // checking half a message.
            Self::Plain(tcp) => Ok(recv(tcp, buffer, RecvFlags::empty())?.0),
            Self::Tls(tls) => tls.read(buffer),
        }
    }

    /// Writes some of `bytes`.
    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => Ok(send(tcp, bytes, SendFlags::NOSIGNAL)?),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    /// Whether TLS holds bytes that TCP has not taken.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.session.wants_write(),
        }
    }

    /// Hands the bytes that TLS holds to TCP, as far as it takes them.
    pub(super) fn push(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.push(),
        }
    }
}

impl TlsSession {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                // Nothing is decrypted yet. The next read of TCP meets the end of the stream.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            self.session.read_tls(&mut self.tcp)?;
            if let Err(error) = self.session.process_new_packets() {
                // Alerts the peer, if it still listens.
                let _ = self.push();
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // TLS holds a bounded number of bytes, so it must pass some on first.
        self.push()?;
        let taken = self.session.writer().write(bytes)?;
        self.push()?;
        if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.tcp) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
