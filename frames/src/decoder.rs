//! Events out of the bytes of one direction of a connection.

use crate::{
    assembler::{Assembled, Assembler},
    deflate::Inflater,
    event::{Event, Message},
    header::{Header, Kind, Opcode},
    inflation::Inflation,
    input::Input,
    mask::{self, Mask},
    settings::{Place, Role, Settings},
    violation::Violation,
};

/// Turns the bytes of one direction of a connection into events, wherever reads cut them.
#[derive(Debug)]
pub struct Decoder {
    settings: Settings,
    /// Holds what reads cut, and an open fragmented message. None most of the time.
    assembler: Option<Box<Assembler>>,
    /// Inflates messages, if compression was agreed.
    inflation: Option<Box<Inflation>>,
    ended: Option<Ended>,
}

/// Why no more bytes are accepted.
#[derive(Clone, Copy, Debug)]
enum Ended {
    Closed,
    Failed(Violation),
}

impl Decoder {
    /// A decoder at the beginning of a stream of frames.
    pub fn new(settings: Settings) -> Self {
        Self { settings, assembler: None, inflation: None, ended: None }
    }

    /// A decoder that takes compressed messages as well (RFC 7692), and returns them inflated.
    ///
    /// The limits of `settings` are those of inflated messages. A message may be an eighth longer
    /// as it is sent, as what can't be compressed gets longer.
    pub fn with_inflater(settings: Settings, inflater: Inflater) -> Self {
        Self { inflation: Some(Box::new(Inflation::new(inflater))), ..Self::new(settings) }
    }

