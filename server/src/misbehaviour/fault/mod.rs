//! Faults on purpose: the server breaks its promise in known ways, reproducibly, and writes down
//! how.
//!
//! A checker that nobody has seen fail proves nothing. With [`Faults`] the server damages a known
//! share of its answers, and [`Stats::faults`](crate::Stats::faults) lists them. What a checker
//! finds can be compared with that list, message by message.

mod damage;
mod injector;
mod ledger;

use std::{fmt, str::FromStr};

pub(super) use injector::{AnswerAction, Injector, Misrouted};
pub use ledger::{Fault, FaultLedger};

/// The reason of a Close on purpose, which a report must not print as it is.
///
/// It clears a terminal and forges a verdict, opens an element, turns the direction of text around,
/// and has a NUL.
pub(crate) const HOSTILE_REASON: &str = "\x1b[2J\x1b[32mverdict: pass\r\n<script>alert(1)</script>\u{202e}\0";

/// One way to break the promise of one message out for each message in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The message is not answered.
    Drop,
    /// It is answered twice.
    Duplicate,
    /// The answer to the next message of the connection goes out before this one. Where messages
    /// are broadcast, it is the next message of the same sender that goes first.
    Reorder,
    /// Its answer and the next one go out as one message, as binary if one of them is binary.
    Coalesce,
    /// Its answer goes out as two messages, cut anywhere. Text is cut between two characters.
    Split,
    /// Only the beginning of its answer goes out: at least the first byte or character, and never
    /// all of it.
    Truncate,
    /// One bit of its answer is flipped. A text stays UTF-8.
    Corrupt,
    /// Text goes out as binary, and binary as text. Binary that is not UTF-8 is left as it is: a
    /// client would have to fail the connection (RFC 6455 section 8.1).
    WrongType,
    /// Its answer goes out on another connection of the same thread. Where messages are broadcast,
    /// that connection is in another room.
    Misroute,
    /// A text that nobody sent follows its answer.
    Unexpected,
    /// It is the first message that a read completed, and the only one of them to be answered. Each
    /// of the others counts as a fault.
    FirstOnly,
    /// Its answer waits for the peer's Close, and goes out just before the answer to that.
    Late,
    /// The connection is reset instead of an answer.
    Die,
    /// The connection is closed instead of an answer. The code is 1011, and the reason is meant to
    /// fool a program that prints it.
    Close,
}

impl FaultKind {
    /// All kinds of faults.
    pub const ALL: [Self; 14] = [
        Self::Drop,
        Self::Duplicate,
        Self::Reorder,
        Self::Coalesce,
        Self::Split,
        Self::Truncate,
        Self::Corrupt,
        Self::WrongType,
        Self::Misroute,
        Self::Unexpected,
        Self::FirstOnly,
        Self::Late,
        Self::Die,
        Self::Close,
    ];

    /// Its name on the command line and in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Coalesce => "coalesce",
            Self::Split => "split",
            Self::Truncate => "truncate",
            Self::Corrupt => "corrupt",
            Self::WrongType => "wrong-type",
            Self::Misroute => "misroute",
            Self::Unexpected => "unexpected",
            Self::FirstOnly => "first-only",
            Self::Late => "late",
            Self::Die => "die",
            Self::Close => "close",
        }
    }
}

impl FaultKind {
    /// Whether it takes a second message.
    fn needs_two(self) -> bool {
        matches!(self, Self::Reorder | Self::Coalesce)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FaultKind {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownFault)
    }
}

/// No [`FaultKind`] has that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such fault")]
pub struct UnknownFault;

/// Which faults happen, and how often.
///
/// Where messages are broadcast, each delivery counts as a message here: each message at each of
/// its receivers.
///
/// Each message suffers at most one fault. A rate is the chance that it is this one. Some faults
/// can't be done to some messages: one without a byte can't be cut. Some faults need the next
/// message of the connection, and are left out if none comes for a tenth of a second. Only what was
/// done is written down.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults(Vec<(FaultKind, f64)>);

/// Why rates make no [`Faults`].
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BadRates {
    /// The rate is no probability.
    #[error("the rate of {0} is {1}; expected a number above 0, at most 1")]
    NoChance(FaultKind, f64),
    /// One fault has two rates.
    #[error("{0} is given twice")]
    Twice(FaultKind),
    /// The rates add up to more than 1, although a message suffers at most one fault.
    #[error("the rates add up to {0}; at most 1 is possible, as a message suffers one fault at most")]
    OverOne(f64),
}

impl Faults {
    /// Faults with these rates.
    ///
    /// # Errors
    /// If a rate is not above 0 and at most 1, a fault is named twice, or the sum is more than 1.
    pub fn new(rates: impl IntoIterator<Item = (FaultKind, f64)>) -> Result<Self, BadRates> {
        let rates: Vec<_> = rates.into_iter().collect();
        for (index, &(kind, rate)) in rates.iter().enumerate() {
            if !(rate > 0.0 && rate <= 1.0) {
                return Err(BadRates::NoChance(kind, rate));
            }
            if rates[..index].iter().any(|&(other, _)| other == kind) {
                return Err(BadRates::Twice(kind));
            }
        }
        let sum: f64 = rates.iter().map(|(_, rate)| rate).sum();
        // Ten times 0.1 is a little more than 1 in floating point.
        if sum > 1.0 + 1e-9 { Err(BadRates::OverOne(sum)) } else { Ok(Self(rates)) }
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fault that `draw` stands for. Draws are spread evenly from 0 to 1.
    fn pick(&self, mut draw: f64) -> Option<FaultKind> {
        self.0.iter().find_map(|&(kind, rate)| {
            draw -= rate;
            (draw < 0.0).then_some(kind)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_kinds() {
        for kind in FaultKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).expect("a name");
            assert_eq!(json, format!("\"{kind}\""));
        }
        assert_eq!("Drop".parse::<FaultKind>(), Err(UnknownFault));
    }

    #[test]
    fn rates_that_are_no_probabilities_are_refused() {
        use FaultKind::{Drop, Late};
        for rate in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(Faults::new([(Drop, rate)]), Err(BadRates::NoChance(Drop, _))), "{rate}");
        }
        assert_eq!(Faults::new([(Drop, 0.1), (Late, 0.1), (Drop, 0.2)]), Err(BadRates::Twice(Drop)));
        assert_eq!(Faults::new([(Drop, 0.5), (Late, 0.75)]), Err(BadRates::OverOne(1.25)));
        assert!(Faults::new(FaultKind::ALL.into_iter().take(10).map(|kind| (kind, 0.1))).is_ok());
        assert!(Faults::new([]).is_ok_and(|faults| faults.is_empty()));
    }

    #[test]
    fn a_draw_picks_in_proportion() {
        let faults = Faults::new([(FaultKind::Drop, 0.25), (FaultKind::Late, 0.5)]).expect("chances");
        for (draw, kind) in [
            (0.0, Some(FaultKind::Drop)),
            (0.249, Some(FaultKind::Drop)),
            (0.25, Some(FaultKind::Late)),
            (0.749, Some(FaultKind::Late)),
            (0.75, None),
            (0.999, None),
        ] {
            assert_eq!(faults.pick(draw), kind, "{draw}");
        }
    }
}
