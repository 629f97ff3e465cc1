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

    /// Each group of a result by its name. None if the run has one group.
    pub(crate) fn groups(result: &LabelledResult<'a>) -> Vec<Self> {
        let &LabelledResult { report, judgement, .. } = result;
        let labelled = |part: Part<'a>| Self { label: part.group.unwrap_or_default(), part, judgement };
        Part::groups(report).map(labelled).collect()
    }
}
