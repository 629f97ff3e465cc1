//! What rustls tells its callbacks of a handshake, kept for the words of a failure.
//!
//! rustls does not say which connection it calls back for. But it does so on the thread that hands
//! it the bytes, before that call returns. So the callbacks leave notes for their thread, and the
//! handshake takes them after each call.

use std::cell::RefCell;

use super::certificate_facts::CertificateFacts;

/// What callbacks noted.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The server asked for a certificate of the client.
    pub(super) wants_certificate: bool,
    /// The server's certificate, if it was refused.
    pub(super) refused: Option<Box<CertificateFacts>>,
}

thread_local! {
    static NOTED: RefCell<Noted> = const { RefCell::new(Noted { wants_certificate: false, refused: None }) };
}

/// Notes that the server asked for a certificate of the client.
pub(super) fn certificate_wanted() {
    NOTED.with_borrow_mut(|noted| noted.wants_certificate = true);
}

/// Notes what the server's certificate was that is refused.
pub(super) fn refused(facts: Option<CertificateFacts>) {
    NOTED.with_borrow_mut(|noted| noted.refused = facts.map(Box::new));
}

/// Takes what was noted since the last call on this thread.
pub(super) fn take() -> Noted {
    NOTED.take()
}
