//! Prints lines: a column of labels, wrapped text, and colours.

use std::io;

use anstyle::{AnsiColor, Style};

use super::wrap::{cut, wrap};
use crate::{escape::visible, render::tone::Tone};

/// Columns of the label and the gap after it.
pub(crate) const LABEL: usize = 13;

/// Least columns of a line. With fewer, too few words fit beside a label.
const NARROWEST: usize = 40;

/// Styles of a report, all plain without colour. They use only the eight standard colours, which
/// every theme adapts.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    good: Style,
    bad: Style,
    doubtful: Style,
    pub(crate) label: Style,
    pub(crate) aside: Style,
}

impl Palette {
    fn new(color: bool) -> Self {
        if !color {
            let plain = Style::new();
            return Self { good: plain, bad: plain, doubtful: plain, label: plain, aside: plain };
        }
        Self {
            good: AnsiColor::Green.on_default().bold(),
            bad: AnsiColor::Red.on_default().bold(),
            doubtful: AnsiColor::Yellow.on_default().bold(),
            label: Style::new().bold(),
            aside: Style::new().dimmed(),
        }
    }

    pub(crate) fn of(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Good => self.good,
            Tone::Bad => self.bad,
            Tone::Doubtful => self.doubtful,
        }
    }
}

/// Writes the lines of a report, and escapes what can't be seen in any text.
pub(crate) struct Printer<'a> {
    pub(crate) out: &'a mut dyn io::Write,
    pub(crate) palette: Palette,
    /// Columns of a line.
    pub(crate) width: usize,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(color: bool, width: usize, out: &'a mut dyn io::Write) -> Self {
        Self { out, palette: Palette::new(color), width: width.max(NARROWEST) }
    }

    pub(crate) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Prints a label, and text that wraps beside it.
    pub(crate) fn row(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.styled_row(label, self.palette.label, text, Style::new())
    }

    /// Prints a row with a style for each part.
    pub(crate) fn styled_row(&mut self, label: &str, label_style: Style, text: &str, style: Style) -> io::Result<()> {
        for (index, line) in wrap(&visible(text), self.width - LABEL).iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            // The padding has no style, and no line ends with a blank.
            let gap = LABEL.saturating_sub(label.chars().count());
            if !label.is_empty() {
                write!(self.out, "{label_style}{label}{label_style:#}")?;
            }
            writeln!(self.out, "{:gap$}{style}{line}{style:#}", "")?;
        }
        Ok(())
    }

    /// Prints one line below the text of a row, cut if it is too long.
    pub(crate) fn detail(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{:LABEL$}{}", "", cut(&visible(text), self.width - LABEL))
    }
}
