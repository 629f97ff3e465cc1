//! Events out of the bytes of one direction of a connection.

use crate::assembler::Carry;
use crate::close::Close;
use crate::header::{Header, Kind, Opcode};
use crate::input::Input;
use crate::mask::{self, Mask};
use crate::violation::Violation;

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes frames without a mask.
    Client,
    /// Takes frames with a mask.
    Server,
}

/// What a decoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which end it is for.
    pub role: Role,
    /// Most bytes of a frame's payload; a longer one is refused as soon as it says so.
    pub max_frame: u64,
    /// Most bytes of a message, in however many frames.
    pub max_message: u64,
    /// Most frames of a message, at least 1; none: any number. Without a limit, endless empty fragments keep a message open
    /// below any limit on its bytes (section 5.4).
    pub max_frames: Option<u32>,
}

/// Something that a peer sent, complete. It lies in the read buffer, or in what was carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A message.
    Message(Message<'a>),
    /// To be answered by a pong with the same bytes (RFC 6455, section 5.5.3).
    Ping(&'a [u8]),
    /// The answer to a ping, or one that nobody asked for.
    Pong(&'a [u8]),
    /// The end. To be answered by a Close with the same code, unless one was sent before (section 5.5.1).
    Close(Option<Close<'a>>),
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// Takes the bytes of one direction of a connection, cut wherever they may be, and makes events of them.
#[derive(Debug)]
pub struct Decoder {
    settings: Settings,
    /// What a read cut, and the message in fragments that is under way; none most of the time.
    carry: Option<Box<Carry>>,
    over: Option<Over>,
}

/// Why nothing more is taken.
#[derive(Clone, Copy, Debug)]
enum Over {
    Closed,
    Failed(Violation),
}

impl Decoder {
    /// A decoder at the beginning of a stream of frames.
    pub fn new(settings: Settings) -> Self {
        Self { settings, carry: None, over: None }
    }

    /// The next event that is complete with `input`, from which its bytes are taken off; none when all of `input` was
    /// taken and more is needed. Masks are taken off in place.
    ///
    /// # Errors
    /// The peer broke a rule or exceeded a limit. Nothing more can be read; another call returns the same.
    #[inline]
    pub fn next<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        match self.next_whole(input) {
            None => self.next_other(input),
            Some(message) if message.kind == Kind::Text && str::from_utf8(message.payload).is_err() => {
                Err(self.fail(Violation::NotUtf8))
            }
            Some(message) => Ok(Some(Event::Message(message))),
        }
    }

    /// The next event if it is what most are: a message in one frame of less than 64 KiB, all of it in `input`, from which
    /// it is taken off. None, and nothing is done, if that is not so or not seen at a glance; then [`Self::next`] tells.
    ///
    /// Whether text is UTF-8 is not looked at. For callers that have another way to tell, such as comparing it with what
    /// must come.
    #[expect(
        clippy::inline_always,
        reason = "called for each message, it takes half as long where its caller is known"
    )]
    #[inline(always)]
    pub fn next_whole<'b>(&self, input: &mut Input<'b>) -> Option<Message<'b>> {
        if self.carry.is_some() || self.over.is_some() {
            return None;
        }
        let masked = self.settings.role == Role::Server;
        let Some((kind, length)) = Header::of_short_message(input.bytes(), masked) else {
            return self.next_longer(input);
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

    /// The same for those whose length does not fit into the shortest header.
    #[inline(never)]
    fn next_longer<'b>(&self, input: &mut Input<'b>) -> Option<Message<'b>> {
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

    /// What it takes.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Bytes of memory that the message under way takes, or the last event, where it had to be put together.
    #[inline]
    pub fn held(&self) -> usize {
        self.carry.as_ref().map_or(0, |carry| carry.held())
    }

    /// Gives back the memory of the last event, which the next call of [`Self::next`] would do otherwise. For a caller that may
    /// not make one for long.
    #[inline]
    pub fn release(&mut self) {
        if self.carry.as_mut().is_some_and(|carry| carry.release()) {
            self.carry = None;
        }
    }

    /// Whether the stream may end here: between messages.
    pub fn is_between_messages(&self) -> bool {
        self.carry.as_ref().is_none_or(|carry| carry.is_spent())
    }

    /// The message that a [`Violation`] broke off, as far as it came. `input` is what [`Self::next`] left of the bytes that it was
    /// given: the payload of a frame that was refused by its header is still there. None where that is no message, or has a
    /// mask that it must not have. For those who want to know what was broken; it is not for use.
    pub fn broken_off<'a>(&'a self, input: &'a Input<'_>) -> Option<Message<'a>> {
        if let Some(carry) = &self.carry {
            return carry.under_way();
        }
        let (header, size) = Header::read(input.bytes()).ok()??;
        let kind = match header.opcode {
            Opcode::Text => Kind::Text,
            Opcode::Binary => Kind::Binary,
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => return None,
        };
        let end = input.bytes().len().min(size.saturating_add(usize::try_from(header.length).unwrap_or(usize::MAX)));
        let payload = input.bytes().get(size..end)?;
        (header.mask.is_none() && !payload.is_empty()).then_some(Message { kind, payload })
    }

    /// The next event, when it is not one for [`Self::next_whole`].
    #[cold]
    fn next_other<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        if self.carry.is_some() || self.over.is_some() {
            return self.resume(input);
        }
        let (header, size) = match self.settings.header(input.bytes(), false) {
            Ok(Some(header)) => header,
            Ok(None) if input.is_empty() => return Ok(None),
            Ok(None) => return self.begin_carry(input),
            Err(violation) => return Err(self.fail(violation)),
        };
        let here = input.bytes().len() - size;
        let length = match usize::try_from(header.length) {
            Ok(length) if length <= here && header.last => length,
            _ => return self.begin_carry(input),
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
        if kind == Kind::Text && str::from_utf8(payload).is_err() {
            return Err(self.fail(Violation::NotUtf8));
        }
        Ok(Some(Event::Message(Message { kind, payload })))
    }

    /// What comes can't be handed over where it lies.
    #[cold]
    fn begin_carry<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        self.carry = Some(Box::default());
        self.take(input)
    }

    /// The way of everything that is not one frame in one piece.
    #[cold]
    fn resume<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        // The event that it held is done with, and with it the memory.
        self.release();
        match self.over {
            Some(Over::Failed(violation)) => Err(violation),
            _ if input.is_empty() => Ok(None),
            Some(Over::Closed) => Err(Violation::AfterClose),
            None if self.carry.is_none() => self.next(input),
            None => self.take(input),
        }
    }

    fn take<'e, 'b: 'e>(&'e mut self, input: &mut Input<'b>) -> Result<Option<Event<'e>>, Violation> {
        let Some(carry) = &mut self.carry else { return Ok(None) };
        let taken = carry.take(&self.settings, input);
        match &taken {
            Err(violation) => self.over = Some(Over::Failed(*violation)),
            Ok(Some(Event::Close(_))) => self.over = Some(Over::Closed),
            Ok(_) => {}
        }
        taken
    }

    #[cold]
    fn control<'e>(&'e mut self, opcode: Opcode, payload: &'e [u8]) -> Result<Option<Event<'e>>, Violation> {
        let event = control(opcode, payload);
        match &event {
            Err(violation) => self.over = Some(Over::Failed(*violation)),
            Ok(Event::Close(_)) => self.over = Some(Over::Closed),
            Ok(_) => {}
        }
        event.map(Some)
    }

    #[cold]
    fn fail(&mut self, violation: Violation) -> Violation {
        self.over = Some(Over::Failed(violation));
        violation
    }
}

