//! Hides values of data in what servers sent back.
//!
//! There may be millions of values, and the texts that are shown are few and short. So each value
//! is looked up in the sorted suffixes of the texts.

use std::{collections::HashMap, sync::Arc};

use reports::model::{Evidence, EvidenceKind, Measurement, Report};

use super::{
    HIDDEN, Secrets,
    collected::{Collected, SHORTEST, forms},
};
use crate::message::Data;

/// Secrets of a run, among them the values of its data.
#[derive(Clone, Debug)]
pub(crate) struct DataSecrets {
    pub(crate) others: Secrets,
    data: Vec<Arc<Data>>,
}

impl DataSecrets {
    /// These secrets, and the values of `data`.
    pub(crate) fn new(others: Secrets, data: impl IntoIterator<Item = Arc<Data>>) -> Self {
        let mut all: Vec<Arc<Data>> = Vec::new();
        for data in data {
            if !all.iter().any(|known| Arc::ptr_eq(known, &data)) {
                all.push(data);
            }
        }
        Self { others, data: all }
    }

    /// Hides all secrets in what servers sent and in details of errors. What was expected is shown
    /// without values already.
    pub(crate) fn redact_report(&self, report: &mut Report) {
        let groups = report.groups.iter_mut().map(|group| &mut group.measurement);
        self.hide_values(groups.chain([&mut report.total]).flat_map(from_servers).collect());
        self.others.redact_report(report);
    }

    /// The text without secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.hide_values(vec![&mut text]);
        self.others.redact(&text)
    }

    fn hide_values(&self, texts: Vec<&mut String>) {
        if texts.is_empty() || self.data.is_empty() {
            return;
        }
        let shown = ShownTexts::of(&texts);
        let mut found = Collected::default();
        let mut cuts = vec![Cuts::default(); texts.len()];
        for value in self.data.iter().flat_map(|data| data.all()).filter(|value| value.len() >= SHORTEST) {
            let mut has = |form: &str| shown.has(form.to_ascii_lowercase().as_bytes(), &mut cuts);
            // All forms, as each may be cut.
            let is_there =
                if is_plain(value) { has(value) } else { forms(value).fold(false, |found, form| found | has(&form)) };
            if is_there {
                found.add(value);
            }
        }
        let found = found.finish();
        for (text, cuts) in texts.into_iter().zip(cuts) {
            *text = found.redact(&cuts.hide(text));
        }
    }
}

/// What servers chose of a measurement.
fn from_servers(measurement: &mut Measurement) -> impl Iterator<Item = &mut String> {
    let Measurement { evidence, connections, .. } = measurement;
    evidence.iter_mut().flat_map(of_evidence).chain(connections.details.values_mut())
}

fn of_evidence(Evidence { kind, received, detail, .. }: &mut Evidence) -> impl Iterator<Item = &mut String> {
    let said = detail.as_mut().filter(|_| *kind == EvidenceKind::Died);
    received.as_mut().into_iter().chain(said)
}

/// Whether a value has no other form than itself.
fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Texts that are shown, in lower case.
struct ShownTexts {
    bytes: Vec<u8>,
    /// Where each suffix of each text begins and ends, in their order as texts.
    suffixes: Vec<(usize, usize)>,
    texts: Vec<(usize, usize)>,
    /// The texts that begin with a gram, and that end with it.
    beginning: HashMap<Gram, Vec<usize>>,
    ending: HashMap<Gram, Vec<usize>>,
}

/// As many bytes as the shortest secret has.
type Gram = [u8; SHORTEST];

/// How much of a text's beginning and end is a part of a value, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Cuts {
    head: usize,
    tail: usize,
}

impl ShownTexts {
    fn of(texts: &[&mut String]) -> Self {
        let mut shown = Self {
            bytes: Vec::new(),
            suffixes: Vec::new(),
            texts: Vec::new(),
            beginning: HashMap::new(),
            ending: HashMap::new(),
        };
        for (number, text) in texts.iter().enumerate() {
            let begin = shown.bytes.len();
            shown.bytes.extend(uncut(text).0.bytes().map(|byte| byte.to_ascii_lowercase()));
            let end = shown.bytes.len();
            shown.texts.push((begin, end));
            shown.suffixes.extend((begin..end).map(|at| (at, end)));
            if let (Some(first), Some(last)) = (shown.bytes[begin..].first_chunk(), shown.bytes[begin..].last_chunk()) {
                shown.beginning.entry(*first).or_default().push(number);
                shown.ending.entry(*last).or_default().push(number);
            }
        }
        let bytes = &shown.bytes;
        shown.suffixes.sort_unstable_by_key(|&(begin, end)| &bytes[begin..end]);
        shown
    }

