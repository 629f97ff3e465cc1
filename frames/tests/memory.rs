//! What compression takes of memory, as the allocator counts it.

use allocation_counter::measure;
use frames::{
    Decoder, Encoder, Kind, Role, Settings,
    deflate::{DeflateSettings, Deflater, Inflater, WindowBits},
};

/// Sends messages of 1 KiB from one end to the other. Returns bytes that the compressor and the
/// decoder keep, in KiB.
fn kept(bits: u8, no_context_takeover: bool) -> [usize; 2] {
    let settings = DeflateSettings { window_bits: WindowBits::new(bits).expect("8 to 15"), no_context_takeover };
    let parameters = settings.choose(&[settings.offer()]).expect("lawful");
    let limit = 1 << 20;
    let settings = Settings { role: Role::Server, max_frame: limit, max_message: limit, max_frames: None };
    let message: Vec<u8> = (0..1024_u32).map(|at| (at * at % 251).to_le_bytes()[0]).collect();
    let mut deflater = Deflater::new(parameters, Role::Client);
    let mut decoder = Decoder::with_inflater(settings, Inflater::new(parameters, Role::Server));
    let (mut sent, mut received) = (0, 0);
    for _ in 0..80 {
        let mut encoder = Encoder::default();
        // Room for the frame, so that the compressor alone is counted.
        encoder.message(Kind::Binary, None, 8192, |_| {});
        encoder.clear();
        let counts = measure(|| _ = encoder.compressed_message(Kind::Binary, Some([1; 4]), &mut deflater, &message));
        sent += counts.bytes_current;
        let mut bytes = encoder.bytes().to_vec();
        let counts = measure(|| {
            assert!(decoder.next(&mut bytes.as_mut_slice().into()).expect("lawful").is_some());
            decoder.release();
        });
        received += counts.bytes_current;
    }
    let kept = [sent, received].map(|bytes| usize::try_from(bytes).expect("more is taken than freed"));
    for (counted, said) in kept.into_iter().zip([deflater.held(), decoder.held()]) {
        // Without a context, the first takes what all share.
        assert!(no_context_takeover || said.abs_diff(counted) < 1024, "{counted} bytes, and it says {said}");
    }
    kept.map(|bytes| bytes.div_ceil(1024))
}

#[test]
fn an_end_keeps_what_the_table_says() {
    // What the threads share is there.
    for bits in 8..=15 {
        kept(bits, true);
    }
    let found: Vec<_> = (8..=15).map(|bits| kept(bits, false)).collect();
    // The table of `frames::deflate`.
    assert_eq!(found, [[1, 1], [1, 1], [1, 1], [2, 2], [162, 4], [178, 8], [210, 47], [274, 47]]);
    assert_eq!((8..=15).map(|bits| kept(bits, true)).collect::<Vec<_>>(), [[0, 0]; 8]);
}
