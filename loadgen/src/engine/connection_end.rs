//! How a connection ended, in words that all engines share.

use std::io;

use reports::escape;

use crate::transport::io_kind;

/// Bytes of a close reason that are kept. The protocol allows 123.
const REASON_SHOWN: usize = 123;

/// Bytes of an error's text that are kept.
const DETAIL_SHOWN: usize = 200;

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionEnd {
    /// One of a small set of names, such as `reset` or `closed_1011`.
    pub(crate) kind: String,
    /// What happened, in words. May hold text that the server chose, escaped.
    pub(crate) detail: String,
}

impl ConnectionEnd {
    /// `detail` may hold anything; it is escaped here.
    pub(super) fn new(kind: &str, detail: &str) -> Self {
        Self { kind: kind.to_owned(), detail: escape(detail.as_bytes(), DETAIL_SHOWN) }
    }

    /// Whether the peer closed without a complaint: with code 1000 (normal), 1001 (going away) or
    /// none (RFC 6455, section 7.4.1).
    pub(crate) fn is_orderly(&self) -> bool {
        matches!(self.kind.as_str(), "closed_1000" | "closed_1001" | "closed_1005")
    }

    /// The peer ended TCP without a Close frame.
    pub(super) fn eof() -> Self {
        Self::new("eof", "the peer closed the connection")
    }

    pub(super) fn io(error: &io::Error) -> Self {
        Self::new(io_kind(error), &error.to_string())
    }

    /// The server sent a Close frame, with or without a code and a reason.
    pub(super) fn closed(content: Option<(u16, &[u8])>) -> Self {
        match content {
            None => Self::new("closed_1005", "closed by the server without a code"),
            Some((code, reason)) => {
                let reason = escape(reason, REASON_SHOWN);
                Self { kind: format!("closed_{code}"), detail: format!("closed by the server with {code} `{reason}`") }
            }
        }
    }
}
