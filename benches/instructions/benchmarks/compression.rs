//! What compression costs a message (RFC 7692): in the window of all messages before it, in a small
//! window, and without a window.

use ::frames::{
    Decoder, Encoder, Input, Kind, Mask, Role, Settings,
    deflate::{DeflateParameters, DeflateSettings, Deflater, Inflater, WindowBits},
};
use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::message::{Mix, Payload};

use super::{MESSAGES, RUN, encoded};

const MASK: Mask = [0x37, 0xfa, 0x21, 0x3d];

const LIMIT: u64 = 1 << 20;

fn parameters(bits: u8, no_context_takeover: bool) -> DeflateParameters {
    let window_bits = WindowBits::new(bits).expect("8 to 15");
    let settings = DeflateSettings { window_bits, no_context_takeover };
    settings.choose(&[settings.offer()]).expect("it is lawful")
}

struct Compressing {
    deflater: Deflater,
    encoder: Encoder,
    messages: Vec<Vec<u8>>,
}

fn compressing(bits: u8, no_context_takeover: bool, size: u32) -> Compressing {
    let payload = Payload::new(RUN, size, Mix::Text);
    let mut compressing = Compressing {
        deflater: Deflater::new(parameters(bits, no_context_takeover), Role::Client),
        encoder: Encoder::default(),
        messages: (0..=MESSAGES).map(|sequence| encoded(&payload, sequence)).collect(),
    };
    // Memory is taken once.
    let first = compressing.messages.pop().expect("one more than are counted");
    compressing.encoder.compressed_message(Kind::Text, Some(MASK), &mut compressing.deflater, &first);
    compressing
}

#[library_benchmark]
#[bench::text_64(args = (15, false, 64), setup = compressing)]
#[bench::text_4096(args = (15, false, 4096), setup = compressing)]
#[bench::small_window_64(args = (9, false, 64), setup = compressing)]
#[bench::no_window_64(args = (15, true, 64), setup = compressing)]
fn deflate(mut compressing: Compressing) -> Compressing {
    let Compressing { deflater, encoder, messages } = &mut compressing;
    for message in messages {
        encoder.clear();
        encoder.compressed_message(Kind::Text, Some(MASK), deflater, message);
    }
    compressing
}

struct Inflating {
    decoder: Decoder,
    /// A read each.
    reads: Vec<Vec<u8>>,
}

fn inflating(bits: u8, no_context_takeover: bool, size: u32) -> Inflating {
    let payload = Payload::new(RUN, size, Mix::Text);
    let parameters = parameters(bits, no_context_takeover);
    let mut deflater = Deflater::new(parameters, Role::Server);
    let read = |sequence| {
        let mut encoder = Encoder::default();
        encoder.compressed_message(Kind::Text, None, &mut deflater, &encoded(&payload, sequence));
        encoder.bytes().to_vec()
    };
    let mut reads: Vec<_> = (0..=MESSAGES).map(read).collect();
    let settings = Settings { role: Role::Client, max_frame: LIMIT, max_message: LIMIT, max_frames: None };
    let mut decoder = Decoder::with_inflater(settings, Inflater::new(parameters, Role::Client));
    // Memory is taken once.
    let mut first = reads.remove(0);
    decoder.next(&mut Input::from(first.as_mut_slice())).expect("a good frame");
    Inflating { decoder, reads }
}

#[library_benchmark]
#[bench::text_64(args = (15, false, 64), setup = inflating)]
#[bench::text_4096(args = (15, false, 4096), setup = inflating)]
#[bench::small_window_64(args = (9, false, 64), setup = inflating)]
#[bench::no_window_64(args = (15, true, 64), setup = inflating)]
fn inflate(mut inflating: Inflating) -> Inflating {
    let mut received = 0;
    for read in &mut inflating.reads {
        let mut input = Input::from(read.as_mut_slice());
        while inflating.decoder.next(&mut input).expect("good frames").is_some() {
            received += 1;
        }
    }
    assert_eq!(received, MESSAGES);
    inflating
}

library_benchmark_group!(name = compression, benchmarks = [deflate, inflate]);
