//! The TCP stream under a WebSocket, with what the WebSocket library does not tell: the head of the HTTP request,
//! fragments received, bytes unsent, and whether anything passed at all.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{frames::FrameCounter, registry::Watched, request::HEAD_BYTES};

/// A peer sent a message of more frames than allowed. Reads fail with it, wrapped in an [`io::Error`], once everything
/// before the frame that was one too many has been read.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a message of too many frames")]
pub(crate) struct TooManyFrames;

/// A [`TcpStream`] that counts what passes.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    received: Received,
    too_many_frames: bool,
    /// Bytes of frames handed to the WebSocket that it has not written yet.
    unsent: usize,
    /// Bytes written; wraps, as only changes matter.
    written: usize,
    /// Reads that brought something; wraps as well.
    reads: u64,
    watched: Rc<Watched>,
}

/// What is known of the bytes that came.
#[derive(Debug)]
enum Received {
    /// HTTP; its first [`HEAD_BYTES`], and how many of them the reader has.
    Http { head: Vec<u8>, handed: usize },
    /// WebSocket frames.
    Frames(FrameCounter),
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, watched: Rc<Watched>) -> Self {
        let received = Received::Http { head: Vec::new(), handed: 0 };
        Self { tcp, received, too_many_frames: false, unsent: 0, written: 0, reads: 0, watched }
    }

    /// From here on the stream is WebSocket frames, at most `limit` a message.
    pub(crate) fn count_frames(&mut self, limit: u32) {
        self.received = Received::Frames(FrameCounter::new(limit));
    }

    /// The beginning of the HTTP request, as far as it came; nothing once frames are counted.
    pub(crate) fn head(&self) -> &[u8] {
        match &self.received {
            Received::Http { head, .. } => head,
            Received::Frames(_) => &[],
        }
    }

    /// Reads until the head of the request has come, whole or as much as is kept of one, or something that is no request.
    /// The WebSocket library takes one that comes in many small pieces for an attack, but TCP may cut as it likes.
    pub(crate) async fn collect_head(&mut self) -> io::Result<()> {
        let (mut space, mut searched) = ([0; 1024], 0_usize);
        loop {
            let Received::Http { head, .. } = &self.received else { return Ok(()) };
            let room = HEAD_BYTES - head.len();
            let ended = ends_head(&head[searched.saturating_sub(2)..]);
            searched = head.len();
            if room == 0 || ended || head.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
                return Ok(());
            }
            let read = self.tcp.read(&mut space[..room.min(1024)]).await?;
            if read == 0 {
                return Ok(());
            }
            self.watched.heard();
            let Received::Http { head, .. } = &mut self.received else { return Ok(()) };
            head.extend_from_slice(&space[..read]);
        }
    }

    /// Notes that `bytes` of frames are about to be written.
    pub(crate) fn owe(&mut self, bytes: usize) {
        self.unsent += bytes;
    }

    /// Notes that nothing is left to be written.
    pub(crate) fn settled(&mut self) {
        self.unsent = 0;
    }

    pub(crate) fn unsent(&self) -> usize {
        self.unsent
    }

    /// A number that changes whenever the socket takes bytes.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// A number that changes with every read that brings something. What the WebSocket hands over before the next change
    /// was completed by the same read.
    pub(crate) fn reads(&self) -> u64 {
        self.reads
    }

    /// Lets the connection end with a reset when it is dropped (`SO_LINGER` of zero), whatever is on its way.
    pub(crate) fn reset_on_drop(&self) {
        // A socket that refuses is dead already.
        let _ = SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }

    /// Reads and discards until the peer has ended the connection. Counted against the task's budget like every read, so
    /// a peer that never ends does not hold the thread.
    pub(crate) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// Whether a head, or what came with it, has an empty line. Lines may end without a carriage return (RFC 9112 section 2.2).
fn ends_head(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|end| end == b"\n\n") || bytes.windows(3).any(|end| end == b"\n\r\n")
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.too_many_frames {
            return Poll::Ready(Err(io::Error::other(TooManyFrames)));
        }
        if let Received::Http { head, handed } = &mut self.received
            && *handed < head.len()
        {
            let some = buffer.remaining().min(head.len() - *handed);
            buffer.put_slice(&head[*handed..][..some]);
            *handed += some;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buffer))?;
        let received = &buffer.filled()[before..];
        if received.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.watched.heard();
        self.reads = self.reads.wrapping_add(1);
        let good = match &mut self.received {
            // More than is kept, or more than a head.
            Received::Http { .. } => return Poll::Ready(Ok(())),
            Received::Frames(frames) => match frames.feed(received) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(good) => good,
            },
        };
        // Messages that were complete before are still owed an echo, so they must pass before the error does.
        self.too_many_frames = true;
        buffer.set_filled(before + good);
        Poll::Ready(if good == 0 { Err(io::Error::other(TooManyFrames)) } else { Ok(()) })
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, bytes))?;
        self.watched.heard();
        self.unsent = self.unsent.saturating_sub(written);
        self.written = self.written.wrapping_add(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
