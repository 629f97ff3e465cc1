//! The states of a client, and how many clients are in each.

/// The state of a client. The table of [`super`] says how it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum ClientState {
    /// It never opened, or its connection is over, and it does not come back.
    Gone,
    /// Its connection is being opened.
    Opening,
    /// Its connection is open, and it does the steps of joining.
    Joining,
    /// It is open, and has joined.
    Open,
    /// The server closed in an orderly way while nothing was in flight, and nothing was due since.
    Left,
    /// The closing handshake has begun.
    Closing,
    /// The closing handshake has begun, and the messages in flight have their fate. What comes now
    /// comes too late.
    Settled,
}

/// How many clients are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::worker) struct StateCounts([usize; 7]);

impl StateCounts {
    /// A client has come to a state. At first it is gone, and counted nowhere.
    pub(in crate::worker) fn moved(&mut self, from: ClientState, to: ClientState) {
        self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        self.0[to as usize] += 1;
    }

    fn of(&self, state: ClientState) -> usize {
        self.0[state as usize]
    }

    /// Clients that are open and have joined.
    pub(in crate::worker) fn open(&self) -> usize {
        self.of(ClientState::Open)
    }

    /// Clients that are joining.
    pub(in crate::worker) fn joining(&self) -> usize {
        self.of(ClientState::Joining)
    }

    /// Clients whose connections are being opened, or that are joining.
    pub(in crate::worker) fn opening(&self) -> usize {
        self.of(ClientState::Opening) + self.joining()
    }

    /// Clients that have begun the closing handshake.
    pub(in crate::worker) fn closing(&self) -> usize {
        self.of(ClientState::Closing) + self.of(ClientState::Settled)
    }
}
