//! Finds that rooms that shards cut can't be accounted for.

use std::num::NonZeroU32;

use crate::{
    plan::{Group, Partition, PlanError, RoomBy, Rooms, RunOptions, Sessions, Shard},
    rooms::Membership,
};

/// Finds that clients come and go in a room whose clients are on several shards. Each shard has a
/// clock of its own, so no shard can tell what was due by another's while a client was away.
pub(super) fn check(run: &RunOptions, groups: &[Group]) -> Result<(), PlanError> {
    let Some(shard) = run.shard.filter(|shard| shard.of().get() > 1) else { return Ok(()) };
    if groups.iter().all(|group| option(group).is_none()) {
        return Ok(());
    }
    let Some(membership) = Membership::of(groups)? else { return Ok(()) };
    let shards = shards_of(groups, shard);
    for room in 0..membership.rooms() {
        let members = membership.members(room);
        let Some(other) = members.iter().find(|&&client| shards[client as usize] != shards[members[0] as usize]) else {
            continue;
        };
        let goes =
            members.iter().map(|&client| membership.group(client)).find(|&group| option(&groups[group]).is_some());
        let Some((group, (key, value))) = goes.and_then(|group| Some((group, option(&groups[group])?))) else {
            continue;
        };
        let [first, second] = [members[0], *other].map(|client| shards[client as usize]);
        let why = format!(
            "room {room} has clients on shard {first} and on shard {second} of {}, whose clocks differ, so nobody could \
             tell what is due while a client is away; take no more shards than rooms of one --room-size, or leave it out",
            shard.of()
        );
        return Err(PlanError { group: Some(group), key, value, why });
    }
    Ok(())
}

/// An option by which clients of the group come late, go, or must hear what they missed.
fn option(group: &Group) -> Option<(&'static str, Option<String>)> {
    let Rooms { durable, .. } = *group.rooms.as_ref()?;
    let time = |time: std::time::Duration| Some(humantime::format_duration(time).to_string().replace(' ', ""));
    let Sessions { start, stop, ramp, session, drop, storms, reconnect } = &group.sessions;
    let times = [("start", *start), ("stop", *stop), ("ramp", *ramp), ("drop", *drop)];
    if let Some((key, value)) = times.into_iter().find_map(|(key, value)| Some((key, value?))) {
        return Some((key, time(value)));
    }
    let others = [
        ("session", session.is_some()),
        ("storm", !storms.is_empty()),
        ("reconnect", reconnect.is_some()),
        ("durable", durable),
    ];
    others.into_iter().find(|(_, given)| *given).map(|(key, _)| (key, None))
}

/// The shard of each client.
fn shards_of(groups: &[Group], shard: Shard) -> Vec<u32> {
    let size = |group: &Group| match group.rooms {
        Some(Rooms { by: RoomBy::Size(size), .. }) => Some(size),
        _ => None,
    };
    let whole = Partition::with_rooms(groups.iter().map(|group| (group.clients, size(group))), NonZeroU32::MIN);
    let mut shards = vec![0; whole.total() as usize];
    for number in 1..=shard.of().get() {
        let Ok(shard) = Shard::new(number, shard.of().get()) else { continue };
        for client in whole.clone().shard(shard).clients() {
            shards[client as usize] = number;
        }
    }
    shards
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::{Expect, Jitter, OwnCopy, Plan, Reconnect, Target};

    fn group(clients: u32, size: u32) -> Group {
        let n = |n| NonZeroU32::new(n).unwrap();
        Group {
            target: Target::Url("ws://127.0.0.1:9001".parse().unwrap()),
            clients: n(clients),
            expect: Expect::Broadcast,
            rooms: Some(Rooms { by: RoomBy::Size(n(size)), publishers: None, own: OwnCopy::Expect, durable: false }),
            ..Group::default()
        }
    }

    fn refusal(number: u32, of: u32, group: Group) -> Option<String> {
        let run = RunOptions { shard: Some(Shard::new(number, of).unwrap()), seed: Some(1), ..RunOptions::default() };
        Plan::new(run, vec![group]).err().map(|error| error.to_string())
    }

    fn with_sessions(group: Group, change: impl FnOnce(&mut Sessions)) -> Group {
        let mut group = group;
        change(&mut group.sessions);
        group
    }

    #[test]
    fn clients_of_cut_rooms_stay() {
        let second = Some(Duration::from_secs(1));
        let backoff = Reconnect { min: Duration::from_secs(1), max: Duration::from_secs(2), jitter: Jitter::Full };
        // One room on two shards, and then two.
        assert_eq!(refusal(1, 2, group(10, 10)), None);
        assert_eq!(refusal(1, 2, with_sessions(group(10, 5), |sessions| sessions.ramp = second)), None);
        let durable =
            Group { rooms: group(10, 10).rooms.map(|rooms| Rooms { durable: true, ..rooms }), ..group(10, 10) };
        let refusals = [
            refusal(2, 2, with_sessions(group(10, 10), |sessions| sessions.ramp = second)),
            refusal(1, 3, with_sessions(group(10, 5), |sessions| sessions.drop = second)),
            refusal(3, 3, with_sessions(group(10, 5), |sessions| sessions.reconnect = Some(backoff))),
            refusal(1, 2, durable),
        ];
        insta::assert_snapshot!(refusals.map(Option::unwrap_or_default).join("\n"));
    }
}
