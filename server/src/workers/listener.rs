//! Listening sockets: one address, and one listener for each thread.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections that the kernel completes for a listener before they are accepted.
///
/// Load tests open many at once. The kernel lowers this to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Binds a non-blocking listener on `address` (port 0: a free one) that further threads can join
/// with `SO_REUSEPORT`.
///
/// `SO_REUSEADDR` is on, so a server can be restarted while connections of the last one are in
/// `TIME_WAIT`.
///
/// # Errors
/// Those of `bind(2)` and `listen(2)`. The error is [`io::ErrorKind::AddrInUse`] even if the
/// listener that has the address allows `SO_REUSEPORT`.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = unbound(address)?;
    socket.bind(&address.into())?;
    // If this were set before `bind`, two servers of one user could share the port without an
    // error, and each would get half the connections.
    socket.set_reuse_port(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A listener for each of `count` threads. The last one is `listener`. The others join its port
/// where it allows that, and are clones of it otherwise.
pub(super) fn for_threads(listener: TcpListener, count: NonZeroUsize) -> io::Result<Vec<TcpListener>> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let may_join = SockRef::from(&listener).reuse_port()?;
    let mut all = Vec::with_capacity(count.get());
    for _ in 1..count.get() {
        all.push(if may_join { join(address)? } else { listener.try_clone()? });
    }
    all.push(listener);
    Ok(all)
}

fn join(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = unbound(address)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn unbound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::{io::ErrorKind, os::fd::AsRawFd};

    use super::*;

    const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    fn count(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).expect("not zero")
    }

    #[test]
    fn a_second_server_on_the_same_port_is_refused() {
        let first = bind(ANY).expect("a free port");
        let error = bind(first.local_addr().expect("bound")).expect_err("in use");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        // Nor may it join listeners that share the port.
        let all = for_threads(first, count(2)).expect("two listeners");
        let error = bind(all[0].local_addr().expect("bound")).expect_err("in use");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn listeners_of_threads_share_the_address() {
        let all = for_threads(bind(ANY).expect("a free port"), count(3)).expect("three listeners");
        let addresses: Vec<_> = all.iter().map(|l| l.local_addr().expect("bound")).collect();
        assert_eq!(addresses, [addresses[0]; 3]);
        assert!(all.iter().all(|l| SockRef::from(l).reuse_port().expect("an option")));
    }

    #[test]
    fn a_listener_without_reuse_port_is_cloned() {
        let plain = TcpListener::bind(ANY).expect("a free port");
        let all = for_threads(plain, count(2)).expect("two handles");
        assert_eq!(all[0].local_addr().expect("bound"), all[1].local_addr().expect("bound"));
        assert_ne!(all[0].as_raw_fd(), all[1].as_raw_fd());
        assert!(!SockRef::from(&all[0]).reuse_port().expect("an option"));
    }
}
