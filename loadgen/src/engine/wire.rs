//! The stream under a connection: counts what passes, stamps each read, and keeps a peer that never stops sending from
//! holding the thread.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::{Clock, Time};

/// Reads in a row, without a pause, after which others get their turn.
const READS_IN_A_ROW: u32 = 64;

/// A stream that is watched.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    stream: S,
    clock: Clock,
    pub(crate) passed: Passed,
    in_a_row: u32,
    /// The answer to the opening handshake, while that is under way.
    head: Option<Head>,
}

/// The head of an HTTP message, which is handed over when it is whole: the WebSocket library takes one that comes in many
/// small pieces for an attack, but TCP may cut as it likes.
#[derive(Debug, Default)]
struct Head {
    bytes: Vec<u8>,
    handed: usize,
    /// It is whole, too long, or will not become more.
    complete: bool,
}

/// Most bytes of a head that are collected; as much as the WebSocket library takes.
const HEAD_BYTES: usize = 64 * 1024;

/// What has passed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    /// Reads that returned bytes.
    pub(crate) reads: u64,
    /// Bytes read.
    pub(crate) read_bytes: u64,
    /// When the last of them returned.
    pub(crate) read_at: Time,
    /// Writes that took bytes.
    pub(crate) writes: u64,
    /// Bytes written.
    pub(crate) written_bytes: u64,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, clock: Clock) -> Self {
        Self { stream, clock, passed: Passed::default(), in_a_row: 0, head: None }
    }

    /// Collects the head of an HTTP message from here on.
    pub(crate) fn before_head(mut self) -> Self {
        self.head = Some(Head::default());
        self
    }

    /// The stream.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// What was read since [`Self::before_head`]; ends that.
    pub(crate) fn take_head(&mut self) -> Vec<u8> {
        self.head.take().unwrap_or_default().bytes
    }
}

impl Head {
    /// Reads from `stream` until the head is complete, then hands over what came.
    fn poll(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.complete {
            let searched = self.bytes.len();
            let mut space = [0; 1024];
            let mut read = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            self.bytes.extend_from_slice(read.filled());
            let ended = end_of_head(&self.bytes[searched.saturating_sub(2)..]).is_some();
            self.complete = ended || read.filled().is_empty() || self.bytes.len() >= HEAD_BYTES;
        }
        let some = buf.remaining().min(self.bytes.len() - self.handed);
        buf.put_slice(&self.bytes[self.handed..][..some]);
        self.handed += some;
        Poll::Ready(Ok(()))
    }
}

/// Where the head of an HTTP message ends: behind the first empty line. Lines may end without a carriage return
/// (RFC 9112, section 2.2).
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let ends = |at: &usize| [b"\n\r\n".as_slice(), b"\n\n"].iter().any(|end| bytes[..*at].ends_with(end));
    (0..=bytes.len()).find(ends)
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.in_a_row == READS_IN_A_ROW {
            this.in_a_row = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(head) = &mut this.head {
            return head.poll(&mut this.stream, cx, buf);
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        let bytes = buf.filled().len() - before;
        match polled {
            Poll::Ready(Ok(())) if bytes > 0 => {
                this.in_a_row += 1;
                this.passed.reads += 1;
                this.passed.read_bytes += bytes as u64;
                this.passed.read_at = this.clock.now();
            }
            _ => this.in_a_row = 0,
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = polled {
            self.passed.writes += 1;
            self.passed.written_bytes += bytes as u64;
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_behind_the_first_empty_line() {
        assert_eq!(end_of_head(b"HTTP/1.1 101 X\r\nA: b\r\n\r\n\x81\x00"), Some(24));
        assert_eq!(end_of_head(b"HTTP/1.1 101 X\nA: b\n\n\x81\n\n"), Some(21));
        assert_eq!(end_of_head(b"no end"), None);
    }
}
