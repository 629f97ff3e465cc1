//! Frames on their way to the peer, as far as TCP does not take them at once.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use frames::Encoder;
use tokio::time::{Sleep, sleep};

use crate::socket::Socket;

/// What TCP has not taken. Nearly always that is nothing, and then it holds no memory.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Option<Box<Backlog>>);

#[derive(Debug, Default)]
struct Backlog {
    bytes: Vec<u8>,
    /// How many of them TCP has.
    taken: usize,
    /// Runs while the peer owes us reading and takes nothing.
    stall: Option<Pin<Box<Sleep>>>,
}

impl Outbox {
    /// Bytes that wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |backlog| backlog.bytes.len() - backlog.taken)
    }

    /// Writes `frames` behind what waits, keeps what TCP does not take, and leaves `frames` empty. The task is woken when
    /// TCP takes more.
    #[inline]
    pub(crate) fn send(&mut self, frames: &mut Encoder, socket: &mut Socket, cx: &mut Context<'_>) -> io::Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        if self.0.is_none() {
            let bytes = frames.bytes();
            let taken = write(socket, cx, bytes)?;
            if taken < bytes.len() {
                self.append(&bytes[taken..]);
            }
            frames.clear();
        } else {
            self.keep(frames);
        }
        Ok(())
    }

    /// Keeps `frames` behind what waits, and leaves them empty.
    pub(crate) fn keep(&mut self, frames: &mut Encoder) {
        if !frames.is_empty() {
            self.append(frames.bytes());
            frames.clear();
        }
    }

    #[cold]
    fn append(&mut self, bytes: &[u8]) {
        let backlog = self.0.get_or_insert_default();
        if backlog.taken > backlog.bytes.len() / 2 {
            backlog.bytes.drain(..backlog.taken);
            backlog.taken = 0;
        }
        backlog.bytes.extend_from_slice(bytes);
    }

    /// Writes what waits as far as TCP takes it. The task is woken when it takes more.
    #[inline]
    pub(crate) fn flush(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> io::Result<()> {
        if self.0.is_none() { Ok(()) } else { self.flush_backlog(socket, cx) }
    }

    #[cold]
    fn flush_backlog(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(backlog) = &mut self.0 else { return Ok(()) };
        let taken = write(socket, cx, &backlog.bytes[backlog.taken..])?;
        backlog.taken += taken;
        if taken > 0 {
            backlog.stall = None;
        }
        if backlog.taken == backlog.bytes.len() {
            self.0 = None;
        }
        Ok(())
    }

    /// Writes what waits, all of it.
    pub(crate) async fn write_rest(&mut self, socket: &mut Socket) -> io::Result<()> {
        poll_fn(|cx| match self.flush(socket, cx) {
            Ok(()) if self.len() > 0 => Poll::Pending,
            done => Poll::Ready(done),
        })
        .await
    }

    /// Completes when TCP has taken nothing for `limit`, counted from the first of these calls since it last took some.
    pub(crate) fn poll_stall(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let Some(backlog) = &mut self.0 else { return Poll::Pending };
        backlog.stall.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(cx)
    }
}

/// Writes as much of `bytes` as TCP takes now; how much.
#[inline]
fn write(socket: &mut Socket, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
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
