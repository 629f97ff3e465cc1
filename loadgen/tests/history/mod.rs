//! Plays events into a ledger and counts what it says.

mod bounds;
mod random;
mod sessions;

use loadgen::{
    clock::Time,
    ledger::{CloseCause, Expectation, Fate, Finding, Ledger, LedgerSink, MessageEvent, SendTimes, Subject},
    message::{MessageKind, Mix, Payload},
    plan::Expect,
};

pub(crate) const RUN: u32 = 0x3f9a_1c22;
pub(crate) const SIZE: u32 = 64;
pub(crate) const TIMES: SendTimes = SendTimes { due: Time::from_nanos(1), written: Time::from_nanos(2) };

/// Expectation of a run of three clients.
pub(crate) fn terms(mix: Mix, expect: Expect) -> Expectation {
    Expectation::new(Payload::new(RUN, SIZE, mix), &expect, 3)
}

/// Message `sequence` of `client`, of mixed kinds.
pub(crate) fn bytes(client: u32, sequence: u64) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    Payload::new(RUN, SIZE, Mix::Mixed).encode(client, sequence, &mut bytes);
    bytes
}

/// Message `sequence` of client 0.
pub(crate) fn bytes_of(mix: Mix, sequence: u64) -> Vec<u8> {
    let mut message = vec![0; SIZE as usize];
    Payload::new(RUN, SIZE, mix).encode(0, sequence, &mut message);
    message
}

pub(crate) fn other(kind: MessageKind) -> MessageKind {
    match kind {
        MessageKind::Text => MessageKind::Binary,
        MessageKind::Binary => MessageKind::Text,
    }
}

/// An event in the notation of the scenarios.
pub(crate) fn parse(text: &str) -> (MessageKind, Vec<u8>) {
    let mut whole = Vec::new();
    let mut kind = None;
    for part in text.split('+') {
        let (part_kind, bytes) = parse_part(part);
        kind.get_or_insert(part_kind);
        whole.extend(bytes);
    }
    (kind.expect("an event has a part"), whole)
}

fn parse_part(text: &str) -> (MessageKind, Vec<u8>) {
    match text {
        "x" => return (MessageKind::Text, b"nobody sent this".to_vec()),
        "-" => return (MessageKind::Text, Vec::new()),
        _ => {}
    }
    let mut run = RUN;
    let (client, rest) = match text.split_once(':') {
        Some(("r", rest)) => {
            run += 1;
            (0, rest)
        }
        Some((client, rest)) => (client[1..].parse().expect("a client"), rest),
        None => (0, text),
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (sequence, rest) = rest.split_at(digits);
    let sequence: u64 = sequence.parse().expect("a sequence");
    let mut bytes = vec![0; SIZE as usize];
    Payload::new(run, SIZE, Mix::Mixed).encode(client, sequence, &mut bytes);
    let mut kind = Mix::Mixed.kind(sequence);
    if let Some(range) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (from, to) = range.split_once("..").expect("a range");
        let to = to.parse().unwrap_or(bytes.len());
        bytes = bytes[from.parse().unwrap_or(0)..to].to_vec();
    } else if let Some(at) = rest.strip_prefix('~') {
        bytes[at.parse::<usize>().expect("an offset")] ^= 1;
    } else if rest == "!" {
        kind = other(kind);
    } else if rest == "x" {
        bytes.push(b'x');
    } else {
        assert_eq!(rest, "", "`{text}` is no event");
    }
    (kind, bytes)
}

/// Counts what a ledger says.
#[derive(Debug, Default)]
pub(crate) struct LedgerCounts {
    pub(crate) sent: u64,
    pub(crate) events: u64,
    pub(crate) matched: u64,
    pub(crate) lost: u64,
    pub(crate) damaged: u64,
    pub(crate) undetermined: u64,
    pub(crate) undetermined_by_plan: u64,
    pub(crate) reordered: u64,
    pub(crate) duplicated: u64,
    pub(crate) coalesced: u64,
    pub(crate) split: u64,
    pub(crate) split_pieces: u64,
    pub(crate) truncated: u64,
    pub(crate) corrupted: u64,
    pub(crate) wrong_type: u64,
    pub(crate) misrouted: u64,
    pub(crate) unexpected: u64,
    pub(crate) late: u64,
    /// What was booked together last: the first, how many, and their times.
    pub(crate) last: Option<(u64, u32, SendTimes)>,
    pub(crate) found: Vec<(Finding, Subject)>,
}

impl LedgerCounts {
    /// The counts that are not zero, as `name=count`.
    pub(crate) fn nonzero(&self) -> String {
        let counts = [
            ("matched", self.matched),
            ("lost", self.lost),
            ("damaged", self.damaged),
            ("undetermined", self.undetermined),
            ("undetermined_by_plan", self.undetermined_by_plan),
            ("reordered", self.reordered),
            ("duplicated", self.duplicated),
            ("coalesced", self.coalesced),
            ("split", self.split),
            ("split_pieces", self.split_pieces),
            ("truncated", self.truncated),
            ("corrupted", self.corrupted),
            ("wrong_type", self.wrong_type),
            ("misrouted", self.misrouted),
            ("unexpected", self.unexpected),
            ("late", self.late),
        ];
        let nonzero = counts.iter().filter(|(_, count)| *count > 0);
        nonzero.map(|(name, count)| format!("{name}={count}")).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn check_identities(&self) {
        let undetermined = self.undetermined + self.undetermined_by_plan;
        assert_eq!(self.sent, self.matched + self.lost + self.damaged + undetermined, "{self:?}");
        let findings = self.duplicated + self.coalesced + self.split_pieces + self.truncated + self.corrupted;
        let others = self.wrong_type + self.misrouted + self.unexpected;
        assert_eq!(self.events, self.matched + findings + others + self.late, "{self:?}");
    }
}

impl LedgerSink for LedgerCounts {
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool) {
        self.last = Some((first, messages, times));
        let messages = u64::from(messages);
        self.matched += messages;
        self.reordered += if overtaken { messages } else { 0 };
    }

