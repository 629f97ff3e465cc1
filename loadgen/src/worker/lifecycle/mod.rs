//! The life of a client: its connection opens, it joins, its sessions end, and it may come back.
//!
//! ```text
//!             ┌────────────────── away <──────────────────────────────────┐
//!             v                    ^ ^                                    │
//! before ──> due ──> opening ──> joining ──> open ──> finishing ──> closing, settled
//!                       └───────────┴──> gone <┴─> left        └───────> gone
//! ```
//!
//! | state | the server ends it | the plan ends it | its time is over |
//! |---|---|---|---|
//! | opening, joining | the attempt failed | | the attempt failed |
//! | open | died; left, if nothing is undone | finishing, or cut | |
//! | finishing | died; closed, if nothing was in flight | | closing; the rest is lost |
//! | closing, settled | closed | | reset; closed |
//! | left | died, once a message is due | | |
//!
//! Clients whose end was closed or cut are away. Those that died or failed are away if they try
//! again, and else gone. Who is away, and is to open again, is due: the connect rate says when it
//! is opened. At the end of the load nobody opens any more, and what is under way is given up.
//!
//! ```text
//! state.rs      the states, and how many clients are in each
//! sessions.rs   what the plan wants of sessions
//! opening.rs    attempts to open, in any phase
//! joining.rs    what clients say before they count as open, and what they answer later
//! finishing.rs  ends that the plan wants
//! ending.rs     what other ends of a connection mean
//! counting.rs   counts of attempts and sessions
//! ```

mod counting;
mod ending;
mod finishing;
mod joining;
mod opening;
mod sessions;
mod state;

pub(crate) use self::joining::JOIN;
pub(super) use self::{
    opening::Openings,
    sessions::GroupSessions,
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
        if self.next_coming_or_going() > now {
            return false;
        }
        self.begin_and_end_sessions(now);
        self.end_overdue(now);
        self.open_due(now);
        true
    }

    /// When a client comes or goes next, if nothing happens before.
    #[inline]
    pub(super) fn next_coming_or_going(&self) -> Time {
        let [opening, deadline] = [self.openings.wake(), self.deadlines.next()].map(|wake| wake.unwrap_or(Time::NEVER));
        opening.min(deadline).min(self.next_session_command())
    }

    /// Ends what has taken too long at `now`.
    fn end_overdue(&mut self, now: Time) {
        while let Some(slot) = self.deadlines.pop_due(now) {
            match self.clients.all[slot].state {
                ClientState::Joining => self.join_timeout(slot, now),
                ClientState::Finishing => self.close_session(slot, now),
                ClientState::Closing | ClientState::Settled => {
                    self.engine.abort(slot);
                    self.closed(slot, now);
                }
                _ => {}
            }
        }
    }
}
