//! Heads with some bytes changed: the decision does not depend on how the stream is cut.

use frames::handshake::Key;
use proptest::{prelude::*, sample::Index};

use crate::{answers, requests};

/// A change of a stream.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index, u8),
    Repeat(Index, u8),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let part = |at: usize, len: u8| at..bytes.len().min(at + usize::from(len % 40));
        match self {
            Self::Replace(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Self::Remove(at, len) => drop(bytes.drain(part(at.index(bytes.len()), *len))),
            Self::Repeat(at, len) => {
                let at = at.index(bytes.len());
                let again = bytes[part(at, *len)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\r\n\0\t :,;\"\\/1aH-".to_vec())];
    let change = (any::<Index>(), byte, 0..4_u8).prop_map(|(at, byte, which)| match which {
        0 => Change::Replace(at, byte),
        1 => Change::Insert(at, byte),
        2 => Change::Remove(at, byte),
        _ => Change::Repeat(at, byte),
    });
    prop::collection::vec(change, 0..5)
}

proptest! {
    #[test]
    fn an_answer_means_the_same_however_it_is_cut(which: Index, changes in changes(), piece in 1..40_usize) {
        let key = Key::from(*b"the sample nonce");
        let mut bytes = answers::bytes(which.get(answers::ANSWERS).1, &key);
        for change in &changes {
            change.apply(&mut bytes);
        }
        let whole = answers::decision(&key, std::iter::once(bytes.as_slice()));
        prop_assert_eq!(&answers::decision(&key, bytes.chunks(piece)), &whole);
        prop_assert_eq!(&answers::decision(&key, bytes.chunks(1)), &whole);
    }

    #[test]
    fn a_request_means_the_same_however_it_is_cut(which: Index, changes in changes(), piece in 1..40_usize) {
        let mut bytes = requests::bytes(which.get(requests::REQUESTS).1);
        for change in &changes {
            change.apply(&mut bytes);
        }
        let whole = requests::decision(std::iter::once(bytes.as_slice()));
        prop_assert_eq!(&requests::decision(bytes.chunks(piece)), &whole);
        prop_assert_eq!(&requests::decision(bytes.chunks(1)), &whole);
    }
}
