//! Tables of numbers.

use std::{io, ops::Range};

use super::{printer::Printer, wrap::shorten};
use crate::render::tone::Tone;

/// Columns between the numbers and the verdict.
const GAP: usize = 2;

/// Named rows of numbers, each with a verdict if the table has them.
///
/// If a line has no room for all columns, they move closer together. If that is not enough, the
/// last columns go into a second table below, with the names again. A number is never broken. A
/// name that takes over half of a line is shortened.
pub(crate) struct NumberTable {
    /// The heading of the names, and the least width of their column.
    pub(crate) names: (&'static str, usize),
    /// The heading of each column, and its width if there is room.
    pub(crate) columns: Vec<(&'static str, usize)>,
    pub(crate) has_verdicts: bool,
    pub(crate) rows: Vec<NumberRow>,
    /// Number of rows before a blank line, 0 for no blank line.
    pub(crate) first_group: usize,
}

/// A row of a [`NumberTable`].
pub(crate) struct NumberRow {
    pub(crate) name: String,
    /// One for each column.
    pub(crate) numbers: Vec<String>,
    pub(crate) verdict: (&'static str, Tone),
}

/// Widths of the columns.
struct Widths {
    name: usize,
    columns: Vec<usize>,
    verdict: usize,
}

impl NumberTable {
    pub(crate) fn print(mut self, printer: &mut Printer<'_>) -> io::Result<()> {
        for row in &mut self.rows {
            row.name = shorten(&row.name, printer.width / 2);
        }
        let gaps = [None, Some(2), Some(1)];
        let widths = gaps.map(|gap| self.widths(gap)).into_iter().find(|widths| widths.all() <= printer.width);
        let widths = widths.unwrap_or_else(|| self.widths(Some(2)));
        for (index, part) in widths.parts(printer.width).into_iter().enumerate() {
            if index > 0 {
                printer.blank()?;
            }
            self.print_part(printer, &widths, part)?;
        }
        Ok(())
    }

    /// The wanted widths without a `gap`, else the least ones with this gap before each number.
    fn widths(&self, gap: Option<usize>) -> Widths {
        let width = |&(heading, wanted): &(&str, usize), longest: usize| match gap {
            None => wanted.max(longest + 1),
            Some(gap) => longest.max(heading.len()) + gap,
        };
        let longest = |at: usize| self.rows.iter().map(|row| row.numbers[at].chars().count()).max().unwrap_or(0);
        let columns = self.columns.iter().enumerate().map(|(at, column)| width(column, longest(at))).collect();
        let name = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let name = width(&self.names, name) - gap.unwrap_or(0);
        let verdict = self.rows.iter().map(|row| row.verdict.0.len()).max().unwrap_or(0).max("verdict".len());
        Widths { name, columns, verdict: if self.has_verdicts { GAP + verdict } else { 0 } }
    }

    /// Prints some of the columns. The last part has the verdicts.
    fn print_part(&self, printer: &mut Printer<'_>, widths: &Widths, part: Range<usize>) -> io::Result<()> {
        let (name, style) = (widths.name, printer.palette.label);
        let has_verdicts = self.has_verdicts && part.end == self.columns.len();
        write!(printer.out, "{style}{:name$}{style:#}", self.names.0)?;
        for at in part.clone() {
            write!(printer.out, "{:>width$}", self.columns[at].0, width = widths.columns[at])?;
        }
        writeln!(printer.out, "{}", if has_verdicts { "  verdict" } else { "" })?;
        for (index, row) in self.rows.iter().enumerate() {
            if index == self.first_group && index > 0 {
                printer.blank()?;
            }
            write!(printer.out, "{:name$}", row.name)?;
            for at in part.clone() {
                write!(printer.out, "{:>width$}", row.numbers[at], width = widths.columns[at])?;
            }
            match row.verdict {
                (verdict, tone) if has_verdicts && !verdict.is_empty() => {
                    let style = printer.palette.of(tone);
                    writeln!(printer.out, "{:GAP$}{style}{verdict}{style:#}", "")?;
                }
                _ => writeln!(printer.out)?,
            }
        }
        Ok(())
    }
}

impl Widths {
    fn all(&self) -> usize {
        self.name + self.columns.iter().sum::<usize>() + self.verdict
    }

    /// Splits the columns into parts that fit in lines of `width`. Each has at least one column.
    fn parts(&self, width: usize) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut used = usize::MAX;
        for (at, column) in self.columns.iter().enumerate() {
            let verdict = if at + 1 == self.columns.len() { self.verdict } else { 0 };
            match parts.last_mut() {
                Some(part) if used + column + verdict <= width => part.end = at + 1,
                _ => {
                    parts.push(at..at + 1);
                    used = self.name;
                }
            }
            used += column;
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: usize, has_verdicts: bool) -> String {
        let row = |name: &str, verdict| NumberRow {
            name: name.to_owned(),
            numbers: ["1.00 µs", "22.0 µs", "333 µs"].map(str::to_owned).to_vec(),
            verdict: (verdict, Tone::Plain),
        };
        let table = NumberTable {
            names: ("metric", 16),
            columns: vec![("a", 12), ("b", 12), ("longer", 12)],
            has_verdicts,
            rows: vec![row("response.p99", "pass"), row("throughput", "")],
            first_group: 1,
        };
        let mut out = Vec::new();
        table.print(&mut Printer::new(false, width, &mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_have_the_width_that_they_want() {
        let roomy = "\
metric                     a           b      longer  verdict
response.p99         1.00 µs     22.0 µs      333 µs  pass

throughput           1.00 µs     22.0 µs      333 µs
";
        assert_eq!(shown(61, true), roomy);
    }

    #[test]
    fn columns_come_closer_where_there_is_less_room() {
        let close = "\
metric              a        b  longer  verdict
response.p99  1.00 µs  22.0 µs  333 µs  pass

throughput    1.00 µs  22.0 µs  333 µs
";
        assert_eq!(shown(60, true), close);
        assert_eq!(shown(47, true), close);
        let first = |width, has_verdicts| shown(width, has_verdicts).lines().next().map(str::to_owned);
        assert_eq!(first(46, true).unwrap(), "metric             a       b longer  verdict");
        assert_eq!(first(51, false).unwrap(), "metric              a        b  longer");
    }

    #[test]
    fn a_name_takes_half_of_a_line_at_most() {
        let row = NumberRow {
            name: format!("{}.response.p99", "g".repeat(40)),
            numbers: vec!["1.00 µs".to_owned()],
            verdict: ("", Tone::Plain),
        };
        let table = NumberTable {
            names: ("metric", 16),
            columns: vec![("a", 12)],
            has_verdicts: true,
            rows: vec![row],
            first_group: 0,
        };
        let mut out = Vec::new();
        table.print(&mut Printer::new(false, 50, &mut out)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("\ngggggggggggg…response.p99      1.00 µs\n"), "{text}");
    }

    #[test]
    fn columns_that_do_not_fit_stand_below() {
        let two = "\
metric              a        b
response.p99  1.00 µs  22.0 µs

throughput    1.00 µs  22.0 µs

metric        longer  verdict
response.p99  333 µs  pass

throughput    333 µs
";
        assert_eq!(shown(40, true), two);
    }
}
