//! An echo server on tokio-tungstenite, tuned as well as it gets: what the server of this project
//! is measured beside.
//!
//! One thread; a small read buffer, since the library fills it with zeros before each read; what is
//! ready is answered with one flush. It checks nothing that the library does not, and has no
//! limits.

use std::{
    future::poll_fn,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Sink, Stream};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, LocalOptions},
};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config, tungstenite::protocol::WebSocketConfig};

/// The name of its thread.
pub(crate) const THREAD: &str = "reference";

/// Starts it on a thread of this process; it lives as long as the bench.
pub(crate) fn serve() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (tcp, _) = listener.accept().await?;
                tcp.set_nodelay(true)?;
                tokio::task::spawn_local(echo(tcp));
            }
        })
    })?;
    Ok(address)
}

async fn echo(tcp: TcpStream) {
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(16 * 1024);
    // A client that leaves is no matter of the bench.
    let Ok(mut stream) = accept_async_with_config(tcp, Some(config)).await else { return };
    let mut owing = false;
    poll_fn(|cx| poll_echo(&mut stream, &mut owing, cx)).await;
}

/// Echoes what is there; completes when the connection ends.
fn poll_echo(stream: &mut WebSocketStream<TcpStream>, owing: &mut bool, cx: &mut Context<'_>) -> Poll<()> {
    while let Poll::Ready(message) = Pin::new(&mut *stream).poll_next(cx) {
        let Some(Ok(message)) = message else { return Poll::Ready(()) };
        if message.is_text() || message.is_binary() {
            if Pin::new(&mut *stream).start_send(message).is_err() {
                return Poll::Ready(());
            }
            *owing = true;
        }
    }
    if *owing {
        match Pin::new(stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => *owing = false,
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => {}
        }
    }
    Poll::Pending
}
