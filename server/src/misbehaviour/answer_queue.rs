//! The answers of one connection that do not go out at once: first come the faults, then the delay.

use std::{collections::VecDeque, mem, time::Instant};

use super::{
    delay::DelaySource,
    fault::{AnswerAction, Fault, Injector},
    message::{Origin, OwnedMessage},
};

/// The answers of one connection, until they are due.
#[derive(Debug)]
pub(super) struct AnswerQueue {
    injector: Option<Injector>,
    delays: Option<DelaySource>,
    /// What goes out next. Each entry is due no earlier than the one before it.
    queue: VecDeque<(Instant, AnswerAction)>,
    /// Answers that wait for the peer's Close, and the faults that this is.
    late: Vec<OwnedMessage>,
    late_faults: Vec<Fault>,
    late_bytes: usize,
    /// Payload bytes in `queue`.
    bytes: usize,
    /// Faults whose answers have gone out.
    done: Vec<Fault>,
}

impl AnswerQueue {
    pub(super) fn new(injector: Option<Injector>, delays: Option<DelaySource>) -> Self {
        Self {
            injector,
            delays,
            queue: VecDeque::new(),
            late: Vec::new(),
            late_faults: Vec::new(),
            late_bytes: 0,
            bytes: 0,
            done: Vec::new(),
        }
    }

    /// Takes the answer to the message `origin`, which read number `read` completed.
    pub(super) fn push(&mut self, answer: OwnedMessage, origin: Origin, read: u64, now: Instant) {
        let Some(injector) = &mut self.injector else { return self.enqueue(AnswerAction::Send(answer), now) };
        let (actions, faults) = (injector.arrive(answer, origin, read, now), injector.take_done());
        if actions.iter().any(|action| matches!(action, AnswerAction::SendLate(_))) {
            self.late_faults.extend(faults);
            self.enqueue_all(actions, now);
        } else if actions.iter().any(|action| matches!(action, AnswerAction::Reset | AnswerAction::Close)) {
            // Nothing is read from the queue after these.
            self.enqueue_all(faults.into_iter().map(AnswerAction::Done).chain(actions), now);
        } else {
            self.enqueue_all(actions.into_iter().chain(faults.into_iter().map(AnswerAction::Done)), now);
        }
    }

    fn enqueue_all(&mut self, actions: impl IntoIterator<Item = AnswerAction>, now: Instant) {
        actions.into_iter().for_each(|action| self.enqueue(action, now));
    }

    fn enqueue(&mut self, action: AnswerAction, now: Instant) {
        if let AnswerAction::SendLate(answer) = action {
            self.late_bytes += answer.len();
            return self.late.push(answer);
        }
        self.bytes += payload_bytes(&action);
        // A note of a fault follows its answer at once, and draws no delay.
        let delays = self.delays.as_mut().filter(|_| !matches!(action, AnswerAction::Done(_)));
        let due = delays.map_or(now, |delays| now + delays.draw());
        let due = self.queue.back().map_or(due, |&(last, _)| due.max(last));
        self.queue.push_back((due, action));
    }

    /// What goes out now, if anything is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<AnswerAction> {
        if let Some(action) = self.injector.as_mut().and_then(|injector| injector.release(now)) {
            self.enqueue(action, now);
        }
        while self.queue.front().is_some_and(|&(due, _)| due <= now) {
            let (_, action) = self.queue.pop_front()?;
            self.bytes -= payload_bytes(&action);
            match action {
                AnswerAction::Done(fault) => self.done.push(fault),
                action => return Some(action),
            }
        }
        None
    }

    /// When [`Self::pop_due`] next has something to give.
    pub(super) fn due(&self) -> Option<Instant> {
        let queued = self.queue.front().map(|&(due, _)| due);
        let held = self.injector.as_ref().and_then(Injector::due);
        queued.into_iter().chain(held).min()
    }

    /// Payload bytes that wait for their time.
    ///
    /// Answers that wait for the peer's Close do not count. If they stopped the server from
    /// reading, the Close would never be read.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.bytes
    }

    /// All payload bytes that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes + self.late_bytes
    }

    /// All answers that are left, due or not, the late ones last.
    pub(super) fn drain(&mut self) -> Vec<OwnedMessage> {
        let queue = mem::take(&mut self.queue).into_iter();
        let done = &mut self.done;
        let queued = queue.filter_map(|(_, action)| match action {
            AnswerAction::Send(answer) => Some(answer),
            // It goes to its own peer after all, so this is no fault.
            AnswerAction::Misroute(misrouted) => Some(misrouted.answer),
            AnswerAction::Done(fault) => {
                done.push(fault);
                None
            }
            AnswerAction::SendLate(_) | AnswerAction::Reset | AnswerAction::Close => None,
        });
        let held = self.injector.as_mut().and_then(Injector::give_up);
        let rest = queued.chain(held).chain(mem::take(&mut self.late)).collect();
        self.done.append(&mut self.late_faults);
        (self.bytes, self.late_bytes) = (0, 0);
        rest
    }

    /// The faults done, since the last call, to answers that have gone out.
    pub(super) fn take_done(&mut self) -> Vec<Fault> {
        mem::take(&mut self.done)
    }
}

