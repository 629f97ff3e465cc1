//! Columns of data in place of what may be secret.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Shortest value that is searched for in messages. Shorter ones occur in many texts by chance.
const SHORTEST: usize = 4;

/// Names that stand for something else in a template.
const TAKEN: [&str; 8] = ["client", "sequence", "id", "mark", "unix_ms", "uuid", "random", "room"];

/// Columns of data in place of what may be secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns(Vec<Column>);

/// A column, and the recorded value that it stands for. The value never enters the plan.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// Where the value was.
    pub(super) origin: String,
    value: String,
    /// The value as it may stand in a message, the longest first.
    forms: Vec<String>,
}

/// Without the value.
impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.origin)
    }
}

impl Columns {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Column> {
        self.0.iter()
    }

    /// Takes a value out. Returns what stands in its place, such as `{{token}}`. A value that was
    /// taken out before keeps its column.
    pub(super) fn take(&mut self, wanted: &str, origin: &str, value: &str) -> String {
        if let Some(column) = self.0.iter().find(|column| column.value == value) {
            return column.reference();
        }
        let base = name(wanted);
        let is_free = |name: &String| self.0.iter().all(|column| column.name != *name);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(is_free).unwrap_or(base);
        let column = Column { name, origin: origin.to_owned(), value: value.to_owned(), forms: forms(value) };
        let reference = column.reference();
        self.0.push(column);
        reference
    }

    /// A recorded text as a template: columns in place of what was taken out, and what looks like
    /// a placeholder made literal.
    pub(super) fn template(&self, text: &str) -> String {
        self.replaced(text, |rest| rest.replace("{{", "{{{{"), Column::reference)
    }

    /// Whether something that was taken out is in a text.
    pub(super) fn are_in(&self, text: &str) -> bool {
        !self.found(text).is_empty()
    }

    fn replaced(&self, text: &str, rest: impl Fn(&str) -> String, taken: impl Fn(&Column) -> String) -> String {
        let mut template = String::new();
        let mut end = 0;
        for (from, to, column) in self.found(text) {
            template += &rest(&text[end..from]);
            template += &taken(column);
            end = to;
        }
        template + &rest(&text[end..])
    }

    /// Places of what was taken out, in their order.
    fn found(&self, text: &str) -> Vec<(usize, usize, &Column)> {
        let of = |column| Column::places(column, text).map(move |(from, to)| (from, to, column));
        let mut all: Vec<_> = self.0.iter().flat_map(of).collect();
        all.sort_by_key(|(from, to, _)| (*from, usize::MAX - to));
        let mut end = 0;
        all.retain(|(from, to, _)| {
            let is_apart = *from >= end;
            end = if is_apart { *to } else { end };
            is_apart
        });
        all
    }

    /// A CSV file with the names, and a row to be filled in. None if there are no columns.
    pub(super) fn template_of_data(&self) -> Option<String> {
        let row = |cell: &dyn Fn(&Column) -> String| self.0.iter().map(cell).collect::<Vec<_>>().join(",");
        let names = row(&|column| column.name.clone());
        let values = row(&|column| format!("REPLACE-{}", column.name.to_ascii_uppercase().replace('_', "-")));
        (!self.0.is_empty()).then(|| format!("{names}\n{values}\n"))
    }
}

impl Column {
    fn reference(&self) -> String {
        format!("{{{{{}}}}}", self.name)
    }

    fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.forms.iter().flat_map(move |form| text.match_indices(form.as_str()).map(|(at, _)| (at, at + form.len())))
    }
}

/// A value as it may stand in a message: plain, in JSON, in a URL, and decoded.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let decoded = percent_decode_str(value).decode_utf8_lossy().into_owned();
    let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let base64 = BASE64_STANDARD.encode(value);
    let mut forms = vec![value.to_owned(), json[1..json.len() - 1].to_owned(), decoded, encoded, base64];
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort();
    forms.dedup();
    forms
}

/// A name that a template can have.
fn name(wanted: &str) -> String {
    let letters = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    let name: String = letters.collect::<String>().trim_matches('_').chars().take(40).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() && !TAKEN.contains(&&*name) => name,
        _ => format!("the_{name}").trim_end_matches('_').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_a_template_and_differ() {
        let mut columns = Columns::default();
        let names: Vec<_> =
            [("X-Api-Key", "1"), ("x_api_key", "2"), ("id", "3"), ("9lives", "4"), ("", "5"), ("again", "1")]
                .map(|(wanted, value)| columns.take(wanted, "somewhere", value))
                .into();
        assert_eq!(
            names,
            ["{{x_api_key}}", "{{x_api_key_2}}", "{{the_id}}", "{{the_9lives}}", "{{the}}", "{{x_api_key}}"]
        );
        let data = columns.template_of_data().unwrap();
        assert_eq!(data.lines().next(), Some("x_api_key,x_api_key_2,the_id,the_9lives,the"));
        assert!(data.contains("REPLACE-X-API-KEY"));
        assert_eq!(Columns::default().template_of_data(), None);
    }

    #[test]
    fn what_was_taken_out_is_masked_in_every_form() {
        let mut columns = Columns::default();
        columns.take("token", "somewhere", "p@ss\"wörd");
        columns.take("short", "somewhere", "abc");
        for (text, template) in [
            ("p@ss\"wörd", "{{token}}"),
            (r#"{"t":"p@ss\"wörd"}"#, r#"{"t":"{{token}}"}"#),
            ("?t=p%40ss%22w%C3%B6rd&abc", "?t={{token}}&abc"),
            ("cEBzcyJ3w7ZyZA==", "{{token}}"),
            ("{{mark}} of {a:{b:{}}}", "{{{{mark}} of {a:{b:{}}}"),
        ] {
            assert_eq!(columns.template(text), template);
        }
        assert!(columns.are_in("so: p@ss\"wörd") && !columns.are_in("abc"));
    }
}
