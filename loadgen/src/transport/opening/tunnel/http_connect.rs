//! CONNECT to an HTTP proxy (RFC 9110, section 9.3.6), without I/O.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use frames::handshake::{ResponseError, TunnelReader, tunnel_request};

use super::refusal::{self, TunnelRefusal};
use crate::{
    secrets::Secrets,
    transport::proxy::{TunnelTarget, UserAndPassword},
};

/// A client that asks for a tunnel.
#[derive(Debug)]
pub(super) struct HttpConnect {
    target: TunnelTarget,
    /// There are credentials.
    authorized: bool,
    /// The proxy is spoken to over TLS.
    secure: bool,
    request: Vec<u8>,
    /// Bytes of the request that were written.
    written: usize,
    response: TunnelReader,
}

impl HttpConnect {
    /// Asks for a tunnel to `target`, with credentials if there are any (RFC 7617). `secure` means
    /// over TLS.
    pub(super) fn new(target: TunnelTarget, credentials: Option<&UserAndPassword>, secure: bool) -> Self {
        let authorization = credentials.map(|UserAndPassword { user, password }| {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
        });
        let agent = concat!("loadgen/", env!("CARGO_PKG_VERSION")).as_bytes();
        let authorization = authorization.as_ref().map(|value| ("Proxy-Authorization", value.as_bytes()));
        let mut request = Vec::with_capacity(256);
        tunnel_request(&mut request, &target.to_string(), [("User-Agent", agent)].into_iter().chain(authorization));
        Self {
            authorized: authorization.is_some(),
            target,
            secure,
            request,
            written: 0,
            response: TunnelReader::default(),
        }
    }

    /// Bytes that are to be written.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.request[self.written..]
    }

    /// So many of them were written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
    }

    /// Whether a part of the answer has come.
    pub(super) fn has_begun(&self) -> bool {
        self.response.has_begun()
    }

    /// Whether the proxy has refused, and only what it says about that is awaited.
    pub(super) fn is_refused(&self) -> bool {
        self.response.is_refused()
    }

    /// Takes the bytes of a read. Returns the tunnel's first bytes once there is one. What the
    /// proxy says is shown without the `secrets`.
    ///
    /// # Errors
    /// The proxy refuses, or does not speak HTTP/1. Don't call this again after an error.
    pub(super) fn take(&mut self, bytes: &[u8], secrets: &Secrets) -> Result<Option<Vec<u8>>, TunnelRefusal> {
        self.response.take(bytes).map_err(|error| self.explained(&error, secrets))
    }

    /// What an end of the stream means, or of the patience with a refusal.
    pub(super) fn finish(&mut self, secrets: &Secrets) -> TunnelRefusal {
        let error = self.response.finish();
        self.explained(&error, secrets)
    }

    fn explained(&self, error: &ResponseError, secrets: &Secrets) -> TunnelRefusal {
        refusal::of_http(error, &self.target, self.authorized, self.secure, secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(credentials: Option<&str>) -> HttpConnect {
        let target = TunnelTarget::Name("a.example".to_owned(), 443);
        HttpConnect::new(target, credentials.map(UserAndPassword::of).as_ref(), false)
    }

    /// What becomes of a client that hears this, after which the stream ends.
    fn heard(answer: &[u8], credentials: Option<&str>) -> Result<Vec<u8>, TunnelRefusal> {
        let (mut client, secrets) = (client(credentials), Secrets::default().with(credentials));
        client.take(answer, &secrets)?.map_or_else(|| Err(client.finish(&secrets)), Ok)
    }

    #[test]
    fn asks_with_credentials_if_there_are_any() {
        let agent = concat!("User-Agent: loadgen/", env!("CARGO_PKG_VERSION"));
        let mut client = client(Some("joe:sesame"));
        let expected = format!(
            "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n{agent}\r\n\
             Proxy-Authorization: Basic am9lOnNlc2FtZQ==\r\n\r\n"
        );
        assert_eq!(client.unsent(), expected.as_bytes());
        client.wrote(9);
        assert!(client.unsent().starts_with(b".example:443 "));
        let target = TunnelTarget::Address("[::1]:80".parse().unwrap());
        let client = HttpConnect::new(target, None, false);
        assert_eq!(
            client.unsent(),
            format!("CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n{agent}\r\n\r\n").as_bytes()
        );
    }

    #[test]
    fn what_follows_the_answer_is_the_tunnels() {
        assert_eq!(heard(b"HTTP/1.0 200 Connection established\r\n\r\nearly", None).unwrap(), b"early");
    }

    #[test]
    fn refusals_are_told_in_words() {
        let wants = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
        let negotiate =
            b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
        let said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 22\r\n\r\n<title>Denied</title>\n";
        for (answer, with, kind, parts) in [
            (wants.as_slice(), None, "proxy_407", ["Required", "--proxy-auth gives them"]),
            (wants, Some("u:p"), "proxy_407", ["Required", "refused the credentials"]),
            (negotiate, Some("u:p"), "proxy_407", ["Negotiate, NTLM", "knows Basic"]),
            (
                b"HTTP/1.1 401 Unauthorized\r\n\r\n",
                Some("u:p"),
                "proxy_401",
                ["Unauthorized", "refused the credentials"],
            ),
            (said, None, "proxy_403", ["may not allow a.example:443", "it said `Denied`"]),
            (b"HTTP/1.1 503 Busy\r\n\r\n", None, "proxy_503", ["answered 503 Busy", "could not reach a.example:443"]),
            (b"HTTP/1.1 405 X\r\n\r\n", None, "proxy_405", ["answered 405 X", "allow CONNECT"]),
            (b"", None, "proxy_eof", ["without an answer", "socks5://"]),
            (b"HTTP/1.1 20", None, "proxy_eof", ["before its answer was complete", "`HTTP/1.1 20`"]),
            (b"\x05\xff", None, "proxy_protocol", ["not with HTTP", "socks5://"]),
            (b"\x15\x03\x01\0\x02\x02\x46\n", None, "proxy_protocol", ["with TLS", "try https://"]),
            (b"SSH-2.0-x\x1b\r\n", None, "proxy_protocol", ["is not HTTP", "`SSH-2.0-x\\x1b`"]),
            (b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", None, "proxy_protocol", ["malformed HTTP", "field whose name"]),
        ] {
            let refusal = heard(answer, with).unwrap_err();
            assert!(refusal.kind == kind && parts.iter().all(|part| refusal.words.contains(part)), "{refusal:?}");
            assert!(!refusal.words.contains(char::is_control), "{refusal:?}");
        }
    }

    #[test]
    fn a_page_that_says_the_status_again_is_left_out() {
        let answer = b"HTTP/1.1 500 Unable to connect\r\n\r\n<title>500 Unable to connect</title>";
        let words = heard(answer, None).unwrap_err().words;
        assert_eq!(words, "the proxy answered 500 Unable to connect (it may not have reached a.example:443)");
    }

    #[test]
    fn credentials_that_a_proxy_throws_back_are_masked() {
        let answer = b"HTTP/1.1 407 not joe:sesame\r\nContent-Length: 13\r\n\r\n<joe:sesame!>";
        let words = heard(answer, Some("joe:sesame")).unwrap_err().words;
        assert!(!words.contains("sesame"), "{words}");
    }
}
