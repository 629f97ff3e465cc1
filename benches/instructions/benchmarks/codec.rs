//! What WebSocket costs the `tungstenite` engine a message: frames made, masked, parsed, checked
//! for UTF-8.
//!
//! The engine is private and needs a socket. Here is the library that it stands on, with the
//! settings that it gives it and the calls that it makes for each burst, on a stream in memory.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, Sink, Stream, task::noop_waker_ref};
use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::message::{MessageKind, Mix, Payload};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{
            Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::{MESSAGES, RUN, encoded};

/// Messages that are written together and come in one read: the default of `--burst`.
const BURST: u64 = 5;

/// A peer in memory: each burst of it is there at once, and nothing more until a read was pending.
struct MemoryPeer {
    frames: Vec<u8>,
    read: usize,
    /// Bytes of a burst.
    burst: usize,
    paused: bool,
    written: usize,
}

impl AsyncRead for MemoryPeer {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let here = self.burst - self.read % self.burst;
        if here == self.burst && !self.paused {
            self.paused = true;
            return Poll::Pending;
        }
        let some = here.min(buf.remaining()).min(self.frames.len() - self.read);
        buf.put_slice(&self.frames[self.read..][..some]);
        self.read += some;
        self.paused = false;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for MemoryPeer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written += buf.len();
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct Codec {
    stream: WebSocketStream<MemoryPeer>,
    /// A message to send, again and again.
    message: Vec<u8>,
    kind: MessageKind,
    scratch: BytesMut,
}

/// As `loadgen/src/transport/dial/` and, for the read buffer, `loadgen/src/transport/endpoint.rs`
/// have it.
fn client(mix: Mix, size: u32) -> Codec {
    let read_buffer = (2 * (size as usize + 10) * 5).max(4096);
    let config = WebSocketConfig::default().read_buffer_size(read_buffer).write_buffer_size(usize::MAX - 1);
    let payload = Payload::new(RUN, size, mix);
    let (frames, burst) = frames_of(&payload);
    let peer = MemoryPeer { frames, read: 0, burst, paused: true, written: 0 };
    let stream = WebSocketStream::from_raw_socket(peer, Role::Client, Some(config));
    let mut codec = Codec {
        stream: stream.now_or_never().expect("there is nothing to wait for"),
        message: encoded(&payload, 0),
        kind: payload.kind(0),
        scratch: BytesMut::new(),
    };
    // The buffers grow and the generator of masks is seeded once.
    codec.send_burst();
    codec
}

/// What a peer sends, and how many bytes of it are a burst.
fn frames_of(payload: &Payload) -> (Vec<u8>, usize) {
    let mut frames = Vec::new();
    for sequence in 0..MESSAGES {
        let opcode = match payload.kind(sequence) {
            MessageKind::Text => Data::Text,
            MessageKind::Binary => Data::Binary,
        };
        let frame = Frame::message(encoded(payload, sequence), OpCode::Data(opcode), true);
        frame.format(&mut frames).expect("memory takes everything");
    }
    let burst = frames.len() * usize::try_from(BURST).expect("a small number") / usize::try_from(MESSAGES).expect("so");
    (frames, burst)
}

impl Codec {
    /// As the engine queues and flushes.
    fn send_burst(&mut self) {
        for _ in 0..BURST {
            self.scratch.resize(self.message.len(), 0);
            self.scratch.copy_from_slice(&self.message);
            let bytes: Bytes = self.scratch.split().freeze();
            let message = match self.kind {
                MessageKind::Text => Message::Text(Utf8Bytes::try_from(bytes).expect("text payloads are UTF-8")),
                MessageKind::Binary => Message::Binary(bytes),
            };
            Pin::new(&mut self.stream).start_send(message).expect("room for it");
        }
        self.flush();
    }

    fn flush(&mut self) {
        let flushed = Pin::new(&mut self.stream).poll_flush(&mut Context::from_waker(noop_waker_ref()));
        assert!(matches!(flushed, Poll::Ready(Ok(()))));
    }

    /// The next message of this turn.
    fn next(&mut self) -> Option<Message> {
        let polled = Pin::new(&mut self.stream).poll_next(&mut Context::from_waker(noop_waker_ref()));
        match polled {
            Poll::Ready(Some(message)) => Some(message.expect("good frames")),
            Poll::Ready(None) => panic!("the peer does not close"),
            Poll::Pending => None,
        }
    }
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = client)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = client)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = client)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = client)]
fn client_sends(mut codec: Codec) -> Codec {
    for _ in 0..MESSAGES / BURST {
        codec.send_burst();
    }
    codec
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = client)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = client)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = client)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = client)]
fn client_receives(mut codec: Codec) -> Codec {
    let mut received = 0;
    for _ in 0..MESSAGES / BURST {
        while let Some(message) = codec.next() {
            received += 1;
            drop(message);
        }
    }
    assert_eq!(received, MESSAGES);
    codec
}

library_benchmark_group!(name = codec, benchmarks = [client_sends, client_receives]);
