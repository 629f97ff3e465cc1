//! What the server that a run starts itself must do, besides echoing and [rooms](super::Rooms).

use super::{Group, Plan, PlanError, ServerUrl, Target};
use crate::message::Template;

/// Connections that the reference server takes unless it is told how many.
const USUAL_CONNECTIONS: u32 = 65_536;

impl Plan {
    /// The plan with a server at `authority`, such as `server:9001`, in place of the one that the
    /// run starts. It must have [`Self::embedded_options`].
    ///
    /// # Errors
    /// The plan does not fit a server that runs already, or `authority` is no part of a URL.
    pub fn with_server_at(&self, authority: &str) -> Result<Self, PlanError> {
        let refused = |why| PlanError { group: None, key: "target", value: None, why };
        let mut targets = Vec::new();
        for group in &self.groups {
            let path = self.embedded_path(group);
            let path = path.as_ref().map_or("/".into(), |path: &Template| String::from_utf8_lossy(path.as_written()));
            let url = format!("ws://{authority}{path}").parse::<ServerUrl>().map_err(refused)?;
            targets.push(if group.target == Target::Embedded { Target::Url(url) } else { group.target.clone() });
        }
        let seed = self.run.seed;
        let plan = self.clone().with(|_, groups| {
            groups.iter_mut().zip(targets).for_each(|(group, target)| group.target = target);
        })?;
        Ok(Self { run: super::RunOptions { seed, ..plan.run }, ..plan })
    }

    /// The options of the reference server that does what the server of this plan must do. Empty if
    /// it only echoes. TLS is not among them: its certificate is not known before.
    pub fn embedded_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let clients: u32 = self.embedded_groups().map(|group| group.clients.get()).sum();
        if clients > USUAL_CONNECTIONS {
            options.extend(["--connections".to_owned(), clients.to_string()]);
        }
        if let Some(own) = self.embedded_own_copy() {
            options.push("--rooms".to_owned());
            options.extend((own == server::OwnCopy::Refuse).then(|| "--own=refuse".to_owned()));
        }
        options.extend(self.embedded_compresses().then(|| "--compress".to_owned()));
        let subprotocols = self.embedded_subprotocols();
        if !subprotocols.is_empty() {
            options.push(format!("--subprotocol={}", subprotocols.join(",")));
        }
        options
    }

    fn embedded_groups(&self) -> impl Iterator<Item = &Group> {
        self.groups().iter().filter(|group| group.target == Target::Embedded)
    }

    /// Whether the embedded server compresses messages where a client offers that.
    pub(crate) fn embedded_compresses(&self) -> bool {
        self.embedded_groups().any(|group| group.connect.compression.is_some())
    }

    /// The subprotocols of the embedded server: all that its clients offer by options.
    pub(crate) fn embedded_subprotocols(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.embedded_groups().flat_map(|group| &group.connect.request.subprotocols) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::plan::{OwnCopy, RoomBy, Rooms, RunOptions};

    fn plan(groups: Vec<Group>) -> Plan {
        Plan::new(RunOptions::default(), groups).unwrap()
    }

    #[test]
    fn another_server_takes_the_place_of_the_embedded_one() {
        let size = NonZeroU32::new(2).unwrap();
        let rooms = Rooms { by: RoomBy::Size(size), publishers: None, own: OwnCopy::Refuse, durable: false };
        let own = Target::Url("ws://127.0.0.1:9/".parse().unwrap());
        let mut plan = plan(vec![
            Group { clients: NonZeroU32::new(70_000).unwrap(), ..Group::default() },
            Group { name: "b".parse().unwrap(), target: own, ..Group::default() },
        ]);
        plan.groups[0].rooms = Some(rooms);
        assert_eq!(plan.embedded_options(), ["--connections", "70000", "--rooms", "--own=refuse"]);
        plan.groups[0].expect = crate::plan::Expect::Broadcast;
        let there = plan.with_server_at("server:9001").unwrap();
        let shown: Vec<_> = there.groups().iter().map(|group| group.target.listed(ToString::to_string)).collect();
        assert_eq!(shown, ["ws://server:9001/room/{{room}}", "ws://127.0.0.1:9/"]);
        assert_eq!((there.run().seed, there.embedded_options()), (None, vec![]));
    }
}
