use proptest::{prelude::*, test_runner::TestCaseError};

use super::*;

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn shard(number: u32, of: u32) -> Shard {
    Shard::new(number, of).unwrap()
}

/// A shard of up to twelve.
fn any_shard() -> impl Strategy<Value = Shard> {
    (1_u32..=12).prop_flat_map(|of| (1..=of).prop_map(move |number| shard(number, of)))
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
    // Clients 0..3 and 3..9; the shard has 1 and 5, 6.
    let partition = partition(&[3, 6], 2).shard(shard(2, 3));
    assert_eq!(partition.share(0, 0), Share { slots: 0..1, first: 1, block: n(1), step: n(2) });
    assert_eq!(partition.share(1, 1), Share { slots: 0..1, first: 2, block: n(1), step: n(2) });
    assert_eq!(partition.share(0, 1), Share { slots: 1..2, first: 3, block: n(1), step: n(2) });
    assert_eq!(partition.client(0, 1), 6);
    assert_eq!((partition.clients_of_group(0), partition.clients_of_group(1)), (1..2, 2..4));
    assert_eq!((partition.total(), partition.clients_here()), (9, 3));
    assert_eq!(partition.clients().collect::<Vec<_>>(), [1, 5, 6]);
    assert_eq!(
        [0, 1, 2, 5, 6, 7, 9].map(|client| partition.has(client)),
        [false, true, false, true, true, false, false]
    );
    assert_eq!([0, 1, 2, 5, 6, 7, 9].map(|client| partition.here_below(client)), [0, 0, 1, 1, 2, 3, 3]);
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
    // Rooms of 6 and 3: too few for three shards, so their clients are cut.
    let partition = Partition::with_rooms([(n(9), Some(n(6)))], n(2)).shard(shard(2, 3));
    assert_eq!(partition.share(0, 0).indices().collect::<Vec<_>>(), [3, 5]);
    assert_eq!(partition.share(1, 0).indices().collect::<Vec<_>>(), [4]);
    let both = Partition::with_rooms([(n(12), Some(n(4)))], n(2)).shard(shard(3, 4));
    assert_eq!(both.share(0, 0).indices().collect::<Vec<_>>(), [8], "room 2");
    assert_eq!(both.share(1, 0).indices().collect::<Vec<_>>(), [6, 7], "room 1");
}

#[test]
fn rooms_are_cut_alike_in_every_group() {
    // Five rooms: of 2 clients in one group, of 1 in another, which has three of them.
    let rooms = Partition::with_rooms([(n(10), Some(n(2))), (n(3), Some(n(1))), (n(4), None)], n(1));
    let clients = |number| {
        let partition = rooms.clone().shard(shard(number, 2));
        [0, 1, 2].map(|group| partition.clients_of_group(group))
    };
    assert_eq!(clients(1), [0..4, 0..2, 0..2]);
    assert_eq!(clients(2), [4..10, 2..3, 2..4]);
    let last = rooms.clone().shard(shard(5, 5));
    assert_eq!([0, 1, 2].map(|group| last.clients_of_group(group)), [8..10, 3..3, 3..4], "no room of the second group");
}

#[test]
fn a_shard_of_the_last_numbers() {
    let partition = partition(&[u32::MAX], 3).shard(shard(u32::MAX, u32::MAX));
    assert_eq!(partition.clients().collect::<Vec<_>>(), [u32::MAX - 1]);
    let half = Partition::with_rooms([(n(u32::MAX), Some(n(u32::MAX - 1)))], n(1)).shard(shard(2, 2));
    assert_eq!(half.clients_of_group(0), u32::MAX - 1..u32::MAX);
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
        shard in any_shard(),
    ) {
        let whole = partition(&groups, workers);
        let shard = whole.clone().shard(shard);
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
        shard in any_shard(),
    ) {
        let with_sizes = groups.iter().map(|&(clients, size)| (n(clients), size.map(n)));
        let whole = Partition::with_rooms(with_sizes, n(workers));
        let shard = whole.clone().shard(shard);
        for partition in [whole, shard] {
            check_places(&partition, groups.len())?;
            let rooms = groups.iter().enumerate().filter_map(|(group, (_, size))| {
                let (here, size) = (partition.clients_of_group(group), (*size)?);
                Some(here.end.div_ceil(size) - (here.start / size).min(here.end.div_ceil(size)))
            });
            if rooms.max().is_none_or(|rooms| rooms < workers) {
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
    fn each_client_is_on_one_shard(
        groups in prop::collection::vec((1_u32..60, prop::option::of(1_u32..12)), 1..5), of in 1_u32..=12,
    ) {
        let with_sizes = groups.iter().map(|&(clients, size)| (n(clients), size.map(n)));
        let whole = Partition::with_rooms(with_sizes, n(1));
        let shards: Vec<_> = (1..=of).map(|number| whole.clone().shard(shard(number, of))).collect();
        let rooms = groups.iter().filter_map(|(clients, size)| Some(clients.div_ceil((*size)?))).max().unwrap_or(0);
        for client in 0..whole.total() {
            let with: Vec<_> = (0..).zip(&shards).filter(|(_, shard)| shard.has(client)).collect();
            prop_assert_eq!(with.len(), 1, "{}", client);
            let (at, shard) = with[0];
            prop_assert_eq!(shard.member(client), whole.member(client));
            let Member { group, index } = whole.member(client);
            let expected = |part: u32, all: u32| (all * at / of..all * (at + 1) / of).contains(&part);
            let is_expected = match groups[group] {
                (_, Some(size)) if rooms >= of => expected(index / size, rooms),
                (clients, _) => expected(index, clients),
            };
            prop_assert!(is_expected);
        }
        for shard in shards {
            let here: Vec<_> = shard.clients().collect();
            prop_assert_eq!(here.len(), shard.clients_here() as usize);
            for client in 0..=shard.total() {
                prop_assert_eq!(shard.here_below(client) as usize, here.iter().filter(|&&one| one < client).count());
            }
        }
    }
}
