//! Making and checking a message.

use std::hint::black_box;

use frames::PayloadSpace;
use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::message::{Mix, Payload, leading};

use super::{CLIENT, MESSAGES, RUN};

/// Messages that are made together: the default of `--burst`.
const BURST: usize = 5;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

struct EncodedMessage {
    payload: Payload,
    checksum: u32,
    bytes: Vec<u8>,
}

/// Which message is checked: one without anything before its header, as seven in eight are.
const CHECKED: u64 = 2;

/// That message, made: the CRC's first use asks what the processor can do.
fn message(mix: Mix, size: u32) -> EncodedMessage {
    let payload = Payload::new(RUN, size, mix);
    let mut bytes = vec![0; payload.size()];
    EncodedMessage { payload, checksum: payload.encode(CLIENT, CHECKED, &mut bytes), bytes }
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = message)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = message)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = message)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = message)]
fn encode(message: EncodedMessage) -> EncodedMessage {
    let EncodedMessage { payload, bytes, .. } = &message;
    let series = payload.of(CLIENT);
    let (mut burst, size) = (bytes.repeat(BURST), bytes.len());
    for first in (0..MESSAGES).step_by(BURST) {
        let payloads = black_box(&mut burst).chunks_exact_mut(size);
        let payloads = payloads.map(|out| PayloadSpace::new(Some(MASK), out));
        series.encode_all(first, payloads, |checksum| {
            black_box(checksum);
        });
    }
    message
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = message)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = message)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = message)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = message)]
fn check(message: EncodedMessage) -> EncodedMessage {
    let series = message.payload.of(CLIENT);
    let kind = series.kind(CHECKED);
    for _ in 0..MESSAGES {
        assert!(series.is(CHECKED, message.checksum, kind, black_box(&message.bytes)));
    }
    message
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = message)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = message)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = message)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = message)]
fn recognize(message: EncodedMessage) -> EncodedMessage {
    for _ in 0..MESSAGES {
        assert!(leading(black_box(&message.bytes)).is_some());
    }
    message
}

library_benchmark_group!(name = payload, benchmarks = [encode, check, recognize]);
