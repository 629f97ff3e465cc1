//! The TCP stream of a connection, which notes that something passed.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    os::fd::AsFd,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

use crate::{connection::unacknowledged, registry::TrackedConnection};

/// A [`TcpStream`] that tells the registry of every byte.
#[derive(Debug)]
pub(crate) struct TrackedSocket {
    tcp: TcpStream,
    watched: Rc<TrackedConnection>,
}

impl TrackedSocket {
    pub(crate) fn new(tcp: TcpStream, watched: Rc<TrackedConnection>) -> Self {
        Self { tcp, watched }
    }

    pub(crate) fn watched(&self) -> &Rc<TrackedConnection> {
        &self.watched
    }

    /// Reads into the beginning of `buffer`; how many bytes, 0 at the end of the stream. Counted against the task's budget.
    #[inline]
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read > 0 {
            self.watched.heard();
        }
        Poll::Ready(Ok(read))
    }

    /// Writes some of `bytes`; how many.
    #[inline]
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, bytes))?;
        self.watched.heard();
        Poll::Ready(Ok(written))
    }

    /// Writes some of `first` and `second`, which follow each other; how many bytes.
    pub(crate) fn poll_write_both(
        &mut self,
        cx: &mut Context<'_>,
        first: &[u8],
        second: &[u8],
    ) -> Poll<io::Result<usize>> {
        let both = [IoSlice::new(first), IoSlice::new(second)];
        let written = ready!(Pin::new(&mut self.tcp).poll_write_vectored(cx, &both))?;
        self.watched.heard();
        Poll::Ready(Ok(written))
    }

    /// Reads some bytes of a request, which are held until it is answered.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = poll_fn(|cx| self.poll_read(cx, buffer)).await?;
        self.watched.holds_more(read);
        Ok(read)
    }

    pub(crate) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tcp.write_all(bytes).await?;
        self.watched.heard();
        Ok(())
    }

    /// Lets the connection end with a reset when it is dropped (`SO_LINGER` of zero), whatever is on its way.
    pub(crate) fn reset_on_drop(&self) {
        // A socket that refuses is dead already.
        let _ = SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }

    /// Bytes that TCP has taken and the peer's system has not acknowledged; 0 where the system does not tell.
    pub(crate) fn unacknowledged(&self) -> usize {
        unacknowledged::bytes(self.tcp.as_fd()).unwrap_or(0)
    }

    /// Ends our side of the TCP connection and waits for the peer to end its own.
    ///
    /// To drop a socket with unread bytes resets the connection, and the reset may destroy what the peer has not read yet:
    /// the very frames that say what was wrong.
    pub(crate) async fn linger(&mut self) -> io::Result<()> {
        self.tcp.shutdown().await?;
        // Counted against the task's budget like every read, so a peer that never ends does not hold the thread.
        poll_fn(|cx| {
            let mut space = [0; 1024];
            while ready!(self.poll_read(cx, &mut space))? > 0 {}
            Poll::Ready(Ok(()))
        })
        .await
    }
}
