//! The project's documents as tests see them: links, anchors and commands of every Markdown file.
//!
//! The tests of this crate check links and the length of the README. Those of `loadgen` and
//! `server` run the commands, and compare the pages that are made from what the programs print.

use std::{
    collections::HashSet,
    env, fs,
    path::{Path, PathBuf},
};

use comrak::{Anchorizer, Arena, Options, nodes::NodeValue, parse_document};

/// Variable that lets [`check_generated`] write a page instead of comparing it.
const UPDATE: &str = "UPDATE_DOCUMENTS";

/// Line of a page behind which a program writes.
const GENERATED: &str = "\n<!-- generated -->\n";

/// Folders of what is no part of the project.
const FOREIGN: [&str; 4] = ["target", "node_modules", "venv", "suite"];

/// One Markdown file.
#[derive(Debug)]
pub struct Page {
    /// Relative to the project's folder.
    pub path: PathBuf,
    /// Where its links and pictures lead, as written.
    pub links: Vec<String>,
    /// What it has in code spans.
    pub spans: Vec<String>,
    /// What a link may have behind its `#`.
    pub anchors: HashSet<String>,
    /// Lines of code blocks that are not in another language than the shell's.
    pub shell_lines: Vec<String>,
}

impl Page {
    fn new(path: PathBuf) -> Self {
        Self { path, links: Vec::new(), spans: Vec::new(), anchors: HashSet::new(), shell_lines: Vec::new() }
    }
}

/// A command of a document.
#[derive(Debug)]
pub struct Command {
    /// The page and the line of the command.
    pub place: String,
    /// What follows the program's name.
    pub arguments: Vec<String>,
}

/// The project's folder.
///
/// # Panics
/// Never: this crate is in a folder of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder of the project")
}

/// Every Markdown file of the project.
pub fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    read_folder(root(), &mut pages);
    pages
}

/// Every command that the documents have of a program: written by its name, or as `cargo run`.
///
/// # Panics
/// If a line is no command of a shell.
pub fn commands(program: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    for page in pages() {
        for line in &page.shell_lines {
            let place = format!("{}: {line}", page.path.display());
            let words = shlex::split(line).unwrap_or_else(|| panic!("{place}: quotes do not match"));
            let arguments = match words.first().map(String::as_str) {
                Some(name) if name == program => &words[1..],
                Some("cargo") if cargo_runs(&words) == Some(program) => {
                    words.split(|word| word == "--").nth(1).unwrap_or_default()
                }
                _ => continue,
            };
            let ends = |word: &&String| !["|", ">", ">>", "&", "&&"].contains(&word.as_str());
            commands.push(Command { place, arguments: arguments.iter().take_while(ends).cloned().collect() });
        }
    }
    commands
}

/// Compares what a page has behind its line `<!-- generated -->` with what it is made from. With
/// the variable `UPDATE_DOCUMENTS`, writes it.
///
/// # Panics
/// If the page has no such line, or something else behind it.
pub fn check_generated(path: &str, text: &str) {
    let file = root().join(path);
    let found = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (by_hand, generated) = found.split_once(GENERATED).unwrap_or_else(|| panic!("{path}: no {GENERATED:?}"));
    if env::var_os(UPDATE).is_some() {
        fs::write(&file, [by_hand, GENERATED, text].concat()).unwrap_or_else(|error| panic!("{path}: {error}"));
    } else {
        assert!(generated == text, "{path} is out of date: run this test with {UPDATE}=1 and commit the file");
    }
}

/// What a program printed as a block of code, without blanks at the ends of its lines.
pub fn block(printed: &str) -> String {
    let lines: Vec<_> = printed.trim_end().lines().map(str::trim_end).collect();
    format!("\n```text\n{}\n```\n", lines.join("\n"))
}

/// The program that a line with `cargo` runs.
fn cargo_runs(words: &[String]) -> Option<&str> {
    let own = words.split(|word| word == "--").next()?;
    if own.get(1).map(String::as_str) != Some("run") {
        return None;
    }
    let package = own.iter().position(|word| word == "-p").and_then(|at| own.get(at + 1));
    Some(package.map_or("loadgen", String::as_str))
}

fn read_folder(folder: &Path, pages: &mut Vec<Page>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && !FOREIGN.contains(&name.as_ref()) {
            read_folder(&path, pages);
        } else if name.ends_with(".md") {
            pages.push(read_page(&path));
        }
    }
}

