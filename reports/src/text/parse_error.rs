//! Errors of texts that can't be parsed: what is wrong, where, and what is accepted there.

use std::fmt;

/// Why a text is not a threshold, a metric or a gate.
///
/// Displays as a sentence, the text, a caret under the column at fault, and what is accepted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    text: String,
    column: usize,
    problem: String,
    accepted: String,
}

impl ParseError {
    /// The column of the problem, in characters from 0. A problem at the end of the text has the
    /// text's length.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One column each, or the caret would miss.
        let text: String = self.text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        writeln!(f, "{}", self.problem)?;
        writeln!(f, "  {text}")?;
        writeln!(f, "  {:column$}^", "", column = self.column)?;
        write!(f, "accepted: {}", self.accepted)
    }
}

impl std::error::Error for ParseError {}

/// What is wrong at one byte offset of a text, and what is accepted there.
#[derive(Debug)]
pub(crate) struct ProblemAt {
    at: usize,
    problem: String,
    accepted: String,
}

impl ProblemAt {
    pub(crate) fn new(at: usize, problem: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { at, problem: problem.into(), accepted: accepted.into() }
    }

    /// The error of a text that has this problem.
    pub(crate) fn in_text(self, text: &str) -> ParseError {
        ParseError {
            text: text.to_owned(),
            column: text[..self.at].chars().count(),
            problem: self.problem,
            accepted: self.accepted,
        }
    }
}

/// A part of a text, with its byte offset.
#[derive(Clone, Copy)]
pub(crate) struct Slice<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl<'a> Slice<'a> {
    /// The bytes of a text from one offset to another, without the blanks at their ends.
    pub(crate) fn trimmed(text: &'a str, from: usize, to: usize) -> Self {
        let part = text[from..to].trim_end();
        let text = part.trim_start();
        Self { text, at: from + part.len() - text.len() }
    }

    /// The part after its first `bytes`.
    pub(crate) fn skip(self, bytes: usize) -> Self {
        Self { text: &self.text[bytes..], at: self.at + bytes }
    }
}
