use std::{io::Write as _, num::NonZeroU32, sync::Arc, time::Duration};

use proptest::prelude::*;
use reports::model::Expect;

use super::*;
use crate::{
    message::Data,
    plan::{Group, Load, PlanError, RoomBy, Rooms},
};

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn group(clients: u32, by: RoomBy, publishers: Option<u32>) -> Group {
    let rooms = Some(Rooms { by, publishers, own: OwnCopy::Expect, durable: false });
    Group { clients: n(clients), expect: Expect::Broadcast, rooms, ..Group::default() }
}

fn sized(clients: u32, size: u32, publishers: Option<u32>) -> Group {
    group(clients, RoomBy::Size(n(size)), publishers)
}

/// A group whose rooms are named by a template, with data of one column, `team`.
fn named(clients: u32, template: &str, teams: &[&str], publishers: Option<u32>) -> Group {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "team\n{}", teams.join("\n")).unwrap();
    let data = Some(Arc::new(Data::read(file.path()).unwrap()));
    Group { data, ..group(clients, RoomBy::Name(template.parse().unwrap()), publishers) }
}

fn of(groups: &[Group]) -> Membership {
    Membership::of(groups).unwrap().expect("a group has rooms")
}

fn refused(groups: &[Group]) -> String {
    Membership::of(groups).unwrap_err().to_string()
}

#[test]
fn rooms_of_a_size_are_filled_in_turn() {
    let membership = of(&[sized(5, 2, Some(1))]);
    assert_eq!((0..3).map(|room| membership.members(room)).collect::<Vec<_>>(), [&[0, 1][..], &[2, 3], &[4]]);
    assert_eq!((0..3).map(|room| membership.publishers(room)).collect::<Vec<_>>(), [0..1, 1..2, 2..3]);
    assert_eq!(membership.publisher(1), Publisher { client: 2, group: 0, rank: 1 });
    assert_eq!([2, 3].map(|client| membership.publisher_number(client)), [Some(1), None]);
    assert_eq!(membership.publishers_of(0), Some(n(3)));
    assert_eq!((membership.room(4), membership.room(5)), (Some(2), None));
}

#[test]
fn groups_share_rooms() {
    // Publishers 0 to 3 in two rooms, an outsider, and listeners 5 to 10 in three of which one is
    // theirs alone.
    let outsider = Group { clients: n(1), ..Group::default() };
    let listeners = Group { load: Load::Listen, ..sized(4, 2, None) };
    let membership = of(&[sized(4, 2, None), outsider, listeners]);
    assert_eq!(membership.members(0), [0, 1, 5, 6]);
    assert_eq!(membership.members(1), [2, 3, 7, 8]);
    assert_eq!(membership.publishers(1), 2..4);
    assert_eq!((membership.room(4), membership.has_rooms(1), membership.publishers_of(2)), (None, false, None));
    assert_eq!([0, 4, 8].map(|client| membership.group(client)), [0, 1, 2]);
}

#[test]
fn the_first_clients_of_each_group_publish() {
    let membership = of(&[sized(4, 2, Some(1)), sized(4, 2, Some(1))]);
    let publishers: Vec<Publisher> = (0..4).map(|number| membership.publisher(number)).collect();
    let publisher = |client, group, rank| Publisher { client, group, rank };
    assert_eq!(publishers, [publisher(0, 0, 0), publisher(4, 1, 0), publisher(2, 0, 1), publisher(6, 1, 1)]);
}

#[test]
fn equal_names_are_one_room() {
    let membership = of(&[named(5, "of-{{team}}", &["red", "blue"], None), named(2, "of-{{team}}", &["blue"], None)]);
    assert_eq!((membership.members(0), membership.members(1)), (&[0, 2, 4][..], &[1, 3, 5, 6][..]));
}

#[test]
fn the_name_of_a_room_of_a_size_is_its_number() {
    // Two rooms by size; "1" is one of them, "2" and "01" are not.
    let membership = of(&[named(4, "{{team}}", &["1", "2", "01", "2"], None), sized(4, 2, None)]);
    assert_eq!([0, 1, 2, 3].map(|client| membership.room(client)), [Some(1), Some(2), Some(3), Some(2)]);
    assert_eq!(membership.members(1), [0, 6, 7]);
}

#[test]
fn rooms_may_differ_for_each_client() {
    let rooms = named(3, "r{{client}}", &["x"], None);
    assert_eq!(of(&[sized(2, 2, None), rooms]).members(2), [3]);
}

