//! The bytes of a connection: over TCP as they are, or over TLS.

use std::{
    io::{self, IoSlice, Read},
    pin::Pin,
    task::{Context, Poll, ready},
};

use rustls::{HandshakeKind, ProtocolVersion};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// The most bytes that TLS keeps for TCP: 64 KiB of records (rustls limits them), and their
/// headers and tags.
const MOST_UNSENT: usize = 65 * 1024;

/// A TCP connection, with or without TLS.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsTransport>),
}

/// A TLS session over TCP.
#[derive(Debug)]
pub(super) struct TlsTransport {
    stream: TlsStream<TcpStream>,
    /// At most so many bytes were given to TLS that TCP has not taken.
    unsent: usize,
}

/// What a TLS handshake agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TlsAgreement {
    /// `1.2` or `1.3`.
    pub(crate) version: &'static str,
    /// Whether it resumed the session of an earlier connection.
    pub(crate) resumed: bool,
}

impl Transport {
    /// The transport of a TLS handshake that is over.
    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self::Tls(Box::new(TlsTransport { stream, unsent: 0 }))
    }

    /// What TLS has agreed on, if the connection has TLS.
    pub(super) fn agreement(&self) -> Option<TlsAgreement> {
        let Self::Tls(tls) = self else { return None };
        let (_, session) = tls.stream.get_ref();
        let version = if session.protocol_version() == Some(ProtocolVersion::TLSv1_2) { "1.2" } else { "1.3" };
        Some(TlsAgreement { version, resumed: session.handshake_kind() == Some(HandshakeKind::Resumed) })
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.stream.get_ref().0,
        }
    }

    /// Bytes of memory that wait for TCP, at most.
    #[inline]
    pub(super) fn unsent_bytes(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.unsent,
        }
    }

    #[inline]
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => tls.poll_read(cx, buffer),
        }
    }

    #[inline]
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => {
                let written = Pin::new(&mut tls.stream).poll_write(cx, bytes);
                tls.note_unsent(written)
            }
        }
    }

    #[inline]
    pub(super) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Self::Tls(tls) => {
                let written = Pin::new(&mut tls.stream).poll_write_vectored(cx, parts);
                tls.note_unsent(written)
            }
        }
    }

    /// Has TCP take what TLS keeps. Completes when nothing is kept.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => {
                ready!(Pin::new(&mut tls.stream).poll_flush(cx))?;
                tls.unsent = 0;
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Ends our side: the session if there is one, and then the TCP connection.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut tls.stream).poll_shutdown(cx),
        }
    }
}

impl TlsTransport {
    /// Reads what has been decrypted. A peer that ends TCP without ending the session has ended:
    /// its frames say whether something is missing.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.stream).poll_read(cx, buffer)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(())),
            read => read?,
        }
        // Further records of the same read. There is nothing, or an end that the next read finds.
        let (_, session) = self.stream.get_mut();
        while buffer.remaining() > 0 && !buffer.filled().is_empty() {
            match session.reader().read(buffer.initialize_unfilled()) {
                Ok(more) if more > 0 => buffer.advance(more),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn note_unsent(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let more = if let Poll::Ready(Ok(written)) = written { written } else { 0 };
        let is_sent = !self.stream.get_ref().1.wants_write();
        self.unsent = if is_sent { 0 } else { (self.unsent + more).clamp(1, MOST_UNSENT) };
        written
    }
}
