//! What frames cost a message in the lean engine, made a burst at a time, parsed in place; and in
//! the server, parsed, checked for UTF-8 and made again. The messages in them are counted in
//! `payload.rs`.

use std::hint::black_box;

use ::frames::{Decoder, Encoder, Event, Input, Kind, Mask, Role, Settings};
use gungraun::{library_benchmark, library_benchmark_group};
use loadgen::message::{self, Mix, Payload};

use super::{MESSAGES, RUN, encoded};

/// Messages that are written together and come in one read: the default of `--burst`.
const BURST: usize = 5;

const MASK: Mask = [0x37, 0xfa, 0x21, 0x3d];

const LIMIT: u64 = 1 << 20;

struct Sending {
    encoder: Encoder,
    /// The length of each message, and its kind.
    length: usize,
    kind: Kind,
}

fn kind(payload: &Payload, sequence: u64) -> Kind {
    match payload.kind(sequence) {
        message::MessageKind::Text => Kind::Text,
        message::MessageKind::Binary => Kind::Binary,
    }
}

fn sending(mix: Mix, size: u32) -> Sending {
    let payload = Payload::new(RUN, size, mix);
    let mut sending = Sending { encoder: Encoder::default(), length: payload.size(), kind: kind(&payload, 0) };
    // The buffer grows once.
    sending.burst();
    sending
}

impl Sending {
    fn burst(&mut self) {
        let (kind, length) = (self.kind, self.length);
        let messages = (0..BURST).map(|_| (kind, length));
        self.encoder.masked_messages(
            messages,
            || MASK,
            |payloads| {
                for space in payloads {
                    black_box(space);
                }
            },
        );
        assert!(self.encoder.bytes().len() > self.length);
        self.encoder.clear();
    }
}

#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = sending)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = sending)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = sending)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = sending)]
fn encode(mut sending: Sending) -> Sending {
    for _ in 0..MESSAGES / BURST as u64 {
        sending.burst();
    }
    sending
}

struct Receiving {
    decoder: Decoder,
    /// A read each.
    reads: Vec<Vec<u8>>,
    answers: Encoder,
}

fn receiving(role: Role, mask: Option<Mask>, mix: Mix, size: u32) -> Receiving {
    let payload = Payload::new(RUN, size, mix);
    let read = |first: u64| {
        let mut encoder = Encoder::default();
        for sequence in first..first + BURST as u64 {
            let message = encoded(&payload, sequence);
            encoder.message(kind(&payload, sequence), mask, message.len(), |room| room.copy_from_slice(&message));
        }
        encoder.bytes().to_vec()
    };
    Receiving {
        decoder: Decoder::new(Settings { role, max_frame: LIMIT, max_message: LIMIT, max_frames: None }),
        reads: (0..MESSAGES / BURST as u64).map(|burst| read(burst * BURST as u64)).collect(),
        answers: Encoder::default(),
    }
}

fn client(mix: Mix, size: u32) -> Receiving {
    receiving(Role::Client, None, mix, size)
}

fn server(mix: Mix, size: u32) -> Receiving {
    let mut receiving = receiving(Role::Server, Some(MASK), mix, size);
    // The buffer grows once.
    receiving.answers.message(Kind::Binary, None, BURST * (size as usize + 10), |_| {});
    receiving.answers.clear();
    receiving
}

// At a glance, as the engine does: text that is as it must be to the last byte is UTF-8.
#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = client)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = client)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = client)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = client)]
fn decode(mut receiving: Receiving) -> Receiving {
    let mut received = 0;
    for read in &mut receiving.reads {
        let mut input = Input::from(read.as_mut_slice());
        while receiving.decoder.next_whole(&mut input).is_some() {
            received += 1;
        }
    }
    assert_eq!(received, MESSAGES);
    receiving
}

// As the server's connection does, for each read.
#[library_benchmark]
#[bench::text_64(args = (Mix::Text, 64), setup = server)]
#[bench::binary_64(args = (Mix::Binary, 64), setup = server)]
#[bench::text_4096(args = (Mix::Text, 4096), setup = server)]
#[bench::binary_4096(args = (Mix::Binary, 4096), setup = server)]
fn echo(mut receiving: Receiving) -> Receiving {
    let mut echoed = 0;
    for read in &mut receiving.reads {
        let mut input = Input::from(read.as_mut_slice());
        while let Some(event) = receiving.decoder.next(&mut input).expect("good frames") {
            if let Event::Message(message) = event {
                let length = message.payload.len();
                receiving.answers.message(message.kind, None, length, |echo| echo.copy_from_slice(message.payload));
                echoed += 1;
            }
        }
        receiving.answers.clear();
    }
    assert_eq!(echoed, MESSAGES);
    receiving
}

library_benchmark_group!(name = frames, benchmarks = [encode, decode, echo]);
