//! What a schedule of sessions wants done.

/// What is to be done with the connection of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCommand {
    /// Open it. The schedule must be told how that went: `opened` or `failed`.
    Open {
        slot: usize,
        /// What came before.
        after: AttemptCause,
    },
    /// Send nothing more, wait for what is in flight, and close with a handshake. Then the schedule
    /// must be told: `ended`.
    Close(usize),
    /// Cut it without a handshake. Then the schedule must be told: `ended`.
    Cut(usize),
}

/// What an attempt to open a connection comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptCause {
    /// Nothing: the client has not been open, and no attempt has failed.
    Start,
    /// A session that was over.
    Session,
    /// A cut that each client has from time to time.
    Drop,
    /// A cut of many clients at once.
    Storm,
    /// A connection that ended although the plan wanted it open.
    Death,
    /// An attempt that failed.
    Failure,
}
