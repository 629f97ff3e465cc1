//! The end of a connection: nothing that is owed gets lost, and nobody is waited for without a limit.

use std::{
    future::poll_fn,
    io,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use frames::{Decoder, Event, Input, Violation};
use tokio::time::{sleep, timeout};

use crate::{
    connection::WebSocket, misbehaviour::answer_sender::FaultRecord, registry::EndRequest, workers::worker::Worker,
};

/// The reason of a Close on purpose: what a report must not pass on as it is. It clears a terminal and forges a verdict, opens
/// an element, turns the direction of text around, and has a NUL.
pub(crate) const HOSTILE_REASON: &str = "\x1b[2J\x1b[32mverdict: pass\r\n<script>alert(1)</script>\u{202e}\0";

/// How often it is looked whether the peer's system has all that was sent.
const LOOK: Duration = Duration::from_millis(1);

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The peer sent a Close, with this code and reason.
    Closed(Option<(u16, String)>),
    /// The peer ended its side of the TCP connection without a Close. It may still read.
    HalfClosed,
    /// The connection failed; nothing can be delivered.
    Broken(io::Error),
    /// The peer takes nothing; nothing can be delivered.
    Stalled,
    /// The connection is to be reset, on purpose.
    Reset,
    /// The peer is closed with a hostile reason, on purpose.
    Hostile,
    /// The peer is at fault. What it sends from here on does not count.
    Fault(Violation),
    /// The server is done with a peer that did nothing wrong, and waits for its Close.
    EndRequest(EndRequest),
}

/// What a peer is told of its fault (RFC 6455 section 7.4.1).
pub(crate) fn reason(violation: Violation) -> &'static str {
    match violation.close_code() {
        1007 => "not UTF-8",
        1008 => "too many frames in a message",
        1009 => "message too big",
        _ => "protocol error",
    }
}

/// Ends a connection in at most [`Limits::closing`](crate::Limits::closing), then drops it; at once where it is asked for the
/// memory that it holds. What the peer saw of `record` is counted.
pub(crate) async fn finish(mut wire: WebSocket, ending: Ending, record: Option<FaultRecord>, worker: Rc<Worker>) {
    let closed = part(&mut wire, ending, &worker).await;
    if let Some(record) = record {
        // The end of the stream counts as one.
        let left = wire.outbox.len() + wire.socket.unacknowledged().saturating_sub(1);
        worker.count(|stats| stats.faults.extend(record.seen(closed, left)));
    }
}

/// Ends a connection; how many bytes that took.
async fn part(wire: &mut WebSocket, ending: Ending, worker: &Worker) -> usize {
    let watched = Rc::clone(wire.socket.watched());
    let sparing = matches!(ending, Ending::EndRequest(EndRequest::Memory));
    if sparing && !wire.give_back() {
        wire.socket.reset_on_drop();
        return 0;
    }
    if matches!(ending, Ending::Broken(_) | Ending::Stalled) {
        return 0;
    }
    let closed = say_close(wire, &ending, worker);
    let farewell = async {
        wire.outbox.write_rest(&mut wire.socket).await?;
        match ending {
            Ending::Reset => {
                wire.socket.reset_on_drop();
                // A reset destroys what is on its way, and the peer shall see all that came before it.
                while wire.socket.unacknowledged() > 0 {
                    sleep(LOOK).await;
                }
                return Ok(());
            }
            // What comes is in the middle of a message that is not kept.
            Ending::EndRequest(EndRequest::Memory) => {}
            Ending::Hostile | Ending::EndRequest(_) => hear_close(wire, worker).await?,
            _ => {}
        }
        wire.socket.linger().await
    };
    let mut farewell = pin!(farewell);
    let farewell = poll_fn(|cx| {
        if !sparing && watched.is_asked_for_memory() { Poll::Ready(Ok(())) } else { farewell.as_mut().poll(cx) }
    });
    // Either way the connection is gone: that is all there is to know.
    let _: Result<io::Result<()>, _> = timeout(worker.limits.closing, farewell).await;
    closed
}

/// Puts the Close that an ending asks for behind what is owed; how many bytes it has.
fn say_close(wire: &mut WebSocket, ending: &Ending, worker: &Worker) -> usize {
    let content = match ending {
        // The same code, as section 5.5.1 has it.
        Ending::Closed(close) => close.as_ref().map(|(code, reason)| (*code, reason.as_str())),
        Ending::Fault(violation) => Some((violation.close_code(), reason(*violation))),
        Ending::Hostile => Some((1011, HOSTILE_REASON)),
        Ending::EndRequest(notice) => Some((notice.code(), notice.reason())),
        Ending::HalfClosed | Ending::Broken(_) | Ending::Stalled | Ending::Reset => return 0,
    };
    let frames = &mut worker.workspace.borrow_mut().frames;
    frames.close(None, content);
    let bytes = frames.len();
    wire.outbox.keep(frames);
    bytes
}

/// Waits for the peer's Close, or for what makes it pointless to.
async fn hear_close(wire: &mut WebSocket, worker: &Worker) -> io::Result<()> {
    if has_close(&mut wire.decoder, &mut std::mem::take(&mut wire.unread)) {
        return Ok(());
    }
    poll_fn(|cx| poll_close(wire, &mut worker.workspace.borrow_mut().read, cx)).await
}

fn poll_close(wire: &mut WebSocket, space: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    // One read, and then the others' turn.
    let read = ready!(wire.socket.poll_read(cx, space))?;
    if read == 0 || has_close(&mut wire.decoder, &mut space[..read]) {
        return Poll::Ready(Ok(()));
    }
    wire.count();
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Whether a Close, or something after which none can be read, is among what came. Messages that crossed our Close can't be
/// answered any more (section 5.5.1).
fn has_close(decoder: &mut Decoder, bytes: &mut [u8]) -> bool {
    let mut input = Input::from(bytes);
    loop {
        match decoder.next(&mut input) {
            Ok(None) => return false,
            Ok(Some(Event::Close(_))) | Err(_) => return true,
            Ok(Some(_)) => {}
        }
    }
}