#[test]
fn a_plan_without_rooms_has_none() {
    assert_eq!(Membership::of(&[Group::default()]), Ok(None));
}

#[test]
fn what_can_not_work_is_refused() {
    let own = |own, group: Group| Group { rooms: group.rooms.map(|rooms| Rooms { own, ..rooms }), ..group };
    let cases = [
        (
            Group { rooms: None, ..sized(4, 2, None) },
            "--expect broadcast: it needs rooms: --room-size N, or --room TEXT with a column, such as --room '{{room}}'",
        ),
        (Group { expect: Expect::Echo, ..sized(4, 2, None) }, "--room-size 2: only --expect broadcast has rooms"),
        (
            Group { expect: Expect::Echo, ..named(4, "{{team}}", &["red"], None) },
            "--room: only --expect broadcast has rooms",
        ),
        (
            Group { load: Load::Closed { window: n(3), think: Duration::ZERO }, ..sized(4, 2, None) },
            "--window 3: rooms need the open model: a receiver knows by the schedule when a message was due; give \
             --rate instead",
        ),
        (
            Group { load: Load::Listen, ..sized(4, 2, Some(1)) },
            "--publishers 1: the group's rate is 0, so its clients only listen; take --publishers 0, or another rate",
        ),
        (sized(4, 2, Some(3)), "--publishers 3: a room has 2 clients of the group, as --room-size says"),
        (
            sized(4, 2, Some(0)),
            "--publishers 0: nobody publishes in room 0, which has 2 clients; let clients of another group publish \
             there, or leave --publishers out",
        ),
        (
            own(OwnCopy::Refuse, sized(5, 2, None)),
            "--own refuse: room 2 has one client, so nobody must hear what it sends; take larger rooms, or --own expect",
        ),
        (
            own(OwnCopy::Allow, sized(1, 2, None)),
            "--own allow: room 0 has one client, so nobody must hear what it sends; take larger rooms, or --own expect",
        ),
    ];
    for (group, expected) in cases {
        assert_eq!(refused(&[group]), expected);
    }
    assert!(Membership::of(&[own(OwnCopy::Expect, sized(5, 2, None))]).is_ok(), "it hears itself");
}

#[test]
fn what_would_take_too_much_memory_is_refused() {
    assert!(Membership::of(&[sized(8_192, 8_192, None)]).is_ok(), "exactly 1 GiB");
    assert_eq!(
        refused(&[sized(10_000, 10_000, None)]),
        "--publishers: to know what each member heard of each publisher takes 16 bytes a pair: with 10 000 members x \
         10 000 publishers in room 0, 1.49 GiB in all; at most 1.00 GiB are accepted, so take fewer publishers or smaller \
         rooms"
    );
    assert!(Membership::of(&[sized(1_000_000, 10, None)]).is_ok(), "100 000 rooms of 10");
}

#[test]
fn an_error_names_its_group() {
    let PlanError { group, .. } = Membership::of(&[Group::default(), sized(4, 2, Some(0))]).unwrap_err();
    assert_eq!(group, Some(1));
}

proptest! {
    #[test]
    fn each_client_is_in_one_room_and_each_publisher_has_a_rank(
        groups in prop::collection::vec((1..30_u32, 1..8_u32, prop::option::of(1..4_u32)), 1..4),
    ) {
        let groups: Vec<Group> = groups
            .into_iter()
            .map(|(clients, size, publishers)| sized(clients, size, publishers.map(|n| n.min(size))))
            .collect();
        let membership = of(&groups);
        let mut members: Vec<u32> = (0..membership.rooms()).flat_map(|room| membership.members(room)).copied().collect();
        members.sort_unstable();
        prop_assert_eq!(members, (0..membership.clients()).collect::<Vec<_>>());
        let mut ranks: Vec<Vec<(u32, u32)>> = vec![Vec::new(); groups.len()];
        for room in 0..membership.rooms() {
            for number in membership.publishers(room) {
                let Publisher { client, group, rank } = membership.publisher(number);
                prop_assert_eq!(membership.room(client), Some(room));
                prop_assert_eq!(membership.publisher_number(client), Some(number));
                prop_assert_eq!(membership.group(client), group as usize);
                ranks[group as usize].push((client, rank));
            }
        }
        for (group, mut ranks) in ranks.into_iter().enumerate() {
            ranks.sort_unstable();
            let count = u32::try_from(ranks.len()).unwrap();
            prop_assert_eq!(ranks.iter().map(|(_, rank)| *rank).collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            prop_assert_eq!(membership.publishers_of(group).map_or(0, NonZeroU32::get), count);
        }
    }
}
