//! Carries out what drivers want done.

use super::{Worker, burst::Burst, clients::Client, group::WorkerGroup};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    schedule::{
        driver::{Command, DropCause, DropCommand, SendCommand},
        pacer::SLICE,
    },
};

/// Commands that are carried out before replies are read.
const IN_A_ROW: u32 = 256;

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Does what is due for each group. True if there was something.
    pub(super) fn do_what_is_due(&mut self, now: Time) -> bool {
        if self.rooms.is_some() && !self.link.have_all_begun(self.config.partition.workers()) {
            return false;
        }
        let mut any = false;
        for group in 0..self.groups.len() {
            let (mut at, until) = (now, now.plus(SLICE));
            for _ in 0..IN_A_ROW {
                let Self { groups, clients, engine, .. } = self;
                let WorkerGroup { driver, sessions, .. } = &mut groups[group];
                let sessions = sessions.as_deref();
                let Some(command) = driver.next(at, |slot| clients.view(slot, engine, sessions)) else { break };
                any = true;
                let after = self.carry_out(group, command);
                // What was due at a set time is overdue. What fills a window can wait its turn.
                if let Some(after) = after.filter(|_| !self.groups[group].driver.drops()) {
                    at = after;
                    if at >= until {
                        break;
                    }
                }
            }
        }
        any
    }

    /// Does what a read at `at` made due.
    #[inline]
    pub(super) fn replied(&mut self, slot: usize, at: Time) {
        let Self { groups, clients, engine, .. } = self;
        let group = clients.group_of(slot);
        let WorkerGroup { driver, sessions, .. } = &mut groups[group];
        if let Some(command) = driver.replied(slot, at, || clients.view(slot, engine, sessions.as_deref())) {
            self.carry_out(group, command);
        }
    }

    /// Carries out a command. Returns the time after it, if it took any.
    #[inline]
    fn carry_out(&mut self, group: usize, command: Command) -> Option<Time> {
        match command {
            Command::Send(command) => {
                let (sent, after) = self.send(group, &command);
                let WorkerGroup { driver, sessions, .. } = &mut self.groups[group];
                driver.sent(&command, sent);
                if let Some(sessions) = sessions {
                    sessions.schedule.sent(command.slot, sent);
                }
                after
            }
            Command::Drop(command) => {
                self.drop_messages(group, command);
                None
            }
            Command::Skip { slot, messages } => {
                self.skip(group, slot, messages);
                None
            }
            Command::Miss(slot) => {
                self.missed(slot);
                None
            }
        }
    }

    /// Sends messages, until too many bytes are unsent. Returns how many were sent, and the time
    /// after the last write.
    fn send(&mut self, group: usize, command: &SendCommand) -> (u32, Option<Time>) {
        let Self { groups, clients, engine, clock, checksums, rooms, .. } = self;
        let WorkerGroup { config, outcome, progress, write_at_once, most_unsent, has_rooms, .. } = &mut groups[group];
        let Client { ledger, compresses, .. } = &mut clients.all[command.slot];
        let source = config.expectation.source.of(ledger.client());
        let (write_at_once, most_unsent, compresses) = (*write_at_once, *most_unsent, *compresses);
        let recorder = &mut outcome.recorder;
        if let Some(rooms) = rooms.as_deref_mut().filter(|_| *has_rooms) {
            let log = &mut rooms.sends(command.slot);
            return Burst { log, recorder, engine, clock, checksums, write_at_once, most_unsent, compresses }
                .send_any(command, &source);
        }
        let burst = Burst { log: ledger, recorder, engine, clock, checksums, write_at_once, most_unsent, compresses };
        let (sent, after) = burst.send_any(command, &source);
        progress.in_flight += u64::from(sent);
        (sent, after)
    }

    /// Drops messages that were due. They take their sequences.
    fn drop_messages(&mut self, group: usize, command: DropCommand) {
        let DropCommand { slot, due, messages, cause } = command;
        self.skip(group, slot, messages);
        self.groups[group].outcome.recorder.dropped(due, messages.into(), cause);
        if cause == DropCause::DeadConnection {
            self.missed(slot);
        }
    }

    /// Messages that are not sent take their sequences.
    fn skip(&mut self, group: usize, slot: usize, messages: u32) {
        match &mut self.rooms {
            Some(rooms) if self.groups[group].has_rooms => rooms.dropped(slot, messages.into()),
            _ => self.clients.all[slot].ledger.skip(messages.into()),
        }
    }

    /// Drops what was due in the load and is not sent.
    pub(super) fn drop_what_is_left(&mut self) {
        for group in 0..self.groups.len() {
            loop {
                let Self { groups, clients, engine, .. } = self;
                let WorkerGroup { driver, sessions, .. } = &mut groups[group];
                let sessions = sessions.as_deref();
                let Some(command) = driver.next_left(|slot| clients.view(slot, engine, sessions)) else { break };
                self.carry_out(group, command);
            }
        }
    }
}
