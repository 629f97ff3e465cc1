//! The non-blocking byte stream of a connection: a socket, or TLS on another stream.
//!
//! The socket is whatever the engine watches: a descriptor that its event queue knows, or a socket
//! of mio. Any stream socket will do, so a unix socket needs no case here; it is opened in
//! [`super::opening`]. A proxy that is asked for a tunnel is a stage of the opening and leaves the
//! same stream. TLS to the proxy lies under the TLS that goes through its tunnel.

mod tls;

use std::{
    io::{self, IoSlice, Read, Write},
    num::NonZeroU32,
    os::fd::AsFd,
    time::Duration,
};

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg, sockopt::set_socket_linger};

pub(super) use self::tls::TlsStream;
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

impl<S: AsFd> Stream<S> {
    /// The socket underneath.
    pub(crate) fn socket(&self) -> &S {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.socket(),
            Self::Shaped(shaped) => shaped.stream().socket(),
        }
    }

    /// Whether the kernel reports everything that the last read left behind, if that was short. It
    /// can't see bytes that TLS holds.
    pub(crate) fn tells_what_is_left(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(tls) => tls.is_drained(),
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

    /// Writes the first of these pieces, or as many as fit.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => Socket(socket).write_vectored(pieces),
            other => other.write(pieces.iter().find(|piece| !piece.is_empty()).map_or(&[], |piece| &**piece)),
        }
    }

    /// Says farewell before the stream is dropped, as TLS demands (RFC 8446, section 6.1), if there
    /// is room for it.
    #[inline]
    pub(crate) fn say_farewell(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Tls(tls) => tls.say_farewell(),
            Self::Shaped(shaped) => shaped.stream_mut().say_farewell(),
        }
    }

    /// Makes the stream close with a TCP reset, and without farewell, when it is dropped. What was
    /// not sent is thrown away then.
    pub(crate) fn reset(&mut self) {
        // A socket that can't be set is closed in the ordinary way.
        let _ = set_socket_linger(self.socket(), Some(Duration::ZERO));
        match self {
            Self::Plain(_) => {}
            Self::Tls(tls) => tls.cut(),
            Self::Shaped(shaped) => shaped.stream_mut().reset(),
        }
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

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(sendmsg(self.0, pieces, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
