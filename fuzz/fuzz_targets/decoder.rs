//! Any bytes, cut anywhere: the decoder neither panics nor takes more memory than came, and means
//! the same however the stream is cut.
//!
//! The first three bytes of an input choose the role, the limits and where to cut; the rest is the
//! stream.

#![no_main]

use frames::{Decoder, Event, Input, Kind, Role, Settings, Violation};
use libfuzzer_sys::fuzz_target;

/// What came out, to be compared: opcode, content, code.
type DecodedEvent = (u8, Vec<u8>, u16);

fn keep(event: Event<'_>) -> DecodedEvent {
    match event {
        Event::Message(message) => {
            let kind = match message.kind {
                Kind::Text => 1,
                Kind::Binary => 2,
            };
            assert!(kind == 2 || std::str::from_utf8(message.payload).is_ok());
            (kind, message.payload.to_vec(), 0)
        }
        Event::Ping(payload) => (9, payload.to_vec(), 0),
        Event::Pong(payload) => (10, payload.to_vec(), 0),
        Event::Close(None) => (8, Vec::new(), 1005),
        Event::Close(Some(close)) => {
            assert!(std::str::from_utf8(close.reason).is_ok());
            (8, close.reason.to_vec(), close.code)
        }
    }
}

/// What a decoder makes of a stream in pieces, and why it stopped. `glance`: whole messages are
/// taken as the engine does.
fn decode(settings: Settings, stream: &[u8], piece: usize, glance: bool) -> (Vec<DecodedEvent>, Option<Violation>) {
    let (mut decoder, mut seen) = (Decoder::new(settings), Vec::new());
    for piece in stream.chunks(piece) {
        let mut buffer = piece.to_vec();
        let mut input = Input::from(buffer.as_mut_slice());
        loop {
            if let Some(message) = if glance { decoder.next_whole(&mut input) } else { None } {
                if message.kind == Kind::Text && std::str::from_utf8(message.payload).is_err() {
                    return (seen, Some(Violation::NotUtf8));
                }
                seen.push(keep(Event::Message(message)));
                continue;
            }
            match decoder.next(&mut input) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    let event = keep(event);
                    assert!(event.1.len() as u64 <= settings.max_message.max(125));
                    seen.push(event);
                }
                Err(violation) => return (seen, Some(violation)),
            }
        }
    }
    (seen, None)
}

fuzz_target!(|bytes: &[u8]| {
    let [choice, limit, piece, stream @ ..] = bytes else { return };
    let role = if choice & 1 == 0 { Role::Client } else { Role::Server };
    let wide = 1 << 20;
    let (max_frame, max_message) = match choice & 6 {
        0 => (u64::from(*limit), 2 * u64::from(*limit)),
        2 => (wide, u64::from(*limit)),
        _ => (wide, wide),
    };
    let max_frames = (choice & 8 != 0).then(|| 1 + u32::from(*limit) / 16);
    let settings = Settings { role, max_frame, max_message, max_frames };
    let whole = decode(settings, stream, stream.len().max(1), true);
    assert_eq!(whole, decode(settings, stream, usize::from(*piece).max(1), true));
    assert_eq!(whole, decode(settings, stream, 1, false));
    assert_eq!(whole, decode(settings, stream, stream.len().max(1), false));
});
