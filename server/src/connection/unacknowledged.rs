//! How many sent bytes have not reached the peer's system.

use std::{
    ffi::c_int,
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

/// Bytes in the send queue of a TCP socket, which the peer's system has not acknowledged
/// (`SIOCOUTQ`, tcp(7)).
///
/// # Errors
/// As `ioctl(2)`.
#[expect(unsafe_code, reason = "no library has this call")]
pub(super) fn bytes(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut bytes: c_int = 0;
    // SAFETY: `TIOCOUTQ` is another name for `SIOCOUTQ`. The call writes one `int` to the address
    // that it is given, which is that of `bytes`. The descriptor is open, as it is borrowed.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(usize::try_from(bytes).unwrap_or(0)) }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        os::fd::AsFd,
        thread,
    };

    use super::*;

    #[test]
    fn bytes_that_the_peer_does_not_take_are_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut ours = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let (mut theirs, _) = listener.accept().expect("a connection");
        ours.set_nonblocking(true).expect("an option");
        let mut sent = 0;
        while let Ok(written) = ours.write(&[7; 4096]) {
            sent += written;
        }
        assert!(bytes(ours.as_fd()).expect("a socket") > 0);
        theirs.read_exact(&mut vec![0; sent]).expect("all of it");
        while bytes(ours.as_fd()).expect("a socket") > 0 {
            thread::yield_now();
        }
    }
}
