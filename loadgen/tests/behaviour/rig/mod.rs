//! What the tests stand on: plans, servers that behave and servers that do not, and the command.

mod at_once;
mod bad_handshake_server;
mod checked_run;
mod command;
mod fixed_capacity_server;
mod flooding_server;
mod frame;
mod handshake_proxy;
mod plan;
mod promptness;
mod proxy;
mod reference;
mod scripted_server;
pub(crate) mod server_command;
mod stream_cutter;
mod tls_proxy;
mod tunnel_proxy;

use std::time::Duration;

pub(crate) use at_once::at_once;
pub(crate) use bad_handshake_server::{BadHandshake, BadHandshakeServer};
pub(crate) use checked_run::{complete, run, run_observed, run_plan, run_plan_observed, unreachable};
pub(crate) use command::{CommandOutput, Loadgen, interruptible, satisfies_its_schema};
pub(crate) use fixed_capacity_server::FixedCapacityServer;
pub(crate) use flooding_server::{Flood, FloodingServer};
pub(crate) use frame::{close_frame, frame, whole};
pub(crate) use handshake_proxy::{HandshakeAnswer, HandshakeProxy};
pub(crate) use plan::{TestPlan, closed, n32, open, plan, rate};
pub(crate) use promptness::where_prompt;
pub(crate) use proxy::{Cutting, Proxy};
pub(crate) use reference::Reference;
pub(crate) use scripted_server::{Alteration, Behaviour, CloseAnswer, ConnectionRecord, ScriptedServer};
pub(crate) use tls_proxy::{SelfSigned, TlsProxy};
pub(crate) use tunnel_proxy::{TunnelProtocol, TunnelProxy, unix_socket_in_front_of};

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
