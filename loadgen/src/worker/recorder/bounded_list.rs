//! A list that takes no more than so many entries, and counts the rest.

/// A list that takes no more than so many entries, and counts the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedList<T> {
    /// What was kept, in the order it came.
    pub kept: Vec<T>,
    /// How many more there were.
    pub cut: u64,
    most: usize,
}

impl<T> BoundedList<T> {
    /// An empty list of at most `most` entries.
    pub fn new(most: usize) -> Self {
        Self { kept: Vec::new(), cut: 0, most }
    }

    /// Adds an entry, or counts it if the list is full.
    pub fn push(&mut self, entry: T) {
        if self.kept.len() < self.most {
            self.kept.push(entry);
        } else {
            self.cut += 1;
        }
    }
}
