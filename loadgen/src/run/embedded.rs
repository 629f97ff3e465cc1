//! The reference server in this process: the target of a run without a URL.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    thread::JoinHandle,
    time::Duration,
};

use descriptors::Table;
use rustls::pki_types::CertificateDer;
use server::{DeflateSettings, Identity, Limits, RoomsOptions, TlsSettings};
use tokio::sync::oneshot;

use crate::plan::{Group, Plan, Target};

/// Most bytes of a frame's header.
const HEADER: usize = 14;

/// How long a message may be delayed before its connection is given up, beyond the plan's own
/// waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a free loopback port. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct EmbeddedServer {
    address: SocketAddr,
    /// Its certificate, if it speaks TLS.
    certificate: Option<CertificateDer<'static>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedServer {
    /// Starts a server with room for `plan`, on `threads` threads whose descriptors are in `table`.
    /// It accepts connections when this returns.
    pub(crate) fn start(plan: &Plan, threads: NonZeroUsize, table: Table) -> io::Result<Self> {
        let listener = server::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        // Nobody browses a target that is gone in seconds.
        let limits = limits(plan);
        let rooms = plan.embedded_own_copy().map(|own| RoomsOptions { own, ..RoomsOptions::default() });
        let (tls, certificate) = tls(plan)?.unzip();
        let options = server::Options {
            threads,
            table,
            page: false,
            limits,
            rooms,
            tls,
            subprotocols: plan.embedded_subprotocols(),
            // Clients ask for the parameters that they want.
            compression: plan.embedded_compresses().then(DeflateSettings::default),
            ..server::Options::default()
        };
        let serving = server::start(listener, options)?;
        let thread = std::thread::Builder::new().name("embedded".to_owned()).spawn(move || {
            let shutdown = async { drop(stopped.await) };
            // If it fails, the clients notice: their connections end.
            let _ = runtime.block_on(serving.until(shutdown));
        })?;
        Ok(Self { address, certificate, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}/", self.address)
    }

    /// Its certificate, if it speaks TLS. It is for its address.
    pub(crate) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.certificate.as_ref()
    }
}

/// TLS of the server with a certificate made now, if the plan wants that.
fn tls(plan: &Plan) -> io::Result<Option<(TlsSettings, CertificateDer<'static>)>> {
    let of_embedded = plan.groups().iter().filter(|group| group.target == Target::Embedded);
    if !of_embedded.into_iter().any(|group| group.connect.tls.embedded) {
        return Ok(None);
    }
    let identity = Identity::self_signed([Ipv4Addr::LOCALHOST.to_string()]).map_err(io::Error::other)?;
    let certificate = identity.certificate().clone();
    Ok(Some((TlsSettings::new(identity, None).map_err(io::Error::other)?, certificate)))
}

/// Limits that no client of the plan exceeds. The plan was checked already.
fn limits(plan: &Plan) -> Limits {
    let defaults = Limits::default();
    let groups = || plan.groups().iter().filter(|group| group.target == Target::Embedded);
    let most = |of: fn(&Group) -> usize| groups().map(of).max().unwrap_or(0);
    let in_flight =
        |group: &Group| (group.load.most_in_flight().get() as usize).saturating_mul(group.largest_message() + HEADER);
    let clients: usize = groups().map(|group| group.clients.get() as usize).sum();
    Limits {
        message_bytes: defaults.message_bytes.max(most(Group::largest_message)),
        // A slow rate and a long drain look idle as well.
        idle: None,
        // The plan bounds it.
        memory: usize::MAX,
        // A connection that a client gave up may still be there when the next one comes.
        connections: defaults.connections.max(clients.saturating_mul(2)),
        // A client may write everything before it reads, so the server must not hold it up, or both
        // would wait. Only a window larger than any memory is held up.
        unsent_bytes: defaults.unsent_bytes.max(most(in_flight).min(1 << 30)),
        unsent_time: defaults.unsent_time.max(plan.run().drain + PATIENCE),
        handshake: groups().map(|group| group.connect.timeout).fold(defaults.handshake, Duration::max),
        ..defaults
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
