//! The worst rooms beside each other, for formats that people read.

use super::part::Part;
use crate::{
    human::count,
    model::{RoomRecord, RoomsMeasurement},
};

/// A row for each of the worst rooms. A kind of violation has a column if a room has any.
#[derive(Debug)]
pub(super) struct RoomTable {
    /// How many rooms there are, and how many of those that were kept have violations.
    pub(super) summary: String,
    /// Whether a room has violations.
    pub(super) has_violations: bool,
    /// Headings of the columns after the number of the room.
    pub(super) columns: Vec<&'static str>,
    /// The number of each room, and a count for each column. The last is whether it is a violation.
    pub(super) rows: Vec<(u32, Vec<u64>)>,
    /// Rooms that are left out.
    pub(super) more: u64,
}

/// A count of a room.
type RoomCount = fn(&RoomRecord) -> u64;

/// Columns. The last is whether it stands there even if it is 0 in every room.
const COUNTS: [(&str, RoomCount, bool); 9] = [
    ("members", |room| room.members.into(), true),
    ("expected", |room| room.deliveries.expected, true),
    ("matched", |room| room.deliveries.matched, true),
    ("lost", |room| room.deliveries.lost, true),
    ("damaged", |room| room.deliveries.damaged, false),
    ("undetermined", |room| room.deliveries.undetermined, false),
    ("duplicated", |room| room.duplicated, false),
    ("reordered", |room| room.reordered, false),
    ("misrouted", |room| room.misrouted, false),
];

impl RoomTable {
    /// A table of at most `most` rooms, the worst first. `None` without rooms.
    pub(super) fn of(part: Part<'_>, most: usize) -> Option<Self> {
        let RoomsMeasurement { count: all, kept, .. } = &part.measurement.rooms;
        if *all == 0 {
            return None;
        }
        let bad = kept.iter().filter(|room| room.violations() > 0).count() as u64;
        let shown = &kept[..kept.len().min(most)];
        let has_any = |of: RoomCount| shown.iter().any(|room| of(room) > 0);
        let columns: Vec<_> = COUNTS.into_iter().filter(|(_, of, always)| *always || has_any(*of)).collect();
        let row = |room: &RoomRecord| (room.number, columns.iter().map(|(_, of, _)| of(room)).collect());
        let noun = if *all == 1 { "room" } else { "rooms" };
        let found =
            if bad == 0 { "none with violations".to_owned() } else { format!("{} with violations", count(bad)) };
        Some(Self {
            summary: format!("{} {noun}, {found}", count(*all)),
            has_violations: bad > 0,
            columns: columns.iter().map(|(name, ..)| *name).collect(),
            rows: shown.iter().map(row).collect(),
            more: all.saturating_sub(shown.len() as u64),
        })
    }

    /// The table without rooms that have no violation.
    pub(super) fn of_violations(part: Part<'_>, most: usize) -> Option<Self> {
        let bad = part.measurement.rooms.kept.iter().filter(|room| room.violations() > 0).count();
        Self::of(part, most.min(bad))
    }
}

/// Whether a column of this name counts violations.
pub(super) fn is_violation(column: &str) -> bool {
    !["members", "expected", "matched", "undetermined"].contains(&column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn the_worst_rooms_have_rows_and_the_others_are_counted() {
        let report = sample::rooms();
        let table = RoomTable::of(Part::total(&report), 2).unwrap();
        assert_eq!((table.summary.as_str(), table.more), ("10 rooms, 1 with violations", 8));
        assert_eq!(table.columns, ["members", "expected", "matched", "lost", "duplicated"]);
        assert_eq!(table.rows, [(3, vec![10, 5_000, 4_996, 4, 1]), (0, vec![10, 5_000, 5_000, 0, 0])]);
        let only = RoomTable::of_violations(Part::total(&report), 5).unwrap();
        assert_eq!((only.rows.len(), only.more), (1, 9));
        let without = sample::pass();
        assert!(RoomTable::of(Part::total(&without), 2).is_none());
    }
}
