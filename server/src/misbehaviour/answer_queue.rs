//! The way of answers that do not go out at once and unharmed: through the faults, then through the delay.

use std::{collections::VecDeque, time::Instant};

use crate::{
    misbehaviour::delay::Delays,
    misbehaviour::fault::{AnswerAction, Fault, Injector},
    misbehaviour::message::OwnedMessage,
};

/// The answers of one connection that are on their way.
#[derive(Debug)]
pub(crate) struct AnswerQueue {
    injector: Option<Injector>,
    delays: Option<Delays>,
    /// What goes out next, each no earlier than the one before it.
    queue: VecDeque<(Instant, AnswerAction)>,
    /// Answers that wait for the peer's Close.
    late: Vec<OwnedMessage>,
    /// What was done to those.
    late_faults: Vec<Fault>,
    /// Payload bytes in `late`.
    late_bytes: usize,
    /// Payload bytes in `queue`.
    bytes: usize,
    /// What was done with answers that have gone out.
    done: Vec<Fault>,
}

impl AnswerQueue {
    pub(crate) fn new(injector: Option<Injector>, delays: Option<Delays>) -> Self {
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

    /// Takes the answer to a message that read number `read` completed.
    pub(crate) fn take(&mut self, answer: OwnedMessage, read: u64, now: Instant) {
        match &mut self.injector {
            None => self.enqueue(AnswerAction::Send(answer), now),
            Some(injector) => {
                let (steps, faults) = (injector.arrive(answer, read, now), injector.take_done());
                if steps.iter().any(|step| matches!(step, AnswerAction::SendLate(_))) {
                    self.late_faults.extend(faults);
                } else if steps.iter().any(|step| matches!(step, AnswerAction::Reset | AnswerAction::Close)) {
                    // Nothing comes behind these.
                    return self.enqueue_all(faults.into_iter().map(AnswerAction::Done).chain(steps), now);
                } else {
                    return self.enqueue_all(steps.into_iter().chain(faults.into_iter().map(AnswerAction::Done)), now);
                }
                self.enqueue_all(steps, now);
            }
        }
    }

    fn enqueue_all(&mut self, steps: impl IntoIterator<Item = AnswerAction>, now: Instant) {
        steps.into_iter().for_each(|step| self.enqueue(step, now));
    }

    fn enqueue(&mut self, step: AnswerAction, now: Instant) {
        if let AnswerAction::SendLate(answer) = step {
            self.late_bytes += answer.len();
            return self.late.push(answer);
        }
        self.bytes += payload(&step);
        // A record has its place behind what it tells of, and draws nothing.
        let delays = self.delays.as_mut().filter(|_| !matches!(step, AnswerAction::Done(_)));
        let due = delays.map_or(now, |delays| now + delays.draw());
        let due = self.queue.back().map_or(due, |&(last, _)| due.max(last));
        self.queue.push_back((due, step));
    }

    /// What goes out now, if anything does.
    pub(crate) fn next(&mut self, now: Instant) -> Option<AnswerAction> {
        if let Some(step) = self.injector.as_mut().and_then(|injector| injector.release(now)) {
            self.enqueue(step, now);
        }
        while self.queue.front().is_some_and(|&(due, _)| due <= now) {
            let (_, step) = self.queue.pop_front()?;
            self.bytes -= payload(&step);
            match step {
                AnswerAction::Done(fault) => self.done.push(fault),
                step => return Some(step),
            }
        }
        None
    }

    /// When [`Self::next`] has something to give.
    pub(crate) fn due(&self) -> Option<Instant> {
        let queued = self.queue.front().map(|&(due, _)| due);
        let held = self.injector.as_ref().and_then(Injector::due);
        queued.into_iter().chain(held).min()
    }

    /// Payload bytes that wait for their time. Those that wait for the peer's Close are left out: to stop reading for
    /// them would be to wait forever.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Payload bytes that it holds, whatever they wait for.
    pub(crate) fn held(&self) -> usize {
        self.bytes + self.late_bytes
    }

    /// Everything that is left to be sent, the late ones last. For when there is no time to wait any more.
    pub(crate) fn rest(&mut self) -> Vec<OwnedMessage> {
        let queue = std::mem::take(&mut self.queue).into_iter();
        let done = &mut self.done;
        let queued = queue.filter_map(|(_, step)| match step {
            AnswerAction::Send(answer) => Some(answer),
            // It has gone nowhere yet, and nothing is written down of it.
            AnswerAction::Misroute(misrouted) => Some(misrouted.answer),
            AnswerAction::Done(fault) => {
                done.push(fault);
                None
            }
            AnswerAction::SendLate(_) | AnswerAction::Reset | AnswerAction::Close => None,
        });
        let held = self.injector.as_mut().and_then(Injector::give_up);
        let rest = queued.chain(held).chain(std::mem::take(&mut self.late)).collect();
        self.done.append(&mut self.late_faults);
        (self.bytes, self.late_bytes) = (0, 0);
        rest
    }

    /// The faults that were done, since the last call, with answers that [`Self::next`] or [`Self::rest`] has given out.
    pub(crate) fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.done)
    }
}

