//! Plays events in a notation for tables into a ledger, and counts what it says.

use std::fmt::Write as _;

use loadgen::{
    clock::Time,
    ledger::{CloseCause, Expectation, Fate, Finding, Ledger, LedgerSink, MessageEvent, SendTimes, Subject},
    message::{Id, MARK, MessageKind, Mix, Payload},
    plan::Expect,
};

pub(crate) const RUN: u32 = 0x3f9a_1c22;
pub(crate) const CLIENTS: u32 = 3;
pub(crate) const TIMES: SendTimes = SendTimes { due: Time::from_nanos(1), written: Time::from_nanos(2) };

/// What clients of a run of three expect, by the text of the option.
pub(crate) fn expecting(expect: &str) -> Expectation {
    let expect: Expect = expect.parse().expect("an expectation");
    Expectation::new(Payload::new(RUN, 53, Mix::Text), &expect, CLIENTS)
}

/// The mark of message `sequence` of `client`.
pub(crate) fn mark(run: u32, client: u32, sequence: u64) -> String {
    let mut mark = vec![0; MARK];
    Payload::new(run, 53, Mix::Text).encode(client, sequence, &mut mark);
    String::from_utf8(mark).expect("a mark is text")
}

/// The number of message `sequence` of `client`.
pub(crate) fn id(client: u32, sequence: u64) -> u64 {
    Id { client, sequence }.encode(CLIENTS)
}

/// An event in the notation of the tables: text, in which this is replaced:
///
/// | `<3>`, `<c1:3>`, `<r:3>` | the mark of message 3; of client 1; of another run |
/// | `<3[..20]>`              | its beginning                                      |
/// | `<3~7>`                  | with a bit of byte 7 flipped                       |
/// | `<3u>`                   | each byte as an escape of JSON                     |
/// | `@3`, `@c1:3`            | the number of message 3; of client 1               |
pub(crate) fn event(text: &str) -> String {
    let mut event = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '@']) {
        event.push_str(&rest[..at]);
        let is_mark = rest[at..].starts_with('<');
        rest = &rest[at + 1..];
        let len = if is_mark {
            rest.find('>').expect("a mark ends with >")
        } else {
            let from = if rest.starts_with('c') { rest.find(':').expect("a client ends with :") + 1 } else { 0 };
            from + rest[from..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - from)
        };
        event.push_str(&if is_mark { parse_mark(&rest[..len]) } else { parse_id(&rest[..len]).to_string() });
        rest = &rest[len + usize::from(is_mark)..];
    }
    event + rest
}

/// Who sent it, and the rest of the text.
fn parse_owner(text: &str) -> (u32, u32, &str) {
    match text.split_once(':') {
        Some(("r", rest)) => (RUN + 1, 0, rest),
        Some((client, rest)) => (RUN, client[1..].parse().expect("a client"), rest),
        None => (RUN, 0, text),
    }
}

fn parse_id(text: &str) -> u64 {
    let (_, client, rest) = parse_owner(text);
    id(client, rest.parse().expect("a sequence"))
}

fn parse_mark(text: &str) -> String {
    let (run, client, rest) = parse_owner(text);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (sequence, change) = rest.split_at(digits);
    let whole = mark(run, client, sequence.parse().expect("a sequence"));
    if let Some(end) = change.strip_prefix("[..").and_then(|change| change.strip_suffix(']')) {
        return whole[..end.parse::<usize>().expect("an end")].to_owned();
    }
    if let Some(at) = change.strip_prefix('~') {
        let mut bytes = whole.into_bytes();
        bytes[at.parse::<usize>().expect("an offset")] ^= 1;
        return String::from_utf8(bytes).expect("it is ASCII");
    }
    if change == "u" {
        return escaped(&whole);
    }
    assert_eq!(change, "", "`{text}` is no mark");
    whole
}

/// Each byte as an escape of JSON.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "\\u{:04x}", u16::from(byte));
        all
    })
}

/// Counts what a ledger says.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) named: Vec<(&'static str, u64)>,
    pub(crate) found: Vec<(Finding, Subject)>,
    pub(crate) unfinished: Vec<(u64, u32)>,
    pub(crate) gaps: Vec<(Option<u64>, u64)>,
}

impl Counts {
    pub(crate) fn add(&mut self, name: &'static str, n: u64) {
        match self.named.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += n,
            None => self.named.push((name, n)),
        }
    }

    pub(crate) fn of(&self, name: &str) -> u64 {
        self.named.iter().find(|(other, _)| *other == name).map_or(0, |(_, count)| *count)
    }

    /// The counts that are not zero, as `name=count`, by name.
    pub(crate) fn nonzero(&self) -> String {
        let mut counts: Vec<String> =
            self.named.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name}={n}")).collect();
        counts.sort();
        counts.join(" ")
    }

    /// Each message has one fate, and each event one finding.
    pub(crate) fn check(&self, sent: u64, events: u64) {
        let sum = |names: &[&str]| names.iter().map(|name| self.of(name)).sum::<u64>();
        assert_eq!(sum(&["matched", "lost", "damaged", "undetermined", "undetermined_by_plan"]), sent, "{self:?}");
        let findings = ["duplicated", "coalesced", "corrupted", "misrouted", "unexpected", "split", "truncated"];
        let lawful = sum(&["matched", "partial", "pushed", "wrong_type", "late"]);
        assert_eq!(sum(&findings) + lawful, events, "{self:?}");
    }
}

