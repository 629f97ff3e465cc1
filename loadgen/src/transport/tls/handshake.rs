//! The handshake of TLS on a stream.

use std::{io, os::fd::AsFd};

use rustls::{CipherSuite, HandshakeKind, ProtocolVersion};

use super::{
    certificate_facts::CertificateFacts,
    client::TlsClient,
    failure::{TlsFailure, explain_io},
    noted::{self, Noted},
};
use crate::transport::{Stream, stream::TlsStream};

/// A handshake that is under way.
#[derive(Debug)]
pub(in crate::transport) struct TlsHandshake<S> {
    client: TlsClient,
    /// Boxed, as what is opening waits in few places and moves often.
    stream: Box<TlsStream<S>>,
    wants_certificate: bool,
    refused: Option<Box<CertificateFacts>>,
}

/// What a handshake has agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TlsSummary {
    /// `1.2` or `1.3`.
    pub(crate) version: &'static str,
    /// Its cipher suite, by the name that IANA registered.
    pub(crate) cipher: &'static str,
    /// A session of before was resumed.
    pub(crate) resumed: bool,
    /// The server asked for a certificate of the client.
    pub(crate) wants_certificate: bool,
}

impl TlsClient {
    /// The handshake of a client on a connected stream. Nothing is sent yet.
    ///
    /// # Errors
    /// The settings don't fit the name.
    pub(in crate::transport) fn handshake<S: AsFd>(
        &self,
        client: u32,
        under: Stream<S>,
    ) -> Result<TlsHandshake<S>, TlsFailure> {
        let stream = TlsStream::new(self.settings.config_of(client), self.name.clone(), under)
            .map_err(|error| self.explain(&error, false))?;
        Ok(TlsHandshake::new(self.clone(), stream))
    }
}

impl<S: AsFd> TlsHandshake<S> {
    fn new(client: TlsClient, stream: TlsStream<S>) -> Self {
        Self { client, stream: Box::new(stream), wants_certificate: false, refused: None }
    }

    /// The socket underneath.
    pub(in crate::transport) fn socket(&self) -> &S {
        self.stream.socket()
    }

    /// Does what can be done now. Returns what was agreed on once it is complete: what TLS still
    /// holds then goes out with the first write.
    ///
    /// # Errors
    /// It failed.
    pub(in crate::transport) fn advance(&mut self) -> Result<Option<TlsSummary>, TlsFailure> {
        let complete = self.stream.handshake();
        let Noted { wants_certificate, refused } = noted::take();
        self.wants_certificate |= wants_certificate;
        self.refused = refused.or(self.refused.take());
        match complete {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(self.summary())),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Takes bytes of the server that were read already.
    ///
    /// # Errors
    /// They are no TLS.
    pub(in crate::transport) fn take_early(&mut self, bytes: &[u8]) -> Result<(), TlsFailure> {
        self.stream.take_early(bytes).map_err(|error| self.failure(&error))
    }

    /// The stream, once the handshake is complete.
    pub(in crate::transport) fn into_stream(self) -> Stream<S> {
        Stream::Tls(self.stream)
    }

    fn failure(&self, error: &io::Error) -> TlsFailure {
        let circumstances = self.client.circumstances(self.wants_certificate);
        let has_answered = self.stream.session().protocol_version().is_some();
        explain_io(
            error,
            &super::failure::Circumstances { has_answered, refused: self.refused.as_deref(), ..circumstances },
        )
    }

    fn summary(&self) -> TlsSummary {
        let session = self.stream.session();
        TlsSummary {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "1.2",
                _ => "1.3",
            },
            cipher: session.negotiated_cipher_suite().map_or("other", |suite| cipher_name(suite.suite())),
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            wants_certificate: self.wants_certificate,
        }
    }
}

/// The name of a cipher suite in IANA's registry. rustls has its own for those of TLS 1.3.
fn cipher_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("other"),
    }
}