fn payload(step: &AnswerAction) -> usize {
    match step {
        AnswerAction::Send(answer) | AnswerAction::SendLate(answer) => answer.len(),
        AnswerAction::Misroute(misrouted) => misrouted.answer.len(),
        AnswerAction::Reset | AnswerAction::Close | AnswerAction::Done(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::{rc::Rc, time::Duration};

    use super::*;
    use crate::{
        misbehaviour::delay::{Delay, DelayShape},
        misbehaviour::fault::{FaultKind, Faults},
    };

    const MEAN: Duration = Duration::from_millis(10);

    fn delays(shape: DelayShape) -> Delays {
        Delays::new(Delay { mean: MEAN, shape }, 1, 0)
    }

    fn always(kind: FaultKind) -> Injector {
        let faults = Faults::new([(kind, 1.0)]).expect("a chance");
        Injector::new(Rc::new(faults), 1, 0, ([127, 0, 0, 1], 40_000).into())
    }

    fn text(number: usize) -> OwnedMessage {
        OwnedMessage::text(number.to_string())
    }

    #[test]
    fn a_fixed_delay_is_kept_to_the_instant() {
        let (mut detour, start) = (AnswerQueue::new(None, Some(delays(DelayShape::Fixed))), Instant::now());
        assert_eq!(detour.due(), None);
        detour.take(text(0), 0, start);
        detour.take(text(1), 0, start + MEAN / 2);
        assert_eq!((detour.bytes(), detour.due()), (2, Some(start + MEAN)));
        assert_eq!(detour.next(start + MEAN.saturating_sub(Duration::from_nanos(1))), None);
        assert_eq!(detour.next(start + MEAN), Some(AnswerAction::Send(text(0))));
        assert_eq!(detour.next(start + MEAN), None);
        assert_eq!((detour.bytes(), detour.due()), (1, Some(start + MEAN + MEAN / 2)));
    }

    #[test]
    fn delays_do_not_reorder() {
        let (mut detour, start) = (AnswerQueue::new(None, Some(delays(DelayShape::Exponential))), Instant::now());
        (0..100).for_each(|number| detour.take(text(number), 0, start));
        let end = start + 100 * MEAN;
        for number in 0..100 {
            assert_eq!(detour.next(end), Some(AnswerAction::Send(text(number))));
        }
        assert_eq!((detour.bytes(), detour.due()), (0, None));
    }

    #[test]
    fn what_is_held_back_for_a_fault_is_due_as_well() {
        let (mut detour, start) = (AnswerQueue::new(Some(always(FaultKind::Reorder)), None), Instant::now());
        detour.take(text(0), 0, start);
        let due = detour.due().expect("it does not wait forever");
        assert_eq!(detour.next(start), None);
        assert_eq!(detour.next(due), Some(AnswerAction::Send(text(0))));
        assert_eq!(detour.take_faults(), []);
    }

    #[test]
    fn what_no_fault_was_done_to_yet_is_part_of_the_rest() {
        for kind in [FaultKind::Coalesce, FaultKind::Reorder, FaultKind::Misroute] {
            let (mut detour, start) =
                (AnswerQueue::new(Some(always(kind)), Some(delays(DelayShape::Fixed))), Instant::now());
            detour.take(text(0), 0, start);
            assert_eq!(detour.rest(), [text(0)], "{kind}");
            assert_eq!((detour.take_faults(), detour.due()), (vec![], None));
        }
    }

    #[test]
    fn what_is_late_comes_with_the_rest() {
        let (mut detour, start) = (AnswerQueue::new(Some(always(FaultKind::Late)), None), Instant::now());
        detour.take(text(0), 0, start);
        assert_eq!((detour.next(start + 1000 * MEAN), detour.due(), detour.bytes()), (None, None, 0));
        assert_eq!(detour.rest(), [text(0)]);
        assert_eq!((detour.rest(), detour.bytes()), (vec![], 0));
        assert_eq!(detour.take_faults().len(), 1);
    }

    #[test]
    fn a_fault_is_told_when_its_answers_have_gone_out() {
        let delays = delays(DelayShape::Fixed);
        let (mut detour, start) = (AnswerQueue::new(Some(always(FaultKind::Duplicate)), Some(delays)), Instant::now());
        detour.take(text(0), 0, start);
        assert_eq!((detour.next(start), detour.take_faults()), (None, vec![]));
        assert_eq!(detour.next(start + MEAN), Some(AnswerAction::Send(text(0))));
        assert_eq!(detour.next(start + MEAN), Some(AnswerAction::Send(text(0))));
        assert_eq!(detour.take_faults(), []);
        assert_eq!(detour.next(start + MEAN), None);
        assert_eq!(detour.take_faults().len(), 1);
        // That of a reset is told with it, as nothing comes behind it.
        let mut detour = AnswerQueue::new(Some(always(FaultKind::Die)), None);
        detour.take(text(0), 0, start);
        assert_eq!((detour.next(start), detour.take_faults().len()), (Some(AnswerAction::Reset), 1));
    }
}
