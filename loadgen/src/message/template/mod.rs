//! Messages of the user, with `{{...}}` for what differs from message to message.

mod name;

use std::{fmt, str::FromStr, sync::Arc};

pub use self::name::Name;
use super::MessageKind;

/// A text with `{{...}}` for what differs from message to message. Nothing else is substituted, and
/// what is put in is put in as it is. `{{{{` stands for `{{`.
///
/// ```
/// use loadgen::message::Template;
///
/// let template: Template = r#"{"id":{{id}},"text":"{{mark}}"}"#.parse()?;
/// assert_eq!(template.names().map(ToString::to_string).collect::<Vec<_>>(), ["id", "mark"]);
/// # Ok::<(), loadgen::message::TemplateError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    kind: MessageKind,
    /// As it was given.
    given: Arc<[u8]>,
    segments: Arc<[Segment]>,
}

/// A part of a template, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(Box<[u8]>),
    Name(Name),
}

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplatePart<'t> {
    /// What is in each message.
    Literal(&'t [u8]),
    /// What differs.
    Name(&'t Name),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at character {character})")]
pub struct TemplateError {
    character: usize,
    problem: String,
}

impl TemplateError {
    /// Where the problem is: the number of the character, from 1.
    pub fn character(&self) -> usize {
        self.character
    }
}

impl Template {
    /// A binary message without substitution.
    pub fn binary(bytes: &[u8]) -> Self {
        let segments = [Segment::Literal(bytes.into())];
        Self { kind: MessageKind::Binary, given: bytes.into(), segments: segments.into() }
    }

    /// The template that bytes are, if they have `{{`.
    ///
    /// # Errors
    /// They have `{{` and are no template.
    pub fn named_in(bytes: &[u8]) -> Result<Option<Self>, TemplateError> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains("{{"));
        text.map(Self::from_str).transpose()
    }

    /// Whether messages of it are text or binary.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The text or the bytes that it was made of.
    pub fn as_written(&self) -> &[u8] {
        &self.given
    }

    /// Its parts, in their order.
    pub fn parts(&self) -> impl Iterator<Item = TemplatePart<'_>> {
        self.segments.iter().map(|segment| match segment {
            Segment::Literal(bytes) => TemplatePart::Literal(bytes),
            Segment::Name(name) => TemplatePart::Name(name),
        })
    }

    /// The names in it, in their order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Name(name) => Some(name),
            Segment::Literal(_) => None,
        })
    }

    /// Whether `name` is in it.
    pub fn has(&self, name: &Name) -> bool {
        self.names().any(|own| own == name)
    }

    /// Whether a message has a mark.
    pub fn has_mark(&self) -> bool {
        self.has(&Name::Mark)
    }

    /// Bytes that are in every message.
    pub(super) fn literal_bytes(&self) -> usize {
        let literal = |segment: &Segment| match segment {
            Segment::Literal(bytes) => bytes.len(),
            Segment::Name(_) => 0,
        };
        self.segments.iter().map(literal).sum()
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parser = Parser { text, at: 0, literal: String::new(), segments: Vec::new() };
        parser.parse().map_err(|(at, problem)| TemplateError { character: text[..at].chars().count() + 1, problem })?;
        Ok(Self { kind: MessageKind::Text, given: text.as_bytes().into(), segments: parser.segments.into() })
    }
}

/// Takes a text apart.
struct Parser<'t> {
    text: &'t str,
    at: usize,
    literal: String,
    segments: Vec<Segment>,
}

impl Parser<'_> {
    /// The error is a place in the text, and what is wrong there.
    fn parse(&mut self) -> Result<(), (usize, String)> {
        while let Some(open) = self.text[self.at..].find("{{") {
            self.literal.push_str(&self.text[self.at..self.at + open]);
            self.at += open;
            let rest = &self.text[self.at..];
            if rest.starts_with("{{{{") {
                self.literal.push_str("{{");
                self.at += 4;
            } else if rest.starts_with("{{{") {
                // A name has no brace, so the first of three is a literal.
                self.literal.push('{');
                self.at += 1;
            } else {
                self.name()?;
            }
        }
        self.literal.push_str(&self.text[self.at..]);
        self.end_literal();
        Ok(())
    }

    /// Takes `{{name}}`.
    fn name(&mut self) -> Result<(), (usize, String)> {
        let rest = &self.text[self.at + 2..];
        let Some(length) = rest.find("}}") else {
            let problem = "`{{` is not closed: write `}}` after the name, or `{{{{` for a `{{` that is sent";
            return Err((self.at, problem.to_owned()));
        };
        let name = Name::parse(rest[..length].trim()).map_err(|problem| (self.at, problem))?;
        if name == Name::Mark && self.segments.contains(&Segment::Name(Name::Mark)) {
            let problem = "`{{mark}}` is there twice: one mark names the message, so remove this one";
            return Err((self.at, problem.to_owned()));
        }
        self.end_literal();
        self.segments.push(Segment::Name(name));
        self.at += 2 + length + 2;
        Ok(())
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.segments.push(Segment::Literal(std::mem::take(&mut self.literal).into_bytes().into()));
        }
    }
}

/// Without its text, which may hold secrets.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.given.len())
    }
}

#[cfg(test)]
mod tests;
