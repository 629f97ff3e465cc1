//! Sends the answers of a connection that misbehaves: when they are due, late, or to the wrong
//! peer.

use std::{net::SocketAddr, rc::Rc, task::Context, time::Instant};

use frames::{Encoder, Message};

use super::{
    answer_queue::AnswerQueue,
    fault::{AnswerAction, Fault, FaultKind, Misrouted},
    message::{Origin, OwnedMessage},
    neighbours::{Neighbour, Neighbours},
    timer::WakeTimer,
};
use crate::compression::Compressor;

/// How a fault ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultyEnd {
    /// With a reset.
    Reset,
    /// With a Close that has a [hostile reason](super::HOSTILE_REASON).
    HostileClose,
}

/// Sends the answers of one connection.
#[derive(Debug)]
pub(crate) struct AnswerSender {
    queue: AnswerQueue,
    connection: u64,
    peer: SocketAddr,
    timer: Rc<WakeTimer>,
    neighbours: Rc<Neighbours>,
    /// This connection among the neighbours. `None` before it has sent anything.
    neighbour: Option<Rc<Neighbour>>,
    /// Number of the last read that brought something.
    read: u64,
    /// The number of the next message that came on this connection.
    next: u64,
    /// When the timer will wake the connection's task.
    wakes_at: Option<Instant>,
    /// Compresses what is sent, where the connection has agreed on that.
    compressor: Option<Box<Compressor>>,
    /// Bytes of frames that were sent, without those that are being encoded.
    sent: u64,
    /// Each fault, with the bytes of frames that were sent when it had been done.
    done: Vec<(u64, Fault)>,
}

impl AnswerSender {
    pub(super) fn new(
        queue: AnswerQueue,
        connection: u64,
        peer: SocketAddr,
        timer: &Rc<WakeTimer>,
        neighbours: &Rc<Neighbours>,
    ) -> Self {
        let (timer, neighbours) = (Rc::clone(timer), Rc::clone(neighbours));
        let (neighbour, read, next, wakes_at, compressor) = (None, 0, 0, None, None);
        let (sent, done) = (0, Vec::new());
        Self { queue, connection, peer, timer, neighbours, neighbour, read, next, wakes_at, compressor, sent, done }
    }

    /// Lets other connections give this one answers to send, as its WebSocket is open now. Those of
    /// the same `room` don't, if it has one.
    ///
    /// What is sent is compressed if there is a `compressor`.
    pub(crate) fn open(&mut self, room: Option<u64>, compressor: Option<Box<Compressor>>, cx: &Context<'_>) {
        self.compressor = compressor;
        self.neighbour = Some(self.neighbours.join(self.connection, room, cx.waker()));
    }

    /// Counts a read. The messages that follow were completed by it.
    pub(crate) fn begin_read(&mut self) {
        self.read += 1;
    }

    /// Takes the answer to the next message of this connection.
    pub(crate) fn push(&mut self, answer: OwnedMessage) {
        let origin = Origin { peer: self.peer, message: self.next };
        self.next += 1;
        self.queue.push(answer, origin, self.read, Instant::now());
    }

    /// Takes the message `origin` of any connection, which is broadcast to this one. Read number
    /// `read` completed it. No two reads have the same number.
    pub(crate) fn push_broadcast(&mut self, message: Message<'_>, origin: Origin, read: u64) {
        self.queue.push(OwnedMessage::copy(message), origin, read, Instant::now());
    }

