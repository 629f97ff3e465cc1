//! What a worker hands over while the load goes on, if the run asks for it.

use super::{RunLink, Worker, WorkerEvent, WorkerOutcome, recorder::Window};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
};

/// Time between two hand-overs.
const SECOND: u64 = 1_000_000_000;

impl<E: Engine, C: Clock> Worker<E, C> {
    /// The measured phase begins. Hands over what there is after each of its seconds, if the run
    /// asks for it.
    pub(super) fn begin_telling_so_far(&mut self) {
        if !self.config.tells_so_far {
            return;
        }
        self.link.next_so_far = self.measured.window.from.plus(SECOND);
        for group in &mut self.groups {
            group.outcome.recorder.keep_responses();
        }
    }

    /// Hands over what there is at `now`, if a second is over. Ends the load if the run says so.
    pub(super) fn tell_so_far(&mut self, now: Time) {
        if self.link.ends_load() {
            self.cut(now);
        }
        let Window { from, to } = self.measured.window;
        if now < self.link.next_so_far || now >= to {
            return;
        }
        while self.link.next_so_far <= now {
            self.link.next_so_far = self.link.next_so_far.plus(SECOND);
        }
        let used = self.measured.used_so_far(&self.clock);
        let outcome = WorkerOutcome {
            groups: self.groups.iter_mut().map(|group| group.outcome.so_far()).collect(),
            window: Window { from, to: now },
            cpu: used.cpu,
            spun: used.spun,
            stopped: self.stops.measured,
            rooms: None,
        };
        self.link.tell(WorkerEvent::SoFar { worker: self.config.worker, outcome: Box::new(outcome) });
    }
}

impl RunLink {
    /// Whether the run ends the load. True once.
    fn ends_load(&mut self) -> bool {
        let over = !self.load_ended && self.control.load_is_over();
        self.load_ended |= over;
        over
    }
}
