//! The JSON formats: what each is called, and the JSON Schema (2020-12) that describes every key of it.
//!
//! | | written by | read again by |
//! |---|---|---|
//! | [`Schema::RESULT`] | [`crate::store`], a run | `report`, `compare`, baselines |
//! | [`Schema::SEARCH`] | [`crate::store::search`], `loadgen search` | `report` |
//! | [`Schema::COMPARISON`] | [`crate::render::comparison`], `loadgen compare` | |
//! | [`Schema::AB`] | the same, `loadgen ab` | |
//!
//! A schema describes what is written: each key is required unless earlier versions did not write it, and no other key is
//! allowed. A reader is more generous: it ignores keys that it does not know.

/// A format: JSON objects whose key `schema` holds its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    noun: &'static str,
    json: &'static str,
}

impl Schema {
    /// A run: what was measured, and the verdict.
    pub const RESULT: Self = Self {
        name: "loadgen.result/1",
        noun: "result",
        json: include_str!("../../../schema/loadgen.result.1.schema.json"),
    };
    /// The steps of a search, and what it found.
    pub const SEARCH: Self = Self {
        name: "loadgen.search/1",
        noun: "search",
        json: include_str!("../../../schema/loadgen.search.1.schema.json"),
    };
    /// Stored results beside others.
    pub const COMPARISON: Self = Self {
        name: "loadgen.comparison/1",
        noun: "comparison",
        json: include_str!("../../../schema/loadgen.comparison.1.schema.json"),
    };
    /// Pairs of runs.
    pub const AB: Self = Self {
        name: "loadgen.ab/1",
        noun: "comparison",
        json: include_str!("../../../schema/loadgen.ab.1.schema.json"),
    };

    /// Every format.
    pub const ALL: [Self; 4] = [Self::RESULT, Self::SEARCH, Self::COMPARISON, Self::AB];

    /// Its name and version, as in the key `schema`: `loadgen.result/1`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The JSON Schema.
    pub const fn json(self) -> &'static str {
        self.json
    }

    /// What a file of this format is, in a sentence.
    pub(crate) const fn noun(self) -> &'static str {
        self.noun
    }

    /// Whether a name is that of a later version of this format.
    pub(crate) fn is_older_than(self, name: &str) -> bool {
        match (parts(self.name), parts(name)) {
            (Some((family, version)), Some((other, later))) => family == other && version < later,
            _ => false,
        }
    }
}

/// The name of a format without its version, and that.
fn parts(name: &str) -> Option<(&str, u64)> {
    let (family, version) = name.rsplit_once('/')?;
    Some((family, version.parse().ok()?))
}

#[cfg(test)]
mod tests;
