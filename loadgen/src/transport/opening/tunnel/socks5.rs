//! SOCKS 5 (RFC 1928), with user and password (RFC 1929), without I/O.
//!
//! ```text
//! greeting ─> method ─> [credentials ─> verdict] ─> request ─> reply ─> the tunnel's bytes
//! ```
//!
//! Each step waits for the one before. Some proxies lose what comes early.

use std::{borrow::Cow, net::SocketAddr};

use super::refusal::TunnelRefusal;
use crate::transport::proxy::{TunnelTarget, UserAndPassword};

const VERSION: u8 = 5;
/// Version of the exchange of RFC 1929.
const AUTH_VERSION: u8 = 1;

const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// A client that asks for a tunnel.
#[derive(Debug)]
pub(super) struct Socks5 {
    credentials: Option<UserAndPassword>,
    target: TunnelTarget,
    step: Step,
    /// Bytes that are not written.
    unsent: Vec<u8>,
    /// Bytes that came and belong to no step that is over.
    received: Vec<u8>,
}

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Method,
    Verdict,
    Reply,
}

impl Socks5 {
    /// Asks for a tunnel to `target`.
    pub(super) fn new(target: TunnelTarget, credentials: Option<UserAndPassword>) -> Self {
        let methods: &[u8] =
            if credentials.is_some() { &[NO_AUTHENTICATION, USER_AND_PASSWORD] } else { &[NO_AUTHENTICATION] };
        let mut unsent = vec![VERSION];
        push_counted(&mut unsent, methods);
        Self { credentials, target, step: Step::Method, unsent, received: Vec::new() }
    }

