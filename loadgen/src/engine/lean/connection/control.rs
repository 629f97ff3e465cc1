//! Control frames, and how a connection ends because of them or of what the server must not do.

use frames::{Event, Violation, ViolationKind};

use super::{ConnectionState, LeanConnection, pending_io::PendingIo};
use crate::{
    clock::Time,
    engine::{ConnectionEnd, EventSink, lean::EngineState},
};

impl LeanConnection {
    /// Begins the closing handshake.
    pub(in crate::engine::lean) fn close(&mut self, code: u16, shared: &mut EngineState) {
        if self.state == ConnectionState::Open {
            self.state = ConnectionState::Closing;
            self.paced = false;
            shared.replies.close(Some(shared.masks.draw()), Some((code, "")));
            self.reply(shared);
        }
    }

    /// Does what a control frame asks for.
    #[cold]
    pub(super) fn control(
        event: Event<'_>,
        at: Time,
        state: &mut ConnectionState,
        pending_io: Option<&mut PendingIo>,
        shared: &mut EngineState,
        sink: &mut impl EventSink,
    ) {
        match event {
            Event::Ping(payload) if *state == ConnectionState::Open => match pending_io {
                // If several pings wait, the last one is answered: RFC 6455, section 5.5.3.
                Some(pending_io) if pending_io.is_blocked() => pending_io.ping = Some(payload.to_vec()),
                _ => shared.replies.pong(Some(shared.masks.draw()), payload),
            },
            Event::Pong(payload) => sink.pong(at, payload),
            Event::Message(_) | Event::Ping(_) => {}
            Event::Close(close) => {
                if *state == ConnectionState::Open {
                    let content = close.map(|close| (close.code, str::from_utf8(close.reason).unwrap_or_default()));
                    shared.replies.close(Some(shared.masks.draw()), content);
                }
                *state = ConnectionState::Gone;
                sink.ended(ConnectionEnd::closed(close.map(|close| (close.code, close.reason))));
            }
        }
    }

    /// Ends the connection because the server broke a rule. True if the connection can be removed.
    #[cold]
    pub(super) fn fail(&mut self, violation: Violation, shared: &mut EngineState, sink: &mut impl EventSink) -> bool {
        if let Violation::ForbiddenCode(code) = violation
            && self.state == ConnectionState::Open
        {
            // The server closes, whatever the code is.
            shared.replies.close(Some(shared.masks.draw()), Some((1002, "Protocol violation")));
            self.reply(shared);
            let detail = format!("closed by the server with {code}, which must not be sent");
            self.end(ConnectionEnd::new("closed_1002", &detail), sink);
            return false;
        }
        self.close(violation.close_code(), shared);
        let kind = match violation.kind() {
            ViolationKind::Protocol => "protocol_error",
            ViolationKind::Encoding => "invalid_utf8",
            ViolationKind::Size => "message_too_big",
            ViolationKind::Compression => "inflate_error",
        };
        self.end(ConnectionEnd::new(kind, &violation.to_string()), sink);
        true
    }
}
