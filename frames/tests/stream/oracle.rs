//! The decoder agrees with tungstenite: equal events, then both refuse for one reason or neither
//! does.
//!
//! Known differences are taken into account. tungstenite accepts lengths that are not in their
//! shortest form. It reports forbidden Close codes as 1002, and 1014 is one of them, which was
//! registered later.

use std::io::{self, Cursor, Read, Write};

use frames::{Role, Settings, Violation, ViolationKind};
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::{
    Error, Message,
    protocol::{self, WebSocketConfig, WebSocketContext},
};

use crate::rig::{OwnedEvent, decode, framed};

/// A stream that ends, and takes everything.
struct Stream<'a>(Cursor<&'a [u8]>);

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            // More may come.
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite makes of a stream, up to a Close.
fn oracle(settings: Settings, bytes: &[u8]) -> (Vec<OwnedEvent>, Option<ViolationKind>) {
    let limit = |limit: u64| Some(usize::try_from(limit).expect("small"));
    let config = WebSocketConfig::default()
        .max_frame_size(limit(settings.max_frame))
        .max_message_size(limit(settings.max_message));
    let role = match settings.role {
        Role::Client => protocol::Role::Client,
        Role::Server => protocol::Role::Server,
    };
    let (mut context, mut stream) = (WebSocketContext::new(role, Some(config)), Stream(Cursor::new(bytes)));
    let mut seen = Vec::new();
    loop {
        seen.push(match context.read(&mut stream) {
            Ok(Message::Text(text)) => OwnedEvent::Text(text.as_bytes().to_vec()),
            Ok(Message::Binary(bytes)) => OwnedEvent::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => OwnedEvent::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => OwnedEvent::Pong(bytes.to_vec()),
            Ok(Message::Close(close)) => {
                seen.push(OwnedEvent::Close(close.map(|close| (close.code.into(), close.reason.as_bytes().to_vec()))));
                return (seen, None);
            }
            Ok(Message::Frame(_)) => unreachable!("they are only written"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return (seen, None),
            Err(Error::Protocol(_)) => return (seen, Some(ViolationKind::Protocol)),
            Err(Error::Utf8(_)) => return (seen, Some(ViolationKind::Encoding)),
            Err(Error::Capacity(_)) => return (seen, Some(ViolationKind::Size)),
            Err(other) => panic!("{other:?}"),
        });
    }
}

/// Compares, whichever way the stream comes.
fn compare(settings: Settings, bytes: &[u8], pieces: usize) -> Result<(), TestCaseError> {
    let (mut seen, stopped) = decode(settings, bytes.chunks(pieces.max(1)));
    let (mut expected, mut refused) = oracle(settings, bytes);
    if matches!(seen.last(), Some(OwnedEvent::Close(Some((1014, _))))) {
        seen.pop();
        prop_assert!(matches!(expected.pop(), Some(OwnedEvent::Close(Some((1002, _))))));
    }
    match stopped {
        Some(Violation::LongLength(_)) => {
            prop_assert!(expected.starts_with(&seen));
            return Ok(());
        }
        Some(Violation::ForbiddenCode(_)) => {
            let last = expected.pop();
            prop_assert!(matches!(last, Some(OwnedEvent::Close(Some((1002, _))))), "{last:?}");
            refused = Some(ViolationKind::Protocol);
        }
        Some(Violation::AfterClose) => return prop_eq(&seen, &expected),
        // The decoder refuses text before its frame is complete. tungstenite needs the whole frame.
        Some(Violation::NotUtf8) if refused.is_none() => {
            let (again, _) = oracle(settings, &[bytes, &vec![b'x'; 70_000]].concat());
            return prop_eq(&seen, &again);
        }
        // So it is for a rule that the header alone breaks.
        Some(violation) if refused.is_none() => {
            let (again, refused) = oracle(settings, &[bytes, &vec![b'x'; 70_000]].concat());
            prop_assert_eq!(refused, Some(violation.kind()));
            return prop_eq(&seen, &again);
        }
        _ => {}
    }
    prop_eq(&seen, &expected)?;
    prop_assert_eq!(stopped.map(Violation::kind), refused);
    Ok(())
}

fn prop_eq(seen: &[OwnedEvent], expected: &[OwnedEvent]) -> Result<(), TestCaseError> {
    prop_assert_eq!(seen, expected);
    Ok(())
}

/// First bytes, most of them lawful.
fn first() -> impl Strategy<Value = u8> {
    prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x80, 0x89, 0x8a]),
        1 => Just(0x88_u8),
        1 => any::<u8>(),
    ]
}

/// Payloads: text, parts of characters, codes with reasons, anything.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-zäß骰🎲]{0,20}".prop_map(String::into_bytes),
        2 => ("[a-zäß骰🎲]{1,9}", 0..40_usize).prop_map(|(text, cut)| text.as_bytes()[cut % text.len()..].to_vec()),
        2 => ("[a-zäß骰🎲]{1,9}", 0..40_usize).prop_map(|(text, cut)| text.as_bytes()[..cut % text.len()].to_vec()),
        1 => (990..1020_u16, "[a-zä]{0,9}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
        1 => (2990..5010_u16).prop_map(|code| code.to_be_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..140),
        1 => prop::collection::vec(any::<u8>(), 250..300),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Client, Role::Server])
}

/// Frames of a role, now and then with a mask where none belongs or the other way round.
fn stream(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let frame = (first(), payload(), 0..40_u8, 0..60_u8).prop_map(move |(first, payload, form, masked)| {
        let other = if role == Role::Client { Role::Server } else { Role::Client };
        let form = [2, 8].get(usize::from(form)).copied().unwrap_or(0);
        framed(if masked == 0 { other } else { role }, first, payload.len() as u64, form, &payload)
    });
    prop::collection::vec(frame, 0..12).prop_map(|frames| frames.concat())
}

fn limits(role: Role) -> impl Strategy<Value = Settings> {
    let wide = Settings { role, max_frame: 1 << 16, max_message: 1 << 16, max_frames: None };
    prop_oneof![
        3 => Just(wide),
        1 => (0..200_u64, 0..300_u64).prop_map(move |(max_frame, max_message)| Settings { role, max_frame, max_message, max_frames: None }),
    ]
}

/// Settings, a stream, and the size of its pieces.
fn case() -> impl Strategy<Value = (Settings, Vec<u8>, usize)> {
    role().prop_flat_map(|role| (limits(role), stream(role), prop_oneof![1..20_usize, Just(1 << 20)]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn frames_mean_the_same((settings, bytes, pieces) in case()) {
        compare(settings, &bytes, pieces)?;
    }

    #[test]
    fn damaged_frames_mean_the_same(
        (settings, mut bytes, pieces) in case(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        compare(settings, &bytes, pieces)?;
    }

    #[test]
    fn any_bytes_mean_the_same(
        role in role(), bytes in prop::collection::vec(any::<u8>(), 0..200), pieces in 1..50_usize,
    ) {
        compare(Settings { role, max_frame: 1 << 16, max_message: 1 << 16, max_frames: None }, &bytes, pieces)?;
    }
}
