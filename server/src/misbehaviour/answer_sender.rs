//! Does what happens to answers on their detour: sends them when they are due, to the wrong peer, late, or not at all.

use std::{net::SocketAddr, rc::Rc, task::Context, time::Instant};

use frames::{Encoder, Message};

use crate::{
    connection::closing::Ending,
    misbehaviour::answer_queue::AnswerQueue,
    misbehaviour::fault::{AnswerAction, Fault, FaultKind, Misrouted},
    misbehaviour::message::OwnedMessage,
    registry::TrackedConnection,
    workers::worker::Worker,
};

/// Carries the answers of one connection.
#[derive(Debug)]
pub(crate) struct AnswerSender {
    detour: Box<AnswerQueue>,
    /// Number of the last read that brought something.
    read: u64,
    /// When the timer will wake the connection's task.
    armed: Option<Instant>,
    /// Bytes of frames that were sent before those which are being encoded.
    sent: u64,
    /// What was done, and how many bytes of frames had been sent when it was.
    done: Vec<(u64, Fault)>,
    watched: Rc<TrackedConnection>,
    worker: Rc<Worker>,
}

impl AnswerSender {
    /// From now on other connections may have this one deliver what is not its own.
    pub(crate) fn new(detour: Box<AnswerQueue>, watched: Rc<TrackedConnection>, worker: Rc<Worker>) -> Self {
        watched.take_mail_from_others(true);
        Self { detour, read: 0, armed: None, sent: 0, done: Vec::new(), watched, worker }
    }

    /// What is taken from now on was completed by another read.
    pub(crate) fn begin_read(&mut self) {
        self.read += 1;
    }

    /// Takes the answer to a message on the detour.
    pub(crate) fn take(&mut self, message: Message<'_>) {
        let answer = self.worker.reply.as_ref().map_or_else(|| OwnedMessage::echo(message), OwnedMessage::text);
        self.detour.take(answer, self.read, Instant::now());
    }

    /// Payload bytes that wait for their time.
    pub(crate) fn bytes(&self) -> usize {
        self.detour.bytes()
    }

    /// Payload bytes that it holds.
    pub(crate) fn held(&self) -> usize {
        self.detour.held()
    }

    /// Sends what is due, and sees to it that the task is woken when more is.
    ///
    /// # Errors
    /// When the connection ends with that.
    pub(crate) fn send_due(&mut self, out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        for misrouted in self.watched.mail() {
            misrouted.answer.encode(out);
            let fault = fault(FaultKind::Misroute, &misrouted, Some(self.watched.peer));
            self.done.push((self.sent + out.len() as u64, fault));
        }
        loop {
            let step = self.detour.next(Instant::now());
            self.note_faults(out);
            let Some(step) = step else { break };
            match step {
                AnswerAction::Send(answer) => answer.encode(out),
                AnswerAction::Misroute(misrouted) => {
                    match self.worker.registry.neighbour(misrouted.peer, misrouted.lot) {
                        Some(neighbour) => neighbour.post(misrouted),
                        None => misrouted.answer.encode(out),
                    }
                }
                AnswerAction::Reset => return Err(Ending::Reset),
                AnswerAction::Close => return Err(Ending::Hostile),
                AnswerAction::SendLate(_) => unreachable!("it waits for the peer's Close"),
                AnswerAction::Done(_) => unreachable!("the detour keeps it"),
            }
        }
        let due = self.detour.due();
        if let Some(at) = due
            && self.armed != due
        {
            self.worker.wake_at(at, cx.waker());
        }
        self.armed = due;
        Ok(())
    }

    /// Sends what is left, due or not: a Close comes next.
    pub(crate) fn send_rest(&mut self, out: &mut Encoder) {
        self.detour.rest().iter().for_each(|answer| answer.encode(out));
        self.note_faults(out);
    }

    /// Notes that `bytes` of frames were sent, or wait for TCP to take them.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// What was done until now is in what was sent, or in `out`.
    fn note_faults(&mut self, out: &Encoder) {
        let sent = self.sent + out.len() as u64;
        self.done.extend(self.detour.take_faults().into_iter().map(|fault| (sent, fault)));
    }

    /// The connection takes and sends no messages any more: what was done wrong on it.
    pub(crate) fn settle(self) -> FaultRecord {
        self.watched.take_mail_from_others(false);
        for misrouted in self.watched.mail() {
            self.worker.count(|stats| stats.faults.push(fault(FaultKind::Drop, &misrouted, None)));
        }
        FaultRecord { done: self.done, sent: self.sent }
    }
}

/// What was done wrong on a connection that ends.
#[derive(Debug)]
pub(crate) struct FaultRecord {
    done: Vec<(u64, Fault)>,
    sent: u64,
}

impl FaultRecord {
    /// What the peer could see of it: `behind` more bytes were sent for the end, and of all bytes `left` have not reached it. An
    /// end on purpose is seen in any case.
    pub(crate) fn seen(self, behind: usize, left: usize) -> impl Iterator<Item = Fault> {
        let arrived = (self.sent + behind as u64).saturating_sub(left as u64);
        let seen = move |sent, kind| sent <= arrived || matches!(kind, FaultKind::Die | FaultKind::Close);
        self.done.into_iter().filter(move |(sent, fault)| seen(*sent, fault.kind)).map(|(_, fault)| fault)
    }
}

fn fault(kind: FaultKind, misrouted: &Misrouted, to: Option<SocketAddr>) -> Fault {
    Fault { peer: misrouted.peer, message: misrouted.message, kind, with: None, to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_reach_the_peer_was_not_seen() {
        let fault = |message, kind| Fault { peer: ([127, 0, 0, 1], 1).into(), message, kind, with: None, to: None };
        let (first, second, end) =
            (fault(0, FaultKind::Duplicate), fault(1, FaultKind::Duplicate), fault(2, FaultKind::Die));
        for (behind, left, seen) in [(0, 0, 3), (0, 1, 2), (4, 4, 3), (4, 5, 2), (0, 100, 2), (0, 101, 1), (0, 1000, 1)]
        {
            let done = vec![(100, first.clone()), (200, second.clone()), (200, end.clone())];
            let record = FaultRecord { done, sent: 200 };
            assert_eq!(record.seen(behind, left).count(), seen, "{behind} {left}");
        }
    }
}
