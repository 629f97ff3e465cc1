//! What the tests stand on: plans, servers that behave and servers that do not, and the command.

mod checked_run;
mod fixed_capacity_server;
mod command;
mod behaviour;
mod bad_handshake_server;
mod flooding_server;
mod frame;
mod stream_cutter;
mod plan;
mod proxy;
mod reference;
mod scripted_server;
pub(crate) mod server_command;
mod tls_proxy;
mod promptness;

use std::time::Duration;

pub(crate) use checked_run::{complete, run, run_observed, unreachable};
pub(crate) use fixed_capacity_server::Clerk;
pub(crate) use command::{Loadgen, Outcome, satisfies_its_schema};
pub(crate) use behaviour::{Conduct, Farewell, Spoil};
pub(crate) use bad_handshake_server::{Doorman, Manner};
pub(crate) use flooding_server::{Attack, Flood};
pub(crate) use frame::{close_frame, frame, whole};
pub(crate) use plan::{closed, n32, open, plan, rate};
pub(crate) use proxy::{Cutting, Proxy};
pub(crate) use reference::Reference;
pub(crate) use scripted_server::{Rogue, Seen};
pub(crate) use tls_proxy::Veil;
pub(crate) use promptness::where_prompt;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
