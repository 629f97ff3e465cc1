//! The stream under a connection. It counts bytes and calls, notes the time of each read, and keeps
//! a peer that never stops sending from holding the thread.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    clock::{Clock as _, RealClock, Time},
    schedule::pacer::SLICE,
};

/// Reads in a row without a pause. Then other connections get their turn.
const READS_IN_A_ROW: u32 = 64;

/// A stream that counts what passes.
#[derive(Debug)]
pub(crate) struct CountedStream<S> {
    stream: S,
    clock: RealClock,
    pub(crate) counters: StreamCounters,
    in_a_row: u32,
    /// When the first read in a row returned.
    row_began: Time,
}

/// What has passed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StreamCounters {
    /// Reads that returned bytes.
    pub(crate) reads: u64,
    /// Bytes read.
    pub(crate) read_bytes: u64,
    /// When the last read returned.
    pub(crate) read_at: Time,
    /// Writes that took bytes.
    pub(crate) writes: u64,
    /// Bytes written.
    pub(crate) written_bytes: u64,
}

impl<S> CountedStream<S> {
    pub(crate) fn new(stream: S, clock: RealClock) -> Self {
        Self { stream, clock, counters: StreamCounters::default(), in_a_row: 0, row_began: Time::default() }
    }

    /// The stream inside.
    pub(crate) fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream inside.
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // The library returns only for whole messages, so it may have taken long for what it read.
        let long = this.in_a_row > 0 && this.counters.read_at.since(this.row_began) >= SLICE;
        if this.in_a_row == READS_IN_A_ROW || long {
            this.in_a_row = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        let bytes = buf.filled().len() - before;
        match polled {
            Poll::Ready(Ok(())) if bytes > 0 => {
                this.in_a_row += 1;
                this.counters.reads += 1;
                this.counters.read_bytes += bytes as u64;
                this.counters.read_at = this.clock.now();
                if this.in_a_row == 1 {
                    this.row_began = this.counters.read_at;
                }
            }
            _ => this.in_a_row = 0,
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = polled {
            self.counters.writes += 1;
            self.counters.written_bytes += bytes as u64;
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
