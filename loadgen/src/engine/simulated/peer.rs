//! What a peer does with a message that it takes.

use super::{
    EndScript, Fault, Simulated,
    connection::{ConnectionState, PeerEvent},
};
use crate::{clock::Time, message::MessageKind};

impl Simulated {
    /// The peer takes a message at `at`.
    pub(super) fn reply(&mut self, slot: usize, at: Time, kind: MessageKind, bytes: Vec<u8>) {
        if !self.knows(slot, at, &bytes) {
            self.echo(slot, at, kind, bytes);
        }
    }

    /// What the peer does with a text that it knows. False if it does not know it.
    fn knows(&mut self, slot: usize, at: Time, bytes: &[u8]) -> bool {
        let Ok(text) = str::from_utf8(bytes) else { return false };
        let replies = self.peer(slot).replies.get(text).cloned();
        let closes = self.peer(slot).closes_on.get(text).copied();
        if replies.is_none() && closes.is_none() {
            return false;
        }
        self.script.heard.borrow_mut().push((slot, text.to_owned()));
        for (after, reply) in replies.into_iter().flatten() {
            self.schedule(at.plus(after), slot, PeerEvent::text(reply));
        }
        if let Some(code) = closes {
            self.schedule(at, slot, PeerEvent::End(EndScript::Close(code).into()));
        }
        true
    }

    fn echo(&mut self, slot: usize, at: Time, kind: MessageKind, bytes: Vec<u8>) {
        let number = self.connections[slot].received;
        self.connections[slot].received += 1;
        let peer = self.peer(slot);
        if at >= peer.silent_from {
            return;
        }
        let (at, fault) = (at.plus(peer.delay), peer.faults.get(&number).copied());
        if self.script.rooms.is_some() {
            return self.broadcast(slot, number, at, kind, &bytes);
        }
        self.deliver(slot, at, kind, bytes, fault);
    }

    /// Sends a message that came from `sender` to everyone in its room.
    fn broadcast(&mut self, sender: usize, number: u64, at: Time, kind: MessageKind, bytes: &[u8]) {
        let Some(rooms) = self.script.rooms.clone() else { return };
        let mut at = at;
        for slot in 0..self.connections.len() {
            let is_heard = rooms.rooms[slot] == rooms.rooms[sender] && (rooms.own || slot != sender);
            let is_open = matches!(self.connections[slot].state, ConnectionState::Open | ConnectionState::Closing);
            if is_heard && rooms.keeps && !is_open {
                self.connections[slot].kept.push((kind, bytes.to_vec()));
            } else if is_heard && is_open {
                let fault = rooms.faults.get(&(sender, number, slot)).copied();
                self.deliver(slot, at, kind, bytes.to_vec(), fault);
                at = at.plus(rooms.stagger);
            }
        }
    }

    /// Sends a message to a connection.
    fn deliver(&mut self, slot: usize, at: Time, kind: MessageKind, bytes: Vec<u8>, fault: Option<Fault>) {
        let message = |bytes| PeerEvent::Message(kind, bytes);
        match fault {
            None => self.schedule(at, slot, message(bytes)),
            Some(Fault::Lose) => {}
            Some(Fault::Duplicate) => {
                self.schedule(at, slot, message(bytes.clone()));
                self.schedule(at, slot, message(bytes));
            }
            Some(Fault::Repeat(nanos)) => {
                self.schedule(at, slot, message(bytes.clone()));
                self.schedule(at.plus(nanos), slot, message(bytes));
            }
            Some(Fault::Corrupt) => {
                let mut bytes = bytes;
                if let Some(last) = bytes.last_mut() {
                    *last = if *last == b'#' { b'%' } else { b'#' };
                }
                self.schedule(at, slot, message(bytes));
            }
            Some(Fault::Misroute(other)) => {
                let other = other % self.connections.len();
                if matches!(self.connections[other].state, ConnectionState::Open | ConnectionState::Closing) {
                    self.schedule(at, other, message(bytes));
                }
            }
            Some(Fault::Delay(nanos)) => self.schedule(at.plus(nanos), slot, message(bytes)),
            Some(Fault::Withhold(nanos)) => {
                self.schedule(at, slot, PeerEvent::Part(bytes.len() as u64 / 2));
                self.schedule(at.plus(nanos), slot, message(bytes));
            }
        }
    }
}
