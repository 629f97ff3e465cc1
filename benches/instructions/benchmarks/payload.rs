//! Making and checking a message.

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::payload::{Mix, Payload, Series, leading};

use super::{CLIENT, MESSAGES, RUN};

struct Message {
    series: Series,
    checksum: u32,
    bytes: Vec<u8>,
}

/// Message 1, made: the CRC's first use asks what the processor can do.
fn message(mix: Mix, size: u32) -> Message {
    let series = Payload::new(RUN, size, mix).of(CLIENT);
    let mut bytes = vec![0; series.size()];
    Message { series, checksum: series.encode(1, &mut bytes), bytes }
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = message)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = message)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = message)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = message)]
fn encode(mut message: Message) -> Message {
    for sequence in 0..MESSAGES {
        message.series.encode(sequence, black_box(&mut message.bytes));
    }
    message
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = message)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = message)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = message)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = message)]
fn check(message: Message) -> Message {
    for _ in 0..MESSAGES {
        assert!(message.series.is(1, message.checksum, black_box(&message.bytes)));
    }
    message
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = message)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = message)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = message)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = message)]
fn recognize(message: Message) -> Message {
    for _ in 0..MESSAGES {
        assert!(leading(black_box(&message.bytes)).is_some());
    }
    message
}

library_benchmark_group!(name = payload, benchmarks = [encode, check, recognize]);
