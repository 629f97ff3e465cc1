//! Decides which message of a connection suffers which fault. Pure: time is an argument, chance has
//! a seed.

use std::{
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{Fault, FaultKind, Faults, damage};
use crate::misbehaviour::message::{Origin, OwnedMessage};

/// Longest wait for the next message of the connection, where a fault needs one.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// What happens instead of one answer that goes out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnswerAction {
    /// A message is sent.
    Send(OwnedMessage),
    /// A message is sent once the peer has sent its Close.
    SendLate(OwnedMessage),
    /// A message is sent on another connection.
    Misroute(Misrouted),
    /// The connection is reset.
    Reset,
    /// The connection is closed with a hostile reason.
    Close,
    /// This fault has been done once everything before it is sent.
    Done(Fault),
}

/// An answer that goes to another connection than it should.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Misrouted {
    pub(crate) answer: OwnedMessage,
    pub(crate) origin: Origin,
    /// Who should have received it, where messages are broadcast.
    pub(crate) receiver: Option<SocketAddr>,
    /// A random number that chooses the other connection.
    pub(crate) lot: u64,
}

impl Misrouted {
    /// The fault of this answer, which was sent to the peer `to` if that is given.
    pub(crate) fn fault(&self, kind: FaultKind, to: Option<SocketAddr>) -> Fault {
        Fault { to, ..Fault::new(kind, self.origin, self.receiver) }
    }
}

/// The faults of one connection.
#[derive(Debug)]
pub(crate) struct Injector {
    faults: Rc<Faults>,
    /// The peer, where messages are broadcast to it.
    receiver: Option<SocketAddr>,
    rng: Xoshiro256PlusPlus,
    /// The read that completed the last message, and whether only its first message is answered.
    read: Option<u64>,
    first_only: bool,
    /// An answer that waits for the next one.
    held: Option<HeldAnswer>,
    ended: bool,
    /// What was done since this was last taken.
    done: Vec<Fault>,
}

#[derive(Debug)]
struct HeldAnswer {
    kind: FaultKind,
    origin: Origin,
    answer: OwnedMessage,
    until: Instant,
}

impl Injector {
    /// The faults of connection number `connection`. `receiver` is its peer where messages are
    /// broadcast to it. An equal seed and number draw equal faults.
    pub(crate) fn new(faults: Rc<Faults>, seed: u64, connection: u64, receiver: Option<SocketAddr>) -> Self {
        // Without this first generator, connection 1 of seed 2 would draw as connection 2 of seed
        // 1.
        let mut of_seed = Xoshiro256PlusPlus::seed_from_u64(seed);
        let rng = Xoshiro256PlusPlus::seed_from_u64(of_seed.random::<u64>() ^ connection);
        Self { faults, receiver, rng, read: None, first_only: false, held: None, ended: false, done: Vec::new() }
    }

    /// What happens, in this order, instead of sending `answer`, whose message is `origin` and was
    /// completed by read number `read`.
    pub(crate) fn arrive(
        &mut self,
        answer: OwnedMessage,
        origin: Origin,
        read: u64,
        now: Instant,
    ) -> Vec<AnswerAction> {
        let first = self.read.replace(read) != Some(read);
        // Each message draws, whatever comes of it, so that the fate of one does not change the
        // next draw.
        let kind = self.faults.pick(self.rng.random());
        if self.ended {
            return Vec::new();
        }
        if first {
            self.first_only = false;
        } else if self.first_only {
            self.note(FaultKind::FirstOnly, origin);
            return Vec::new();
        }
        if let Some(held) = self.held.take_if(|held| held.is_paired_by(origin)) {
            return self.damage_pair(held, origin, answer);
        }
        let is_taken = self.held.is_some();
        let kind = kind.filter(|kind| !(is_taken && kind.needs_two()));
        let Some(kind) = kind else { return vec![AnswerAction::Send(answer)] };
        match kind {
            FaultKind::FirstOnly => self.first_only = first,
            FaultKind::Reorder | FaultKind::Coalesce => {
                self.held = Some(HeldAnswer { kind, origin, answer, until: now + PATIENCE });
                return Vec::new();
            }
            _ => {}
        }
        self.damage_one(kind, origin, answer)
    }

