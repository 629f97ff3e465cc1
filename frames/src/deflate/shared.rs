//! Streams of zlib that all connections of a thread share.

use std::cell::RefCell;

use zlib_rs::{Deflate, Inflate};

use super::window_bits::WindowBits;

thread_local! {
    /// One for each window in use.
    static DEFLATE: RefCell<Vec<(WindowBits, Deflate)>> = const { RefCell::new(Vec::new()) };
    static INFLATE: RefCell<Option<Inflate>> = const { RefCell::new(None) };
}

/// Calls `compress` with a compressor that was just reset. `new` makes one.
pub(super) fn with_deflate<R>(
    window_bits: WindowBits,
    new: impl FnOnce(WindowBits) -> Deflate,
    compress: impl FnOnce(&mut Deflate) -> R,
) -> R {
    DEFLATE.with_borrow_mut(|streams| {
        let at = if let Some(at) = streams.iter().position(|(bits, _)| *bits == window_bits) {
            streams[at].1.reset();
            at
        } else {
            streams.push((window_bits, new(window_bits)));
            streams.len() - 1
        };
        compress(&mut streams[at].1)
    })
}

/// Calls `inflate` with a decompressor that was just reset.
pub(super) fn with_inflate<R>(new: impl FnOnce() -> Inflate, inflate: impl FnOnce(&mut Inflate) -> R) -> R {
    INFLATE.with_borrow_mut(|stream| {
        if let Some(stream) = stream {
            stream.reset(false);
        }
        inflate(stream.get_or_insert_with(new))
    })
}
