//! What a read cut, and messages in fragments: everything that can't be handed over where it lies.

use crate::decoder::{Event, Message, Settings, control};
use crate::header::{Header, Kind, Opcode};
use crate::input::Input;
use crate::mask;
use crate::violation::Violation;

/// The state between two reads. It takes memory for what came, not for what was announced.
#[derive(Debug, Default)]
pub(crate) struct Carry {
    /// The beginning of a header.
    head: [u8; Header::LONGEST],
    head_len: usize,
    /// The frame that is under way.
    frame: Option<Frame>,
    /// What came of a control frame.
    control: Vec<u8>,
    /// The message that is under way.
    message: Option<Assembly>,
    /// What was handed over with the last event, and can be forgotten.
    handed: Handed,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    header: Header,
    /// Bytes of its payload that came.
    came: u64,
}

#[derive(Debug)]
struct Assembly {
    kind: Kind,
    /// How many began, if that is limited.
    frames: u32,
    bytes: Vec<u8>,
    /// Bytes that are known to be UTF-8, if it is a text.
    verified: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Handed {
    #[default]
    Nothing,
    Control,
    Message,
}

impl Carry {
    /// Forgets what was handed over; true when nothing is left.
    pub(crate) fn release(&mut self) -> bool {
        match std::mem::take(&mut self.handed) {
            Handed::Nothing => {}
            Handed::Control => self.control.clear(),
            Handed::Message => self.message = None,
        }
        self.head_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    /// Bytes that came and are kept.
    pub(crate) fn held(&self) -> usize {
        self.control.len() + self.message.as_ref().map_or(0, |message| message.bytes.len())
    }

    /// Whether nothing is left but what was handed over.
    pub(crate) fn is_spent(&self) -> bool {
        let message = self.message.is_some() && self.handed != Handed::Message;
        self.head_len == 0 && self.frame.is_none() && !message
    }

    /// The message that is under way, as far as it came.
    pub(crate) fn under_way(&self) -> Option<Message<'_>> {
        let Assembly { kind, bytes, .. } = self.message.as_ref()?;
        (!bytes.is_empty()).then_some(Message { kind: *kind, payload: bytes })
    }

    /// Takes bytes off `input` until they complete an event or there are none left.
    pub(crate) fn take(&mut self, settings: &Settings, input: &mut Input<'_>) -> Result<Option<Event<'_>>, Violation> {
        loop {
            let Some(frame) = self.frame(settings, input)? else { return Ok(None) };
            let Header { opcode, last, length, mask, .. } = frame.header;
            let left = usize::try_from(length - frame.came).unwrap_or(usize::MAX);
            let bytes = input.take(left);
            if let Some(mask) = mask {
                mask::apply(mask, frame.came, bytes);
            }
            frame.came += bytes.len() as u64;
            let complete = frame.came == length;
            if complete {
                self.frame = None;
            }
            if opcode.is_control() {
                self.control.extend_from_slice(bytes);
                if complete {
                    self.handed = Handed::Control;
                    return control(opcode, &self.control).map(Some);
                }
            } else if let Some(message) = &mut self.message {
                message.extend(bytes, complete && last)?;
                if complete && last {
                    self.handed = Handed::Message;
                    return Ok(self.message.as_ref().map(Assembly::event));
                }
            }
            if !complete {
                return Ok(None);
            }
        }
    }

    /// The frame that is under way, or the next if its header is there.
    fn frame(&mut self, settings: &Settings, input: &mut Input<'_>) -> Result<Option<&mut Frame>, Violation> {
        if self.frame.is_none() {
            let Some(header) = self.header(settings, input)? else { return Ok(None) };
            match (header.opcode, &mut self.message) {
                (Opcode::Text, _) => self.message = Some(Assembly::new(Kind::Text)),
                (Opcode::Binary, _) => self.message = Some(Assembly::new(Kind::Binary)),
                (Opcode::Continuation, Some(message)) => message.admit(settings, header.length)?,
                // The settings have refused a continuation of nothing.
                (Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
            }
            self.frame = Some(Frame { header, came: 0 });
        }
        Ok(self.frame.as_mut())
    }

    /// The next header, when it is there whole.
    fn header(&mut self, settings: &Settings, input: &mut Input<'_>) -> Result<Option<Header>, Violation> {
        let under_way = self.message.is_some();
        loop {
            let whole = if self.head_len == 0 {
                settings.header(input.bytes(), under_way)?
            } else {
                settings.header(&self.head[..self.head_len], under_way)?
            };
            if let Some((header, size)) = whole {
                // What is in `head` was taken off already, and is no longer than the header.
                input.take(if self.head_len == 0 { size } else { 0 });
                self.head_len = 0;
                return Ok(Some(header));
            }
            let [byte] = input.take(1) else { return Ok(None) };
            self.head[self.head_len] = *byte;
            self.head_len += 1;
        }
    }
}

impl Assembly {
    fn new(kind: Kind) -> Self {
        Self { kind, frames: 1, bytes: Vec::new(), verified: 0 }
    }

    /// Lets another frame of `length` bytes begin.
    fn admit(&mut self, settings: &Settings, length: u64) -> Result<(), Violation> {
        let so_far = self.bytes.len() as u64;
        if length > settings.max_message - so_far {
            return Err(Violation::MessageTooBig { length: length + so_far, limit: settings.max_message });
        }
        if let Some(limit) = settings.max_frames {
            if self.frames >= limit {
                return Err(Violation::TooManyFrames { limit });
            }
            self.frames += 1;
        }
        Ok(())
    }

    /// Adds what came; `whole` if nothing more will.
    fn extend(&mut self, bytes: &[u8], whole: bool) -> Result<(), Violation> {
        self.bytes.extend_from_slice(bytes);
        if self.kind == Kind::Binary {
            return Ok(());
        }
        match str::from_utf8(&self.bytes[self.verified..]) {
            Ok(_) => self.verified = self.bytes.len(),
            // The beginning of a character, whose rest may come.
            Err(error) if error.error_len().is_none() && !whole => self.verified += error.valid_up_to(),
            Err(_) => return Err(Violation::NotUtf8),
        }
        Ok(())
    }

    fn event(&self) -> Event<'_> {
        Event::Message(Message { kind: self.kind, payload: &self.bytes })
    }
}
