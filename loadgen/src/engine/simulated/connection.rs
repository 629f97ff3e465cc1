//! One simulated connection.

use std::{collections::VecDeque, io, num::NonZeroU32};

use super::script::EndScript;
use crate::{engine::ConnectionEnd, message::MessageKind};

/// What reaches a connection.
#[derive(Clone, Debug)]
pub(super) enum PeerEvent {
    Opened,
    Failed(&'static str),
    Message(MessageKind, Vec<u8>),
    /// This many bytes of a message that is not whole.
    Part(u64),
    /// The answer to a ping with this payload.
    Pong(Vec<u8>),
    /// There is room to write again.
    Writable,
    End(ConnectionEnd),
}

impl PeerEvent {
    pub(super) fn text(text: &str) -> Self {
        Self::Message(MessageKind::Text, text.as_bytes().to_vec())
    }

    /// Bytes that a read brings with it.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Message(_, bytes) | Self::Pong(bytes) => 2 + bytes.len() as u64,
            Self::Part(bytes) => *bytes,
            Self::Opened | Self::Failed(_) | Self::Writable | Self::End(_) => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    Idle,
    Opening,
    Open,
    Closing,
}

#[derive(Debug)]
pub(super) struct SimulatedConnection {
    pub(super) state: ConnectionState,
    /// How many this slot had before. Events of those are not delivered.
    pub(super) number: u32,
    /// Nanoseconds that opening takes.
    pub(super) opening: u64,
    /// Attempts to open so far.
    pub(super) attempts: usize,
    /// Messages that the peer received so far, on all connections of this slot.
    pub(super) received: u64,
    /// Messages that the peer keeps for this slot while it is away.
    pub(super) kept: Vec<(MessageKind, Vec<u8>)>,
    /// Whether the worker wants to read.
    pub(super) reading: bool,
    /// Bytes after which a turn reads no more.
    pub(super) read_at_most: Option<NonZeroU32>,
    /// What lies in the socket.
    pub(super) arrived: VecDeque<PeerEvent>,
    /// Messages that were queued, and those that the transport does not take.
    pub(super) queued: VecDeque<(MessageKind, Vec<u8>)>,
    pub(super) unsent: VecDeque<(MessageKind, Vec<u8>)>,
    /// Bytes in the kernel's buffers that the peer has not read.
    pub(super) buffered: u64,
}

impl Default for SimulatedConnection {
    fn default() -> Self {
        Self {
            state: ConnectionState::Idle,
            number: 0,
            opening: 0,
            attempts: 0,
            received: 0,
            kept: Vec::new(),
            reading: true,
            read_at_most: None,
            arrived: VecDeque::new(),
            queued: VecDeque::new(),
            unsent: VecDeque::new(),
            buffered: 0,
        }
    }
}

impl SimulatedConnection {
    /// Takes what the next read brings.
    pub(super) fn read(&mut self) -> VecDeque<PeerEvent> {
        let Some(most) = self.read_at_most.filter(|_| self.state == ConnectionState::Open) else {
            return std::mem::take(&mut self.arrived);
        };
        let mut bytes = 0;
        let beyond = self.arrived.iter().position(|event| {
            let full = bytes >= u64::from(most.get());
            bytes += event.bytes();
            full
        });
        let rest = self.arrived.split_off(beyond.unwrap_or(self.arrived.len()));
        std::mem::replace(&mut self.arrived, rest)
    }

    /// The connection is gone, and its slot is idle.
    pub(super) fn go(&mut self) {
        let Self { number, attempts, received, .. } = *self;
        let kept = std::mem::take(&mut self.kept);
        *self = Self { number: number + 1, attempts, received, kept, ..Self::default() };
    }
}

impl From<EndScript> for ConnectionEnd {
    fn from(end: EndScript) -> Self {
        match end {
            EndScript::Close(code) => Self::closed(Some((code, b"bye"))),
            EndScript::Reset => Self::io(&io::ErrorKind::ConnectionReset.into()),
            EndScript::Eof => Self::eof(),
            EndScript::ProtocolError => Self::new("protocol_error", "the script says so"),
        }
    }
}
