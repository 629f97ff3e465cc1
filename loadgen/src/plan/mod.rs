//! The validated test.
//!
//! ```text
//! mod.rs          Plan: what the run's groups share, and the groups
//! run_options.rs  what all groups share: lengths, engine, threads, seed, thresholds
//! group.rs        clients that do the same
//!   target, connect, load, arrivals, rate, sessions, messages, wire_shape, rooms; what is
//!   expected is of the crate reports, as results name it. dialogue.rs has what clients say besides
//!   their messages
//! check.rs        what must fit together; error.rs says what does not
//! shard.rs        the part of the run that this process has, and when it begins; launcher.rs asks
//!                 the environment which part that is
//! partition/      which client belongs to which group, to which shard and to which worker
//! keys/           the keys of a plan file, and the options of the command line
//! length.rs       how long a plan takes, and how many messages it has
//! ```

mod arrivals;
mod check;
mod connect;
mod dialogue;
mod embedded_rooms;
mod embedded_server;
mod error;
mod group;
pub mod keys;
mod launcher;
mod length;
mod load;
mod messages;
mod partition;
mod rate;
mod rooms;
mod run_options;
mod sessions;
mod shard;
mod target;
mod wire_shape;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    ops::Range,
};

pub use reports::{
    metric::GroupName,
    model::{EngineKind, Expect, IdPlace, JsonPointer, Order, OwnCopy},
};
pub use url::Url;

pub use self::{
    arrivals::{Arrivals, RatePlan, Spacing, Stage},
    connect::{
        AddressFamily, ClientCertificate, Compression, Connect, Credentials, HostPort, NetworkPath, Proxy, ProxyScheme,
        RequestOptions, Resolve, Secret, SecretSource, TlsOptions, TlsVersion,
    },
    dialogue::{Answer, Dialogue, JoinStep},
    error::PlanError,
    group::Group,
    launcher::LauncherError,
    load::{Load, Until},
    messages::Messages,
    partition::{Member, Partition, Share},
    rate::Rate,
    rooms::{RoomBy, Rooms},
    run_options::RunOptions,
    sessions::{Jitter, Reconnect, SessionLength, Sessions, Storm},
    shard::{Shard, ShardError, Start},
    target::{ServerUrl, Target},
    wire_shape::{WireShape, WriteShape},
};
pub use crate::message::{Capture, Pattern};
pub use crate::message::{SizeQuantile, SizeQuantiles, SizeRange, Sizes};
use crate::secrets::{DataSecrets, Secrets};

/// What to test, with which load, and what to expect. It was checked, so it fits together.
///
/// ```
/// use loadgen::plan::{Group, Plan, RunOptions, Target};
///
/// let group = Group { target: Target::Url("ws://127.0.0.1:9001".parse()?), ..Group::default() };
/// let plan = Plan::new(RunOptions::default(), vec![group])?;
/// assert_eq!((plan.clients().get(), plan.peak_rate()), (100, Some(5000.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    run: RunOptions,
    /// At least one. Their names differ.
    groups: Vec<Group>,
    seed: u64,
}

impl Plan {
    /// A plan in which `groups` run at once. Client numbers run through them in this order.
    ///
    /// # Errors
    /// The plan does not fit together: there is no group, two have one name, an echo is too small
    /// to have a header, header fields contradict each other, source addresses are of two families,
    /// there are too many clients or messages a second, or a threshold names a group that is not
    /// there.
    pub fn new(run: RunOptions, groups: Vec<Group>) -> Result<Self, PlanError> {
        check::check(&run, &groups)?;
        // 32 bits are short to type again, and exact in JSON readers whose numbers are floats.
        let seed = run.seed.unwrap_or_else(|| rand::random::<u32>().into());
        Ok(Self { run, groups, seed })
    }

    /// What all groups share.
    pub fn run(&self) -> &RunOptions {
        &self.run
    }

    /// The groups, one at least.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Names of the groups.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// What the plan sends to its targets and nobody else may see.
    pub fn secrets(&self) -> Secrets {
        let urls: Vec<_> = self.groups.iter().flat_map(|group| group.target.urls()).map(ToString::to_string).collect();
        let fields = self.groups.iter().flat_map(|group| &group.connect.headers);
        let secrets = Secrets::of(urls.iter().map(String::as_str), fields.map(|(_, value)| value.as_bytes()));
        secrets.with_credentials(self.groups.iter().flat_map(|group| group.connect.credentials()))
    }

    /// [`Self::secrets`], and the values of the groups' data.
    pub(crate) fn data_secrets(&self) -> DataSecrets {
        DataSecrets::new(self.secrets(), self.groups.iter().filter_map(|group| group.data.clone()))
    }

    /// Seed of the messages' bytes, which was drawn if none was given.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Concurrent connections of all groups.
    pub fn clients(&self) -> NonZeroU32 {
        let sum = self.groups.iter().map(|group| group.clients.get()).sum();
        // A plan has a group, and a group has clients.
        NonZeroU32::new(sum).unwrap_or(NonZeroU32::MIN)
    }

    /// Concurrent connections that this process has of each group: all, or those of its shard.
    pub(crate) fn clients_of_groups_here(&self) -> Vec<Range<u32>> {
        let partition = Partition::of(self, NonZeroUsize::MIN);
        (0..self.groups.len()).map(|group| partition.clients_of_group(group)).collect()
    }

    /// Concurrent connections of all groups that this process has: all, or those of its shard.
    pub fn clients_here(&self) -> NonZeroU32 {
        // It was checked that each shard has clients.
        NonZeroU32::new(Partition::of(self, NonZeroUsize::MIN).clients_here()).unwrap_or(NonZeroU32::MIN)
    }

    /// The plan with changes.
    ///
    /// # Errors
    /// It does not fit together any more; see [`Self::new`].
    pub fn with(mut self, change: impl FnOnce(&mut RunOptions, &mut [Group])) -> Result<Self, PlanError> {
        self.run.seed = Some(self.seed);
        change(&mut self.run, &mut self.groups);
        Self::new(self.run, self.groups)
    }
}
