//! Options for broadcasts.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values;
use crate::{OwnCopy, RoomsOptions};

/// Who gets a message when.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rooms")]
pub(super) struct RoomsArgs {
    /// Send each message to every member of its room, which is the path of the request
    ///
    /// The query does not count. If a message comes for a member while more than --unsent-bytes
    /// wait for it, the member is closed with 1013. So it does not hold up the others.
    #[arg(long)]
    rooms: bool,

    /// Whether senders get their own messages
    #[arg(long, value_name = "WHETHER", default_value = "expect", requires = "rooms")]
    own: OwnName,

    /// Give each further receiver a message so much later
    ///
    /// In the order in which they joined. The first one gets it at once. Never earlier; in the
    /// median up to 0.2 ms more.
    #[arg(long, value_name = "TIME", value_parser = values::delay, requires = "rooms")]
    stagger: Option<Duration>,

    /// Keep the last messages of each room for members that come back
    ///
    /// A request for `/ROOM?after=TEXT` first gets what came after the last kept message that
    /// contains TEXT, which is percent-encoded. If none contains it, or it is empty, that is
    /// everything that is kept.
    #[arg(long, value_name = "MESSAGES", value_parser = values::replay, requires = "rooms")]
    replay: Option<u32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OwnName {
    /// Every sender gets them
    Expect,
    /// No sender gets them
    Refuse,
}

impl RoomsArgs {
    /// Whether messages are broadcast.
    pub(super) fn are_on(&self) -> bool {
        self.rooms
    }

    pub(super) fn options(&self) -> Option<RoomsOptions> {
        let own = match self.own {
            OwnName::Expect => OwnCopy::Expect,
            OwnName::Refuse => OwnCopy::Refuse,
        };
        let (stagger, replay) = (self.stagger.unwrap_or_default(), self.replay.unwrap_or_default());
        self.rooms.then_some(RoomsOptions { own, stagger, replay })
    }
}
