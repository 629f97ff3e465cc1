//! One connection from its first byte to its last. Each connection is one task.
//!
//! - `admission` says whether there is a place for it.
//! - `tls_handshake` comes before all else, where the server speaks TLS.
//! - `handshake` answers its HTTP request.
//! - `echo` answers its messages, until an `ending` comes.
//! - `closing` ends it.
//! - `websocket` is its state while it is open: a `socket` on a `transport`, a decoder, and a
//!   `send_buffer` for what TCP has not taken.
//! - `context` is what the connections of a thread share.
//! - `log` says how each one began and ended.

mod admission;
mod closing;
mod context;
mod echo;
mod ending;
mod handshake;
mod log;
mod opened;
mod send_buffer;
mod socket;
mod tls_handshake;
mod transport;
mod unacknowledged;
mod websocket;

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
};

use frames::handshake::{RequestReader, UpgradeRequest};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use self::{
    admission::Overload,
    echo::Echo,
    ending::Ending,
    handshake::{UpgradeRefusal, upgrade},
    opened::Opened,
    socket::TrackedSocket,
    transport::Transport,
};
pub(crate) use self::{
    admission::{Admission, Admissions},
    context::ConnectionContext,
    log::ConnectionLog,
};
use crate::{
    compression::Compressor,
    misbehaviour::AnswerSender,
    page,
    registry::{EndRequest, Registration, TrackedConnection},
    rooms::Rooms,
};

/// Serves a connection until it ends. `sender` sends its answers, where they don't go straight
/// back.
pub(crate) async fn serve(
    tcp: TcpStream,
    peer: SocketAddr,
    admission: Admission,
    registration: Registration,
    mut sender: Option<Box<AnswerSender>>,
    log: ConnectionLog,
    context: Rc<ConnectionContext>,
) {
    let tracked = &registration.connection;
    poll_fn(|cx| {
        tracked.wake_with(cx.waker());
        Poll::Ready(())
    })
    .await;
    let socket = TrackedSocket::new(Transport::Plain(tcp), Rc::clone(tracked));
    // Beginning and end are boxed. Their state would otherwise take memory for as long as the
    // connection lives.
    let Some(opened) = Box::pin(open(socket, admission.refusal, peer, &log, &context)).await else { return };
    let mut compressor = opened.deflate.map(|parameters| Box::new(Compressor::new(parameters)));
    if let Some(sender) = &mut sender {
        poll_fn(|cx| {
            sender.open(opened.member.as_ref().map(|member| member.room()), compressor.take(), cx);
            Poll::Ready(())
        })
        .await;
    }
    let mut echo = Echo::new(opened, sender, compressor, &context);
    let ending = poll_fn(|cx| echo.poll(cx)).await;
    let (websocket, record) = echo.into_parts();
    log.ended(&ending);
    context.count(|stats| match ending {
        Ending::Closed(_) | Ending::Faulty(_) | Ending::Asked(EndRequest::Shutdown) => {}
        Ending::HalfClosed | Ending::Broken(_) => stats.broken += 1,
        Ending::Stalled => stats.stalled += 1,
        Ending::TooSlow => stats.too_slow += 1,
        Ending::Violation(_) => stats.protocol_errors += 1,
        Ending::Asked(EndRequest::Idle) => stats.idled += 1,
        Ending::Asked(EndRequest::Memory) => stats.evicted += 1,
    });
    Box::pin(closing::close(websocket, ending, record, context)).await;
}

