//! Why a connection did not open, and the names of errors.

use std::{fmt::Display, io};

use reports::{escape::visible_part, judge::OwnFailure};

/// Characters of an error's text that are kept.
const DETAIL_SHOWN: usize = 400;

/// The kind of what took too long.
const TIMEOUT: &str = "timeout";

/// Why a connection did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub(crate) struct ConnectError {
    /// One of a small set of names, such as `refused` or `http_503`.
    pub(crate) kind: String,
    /// What happened, in words. May hold text that the server chose, escaped.
    pub(crate) detail: String,
}

impl ConnectError {
    pub(super) fn new(kind: &str, detail: impl AsRef<str>) -> Self {
        Self { kind: kind.to_owned(), detail: visible_part(detail.as_ref(), DETAIL_SHOWN) }
    }

    /// This error, of the way to a proxy or of what it said.
    pub(super) fn of_proxy(self) -> Self {
        let kind = match &*self.kind {
            // Judged by these names.
            kind if kind == TIMEOUT || OwnFailure::from_name(kind).is_some() => self.kind,
            kind => format!("proxy_{kind}"),
        };
        Self::new(&kind, format!("proxy: {}", self.detail))
    }

    pub(super) fn io(peer: &dyn Display, error: &io::Error) -> Self {
        Self::new(io_kind(error), format!("{peer}: {error}"))
    }
}

/// Names an error of the operating system or of TLS.
pub(crate) fn io_kind(error: &io::Error) -> &'static str {
    use io::ErrorKind;
    match error.kind() {
        _ if of_tls(error).is_some() => "tls",
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "reset",
        ErrorKind::BrokenPipe => "broken_pipe",
        ErrorKind::TimedOut => "timeout",
        ErrorKind::UnexpectedEof => "eof",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "unreachable",
        _ => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => OwnFailure::NoDescriptor.name(),
            _ => "io",
        },
    }
}

/// The TLS error inside, if there is one.
pub(super) fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
