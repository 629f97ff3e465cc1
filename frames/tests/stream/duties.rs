//! What is encoded is what is decoded, with the duties of a sender kept.

use frames::{Encoder, Kind, Masks, Role};
use rand::{SeedableRng, rngs::StdRng};

use crate::rig::{OwnedEvent, ROLES, decode, settings};

#[test]
fn a_burst_is_one_run_of_bytes_and_comes_out_as_it_went_in() {
    for role in ROLES {
        let mut masks = Masks::new(StdRng::seed_from_u64(7));
        // A client's frames are for a server, and masked.
        let mut mask = || (role == Role::Server).then(|| masks.draw());
        let (mut encoder, mut expected) = (Encoder::default(), Vec::new());
        for length in [0, 1, 7, 64, 125, 126, 127, 65_535, 65_536, 70_000] {
            encoder.message(Kind::Text, mask(), length, |out| out.fill(b't'));
            encoder.message(Kind::Binary, mask(), length, |out| out.fill(0xb1));
            expected.extend([OwnedEvent::Text(vec![b't'; length]), OwnedEvent::Binary(vec![0xb1; length])]);
        }
        encoder.ping(mask(), b"are you there");
        encoder.pong(mask(), &[7; 200]);
        encoder.close(mask(), Some((1000, &"ü".repeat(100))));
        expected.extend([OwnedEvent::Ping(b"are you there".to_vec()), OwnedEvent::Pong(vec![7; 125])]);
        // 61 characters of two bytes: another would be cut.
        expected.push(OwnedEvent::Close(Some((1000, "ü".repeat(61).into()))));
        assert_eq!(decode(settings(role), [encoder.bytes()]), (expected, None));
    }
}

#[test]
fn a_buffer_is_used_again_and_a_close_may_be_bare() {
    let mut encoder = Encoder::default();
    assert!(encoder.is_empty());
    encoder.message(Kind::Binary, None, 1 << 19, |out| out.fill(1));
    encoder.clear();
    assert!(encoder.is_empty());
    encoder.message(Kind::Text, None, 2, |out| out.copy_from_slice(b"hi"));
    encoder.close(None, None);
    assert_eq!(encoder.bytes(), [0x81, 2, b'h', b'i', 0x88, 0]);
}