    /// Whether a text has the whole value, which is in lower case. Notes where a text begins or
    /// ends within it.
    fn has(&self, value: &[u8], cuts: &mut [Cuts]) -> bool {
        for (at, gram) in value.windows(SHORTEST).enumerate() {
            let Ok(gram) = <&Gram>::try_from(gram) else { continue };
            for &text in self.ending.get(gram).into_iter().flatten() {
                let tail = &value[..at + SHORTEST];
                if self.text(text).ends_with(tail) {
                    cuts[text].tail = cuts[text].tail.max(tail.len());
                }
            }
            for &text in self.beginning.get(gram).into_iter().flatten() {
                let head = &value[at..];
                if self.text(text).starts_with(head) {
                    cuts[text].head = cuts[text].head.max(head.len());
                }
            }
        }
        let at = self.suffixes.partition_point(|&(begin, end)| &self.bytes[begin..end] < value);
        self.suffixes.get(at).is_some_and(|&(begin, end)| self.bytes[begin..end].starts_with(value))
    }

    fn text(&self, number: usize) -> &[u8] {
        let (begin, end) = self.texts[number];
        &self.bytes[begin..end]
    }
}

impl Cuts {
    fn hide(self, text: &str) -> String {
        let (body, rest) = uncut(text);
        let end = body.len() - self.tail;
        // Within a character, more is hidden.
        let is_boundary = |at: &usize| body.is_char_boundary(*at);
        let head = (self.head..body.len()).find(is_boundary).unwrap_or(body.len());
        let tail = (0..=end).rev().find(is_boundary).unwrap_or(0);
        let mark = |cut: usize| if cut > 0 { HIDDEN } else { "" };
        if head > tail {
            return format!("{HIDDEN}{rest}");
        }
        format!("{}{}{}{rest}", mark(self.head), &body[head..tail], mark(self.tail))
    }
}

/// A text without the count of what was cut off, and that count.
pub(super) fn uncut(text: &str) -> (&str, &str) {
    let at = text.rfind('…').filter(|&at| text[at..].starts_with("…+")).unwrap_or(text.len());
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn secrets(file: &str) -> DataSecrets {
        let mut csv = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        csv.write_all(file.as_bytes()).unwrap();
        DataSecrets::new(Secrets::default(), [Arc::new(Data::read(csv.path()).unwrap())])
    }

    #[test]
    fn values_are_hidden_wherever_a_server_shows_them() {
        let secrets = secrets("user,token,pin\nanna,c4nary-one,123\nbobo,\"c4/na\"\"ry\",77\n");
        for (text, expected) in [
            (r#"{"user":"anna","token":"C4NARY-one"}"#, r#"{"user":"***","token":"***"}"#),
            (r#"c4/na"ry c4/na\"ry c4%2Fna%22ry c4/na&quot;ry"#, "*** *** *** ***"),
            // Cut at either end.
            ("got c4nary-o…+17", "got ***…+17"),
            ("ary-one and bob", "*** and bob"),
            ("nary-on", "nary-on"),
            // Too short to be told from other numbers.
            ("123 and 77", "123 and 77"),
            ("", ""),
        ] {
            assert_eq!(secrets.redact(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_within_a_value_is_hidden() {
        assert_eq!(secrets("token\nxxxxc4naryxxxx\n").redact("xxxxc4nary"), "***");
        assert_eq!(secrets("token\naaaaébbbb\n").redact("\\xa9bbbb"), "\\xa9bbbb", "half a character before it");
    }

    #[test]
    fn many_values_that_begin_alike_are_told_apart() {
        let rows: Vec<_> = (0..2_000).map(|row| format!("user-{row:06},{row:032x}")).collect();
        let secrets = secrets(&format!("user,token\n{}\n", rows.join("\n")));
        let mut texts: Vec<String> =
            (0..20).map(|at| format!("hello user-{:06} {at:032x}, user-9 user…+9", at * 7)).collect();
        secrets.hide_values(texts.iter_mut().collect());
        assert!(texts.iter().all(|text| text == "hello *** ***, user-9 ***…+9"), "{texts:?}");
    }
}