impl LedgerSink for Counts {
    fn matched(&mut self, _first: u64, messages: u32, _times: SendTimes, overtaken: bool) {
        self.add("matched", messages.into());
        self.add("reordered", if overtaken { messages.into() } else { 0 });
    }

    fn finding(&mut self, finding: Finding, subject: Subject, _received: &[u8]) {
        self.found.push((finding, subject));
        let name = match finding {
            Finding::Duplicated => "duplicated",
            Finding::Coalesced => "coalesced",
            Finding::Split { earlier } => {
                self.add("split", earlier.into());
                "split"
            }
            Finding::Truncated => "truncated",
            Finding::Corrupted => "corrupted",
            Finding::WrongType => "wrong_type",
            Finding::Misrouted { .. } => "misrouted",
            Finding::Unexpected => "unexpected",
        };
        self.add(name, 1);
    }

    fn fate(&mut self, fate: Fate, _sequence: u64, _times: SendTimes) {
        let name = match fate {
            Fate::Lost => "lost",
            Fate::Damaged => "damaged",
            Fate::Undetermined => "undetermined",
            Fate::UndeterminedByPlan => "undetermined_by_plan",
        };
        self.add(name, 1);
    }

    fn partial(&mut self, _sequence: u64, _times: SendTimes, first: bool) {
        self.add("partial", 1);
        self.add("first", first.into());
    }

    fn completed(&mut self, sequence: u64, times: SendTimes, overtaken: bool, earlier: u32) {
        self.add("first", (earlier == 0).into());
        self.matched(sequence, 1, times, overtaken);
    }

    fn unfinished(&mut self, fate: Fate, sequence: u64, times: SendTimes, events: u32) {
        self.unfinished.push((sequence, events));
        self.fate(fate, sequence, times);
    }

    fn late(&mut self, _sequence: u64) {
        self.add("late", 1);
    }

    fn pushed(&mut self, _number: u64, overtaken: bool) {
        self.add("pushed", 1);
        self.add("reordered", overtaken.into());
    }

    fn gap(&mut self, first: Option<u64>, numbers: u64) {
        self.gaps.push((first, numbers));
        self.add("gaps", numbers);
    }
}

/// Sends `sent` messages, then receives `events` one by one and in reads of all lengths, then ends
/// the connection.
pub(crate) fn play(expectation: &Expectation, sent: u64, events: &[impl AsRef<[u8]>]) -> Counts {
    let one_by_one = play_reads(expectation, sent, events, None);
    for a_read in [1, 3, usize::MAX] {
        let together = play_reads(expectation, sent, events, Some(a_read));
        assert_eq!(together.nonzero(), one_by_one.nonzero(), "{a_read} in a read");
        assert_eq!(together.found, one_by_one.found, "{a_read} in a read");
    }
    one_by_one
}

fn play_reads(expectation: &Expectation, sent: u64, events: &[impl AsRef<[u8]>], a_read: Option<usize>) -> Counts {
    let (mut ledger, mut counts) = (Ledger::new(0), Counts::default());
    (0..sent).for_each(|_| ledger.sent(TIMES));
    let events = events.iter().map(|event| MessageEvent { kind: MessageKind::Text, bytes: event.as_ref() });
    match a_read {
        None => events.for_each(|event| ledger.received(expectation, event, &mut counts)),
        Some(a_read) => {
            for read in events.collect::<Vec<_>>().chunks(a_read) {
                receive(&mut ledger, expectation, read, &mut counts);
            }
        }
    }
    ledger.close(CloseCause::Drained, expectation, &mut counts);
    assert_eq!(ledger.in_flight(), 0);
    counts
}

/// Receives the events of a read as an engine does.
pub(crate) fn receive(ledger: &mut Ledger, expectation: &Expectation, read: &[MessageEvent<'_>], counts: &mut Counts) {
    let mut read = read.iter().copied();
    while let Some(other) = ledger.received_in_order(expectation, &mut read, counts) {
        ledger.received(expectation, other, counts);
    }
}

/// A row: a name, how many messages were sent, the events, and the counts.
pub(crate) type Row<'a> = (&'a str, u64, &'a [&'a str], &'a str);

/// Plays each row. Events are in the notation of [`event`].
pub(crate) fn check_rows(expectation: &Expectation, rows: &[Row<'_>]) {
    for (name, sent, events, expected) in rows {
        let written: Vec<String> = events.iter().map(|text| event(text)).collect();
        let counts = play(expectation, *sent, &written);
        assert_eq!(counts.nonzero(), *expected, "{name}: {events:?}");
    }
}
