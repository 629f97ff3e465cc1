//! The targets of a run: where each group connects to.

use std::{net::IpAddr, ops::Range, sync::Arc};

use reports::model::TargetRecord;

use super::{
    RunError,
    embedded::EmbeddedServer,
    limits::{PlanRefusal, PortRequirements, threads_of},
};
use crate::{
    message::Values,
    plan::{Group, Plan, ServerUrl, Target},
    secrets::Secrets,
    transport::{
        Destination,
        first_hop::FirstHop,
        route::{self, Route},
        source_addresses::{self, SourceAddresses},
        tls::TlsSettings,
    },
};

/// URLs that a result names besides the first, at most.
const MORE_URLS: usize = 63;

/// Where each group of a plan connects to.
pub(crate) struct Targets<'a> {
    plan: &'a Plan,
    embedded: Option<&'a EmbeddedServer>,
    /// One for each group.
    pub(crate) routes: Vec<Route>,
}

impl<'a> Targets<'a> {
    /// Resolves the targets of all groups. `values` are those of each group's templates.
    ///
    /// # Errors
    /// A host has no address, TLS can't be set up, or a source address does not fit.
    pub(crate) fn resolve(
        plan: &'a Plan,
        embedded: Option<&'a EmbeddedServer>,
        values: &[Arc<Values>],
        secrets: &Secrets,
    ) -> Result<Self, RunError> {
        let workers = threads_of(plan);
        let mut targets = Self { plan, embedded, routes: Vec::new() };
        for ((group, values), here) in plan.groups().iter().zip(values).zip(plan.clients_of_groups_here()) {
            let own = embedded.and_then(EmbeddedServer::certificate);
            let tls = speaks_tls(group).then(|| TlsSettings::of_group(group, &here, values, own)).transpose();
            let embedded = embedded.map(EmbeddedServer::address);
            let tls = tls.map_err(PlanRefusal::from)?.or_else(|| of_redirects(group, &here, values));
            let mut route = route::resolve(plan, workers, group, values, embedded, tls.as_ref()).map_err(|error| {
                RunError::Unreachable { url: targets.url(group), what: secrets.redact(&error.to_string()) }
            })?;
            for destination in &mut route.destinations {
                let FirstHop::Tcp(addresses) = &mut destination.path.first_hop else { continue };
                source_addresses::check(&group.connect.sources, &mut addresses.list).map_err(PlanRefusal::from)?;
            }
            targets.routes.push(route);
        }
        Ok(targets)
    }

    /// The target of each group, as a result has it.
    pub(crate) fn records(&self) -> Vec<TargetRecord> {
        let embedded = |group: &Group| group.target == Target::Embedded;
        let record = |group: &Group| match group.target.urls() {
            [first, more @ ..] if !more.is_empty() => {
                let more = more.iter().take(MORE_URLS).map(ServerUrl::shown).collect();
                TargetRecord { url: first.shown(), more_urls: more, embedded: false }
            }
            _ => TargetRecord { url: self.url(group), more_urls: Vec::new(), embedded: embedded(group) },
        };
        self.plan.groups().iter().map(record).collect()
    }

    /// The URLs of all targets, each once.
    pub(crate) fn urls(&self) -> String {
        let mut urls: Vec<_> = self.plan.groups().iter().map(|group| self.url(group)).collect();
        urls.dedup();
        urls.join(", ")
    }

    fn url(&self, group: &Group) -> String {
        match (&group.target, self.embedded) {
            (Target::Embedded, Some(server)) => server.url(),
            (Target::Url(_) | Target::Urls(_), _) => group.target.listed(ServerUrl::shown),
            (Target::Embedded, None) => String::new(),
        }
    }

    /// Whether a target is on this machine, and needs some of its cores.
    pub(crate) fn are_here(&self) -> bool {
        let mut all = self.routes.iter().flat_map(|route| &route.destinations);
        all.any(|destination| destination.path.first_hop.is_here())
    }

