//! Finds that slow readers could not read one message a second.

use reports::human;

use crate::plan::{error::PlanError, group::Group};

/// Finds a group whose clients would read less than their largest message in a second. Then nothing
/// could be told of them in a run of ordinary length.
pub(super) fn check(groups: &[Group]) -> Result<(), PlanError> {
    // A message to a room may come from another group.
    let in_rooms = groups.iter().filter(|group| group.rooms.is_some()).map(Group::largest_message).max();
    for (index, group) in groups.iter().enumerate() {
        let Some(rate) = group.read else { continue };
        let largest = match in_rooms.filter(|_| group.rooms.is_some()) {
            Some(in_rooms) => in_rooms,
            None if group.load.sends() => group.largest_message(),
            // What the server pushes is not known.
            None => 0,
        };
        if rate.get() < largest as u64 {
            let why = format!(
                "a message of {} bytes would take more than a second to read; give {largest}/s or more",
                human::count(largest as u64)
            );
            return Err(PlanError::new(Some(index), "read", format!("{rate}/s"), why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::*;
    use crate::{
        message::Mix,
        plan::{Load, Messages, OwnCopy, RoomBy, Rooms, Sizes},
    };

    fn group(size: u32, read: u64) -> Group {
        Group {
            messages: Messages::Generated { sizes: Sizes::Fixed(size), mix: Mix::Text },
            read: NonZeroU64::new(read),
            ..Group::default()
        }
    }

    #[test]
    fn who_reads_less_than_a_message_a_second_is_refused() {
        assert_eq!(
            check(&[group(4096, 4095)]).unwrap_err().to_string(),
            "--read 4095/s: a message of 4 096 bytes would take more than a second to read; give 4096/s or more"
        );
        assert_eq!(check(&[group(4096, 4096)]), Ok(()));
        assert_eq!(check(&[group(4096, 0)]), Ok(()), "they read what comes");
        let listener = Group { load: Load::Listen, ..group(4096, 10) };
        assert_eq!(check(&[listener]), Ok(()));
    }

    #[test]
    fn in_rooms_the_messages_of_all_groups_count() {
        let by = RoomBy::Size(NonZeroU32::new(10).unwrap());
        let rooms = Some(Rooms { by, publishers: None, own: OwnCopy::Expect, durable: false });
        let slow = Group { load: Load::Listen, rooms: rooms.clone(), ..group(64, 1000) };
        let large = Group { rooms, ..group(2000, 0) };
        let error = check(&[large, slow]).unwrap_err();
        assert_eq!((error.group, error.value.as_deref()), (Some(1), Some("1000/s")));
    }
}