/// A control frame as an event.
pub(crate) fn control(opcode: Opcode, payload: &[u8]) -> Result<Event<'_>, Violation> {
    match opcode {
        Opcode::Ping => Ok(Event::Ping(payload)),
        Opcode::Pong => Ok(Event::Pong(payload)),
        // The decoder has refused continuations of nothing, and taken the others itself.
        Opcode::Close | Opcode::Continuation | Opcode::Text | Opcode::Binary => Close::read(payload).map(Event::Close),
    }
}

impl Settings {
    /// The header at the beginning of `bytes`, if it is there whole and may come. `under_way`: whether a message is.
    #[inline]
    pub(crate) fn header(&self, bytes: &[u8], under_way: bool) -> Result<Option<(Header, usize)>, Violation> {
        let Some((header, size)) = Header::read(bytes)? else { return Ok(None) };
        self.admit(&header, size, under_way)?;
        Ok(Some((header, size)))
    }

    /// Judges the header of a frame, which took `size` bytes. Where several rules are broken, the first decides that is
    /// the first for tungstenite as well.
    #[inline]
    fn admit(&self, header: &Header, size: usize, under_way: bool) -> Result<(), Violation> {
        if header.length > self.max_frame {
            return Err(Violation::FrameTooBig { length: header.length, limit: self.max_frame });
        }
        if size != header.size() {
            return Err(Violation::LongLength(header.length));
        }
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(Violation::Unmasked),
            _ if header.reserved != 0 => return Err(Violation::ReservedBit),
            (Role::Client, Some(_)) => return Err(Violation::Masked),
            _ => {}
        }
        match header.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                if !header.last {
                    return Err(Violation::FragmentedControl);
                }
                if header.length > 125 {
                    return Err(Violation::LongControl(header.length));
                }
                return Ok(());
            }
            Opcode::Continuation if !under_way => return Err(Violation::NothingToContinue),
            Opcode::Text | Opcode::Binary if under_way => return Err(Violation::MessageInMessage),
            _ => {}
        }
        if header.length > self.max_message {
            return Err(Violation::MessageTooBig { length: header.length, limit: self.max_message });
        }
        Ok(())
    }
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
            decoder.carry.is_some()
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
        assert_eq!(decoder.held(), 2, "it is under way");
        let payload = [1, 2, 3].as_slice();
        let message = Event::Message(Message { kind: Kind::Binary, payload });
        assert_eq!(decoder.next(&mut Input::from(&mut [3][..])), Ok(Some(message)));
        assert_eq!(decoder.held(), 3);
        decoder.release();
        assert_eq!(decoder.held(), 0);
    }
}
