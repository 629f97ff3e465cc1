//! The end of a connection. Nothing that is owed gets lost, and no peer is waited for without a
//! limit.

use std::{
    future::poll_fn,
    io, mem,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use frames::{Decoder, Event, Input};
use tokio::time::{sleep, timeout};

use super::{context::ConnectionContext, ending::Ending, websocket::WebSocket};
use crate::{
    misbehaviour::{FaultRecord, FaultyEnd},
    registry::EndRequest,
};

/// How often the server looks whether the peer's system has all that was sent, before a reset.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Ends a connection in at most [`Limits::closing`](crate::Limits::closing), then drops it.
///
/// If all peers hold too much memory and the connection must give back its own, it is dropped
/// sooner. The faults in `record` that the peer saw are counted.
pub(super) async fn close(
    mut websocket: WebSocket,
    ending: Ending,
    record: Option<FaultRecord>,
    context: Rc<ConnectionContext>,
) {
    let close_bytes = close_within_limit(&mut websocket, ending, &context).await;
    if let Some(record) = record {
        // The end of the stream counts as one byte.
        let unsent = websocket.send_buffer.len() + websocket.socket.unsent_bytes();
        let unreached = unsent + websocket.socket.unacknowledged().saturating_sub(1);
        context.count(|stats| stats.faults.extend(record.seen(close_bytes, unreached)));
    }
}

/// Ends a connection. Returns how many bytes its Close had.
async fn close_within_limit(websocket: &mut WebSocket, ending: Ending, context: &ConnectionContext) -> usize {
    let tracked = Rc::clone(websocket.socket.tracked());
    let gives_back = matches!(ending, Ending::Asked(EndRequest::Memory));
    if gives_back && !websocket.give_back() {
        websocket.socket.reset_on_drop();
        return 0;
    }
    if matches!(ending, Ending::Broken(_) | Ending::Stalled) {
        return 0;
    }
    let close_bytes = queue_close(websocket, &ending, context);
    let mut closing = pin!(send_and_linger(websocket, ending, context));
    let closing = poll_fn(|cx| {
        let must_give_back = !gives_back && tracked.is_asked_for_memory();
        if must_give_back { Poll::Ready(Ok(())) } else { closing.as_mut().poll(cx) }
    });
    // Whether it worked or not, the connection is gone.
    let _: Result<io::Result<()>, _> = timeout(context.limits.closing, closing).await;
    close_bytes
}

/// Sends what is owed, and waits for the peer's part of the end.
async fn send_and_linger(websocket: &mut WebSocket, ending: Ending, context: &ConnectionContext) -> io::Result<()> {
    websocket.send_buffer.flush_all(&mut websocket.socket).await?;
    match ending {
        Ending::Faulty(FaultyEnd::Reset) => {
            websocket.socket.reset_on_drop();
            // A reset destroys what is on its way, and the peer must see all that came before.
            while websocket.socket.unacknowledged() > 0 {
                sleep(POLL_INTERVAL).await;
            }
            return Ok(());
        }
        // The decoder was given back, so a Close of the peer can't be found in what comes.
        Ending::Asked(EndRequest::Memory) => {}
        Ending::Faulty(FaultyEnd::HostileClose) | Ending::Asked(_) => receive_close(websocket, context).await?,
        _ => {}
    }
    websocket.socket.linger().await
}

/// Queues the Close of this ending, if it has one. Returns how many bytes it has.
fn queue_close(websocket: &mut WebSocket, ending: &Ending, context: &ConnectionContext) -> usize {
    if !ending.sends_close() {
        return 0;
    }
    let frames = &mut context.workspace.borrow_mut().frames;
    frames.close(None, ending.code_and_reason());
    let bytes = frames.len();
    websocket.send_buffer.keep(frames);
    bytes
}

/// Waits for the peer's Close, or for an error after which none can come.
async fn receive_close(websocket: &mut WebSocket, context: &ConnectionContext) -> io::Result<()> {
    if has_close(&mut websocket.decoder, &mut mem::take(&mut websocket.unread)) {
        return Ok(());
    }
    poll_fn(|cx| poll_close(websocket, &mut context.workspace.borrow_mut().read, cx)).await
}

fn poll_close(websocket: &mut WebSocket, space: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    // After one read, the other connections get their turn.
    let read = ready!(websocket.socket.poll_read(cx, space))?;
    if read == 0 || has_close(&mut websocket.decoder, &mut space[..read]) {
        return Poll::Ready(Ok(()));
    }
    websocket.report_memory();
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Whether `bytes` has a Close, or a violation after which none can be read.
///
/// Messages that crossed our Close can't be answered any more (section 5.5.1).
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
