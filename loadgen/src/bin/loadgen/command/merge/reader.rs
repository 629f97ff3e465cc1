//! Reads results of files and stdin, several at a time, and gives them out in their order.
//!
//! One thread finds their texts, and others parse these in turn, which takes nearly all of the
//! time. Queues hold one text and one result a thread. So memory does not grow with the number of
//! results.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use reports::{
    Report,
    store::{ResultText, ResultTexts, StoreError, from_json_texts},
};

/// Most threads that parse. One that adds up what they have read can't keep up with more.
const MOST_PARSERS: usize = 8;

/// Bytes that are read at once.
const READ: usize = 256 << 10;

/// What stands in a file.
#[derive(Debug)]
pub(super) enum Found {
    /// A result, and where it was found.
    Result(String, Box<Report>),
    /// Something else than a result.
    Unreadable(Unreadable),
}

/// What could not be read as a result, and where it is.
#[derive(Debug)]
pub(super) struct Unreadable {
    name: String,
    error: StoreError,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.error)
    }
}

/// A text to parse, and where it was found.
type Text = (String, Result<Vec<u8>, StoreError>);

/// Gives `found` all results of the files, in their order. Returns how many lines were skipped that
/// belong to none.
pub(super) fn read(paths: &[PathBuf], threads: usize, mut found: impl FnMut(Found)) -> u64 {
    let threads = threads.clamp(1, MOST_PARSERS);
    thread::scope(|scope| {
        let mut to_parse = Vec::new();
        let mut parsed = Vec::new();
        for _ in 0..threads {
            let (text_sender, texts) = sync_channel(1);
            let (result_sender, results) = sync_channel(1);
            scope.spawn(move || parse(&texts, &result_sender));
            to_parse.push(text_sender);
            parsed.push(results);
        }
        let finder = scope.spawn(move || {
            let mut next = to_parse.iter().cycle();
            // A parser has gone only if all have.
            find(paths, |text| _ = next.next().map(|parser| parser.send(text)))
        });
        // Texts went to the parsers in turn. When the next one has none, there is none.
        'all: for results in parsed.iter().cycle() {
            let Ok(of_text) = results.recv() else { break 'all };
            of_text.into_iter().for_each(&mut found);
        }
        finder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn parse(texts: &Receiver<Text>, results: &SyncSender<Vec<Found>>) {
    for (name, text) in texts {
        let of_text = match text {
            Err(error) => vec![Found::Unreadable(Unreadable { name, error })],
            Ok(text) => {
                let of = |result| match result {
                    Ok((report, _)) => Found::Result(name.clone(), Box::new(report)),
                    Err(error) => Found::Unreadable(Unreadable { name: name.clone(), error }),
                };
                from_json_texts(&text).map(of).collect()
            }
        };
        if results.send(of_text).is_err() {
            return;
        }
    }
}

/// Finds the texts of all files. Returns how many lines were skipped.
fn find(paths: &[PathBuf], mut give: impl FnMut(Text)) -> u64 {
    let mut skipped_lines = 0;
    for path in paths {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
        let skipped = if is_stdin {
            find_in(io::stdin().lock(), &name, is_stdin, &mut give)
        } else {
            open(path).and_then(|file| find_in(file, &name, is_stdin, &mut give))
        };
        match skipped {
            Ok(skipped) => skipped_lines += skipped,
            Err(error) => give((name, Err(error.into()))),
        }
    }
    skipped_lines
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(READ, File::open(path)?))
}

/// Finds the texts of a file. A result on its first line is called by the file alone. Returns how
/// many lines were skipped.
fn find_in(input: impl BufRead, file: &str, is_stdin: bool, give: &mut impl FnMut(Text)) -> io::Result<u64> {
    let mut texts = ResultTexts::new(input);
    let mut none_yet = true;
    for text in texts.by_ref() {
        let ResultText { line, text } = text?;
        none_yet = false;
        let name = if line == 1 && !is_stdin { file.to_owned() } else { format!("line {line} of {file}") };
        give((name, Ok(text)));
    }
    if none_yet {
        give((file.to_owned(), Err(StoreError::NoResult)));
    }
    Ok(texts.skipped_lines())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_found_keeps_its_order_and_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("log"), "a line\n{1\n\n{2\nanother\n{3\n").expect("a file");
        fs::write(path("empty"), "").expect("a file");
        fs::write(path("one"), "{\n  4\n").expect("a file");
        let paths = ["log", "missing", "empty", "one"].map(path);
        for threads in [1, 2, 3, 100] {
            let mut names = Vec::new();
            let skipped = read(&paths, threads, |found| match found {
                Found::Result(name, _) => panic!("{name} is no result"),
                Found::Unreadable(unreadable) => names.push(unreadable.to_string()),
            });
            assert_eq!(skipped, 2);
            let of = |name: &str| path(name).display().to_string();
            let expected = [2, 4, 6]
                .map(|line| format!("line {line} of {}", of("log")))
                .into_iter()
                .chain(["missing", "empty", "one"].map(of));
            for (name, expected) in names.iter().zip(expected) {
                assert!(name.starts_with(&format!("{expected}: ")), "{name}");
            }
            assert_eq!(names.len(), 6);
            assert!(names[4].ends_with("holds no result"), "{}", names[4]);
        }
    }
}
