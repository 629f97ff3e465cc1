//! What the tests stand on: plans, servers that behave and servers that do not, and the command.

mod check;
mod clerk;
mod command;
mod conduct;
mod doorman;
mod flood;
mod frame;
mod knife;
mod plan;
mod proxy;
mod reference;
mod rogue;
pub(crate) mod served;
mod veil;
mod watch;

use std::time::Duration;

pub(crate) use check::{complete, run, run_observed, unreachable};
pub(crate) use clerk::Clerk;
pub(crate) use command::{Loadgen, Outcome, satisfies_its_schema};
pub(crate) use conduct::{Conduct, Farewell, Spoil};
pub(crate) use doorman::{Doorman, Manner};
pub(crate) use flood::{Attack, Flood};
pub(crate) use frame::{close_frame, frame, whole};
pub(crate) use plan::{closed, n32, open, plan, rate};
pub(crate) use proxy::{Cutting, Proxy};
pub(crate) use reference::Reference;
pub(crate) use rogue::{Rogue, Seen};
pub(crate) use veil::Veil;
pub(crate) use watch::where_prompt;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
