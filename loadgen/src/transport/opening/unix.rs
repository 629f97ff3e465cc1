//! Connects to a unix socket.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with},
};

use crate::{
    clock::{Clock, Time},
    transport::ConnectError,
};

/// The first wait for a place in the queue of a server, and the longest, in nanoseconds. It
/// doubles.
const FIRST_WAIT: u64 = 1_000_000;
const LONGEST_WAIT: u64 = 32_000_000;

/// An attempt to connect to a unix socket.
///
/// The system connects at once or not at all. It does not tell when the queue of a server that was
/// full has a place again, so that is tried from time to time.
#[derive(Debug, Default)]
pub(super) struct UnixAttempt {
    /// Not watched: a socket that was never connected counts as hung up.
    socket: Option<OwnedFd>,
    /// When to try again, and how long that was waited for.
    again: Option<(Time, u64)>,
}

impl UnixAttempt {
    /// When to advance.
    pub(super) fn wake(&self) -> Option<Time> {
        self.again.map(|(at, _)| at)
    }

    /// Returns the connected socket.
    pub(super) fn advance<S: AsFd>(
        &mut self,
        path: &Path,
        clock: &impl Clock,
        watch: &mut impl FnMut(OwnedFd) -> io::Result<S>,
    ) -> Result<Option<S>, ConnectError> {
        if self.again.is_some_and(|(at, _)| clock.now() < at) {
            return Ok(None);
        }
        let failed = |error: Errno| failed(path, error);
        let new = || {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        };
        let socket = self.socket.take().map_or_else(new, Ok).map_err(failed)?;
        match connect(&socket, &SocketAddrUnix::new(path).map_err(failed)?) {
            Ok(()) => watch(socket).map(Some).map_err(|error| ConnectError::io(&path.display(), &error)),
            Err(Errno::AGAIN | Errno::INTR) => {
                let wait = self.again.map_or(FIRST_WAIT, |(_, waited)| (2 * waited).min(LONGEST_WAIT));
                self.again = Some((clock.now().plus(wait), wait));
                self.socket = Some(socket);
                Ok(None)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// What a time-out reports.
pub(super) fn timed_out(path: &Path, within: &str) -> String {
    format!("{}: the queue of the server is full, and it took no connection from it {within}", path.display())
}

fn failed(path: &Path, error: Errno) -> ConnectError {
    let shown = path.display();
    let (kind, what) = match error {
        Errno::NOENT => ("no_socket", "there is no such file: does the server run, and is this its socket?"),
        Errno::CONNREFUSED => ("refused", "nobody listens on this socket: does the server run?"),
        Errno::ACCESS | Errno::PERM => ("not_allowed", "this user may not connect to it"),
        Errno::PROTOTYPE => ("no_socket", "it is a unix socket of another type than a stream"),
        Errno::NOTDIR => ("no_socket", "a part of the path is no folder"),
        Errno::NAMETOOLONG => ("no_socket", "the path is longer than that of a unix socket can be (107 bytes)"),
        error => return ConnectError::io(&shown, &error.into()),
    };
    ConnectError::new(kind, format!("{shown}: {what}"))
}
