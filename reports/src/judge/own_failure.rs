//! Failures of connections that say nothing about the target.

/// A kind of connection failure that is due to this system and not to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnFailure {
    /// No local port was left.
    NoPort,
    /// This machine can't connect from the address that was asked for.
    SourceAddress,
    /// No file descriptor was left.
    NoDescriptor,
    /// The time was over, but the generator had been stopped meanwhile.
    TimeoutStopped,
    /// The connection was no longer tried, because the run was stopped.
    Interrupted,
}

impl OwnFailure {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::NoPort, Self::SourceAddress, Self::NoDescriptor, Self::TimeoutStopped, Self::Interrupted];

    /// Its name among the kinds of failures in a result.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPort => "no_port",
            Self::SourceAddress => "source_address",
            Self::NoDescriptor => "no_descriptor",
            Self::TimeoutStopped => "timeout_stopped",
            Self::Interrupted => "interrupted",
        }
    }

    /// The kind with this name. `None` if such a failure says something about the target.
    pub fn from_name(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own() {
        for own in OwnFailure::ALL {
            assert_eq!(OwnFailure::from_name(own.name()), Some(own));
        }
        assert_eq!(OwnFailure::from_name("refused"), None);
    }
}
