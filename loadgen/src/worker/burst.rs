//! Sends what a client has to send at once.

use frames::PayloadSpace;

use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::{Ledger, SendTimes},
    message::{ClientMessages, ClientTemplates, MessageKind},
    schedule::driver::SendCommand,
    worker::recorder::Recorder,
};

/// Messages of one client that are sent one after the other.
pub(super) trait MessageSeries {
    /// Kind of message `sequence`, and its length in bytes.
    fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize);

    /// Bytes of the `messages` messages from `first` on.
    fn bytes(&self, first: u64, messages: u32) -> u64;

    /// Writes the messages from `first` on. Adds their checksums, if they have some.
    fn encode_all<'o>(&self, first: u64, spaces: impl Iterator<Item = PayloadSpace<'o>>, checksums: &mut Vec<u32>);
}

/// What is needed to send for one client.
pub(super) struct Burst<'a, E, C> {
    pub(super) ledger: &'a mut Ledger,
    pub(super) recorder: &'a mut Recorder,
    pub(super) engine: &'a mut E,
    pub(super) clock: &'a C,
    /// Empty between uses.
    pub(super) checksums: &'a mut Vec<u32>,
    /// Messages that are written at once.
    pub(super) write_at_once: u32,
    /// Bytes that the connection may have unsent before it is cut short.
    pub(super) most_unsent: u64,
}

impl<E: Engine, C: Clock> Burst<'_, E, C> {
    /// Sends messages, until too many bytes are unsent. Returns how many were sent, and the time
    /// after the last write.
    #[inline]
    pub(super) fn send(self, command: &SendCommand, series: &impl MessageSeries) -> (u32, Option<Time>) {
        let Self { ledger, recorder, engine, clock, checksums, write_at_once, most_unsent } = self;
        let &SendCommand { slot, due, messages, .. } = command;
        let (mut left, mut after) = (messages, None);
        while left > 0 && (left == messages || engine.unsent(slot) <= most_unsent) {
            let part = left.min(write_at_once);
            left -= part;
            let first = ledger.next_sequence();
            checksums.clear();
            let kinds = (0..part).map(|index| series.kind_and_len(first + u64::from(index)));
            engine.queue(slot, kinds, |payloads| series.encode_all(first, payloads, checksums));
            let times = SendTimes { due, written: clock.now() };
            ledger.sent_together(times, checksums);
            for _ in checksums.len()..part as usize {
                // They have no checksum, or the engine could not take them, as the connection has
                // just ended.
                ledger.sent(times);
            }
            let writes = engine.flush(slot);
            let ended = clock.now();
            recorder.wrote(times.written, ended);
            recorder.sent(times, part.into(), series.bytes(first, part), writes);
            after = Some(ended);
        }
        (messages - left, after)
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

impl MessageSeries for ClientTemplates<'_> {
    #[inline]
    fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        ClientTemplates::kind_and_len(self, sequence)
    }

    fn bytes(&self, first: u64, messages: u32) -> u64 {
        (first..).take(messages as usize).map(|sequence| self.kind_and_len(sequence).1 as u64).sum()
    }

    fn encode_all<'o>(&self, first: u64, spaces: impl Iterator<Item = PayloadSpace<'o>>, _checksums: &mut Vec<u32>) {
        for (sequence, space) in (first..).zip(spaces) {
            self.encode(sequence, space);
        }
    }
}