    /// Does a fault that needs this message only.
    fn damage_one(&mut self, kind: FaultKind, origin: Origin, answer: OwnedMessage) -> Vec<AnswerAction> {
        let receiver = self.receiver;
        let damaged = match kind {
            FaultKind::Drop => Some(vec![]),
            FaultKind::Duplicate => Some(vec![AnswerAction::Send(answer.clone()), AnswerAction::Send(answer.clone())]),
            FaultKind::Split => {
                damage::halves(&answer, &mut self.rng).map(|halves| halves.map(AnswerAction::Send).to_vec())
            }
            FaultKind::Truncate => damage::beginning(&answer, &mut self.rng).map(|some| vec![AnswerAction::Send(some)]),
            FaultKind::Corrupt => damage::flipped(&answer, &mut self.rng).map(|wrong| vec![AnswerAction::Send(wrong)]),
            FaultKind::WrongType => damage::retyped(&answer).map(|wrong| vec![AnswerAction::Send(wrong)]),
            FaultKind::Unexpected => Some(vec![
                AnswerAction::Send(answer.clone()),
                AnswerAction::Send(OwnedMessage::text("nobody sent this")),
            ]),
            FaultKind::Late => Some(vec![AnswerAction::SendLate(answer.clone())]),
            FaultKind::Die => Some(vec![AnswerAction::Reset]),
            FaultKind::Close => Some(vec![AnswerAction::Close]),
            FaultKind::Misroute => {
                // The fault is written down where it is sent. There may be no other connection.
                let lot = self.rng.random();
                return vec![AnswerAction::Misroute(Misrouted { answer, origin, receiver, lot })];
            }
            FaultKind::FirstOnly | FaultKind::Reorder | FaultKind::Coalesce => None,
        };
        self.ended = matches!(kind, FaultKind::Die | FaultKind::Close);
        match damaged {
            Some(actions) => {
                self.note(kind, origin);
                actions
            }
            None => vec![AnswerAction::Send(answer)],
        }
    }

    /// Does a fault that needs two messages. The first one was held back for this one.
    fn damage_pair(&mut self, held: HeldAnswer, origin: Origin, answer: OwnedMessage) -> Vec<AnswerAction> {
        self.done.push(Fault::new(held.kind, held.origin, self.receiver).with(origin));
        match held.kind {
            FaultKind::Coalesce => vec![AnswerAction::Send(damage::joined(&held.answer, &answer))],
            _ => vec![AnswerAction::Send(answer), AnswerAction::Send(held.answer)],
        }
    }

    fn note(&mut self, kind: FaultKind, origin: Origin) {
        self.done.push(Fault::new(kind, origin, self.receiver));
    }

    /// When [`Self::release`] next has something to give.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.until)
    }

    /// Sends, unharmed, an answer that has waited long enough for the next one.
    pub(crate) fn release(&mut self, now: Instant) -> Option<AnswerAction> {
        self.held.take_if(|held| held.until <= now).map(|held| AnswerAction::Send(held.answer))
    }

    /// The answer that is held back, as no further one will come.
    pub(crate) fn give_up(&mut self) -> Option<OwnedMessage> {
        self.held.take().map(|held| held.answer)
    }

    /// What was done since the last call.
    pub(crate) fn take_done(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.done)
    }
}

impl HeldAnswer {
    /// Whether the next answer, to `origin`, makes a pair with this one.
    ///
    /// Messages of different senders have no order that a receiver could check.
    fn is_paired_by(&self, origin: Origin) -> bool {
        self.kind != FaultKind::Reorder || self.origin.peer == origin.peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);

