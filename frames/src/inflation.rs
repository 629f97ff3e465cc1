//! Inflates the messages of a decoder.

use crate::{deflate::Inflater, event::Message, header::Kind, settings::Settings, violation::Violation};

/// A decompressor, and what it inflated last.
#[derive(Debug)]
pub(crate) struct Inflation {
    inflater: Inflater,
    /// Longer than the part in use, so that no byte is zeroed twice.
    space: Vec<u8>,
    used: usize,
    /// The kind of the message that was refused.
    broken: Option<Kind>,
}

impl Inflation {
    pub(crate) fn new(inflater: Inflater) -> Self {
        Self { inflater, space: Vec::new(), used: 0, broken: None }
    }

    /// Inflates a message. Text is checked afterwards: it may be cut anywhere as it is sent.
    pub(crate) fn message(&mut self, settings: &Settings, message: Message<'_>) -> Result<Message<'_>, Violation> {
        let Message { kind, payload } = message;
        let (used, result) = self.inflater.inflate_at(payload, settings.max_message, &mut self.space, 0);
        self.used = used;
        let text = |inflated: &[u8]| if str::from_utf8(inflated).is_ok() { Ok(()) } else { Err(Violation::NotUtf8) };
        let result = match kind {
            Kind::Text => result.and_then(|()| text(&self.space[..used])),
            Kind::Binary => result,
        };
        match result {
            Ok(()) => Ok(Message { kind, payload: &self.space[..used] }),
            Err(violation) => {
                self.broken = Some(kind);
                Err(violation)
            }
        }
    }

    /// Bytes that are kept.
    pub(crate) fn held(&self) -> usize {
        self.space.len() + self.inflater.held()
    }

    /// Frees the last message.
    pub(crate) fn release(&mut self) {
        if self.broken.is_none() {
            (self.space, self.used) = (Vec::new(), 0);
        }
    }

    /// What was inflated of the message that was refused.
    pub(crate) fn broken_off(&self) -> Option<Message<'_>> {
        self.broken.filter(|_| self.used > 0).map(|kind| Message { kind, payload: &self.space[..self.used] })
    }
}