    /// Payload bytes that wait for their time.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.queue.waiting_bytes()
    }

    /// All payload bytes that it holds, and the memory for compression.
    pub(crate) fn held_bytes(&self) -> usize {
        self.queue.held_bytes() + self.compressor.as_ref().map_or(0, |compressor| compressor.held_bytes())
    }

    /// Sends what is due, and has the task woken when more is.
    ///
    /// # Errors
    /// If a fault ends the connection here.
    pub(crate) fn send_due(&mut self, out: &mut Encoder, cx: &Context<'_>) -> Result<(), FaultyEnd> {
        for misrouted in self.neighbour.iter().flat_map(|neighbour| neighbour.take()) {
            misrouted.answer.encode(out, &mut self.compressor);
            let fault = misrouted.fault(FaultKind::Misroute, Some(self.peer));
            self.done.push((self.sent + out.len() as u64, fault));
        }
        loop {
            let action = self.queue.pop_due(Instant::now());
            self.note_faults(out);
            let Some(action) = action else { break };
            match action {
                AnswerAction::Send(answer) => answer.encode(out, &mut self.compressor),
                AnswerAction::Misroute(misrouted) => self.misroute(misrouted, out),
                AnswerAction::Reset => return Err(FaultyEnd::Reset),
                AnswerAction::Close => return Err(FaultyEnd::HostileClose),
                AnswerAction::SendLate(_) => unreachable!("it waits for the peer's Close"),
                AnswerAction::Done(_) => unreachable!("the queue keeps it"),
            }
        }
        let due = self.queue.due();
        if let Some(at) = due
            && self.wakes_at != due
        {
            self.timer.wake_at(at, cx.waker());
        }
        self.wakes_at = due;
        Ok(())
    }

    fn misroute(&mut self, misrouted: Misrouted, out: &mut Encoder) {
        match self.neighbours.other_than(self.connection, misrouted.lot) {
            Some(neighbour) => neighbour.give(misrouted),
            None => misrouted.answer.encode(out, &mut self.compressor),
        }
    }

    /// Sends what is left, due or not, as a Close comes next.
    pub(crate) fn send_rest(&mut self, out: &mut Encoder) {
        self.queue.drain().iter().for_each(|answer| answer.encode(out, &mut self.compressor));
        self.note_faults(out);
    }

    /// Counts `bytes` of frames that were sent, or wait for TCP to take them.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// Notes the faults whose answers were sent, or are in `out`.
    fn note_faults(&mut self, out: &Encoder) {
        let sent = self.sent + out.len() as u64;
        self.done.extend(self.queue.take_done().into_iter().map(|fault| (sent, fault)));
    }

    /// Ends the sending of answers.
    ///
    /// Returns the faults that this does to other connections, whose answers are dropped here, and
    /// the record of the faults on this one.
    pub(crate) fn close(self) -> (Vec<Fault>, FaultRecord) {
        self.neighbours.leave(self.connection);
        let never_sent = self.neighbour.iter().flat_map(|neighbour| neighbour.take());
        let dropped = never_sent.map(|misrouted| misrouted.fault(FaultKind::Drop, None)).collect();
        (dropped, FaultRecord { done: self.done, sent: self.sent })
    }
}

/// The faults on a connection that ends.
#[derive(Debug)]
pub(crate) struct FaultRecord {
    done: Vec<(u64, Fault)>,
    sent: u64,
}

impl FaultRecord {
    /// The faults that the peer could see.
    ///
    /// `closing` more bytes were sent for the end of the connection. Of all bytes, `unreached` have
    /// not reached the peer. A reset or Close on purpose is seen in any case.
    pub(crate) fn seen(self, closing: usize, unreached: usize) -> impl Iterator<Item = Fault> {
        let arrived = (self.sent + closing as u64).saturating_sub(unreached as u64);
        let seen = move |sent, kind| sent <= arrived || matches!(kind, FaultKind::Die | FaultKind::Close);
        self.done.into_iter().filter(move |(sent, fault)| seen(*sent, fault.kind)).map(|(_, fault)| fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_did_not_reach_the_peer_is_not_seen() {
        let peer = ([127, 0, 0, 1], 1).into();
        let fault = |message, kind| Fault::new(kind, Origin { peer, message }, None);
        let (first, second, end) =
            (fault(0, FaultKind::Duplicate), fault(1, FaultKind::Duplicate), fault(2, FaultKind::Die));
        for (closing, unreached, seen) in
            [(0, 0, 3), (0, 1, 2), (4, 4, 3), (4, 5, 2), (0, 100, 2), (0, 101, 1), (0, 1000, 1)]
        {
            let done = vec![(100, first.clone()), (200, second.clone()), (200, end.clone())];
            let record = FaultRecord { done, sent: 200 };
            assert_eq!(record.seen(closing, unreached).count(), seen, "{closing} {unreached}");
        }
    }
}
