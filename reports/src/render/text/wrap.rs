//! Breaks text into lines.

/// Breaks text at blanks into lines of at most `columns`. A number stays with its unit. A word that
/// is longer than a line is cut into pieces.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in unbroken(text) {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(&word);
        } else if width(line) + 1 + width(&word) <= columns {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
        while let Some(rest) = split_off(lines.last_mut().expect("there is always a line"), columns) {
            lines.push(rest);
        }
    }
    lines
}

/// The words of a text. A number with its groups and its unit is one word.
fn unbroken(text: &str) -> Vec<String> {
    const UNITS: [&str; 10] = ["ns", "µs", "ms", "s", "%", "B", "KiB", "MiB", "GiB", "TiB"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let unit = word.split([',', ';', ':', ')', '/']).next().unwrap_or_default();
        let belongs_to_a_number =
            UNITS.contains(&unit) || (unit.len() == 3 && unit.bytes().all(|b| b.is_ascii_digit()));
        match words.last_mut() {
            Some(number) if belongs_to_a_number && number.ends_with(|c: char| c.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Cuts off and returns what goes beyond `columns`.
fn split_off(text: &mut String, columns: usize) -> Option<String> {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += char_width(*c);
        used > columns
    });
    end.map(|(at, _)| at).map(|at| text.split_off(at))
}

/// The text, or as much as fits before an ellipsis.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let mut text = text.to_owned();
    if width(&text) > columns {
        split_off(&mut text, columns - 1);
        text.push('…');
    }
    text
}

/// The text, or its beginning and its end around an ellipsis. Both ends of a name tell it from
/// others: the group, and the statistic.
pub(crate) fn shorten(text: &str, characters: usize) -> String {
    let all: Vec<char> = text.chars().collect();
    let Some(kept) = (all.len() > characters).then_some(characters.saturating_sub(1)) else { return text.to_owned() };
    let (first, last) = (&all[..kept / 2], &all[all.len() - kept.div_ceil(2)..]);
    first.iter().chain(&['…']).chain(last).collect()
}

fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Columns of a character that [`visible`](crate::escape::visible) lets pass. From Hangul on, most
/// scripts are wide. Those that are not make a line shorter than it could be, never too long.
fn char_width(c: char) -> usize {
    match c {
        // Punctuation, arrows and symbols of the report itself.
        '\u{2010}'..='\u{22ff}' => 1,
        '\u{1100}'.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_long_words_are_cut() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn a_number_stays_with_its_groups_and_its_unit() {
        assert_eq!(wrap("after 1 s, then", 7), ["after", "1 s,", "then"]);
        assert_eq!(wrap("of 1 234 567 messages", 10), ["of", "1 234 567", "messages"]);
        assert_eq!(wrap("at 3.05 MiB/s; over", 12), ["at", "3.05 MiB/s;", "over"]);
        assert_eq!(wrap("client 17 came", 9), ["client 17", "came"]);
    }

    #[test]
    fn what_is_cut_has_a_mark() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("漢字漢字", 6), "漢字…");
        assert_eq!(shorten("chat.p99", 8), "chat.p99");
        assert_eq!(shorten("readers.response.p99", 9), "read….p99");
        assert_eq!(shorten("readers.response.p99", 8), "rea….p99");
    }
}