fn read_page(path: &Path) -> Page {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let relative = path.strip_prefix(root()).expect("a file of the project").to_owned();
    let mut page = Page::new(relative);
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.table = true;
    let mut anchorizer = Anchorizer::new();
    for node in parse_document(&arena, &text, &options).descendants() {
        match &node.data.borrow().value {
            NodeValue::Link(link) | NodeValue::Image(link) => page.links.push(link.url.clone()),
            NodeValue::Code(code) => page.spans.push(code.literal.clone()),
            NodeValue::CodeBlock(block) if ["", "sh"].contains(&block.info.as_str()) => {
                let whole = block.literal.replace("\\\n", " ");
                page.shell_lines.extend(whole.lines().map(|line| line.trim().to_owned()));
            }
            NodeValue::Heading(_) => {
                let words = node.descendants().filter_map(|part| match &part.data.borrow().value {
                    NodeValue::Text(text) => Some(text.to_string()),
                    NodeValue::Code(code) => Some(code.literal.clone()),
                    _ => None,
                });
                page.anchors.insert(anchorizer.anchorize(&words.collect::<String>()));
            }
            _ => {}
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_and_anchor_leads_somewhere() {
        let pages = pages();
        let mut broken = Vec::new();
        for page in &pages {
            for link in page.links.iter().filter(|link| !link.contains(':')) {
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() {
                    root().join(&page.path)
                } else {
                    root().join(&page.path).with_file_name(file)
                };
                let target = target.canonicalize().ok();
                let is_there = target.is_some_and(|target| {
                    let linked = pages.iter().find(|other| root().join(&other.path) == target);
                    anchor.is_empty() || linked.is_some_and(|linked| linked.anchors.contains(anchor))
                });
                if !is_there {
                    broken.push(format!("{}: {link}", page.path.display()));
                }
            }
        }
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn every_source_file_that_is_named_is_there() {
        let mut missing = Vec::new();
        for page in pages() {
            for span in &page.spans {
                let folder = span.split_once('/').map(|(folder, _)| root().join(folder));
                let is_source = Path::new(span).extension().is_some_and(|extension| extension == "rs");
                let is_named = is_source && folder.is_some_and(|folder| folder.is_dir());
                if is_named && !root().join(span).exists() {
                    missing.push(format!("{}: {span}", page.path.display()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn cargo_is_told_of_packages_and_targets_that_are_there() {
        let mut missing = Vec::new();
        for page in pages() {
            for line in page.spans.iter().chain(&page.shell_lines).filter(|line| line.contains("cargo ")) {
                let words: Vec<_> = line.split([' ', '=']).collect();
                let after = |option| words.windows(2).filter(move |pair| pair[0] == option).map(|pair| pair[1]);
                let packages: Vec<_> = after("-p").map(|package| root().join(package)).collect();
                let is_there = |folder: &str, name: &str| {
                    let mut targets = packages.iter().map(|package| package.join(folder).join(name));
                    let exists =
                        |target: PathBuf| target.with_extension("rs").exists() || target.join("main.rs").exists();
                    targets.any(exists) || exists(root().join("benches").join(name))
                };
                let tests = after("--test").all(|name| is_there("tests", name));
                let others = after("--bench").chain(after("--example")).all(|name| is_there("", name));
                if !packages.iter().all(|package| package.exists()) || !tests || !others {
                    missing.push(format!("{}: {line}", page.path.display()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn the_readme_is_short() {
        let text = fs::read_to_string(root().join("README.md")).expect("the README");
        let (lines, words) = (text.lines().count(), text.split_whitespace().count());
        assert!(lines <= 150 && words <= 1_000, "{lines} lines of 150, {words} words of 1000");
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(wide.is_empty(), "over 100 columns: {wide:#?}");
    }

    #[test]
    fn every_page_of_docs_is_linked_from_another() {
        let pages = pages();
        let linked: HashSet<_> = pages
            .iter()
            .flat_map(|page| {
                page.links.iter().filter_map(|link| {
                    let file = link.split('#').next()?;
                    root().join(&page.path).with_file_name(file).canonicalize().ok()
                })
            })
            .collect();
        let alone =
            pages.iter().filter(|page| page.path.starts_with("docs") && !linked.contains(&root().join(&page.path)));
        let alone: Vec<_> = alone.map(|page| &page.path).collect();
        assert!(alone.is_empty(), "{alone:?}");
    }
}