    /// Bytes that are to be written.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.unsent
    }

    /// So many of them were written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.unsent.drain(..bytes);
    }

    /// Whether a part of an answer has come.
    pub(super) fn has_begun(&self) -> bool {
        self.step != Step::Method || !self.received.is_empty()
    }

    /// Takes the bytes of a read. Returns the tunnel's first bytes once there is one.
    ///
    /// # Errors
    /// The proxy refuses, or does not speak SOCKS 5. Don't call this again after an error.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, TunnelRefusal> {
        self.received.extend_from_slice(bytes);
        loop {
            let Some(length) = self.length()? else { return Ok(None) };
            match self.step {
                Step::Method => self.method(self.received[1])?,
                Step::Verdict => self.request(),
                Step::Reply => return Ok(Some(self.received.split_off(length))),
            }
            self.received.drain(..length);
        }
    }

    /// What an end of the stream means.
    pub(super) fn finish(&self) -> TunnelRefusal {
        if self.step == Step::Verdict {
            // Most proxies say no this way.
            return TunnelRefusal::new("auth", "the proxy closed the connection after the credentials of --proxy-auth");
        }
        let hint = if self.has_begun() { "" } else { " (if it is an HTTP proxy, try http://)" };
        TunnelRefusal::new("eof", format!("the proxy closed the connection before it answered SOCKS 5{hint}"))
    }

    /// Bytes of the answer that is awaited, once it has come whole.
    fn length(&self) -> Result<Option<usize>, TunnelRefusal> {
        let received = &self.received[..];
        let Some(&version) = received.first() else { return Ok(None) };
        // Some proxies answer credentials with the version of SOCKS.
        if version != VERSION && (self.step, version) != (Step::Verdict, AUTH_VERSION) {
            return Err(other_protocol(received));
        }
        let length = match (self.step, received) {
            (Step::Verdict, [_, verdict, ..]) if *verdict != 0 => return Err(wrong_credentials()),
            (Step::Method | Step::Verdict, _) => 2,
            // Some proxies cut a refusal short.
            (Step::Reply, [_, code, ..]) if *code != 0 => return Err(self.refused(*code)),
            (Step::Reply, [_, _, _, IPV4, ..]) => 10,
            (Step::Reply, [_, _, _, IPV6, ..]) => 22,
            (Step::Reply, [_, _, _, NAME, length, ..]) => 7 + usize::from(*length),
            (Step::Reply, [_, _, _, kind, ..]) if *kind != NAME => {
                return Err(protocol(format!("the proxy's answer has an address of unknown type {kind}")));
            }
            (Step::Reply, _) => usize::MAX,
        };
        Ok((received.len() >= length).then_some(length))
    }

    /// Goes on with the method that the proxy chose.
    fn method(&mut self, method: u8) -> Result<(), TunnelRefusal> {
        match (method, &self.credentials) {
            (NO_AUTHENTICATION, _) => self.request(),
            (USER_AND_PASSWORD, Some(UserAndPassword { user, password })) => {
                self.unsent.push(AUTH_VERSION);
                push_counted(&mut self.unsent, user.as_bytes());
                push_counted(&mut self.unsent, password.as_bytes());
                self.step = Step::Verdict;
            }
            (NO_METHOD, None) => {
                return Err(TunnelRefusal::new("auth", "the proxy wants credentials (--proxy-auth gives them)"));
            }
            (NO_METHOD, Some(_)) => {
                let why = "the proxy wants another authentication than user and password (RFC 1929)";
                return Err(TunnelRefusal::new("auth", why));
            }
            _ => return Err(protocol(format!("the proxy chose authentication {method}, which was not offered"))),
        }
        Ok(())
    }

    fn request(&mut self) {
        self.unsent.extend([VERSION, CONNECT, 0]);
        match &self.target {
            TunnelTarget::Address(SocketAddr::V4(address)) => {
                self.unsent.push(IPV4);
                self.unsent.extend(address.ip().octets());
            }
            TunnelTarget::Address(SocketAddr::V6(address)) => {
                self.unsent.push(IPV6);
                self.unsent.extend(address.ip().octets());
            }
            TunnelTarget::Name(name, _) => {
                self.unsent.push(NAME);
                push_counted(&mut self.unsent, name.as_bytes());
            }
        }
        self.unsent.extend(self.target.port().to_be_bytes());
        self.step = Step::Reply;
    }

    /// A reply other than success: RFC 1928, section 6.
    fn refused(&self, code: u8) -> TunnelRefusal {
        let target = &self.target;
        let (kind, what): (_, Cow<'_, str>) = match code {
            1 => ("failure", "general failure: it says no more".into()),
            2 => ("not_allowed", "its rules do not allow this".into()),
            3 => ("network_unreachable", "network unreachable".into()),
            4 => ("host_unreachable", "host unreachable".into()),
            5 => ("target_refused", "connection refused: does a server listen there?".into()),
            6 => ("ttl_expired", "no answer in time, or TTL expired".into()),
            7 => ("command", "it does not know the command CONNECT".into()),
            8 => ("address_type", self.address_type().into()),
            _ => ("failure", format!("unknown reply {code}").into()),
        };
        TunnelRefusal::new(kind, format!("the proxy did not connect to {target}: {what}"))
    }

    fn address_type(&self) -> &'static str {
        match self.target {
            TunnelTarget::Name(..) => "it looks up no names: try socks5:// instead of socks5h://",
            TunnelTarget::Address(SocketAddr::V6(_)) => "it knows no IPv6: try --ip-version 4",
            TunnelTarget::Address(SocketAddr::V4(_)) => "it does not know this type of address",
        }
    }
}

/// A text with its length before it.
fn push_counted(out: &mut Vec<u8>, text: &[u8]) {
    // The plan's checks bound it.
    let text = &text[..text.len().min(255)];
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text);
}

fn wrong_credentials() -> TunnelRefusal {
    TunnelRefusal::new("auth", "the proxy refused the credentials of --proxy-auth")
}

fn protocol(what: String) -> TunnelRefusal {
    TunnelRefusal::new("protocol", what)
}

