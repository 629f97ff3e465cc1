//! Does what happens to answers on their detour: sends them when they are due, to the wrong peer, late, or not at all.

use std::{net::SocketAddr, rc::Rc, task::Context, time::Instant};

use frames::{Encoder, Message};

use crate::{
    answer::Answer,
    closing::Ending,
    detour::Detour,
    fault::{Fault, FaultKind, Misrouted, Step},
    registry::Watched,
    worker::Worker,
};

/// Carries the answers of one connection.
#[derive(Debug)]
pub(crate) struct Courier {
    detour: Box<Detour>,
    /// Number of the last read that brought something.
    read: u64,
    /// When the timer will wake the connection's task.
    armed: Option<Instant>,
    watched: Rc<Watched>,
    worker: Rc<Worker>,
}

impl Courier {
    /// From now on other connections may have this one deliver what is not its own.
    pub(crate) fn new(detour: Box<Detour>, watched: Rc<Watched>, worker: Rc<Worker>) -> Self {
        watched.take_mail_from_others(true);
        Self { detour, read: 0, armed: None, watched, worker }
    }

    /// What is taken from now on was completed by another read.
    pub(crate) fn begin_read(&mut self) {
        self.read += 1;
    }

    /// Takes the answer to a message on the detour.
    pub(crate) fn take(&mut self, message: Message<'_>) {
        let answer = self.worker.reply.as_ref().map_or_else(|| Answer::echo(message), Answer::text);
        self.detour.take(answer, self.read, Instant::now());
    }

    /// Payload bytes that wait for their time.
    pub(crate) fn bytes(&self) -> usize {
        self.detour.bytes()
    }

    /// Sends what is due, and sees to it that the task is woken when more is.
    ///
    /// # Errors
    /// When the connection ends with that.
    pub(crate) fn send_due(&mut self, out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        for misrouted in self.watched.mail() {
            self.record(FaultKind::Misroute, &misrouted, Some(self.watched.peer));
            misrouted.answer.encode(out);
        }
        while let Some(step) = self.detour.next(Instant::now()) {
            match step {
                Step::Send(answer) => answer.encode(out),
                Step::Misroute(misrouted) => match self.worker.registry.neighbour(misrouted.peer, misrouted.lot) {
                    Some(neighbour) => neighbour.post(misrouted),
                    None => misrouted.answer.encode(out),
                },
                Step::Reset => return Err(Ending::Reset),
                Step::Close => return Err(Ending::Hostile),
                Step::SendLate(_) => unreachable!("it waits for the peer's Close"),
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
    }

    /// The connection takes and sends no messages any more: writes down what was done wrong on it.
    pub(crate) fn settle(mut self) {
        self.watched.take_mail_from_others(false);
        for misrouted in self.watched.mail() {
            self.record(FaultKind::Drop, &misrouted, None);
        }
        self.worker.count(|stats| stats.faults.extend(self.detour.take_faults()));
    }

    fn record(&self, kind: FaultKind, misrouted: &Misrouted, to: Option<SocketAddr>) {
        let fault = Fault { peer: misrouted.peer, message: misrouted.message, kind, with: None, to };
        self.worker.count(|stats| stats.faults.push(fault));
    }
}
