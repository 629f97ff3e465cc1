//! Results in a stream, with anything else between them, such as the lines of a log.

use std::io::{self, BufRead, ErrorKind, Read};

/// Longest text of a result, in bytes. An hour of several groups has some ten million.
const LONGEST: usize = 1 << 30;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A result as text, which may be cut or be something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultText {
    /// The line that it begins on, from 1.
    pub line: u64,
    /// What [`from_json_texts`](super::from_json_texts) reads.
    pub text: Vec<u8>,
}

/// Finds the results in a stream, one at a time.
///
/// A result begins with a line that begins with `{`. It ends with that line, or, if there is
/// nothing else on it, with the next line that begins with `}`. So it is found even after one that
/// was cut. Other lines are skipped and counted. Lines may end in CRLF, and the stream may begin
/// with a byte order mark.
#[derive(Debug)]
pub struct ResultTexts<R> {
    input: R,
    /// The line that was read last, from 1.
    line: u64,
    skipped_lines: u64,
    /// An indented result whose end has not come.
    indented: Option<ResultText>,
    /// What stands on the last line, behind a result.
    rest: Option<ResultText>,
}

impl<R: BufRead> ResultTexts<R> {
    /// The results in this stream.
    pub fn new(input: R) -> Self {
        Self { input, line: 0, skipped_lines: 0, indented: None, rest: None }
    }

    /// How many lines were skipped so far that are not empty.
    pub fn skipped_lines(&self) -> u64 {
        self.skipped_lines
    }

    /// The next line if it matters: one that begins with `{`, or any line of an indented result.
    /// `None` after the last line.
    fn next_line(&mut self) -> io::Result<Option<ResultText>> {
        loop {
            if let Some(rest) = self.rest.take() {
                return Ok(Some(rest));
            }
            let Some(&first) = self.input.fill_buf()?.first() else { return Ok(None) };
            self.line += 1;
            let may_be_marked = self.line == 1 && first == BYTE_ORDER_MARK[0];
            if first != b'{' && self.indented.is_none() && !may_be_marked {
                self.input.skip_until(b'\n')?;
                self.skipped_lines += u64::from(!matches!(first, b'\n' | b'\r'));
                continue;
            }
            let mut text = Vec::new();
            self.input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut text)?;
            if may_be_marked {
                if text.starts_with(BYTE_ORDER_MARK) {
                    text.drain(..BYTE_ORDER_MARK.len());
                }
                if !text.starts_with(b"{") {
                    self.skipped_lines += u64::from(!text.trim_ascii().is_empty());
                    continue;
                }
            }
            return Ok(Some(ResultText { line: self.line, text }));
        }
    }

    /// Adds a line to the indented result. Returns the result if that is its end.
    fn add(&mut self, mut next: ResultText) -> Option<ResultText> {
        let indented = self.indented.as_mut()?;
        let is_end = next.text.starts_with(b"}");
        if is_end && next.text.get(1) == Some(&b'{') {
            self.rest = Some(ResultText { line: next.line, text: next.text.split_off(1) });
        }
        indented.text.append(&mut next.text);
        self.indented.take_if(|_| is_end)
    }
}

impl<R: BufRead> Iterator for ResultTexts<R> {
    type Item = io::Result<ResultText>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match self.next_line() {
                Err(error) => return Some(Err(error)),
                // What is left was cut.
                Ok(None) => return self.indented.take().map(Ok),
                Ok(Some(next)) => next,
            };
            let begun = self.indented.as_ref().map_or(0, |indented| indented.text.len());
            if begun + next.text.len() > LONGEST {
                let error = format!("line {}: a result of over a gibibyte", next.line);
                return Some(Err(io::Error::new(ErrorKind::FileTooLarge, error)));
            }
            if next.text.starts_with(b"{") {
                let is_indented = next.text.trim_ascii_end() == b"{";
                let cut = self.indented.take();
                let whole = if is_indented { self.indented.replace(next) } else { Some(next) };
                match (cut, whole) {
                    (Some(cut), whole) => {
                        self.rest = whole;
                        return Some(Ok(cut));
                    }
                    (None, Some(whole)) => return Some(Ok(whole)),
                    (None, None) => {}
                }
            } else if let Some(whole) = self.add(next) {
                return Some(Ok(whole));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results in a stream, and how many lines were skipped.
    fn read(stream: &str) -> (Vec<(u64, String)>, u64) {
        // However the bytes come.
        let by = |capacity| {
            let mut texts = ResultTexts::new(io::BufReader::with_capacity(capacity, stream.as_bytes()));
            let found = texts.by_ref().map(|text| text.expect("bytes in memory"));
            let found: Vec<_> =
                found.map(|text| (text.line, String::from_utf8(text.text).expect("cut at a line"))).collect();
            (found, texts.skipped_lines())
        };
        let whole = by(1 << 16);
        for capacity in 1..20 {
            assert_eq!(by(capacity), whole, "{capacity} bytes at a time");
        }
        whole
    }

    #[track_caller]
    fn finds(stream: &str, results: &[(u64, &str)], skipped: u64) {
        let results: Vec<_> = results.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
        assert_eq!(read(stream), (results, skipped), "{stream:?}");
    }

    #[test]
    fn results_stand_on_a_line_each() {
        finds("", &[], 0);
        finds("{\"a\":1}\n{\"b\":2}\n", &[(1, "{\"a\":1}\n"), (2, "{\"b\":2}\n")], 0);
        finds("{\"a\":1}", &[(1, "{\"a\":1}")], 0);
        finds("{\"a\":1}\r\n\r\n{\"b\":2}\r\n", &[(1, "{\"a\":1}\r\n"), (3, "{\"b\":2}\r\n")], 0);
    }

    #[test]
    fn lines_of_a_log_are_skipped_and_counted() {
        finds("starting\n  {\n\n{}\nshard 1: {}\ndone", &[(4, "{}\n")], 4);
        finds("\u{feff}{}\n", &[(1, "{}\n")], 0);
        finds("\u{feff}\n{}\n", &[(2, "{}\n")], 0);
        finds("\u{feff}log\n{}\n", &[(2, "{}\n")], 1);
        finds("\u{fec0}log\n{}\n", &[(2, "{}\n")], 1);
    }

    #[test]
    fn indented_results_may_follow_each_other() {
        finds("{\n  1\n}\n{\n  2\n}\n", &[(1, "{\n  1\n}\n"), (4, "{\n  2\n}\n")], 0);
        finds("{\n1\n}{\n2\n}", &[(1, "{\n1\n}"), (3, "{\n2\n}")], 0);
        finds("{\r\n1\r\n}\r\nlog\r\n{2}", &[(1, "{\r\n1\r\n}\r\n"), (5, "{2}")], 1);
        finds("{\n1\n}{2}\n{3}", &[(1, "{\n1\n}"), (3, "{2}\n"), (4, "{3}")], 0);
        finds("{\n1\n},\nlog\n", &[(1, "{\n1\n},\n")], 1);
    }

    #[test]
    fn what_follows_a_cut_result_is_found() {
        finds("{\"a\":\n{\"b\":2}\n", &[(1, "{\"a\":\n"), (2, "{\"b\":2}\n")], 0);
        finds("{\n  1,\n{\"b\":2}\nlog\n", &[(1, "{\n  1,\n"), (3, "{\"b\":2}\n")], 1);
        finds("{\n  1,\n{\n  2\n}\n", &[(1, "{\n  1,\n"), (3, "{\n  2\n}\n")], 0);
        finds("{\n  1,\n", &[(1, "{\n  1,\n")], 0);
        finds("{\n", &[(1, "{\n")], 0);
    }
}