/// Answers the peer's handshake.
///
/// `None` if the handshake led to no WebSocket. The connection is over then.
async fn open(
    socket: TrackedSocket,
    overload: Option<Overload>,
    peer: SocketAddr,
    log: &ConnectionLog,
    context: &ConnectionContext,
) -> Option<Opened> {
    let (tracked, limits) = (Rc::clone(socket.tracked()), &context.limits);
    let deadline = Instant::now() + limits.handshake;
    let mut request = RequestReader::default();
    let (socket, refusal) = match secured(socket, &mut request, deadline, context).await {
        Err(refused) => refused,
        Ok(mut socket) => {
            let handshake = upgrade(&mut socket, &mut request, overload.is_some(), context, deadline);
            let opened = unless_asked_to_end(&tracked, pin!(handshake)).await;
            match opened.unwrap_or_else(|request| Err(UpgradeRefusal::AskedToEnd(request))) {
                Ok((UpgradeRequest { target, remaining: unread, .. }, agreement)) => {
                    log.opened(request.bytes(), socket.tls(), &agreement);
                    let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                    let after = page::parameter(&target, "after");
                    let join =
                        |rooms: &Rc<Rooms>| Box::new(rooms.join(page::path(&target), after.as_deref(), peer, waker));
                    let (member, deflate) = (context.rooms.as_ref().map(join), agreement.deflate);
                    context.count(|stats| stats.compressed += u64::from(deflate.is_some()));
                    return Some(Opened { socket, unread, member, deflate });
                }
                Err(refusal) => (Some(socket), refusal),
            }
        }
    };
    log.refused(request.bytes(), &refusal, overload);
    drop(request);
    context.count(|stats| match refusal {
        UpgradeRefusal::Full => stats.refused += 1,
        UpgradeRefusal::Page => stats.pages += 1,
        UpgradeRefusal::AskedToEnd(EndRequest::Memory) => stats.evicted += 1,
        UpgradeRefusal::Tls(_) | UpgradeRefusal::NoTls => stats.failed_tls += 1,
        UpgradeRefusal::TooSlow
        | UpgradeRefusal::AskedToEnd(_)
        | UpgradeRefusal::Rejected(_)
        | UpgradeRefusal::Gone(_) => stats.failed_handshakes += 1,
    });
    tracked.holds(0);
    // Before the handshake nothing was promised, so a connection that is asked to end just ends.
    if let Some(mut socket) = socket
        && !matches!(refusal, UpgradeRefusal::AskedToEnd(_))
    {
        let _ = timeout(limits.closing, socket.linger()).await;
    }
    None
}

/// The socket with TLS, where the server speaks it.
///
/// # Errors
/// Why there is no TLS. The peer was told, if it still listens.
async fn secured(
    socket: TrackedSocket,
    request: &mut RequestReader,
    deadline: Instant,
    context: &ConnectionContext,
) -> Result<TrackedSocket, (Option<TrackedSocket>, UpgradeRefusal)> {
    let Some(acceptor) = &context.tls else { return Ok(socket) };
    let tracked = Rc::clone(socket.tracked());
    // Boxed, as it takes much more than a connection without TLS should.
    let accepted = Box::pin(tls_handshake::accept(socket, acceptor, request, deadline));
    match unless_asked_to_end(&tracked, Pin::new(&mut { accepted })).await {
        Ok(Ok(socket)) => {
            let resumed = socket.tls().is_some_and(|tls| tls.resumed);
            context.count(|stats| *if resumed { &mut stats.tls_resumed } else { &mut stats.tls_full } += 1);
            Ok(socket)
        }
        Ok(Err((mut socket, refusal))) => {
            if let Some(socket) = &mut socket {
                handshake::tell(socket, &refusal, context.limits.handshake).await;
            }
            Err((socket, refusal))
        }
        Err(asked) => Err((None, UpgradeRefusal::AskedToEnd(asked))),
    }
}

/// What `future` gives.
///
/// # Errors
/// If the connection is asked to end before that.
async fn unless_asked_to_end<T>(
    tracked: &TrackedConnection,
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Result<T, EndRequest> {
    poll_fn(|cx| match tracked.end_request() {
        Some(request) => Poll::Ready(Err(request)),
        None => future.as_mut().poll(cx).map(Ok),
    })
    .await
}