/// The proxy does not speak SOCKS 5.
fn other_protocol(received: &[u8]) -> TunnelRefusal {
    protocol(match received {
        // A reply of SOCKS 4 begins with 0.
        [0 | 4, ..] => "the proxy speaks SOCKS 4, which loadgen does not".to_owned(),
        [b'H', ..] => "the proxy answered with HTTP: try http://".to_owned(),
        [0x14..=0x17, ..] => "the proxy answered with TLS: try https://".to_owned(),
        [first, ..] => format!("the proxy does not speak SOCKS 5: its answer begins with byte {first}"),
        [] => "the proxy does not speak SOCKS 5".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name() -> TunnelTarget {
        TunnelTarget::Name("a.example".to_owned(), 443)
    }

    fn credentials() -> UserAndPassword {
        UserAndPassword::of("joe:sesame")
    }

    /// What becomes of a client that hears these answers, one to each thing that it says: what it
    /// said, and the end.
    fn talk(
        target: TunnelTarget,
        credentials: Option<UserAndPassword>,
        answers: &[&[u8]],
        piece: usize,
    ) -> (Vec<Vec<u8>>, Result<Vec<u8>, TunnelRefusal>) {
        let (mut client, mut said) = (Socks5::new(target, credentials), Vec::new());
        for answer in answers {
            said.push(client.unsent().to_vec());
            client.wrote(client.unsent().len());
            let mut rest = *answer;
            while !rest.is_empty() {
                let (next, behind) = rest.split_at(piece.min(rest.len()));
                rest = behind;
                match client.take(next) {
                    Ok(Some(mut early)) => {
                        early.extend_from_slice(rest);
                        return (said, Ok(early));
                    }
                    Ok(None) => {}
                    Err(refusal) => return (said, Err(refusal)),
                }
            }
        }
        (said, Err(client.finish()))
    }

    fn kind_and_words(target: TunnelTarget, answers: &[&[u8]], with: bool) -> (String, String) {
        let outcome = |piece| talk(target.clone(), with.then(credentials), answers, piece).1;
        let whole = outcome(usize::MAX);
        assert_eq!(outcome(1), whole);
        let TunnelRefusal { kind, words } = whole.unwrap_err();
        (kind, words)
    }

    #[test]
    fn asks_for_names_and_addresses() {
        let v6 = b"\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x23\x29";
        for (target, request) in [
            (name(), b"\x05\x01\0\x03\x09a.example\x01\xbb".as_slice()),
            (TunnelTarget::Address("10.0.0.5:9001".parse().unwrap()), b"\x05\x01\0\x01\x0a\0\0\x05\x23\x29"),
            (TunnelTarget::Address("[2001:db8::1]:9001".parse().unwrap()), v6),
        ] {
            let answers: [&[u8]; 2] = [b"\x05\0", b"\x05\0\0\x01\0\0\0\0\0\0"];
            let (said, tunnel) = talk(target, None, &answers, 1);
            assert_eq!((said, tunnel), (vec![b"\x05\x01\0".to_vec(), request.to_vec()], Ok(Vec::new())));
        }
    }

    #[test]
    fn what_follows_the_reply_is_the_tunnels() {
        for bound in [
            b"\x01\x7f\0\0\x01\0\x50".as_slice(),
            b"\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x50",
            b"\x03\x03abc\0\x50",
        ] {
            let reply = [b"\x05\0\0", bound, b"\x16\x03"].concat();
            for piece in 1..=reply.len() {
                let (_, tunnel) = talk(name(), None, &[b"\x05\0", &reply], piece);
                assert_eq!(tunnel.unwrap(), b"\x16\x03", "{bound:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn credentials_are_sent_only_if_they_are_asked_for() {
        let (said, tunnel) = talk(name(), Some(credentials()), &[b"\x05\x02", b"\x01\0", b"\x05\0\0\x03\0\0\0"], 1);
        assert_eq!(said[..2], [b"\x05\x02\0\x02".to_vec(), b"\x01\x03joe\x06sesame".to_vec()]);
        assert_eq!(tunnel, Ok(Vec::new()));
        let (said, _) = talk(name(), Some(credentials()), &[b"\x05\0", b"\x05\x01"], 1);
        assert!(said[1].starts_with(&[5, 1, 0, 3]), "{said:?}");
    }

    #[test]
    fn refusals_are_told_in_words() {
        let cases: [(bool, &[&[u8]], &str, &str); 13] = [
            (false, &[b"\x05\xff"], "auth", "--proxy-auth gives them"),
            (true, &[b"\x05\xff"], "auth", "another authentication"),
            (true, &[b"\x05\x02", b"\x01\x01"], "auth", "refused the credentials"),
            (true, &[b"\x05\x02", b"\x05\xff"], "auth", "refused the credentials"),
            (true, &[b"\x05\x02", b""], "auth", "closed the connection after the credentials"),
            (false, &[b"\x05\0", b"\x05\x02"], "not_allowed", "a.example:443: its rules"),
            (false, &[b"\x05\0", b"\x05\x05\0\x01\0\0\0\0\0\0"], "target_refused", "connection refused"),
            (false, &[b"\x05\0", b"\x05\x08"], "address_type", "socks5:// instead"),
            (false, &[b"\x05\0", b"\x05\x63"], "failure", "unknown reply 99"),
            (false, &[b"\x05\0", b"\x05\0"], "eof", "before it answered"),
            (false, &[], "eof", "try http://"),
            (false, &[b"\x05\x01"], "protocol", "authentication 1"),
            (false, &[b"\x05\0", b"\x05\0\0\x02"], "protocol", "unknown type 2"),
        ];
        for (with, answers, kind, part) in cases {
            let (got, words) = kind_and_words(name(), answers, with);
            assert!(got == format!("proxy_{kind}") && words.contains(part), "{answers:?}: {got}: {words}");
            assert!(!words.contains("sesame"), "{words}");
        }
    }

    #[test]
    fn other_protocols_are_named() {
        for (answer, part) in [
            (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), "try http://"),
            (b"\x15\x03\x01\0\x02\x02\x46", "try https://"),
            (b"\0\x5b\0\0\0\0\0\0", "SOCKS 4"),
            (b"\xee", "byte 238"),
        ] {
            let (kind, words) = kind_and_words(name(), &[answer], false);
            assert!(kind == "proxy_protocol" && words.contains(part), "{words}");
        }
        for answer in [&b"\x04\0"[..], b"\0\0\0\x05"] {
            let (_, words) = kind_and_words(name(), &[b"\x05\0", answer], false);
            assert!(words.contains("SOCKS 4"), "{words}");
        }
    }

    proptest! {
        /// One decision however the answers are cut, and no more is kept than an answer has.
        #[test]
        fn a_decision_does_not_depend_on_cuts(
            begins in prop::sample::select(vec![&b""[..], b"\x05\0", b"\x05\x02", b"\x05\x02\x01\0", b"\x05\0\x05\0\0"]),
            rest in prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..6], 0..300),
            piece in 1_usize..20,
        ) {
            let stream = [begins, &rest[..]].concat();
            let decide = |piece: usize| {
                let mut client = Socks5::new(name(), Some(credentials()));
                for (at, next) in stream.chunks(piece).enumerate() {
                    match client.take(next)? {
                        Some(early) => return Ok([&early[..], &stream[(at * piece + next.len())..]].concat()),
                        None => assert!(client.received.len() < 7 + 255),
                    }
                }
                Err(client.finish())
            };
            prop_assert_eq!(decide(piece), decide(stream.len().max(1)));
        }
    }

    #[test]
    fn an_endless_answer_ends_the_step_that_it_answers() {
        let (_, tunnel) = talk(name(), None, &[b"\x05\0", &vec![0; 1 << 16]], 1024);
        assert_eq!(tunnel.unwrap_err().kind, "proxy_protocol");
    }
}