    fn finding(&mut self, finding: Finding, subject: Subject, _received: &[u8]) {
        self.found.push((finding, subject));
        match finding {
            Finding::Duplicated => self.duplicated += 1,
            Finding::Coalesced => self.coalesced += 1,
            Finding::Split { earlier } => {
                self.split += 1;
                self.split_pieces += u64::from(earlier) + 1;
            }
            Finding::Truncated => self.truncated += 1,
            Finding::Corrupted => self.corrupted += 1,
            Finding::WrongType => self.wrong_type += 1,
            Finding::Misrouted { .. } => self.misrouted += 1,
            Finding::Unexpected => self.unexpected += 1,
        }
    }

    fn fate(&mut self, fate: Fate, _sequence: u64, _times: SendTimes) {
        match fate {
            Fate::Lost => self.lost += 1,
            Fate::Damaged => self.damaged += 1,
            Fate::Undetermined => self.undetermined += 1,
            Fate::UndeterminedByPlan => self.undetermined_by_plan += 1,
        }
    }

    fn late(&mut self, _sequence: u64) {
        self.late += 1;
    }
}

/// What became of messages that were due one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    Sent(u64),
    Dropped(u64),
}

impl Due {
    /// Reads `3 -2 1`: three sent, two dropped, one sent.
    pub(crate) fn parse(text: &str) -> Vec<Self> {
        let numbers = text.split_whitespace().map(|part| part.parse::<i64>().expect("a number"));
        numbers.map(|n| if n < 0 { Self::Dropped(n.unsigned_abs()) } else { Self::Sent(n.unsigned_abs()) }).collect()
    }

    fn sent(self) -> u64 {
        match self {
            Self::Sent(messages) => messages,
            Self::Dropped(_) => 0,
        }
    }

    pub(crate) fn happens(self, terms: &Expectation, ledger: &mut Ledger, together: bool) {
        match self {
            Self::Dropped(messages) => ledger.skip(messages),
            Self::Sent(messages) if together => {
                let first = ledger.next_sequence();
                let mut message = vec![0; terms.payload().size()];
                let sequences = first..first + messages;
                let checksums: Vec<u32> =
                    sequences.map(|sequence| terms.payload().encode(0, sequence, &mut message)).collect();
                ledger.sent_together(TIMES, &checksums);
            }
            Self::Sent(messages) => (0..messages).for_each(|_| ledger.sent(TIMES)),
        }
    }
}

/// Sends `sent` messages, then receives `events`, then closes the counts.
pub(crate) fn play(terms: &Expectation, sent: u64, events: &[(MessageKind, Vec<u8>)]) -> LedgerCounts {
    play_due(terms, &[Due::Sent(sent)], events)
}

/// Lets messages be `due`, then receives `events`, then closes the counts.
pub(crate) fn play_due(terms: &Expectation, due: &[Due], events: &[(MessageKind, Vec<u8>)]) -> LedgerCounts {
    let (mut ledger, mut counts) = begin(due, events);
    for due in due {
        due.happens(terms, &mut ledger, false);
    }
    for (kind, bytes) in events {
        ledger.received(terms, MessageEvent { kind: *kind, bytes }, &mut counts);
    }
    ledger.close(CloseCause::Drained, terms, &mut counts);
    counts
}

/// Lets messages be `due`, those in a row in one write. Then receives `events` as the engine does,
/// at most `a_read` in one, then closes the counts.
pub(crate) fn play_together(
    terms: &Expectation,
    due: &[Due],
    events: &[(MessageKind, Vec<u8>)],
    a_read: usize,
) -> LedgerCounts {
    let (mut ledger, mut counts) = begin(due, events);
    for due in due {
        due.happens(terms, &mut ledger, true);
    }
    for read in events.chunks(a_read) {
        let mut read = read.iter().map(|(kind, bytes)| MessageEvent { kind: *kind, bytes });
        while let Some(other) = ledger.received_in_order(terms, &mut read, &mut counts) {
            ledger.received(terms, other, &mut counts);
        }
    }
    ledger.close(CloseCause::Drained, terms, &mut counts);
    counts
}

/// An empty ledger, and counts that know what is sent and what comes.
fn begin(due: &[Due], events: &[(MessageKind, Vec<u8>)]) -> (Ledger, LedgerCounts) {
    let (sent, events) = (due.iter().map(|due| due.sent()).sum(), events.len() as u64);
    (Ledger::new(0), LedgerCounts { sent, events, ..LedgerCounts::default() })
}
