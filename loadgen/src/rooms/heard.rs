//! When messages came to their first and last receiver, over all workers.

use super::Heard;

/// Merges what several workers know of messages in rooms that are cut: of each message the earliest
/// first and the latest last receiver. In the order of senders and sequences.
pub fn merge_heard(workers: impl IntoIterator<Item = Heard>) -> Vec<Heard> {
    let mut all: Vec<Heard> = workers.into_iter().collect();
    all.sort_unstable_by_key(|heard| (heard.sender, heard.sequence));
    all.dedup_by(|later, kept| {
        let same = (later.sender, later.sequence) == (kept.sender, kept.sequence);
        if same {
            kept.first = kept.first.min(later.first);
            kept.last = kept.last.max(later.last);
        }
        same
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    #[test]
    fn the_first_and_last_of_all_workers_are_kept() {
        let heard = |sender, sequence, first, last| {
            let [due, first, last] = [1, first, last].map(Time::from_nanos);
            Heard { sender, sequence, due, first, last }
        };
        let merged = merge_heard([heard(1, 0, 5, 9), heard(0, 3, 7, 8), heard(1, 0, 4, 6), heard(0, 2, 3, 3)]);
        assert_eq!(merged, [heard(0, 2, 3, 3), heard(0, 3, 7, 8), heard(1, 0, 4, 9)]);
    }
}