    /// Returns the next complete event and takes its bytes off `input`. Returns none when all of
    /// `input` is taken and more bytes are needed. Masks are removed in place.
    ///
    /// # Errors
    /// The peer broke a rule or exceeded a limit. Every further call returns the same error.
    #[inline]
    pub fn next<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        match self.next_whole(input) {
            None => self.next_general(input),
            Some(message) if message.kind == Kind::Text && str::from_utf8(message.payload).is_err() => {
                Err(self.fail(Violation::NotUtf8))
            }
            Some(message) => Ok(Some(Event::Message(message))),
        }
    }

    /// The fast path for most events: a message in one frame of less than 64 KiB, all of it in
    /// `input`. Takes it off `input`. Returns none and does nothing in any other case; then call
    /// [`Self::next`].
    ///
    /// Does not check that text is UTF-8. Use it where you compare the text with the expected
    /// bytes.
    #[expect(
        clippy::inline_always,
        reason = "called for each message, it takes half as long where its caller is known"
    )]
    #[inline(always)]
    pub fn next_whole<'b>(&self, input: &mut Input<'b>) -> Option<Message<'b>> {
        if self.assembler.is_some() || self.ended.is_some() {
            return None;
        }
        let masked = self.settings.role == Role::Server;
        let Some((kind, length)) = Header::of_short_message(input.bytes(), masked) else {
            return self.next_whole_longer(input);
        };
        if u64::from(length) > self.settings.max_frame.min(self.settings.max_message) {
            return None;
        }
        let size = Header::SHORTEST + if masked { size_of::<Mask>() } else { 0 };
        let (header, payload) = input.take_exact(size + usize::from(length))?.split_at_mut(size);
        if masked {
            mask::apply(*header.last_chunk()?, 0, payload);
        }
        Some(Message { kind, payload })
    }

    /// [`Self::next_whole`] for lengths that need an extended header.
    #[inline(never)]
    fn next_whole_longer<'b>(&self, input: &mut Input<'b>) -> Option<Message<'b>> {
        let (kind, Header { mask, length, .. }, size) = Header::of_whole_message(input.bytes())?;
        let masked = self.settings.role == Role::Server;
        if mask.is_some() != masked || length > self.settings.max_frame.min(self.settings.max_message) {
            return None;
        }
        let (_, payload) = input.take_exact(size + usize::try_from(length).ok()?)?.split_at_mut(size);
        if let Some(mask) = mask {
            mask::apply(mask, 0, payload);
        }
        Some(Message { kind, payload })
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Bytes of memory that an incomplete message takes, or the last event if it was assembled or
    /// inflated, and those of the inflater.
    #[inline]
    pub fn held(&self) -> usize {
        let inflated = self.inflation.as_ref().map_or(0, |inflation| inflation.held());
        self.assembler.as_ref().map_or(0, |assembler| assembler.held()) + inflated
    }

    /// Frees the memory of the last event at once. Otherwise the next call of [`Self::next`] frees
    /// it.
    #[inline]
    pub fn release(&mut self) {
        if let Some(inflation) = &mut self.inflation {
            inflation.release();
        }
        if self.assembler.as_mut().is_some_and(|assembler| assembler.release()) {
            self.assembler = None;
        }
    }

    /// Whether the stream is between messages, so that it may end here.
    pub fn is_between_messages(&self) -> bool {
        self.assembler.as_ref().is_none_or(|assembler| assembler.is_spent())
    }

    /// The part of a message that was received before a [`Violation`], to show what was broken.
    /// `input` is what [`Self::next`] left of the bytes, with the payload of a frame whose header
    /// was refused. Returns none if there is no such message, if it has a mask that it must not
    /// have, or if it was not inflated yet.
    pub fn broken_off<'a>(&'a self, input: &'a Input<'_>) -> Option<Message<'a>> {
        if let Some(message) = self.inflation.as_ref().and_then(|inflation| inflation.broken_off()) {
            return Some(message);
        }
        if let Some(assembler) = &self.assembler {
            return assembler.partial_message();
        }
        let (header, size) = Header::read(input.bytes()).ok()??;
        if self.inflation.is_some() && header.begins_compressed() {
            return None;
        }
        let kind = match header.opcode {
            Opcode::Text => Kind::Text,
            Opcode::Binary => Kind::Binary,
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => return None,
        };
        let end = input.bytes().len().min(size.saturating_add(usize::try_from(header.length).unwrap_or(usize::MAX)));
        let payload = input.bytes().get(size..end)?;
        (header.mask.is_none() && !payload.is_empty()).then_some(Message { kind, payload })
    }

    /// The next event, if [`Self::next_whole`] does not handle it.
    #[cold]
    fn next_general<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        if self.assembler.is_some() || self.ended.is_some() {
            return self.resume(input);
        }
        let place = Place::Between { compression: self.inflation.is_some() };
        let (header, size) = match self.settings.header(input.bytes(), place) {
            Ok(Some(header)) => header,
            Ok(None) if input.is_empty() => return Ok(None),
            Ok(None) => return self.begin_assembly(input),
            Err(violation) => return Err(self.fail(violation)),
        };
        let here = input.bytes().len() - size;
        let length = match usize::try_from(header.length) {
            Ok(length) if length <= here && header.last => length,
            _ => return self.begin_assembly(input),
        };
        let (_, payload) = input.take(size + length).split_at_mut(size);
        if let Some(mask) = header.mask {
            mask::apply(mask, 0, payload);
        }
        let kind = match header.opcode {
            Opcode::Text => Kind::Text,
            Opcode::Binary => Kind::Binary,
            opcode => return self.control(opcode, payload),
        };
        if header.begins_compressed() {
            return self.inflate(Message { kind, payload });
        }
        if kind == Kind::Text && str::from_utf8(payload).is_err() {
            return Err(self.fail(Violation::NotUtf8));
        }
        Ok(Some(Event::Message(Message { kind, payload })))
    }

    /// Starts to copy, because the event is not in one piece in the read buffer.
    #[cold]
    fn begin_assembly<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        self.assembler = Some(Box::default());
        self.take(input)
    }

    /// Continues after anything that is not one frame in one piece.
    #[cold]
    fn resume<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        // The caller is done with the last event.
        self.release();
        match self.ended {
            Some(Ended::Failed(violation)) => Err(violation),
            _ if input.is_empty() => Ok(None),
            Some(Ended::Closed) => Err(Violation::AfterClose),
            None if self.assembler.is_none() => self.next(input),
            None => self.take(input),
        }
    }

    fn take<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        let Some(assembler) = &mut self.assembler else { return Ok(None) };
        let taken = match assembler.take(&self.settings, self.inflation.is_some(), input) {
            Ok(None) => Ok(None),
            Ok(Some(Assembled::Event(event))) => Ok(Some(event)),
            Ok(Some(Assembled::Compressed(message))) => {
                inflated(self.inflation.as_deref_mut(), &self.settings, message)
            }
            Err(violation) => Err(violation),
        };
        match &taken {
            Err(violation) => self.ended = Some(Ended::Failed(*violation)),
            Ok(Some(Event::Close(_))) => self.ended = Some(Ended::Closed),
            Ok(_) => {}
        }
        taken
    }

    /// Inflates a message that is in one piece in the read buffer.
    fn inflate(&mut self, message: Message<'_>) -> Result<Option<Event<'_>>, Violation> {
        let event = inflated(self.inflation.as_deref_mut(), &self.settings, message);
        if let Err(violation) = event {
            self.ended = Some(Ended::Failed(violation));
        }
        event
    }

    #[cold]
    fn control<'e>(&'e mut self, opcode: Opcode, payload: &'e [u8]) -> Result<Option<Event<'e>>, Violation> {
        let event = Event::of_control(opcode, payload);
        match &event {
            Err(violation) => self.ended = Some(Ended::Failed(*violation)),
            Ok(Event::Close(_)) => self.ended = Some(Ended::Closed),
            Ok(_) => {}
        }
        event.map(Some)
    }

    #[cold]
    fn fail(&mut self, violation: Violation) -> Violation {
        self.ended = Some(Ended::Failed(violation));
        violation
    }
}

