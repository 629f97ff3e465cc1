//! Texts that stand on the command line or in a plan, or in a file of their own.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use reports::human;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::text_value;

/// Largest file that a message may come from, in bytes: that of the largest message.
const LARGEST: u64 = 64 << 20;

/// A text, or `@FILE` for what a file holds. `@@` stands for a text that begins with `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextOrFile {
    /// The text itself.
    Text(String),
    /// The file that holds it.
    File(PathBuf),
}

/// Bytes in hexadecimal digits, or `@FILE` for the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HexOrFile {
    /// The bytes.
    Bytes(Vec<u8>),
    /// The file that holds them.
    File(PathBuf),
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(pub PathBuf);

impl TextOrFile {
    /// The text.
    ///
    /// # Errors
    /// The file can't be read, is too large, or is not UTF-8.
    pub(super) fn text(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => String::from_utf8(read(path)?)
                .map_err(|_| format!("{} is not UTF-8; --message-hex @FILE sends the bytes of a file", path.display())),
        }
    }
}

impl HexOrFile {
    /// The bytes.
    ///
    /// # Errors
    /// The file can't be read, or is too large.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::File(path) => read(path),
        }
    }
}

/// A value that may name a file.
pub(super) trait NamesFile {
    /// Lets a relative path begin at `folder`.
    fn begin_at(&mut self, folder: &Path);

    /// The file as it is named, if it names one.
    fn file(&self) -> Option<String>;

    /// Names another file.
    fn replace(&mut self, file: &str);
}

impl NamesFile for TextOrFile {
    fn begin_at(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&path);
        }
    }

    fn file(&self) -> Option<String> {
        if let Self::File(path) = self { Some(path.display().to_string()) } else { None }
    }

    fn replace(&mut self, file: &str) {
        *self = Self::File(file.into());
    }
}

impl NamesFile for HexOrFile {
    fn begin_at(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&path);
        }
    }

    fn file(&self) -> Option<String> {
        if let Self::File(path) = self { Some(path.display().to_string()) } else { None }
    }

    fn replace(&mut self, file: &str) {
        *self = Self::File(file.into());
    }
}

impl NamesFile for FileName {
    fn begin_at(&mut self, folder: &Path) {
        self.0 = folder.join(&self.0);
    }

    fn file(&self) -> Option<String> {
        Some(self.0.display().to_string())
    }

    fn replace(&mut self, file: &str) {
        self.0 = file.into();
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{} can't be read: {error}", path.display());
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > LARGEST {
        let (length, most) = (human::count(length), human::count(LARGEST));
        return Err(format!("{} has {length} bytes; a message has at most {most}", path.display()));
    }
    fs::read(path).map_err(failed)
}

fn file_of(text: &str) -> Result<Option<PathBuf>, String> {
    match text.strip_prefix('@') {
        Some("") => Err("a file name follows @".to_owned()),
        Some(rest) if rest.starts_with('@') => Ok(None),
        Some(path) => Ok(Some(path.into())),
        None => Ok(None),
    }
}

impl FromStr for TextOrFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text_itself = || Self::Text(text.strip_prefix('@').unwrap_or(text).to_owned());
        Ok(file_of(text)?.map_or_else(text_itself, Self::File))
    }
}

impl fmt::Display for TextOrFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.starts_with('@') => write!(f, "@{text}"),
            Self::Text(text) => f.write_str(text),
            Self::File(path) => write!(f, "@{}", path.display()),
        }
    }
}

impl FromStr for HexOrFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = file_of(text)? {
            return Ok(Self::File(path));
        }
        let digits: Vec<_> = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect();
        let digits: Option<Vec<_>> = digits.into_iter().collect();
        let byte = |pair: &[u32]| u8::try_from(pair[0] << 4 | pair[1]).ok();
        let bytes = digits
            .filter(|digits| digits.len().is_multiple_of(2))
            .and_then(|digits| digits.chunks_exact(2).map(byte).collect::<Option<Vec<_>>>());
        bytes
            .map(Self::Bytes)
            .ok_or_else(|| "expected pairs of hexadecimal digits, such as 0a1bff, or @FILE".to_owned())
    }
}

impl fmt::Display for HexOrFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::File(path) => write!(f, "@{}", path.display()),
        }
    }
}

impl FromStr for FileName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("expected the name of a file".to_owned()) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// Values that are written as they are displayed.
macro_rules! serialize_as_displayed {
    ($($name:ty)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

serialize_as_displayed! { TextOrFile HexOrFile FileName }

text_value! {
    TextOrFile: { "type": "string" }
    HexOrFile: { "type": "string", "pattern": "^(@.+|([0-9A-Fa-f\\s]*))$" }
    FileName: { "type": "string", "minLength": 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_sign_names_a_file_and_two_are_one() {
        let parse = |text: &str| text.parse::<TextOrFile>();
        assert_eq!(parse("hello"), Ok(TextOrFile::Text("hello".to_owned())));
        assert_eq!(parse("@a.json"), Ok(TextOrFile::File("a.json".into())));
        assert_eq!(parse("@@ann"), Ok(TextOrFile::Text("@ann".to_owned())));
        assert!(parse("@").is_err());
        for text in ["", "hello", "@a.json", "@@ann"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn bytes_are_pairs_of_digits() {
        let parse = |text: &str| text.parse::<HexOrFile>();
        assert_eq!(parse("0a 1BfF"), Ok(HexOrFile::Bytes(vec![0x0a, 0x1b, 0xff])));
        assert_eq!(parse("0a1bff").unwrap().to_string(), "0a1bff");
        for wrong in ["0", "0x00", "zz", "0a1"] {
            assert!(parse(wrong).unwrap_err().contains("pairs of hexadecimal digits"), "{wrong}");
        }
    }

    #[test]
    fn files_are_relative_to_the_folder_and_must_be_readable() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), b"hi").unwrap();
        fs::write(folder.path().join("b.bin"), [0xff]).unwrap();
        let at = |text: &str| {
            let mut value: TextOrFile = text.parse().unwrap();
            value.begin_at(folder.path());
            value.text()
        };
        assert_eq!(at("@a.txt"), Ok("hi".to_owned()));
        assert!(at("@b.bin").unwrap_err().contains("is not UTF-8"));
        assert!(at("@none").unwrap_err().contains("can't be read"));
    }
}
