//! Tables of the page.

use crate::render::{
    html::{chart::line_style::LineStyle, labelled_part::LabelledPart, visible_text::VisibleText},
    tone::Tone,
};

impl Tone {
    /// The class in the style sheet.
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
    /// The style of its lines, if several results or groups are drawn over each other.
    pub(crate) style: Option<LineStyle>,
    /// Number of columns below it.
    pub(crate) span: usize,
    /// `=` or `+` before it, if it is part of a sum.
    pub(crate) sign: &'static str,
}

impl<T: AsRef<str>> From<T> for TableHeading {
    fn from(text: T) -> Self {
        Self { text: text.into(), style: None, span: 1, sign: "" }
    }
}

impl TableHeading {
    /// The heading of the columns of one of several results or groups.
    pub(crate) fn of(index: usize, labelled: &LabelledPart<'_>, span: usize) -> Self {
        Self { style: Some(LineStyle(index)), span, ..labelled.label.into() }
    }
}

/// The value in a row and column.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableCell {
    pub(crate) text: VisibleText,
    pub(crate) tone: Tone,
    /// Whether it is text that wraps. Numbers do not wrap.
    pub(crate) words: bool,
}

impl<T: AsRef<str>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl TableCell {
    /// A cell with text that may be long.
    pub(crate) fn words(text: impl AsRef<str>) -> Self {
        Self { words: true, ..text.into() }
    }

    /// A cell with this tone.
    pub(crate) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// A row of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableRow {
    pub(crate) heading: TableHeading,
    pub(crate) cells: Vec<TableCell>,
    /// Whether the rows after it add up to it.
    pub(crate) sum: bool,
}

/// A group of rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableBody {
    pub(crate) title: Option<VisibleText>,
    pub(crate) rows: Vec<TableRow>,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct PageTable {
    pub(crate) caption: VisibleText,
    /// Headings of groups of columns. Empty for a single one.
    pub(crate) groups: Vec<TableHeading>,
    /// Headings of columns. Empty if the rows need none.
    pub(crate) columns: Vec<TableHeading>,
    pub(crate) bodies: Vec<TableBody>,
}

impl PageTable {
    /// Number of columns, the headings of rows included.
    pub(crate) fn width(&self) -> usize {
        1 + self.bodies.iter().flat_map(|body| &body.rows).map(|row| row.cells.len()).max().unwrap_or(0)
    }
}

/// A name, and the value that a result or a group has for it.
pub(crate) type Fact = (&'static str, fn(&LabelledPart<'_>) -> TableCell);

/// A table with a row for each fact and a column for each part. A fact without any value is left
/// out.
pub(crate) fn facts(caption: &str, parts: &[LabelledPart<'_>], facts: &[Fact]) -> PageTable {
    let columns = match parts {
        [_] => Vec::new(),
        several => several.iter().enumerate().map(|(index, labelled)| TableHeading::of(index, labelled, 1)).collect(),
    };
    let row =
        |(name, fact): &Fact| TableRow { heading: (*name).into(), cells: parts.iter().map(fact).collect(), sum: false };
    let said = |row: &TableRow| row.cells.iter().any(|cell| cell.text != VisibleText::default());
    let rows = facts.iter().map(row).filter(said).collect();
    PageTable { caption: caption.into(), groups: Vec::new(), columns, bodies: vec![TableBody { title: None, rows }] }
}
