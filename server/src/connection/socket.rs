//! The stream of a connection. It tells the registry that bytes passed.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    os::fd::AsFd,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{io::ReadBuf, net::TcpStream};

use super::{
    transport::{TlsAgreement, Transport},
    unacknowledged,
};
use crate::registry::TrackedConnection;

/// A stream that tells the registry whenever bytes pass.
#[derive(Debug)]
pub(super) struct TrackedSocket {
    transport: Transport,
    tracked: Rc<TrackedConnection>,
}

impl TrackedSocket {
    pub(super) fn new(transport: Transport, tracked: Rc<TrackedConnection>) -> Self {
        Self { transport, tracked }
    }

    /// Transport and registry entry, to make another socket of them.
    pub(super) fn into_parts(self) -> (Transport, Rc<TrackedConnection>) {
        (self.transport, self.tracked)
    }

    /// What TLS has agreed on, if the connection has TLS.
    pub(super) fn tls(&self) -> Option<TlsAgreement> {
        self.transport.agreement()
    }

    /// The TCP connection.
    pub(super) fn tcp(&self) -> &TcpStream {
        self.transport.tcp()
    }

    /// Bytes that were written, and that TLS keeps because TCP has not taken them. 0 without TLS.
    #[inline]
    pub(super) fn unsent_bytes(&self) -> usize {
        self.transport.unsent_bytes()
    }

    pub(super) fn tracked(&self) -> &Rc<TrackedConnection> {
        &self.tracked
    }

    /// Reads into the beginning of `buffer`. Returns how many bytes came: 0 at the end of the
    /// stream.
    ///
    /// The read counts against the task's budget.
    #[inline]
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(self.transport.poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read > 0 {
            self.tracked.saw_bytes();
        }
        Poll::Ready(Ok(read))
    }

    /// Writes some of `bytes`. Returns how many. Some of them may be [unsent](Self::unsent_bytes).
    #[inline]
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.transport.poll_write(cx, bytes))?;
        self.tracked.saw_bytes();
        Poll::Ready(Ok(written))
    }

    /// Writes some of `first`, followed by `second`. Returns how many bytes.
    pub(super) fn poll_write_both(
        &mut self,
        cx: &mut Context<'_>,
        first: &[u8],
        second: &[u8],
    ) -> Poll<io::Result<usize>> {
        let both = [IoSlice::new(first), IoSlice::new(second)];
        let written = ready!(self.transport.poll_write_vectored(cx, &both))?;
        self.tracked.saw_bytes();
        Poll::Ready(Ok(written))
    }

    /// Has TCP take what is [unsent](Self::unsent_bytes). Completes when nothing is.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.transport.poll_flush(cx)
    }

    /// Reads some bytes of a request. They count as held until it is answered.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = poll_fn(|cx| self.poll_read(cx, buffer)).await?;
        self.tracked.holds_more(read);
        Ok(read)
    }

    /// Writes all of `bytes`, and has TCP take them.
    pub(super) async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        poll_fn(|cx| {
            while !bytes.is_empty() {
                match ready!(self.poll_write(cx, bytes))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => bytes = &bytes[written..],
                }
            }
            self.poll_flush(cx)
        })
        .await
    }

    /// Lets the connection end with a reset when it is dropped (`SO_LINGER` of zero), whatever is
    /// on its way.
    pub(super) fn reset_on_drop(&self) {
        // A socket that refuses this is dead already.
        let _ = SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO));
    }

    /// Bytes that TCP has taken and the peer's system has not acknowledged. 0 where our system does
    /// not tell.
    pub(super) fn unacknowledged(&self) -> usize {
        unacknowledged::bytes(self.tcp().as_fd()).unwrap_or(0)
    }

    /// Ends our side of the connection and waits for the peer to end its own.
    ///
    /// Dropping a socket with unread bytes resets the connection. The reset may destroy what the
    /// peer has not read yet: the very frames that say what was wrong.
    pub(super) async fn linger(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.transport.poll_shutdown(cx)).await?;
        // Each read counts against the task's budget, so a peer that never ends does not hold the
        // thread.
        poll_fn(|cx| {
            let mut space = [0; 1024];
            while ready!(self.poll_read(cx, &mut space))? > 0 {}
            Poll::Ready(Ok(()))
        })
        .await
    }
}
