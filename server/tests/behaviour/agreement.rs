//! What the opening handshake agrees on: a subprotocol, and compression of messages.

use std::{num::NonZeroUsize, time::Duration};

use frames::{
    Decoder, Encoder, Event, Input, Kind, Role, Settings,
    deflate::{DeflateOffer, DeflateParameters, Deflater, Inflater, WindowBits},
    handshake::{Accepted, Key, ResponseReader, request},
};
use server::{DeflateSettings, Delay, DelayShape, FaultKind, Faults, Options, Reply, RoomsOptions};

use crate::rig::{BINARY, CLOSE, TEXT, TestPeer, TestServer, raw_frame, whole};

/// A client that may compress, and what it agreed on with the server.
struct Compressing {
    peer: TestPeer,
    parameters: DeflateParameters,
    deflater: Deflater,
    decoder: Decoder,
    /// Bytes that were read, and bytes of compressed payload among them.
    received: usize,
}

/// Opens a WebSocket with an offer of compression and of subprotocols.
fn open(server: &TestServer, offer: Option<DeflateOffer>, subprotocols: &[&str]) -> (TestPeer, Accepted) {
    let (key, mut bytes) = (Key::random(), Vec::new());
    let offered = offer.map(|offer| offer.to_string());
    let names = subprotocols.join(", ");
    let fields = offered.iter().map(|offer| ("Sec-WebSocket-Extensions", offer.as_bytes()));
    let fields = fields.chain((!names.is_empty()).then_some(("Sec-WebSocket-Protocol", names.as_bytes())));
    request(&mut bytes, &server.address.to_string(), "/", &key, fields);
    let mut peer = TestPeer::tcp(server.address);
    peer.send(&bytes);
    let subprotocols: Vec<String> = subprotocols.iter().map(ToString::to_string).collect();
    let mut reader = ResponseReader::new(&key, subprotocols);
    if let Some(offer) = offer {
        reader = reader.offering_deflate(offer);
    }
    let head = peer.http_head();
    let accepted = reader.take(head.as_bytes()).expect("a lawful answer").expect("all of it");
    (peer, accepted)
}

impl Compressing {
    fn open(server: &TestServer, settings: DeflateSettings) -> Self {
        let (peer, accepted) = open(server, Some(settings.offer()), &[]);
        let parameters = accepted.deflate.expect("it is agreed");
        let most = 16 << 20;
        let settings = Settings { role: Role::Client, max_frame: most, max_message: most, max_frames: None };
        let decoder = Decoder::with_inflater(settings, Inflater::new(parameters, Role::Client));
        Self { peer, parameters, deflater: Deflater::new(parameters, Role::Client), decoder, received: 0 }
    }

    fn send(&mut self, kind: Kind, payload: &[u8]) {
        let mut out = Encoder::default();
        out.compressed_message(kind, Some([1, 2, 3, 4]), &mut self.deflater, payload);
        self.peer.send(out.bytes());
    }

    /// The next message.
    fn message(&mut self) -> (Kind, Vec<u8>) {
        loop {
            let mut byte = [self.peer.byte()];
            self.received += 1;
            match self.decoder.next(&mut Input::from(&mut byte[..])).expect("a lawful frame") {
                Some(Event::Message(message)) => return (message.kind, message.payload.to_vec()),
                Some(other) => panic!("{other:?} is no message"),
                None => {}
            }
        }
    }

    fn echoes(&mut self, kind: Kind, payload: &[u8]) {
        self.send(kind, payload);
        assert!(self.message() == (kind, payload.to_vec()), "{} bytes", payload.len());
    }
}

fn compressing(options: Options) -> TestServer {
    TestServer::start(Options { compression: Some(DeflateSettings::default()), ..options })
}

fn window(bits: u8) -> WindowBits {
    WindowBits::new(bits).expect("a window")
}

/// Every way to compress that a client may ask for.
fn all_settings() -> impl Iterator<Item = DeflateSettings> {
    let with = |no_context_takeover| move |bits| DeflateSettings { window_bits: window(bits), no_context_takeover };
    [9, 12, 15].into_iter().flat_map(move |bits| [with(false)(bits), with(true)(bits)])
}

#[test]
fn the_first_subprotocol_that_both_have_is_chosen() {
    let subprotocols = vec!["one".to_owned(), "two".to_owned()];
    let server = TestServer::start(Options { subprotocols, ..Options::default() });
    for (offered, chosen) in
        [(&["two", "one"][..], Some("two")), (&["three", "one"], Some("one")), (&["three", "ONE"], None), (&[], None)]
    {
        let (mut peer, accepted) = open(&server, None, offered);
        assert_eq!(accepted.subprotocol.as_deref(), chosen, "{offered:?}");
        peer.echo("hello");
    }
    let nothing = TestServer::start(Options::default());
    assert_eq!(open(&nothing, None, &["one"]).1.subprotocol, None);
}

#[test]
fn messages_come_back_compressed_with_all_parameters() {
    let server = compressing(Options::default());
    for settings in all_settings() {
        let mut client = Compressing::open(&server, settings);
        assert_eq!(client.parameters.window_bits(Role::Server), settings.window_bits);
        assert_eq!(client.parameters.server_no_context_takeover, settings.no_context_takeover);
        for round in 0..3 {
            client.echoes(Kind::Text, b"");
            client.echoes(Kind::Text, format!("{round} {}", "hello ".repeat(200)).as_bytes());
            client.echoes(Kind::Binary, &(0..100).cycle().take(70_000).collect::<Vec<u8>>());
        }
        assert!(client.received < 100_000, "{} bytes of over 200 000", client.received);
    }
    let stats = server.stats();
    assert_eq!((stats.compressed, stats.messages, stats.protocol_errors), (6, 54, 0));
}

