//! The end of a connection: nothing that is owed gets lost, and nobody is waited for without a limit.

use std::{error, future::poll_fn, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    registry::Notice,
    socket::{Socket, TooManyFrames},
};

/// The reason of a Close on purpose: what a report must not pass on as it is. It clears a terminal and forges a verdict, opens
/// an element, turns the direction of text around, and has a NUL.
pub(crate) const HOSTILE_REASON: &str = "\x1b[2J\x1b[32mverdict: pass\r\n<script>alert(1)</script>\u{202e}\0";

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The peer sent this Close; the library has its answer ready.
    Closed(Option<CloseFrame>),
    /// The peer ended its side of the TCP connection without a Close. It may still read.
    HalfClosed,
    /// The connection failed; nothing can be delivered.
    Broken(Error),
    /// The peer takes nothing; nothing can be delivered.
    Stalled,
    /// The connection is to be reset, on purpose.
    Reset,
    /// The peer is closed with a hostile reason, on purpose.
    Hostile,
    /// The peer is at fault. What it sends from here on does not count.
    Fault { code: CloseCode, reason: &'static str, error: Error },
    /// The server is done with a peer that did nothing wrong, and waits for its Close.
    Notice(Notice),
}

impl From<Error> for Ending {
    /// What a failed read means (RFC 6455 section 7.4.1).
    fn from(error: Error) -> Self {
        let (code, reason) = match &error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Self::HalfClosed,
            Error::Protocol(_) => (CloseCode::Protocol, "protocol error"),
            Error::Utf8(_) => (CloseCode::Invalid, "not UTF-8"),
            Error::Capacity(CapacityError::MessageTooLong { .. }) => (CloseCode::Size, "message too big"),
            // Not 1009, which is about size: these may all be empty.
            Error::Io(io) if io.get_ref().is_some_and(<dyn error::Error + Send + Sync>::is::<TooManyFrames>) => {
                (CloseCode::Policy, "too many frames in a message")
            }
            _ => return Self::Broken(error),
        };
        Self::Fault { code, reason, error }
    }
}

/// Ends a connection in at most `limit`, then drops it.
///
/// `last_words` are frames that go out before everything else.
pub(crate) async fn finish(mut stream: WebSocketStream<Socket>, ending: Ending, last_words: &[u8], limit: Duration) {
    let farewell = async {
        stream.get_mut().write_all(last_words).await?;
        match ending {
            Ending::Reset => {
                stream.flush().await?;
                stream.get_ref().reset_on_drop();
                return Ok(());
            }
            Ending::Hostile => close(&mut stream, CloseCode::Error, HOSTILE_REASON).await?,
            Ending::Broken(_) | Ending::Stalled => return Ok(()),
            // The answer to a Close is flushed along with the echoes before it.
            Ending::Closed(_) | Ending::HalfClosed => stream.flush().await?,
            Ending::Fault { code, reason, .. } => {
                stream.close(Some(CloseFrame { code, reason: reason.into() })).await?;
            }
            Ending::Notice(notice) => {
                close(&mut stream, CloseCode::Away, notice.reason()).await?;
            }
        }
        linger(stream.get_mut()).await.map_err(Error::from)
    };
    // Either way the connection is gone: that is all there is to know.
    let _: Result<Result<(), Error>, _> = timeout(limit, farewell).await;
}

/// Sends a Close and waits for the peer's.
async fn close(stream: &mut WebSocketStream<Socket>, code: CloseCode, reason: &'static str) -> Result<(), Error> {
    stream.close(Some(CloseFrame { code, reason: reason.into() })).await?;
    // Messages that crossed our Close can't be answered any more (section 5.5.1).
    while let Some(Ok(_)) = stream.next().await {}
    Ok(())
}

/// Ends our side of the TCP connection and waits for the peer to end its own.
///
/// To drop a socket with unread bytes resets the connection, and the reset may destroy what the peer has not read yet:
/// the very frames that say what was wrong.
pub(crate) async fn linger(socket: &mut Socket) -> std::io::Result<()> {
    socket.shutdown().await?;
    poll_fn(|cx| socket.poll_discard(cx)).await
}
