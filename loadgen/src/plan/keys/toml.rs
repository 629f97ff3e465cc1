//! Text becomes keys.

use std::{fs::File, io::Read, ops::Range, path::Path};

use reports::nearest;
use serde::{Deserialize, de::value::MapDeserializer};
use toml_edit::{Document, Item, TableLike, Value, de::Error};

use super::{
    GroupKeys, NamedGroupKeys, PlanFileError, PlanKeys, RunKeys,
    schema::{EXCLUSIVE, KeysSchema},
};
use crate::{
    plan::{Plan, PlanError},
    secrets::{HIDDEN, bare, bare_header},
};

/// Largest plan file, in bytes.
const LARGEST: u64 = 1 << 20;

/// Most characters of a value that a refusal shows.
const SHOWN: usize = 60;

/// A plan file that was read.
#[derive(Clone, Debug)]
pub struct PlanFile {
    name: String,
    document: Document<String>,
    keys: PlanKeys,
}

impl PlanFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It can't be read, is over 1 MiB large, or is no plan file; see [`Self::parse`].
    pub fn read(path: &Path) -> Result<Self, PlanFileError> {
        let name = path.display().to_string();
        let failed = |error: std::io::Error| PlanFileError {
            file: name.clone(),
            line: None,
            what: format!("the plan can't be read: {error}"),
        };
        Self::read_from(&name, File::open(path).map_err(failed)?)
    }

    /// Reads what a `source` by this name has.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_from(name: &str, source: impl Read) -> Result<Self, PlanFileError> {
        let refused = |what: String| PlanFileError { file: name.to_owned(), line: None, what };
        let mut bytes = Vec::new();
        let read = source.take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|error| refused(format!("the plan can't be read: {error}")))?;
        if bytes.len() as u64 > LARGEST {
            return Err(refused(format!("a plan has at most {LARGEST} bytes, and this is larger")));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(name, text),
            Err(_) => Err(refused("a plan is a text in UTF-8, and this is none".to_owned())),
        }
    }

    /// Parses the text of a file by this name.
    ///
    /// # Errors
    /// It is no TOML, or has a key or a value that a plan file does not have.
    pub fn parse(name: &str, text: String) -> Result<Self, PlanFileError> {
        let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned);
        let document = Document::parse(text.clone()).map_err(|error| PlanFileError {
            file: name.to_owned(),
            line: error.span().map(|span| line(&text, span.start)),
            what: error.message().trim().replace('\n', "; "),
        })?;
        let parser = Parser { name, text: &text };
        let mut keys = parser.plan(document.as_table())?;
        // The files that a plan names lie beside it. What has no folder begins at the current one.
        keys.begin_at(Path::new(name).parent().unwrap_or(Path::new("")));
        Ok(Self { name: name.to_owned(), document, keys })
    }

    /// Its keys.
    pub fn keys(&self) -> &PlanKeys {
        &self.keys
    }

    /// The plan of the file under the keys of a command line.
    ///
    /// # Errors
    /// The keys do not fit together, or the command line has a key of a group and the file several
    /// groups.
    pub fn plan(&self, run: RunKeys, group: GroupKeys) -> Result<Plan, PlanFileError> {
        let over = (run.clone(), group.clone());
        let keys = self.keys.clone().under(run, group).map_err(|key| {
            let flag = format!("--{}", key.replace('_', "-"));
            let what = match key {
                "target" => format!("each of its groups has a `target` of its own, so {flag} can't change it"),
                _ => format!("it has several groups, each with its own `{key}`: change it there, and leave out {flag}"),
            };
            PlanFileError { file: self.name.clone(), line: None, what }
        })?;
        keys.plan().map_err(|error| self.locate(&error, &over))
    }

    /// Where the file has what is wrong with its plan.
    fn locate(&self, error: &PlanError, (run, group): &(RunKeys, GroupKeys)) -> PlanFileError {
        let PlanError { group: index, key, value, why } = error;
        let over = PlanKeys { run: run.clone(), defaults: group.clone(), group: Vec::new() };
        let of_line = serde_json::to_value(over).is_ok_and(|keys| keys.get(key).is_some());
        let top = self.document.as_table();
        let table = index.and_then(|index| group_tables(top).into_iter().nth(index));
        let place = [table, Some(top as &dyn TableLike)].into_iter().flatten();
        let place = place.filter(|_| !of_line).find_map(|table| table.get_key_value(key)?.0.span());
        let name = index.and_then(|index| self.keys.group.get(index)?.name.map(|name| format!("group `{}`: ", name.0)));
        let shown = match value {
            _ if of_line => error.to_string(),
            Some(value) => format!("{key} = {value}: {why}"),
            None => format!("{key}: {why}"),
        };
        PlanFileError {
            file: self.name.clone(),
            line: place.map(|span| line(self.document.raw(), span.start)),
            what: format!("{}{shown}", name.unwrap_or_default()),
        }
    }
}

/// The line of a place in a text, counted from 1.
fn line(text: &str, at: usize) -> usize {
    1 + text.get(..at).map_or(0, |before| before.matches('\n').count())
}

