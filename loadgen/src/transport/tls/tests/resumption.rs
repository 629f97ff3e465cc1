//! Sessions that clients resume.

use rustls::version::{TLS12, TLS13};

use super::{
    authority::{of_localhost, self_signed, server},
    *,
};
use crate::plan::TlsOptions;

fn insecure(resume: bool) -> TlsClient {
    let options = TlsOptions { insecure: true, resume, ..TlsOptions::default() };
    client(TlsSettings::of(&options, None, 0, std::iter::empty()).unwrap(), "localhost")
}

#[test]
fn each_client_resumes_its_own_sessions() {
    for version in [&TLS12, &TLS13] {
        let server = server(&self_signed(&of_localhost()), &[version], None);
        let tls = insecure(true);
        let resumed = |client| connect(&tls, client, &server).unwrap().resumed;
        let which = [1, 1, 2, 1, 2].map(resumed);
        assert_eq!(which, [false, true, false, true, true], "{version:?}");
    }
}

#[test]
fn nothing_is_resumed_unless_that_is_wanted() {
    let server = server(&self_signed(&of_localhost()), &[&TLS13, &TLS12], None);
    let tls = insecure(false);
    let resumed = [1, 1, 2].map(|client| connect(&tls, client, &server).unwrap().resumed);
    assert_eq!(resumed, [false; 3]);
}
