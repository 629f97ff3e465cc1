//! Which messages an event names.

use crate::{
    ledger::MessageEvent,
    message::{MARK, Marks, MessageHeader, MessageKind, leading, parse},
};

/// Which messages an event names. They may be of any run and client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// None.
    Nothing,
    /// One, by a whole mark, or because it is that generated message to the last byte.
    One(MessageHeader),
    /// One generated message to the last byte, but as text for binary, or the reverse.
    WrongType(MessageHeader),
    /// Several, or one that is not whole.
    Several {
        /// Named by whole marks, or whole generated messages.
        whole: Vec<MessageHeader>,
        /// What can be read where a mark or a generated message is not whole.
        broken: Vec<BrokenName>,
    },
}

/// What can be read of a name that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BrokenName {
    pub(super) client: u32,
    pub(super) sequence: u64,
}

impl Names {
    /// Reads an event. Only where a group publishes `generated` messages it may be one.
    #[inline]
    pub(super) fn of(event: MessageEvent<'_>, generated: bool) -> Self {
        // A text with nothing but its header is a mark.
        let is_mark =
            |(kind, header): &(_, MessageHeader)| *kind == MessageKind::Text && header.length as usize == MARK;
        if generated && let Some((_, header)) = parse(event.bytes).filter(|parsed| !is_mark(parsed)) {
            return Self::of_generated(event, header);
        }
        let marks = Marks::of(event.bytes);
        match marks.only() {
            Some(mark) if marks.broken().is_empty() => Self::One(mark.header),
            None if marks.broken().is_empty() && marks.whole().next().is_none() => Self::Nothing,
            _ => Self::of_marks(&marks),
        }
    }

    #[cold]
    fn of_marks(marks: &Marks) -> Self {
        let broken = marks.broken().iter().filter_map(|mark| {
            let (client, sequence) = (mark.client()?, mark.sequence()?);
            Some(BrokenName { client, sequence })
        });
        Self::Several { whole: marks.whole().map(|mark| mark.header).collect(), broken: broken.collect() }
    }

    /// Of an event that begins like a generated message with this header.
    fn of_generated(event: MessageEvent<'_>, header: MessageHeader) -> Self {
        match leading(event.bytes) {
            Some((kind, header)) if header.length as usize == event.bytes.len() => {
                if kind == event.kind {
                    Self::One(header)
                } else {
                    Self::WrongType(header)
                }
            }
            _ => Self::of_several_generated(event.bytes, header),
        }
    }

    #[cold]
    fn of_several_generated(mut bytes: &[u8], first: MessageHeader) -> Self {
        let broken = |header: MessageHeader| BrokenName { client: header.client, sequence: header.sequence };
        let mut whole = Vec::new();
        while let Some((_, header)) = leading(bytes) {
            whole.push(header);
            bytes = bytes.get(header.length as usize..).unwrap_or_default();
        }
        let rest = parse(bytes).map(|(_, header)| broken(header));
        if whole.len() > 1 {
            return Self::Several { whole, broken: rest.into_iter().collect() };
        }
        // One with something after it is not whole.
        let second = rest.filter(|_| !whole.is_empty());
        Self::Several { whole: Vec::new(), broken: [Some(broken(first)), second].into_iter().flatten().collect() }
    }
}
