//! What a run expects of every connection.

use crate::{
    message::{Payload, Source},
    plan::Expect,
};

/// What a run expects of every connection.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Generates messages.
    pub source: Source,
    /// What a message must bring back.
    pub expect: Expect,
    /// Number of clients in the run. A message that names a client beyond it was never sent.
    pub clients: u32,
}

impl Expectation {
    /// Generates and checks headers of this run.
    #[inline]
    pub fn payload(&self) -> &Payload {
        self.source.payload()
    }

    /// The bytes that message `sequence` of `client` must bring back, if they are known.
    pub(crate) fn expected(&self, client: u32, sequence: u64) -> Option<Vec<u8>> {
        match &self.expect {
            Expect::Echo => {
                let mut bytes = vec![0; self.payload().size()];
                self.payload().encode(client, sequence, &mut bytes);
                Some(bytes)
            }
            Expect::Count | Expect::Mark | Expect::Id(_) | Expect::Sequence(_) | Expect::Broadcast => None,
            Expect::Reply(text) => Some(text.clone().into_bytes()),
        }
    }
}