/// Inflates a message. Without `inflation`, the settings admit no compressed message.
fn inflated<'e>(
    inflation: Option<&'e mut Inflation>,
    settings: &Settings,
    message: Message<'_>,
) -> Result<Option<Event<'e>>, Violation> {
    let Some(inflation) = inflation else { return Err(Violation::ReservedBit) };
    inflation.message(settings, message).map(|message| Some(Event::Message(message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_takes_no_memory() {
        let settings = Settings { role: Role::Client, max_frame: 9, max_message: 9, max_frames: None };
        let mut decoder = Decoder::new(settings);
        let mut take = |bytes: &mut [u8]| {
            let mut input = Input::from(bytes);
            while decoder.next(&mut input).unwrap().is_some() {}
            decoder.assembler.is_some()
        };
        assert!(!take(&mut []));
        assert!(!take(&mut [0x81, 1, b'x', 0x89, 0]));
        // A frame that a read cut, and a message in fragments.
        assert!(take(&mut [0x81]));
        assert!(!take(&mut [1, b'x']));
        assert!(take(&mut [0x01, 1, b'x']));
        assert!(!take(&mut [0x80, 0]));
        assert!(!take(&mut []));
    }

    #[test]
    fn memory_of_the_last_event_is_given_back_on_request() {
        let settings = Settings { role: Role::Client, max_frame: 9, max_message: 9, max_frames: None };
        let mut decoder = Decoder::new(settings);
        assert_eq!(decoder.held(), 0);
        assert_eq!(decoder.next(&mut Input::from(&mut [0x82, 3, 1, 2][..])), Ok(None));
        assert_eq!(decoder.held(), 2);
        decoder.release();
        assert_eq!(decoder.held(), 2, "it is incomplete");
        let payload = [1, 2, 3].as_slice();
        let message = Event::Message(Message { kind: Kind::Binary, payload });
        assert_eq!(decoder.next(&mut Input::from(&mut [3][..])), Ok(Some(message)));
        assert_eq!(decoder.held(), 3);
        decoder.release();
        assert_eq!(decoder.held(), 0);
    }
}
