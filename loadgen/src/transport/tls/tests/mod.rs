//! Handshakes with servers of any kind.

mod authority;
mod certificates;
mod failures;
mod resumption;

use std::{
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::Arc,
    thread,
};

use rustix::event::{PollFd, PollFlags, poll};
use rustls::ServerConfig;
use url::Host;

use super::{failure::TlsFailure, *};
use crate::transport::{Stream, connect_error::of_tls};

/// Lets a client shake hands with a server, and read what that says then.
fn connect(tls: &TlsClient, client: u32, server: &Arc<ServerConfig>) -> Result<TlsSummary, TlsFailure> {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let server = Arc::clone(server);
    let serving = thread::spawn(move || {
        let mut tls = test_server::accept_with(&server, there);
        // Answers once the client is known to be who it should be.
        let _ = tls.read(&mut [0; 8]).and_then(|_| tls.write_all(b"hello"));
        let _ = tls.flush();
    });
    let agreed = shake_hands(tls, client, here.into());
    serving.join().unwrap();
    agreed
}

fn shake_hands(tls: &TlsClient, client: u32, socket: OwnedFd) -> Result<TlsSummary, TlsFailure> {
    let wait = |socket: &OwnedFd| poll(&mut [PollFd::new(socket, PollFlags::IN)], None).unwrap();
    let mut handshake = tls.handshake(client, Stream::Plain(socket))?;
    let agreed = loop {
        match handshake.advance()? {
            Some(agreed) => break agreed,
            None => wait(handshake.socket()),
        };
    };
    let mut stream = handshake.into_stream();
    let mut said = stream.write(b"hi").and_then(|_| stream.read(&mut [0; 8]));
    while said.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock) {
        wait(stream.socket());
        said = stream.read(&mut [0; 8]);
    }
    match said {
        Ok(bytes) => assert_eq!(bytes, 5, "what the server said"),
        Err(error) => return Err(tls.explain(of_tls(&error).expect("of TLS"), agreed.wants_certificate)),
    }
    Ok(agreed)
}

/// TLS to a host.
fn client(settings: TlsSettings, host: &str) -> TlsClient {
    TlsClient::new(settings, &Host::parse(host).unwrap().borrowed()).unwrap()
}

trait Borrowed {
    fn borrowed(&self) -> Host<&str>;
}

impl Borrowed for Host<String> {
    fn borrowed(&self) -> Host<&str> {
        match self {
            Host::Domain(name) => Host::Domain(name),
            Host::Ipv4(ip) => Host::Ipv4(*ip),
            Host::Ipv6(ip) => Host::Ipv6(*ip),
        }
    }
}
