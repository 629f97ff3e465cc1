//! Why connections end.

use std::io;

use frames::Violation;

use crate::{
    misbehaviour::{FaultyEnd, HOSTILE_REASON},
    registry::EndRequest,
};

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The peer sent a Close, with this code and reason.
    Closed(Option<(u16, String)>),
    /// The peer ended its side of the TCP connection without a Close. It may still read.
    HalfClosed,
    /// The connection failed. Nothing can be delivered.
    Broken(io::Error),
    /// The peer takes nothing. Nothing can be delivered.
    Stalled,
    /// Too much waits for the peer to get another message of its room.
    TooSlow,
    /// The peer broke the protocol or a limit. What it sends from here on does not count.
    Violation(Violation),
    /// The server asks a peer that did nothing wrong to end, and waits for its Close.
    Asked(EndRequest),
    /// The connection ends on purpose.
    Faulty(FaultyEnd),
}

impl Ending {
    /// Whether the peer gets a Close.
    pub(crate) fn sends_close(&self) -> bool {
        !matches!(self, Self::HalfClosed | Self::Broken(_) | Self::Stalled | Self::Faulty(FaultyEnd::Reset))
    }

    /// Whether the peer gets what waits for it in its room before the Close.
    pub(crate) fn gets_what_is_owed(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::Violation(_) | Self::Asked(EndRequest::Idle | EndRequest::Shutdown))
    }

    /// Code and reason of the Close, if it has them.
    pub(crate) fn code_and_reason(&self) -> Option<(u16, &str)> {
        match self {
            // The code of the peer, as section 5.5.1 recommends.
            Self::Closed(close) => close.as_ref().map(|(code, reason)| (*code, reason.as_str())),
            Self::Violation(violation) => Some((violation.close_code(), violation_reason(*violation))),
            Self::TooSlow => Some((1013, "too slow for its room")),
            Self::Asked(request) => Some((request.code(), request.reason())),
            Self::Faulty(FaultyEnd::HostileClose) => Some((1011, HOSTILE_REASON)),
            Self::HalfClosed | Self::Broken(_) | Self::Stalled | Self::Faulty(FaultyEnd::Reset) => None,
        }
    }
}

/// What the Close tells a peer of its violation (RFC 6455 section 7.4.1).
fn violation_reason(violation: Violation) -> &'static str {
    match violation.close_code() {
        1007 if violation == Violation::Inflate => "not DEFLATE",
        1007 => "not UTF-8",
        1008 => "too many frames in a message",
        1009 => "message too big",
        _ => "protocol error",
    }
}
