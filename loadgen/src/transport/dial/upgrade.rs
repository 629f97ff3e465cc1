//! The opening handshake over a stream: RFC 6455, section 4.1.

use std::{future::poll_fn, io, net::SocketAddr, pin::Pin, sync::Arc, task::ready, time::Duration};

use frames::handshake::{Accepted, Key, ResponseReader};
use tokio::{
    io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf},
    time::{Instant, timeout_at},
};

use super::{DialProgress, DialStage, Dialer, transport::Transport};
use crate::transport::{ConnectError, connect_error::of_tls, refusal_text, tls_error};

/// Longest wait for the rest of a refusal.
const REFUSAL_WAIT: Duration = Duration::from_millis(200);

/// Bytes per read, at most.
const READ_BUFFER: usize = 1024;

impl Dialer {
    /// Asks the server for a WebSocket.
    pub(super) async fn upgrade(
        &self,
        stream: &mut Transport,
        peer: SocketAddr,
        deadline: Instant,
        progress: &DialProgress,
    ) -> Result<Accepted, ConnectError> {
        let key = Key::random();
        let mut answer = ResponseReader::new(&key, Arc::clone(&self.route.offered));
        let written = write(stream, &self.route.request(&key)).await;
        let mut refusal_until = None;
        loop {
            let read = read(stream, &mut answer);
            let step = match refusal_until {
                None => read.await,
                // A server with an endless refusal must not hold the client.
                Some(until) => match timeout_at(deadline.min(until), read).await {
                    Ok(step) => step,
                    Err(_) => return Err(self.refused(&mut answer, peer)),
                },
            };
            match step {
                Ok(Some(Ok(Some(accepted)))) => return Ok(accepted),
                Ok(Some(Ok(None))) => progress.reach(DialStage::RestOfAnswer(peer)),
                Ok(Some(Err(refusal))) => return Err(self.refusal(&refusal, peer)),
                // An end without TLS's farewell is an end, too.
                Ok(None) => return Err(self.refused(&mut answer, peer)),
                Err(_) if answer.is_refused() => return Err(self.refused(&mut answer, peer)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && of_tls(&error).is_none() => {
                    return Err(self.refused(&mut answer, peer));
                }
                // A failed write tells why, unless the server did.
                Err(error) => return Err(self.broken(written.err().unwrap_or(error), answer.has_begun(), peer)),
            }
            if answer.is_refused() && refusal_until.is_none() {
                refusal_until = Some(Instant::now() + REFUSAL_WAIT);
            }
        }
    }

    /// The error of a response that was refused before its end.
    fn refused(&self, answer: &mut ResponseReader<Arc<[String]>>, peer: SocketAddr) -> ConnectError {
        self.refusal(&answer.finish(), peer)
    }

    fn refusal(&self, refusal: &frames::handshake::ResponseError, peer: SocketAddr) -> ConnectError {
        let secure = self.route.tls.is_some();
        let words = refusal_text::explain(refusal, secure, &self.route.secrets);
        ConnectError::new(&refusal.kind(), format!("{peer}: {words}"))
    }

    fn broken(&self, error: io::Error, has_begun: bool, peer: SocketAddr) -> ConnectError {
        let secure = self.route.tls.is_some();
        match of_tls(&error) {
            Some(found) => ConnectError::new("tls", format!("{peer}: {}", tls_error::words(found))),
            None if has_begun => ConnectError::io(peer, &error),
            None => {
                let ConnectError { kind, detail } = ConnectError::io(peer, &error);
                ConnectError { kind, detail: format!("{detail}{}", refusal_text::maybe_tls(secure)) }
            }
        }
    }
}

async fn write(stream: &mut Transport, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Reads once and hands the bytes to the reader of the response; none at the end of the stream.
async fn read(
    stream: &mut Transport,
    answer: &mut ResponseReader<Arc<[String]>>,
) -> io::Result<Option<Result<Option<Accepted>, frames::handshake::ResponseError>>> {
    poll_fn(|cx| {
        // On the stack, to spare the connection's memory.
        let mut space = [0; READ_BUFFER];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        Ok((!bytes.is_empty()).then(|| answer.take(bytes))).into()
    })
    .await
}
