//! The plan as pods get it: a plan file and the files that it names, beside each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use loadgen::plan::{
    SecretSource,
    keys::{FileUse, PlanKeys, SecretKey, Seed},
};
use reports::human;

use crate::cli;

/// What an object with files holds at most, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Name of the plan file.
pub(super) const PLAN: &str = "plan.toml";

/// Files of a plan, by their names in a flat folder.
#[derive(Debug)]
pub(super) struct PlanFiles {
    /// The files and what they hold.
    pub(super) entries: BTreeMap<String, Vec<u8>>,
    /// Whether one of them holds what nobody else may read.
    pub(super) are_secret: bool,
    /// Variables of the environment that the plan names.
    pub(super) variables: BTreeSet<String>,
    /// Seed of the plan.
    pub(super) seed: u64,
}

impl PlanFiles {
    /// Reads the files that the keys name. A plan without a seed gets one that follows from its
    /// keys, so that all shards have the same.
    ///
    /// # Errors
    /// A file can't be read, can't be in a pod, or all are too large.
    pub(super) fn of(mut keys: PlanKeys) -> Result<Self, clap::Error> {
        let mut entries = BTreeMap::new();
        let mut names: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut are_secret = keys.clone().masked() != keys;
        for mut file in keys.files() {
            let flag = format!("--{} {}", file.key.replace('_', "-"), file.file);
            if file.usage == FileUse::UnixSocket {
                return Err(cli::refuse(format!("{flag}: pods have no such socket; leave it out")));
            }
            if file.file.contains("{{") {
                return Err(cli::refuse(format!(
                    "{flag}: pods get one file for all clients, and this names one for each; give one"
                )));
            }
            are_secret |= file.usage.is_secret();
            let path = PathBuf::from(&file.file);
            let name = if let Some(name) = names.get(&path) {
                name.clone()
            } else {
                let bytes = read(&path).map_err(|error| cli::refuse(format!("{flag}: {error}")))?;
                let name = unique(&path, &entries);
                entries.insert(name.clone(), bytes);
                names.insert(path, name.clone());
                name
            };
            file.replace(&name);
        }
        let seed = keys.run.generator.seed.map_or_else(|| keys.fingerprint().into(), |Seed(seed)| seed);
        keys.run.generator.seed = Some(Seed(seed));
        let variables = variables(&keys)?;
        entries.insert(PLAN.to_owned(), keys.to_toml().into_bytes());
        let files = Self { entries, are_secret, variables, seed };
        files.check()?;
        Ok(files)
    }

    /// Kind of the object that holds them.
    pub(super) fn kind(&self) -> &'static str {
        if self.are_secret { "Secret" } else { "ConfigMap" }
    }

    fn check(&self) -> Result<(), clap::Error> {
        let bytes: u64 = self.entries.values().map(|bytes| bytes.len() as u64).sum();
        if bytes <= MOST_BYTES {
            return Ok(());
        }
        let largest = self.entries.iter().max_by_key(|(_, bytes)| bytes.len());
        let (largest, length) = largest.map_or(("", 0), |(name, bytes)| (name, bytes.len()));
        // Of a file, no more was read than shows that it is too large.
        let at_least = if length as u64 > MOST_BYTES { "more than " } else { "" };
        Err(cli::refuse(format!(
            "the plan and its files have {at_least}{} bytes, most of them in {largest}, and a {} of Kubernetes holds {}: shorten \
             it (clients take the rows of data in turn), or let {{{{client}}}} and {{{{id}}}} make up what differs",
            human::count(bytes.min(MOST_BYTES + 1)),
            self.kind(),
            human::count(MOST_BYTES),
        )))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A name for the file, which no other has. Keys of such objects have letters, digits, `.`, `-` and
/// `_`.
fn unique(path: &Path, others: &BTreeMap<String, Vec<u8>>) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches('.');
    // The longest is 253.
    let name = &name[name.len().saturating_sub(200)..];
    let free = |name: &String| !name.is_empty() && name != PLAN && !others.contains_key(name);
    let numbered = (2..).map(|number| format!("{number}-{name}"));
    [name.to_owned()].into_iter().chain(numbered).find(free).unwrap_or_default()
}

/// The variables that hold secrets of the plan.
fn variables(keys: &PlanKeys) -> Result<BTreeSet<String>, clap::Error> {
    let groups = keys.group.iter().map(|group| &group.keys).chain([&keys.defaults]);
    let secrets = groups.flat_map(|keys| [&keys.connect.proxy_auth, &keys.request.basic_auth, &keys.request.bearer]);
    let mut variables = BTreeSet::new();
    for SecretKey(source) in secrets.flatten() {
        let SecretSource::Environment(name) = source else { continue };
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            return Err(cli::refuse(format!(
                "env:{name}: the name of this variable is none in all versions of Kubernetes; use letters, digits and _"
            )));
        }
        variables.insert(name.clone());
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_keys_of_a_config_map() {
        let others = BTreeMap::from([("a.csv".to_owned(), Vec::new()), ("2-a.csv".to_owned(), Vec::new())]);
        for (path, name) in [
            ("x/b.csv", "b.csv"),
            ("x/a.csv", "3-a.csv"),
            ("plan.toml", "2-plan.toml"),
            ("ä b\n.pem", "__b_.pem"),
            ("..hidden", "hidden"),
            ("...", "2-"),
        ] {
            assert_eq!(unique(Path::new(path), &others), name, "{path}");
        }
        assert_eq!(unique(Path::new(&"a".repeat(255)), &others).len(), 200);
    }
}
