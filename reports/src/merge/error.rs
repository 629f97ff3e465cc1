//! Why results are no shards of one run.

use super::MissingShards;

/// Why a result can't be added to others, or why those that were added are not a whole run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One process had all clients.
    #[error("{name}: not a shard; one process had all clients of that run (it began without --shard)")]
    NotAShard {
        /// What the result was called when it was added.
        name: String,
    },
    /// The result is of several shards.
    #[error("{name}: already merged, of {shards} shards; merge the results of the shards themselves")]
    Merged {
        /// What the result was called when it was added.
        name: String,
        /// How many shards it is of.
        shards: usize,
    },
    /// There is a result of this shard already.
    #[error("{name}: shard {number} of {of} a second time; {first} is the same shard")]
    Doubled {
        /// What the result was called when it was added.
        name: String,
        /// Number of the shard.
        number: u32,
        /// Shards of the run.
        of: u32,
        /// What the earlier result of this shard was called.
        first: String,
    },
    /// The result is of another run.
    #[error("{name}: shard {number} of another run: its {key} is {value}, but {expected} in {first}")]
    Foreign {
        /// What the result was called when it was added.
        name: String,
        /// Number of the shard.
        number: u32,
        /// The fact that differs.
        key: String,
        /// Its value in this result.
        value: String,
        /// Its value in the other one.
        expected: String,
        /// What the other result was called.
        first: String,
    },
    /// The result contradicts itself.
    #[error("{name}: not the result of a shard: {problem}")]
    Invalid {
        /// What the result was called when it was added.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Two runs of one plan, one after the other.
    #[error(
        "{name}: shard {number} of another run of this plan: it began at {began}, and shard {first_number} ({first}) \
         at {first_began}"
    )]
    Apart {
        /// What the result was called when it was added.
        name: String,
        /// Number of the shard.
        number: u32,
        /// When its load began.
        began: String,
        /// What the other result was called.
        first: String,
        /// Number of the other shard.
        first_number: u32,
        /// When its load began.
        first_began: String,
    },
    /// Shards have no result.
    #[error("{0}; --allow-partial merges the others")]
    Missing(MissingShards),
    /// There was no result.
    #[error("no result of a shard")]
    Empty,
}
