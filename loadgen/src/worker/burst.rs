//! Sends what a client has to send at once.

use frames::PayloadSpace;

use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::{Ledger, SendTimes},
    message::{ClientMessages, ClientSource, ClientTemplates, MessageKind, VariedMessages},
    schedule::driver::SendCommand,
    worker::recorder::Recorder,
};

/// Messages of one client that are sent one after the other.
pub(super) trait MessageSeries {
    /// Kind of message `sequence`, and its length in bytes.
    fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize);

    /// Bytes of the `messages` messages from `first` on.
    fn bytes(&self, first: u64, messages: u32) -> u64 {
        (first..).take(messages as usize).map(|sequence| self.kind_and_len(sequence).1 as u64).sum()
    }

    /// Writes the messages from `first` on. Adds their checksums, if they have some.
    fn encode_all<'o>(&self, first: u64, spaces: impl Iterator<Item = PayloadSpace<'o>>, checksums: &mut Vec<u32>);
}

/// Accounts for what one client sends.
pub(super) trait SentLog {
    /// Sequence of the next message.
    fn next_sequence(&self) -> u64;

    /// Records that the next `messages` messages are sent. They have these checksums, but not all
    /// need have one.
    fn sent(&mut self, times: SendTimes, messages: u32, checksums: &[u32]);

    /// The write of messages from `first` on, which were due at `due`, has ended.
    fn wrote(&self, _first: u64, _due: Time, _ended: Time) {}
}

/// What is needed to send for one client.
pub(super) struct Burst<'a, L, E, C> {
    pub(super) log: &'a mut L,
    pub(super) recorder: &'a mut Recorder,
    pub(super) engine: &'a mut E,
    pub(super) clock: &'a C,
    /// Empty between uses.
    pub(super) checksums: &'a mut Vec<u32>,
    /// Messages that are written at once.
    pub(super) write_at_once: u32,
    /// Bytes that the connection may have unsent before it is cut short.
    pub(super) most_unsent: u64,
    /// The connection compresses messages.
    pub(super) compresses: bool,
}

impl<L: SentLog, E: Engine, C: Clock> Burst<'_, L, E, C> {
    /// Sends messages of a client, as [`Self::send`].
    #[inline]
    pub(super) fn send_any(self, command: &SendCommand, source: &ClientSource<'_>) -> (u32, Option<Time>) {
        match source {
            ClientSource::Generated(series) => self.send(command, series),
            ClientSource::Varied(series) => self.send(command, series),
            ClientSource::Templates(series) => self.send(command, series),
        }
    }

    /// Sends messages, until too many bytes are unsent. Returns how many were sent, and the time
    /// after the last write.
    #[inline]
    fn send(self, command: &SendCommand, series: &impl MessageSeries) -> (u32, Option<Time>) {
        let Self { log, recorder, engine, clock, checksums, write_at_once, most_unsent, compresses } = self;
        let &SendCommand { slot, due, messages, .. } = command;
        let (mut left, mut after) = (messages, None);
        while left > 0 && (left == messages || engine.unsent(slot) <= most_unsent) {
            let part = left.min(write_at_once);
            left -= part;
            let first = log.next_sequence();
            checksums.clear();
            let kinds = (0..part).map(|index| series.kind_and_len(first + u64::from(index)));
            let unsent = if compresses { engine.unsent(slot) } else { 0 };
            engine.queue(slot, kinds, |payloads| series.encode_all(first, payloads, checksums));
            let frame_bytes = if compresses { engine.unsent(slot).saturating_sub(unsent) } else { 0 };
            let times = SendTimes { due, written: clock.now() };
            log.sent(times, part, checksums);
            let writes = engine.flush(slot);
            let ended = clock.now();
            log.wrote(first, due, ended);
            recorder.wrote(times.written, ended);
            recorder.sent(times, part.into(), series.bytes(first, part), writes);
            if compresses {
                recorder.sent_compressed(times.written, series.bytes(first, part), frame_bytes);
            }
            after = Some(ended);
        }
        (messages - left, after)
    }
}

impl SentLog for Ledger {
    #[inline]
    fn next_sequence(&self) -> u64 {
        Self::next_sequence(self)
    }

    #[inline]
    fn sent(&mut self, times: SendTimes, messages: u32, checksums: &[u32]) {
        self.sent_together(times, checksums);
        for _ in checksums.len()..messages as usize {
            // They have no checksum, or the engine could not take them, as the connection has just
            // ended.
            Self::sent(self, times);
        }
    }
}

impl MessageSeries for ClientMessages<'_> {
    #[inline]
    fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        (self.kind(sequence), self.size())
    }

    #[inline]
    fn bytes(&self, _first: u64, messages: u32) -> u64 {
        u64::from(messages) * self.size() as u64
    }

    #[inline]
    fn encode_all<'o>(&self, first: u64, spaces: impl Iterator<Item = PayloadSpace<'o>>, checksums: &mut Vec<u32>) {
        ClientMessages::encode_all(self, first, spaces, |checksum| checksums.push(checksum));
    }
}

impl MessageSeries for VariedMessages<'_> {
    #[inline]
    fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        VariedMessages::kind_and_len(self, sequence)
    }

    fn encode_all<'o>(&self, first: u64, spaces: impl Iterator<Item = PayloadSpace<'o>>, checksums: &mut Vec<u32>) {
        checksums.extend((first..).zip(spaces).map(|(sequence, space)| self.encode(sequence, space)));
    }
}

impl MessageSeries for ClientTemplates<'_> {
    #[inline]
    fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        ClientTemplates::kind_and_len(self, sequence)
    }

    fn encode_all<'o>(&self, first: u64, spaces: impl Iterator<Item = PayloadSpace<'o>>, _checksums: &mut Vec<u32>) {
        for (sequence, space) in (first..).zip(spaces) {
            self.encode(sequence, space);
        }
    }
}
