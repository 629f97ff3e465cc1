//! What the server that a run starts itself must do, besides echoing and [rooms](super::Rooms).

use super::{Group, Plan, Target};

impl Plan {
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
