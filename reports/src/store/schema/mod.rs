//! The JSON formats: their names, and the JSON Schema (2020-12) that describes every key. The
//! schemas are generated from the types of the documents and their docs ([`generate()`]).
//!
//! - [`Schema::RESULT`]: [`crate::store`] writes runs. `report`, `compare` and baselines read them.
//! - [`Schema::SEARCH`]: [`crate::store::search`] writes searches. `report` reads them.
//! - [`Schema::COMPARISON`]: [`crate::render::comparison`] writes it for `loadgen compare`.
//! - [`Schema::AB`]: [`crate::render::comparison`] writes it for `loadgen ab`.
//!
//! A schema describes what is written. Each key is required, and no other key is allowed. Readers
//! are more generous: they ignore keys that they do not know.

mod generate;

pub use generate::generate;

/// A format of JSON objects. Their key `schema` holds its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    noun: &'static str,
    json: &'static str,
}

impl Schema {
    /// A run: what it measured, and the verdict.
    pub const RESULT: Self = Self {
        name: "loadgen.result/2",
        noun: "result",
        json: include_str!("../../../schema/loadgen.result.2.schema.json"),
    };
    /// The steps of a search, and what it found.
    pub const SEARCH: Self = Self {
        name: "loadgen.search/1",
        noun: "search",
        json: include_str!("../../../schema/loadgen.search.1.schema.json"),
    };
    /// A comparison of stored results.
    pub const COMPARISON: Self = Self {
        name: "loadgen.comparison/1",
        noun: "comparison",
        json: include_str!("../../../schema/loadgen.comparison.1.schema.json"),
    };
    /// A comparison by pairs of runs.
    pub const AB: Self = Self {
        name: "loadgen.ab/1",
        noun: "comparison",
        json: include_str!("../../../schema/loadgen.ab.1.schema.json"),
    };

    /// Every format.
    pub const ALL: [Self; 4] = [Self::RESULT, Self::SEARCH, Self::COMPARISON, Self::AB];

    /// Name and version, as in the key `schema`: `loadgen.result/2`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The JSON Schema.
    pub const fn json(self) -> &'static str {
        self.json
    }

    /// What a file of this format is called in a sentence.
    pub(crate) const fn noun(self) -> &'static str {
        self.noun
    }

    /// Whether this name belongs to a later version of the format.
    pub(crate) fn is_older_than(self, name: &str) -> bool {
        match (parts(self.name), parts(name)) {
            (Some((family, version)), Some((other, later))) => family == other && version < later,
            _ => false,
        }
    }
}

/// The name of a format without its version, and the version.
fn parts(name: &str) -> Option<(&str, u64)> {
    let (family, version) = name.rsplit_once('/')?;
    Some((family, version.parse().ok()?))
}

#[cfg(test)]
mod tests;
