//! Reads CSV and JSON lines.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use csv::{ByteRecord, ReaderBuilder};
use reports::escape;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Data, DataError, builder::Builder};

/// Bytes of a line of JSON, at most.
const MOST_LINE: u64 = 64 << 20;

const EMPTY: &str = "it has no row; give one row at least";
const NOT_UTF8: &str = "it is not UTF-8; save the file as UTF-8";

pub(super) fn read(path: &Path) -> Result<Data, DataError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let read: fn(_, &_) -> _ = match extension.as_deref() {
        Some("csv") => csv,
        Some("jsonl") => json_lines,
        _ => return Err(DataError::of_file("expected a file NAME.csv (with a header row) or NAME.jsonl")),
    };
    let file = File::open(path).map_err(|error| DataError::of_file(format!("cannot be opened: {error}")))?;
    read(without_mark(BufReader::with_capacity(1 << 16, file)).map_err(|error| unreadable(&error))?, path)
}

fn unreadable(error: &io::Error) -> DataError {
    DataError::of_file(format!("cannot be read: {error}"))
}

/// The rest of the file after the byte order mark that some programs write.
fn without_mark(mut file: BufReader<File>) -> io::Result<BufReader<File>> {
    if file.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        file.consume(3);
    }
    Ok(file)
}

fn csv(file: BufReader<File>, path: &Path) -> Result<Data, DataError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let (mut record, mut builder) = (ByteRecord::new(), None::<Builder>);
    while reader.read_byte_record(&mut record).map_err(|error| unreadable(&error.into()))? {
        let line = record.position().map_or(1, csv::Position::line);
        let at_line = |why: String| DataError::at_line(line, why);
        let fields: Vec<&str> = record
            .iter()
            .map(std::str::from_utf8)
            .collect::<Result<_, _>>()
            .map_err(|_| at_line(NOT_UTF8.to_owned()))?;
        match &mut builder {
            None => builder = Some(Builder::new(fields).map_err(at_line)?),
            Some(builder) if builder.columns().len() != fields.len() => {
                let (own, columns) = (fields.len(), builder.columns().len());
                return Err(at_line(format!(
                    "it has {own} values, and the header row names {columns} columns; a value with a comma needs quotes"
                )));
            }
            Some(builder) => builder.row(fields).map_err(at_line)?,
        }
    }
    builder.and_then(|builder| builder.finish(path)).ok_or_else(|| DataError::of_file(EMPTY))
}

fn json_lines(mut file: BufReader<File>, path: &Path) -> Result<Data, DataError> {
    let (mut line, mut builder) = (Vec::new(), None);
    for number in 1.. {
        line.clear();
        let read = (&mut file).take(MOST_LINE + 1).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(&error))? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let at_line = |why: String| DataError::at_line(number, why);
        if line.len() as u64 > MOST_LINE {
            return Err(at_line(format!("it has more than {MOST_LINE} bytes; use shorter rows")));
        }
        let text = std::str::from_utf8(&line).map_err(|_| at_line(NOT_UTF8.to_owned()))?;
        object(text.trim(), &mut builder).map_err(at_line)?;
    }
    builder.and_then(|builder| builder.finish(path)).ok_or_else(|| DataError::of_file(EMPTY))
}

/// Adds the row that a line is.
fn object(line: &str, builder: &mut Option<Builder>) -> Result<(), String> {
    let fields = Fields::of(line)?;
    let builder = match builder {
        Some(builder) => builder,
        None => builder.insert(Builder::new(fields.0.iter().map(|(name, _)| &**name))?),
    };
    let mut values: HashMap<&str, &str> = HashMap::new();
    for (name, value) in &fields.0 {
        if values.insert(name, value).is_some() {
            return Err(format!("`{}` is there twice; remove one", shown(name)));
        }
    }
    let missing = builder.columns().iter().find(|column| !values.contains_key(&***column));
    if let Some(column) = missing {
        return Err(format!("`{}`, which the first row has, is missing; give it, empty if need be", shown(column)));
    }
    if values.len() > builder.columns().len() {
        let further = fields.0.iter().find(|(name, _)| !builder.columns().iter().any(|column| **column == **name));
        let further = further.map_or("", |(name, _)| name);
        return Err(format!("`{}` is not in the first row; all rows have the same names", shown(further)));
    }
    let row: Vec<&str> = builder.columns().iter().map(|column| values[&**column]).collect();
    builder.row(row)
}

fn shown(name: &str) -> String {
    escape(name.as_bytes(), 60)
}

/// Names and values of an object, in their order.
struct Fields<'l>(Vec<(Cow<'l, str>, Cow<'l, str>)>);

impl<'l> Fields<'l> {
    /// The fields of the object that a line is. What the parser says may quote a value, so it is
    /// not shown.
    fn of(line: &'l str) -> Result<Self, String> {
        const REMEDY: &str = "each line is an object, such as {\"user\":\"ann\",\"token\":\"x\"}";
        let mut parser = serde_json::Deserializer::from_str(line);
        let fields = parser.deserialize_map(FieldsVisitor).and_then(|fields| parser.end().map(|()| fields));
        fields.map_err(|error| match error.classify() {
            serde_json::error::Category::Data => format!("it is no JSON object; {REMEDY}"),
            _ => format!("it is not JSON from column {} on; {REMEDY}", error.column()),
        })
    }
}

struct FieldsVisitor;

impl<'l> Visitor<'l> for FieldsVisitor {
    type Value = Fields<'l>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'l>>(self, mut map: M) -> Result<Fields<'l>, M::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            // A text stands for itself, anything else for its JSON.
            let value = match value.get() {
                text if text.starts_with('"') => {
                    Cow::Owned(serde_json::from_str(text).map_err(serde::de::Error::custom)?)
                }
                other => Cow::Borrowed(other),
            };
            fields.push((Cow::Owned(name), value));
        }
        Ok(Fields(fields))
    }
}