    fn injector(rates: &[(FaultKind, f64)], seed: u64, connection: u64) -> Injector {
        let faults = Faults::new(rates.iter().copied()).expect("chances");
        Injector::new(Rc::new(faults), seed, connection, None)
    }

    /// An injector that does `kind` to every message that it may.
    fn always(kind: FaultKind) -> Injector {
        injector(&[(kind, 1.0)], 1, 0)
    }

    fn origin(message: u64) -> Origin {
        Origin { peer: PEER, message }
    }

    fn text(number: u64) -> OwnedMessage {
        OwnedMessage::text(format!("message {number}"))
    }

    fn send(number: u64) -> AnswerAction {
        AnswerAction::Send(text(number))
    }

    fn fault(kind: FaultKind, message: u64, with: Option<u64>) -> Fault {
        let fault = Fault::new(kind, origin(message), None);
        with.map_or(fault.clone(), |with| fault.with(origin(with)))
    }

    #[test]
    fn without_faults_every_answer_goes_out() {
        let (mut injector, now) = (injector(&[], 1, 0), Instant::now());
        for number in 0..10 {
            assert_eq!(injector.arrive(text(number), origin(number), 0, now), [send(number)]);
        }
        assert_eq!(injector.take_done(), []);
    }

    #[test]
    fn most_faults_need_one_message_only() {
        for (kind, actions) in [
            (FaultKind::Drop, vec![]),
            (FaultKind::Duplicate, vec![send(0), send(0)]),
            (FaultKind::WrongType, vec![AnswerAction::Send(OwnedMessage::binary("message 0"))]),
            (FaultKind::Unexpected, vec![send(0), AnswerAction::Send(OwnedMessage::text("nobody sent this"))]),
            (FaultKind::Late, vec![AnswerAction::SendLate(text(0))]),
            (FaultKind::Die, vec![AnswerAction::Reset]),
            (FaultKind::Close, vec![AnswerAction::Close]),
        ] {
            let mut injector = always(kind);
            assert_eq!(injector.arrive(text(0), origin(0), 0, Instant::now()), actions, "{kind}");
            assert_eq!(injector.take_done(), [fault(kind, 0, None)]);
        }
    }

    #[test]
    fn a_fault_that_is_impossible_is_not_written_down() {
        let not_utf8 = OwnedMessage::binary(&b"\xff"[..]);
        for (kind, message) in [
            (FaultKind::WrongType, not_utf8.clone()),
            (FaultKind::Split, not_utf8),
            (FaultKind::Truncate, OwnedMessage::text("")),
            (FaultKind::Corrupt, OwnedMessage::text("")),
        ] {
            let mut injector = always(kind);
            assert_eq!(
                injector.arrive(message.clone(), origin(0), 0, Instant::now()),
                [AnswerAction::Send(message)],
                "{kind}"
            );
            assert_eq!(injector.take_done(), []);
        }
    }

    #[test]
    fn reordering_and_coalescing_take_two_messages() {
        for (kind, actions) in [
            (FaultKind::Coalesce, vec![AnswerAction::Send(OwnedMessage::text("message 0message 1"))]),
            (FaultKind::Reorder, vec![send(1), send(0)]),
        ] {
            let (mut injector, now) = (always(kind), Instant::now());
            assert_eq!(injector.arrive(text(0), origin(0), 0, now), []);
            assert_eq!(injector.due(), Some(now + PATIENCE));
            assert_eq!(injector.release(now + PATIENCE / 2), None);
            assert_eq!(injector.arrive(text(1), origin(1), 1, now + PATIENCE / 2), actions);
            assert_eq!(injector.due(), None);
            assert_eq!(injector.take_done(), [fault(kind, 0, Some(1))]);
            // The next message begins a new pair.
            assert_eq!(injector.arrive(text(2), origin(2), 1, now), []);
            assert_eq!(injector.release(now + PATIENCE), Some(send(2)));
            assert_eq!(injector.take_done(), []);
        }
    }

