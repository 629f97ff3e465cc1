//! Finds that one embedded server can't be what all of its groups want.

use super::about;
use crate::plan::{Group, PlanError, Target};

/// Finds compression beside rooms.
pub(super) fn check(groups: &[Group]) -> Result<(), PlanError> {
    let embedded = || groups.iter().enumerate().filter(|(_, group)| group.target == Target::Embedded);
    let compressed = embedded().find(|(_, group)| group.connect.compression.is_some());
    if let Some((index, _)) = compressed
        && embedded().any(|(_, group)| group.rooms.is_some())
    {
        let why = "the server that loadgen starts sends the same frames to all members of a room, so it can't compress \
                   them; give a URL, or leave it out";
        return Err(about(index, "compress", why.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Compression, Connect, OwnCopy, RoomBy, Rooms};

    fn group(compressed: bool) -> Group {
        let compression = compressed.then(Compression::default);
        Group { connect: Connect { compression, ..Connect::default() }, ..Group::default() }
    }

    #[test]
    fn rooms_of_the_embedded_server_are_not_compressed() {
        let refusal = |groups: &[Group]| check(groups).err().map(|error| (error.group, error.key));
        let by = RoomBy::Size(std::num::NonZeroU32::MIN);
        let rooms = Rooms { by, publishers: None, own: OwnCopy::Expect, durable: false };
        let with_rooms = || Group { rooms: Some(rooms.clone()), ..group(false) };
        assert_eq!(refusal(&[with_rooms()]), None);
        assert_eq!(refusal(&[with_rooms(), group(true)]), Some((Some(1), "compress")));
        let elsewhere = Group { target: Target::Url("ws://h/".parse().unwrap()), ..group(true) };
        assert_eq!(refusal(&[with_rooms(), elsewhere]), None);
    }
}