fn payload_bytes(action: &AnswerAction) -> usize {
    match action {
        AnswerAction::Send(answer) | AnswerAction::SendLate(answer) => answer.len(),
        AnswerAction::Misroute(misrouted) => misrouted.answer.len(),
        AnswerAction::Reset | AnswerAction::Close | AnswerAction::Done(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, rc::Rc, time::Duration};

    use super::*;
    use crate::misbehaviour::{Delay, DelayShape, FaultKind, Faults};

    const MEAN: Duration = Duration::from_millis(10);
    const ORIGIN: Origin =
        Origin { peer: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000), message: 0 };

    fn delays(shape: DelayShape) -> DelaySource {
        DelaySource::new(Delay { mean: MEAN, shape }, 1, 0)
    }

    fn always(kind: FaultKind) -> Injector {
        let faults = Faults::new([(kind, 1.0)]).expect("a chance");
        Injector::new(Rc::new(faults), 1, 0, None)
    }

    fn text(number: usize) -> OwnedMessage {
        OwnedMessage::text(number.to_string())
    }

    #[test]
    fn a_fixed_delay_is_kept_to_the_instant() {
        let (mut queue, start) = (AnswerQueue::new(None, Some(delays(DelayShape::Fixed))), Instant::now());
        assert_eq!(queue.due(), None);
        queue.push(text(0), ORIGIN, 0, start);
        queue.push(text(1), ORIGIN, 0, start + MEAN / 2);
        assert_eq!((queue.waiting_bytes(), queue.due()), (2, Some(start + MEAN)));
        assert_eq!(queue.pop_due(start + MEAN.saturating_sub(Duration::from_nanos(1))), None);
        assert_eq!(queue.pop_due(start + MEAN), Some(AnswerAction::Send(text(0))));
        assert_eq!(queue.pop_due(start + MEAN), None);
        assert_eq!((queue.waiting_bytes(), queue.due()), (1, Some(start + MEAN + MEAN / 2)));
    }

    #[test]
    fn delays_do_not_reorder() {
        let (mut queue, start) = (AnswerQueue::new(None, Some(delays(DelayShape::Exponential))), Instant::now());
        (0..100).for_each(|number| queue.push(text(number), ORIGIN, 0, start));
        let end = start + 100 * MEAN;
        for number in 0..100 {
            assert_eq!(queue.pop_due(end), Some(AnswerAction::Send(text(number))));
        }
        assert_eq!((queue.waiting_bytes(), queue.due()), (0, None));
    }

    #[test]
    fn an_answer_held_for_a_fault_is_due_after_a_while() {
        let (mut queue, start) = (AnswerQueue::new(Some(always(FaultKind::Reorder)), None), Instant::now());
        queue.push(text(0), ORIGIN, 0, start);
        let due = queue.due().expect("it does not wait forever");
        assert_eq!(queue.pop_due(start), None);
        assert_eq!(queue.pop_due(due), Some(AnswerAction::Send(text(0))));
        assert_eq!(queue.take_done(), []);
    }

    #[test]
    fn draining_gives_unharmed_what_waits_for_a_fault() {
        for kind in [FaultKind::Coalesce, FaultKind::Reorder, FaultKind::Misroute] {
            let (mut queue, start) =
                (AnswerQueue::new(Some(always(kind)), Some(delays(DelayShape::Fixed))), Instant::now());
            queue.push(text(0), ORIGIN, 0, start);
            assert_eq!(queue.drain(), [text(0)], "{kind}");
            assert_eq!((queue.take_done(), queue.due()), (vec![], None));
        }
    }

    #[test]
    fn late_answers_come_last_when_drained() {
        let (mut queue, start) = (AnswerQueue::new(Some(always(FaultKind::Late)), None), Instant::now());
        queue.push(text(0), ORIGIN, 0, start);
        assert_eq!((queue.pop_due(start + 1000 * MEAN), queue.due(), queue.waiting_bytes()), (None, None, 0));
        assert_eq!(queue.drain(), [text(0)]);
        assert_eq!((queue.drain(), queue.waiting_bytes()), (vec![], 0));
        assert_eq!(queue.take_done().len(), 1);
    }

    #[test]
    fn a_fault_is_done_once_its_answers_have_gone_out() {
        let delays = delays(DelayShape::Fixed);
        let (mut queue, start) = (AnswerQueue::new(Some(always(FaultKind::Duplicate)), Some(delays)), Instant::now());
        queue.push(text(0), ORIGIN, 0, start);
        assert_eq!((queue.pop_due(start), queue.take_done()), (None, vec![]));
        assert_eq!(queue.pop_due(start + MEAN), Some(AnswerAction::Send(text(0))));
        assert_eq!(queue.pop_due(start + MEAN), Some(AnswerAction::Send(text(0))));
        assert_eq!(queue.take_done(), []);
        assert_eq!(queue.pop_due(start + MEAN), None);
        assert_eq!(queue.take_done().len(), 1);
        // A reset is noted together with its fault, as nothing follows it.
        let mut queue = AnswerQueue::new(Some(always(FaultKind::Die)), None);
        queue.push(text(0), ORIGIN, 0, start);
        assert_eq!((queue.pop_due(start), queue.take_done().len()), (Some(AnswerAction::Reset), 1));
    }
}