    #[test]
    fn only_messages_of_one_sender_are_reordered() {
        let receiver = SocketAddr::new(PEER.ip(), 1);
        let others = Origin { peer: receiver, message: 0 };
        let faults = Faults::new([(FaultKind::Reorder, 1.0)]).expect("a chance");
        let (mut injector, now) = (Injector::new(Rc::new(faults), 1, 0, Some(receiver)), Instant::now());
        assert_eq!(injector.arrive(text(0), origin(0), 0, now), []);
        // It can't be held as well, so it goes out unharmed.
        assert_eq!(injector.arrive(text(7), others, 1, now), [send(7)]);
        assert_eq!(injector.take_done(), []);
        assert_eq!(injector.arrive(text(1), origin(1), 2, now), [send(1), send(0)]);
        assert_eq!(injector.take_done(), [Fault::new(FaultKind::Reorder, origin(0), Some(receiver)).with(origin(1))]);
    }

    #[test]
    fn messages_of_two_senders_may_become_one() {
        let mut injector = always(FaultKind::Coalesce);
        let others = Origin { peer: SocketAddr::new(PEER.ip(), 1), message: 5 };
        assert_eq!(injector.arrive(text(0), origin(0), 0, Instant::now()), []);
        injector.arrive(text(1), others, 1, Instant::now());
        let [fault] = injector.take_done().try_into().expect("one fault");
        assert_eq!((fault.with, fault.with_peer), (Some(5), Some(others.peer)));
    }

    #[test]
    fn only_the_first_message_of_a_read_is_answered() {
        let (mut injector, now) = (always(FaultKind::FirstOnly), Instant::now());
        let reads = [0, 0, 0, 1, 2, 2];
        let answered: Vec<_> =
            (0..).zip(reads).map(|(n, read)| injector.arrive(text(n), origin(n), read, now)).collect();
        assert_eq!(answered, [vec![send(0)], vec![], vec![], vec![send(3)], vec![send(4)], vec![]]);
        let lost = [1, 2, 5].map(|message| fault(FaultKind::FirstOnly, message, None));
        assert_eq!(injector.take_done(), lost);
    }

    #[test]
    fn nothing_happens_after_the_end() {
        let (mut injector, now) = (always(FaultKind::Die), Instant::now());
        assert_eq!(injector.arrive(text(0), origin(0), 0, now), [AnswerAction::Reset]);
        assert_eq!(injector.arrive(text(1), origin(1), 0, now), []);
        assert_eq!(injector.take_done(), [fault(FaultKind::Die, 0, None)]);
    }

    #[test]
    fn a_misrouted_answer_is_not_written_down_yet() {
        let mut injector = always(FaultKind::Misroute);
        let actions = injector.arrive(text(0), origin(0), 0, Instant::now());
        let [AnswerAction::Misroute(misrouted)] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!((&misrouted.answer, misrouted.origin), (&text(0), origin(0)));
        assert_eq!(injector.take_done(), []);
    }

    #[test]
    fn draws_depend_on_seed_and_connection_alone() {
        let run = |seed, connection| {
            let mut injector = injector(&[(FaultKind::Drop, 0.3), (FaultKind::Corrupt, 0.3)], seed, connection);
            let now = Instant::now();
            let actions: Vec<_> =
                (0..100).map(|number| injector.arrive(text(number), origin(number), number, now)).collect();
            (actions, injector.take_done())
        };
        assert_eq!(run(1, 2), run(1, 2));
        assert_ne!(run(1, 2), run(1, 3));
        assert_ne!(run(1, 2), run(2, 1));
        let done = run(1, 2).1;
        // 60 of 100 expected, with a standard deviation of 5.
        assert!((35..=85).contains(&done.len()), "{}", done.len());
    }
}
