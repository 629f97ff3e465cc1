use proptest::{prelude::*, test_runner::TestCaseError};

use super::*;

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn partition(groups: &[u32], workers: u32) -> Partition {
    Partition::new(groups.iter().copied().map(n), n(workers))
}

/// Checks that each client has one slot and one place. Returns how many clients each worker has.
fn check_places(partition: &Partition, groups: usize) -> Result<Vec<usize>, TestCaseError> {
    let (mut seen, mut of_workers) = (Vec::new(), Vec::new());
    for worker in 0..partition.workers() {
        let before = seen.len();
        for group in 0..groups {
            let share = partition.share(worker, group);
            prop_assert_eq!(share.slots.start, seen.len() - before, "the groups lie side by side");
            prop_assert!(share.indices().is_sorted());
            for (slot, index) in share.slots.clone().zip(share.indices()) {
                let client = partition.client_of(Member { group, index });
                prop_assert_eq!(partition.member(client), Member { group, index });
                prop_assert_eq!(partition.client(worker, slot), client);
                prop_assert_eq!((partition.worker(client), partition.slot(client)), (worker, slot));
                prop_assert_eq!((share.index(slot), share.slot(index)), (index, slot));
                seen.push(client);
            }
        }
        of_workers.push(seen.len() - before);
        prop_assert_eq!(partition.clients_of(worker), seen.len() - before);
    }
    seen.sort_unstable();
    prop_assert_eq!(seen, partition.clients().collect::<Vec<_>>());
    Ok(of_workers)
}

#[test]
fn one_group_is_dealt_out_in_turn() {
    let partition = partition(&[5], 2);
    assert_eq!((0..5).map(|client| partition.worker(client)).collect::<Vec<_>>(), [0, 1, 0, 1, 0]);
    assert_eq!(partition.share(0, 0), Share { slots: 0..3, first: 0, block: n(1), step: n(2) });
    assert_eq!(partition.share(1, 0), Share { slots: 0..2, first: 1, block: n(1), step: n(2) });
    assert_eq!(partition.share(1, 0).indices().collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn more_workers_than_clients_leave_some_without() {
    let partition = partition(&[1], 3);
    assert_eq!([0, 1, 2].map(|worker| partition.clients_of(worker)), [1, 0, 0]);
    assert!(partition.share(2, 0).is_empty());
}

#[test]
fn a_shard_begins_within_a_group() {
    // Clients 0..3 and 3..7; the process has 2..6.
    let partition = partition(&[3, 4], 2).shard(2..6);
    assert_eq!(partition.share(0, 0), Share { slots: 0..1, first: 2, block: n(1), step: n(2) });
    assert_eq!(partition.share(0, 1), Share { slots: 1..2, first: 1, block: n(1), step: n(2) });
    assert_eq!(partition.share(1, 1), Share { slots: 0..2, first: 0, block: n(1), step: n(2) });
    assert_eq!(partition.client(1, 1), 5);
    assert_eq!(partition.clone().shard(6..99).clients(), 6..7);
    assert_eq!((partition.total(), partition.clients()), (7, 2..6));
}

#[test]
fn rooms_stay_on_one_worker() {
    // Rooms of 3: 0 1 2, 3 4 5 and 6, of two groups.
    let rooms = |workers| Partition::with_rooms([(n(1), None), (n(7), Some(n(3))), (n(3), Some(n(1)))], n(workers));
    let workers = |partition: &Partition| (0..11).map(|client| partition.worker(client)).collect::<Vec<_>>();
    assert_eq!(workers(&rooms(2)), [0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0]);
    let share = rooms(2).share(0, 1);
    assert_eq!(share, Share { slots: 1..5, first: 0, block: n(3), step: n(6) });
    assert_eq!(share.indices().collect::<Vec<_>>(), [0, 1, 2, 6]);
    assert_eq!(workers(&rooms(4)), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2], "with a room too few for the workers");
}

#[test]
fn a_shard_may_begin_within_a_room() {
    let partition = Partition::with_rooms([(n(9), Some(n(3)))], n(2)).shard(1..8);
    assert_eq!(partition.share(0, 0).indices().collect::<Vec<_>>(), [1, 2, 6, 7]);
    assert_eq!(partition.share(1, 0).indices().collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(partition.share(0, 0).slot(6), 2);
}

#[test]
fn numbers_may_go_up_to_the_last() {
    let partition = partition(&[u32::MAX - 1, 1], 1);
    let last = u32::MAX - 1;
    assert_eq!(partition.member(last), Member { group: 1, index: 0 });
    assert_eq!(partition.client(0, partition.slot(last)), last);
}

proptest! {
    #[test]
    fn each_client_has_one_slot_and_one_place(
        groups in prop::collection::vec(1_u32..40, 1..6), workers in 1_u32..9,
        cut in (0_u32..240, 0_u32..240),
    ) {
        let whole = partition(&groups, workers);
        let shard = whole.clone().shard(cut.0.min(cut.1)..cut.0.max(cut.1));
        for partition in [whole, shard] {
            let of_workers = check_places(&partition, groups.len())?;
            prop_assert!(of_workers.iter().max().unwrap() - of_workers.iter().min().unwrap() <= 1);
            for group in 0..groups.len() {
                let shares = || (0..workers).map(|worker| partition.share(worker, group).slots.len());
                prop_assert!(shares().max().unwrap() - shares().min().unwrap() <= 1);
            }
        }
    }

    #[test]
    fn each_client_in_a_room_has_one_slot_and_one_place(
        groups in prop::collection::vec((1_u32..40, prop::option::of(1_u32..12)), 1..6), workers in 1_u32..9,
        cut in (0_u32..240, 0_u32..240),
    ) {
        let with_sizes = groups.iter().map(|&(clients, size)| (n(clients), size.map(n)));
        let whole = Partition::with_rooms(with_sizes, n(workers));
        let shard = whole.clone().shard(cut.0.min(cut.1)..cut.0.max(cut.1));
        for partition in [whole, shard] {
            check_places(&partition, groups.len())?;
            let rooms = groups.iter().filter_map(|(clients, size)| Some(clients.div_ceil((*size)?))).max();
            if rooms.is_none_or(|rooms| rooms < workers) {
                continue;
            }
            for client in partition.clients() {
                let Member { group, index } = partition.member(client);
                if let Some(size) = groups[group].1 {
                    prop_assert_eq!(partition.worker(client), index / size % workers);
                }
            }
        }
    }

    #[test]
    fn a_client_is_the_same_in_every_shard(clients in 1_u32..50, others in 1_u32..50, cut in 0_u32..100) {
        let whole = partition(&[clients, others], 1);
        for shard in [whole.clone().shard(0..cut), whole.clone().shard(cut..u32::MAX)] {
            for client in shard.clients() {
                prop_assert_eq!(shard.member(client), whole.member(client));
            }
        }
    }
}