    /// How long the lookups of names of each group took in all, in nanoseconds; none where there
    /// are no names.
    pub(crate) fn lookups(&self) -> Vec<Option<u64>> {
        let of_route = |route: &Route| route.destinations.iter().filter_map(|to| to.path.lookup).reduce(|a, b| a + b);
        self.routes.iter().map(of_route).collect()
    }

    /// The addresses that the clients of a group connect from. Where one address of this machine
    /// serves no more than `clients_each` clients, a peer in 127.0.0.0/8 is reached from several.
    pub(crate) fn source(&self, group: usize, clients_each: u32) -> SourceAddresses {
        let sources = &self.plan.groups()[group].connect.sources;
        if !sources.is_empty() {
            SourceAddresses::Listed(sources.as_slice().into())
        } else if self.plan.clients().get() > clients_each && self.routes[group].destinations.iter().all(has_many) {
            SourceAddresses::Loopback { clients_each }
        } else {
            SourceAddresses::System
        }
    }

    /// The clients that have fewest ports: those of all groups that connect from the same addresses
    /// to the same ones. None if there are plenty.
    pub(crate) fn ports(&self) -> Option<PortRequirements> {
        let groups = self.plan.groups().iter().zip(self.plan.clients_of_groups_here());
        let all: Vec<_> = self.routes.iter().zip(groups).flat_map(connecting).collect();
        let bounded = all.iter().filter(|one| !one.sources.is_empty() || !has_many(one.destination));
        let needs = bounded.map(|one| {
            let alike = all.iter().filter(|other| other.uses_the_ports_of(one));
            let clients = alike.map(|other| other.clients).sum();
            PortRequirements { clients, sources: u32::try_from(one.sources.len().max(1)).unwrap_or(u32::MAX) }
        });
        needs.max_by_key(|need| need.clients.div_ceil(need.sources))
    }
}

/// Clients of a group that connect to one server.
struct Connecting<'a> {
    clients: u32,
    sources: &'a [IpAddr],
    destination: &'a Destination,
}

impl Connecting<'_> {
    /// Whether both connect from the same addresses to the same ones.
    fn uses_the_ports_of(&self, other: &Self) -> bool {
        let addresses = |one: &Self| one.destination.path.first_hop.addresses();
        self.sources == other.sources && addresses(self) == addresses(other)
    }
}

/// This process's clients of a group, which take its servers in turn.
fn connecting<'a>(
    (route, (group, here)): (&'a Route, (&'a Group, Range<u32>)),
) -> impl Iterator<Item = Connecting<'a>> {
    let servers = u32::try_from(route.destinations.len()).unwrap_or(u32::MAX);
    let below = move |client: u32, index| client.saturating_add(servers - 1 - index) / servers;
    (0..).zip(&route.destinations).map(move |(index, destination)| Connecting {
        clients: below(here.end, index) - below(here.start, index),
        sources: &group.connect.sources,
        destination,
    })
}

/// Whether clients of a group speak TLS.
fn speaks_tls(group: &Group) -> bool {
    match group.target.urls() {
        [] => group.connect.tls.embedded,
        urls => urls.iter().any(|url| url.scheme() == "wss"),
    }
}

/// TLS for servers that redirects may lead to, if it can be set up.
fn of_redirects(group: &Group, here: &Range<u32>, values: &Arc<Values>) -> Option<TlsSettings> {
    let may_need_it = group.connect.request.max_redirects > 0;
    may_need_it.then(|| TlsSettings::of_group(group, here, values, None).ok()).flatten()
}

/// Whether each of many addresses of this machine reaches the peer, or none is needed, as for a
/// unix socket.
fn has_many(destination: &Destination) -> bool {
    destination.path.first_hop.addresses().iter().all(|peer| peer.is_ipv4() && peer.ip().is_loopback())
}
