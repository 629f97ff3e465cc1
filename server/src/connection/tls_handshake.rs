//! The TLS handshake of a connection, where the server speaks TLS.

use std::io;

use frames::handshake::RequestReader;
use rustls::{AlertDescription, Error, PeerIncompatible};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::{
    handshake::{UpgradeRefusal, receive},
    socket::TrackedSocket,
    transport::Transport,
};

/// The first byte of TLS: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// The socket of a connection that did not come to speak TLS, if it is still of use, and why not.
type Refused = (Option<TrackedSocket>, UpgradeRefusal);

/// Speaks TLS on a connection on which nothing was read. A peer that sends an HTTP request instead
/// will be told: its request is read into `request`.
///
/// # Errors
/// If the peer sends something else, refuses what is agreed on, or does not end until `deadline`.
pub(super) async fn accept(
    mut socket: TrackedSocket,
    acceptor: &TlsAcceptor,
    request: &mut RequestReader,
    deadline: Instant,
) -> Result<TrackedSocket, Refused> {
    let first = timeout_at(deadline, first_byte(&socket)).await;
    match first.unwrap_or(Err(UpgradeRefusal::TooSlow)) {
        Ok(HANDSHAKE) => {}
        Ok(_) => {
            // Whether the request is lawful makes no difference.
            let refusal = match timeout_at(deadline, receive(&mut socket, request)).await {
                Ok(Ok(_) | Err(UpgradeRefusal::Rejected(_))) => UpgradeRefusal::NoTls,
                Ok(Err(gone)) => gone,
                Err(_) => UpgradeRefusal::TooSlow,
            };
            return Err((Some(socket), refusal));
        }
        Err(refusal) => return Err((Some(socket), refusal)),
    }
    let (transport, tracked) = socket.into_parts();
    let Transport::Plain(tcp) = transport else { unreachable!("nothing was read") };
    match timeout_at(deadline, acceptor.accept(tcp).into_fallible()).await {
        Ok(Ok(stream)) => Ok(TrackedSocket::new(Transport::tls(stream), tracked)),
        // The peer may have yet to read an alert that says why.
        Ok(Err((error, tcp))) => {
            let socket = TrackedSocket::new(Transport::Plain(tcp), tracked);
            Err((Some(socket), UpgradeRefusal::Tls(told(&error))))
        }
        Err(_) => Err((None, UpgradeRefusal::TooSlow)),
    }
}

/// The first byte that the peer sends. It stays to be read.
async fn first_byte(socket: &TrackedSocket) -> Result<u8, UpgradeRefusal> {
    let mut first = [0];
    match socket.tcp().peek(&mut first).await {
        Ok(0) => Err(UpgradeRefusal::Gone(io::ErrorKind::UnexpectedEof.into())),
        Ok(_) => Ok(first[0]),
        Err(error) => Err(UpgradeRefusal::Gone(error)),
    }
}

/// Why a handshake failed, in words.
fn told(error: &io::Error) -> String {
    let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) else {
        return format!("the peer went away: {error}");
    };
    match error {
        Error::AlertReceived(AlertDescription::UnknownCA) => "the peer does not trust the certificate".to_owned(),
        Error::AlertReceived(AlertDescription::BadCertificate | AlertDescription::CertificateUnknown) => {
            "the peer refuses the certificate".to_owned()
        }
        Error::AlertReceived(AlertDescription::DecryptError) => {
            "the peer refuses a signature, such as that of the certificate".to_owned()
        }
        Error::NoCertificatesPresented => "the peer shows no certificate, but clients must".to_owned(),
        Error::InvalidCertificate(error) => format!("the certificate of the peer is refused: {error}"),
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic,
        ) => "the peer speaks neither TLS 1.2 nor 1.3".to_owned(),
        error => error.to_string(),
    }
}