/// The tables of the groups, as `[[group]]` or as inline tables.
fn group_tables(top: &dyn TableLike) -> Vec<&dyn TableLike> {
    match top.get("group") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Some(Item::Value(Value::Array(tables))) => {
            tables.iter().filter_map(Value::as_inline_table).map(|table| table as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

/// Makes keys of tables.
struct Parser<'a> {
    name: &'a str,
    text: &'a str,
}

impl Parser<'_> {
    fn refuse(&self, span: Option<Range<usize>>, what: String) -> PlanFileError {
        PlanFileError { file: self.name.to_owned(), line: span.map(|span| line(self.text, span.start)), what }
    }

    fn plan(&self, top: &dyn TableLike) -> Result<PlanKeys, PlanFileError> {
        let schema = KeysSchema::top();
        self.check(top, &schema, "a plan")?;
        let run = self.keys::<RunKeys>(top, &schema)?;
        let defaults = self.keys::<GroupKeys>(top, &schema)?;
        let mut group = Vec::new();
        if let Some((key, item)) = top.get_key_value("group") {
            let tables = group_tables(top);
            let entries = item.as_array().map_or(tables.len(), toml_edit::Array::len);
            if tables.is_empty() || tables.len() < entries {
                let what = "group: expected one or more tables, each below a line [[group]]".to_owned();
                return Err(self.refuse(key.span().or_else(|| item.span()), what));
            }
            let schema = KeysSchema::group();
            for table in tables {
                self.check(table, &schema, "a group")?;
                group.push(self.keys::<NamedGroupKeys>(table, &schema)?);
            }
        }
        Ok(PlanKeys { run, defaults, group })
    }

    /// Finds keys that are unknown, and those that exclude each other.
    fn check(&self, table: &dyn TableLike, schema: &KeysSchema, whose: &str) -> Result<(), PlanFileError> {
        let key_span = |key: &str| table.get_key_value(key).and_then(|(key, item)| key.span().or_else(|| item.span()));
        for (key, _) in table.iter() {
            if !schema.has(key) {
                return Err(self.refuse(key_span(key), unknown(key, schema, whose)));
            }
        }
        for (key, others) in EXCLUSIVE {
            let other = others.iter().find(|other| table.contains_key(key) && table.contains_key(other));
            if let Some(other) = other {
                let what =
                    format!("{key}: it stands in place of `{other}`, which is there, too; leave one of them out");
                return Err(self.refuse(key_span(key), what));
            }
        }
        Ok(())
    }

    /// Makes keys of a table. Each value alone first, so that a refusal names its key.
    fn keys<'de, T: Deserialize<'de>>(&self, table: &dyn TableLike, schema: &KeysSchema) -> Result<T, PlanFileError> {
        let mut values = Vec::new();
        for (key, item) in table.iter().filter(|(key, _)| *key != "group") {
            let Ok(value) = item.clone().into_value() else { continue };
            self.kind(key, &value, item.span(), schema)?;
            for (part, span) in parts(&value) {
                let alone = [(key.to_owned(), part)];
                deserialize::<T>(alone).map_err(|error| {
                    let span = span.or_else(|| item.span());
                    let what = format!("{} {}", self.shown(key, span.clone()), error.message());
                    self.refuse(span, what)
                })?;
            }
            values.push((key.to_owned(), value));
        }
        deserialize(values).map_err(|error| self.refuse(None, error.message().to_owned()))
    }

    /// Refuses a list where none is expected, and the reverse: serde would quote the value.
    fn kind(
        &self,
        key: &str,
        value: &Value,
        span: Option<Range<usize>>,
        schema: &KeysSchema,
    ) -> Result<(), PlanFileError> {
        let expected = match (schema.kind(key), value) {
            (Some("array"), Value::Array(_)) | (Some("boolean"), Value::Boolean(_)) => return Ok(()),
            (None, Value::Array(_)) if schema.may_be_a_list(key) => return Ok(()),
            (Some("array"), _) => "expected a list, in square brackets",
            (Some("boolean"), _) => "expected true or false",
            (_, Value::Array(_) | Value::InlineTable(_)) => "expected a single value",
            _ => return Ok(()),
        };
        let what = format!("{} {expected}", self.shown(key, span.clone()));
        Err(self.refuse(span, what))
    }

    /// A key with its value, without secrets.
    fn shown(&self, key: &str, span: Option<Range<usize>>) -> String {
        let written = span.and_then(|span| self.text.get(span)).unwrap_or_default();
        let inner = written.trim_matches(['"', '\'']);
        let value = match key {
            "header" => format!("'{}'", bare_header(inner)),
            "target" => format!("'{}'", bare(inner)),
            "basic_auth" | "bearer" | "proxy_auth" => format!("'{HIDDEN}'"),
            _ => written.to_owned(),
        };
        let is_short = value.chars().count() <= SHOWN && !value.contains('\n');
        if is_short { format!("{key} = {value}:") } else { format!("{key}:") }
    }
}

/// The parts of a value that can be wrong one by one, each as a value of its own.
fn parts(value: &Value) -> Vec<(Value, Option<Range<usize>>)> {
    let Value::Array(list) = value else { return vec![(value.clone(), value.span())] };
    let alone = |part: &Value| Value::Array(std::iter::once(part.clone()).collect());
    list.iter().map(|part| (alone(part), part.span())).collect()
}

fn deserialize<'de, T: Deserialize<'de>>(values: impl IntoIterator<Item = (String, Value)>) -> Result<T, Error> {
    T::deserialize(MapDeserializer::new(values.into_iter()))
}

/// What to say of a key that a table does not have.
fn unknown(key: &str, schema: &KeysSchema, whose: &str) -> String {
    if KeysSchema::run().has(key) {
        return format!("`{key}` is the same for all groups: put it at the top of the file, before [[group]]");
    }
    if KeysSchema::group().has(key) {
        return format!("`{key}` belongs to one group: put it below a line [[group]]");
    }
    let meant = nearest(key, schema.names()).map(|meant| format!("; did you mean `{meant}`?"));
    let remedy =
        meant.unwrap_or_else(|| "; the keys are the long options of `loadgen --help`, with _ for -".to_owned());
    format!("`{key}` is no key of {whose}{remedy}")
}
