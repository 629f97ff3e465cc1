//! Frames for the peer that TCP does not take at once.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use frames::{Encoder, Header, Message};
use tokio::time::{Sleep, sleep};

use super::socket::TrackedSocket;

/// Sent bytes whose memory may be kept until the rest is sent as well.
const MOST_SENT_KEPT: usize = 64 * 1024;

/// What TCP has not taken. That is nearly always nothing, and then this holds no memory.
#[derive(Debug, Default)]
pub(super) struct SendBuffer(Option<Box<Backlog>>);

#[derive(Debug, Default)]
struct Backlog {
    bytes: Vec<u8>,
    /// How many of them TCP has taken.
    taken: usize,
    /// Runs while the peer takes nothing, although it holds up its connection.
    stall: Option<Pin<Box<Sleep>>>,
}

impl SendBuffer {
    /// Bytes that wait to be sent.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |backlog| backlog.waiting().len())
    }

    /// Bytes of memory that the buffer takes.
    #[inline]
    pub(super) fn held_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |backlog| backlog.bytes.len())
    }

    /// Writes `frames` after what waits, keeps what TCP does not take, and leaves `frames` empty.
    ///
    /// The task is woken when TCP takes more.
    #[inline]
    pub(super) fn send(
        &mut self,
        frames: &mut Encoder,
        socket: &mut TrackedSocket,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        self.send_bytes(frames.bytes(), socket, cx)?;
        frames.clear();
        Ok(())
    }

    /// Writes the bytes of whole frames after what waits, and keeps what TCP does not take.
    ///
    /// The task is woken when TCP takes more.
    #[inline]
    pub(super) fn send_bytes(
        &mut self,
        bytes: &[u8],
        socket: &mut TrackedSocket,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let taken = if self.0.is_none() { write(socket, cx, bytes)? } else { 0 };
        if taken < bytes.len() {
            self.append(&bytes[taken..]);
        }
        Ok(())
    }

    /// Writes one long message after what waits. Only what TCP does not take is copied.
    pub(super) fn send_long(
        &mut self,
        message: Message<'_>,
        socket: &mut TrackedSocket,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let (kind, payload) = (message.kind, message.payload);
        let header = Header { last: true, reserved: 0, opcode: kind.into(), mask: None, length: payload.len() as u64 };
        let mut head = [0; Header::LONGEST];
        header.write(&mut head);
        let head = &head[..header.size()];
        let mut taken = 0;
        if self.0.is_none() {
            // Header and payload go together, so that the header does not become a segment of its
            // own.
            if let Poll::Ready(written) = socket.poll_write_both(cx, head, payload) {
                taken = written?;
            }
            if taken >= head.len() {
                let payload = &payload[taken - head.len()..];
                let taken = write(socket, cx, payload)?;
                if taken < payload.len() {
                    self.append(&payload[taken..]);
                }
                return Ok(());
            }
        }
        self.append(&head[taken..]);
        self.append(payload);
        // This may write nothing, but only a refused write has the task woken.
        self.flush(socket, cx)
    }

    /// Keeps `bytes` after what waits.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.0.get_or_insert_default().append(bytes);
    }

    /// Keeps `frames` after what waits, and leaves them empty.
    pub(super) fn keep(&mut self, frames: &mut Encoder) {
        if !frames.is_empty() {
            self.append(frames.bytes());
            frames.clear();
        }
    }

    /// Writes what waits, as far as TCP takes it. The task is woken when TCP takes more.
    #[inline]
    pub(super) fn flush(&mut self, socket: &mut TrackedSocket, cx: &mut Context<'_>) -> io::Result<()> {
        if self.0.is_none() && socket.unsent_bytes() == 0 { Ok(()) } else { self.flush_backlog(socket, cx) }
    }

    #[cold]
    fn flush_backlog(&mut self, socket: &mut TrackedSocket, cx: &mut Context<'_>) -> io::Result<()> {
        if let Some(backlog) = &mut self.0 {
            let taken = write(socket, cx, backlog.waiting())?;
            backlog.took(taken);
            if backlog.waiting().is_empty() {
                self.0 = None;
            }
        }
        // Whether all is taken now or later, the task is woken.
        if let Poll::Ready(flushed) = socket.poll_flush(cx) { flushed } else { Ok(()) }
    }

    /// Writes all that waits, and has TCP take it.
    pub(super) async fn flush_all(&mut self, socket: &mut TrackedSocket) -> io::Result<()> {
        poll_fn(|cx| match self.flush(socket, cx) {
            Ok(()) if self.len() > 0 || socket.unsent_bytes() > 0 => Poll::Pending,
            done => Poll::Ready(done),
        })
        .await
    }

    /// Completes when TCP has taken nothing for `limit`. The time begins with the first call after
    /// TCP last took some.
    pub(super) fn poll_stall(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let Some(backlog) = &mut self.0 else { return Poll::Pending };
        backlog.stall.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(cx)
    }
}

impl Backlog {
    fn waiting(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.taken > self.bytes.len() / 2 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Counts bytes that TCP took.
    fn took(&mut self, bytes: usize) {
        self.taken += bytes;
        if bytes > 0 {
            self.stall = None;
        }
        // More was taken than is left, so each byte is moved once at most.
        if self.taken > self.bytes.len() / 2 && self.taken > MOST_SENT_KEPT {
            self.bytes.drain(..self.taken);
            self.bytes.shrink_to(self.bytes.len());
            self.taken = 0;
        }
    }
}

/// Writes as much of `bytes` as TCP takes now. Returns how many bytes.
#[inline]
fn write(socket: &mut TrackedSocket, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match socket.poll_write(cx, &bytes[taken..]) {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(written)) => taken += written,
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => break,
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_bytes_are_sent_in_order_however_few_at_once() {
        for most in [1, 7, 100] {
            let (mut backlog, mut taken) = (Backlog::default(), Vec::new());
            let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
            for piece in bytes.chunks(10) {
                backlog.append(piece);
                let some = backlog.waiting().len().min(most);
                taken.extend_from_slice(&backlog.waiting()[..some]);
                backlog.took(some);
                assert!(
                    backlog.bytes.len() <= 2 * backlog.waiting().len() + 2 * most + 10,
                    "memory of sent bytes is given back"
                );
            }
            taken.extend_from_slice(backlog.waiting());
            assert_eq!(taken, bytes);
        }
    }
}