#[test]
fn context_takeover_makes_repeated_messages_small() {
    let server = compressing(Options::default());
    let text: String = (0..300).map(|number| number.to_string()).collect();
    let mut second = Vec::new();
    for no_context_takeover in [false, true] {
        let settings = DeflateSettings { no_context_takeover, ..DeflateSettings::default() };
        let mut client = Compressing::open(&server, settings);
        client.echoes(Kind::Text, text.as_bytes());
        let first = client.received;
        client.echoes(Kind::Text, text.as_bytes());
        second.push((first, client.received - first));
    }
    let [(first, again), (alone, alone_again)] = second[..] else { unreachable!() };
    assert!(again * 5 < first && alone == alone_again, "{second:?}");
}

#[test]
fn compression_needs_both_ends() {
    let plain = TestServer::start(Options::default());
    let (mut peer, accepted) = open(&plain, Some(DeflateSettings::default().offer()), &[]);
    assert_eq!(accepted.deflate, None);
    peer.echo("hello");
    let server = compressing(Options::default());
    let (mut peer, accepted) = open(&server, None, &[]);
    assert_eq!(accepted.deflate, None);
    peer.echo("hello");
    assert_eq!((plain.stats().compressed, server.stats().compressed), (0, 0));
}

#[test]
fn uncompressed_messages_are_lawful_on_a_compressed_connection() {
    let server = compressing(Options::default());
    let mut client = Compressing::open(&server, DeflateSettings::default());
    client.peer.send(&whole(TEXT, "plain"));
    assert_eq!(client.message(), (Kind::Text, b"plain".to_vec()));
    client.echoes(Kind::Text, b"compressed");
}

#[test]
fn a_fixed_reply_is_compressed_as_well() {
    let reply = "all work and no play ".repeat(1000);
    let server = compressing(Options { reply: Reply::Text(reply.clone()), ..Options::default() });
    let mut client = Compressing::open(&server, DeflateSettings::default());
    client.send(Kind::Binary, b"x");
    assert!(client.message() == (Kind::Text, reply.into_bytes()));
    assert!(client.received < 1000, "{}", client.received);
}

#[test]
fn delayed_and_faulty_answers_are_compressed_as_well() {
    let delay = Some(Delay { mean: Duration::from_millis(1), shape: DelayShape::Fixed });
    let faults = Faults::new([(FaultKind::Duplicate, 1.0)]).expect("a chance");
    let server = compressing(Options { delay, faults, ..Options::default() });
    for settings in all_settings() {
        let mut client = Compressing::open(&server, settings);
        let text = "hello ".repeat(500);
        for _ in 0..5 {
            client.echoes(Kind::Text, text.as_bytes());
            assert_eq!(client.message(), (Kind::Text, text.clone().into_bytes()), "the duplicate");
        }
        assert!(client.received < 2000, "{}", client.received);
    }
    assert_eq!(server.stats().faults.len(), 30);
}

#[test]
fn a_message_that_inflates_too_far_is_closed_with_1009() {
    let mut options = Options::default();
    options.limits.message_bytes = 100_000;
    let server = compressing(options);
    let mut client = Compressing::open(&server, DeflateSettings::default());
    client.echoes(Kind::Binary, &vec![7; 100_000]);
    client.send(Kind::Binary, &vec![7; 100_001]);
    assert_eq!(client.peer.frame().close_code(), 1009);
    let mut client = Compressing::open(&server, DeflateSettings::default());
    client.send(Kind::Binary, &vec![0; 64 << 20]);
    assert_eq!(client.peer.frame().close_code(), 1009);
}

#[test]
fn what_is_no_deflate_is_closed_with_1007() {
    let server = compressing(Options::default());
    let mut client = Compressing::open(&server, DeflateSettings::default());
    client.peer.send(&raw_frame(0xc0 | BINARY, &[0xff; 20]));
    let close = client.peer.frame();
    assert_eq!((close.close_code(), &close.payload[2..]), (1007, &b"not DEFLATE"[..]));
    assert_eq!(server.stats().protocol_errors, 1);
}

#[test]
fn memory_for_compression_counts() {
    let mut options = Options::default();
    options.limits.memory = 1 << 20;
    let server = compressing(options);
    let clients: Vec<_> = (0..8).map(|_| open(&server, Some(DeflateSettings::default().offer()), &[])).collect();
    // They hold too much together, so some must go.
    let mut closed = 0;
    for (mut peer, _) in clients {
        peer.send(&whole(TEXT, "hello"));
        closed += usize::from(peer.byte() & 0x0f == CLOSE);
    }
    assert!((4..8).contains(&closed), "{closed}");
}

#[test]
fn rooms_with_compression_are_refused() {
    let rooms = Some(RoomsOptions::default());
    let options = Options {
        rooms,
        compression: Some(DeflateSettings::default()),
        threads: NonZeroUsize::MIN,
        ..Options::default()
    };
    let listener = server::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let error = server::start(listener, options).expect_err("refused").to_string();
    assert!(error.contains("the same frames"), "{error}");
}
