//! The states of a client, and how many clients are in each.

use crate::worker::recorder::PresenceCounts;

/// The state of a client. The diagram of [`super`] says how it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum ClientState {
    /// No attempt to open it has been made or asked for.
    Before,
    /// An attempt to open it waits for its turn.
    Due,
    /// Its connection is being opened.
    Opening,
    /// Its connection is open, and it does the steps of joining.
    Joining,
    /// It is open, and has joined.
    Open,
    /// Its session is over: it sends nothing more, and waits for what is in flight.
    Finishing,
    /// The closing handshake has begun.
    Closing,
    /// The closing handshake has begun, and the messages in flight have their fate. What comes now
    /// comes too late.
    Settled,
    /// The server closed in an orderly way while nothing was in flight, and nothing was due since.
    Left,
    /// Its connection is over as the plan wanted, or it is to be opened again.
    Away,
    /// It never opened, or its connection is over, and it does not come back.
    Gone,
}

/// How many clients are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::worker) struct StateCounts([usize; ClientState::Gone as usize + 1]);

impl StateCounts {
    /// One more client, which has not been tried.
    pub(in crate::worker) fn add(&mut self) {
        self.0[ClientState::Before as usize] += 1;
    }

    /// A client has come from one state to another.
    pub(in crate::worker) fn enter(&mut self, from: ClientState, to: ClientState) {
        self.0[from as usize] -= 1;
        self.0[to as usize] += 1;
    }

    fn of(&self, state: ClientState) -> usize {
        self.0[state as usize]
    }

    /// Clients that are open and have joined, whether they send or finish.
    #[inline]
    pub(in crate::worker) fn open(&self) -> usize {
        self.of(ClientState::Open) + self.of(ClientState::Finishing)
    }

    /// Clients that are joining.
    pub(in crate::worker) fn joining(&self) -> usize {
        self.of(ClientState::Joining)
    }

    /// Clients whose connections are being opened, or that are joining.
    pub(in crate::worker) fn opening(&self) -> usize {
        self.of(ClientState::Opening) + self.joining()
    }

    /// Clients that are being opened or soon will be.
    pub(super) fn coming(&self) -> usize {
        self.opening() + self.of(ClientState::Due)
    }

    /// Clients whose connections are over as the plan wanted, or that are to open again.
    pub(in crate::worker) fn away(&self) -> usize {
        self.of(ClientState::Away)
    }

    /// Who is open, opening and away, as a result has it.
    pub(in crate::worker) fn presence(&self) -> PresenceCounts {
        let (open, opening) = (self.open() + self.closing(), self.opening());
        let others = self.0.iter().sum::<usize>() - open - opening - self.of(ClientState::Before);
        PresenceCounts { open: open as u64, opening: opening as u64, away: others as u64 }
    }

    /// Clients that have begun the closing handshake.
    pub(in crate::worker) fn closing(&self) -> usize {
        self.of(ClientState::Closing) + self.of(ClientState::Settled)
    }
}
