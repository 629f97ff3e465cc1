//! Tables of the page.

use crate::render::{
    LabelledResult,
    html::{chart::line_style::LineStyle, visible_text::VisibleText},
    tone::Tone,
};

impl Tone {
    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Doubtful => "doubtful",
        }
    }
}

/// The heading of columns or of a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableHeading {
    pub(crate) text: VisibleText,
    /// How the lines of the same result look.
    pub(crate) style: Option<LineStyle>,
    /// How many columns it is above.
    pub(crate) span: usize,
    /// `=` or `+` before it, in a sum.
    pub(crate) sign: &'static str,
}

impl<T: AsRef<str>> From<T> for TableHeading {
    fn from(text: T) -> Self {
        Self { text: text.into(), style: None, span: 1, sign: "" }
    }
}

impl TableHeading {
    /// The heading of the columns of a result among several.
    pub(crate) fn of(index: usize, result: &LabelledResult<'_>, span: usize) -> Self {
        Self { style: Some(LineStyle(index)), span, ..result.label.into() }
    }
}

/// A value.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableCell {
    pub(crate) text: VisibleText,
    pub(crate) tone: Tone,
    /// Words, which wrap, rather than a number, which does not.
    pub(crate) words: bool,
}

impl<T: AsRef<str>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl TableCell {
    /// Text that may be long.
    pub(crate) fn words(text: impl AsRef<str>) -> Self {
        Self { words: true, ..text.into() }
    }

    /// The same with a meaning.
    pub(crate) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// A line of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableRow {
    pub(crate) heading: TableHeading,
    pub(crate) cells: Vec<TableCell>,
    /// The rows after it add up to it.
    pub(crate) sum: bool,
}

/// Rows that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableBody {
    pub(crate) title: Option<VisibleText>,
    pub(crate) rows: Vec<TableRow>,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct PageTable {
    pub(crate) caption: VisibleText,
    /// Heads of groups of columns; none for a single result.
    pub(crate) groups: Vec<TableHeading>,
    /// Heads of columns; none where the rows speak for themselves.
    pub(crate) columns: Vec<TableHeading>,
    pub(crate) bodies: Vec<TableBody>,
}

impl PageTable {
    /// Columns from the first to the last.
    pub(crate) fn width(&self) -> usize {
        1 + self.bodies.iter().flat_map(|body| &body.rows).map(|row| row.cells.len()).max().unwrap_or(0)
    }
}

/// What a result is asked, with the answer's name.
pub(crate) type ResultFact = (&'static str, fn(&LabelledResult<'_>) -> TableCell);

/// A row a fact and a column a result. A fact on which all results are silent is left out.
pub(crate) fn facts(caption: &str, results: &[LabelledResult<'_>], facts: &[ResultFact]) -> PageTable {
    let columns = match results {
        [_] => Vec::new(),
        several => several.iter().enumerate().map(|(index, result)| TableHeading::of(index, result, 1)).collect(),
    };
    let row = |(name, fact): &ResultFact| TableRow {
        heading: (*name).into(),
        cells: results.iter().map(fact).collect(),
        sum: false,
    };
    let said = |row: &TableRow| row.cells.iter().any(|cell| cell.text != VisibleText::default());
    let rows = facts.iter().map(row).filter(said).collect();
    PageTable { caption: caption.into(), groups: Vec::new(), columns, bodies: vec![TableBody { title: None, rows }] }
}
