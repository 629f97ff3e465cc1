//! Bounds the memory that the connections of a worker hold together.
//!
//! A connection holds messages that have not come whole, and bytes that were not sent. The largest
//! message bounds one connection, but many connections need a common bound.

use std::collections::BTreeMap;

use super::ConnectionEnd;

/// A connection may hold this many bytes without being counted. Most hold the end of a read at
/// times.
pub(super) const SMALL: usize = 4096;

/// The connections that hold much, and how much.
#[derive(Debug)]
pub(super) struct HeldBytes {
    most: usize,
    total: usize,
    each: BTreeMap<usize, usize>,
}

impl HeldBytes {
    pub(super) fn new() -> Self {
        Self { most: usize::MAX, total: 0, each: BTreeMap::new() }
    }

    /// Sets how many bytes all connections together may hold.
    pub(super) fn limit(&mut self, most: usize) {
        self.most = most;
    }

    /// Records that connection `slot` now holds `held` bytes. If all together hold too much,
    /// returns the connection that holds most, and the reason why it must end.
    #[inline]
    pub(super) fn update(&mut self, slot: usize, held: usize) -> Option<(usize, ConnectionEnd)> {
        if held < SMALL && self.each.is_empty() { None } else { self.count(slot, held) }
    }

    #[cold]
    fn count(&mut self, slot: usize, held: usize) -> Option<(usize, ConnectionEnd)> {
        let before = if held < SMALL { self.each.remove(&slot) } else { self.each.insert(slot, held) };
        let counted = if held < SMALL { 0 } else { held };
        self.total = self.total + counted - before.unwrap_or(0);
        if self.total <= self.most {
            return None;
        }
        let (&largest, &bytes) = self.each.iter().max_by_key(|(_, held)| **held)?;
        let all = self.total;
        self.each.remove(&largest);
        self.total -= bytes;
        let detail = format!(
            "ended by the generator: its connections held {all} bytes of messages that were not whole or not sent, {} are the bound, \
             and this one held most: {bytes}",
            self.most
        );
        Some((largest, ConnectionEnd::new("memory", &detail)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_the_connection_that_holds_most() {
        let mut held_bytes = HeldBytes::new();
        held_bytes.limit(100_000);
        let mut ended = |slot, held| held_bytes.update(slot, held).map(|(slot, cause)| (slot, cause.kind));
        assert_eq!(ended(0, 40_000), None);
        assert_eq!(ended(1, 60_000), None);
        assert_eq!(ended(0, 30_000), None, "what it holds, not what it held");
        assert_eq!(ended(2, SMALL - 1), None, "not counted");
        assert_eq!(ended(2, 10_001), Some((1, "memory".to_owned())));
        assert_eq!(ended(3, 59_999), None, "what it held is free");
        assert_eq!(ended(0, 0), None);
        assert_eq!(ended(4, 100_001), Some((4, "memory".to_owned())), "it may be the one");
        assert_eq!(ended(2, 0), None);
        assert_eq!(ended(3, 10), None);
        assert!(held_bytes.each.is_empty() && held_bytes.total == 0);
    }
}
