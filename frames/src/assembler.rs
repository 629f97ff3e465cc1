//! Assembles the events that are not in one piece in the read buffer: those that a read cut, and
//! fragmented messages.

use crate::{
    event::{Event, Message},
    header::{Header, Kind, Opcode},
    input::Input,
    mask,
    settings::{Place, Settings},
    violation::Violation,
};

/// The state between two reads. It takes memory for received bytes, not for announced ones.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// The beginning of a header.
    head: [u8; Header::LONGEST],
    head_len: usize,
    /// The incomplete frame.
    frame: Option<PartialFrame>,
    /// The received part of a control frame.
    control: Vec<u8>,
    /// The incomplete message.
    message: Option<PartialMessage>,
    /// The source of the last event, which can be freed.
    returned: Returned,
}

#[derive(Clone, Copy, Debug)]
struct PartialFrame {
    header: Header,
    /// Bytes of its payload that were received.
    received: u64,
}

#[derive(Debug)]
struct PartialMessage {
    kind: Kind,
    /// Whether the bytes are still to be inflated, and then to be checked.
    compressed: bool,
    /// Frames that began, if their number is limited.
    frames: u32,
    bytes: Vec<u8>,
    /// Bytes that are known to be UTF-8, if it is text.
    verified: usize,
}

/// What was assembled.
#[derive(Debug)]
pub(crate) enum Assembled<'a> {
    Event(Event<'a>),
    /// A message that is still to be inflated.
    Compressed(Message<'a>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Returned {
    #[default]
    Nothing,
    Control,
    Message,
}

impl Assembler {
    /// Frees the last event. Returns true when nothing is left.
    pub(crate) fn release(&mut self) -> bool {
        match std::mem::take(&mut self.returned) {
            Returned::Nothing => {}
            Returned::Control => self.control.clear(),
            Returned::Message => self.message = None,
        }
        self.head_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    /// Bytes that are kept.
    pub(crate) fn held(&self) -> usize {
        self.control.len() + self.message.as_ref().map_or(0, |message| message.bytes.len())
    }

    /// Whether only the last event is left.
    pub(crate) fn is_spent(&self) -> bool {
        let message = self.message.is_some() && self.returned != Returned::Message;
        self.head_len == 0 && self.frame.is_none() && !message
    }

    /// The received part of the incomplete message, unless it is compressed.
    pub(crate) fn partial_message(&self) -> Option<Message<'_>> {
        let PartialMessage { kind, bytes, compressed, .. } = self.message.as_ref()?;
        (!compressed && !bytes.is_empty()).then_some(Message { kind: *kind, payload: bytes })
    }

    /// Takes bytes off `input` until they complete an event or none are left. `compression`:
    /// whether messages may be compressed.
    pub(crate) fn take(
        &mut self,
        settings: &Settings,
        compression: bool,
        input: &mut Input<'_>,
    ) -> Result<Option<Assembled<'_>>, Violation> {
        loop {
            let Some(frame) = self.frame(settings, compression, input)? else { return Ok(None) };
            let Header { opcode, last, length, mask, .. } = frame.header;
            let left = usize::try_from(length - frame.received).unwrap_or(usize::MAX);
            let bytes = input.take(left);
            if let Some(mask) = mask {
                mask::apply(mask, frame.received, bytes);
            }
            frame.received += bytes.len() as u64;
            let complete = frame.received == length;
            if complete {
                self.frame = None;
            }
            if opcode.is_control() {
                self.control.extend_from_slice(bytes);
                if complete {
                    self.returned = Returned::Control;
                    return Event::of_control(opcode, &self.control).map(|event| Some(Assembled::Event(event)));
                }
            } else if let Some(message) = &mut self.message {
                message.extend(bytes, complete && last)?;
                if complete && last {
                    self.returned = Returned::Message;
                    return Ok(self.message.as_ref().map(PartialMessage::assembled));
                }
            }
            if !complete {
                return Ok(None);
            }
        }
    }

    /// The incomplete frame, or the next one once its header is complete.
    fn frame(
        &mut self,
        settings: &Settings,
        compression: bool,
        input: &mut Input<'_>,
    ) -> Result<Option<&mut PartialFrame>, Violation> {
        if self.frame.is_none() {
            let Some(header) = self.header(settings, compression, input)? else { return Ok(None) };
            let compressed = header.begins_compressed();
            match (header.opcode, &mut self.message) {
                (Opcode::Text, _) => self.message = Some(PartialMessage::new(Kind::Text, compressed)),
                (Opcode::Binary, _) => self.message = Some(PartialMessage::new(Kind::Binary, compressed)),
                (Opcode::Continuation, Some(message)) => message.admit(settings, header.length)?,
                // The settings refuse a continuation without a message.
                (Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
            }
            self.frame = Some(PartialFrame { header, received: 0 });
        }
        Ok(self.frame.as_mut())
    }

    /// The next header, once it is complete.
    fn header(
        &mut self,
        settings: &Settings,
        compression: bool,
        input: &mut Input<'_>,
    ) -> Result<Option<Header>, Violation> {
        let place = match &self.message {
            Some(message) => Place::Within { compressed: message.compressed },
            None => Place::Between { compression },
        };
        loop {
            let whole = if self.head_len == 0 {
                settings.header(input.bytes(), place)?
            } else {
                settings.header(&self.head[..self.head_len], place)?
            };
            if let Some((header, size)) = whole {
                // The bytes in `head` were taken off already, and are no more than the header.
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

impl PartialMessage {
    fn new(kind: Kind, compressed: bool) -> Self {
        Self { kind, compressed, frames: 1, bytes: Vec::new(), verified: 0 }
    }

    /// Checks that another frame of `length` bytes may begin.
    fn admit(&mut self, settings: &Settings, length: u64) -> Result<(), Violation> {
        let so_far = self.bytes.len() as u64;
        if length > settings.most_sent(self.compressed) - so_far {
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

    /// Adds bytes. `complete`: whether they are the last.
    fn extend(&mut self, bytes: &[u8], complete: bool) -> Result<(), Violation> {
        self.bytes.extend_from_slice(bytes);
        if self.kind == Kind::Binary || self.compressed {
            return Ok(());
        }
        match str::from_utf8(&self.bytes[self.verified..]) {
            Ok(_) => self.verified = self.bytes.len(),
            // An incomplete character, whose rest may follow.
            Err(error) if error.error_len().is_none() && !complete => self.verified += error.valid_up_to(),
            Err(_) => return Err(Violation::NotUtf8),
        }
        Ok(())
    }

    fn assembled(&self) -> Assembled<'_> {
        let message = Message { kind: self.kind, payload: &self.bytes };
        if self.compressed { Assembled::Compressed(message) } else { Assembled::Event(Event::Message(message)) }
    }
}
