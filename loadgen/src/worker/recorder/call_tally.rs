//! Tallies how many messages each read or write carried.

/// Messages per call, over many calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTally {
    /// Calls that moved bytes.
    pub calls: u64,
    /// Messages in them.
    pub messages: u64,
    /// Most messages in one call.
    pub max: u64,
}

impl CallTally {
    /// Adds `calls` calls that carried `messages` messages together.
    pub fn add(&mut self, calls: u64, messages: u64) {
        self.calls += calls;
        self.messages += messages;
        if calls > 0 {
            self.max = self.max.max(messages.div_ceil(calls));
        }
    }

    /// Adds the calls of another worker.
    pub fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.messages += other.messages;
        self.max = self.max.max(other.max);
    }
}
