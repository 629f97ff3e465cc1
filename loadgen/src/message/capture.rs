//! What clients remember of the events that they receive.

use std::{cell::RefCell, collections::HashMap, fmt};

use super::Pattern;

/// Bytes of a value that are remembered, at most. More is cut off, so that a server can't fill the
/// memory.
const MOST: usize = 64 * 1024;

/// A part of the events of a client, of which it remembers the last, over all its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What templates call it. Before the first event that has it, it is empty.
    pub name: String,
    /// Finds it: the first group.
    pub pattern: Pattern,
}

/// What the clients of a group on a worker remember: a value for each capture of the group, in
/// their order.
///
/// Each worker has its own. A clone is taken before there is anything.
#[derive(Clone, Default)]
pub(crate) struct CapturedValues(RefCell<HashMap<u32, Box<[Box<str>]>>>);

impl CapturedValues {
    /// Remembers what `captures` find in an event of a client. What is no text is made one.
    pub(crate) fn hear(&self, captures: &[Capture], client: u32, event: &[u8]) {
        for (at, capture) in captures.iter().enumerate() {
            let found = capture.pattern.regex().captures(event).and_then(|found| found.get(1));
            if let Some(found) = found {
                let bytes = found.as_bytes();
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]);
                let mut all = self.0.borrow_mut();
                all.entry(client).or_insert_with(|| vec![Box::default(); captures.len()].into())[at] = text.into();
            }
        }
    }

    /// Does something with the values of a client. There are none before its first.
    pub(crate) fn with<T>(&self, client: u32, done: impl FnOnce(&[Box<str>]) -> T) -> T {
        done(self.0.borrow().get(&client).map_or(&[], |values| values))
    }
}

/// Without the values, which may be secrets.
impl fmt::Debug for CapturedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "values of {} clients", self.0.borrow().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(name: &str, pattern: &str) -> Capture {
        Capture { name: name.to_owned(), pattern: pattern.parse().unwrap() }
    }

    fn values(captured: &CapturedValues, client: u32) -> Vec<String> {
        captured.with(client, |values| values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_last_match_of_each_client_is_remembered() {
        let wanted = [capture("offset", r"offset=(\d+)"), capture("id", "id=(x)?;")];
        let captured = CapturedValues::default();
        captured.hear(&wanted, 3, b"nothing");
        assert!(values(&captured, 3).is_empty());
        captured.hear(&wanted, 3, b"offset=17");
        captured.hear(&wanted, 4, b"offset=1 id=x;");
        captured.hear(&wanted, 3, b"offset=18 offset=19");
        captured.hear(&wanted, 4, b"id=;");
        assert_eq!(
            (values(&captured, 3), values(&captured, 4)),
            (vec!["18".to_owned(), String::new()], vec!["1".to_owned(), "x".to_owned()])
        );
        assert_eq!(format!("{captured:?}"), "values of 2 clients");
    }

    #[test]
    fn what_is_no_text_or_too_long_is_cut() {
        let (wanted, captured) = ([capture("all", "(?s-u)^(.*)$")], CapturedValues::default());
        captured.hear(&wanted, 0, b"a\xffb");
        assert_eq!(values(&captured, 0), ["a\u{fffd}b"]);
        captured.hear(&wanted, 0, &vec![b'x'; MOST + 1]);
        assert_eq!(values(&captured, 0)[0].len(), MOST);
    }
}
