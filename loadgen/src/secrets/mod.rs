//! Hides secrets: user-info, query and fragment of a URL, and values of header fields.
//!
//! Results hold the URL without them ([`bare()`]) and no header fields. But a server may send back
//! what it received: in a message, a refusal or a close reason. And an error quotes a refused
//! option. So text from elsewhere is searched for the secrets of this run ([`Secrets::redact`])
//! before it is shown or stored.

mod bare;
mod collected;
mod data_values;

use reports::model::{Connections, Evidence, Measurement, Report};

pub use self::bare::{bare, bare_header, bare_words};
use self::collected::{Collected, SHORTEST};
pub(crate) use self::{collected::RESERVED, data_values::DataSecrets};

/// Stands in place of a secret.
pub const HIDDEN: &str = "***";

/// Secrets of one run, in the forms in which they may come back.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// In lower case, the longest first.
    forms: Vec<String>,
}

impl Secrets {
    /// The secrets in URLs, and in values of header fields.
    pub fn of<'a>(urls: impl IntoIterator<Item = &'a str>, values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut collected = Collected::default();
        urls.into_iter().for_each(|url| collected.url(url));
        values.into_iter().for_each(|value| collected.header_value(&String::from_utf8_lossy(value)));
        collected.finish()
    }

    /// These secrets, and credentials as they are given: `USER:PASSWORD`, or a token.
    #[must_use]
    pub(crate) fn with_credentials<'a>(&self, all: impl IntoIterator<Item = &'a str>) -> Self {
        let mut collected = Collected::default();
        all.into_iter().for_each(|credentials| collected.credentials(credentials));
        self.joined(collected)
    }

    /// These secrets, and `values`.
    #[must_use]
    pub fn with<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut collected = Collected::default();
        values.into_iter().for_each(|value| collected.add(value));
        self.joined(collected)
    }

    fn joined(&self, collected: Collected) -> Self {
        let mut forms = collected.finish().forms;
        forms.extend_from_slice(&self.forms);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { forms }
    }

    /// The secrets of a command line, however wrong it is.
    pub fn of_arguments(arguments: &[String]) -> Self {
        let mut collected = Collected::default();
        collected.arguments(arguments);
        collected.finish()
    }

    /// The text with `***` for each secret in it, in upper or lower case. Also hides a part of a
    /// secret that the text begins or ends with.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in &self.forms {
            text = without(text, form);
        }
        let (body, rest) = text.rsplit_once('…').filter(|(_, rest)| rest.starts_with('+')).unwrap_or((&text, ""));
        let mut body = body.to_owned();
        for form in &self.forms {
            body = without_ends(body, form);
        }
        if rest.is_empty() { body } else { format!("{body}…{rest}") }
    }

    /// Hides secrets in what servers sent and in details of errors.
    pub(crate) fn redact_report(&self, report: &mut Report) {
        if self.forms.is_empty() {
            return;
        }
        let groups = report.groups.iter_mut().map(|group| &mut group.measurement);
        for Measurement { evidence, connections, .. } in groups.chain([&mut report.total]) {
            for Evidence { expected, received, detail, .. } in evidence {
                for text in [expected, received, detail].into_iter().flatten() {
                    *text = self.redact(text);
                }
            }
            self.redact_connections(connections);
        }
    }

    /// Hides secrets in details of errors.
    pub(crate) fn redact_connections(&self, connections: &mut Connections) {
        for text in connections.details.values_mut() {
            *text = self.redact(text);
        }
    }
}

/// The text without `form`, which is in lower case.
fn without(text: String, form: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if !lower.contains(form) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in lower.match_indices(form) {
        shown.push_str(&text[end..at]);
        shown.push_str(HIDDEN);
        end = at + form.len();
    }
    shown + &text[end..]
}

/// The text without an end of `form` at its beginning, and without a beginning of `form` at its
/// end.
fn without_ends(text: String, form: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let cuts = || (1..form.len()).filter(|&at| form.is_char_boundary(at));
    let tail = cuts().map(|at| &form[at..]).find(|tail| tail.len() >= SHORTEST && lower.starts_with(tail));
    let head = cuts().map(|at| &form[..at]).rev().find(|head| head.len() >= SHORTEST && lower.ends_with(head));
    let (from, to) = (tail.map_or(0, str::len), text.len() - head.map_or(0, str::len));
    if from > to || (tail.is_none() && head.is_none()) {
        return if from > to { HIDDEN.to_owned() } else { text };
    }
    let mark = |cut: Option<&str>| cut.map_or("", |_| HIDDEN);
    format!("{}{}{}", mark(tail), &text[from..to], mark(head))
}

#[cfg(test)]
mod tests;
