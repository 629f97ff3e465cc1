//! Records what the ledger of rooms decides.

use super::{RunRooms, write_times::Written};
use crate::{
    clock::Time,
    ledger::{Fate, Finding, OtherEvent},
    plan::Partition,
    rooms::{Delivery, Heard, LawfulEvent, MissingDeliveries, RoomSink},
    worker::{
        clients::Clients,
        evidence::{EventContext, EvidenceLog},
        group::WorkerGroup,
        recorder::{BoundedList, Recorder},
    },
};

/// Records what the ledger of rooms decides, at the receiver's group. When a message came to its
/// first and last receiver is recorded at the sender's.
pub(super) struct RoomRecorder<'a> {
    pub(super) run: &'a RunRooms,
    pub(super) partition: &'a Partition,
    pub(super) groups: &'a mut [WorkerGroup],
    pub(super) clients: &'a mut Clients,
    /// What other workers know more of.
    pub(super) heard: &'a mut BoundedList<Heard>,
}

impl RoomRecorder<'_> {
    /// The recorder of a client's group.
    #[inline]
    fn of(&mut self, client: u32) -> &mut Recorder {
        &mut self.groups[self.run.membership.group(client)].outcome.recorder
    }

    /// When the message of a delivery was written, if that is still known.
    #[inline]
    fn written(&self, delivery: Delivery) -> Option<Written> {
        let RunRooms { membership, write_times, .. } = self.run;
        let publisher = membership.publisher_number(delivery.sender)?;
        let burst = self.run.burst(membership.group(delivery.sender), delivery.sequence);
        write_times.of(publisher, burst, delivery.due)
    }

    /// Keeps evidence of what happened at a receiver.
    #[cold]
    fn evidence(&mut self, receiver: u32, at: Time, keep: impl FnOnce(&mut EvidenceLog, &EventContext<'_>)) {
        let local = self.clients.all[self.partition.slot(receiver)].local;
        let WorkerGroup { config, outcome, .. } = &mut self.groups[self.run.membership.group(receiver)];
        let context = EventContext { expectation: &config.expectation, client: receiver, local, at };
        keep(&mut outcome.recorder.evidence, &context);
    }
}

impl RoomSink for RoomRecorder<'_> {
    #[inline]
    fn matched(&mut self, delivery: Delivery, at: Time, overtaken: bool) {
        let written = self.written(delivery);
        self.of(delivery.receiver).delivered(delivery.due, written, at, overtaken);
        if overtaken {
            self.evidence(delivery.receiver, at, |log, context| log.overtaken(context, delivery));
        }
    }

    #[cold]
    fn finding(&mut self, finding: Finding, receiver: u32, about: Option<Delivery>, at: Time, bytes: &[u8]) {
        self.of(receiver).found(finding, about.map(|delivery| delivery.due), at);
        self.evidence(receiver, at, |log, context| log.finding_in_room(context, finding, about, bytes));
    }

    #[cold]
    fn lawful(&mut self, event: LawfulEvent, delivery: Delivery, at: Time) {
        let event = match event {
            LawfulEvent::History => OtherEvent::History,
            LawfulEvent::Late => OtherEvent::Late,
            LawfulEvent::OwnCopy => OtherEvent::OwnCopy,
        };
        self.of(delivery.receiver).other_event(event, at);
    }

    #[cold]
    fn damaged(&mut self, delivery: Delivery) {
        self.of(delivery.receiver).not_delivered(Fate::Damaged, delivery.due, 1, false);
    }

    #[cold]
    fn missing(&mut self, fate: Fate, missing: MissingDeliveries) {
        let messages = missing.sequences.end - missing.sequences.start;
        self.of(missing.receiver).not_delivered(fate, missing.due, messages, missing.while_away);
        self.evidence(missing.receiver, missing.due, |log, context| log.missing(context, fate, &missing));
    }

    #[inline]
    fn across_shards(&mut self, delivery: Delivery, at: Time, overtaken: bool) {
        self.of(delivery.receiver).delivered_across_shards(delivery.due, at, overtaken);
        if overtaken {
            self.evidence(delivery.receiver, at, |log, context| log.overtaken(context, delivery));
        }
    }

    #[cold]
    fn replayed(&mut self, delivery: Delivery, at: Time, overtaken: bool) {
        self.of(delivery.receiver).replayed(delivery.due, at, overtaken);
        if overtaken {
            self.evidence(delivery.receiver, at, |log, context| log.overtaken(context, delivery));
        }
    }

    #[cold]
    fn never_sent(&mut self, delivery: Delivery, replayed: bool) {
        self.of(delivery.receiver).never_sent(delivery.due, replayed);
        self.evidence(delivery.receiver, delivery.due, |log, context| log.never_sent(context, delivery));
    }

    #[inline]
    fn heard(&mut self, heard: Heard, cut: bool) {
        if cut {
            return self.heard.push(heard);
        }
        let recorder = self.of(heard.sender);
        recorder.first(heard.due, heard.first);
        recorder.last(heard.due, heard.last);
    }
}
