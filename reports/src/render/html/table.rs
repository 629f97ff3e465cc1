//! Tables of the page.

use crate::render::{
    Entry,
    html::{chart::line_style::Key, visible_text::Shown},
};

/// What a cell means to the verdict; a class of the style sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
    Doubtful,
}

impl Tone {
    /// Its class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Doubtful => "doubtful",
        }
    }

    /// This one for a number that should be 0 and is not.
    pub(crate) fn unless_zero(self, n: u64) -> Self {
        if n == 0 { Self::Plain } else { self }
    }
}

/// The head of columns or of a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) text: Shown,
    /// How the lines of the same result look.
    pub(crate) key: Option<Key>,
    /// How many columns it is above.
    pub(crate) span: usize,
    /// `=` or `+` before it, in a sum.
    pub(crate) sign: &'static str,
}

impl<T: AsRef<str>> From<T> for Head {
    fn from(text: T) -> Self {
        Self { text: text.into(), key: None, span: 1, sign: "" }
    }
}

impl Head {
    /// The head of the columns of a result among several.
    pub(crate) fn of(index: usize, entry: &Entry<'_>, span: usize) -> Self {
        Self { key: Some(Key(index)), span, ..entry.label.into() }
    }
}

/// A value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: Shown,
    pub(crate) tone: Tone,
    /// Words, which wrap, rather than a number, which does not.
    pub(crate) words: bool,
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Cell {
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
pub(crate) struct Row {
    pub(crate) head: Head,
    pub(crate) cells: Vec<Cell>,
    /// The rows after it add up to it.
    pub(crate) sum: bool,
}

/// Rows that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) title: Option<Shown>,
    pub(crate) rows: Vec<Row>,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) caption: Shown,
    /// Heads of groups of columns; none for a single result.
    pub(crate) groups: Vec<Head>,
    /// Heads of columns; none where the rows speak for themselves.
    pub(crate) columns: Vec<Head>,
    pub(crate) bodies: Vec<Body>,
}

impl Table {
    /// Columns from the first to the last.
    pub(crate) fn width(&self) -> usize {
        1 + self.bodies.iter().flat_map(|body| &body.rows).map(|row| row.cells.len()).max().unwrap_or(0)
    }
}

/// What a result is asked, with the answer's name.
pub(crate) type Fact = (&'static str, fn(&Entry<'_>) -> Cell);

/// A row a fact and a column a result. A fact on which all results are silent is left out.
pub(crate) fn facts(caption: &str, entries: &[Entry<'_>], facts: &[Fact]) -> Table {
    let columns = match entries {
        [_] => Vec::new(),
        several => several.iter().enumerate().map(|(index, entry)| Head::of(index, entry, 1)).collect(),
    };
    let row = |(name, fact): &Fact| Row { head: (*name).into(), cells: entries.iter().map(fact).collect(), sum: false };
    let said = |row: &Row| row.cells.iter().any(|cell| cell.text != Shown::default());
    let rows = facts.iter().map(row).filter(said).collect();
    Table { caption: caption.into(), groups: Vec::new(), columns, bodies: vec![Body { title: None, rows }] }
}
