//! What a column or a line of the page is about.

use crate::{
    judge::Judgement,
    render::{LabelledResult, part::Part},
};

/// A result, or a group of a result, with the name that tells it from the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelledPart<'a> {
    /// It may hold any text.
    pub(crate) label: &'a str,
    pub(crate) part: Part<'a>,
    /// What the numbers of the whole result mean.
    pub(crate) judgement: &'a Judgement,
}

impl<'a> LabelledPart<'a> {
    /// All groups of a result together.
    pub(crate) fn total(result: &LabelledResult<'a>) -> Self {
        let &LabelledResult { label, report, judgement } = result;
        Self { label, part: Part::total(report), judgement }
    }
}
