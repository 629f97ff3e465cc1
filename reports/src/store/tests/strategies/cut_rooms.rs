//! Anything that a shard may know of rooms that have clients on other shards.

use proptest::{collection::vec, option, prelude::*};

use super::missing_fates;
use crate::model::{CutRooms, FateRecord, HeardRecord, NumberRange, OpenDeliveries, SenderDeviation, SenderEndRecord};

pub(super) fn cut_rooms() -> impl Strategy<Value = CutRooms> {
    let lists = (vec(ranges(), 0..3), vec(open(), 0..3), vec(senders(), 0..3), vec(heard(), 0..3), vec(fates(), 0..3));
    (lists, any::<[u64; 5]>()).prop_map(|((rooms, open, senders, heard, fates), not_kept)| {
        let [rooms_not_kept, open_not_kept, senders_not_kept, heard_not_kept, fates_not_kept] = not_kept;
        CutRooms {
            rooms,
            rooms_not_kept,
            open,
            open_not_kept,
            senders,
            senders_not_kept,
            heard,
            heard_not_kept,
            fates,
            fates_not_kept,
        }
    })
}

fn ranges() -> impl Strategy<Value = NumberRange> {
    (any::<u32>(), 1..=u32::MAX).prop_map(|(first, numbers)| NumberRange { first, numbers })
}

fn open() -> impl Strategy<Value = OpenDeliveries> {
    (any::<[u32; 4]>(), ranges(), any::<bool>(), missing_fates(), 1..=u32::MAX, any::<i64>()).prop_map(
        |([sender, room, group, receiver], sequences, measured, fate, receivers, due_ns)| OpenDeliveries {
            sender,
            room,
            sequences,
            measured,
            fate,
            group,
            receivers,
            receiver,
            due_ns,
        },
    )
}

fn senders() -> impl Strategy<Value = SenderDeviation> {
    let end = any::<(u32, bool)>().prop_map(|(before, by_plan)| SenderEndRecord { before, by_plan });
    (any::<[u32; 2]>(), vec(ranges(), 0..3), option::of(end))
        .prop_map(|([sender, due], dropped, end)| SenderDeviation { sender, due, dropped, end })
}

fn heard() -> impl Strategy<Value = HeardRecord> {
    any::<[u32; 2]>().prop_map(|[sender, end]| HeardRecord { sender, end })
}

fn fates() -> impl Strategy<Value = FateRecord> {
    (any::<[u32; 2]>(), ranges(), any::<bool>(), missing_fates())
        .prop_map(|([sender, room], sequences, measured, fate)| FateRecord { sender, room, sequences, measured, fate })
}
