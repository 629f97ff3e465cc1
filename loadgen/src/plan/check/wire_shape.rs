//! Finds that messages can't be cut as a plan says.

use reports::human;

use crate::plan::{WriteShape, error::PlanError, group::Group, rate::Rate, wire_shape::WireShape};

/// Frames, and writes, of one message at most. As many writes take about ten milliseconds, and the
/// other connections wait meanwhile.
const MOST: u64 = 16_384;

/// Bytes of the longest header.
const HEADER: u64 = 14;

/// Finds that a message would be too many frames or writes, or all messages together too many.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let WireShape { fragment, write } = group.wire_shape;
    let size = group.largest_message() as u64;
    let frames = fragment.map_or(1, |most| size.div_ceil(most.get().into()).max(1));
    if let Some(most) = fragment.filter(|_| frames > MOST) {
        let why = format!(
            "a message of {} bytes would be {} frames; at most {} are accepted: give {} or more",
            human::count(size),
            human::count(frames),
            human::count(MOST),
            size.div_ceil(MOST)
        );
        return Err(PlanError::new(Some(index), "fragment", most, why));
    }
    let (value, writes) = match write {
        WriteShape::Burst => return Ok(()),
        WriteShape::Frame => ("frame".to_owned(), frames),
        WriteShape::Split(most) => {
            let bytes = size + frames * HEADER;
            let writes = bytes.div_ceil(most.get().into());
            if writes > MOST {
                let why = format!(
                    "a message of {} bytes would take {} writes; at most {} are accepted: give split={} or more",
                    human::count(size),
                    human::count(writes),
                    human::count(MOST),
                    bytes.div_ceil(MOST)
                );
                return Err(PlanError::new(Some(index), "write_shape", format!("split={most}"), why));
            }
            (format!("split={most}"), writes)
        }
    };
    let rate = group.peak_rate().unwrap_or(0.0) * writes as f64;
    if rate > Rate::MAX_TOTAL {
        let why = format!(
            "{} writes a message are {} writes per second in total; at most {} are accepted: send less, or in larger \
             pieces",
            human::count(writes),
            human::rate(rate),
            human::rate(Rate::MAX_TOTAL)
        );
        return Err(PlanError::new(Some(index), "write_shape", value, why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{
        message::Mix,
        plan::{Messages, Sizes},
    };

    fn group(size: u32, fragment: Option<u32>, write: WriteShape) -> Group {
        let fragment = fragment.and_then(NonZeroU32::new);
        let messages = Messages::Generated { sizes: Sizes::Fixed(size), mix: Mix::Text };
        Group { messages, wire_shape: WireShape { fragment, write }, ..Group::default() }
    }

    fn split(most: u32) -> WriteShape {
        WriteShape::Split(NonZeroU32::new(most).unwrap())
    }

    #[test]
    fn small_pieces_of_large_messages_are_refused() {
        let refused = |size, fragment, write| check(0, &group(size, fragment, write)).unwrap_err().to_string();
        assert_eq!(
            refused(1 << 20, Some(10), WriteShape::Burst),
            "--fragment 10: a message of 1 048 576 bytes would be 104 858 frames; at most 16 384 are accepted: give \
             64 or more"
        );
        assert_eq!(
            refused(1 << 20, None, split(1)),
            "--write-shape split=1: a message of 1 048 576 bytes would take 1 048 590 writes; at most 16 384 are \
             accepted: give split=65 or more"
        );
        // 100 clients with 50 messages a second each.
        assert_eq!(
            refused(4000, None, split(1)),
            "--write-shape split=1: 4 014 writes a message are 20 070 000 writes per second in total; at most 10 000 000 are \
             accepted: send less, or in larger pieces"
        );
        assert!(refused(16_000, Some(1), WriteShape::Frame).starts_with("--write-shape frame: 16 000 writes"));
        for (size, fragment, write) in [
            (1 << 20, Some(64), WriteShape::Burst),
            (64, Some(1), WriteShape::Frame),
            (64, None, split(1)),
            (1 << 20, None, split(60_000)),
        ] {
            assert_eq!(check(0, &group(size, fragment, write)), Ok(()), "{size} {fragment:?} {write:?}");
        }
    }
}
