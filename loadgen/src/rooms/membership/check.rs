//! Refuses rooms that can't work.

use reports::{human, model::Expect};

use super::{Membership, resolve::room_numbers};
use crate::plan::{Group, Load, OwnCopy, PlanError, RoomBy, Rooms};

/// Bytes that a ledger keeps for each publisher at each receiver.
const PAIR: u64 = 16;

/// Most bytes that the ledgers of a run may take for that.
const MOST: u64 = 1 << 30;

impl Membership {
    /// The rooms of these groups; none if no group has rooms.
    ///
    /// # Errors
    /// Rooms without `--expect broadcast` or the reverse, or with the closed model; a room that
    /// nobody publishes in or nobody hears; more publishers than a room has clients; or the ledgers
    /// would take over 1 GiB.
    pub fn of(groups: &[Group]) -> Result<Option<Self>, PlanError> {
        let mut any = false;
        for (index, group) in groups.iter().enumerate() {
            any |= check_group(index, group)?;
        }
        if !any {
            return Ok(None);
        }
        let membership = Self::with(groups, room_numbers(groups)?);
        (0..membership.rooms()).try_for_each(|room| membership.check_room(room))?;
        membership.check_memory()?;
        Ok(Some(membership))
    }

    /// Finds that nobody sends to a room, or nobody must hear it.
    fn check_room(&self, room: u32) -> Result<(), PlanError> {
        let (members, publishers) = (self.members(room), self.publishers(room));
        let group = self.group(members[0]);
        if publishers.is_empty() {
            let why = format!(
                "nobody publishes in room {room}, which has {} clients; let clients of another group publish there, or \
                 leave --publishers out",
                human::count(members.len() as u64)
            );
            return Err(PlanError { group: Some(group), key: "publishers", value: Some("0".to_owned()), why });
        }
        let own = self.own(group);
        if members.len() == 1 && own != OwnCopy::Expect {
            let why = format!(
                "room {room} has one client, so nobody must hear what it sends; take larger rooms, or --own expect"
            );
            return Err(PlanError { group: Some(group), key: "own", value: Some(own.to_string()), why });
        }
        Ok(())
    }

    /// Finds that the ledgers would take too much memory.
    fn check_memory(&self) -> Result<(), PlanError> {
        let pairs = |room| self.members(room).len() as u64 * self.publishers(room).len() as u64;
        let (all, largest) = (0..self.rooms()).fold((0_u64, 0), |(all, largest), room| {
            (all + pairs(room), if pairs(room) > pairs(largest) { room } else { largest })
        });
        let bytes = all.saturating_mul(PAIR);
        if bytes <= MOST {
            return Ok(());
        }
        let (members, publishers) = (self.members(largest), self.publishers(largest));
        let why = format!(
            "to know what each member heard of each publisher takes {PAIR} bytes a pair: with {} members x {} \
             publishers in room {largest}, {} in all; at most {} are accepted, so take fewer publishers or smaller rooms",
            human::count(members.len() as u64),
            human::count(publishers.len() as u64),
            human::bytes(bytes as f64),
            human::bytes(MOST as f64),
        );
        Err(PlanError { group: Some(self.group(members[0])), key: "publishers", value: None, why })
    }
}

/// Whether a group has rooms. Finds what does not fit together in it.
fn check_group(index: usize, group: &Group) -> Result<bool, PlanError> {
    let about =
        |key, value: Option<String>, why: &str| PlanError { group: Some(index), key, value, why: why.to_owned() };
    let Some(Rooms { by, publishers, .. }) = &group.rooms else {
        return match group.expect {
            Expect::Broadcast => {
                let why = "it needs rooms: --room-size N, or --room TEXT with a column, such as --room '{{room}}'";
                Err(about("expect", Some("broadcast".to_owned()), why))
            }
            _ => Ok(false),
        };
    };
    let (key, size) = match by {
        RoomBy::Size(size) => ("room_size", Some(size.get())),
        RoomBy::Name(_) => ("room", None),
    };
    if group.expect != Expect::Broadcast {
        return Err(about(key, size.map(|size| size.to_string()), "only --expect broadcast has rooms"));
    }
    if let Load::Closed { window, .. } = group.load {
        let why =
            "rooms need the open model: a receiver knows by the schedule when a message was due; give --rate instead";
        return Err(about("window", Some(window.to_string()), why));
    }
    if let (Some(publishers @ 1..), false) = (publishers, group.load.sends()) {
        let why = "the group's rate is 0, so its clients only listen; take --publishers 0, or another rate";
        return Err(about("publishers", Some(publishers.to_string()), why));
    }
    if let (Some(publishers), Some(size)) = (publishers, size)
        && *publishers > size
    {
        let why = format!("a room has {size} clients of the group, as --room-size says");
        return Err(about("publishers", Some(publishers.to_string()), &why));
    }
    Ok(true)
}
