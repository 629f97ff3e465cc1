//! The life of a client: its connection opens, it joins, and its connection ends.
//!
//! ```text
//! gone ──> opening ──> joining ──> open ──> closing or settled ──> gone
//!             │           │          └────> left ──> gone
//!             └───────────┴───────────────> gone
//! ```
//!
//! | state | the server ends it, or opening fails | its time is over |
//! |---|---|---|
//! | opening, joining | the attempt failed | the attempt failed |
//! | open | died; left, if nothing was in flight and nothing is due | |
//! | left | died, once a message is due | |
//! | closing, settled | closed | |
//!
//! ```text
//! state.rs    the states, and how many clients are in each
//! opening.rs  attempts to open, in any phase
//! joining.rs  what clients say before they count as open, and what they answer later
//! ending.rs   what an end of a connection means
//! ```

mod ending;
mod joining;
mod opening;
mod state;

pub(crate) use self::joining::JOIN;
pub(super) use self::{
    opening::Openings,
    state::{ClientState, StateCounts},
};
use super::Worker;
use crate::{
    clock::{Clock, Time},
    engine::Engine,
};

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Lets clients come and go as far as that is due at `now`. True if one did.
    #[inline]
    pub(super) fn come_and_go(&mut self, now: Time) -> bool {
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let mut any = is_due(self.openings.wake()) && self.open_due(now);
        if is_due(self.deadlines.next()) {
            self.end_overdue(now);
            any = true;
        }
        any
    }

    /// When a client comes or goes next, if nothing happens before.
    #[inline]
    pub(super) fn next_coming_or_going(&self) -> Time {
        [self.openings.wake(), self.deadlines.next()].into_iter().flatten().min().unwrap_or(Time::NEVER)
    }

    /// Ends what has taken too long at `now`.
    #[cold]
    fn end_overdue(&mut self, now: Time) {
        while let Some(slot) = self.deadlines.pop_due(now) {
            if self.clients.all[slot].state == ClientState::Joining {
                self.join_timeout(slot, now);
            }
        }
    }
}
