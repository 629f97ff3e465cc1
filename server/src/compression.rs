//! Compression of what the server sends on one connection (RFC 7692).

use frames::{
    Encoder, Kind, Role,
    deflate::{DeflateParameters, Deflater, Inflater},
};

/// Compresses the messages of a connection.
#[derive(Debug)]
pub(crate) struct Compressor {
    deflater: Deflater,
    parameters: DeflateParameters,
}

impl Compressor {
    /// A compressor for a connection that has agreed on these parameters.
    pub(crate) fn new(parameters: DeflateParameters) -> Self {
        Self { deflater: Deflater::new(parameters, Role::Server), parameters }
    }

    /// What inflates the messages of the peer.
    pub(crate) fn inflater(parameters: DeflateParameters) -> Inflater {
        Inflater::new(parameters, Role::Server)
    }

    /// Writes a message as one frame of a server.
    #[cold]
    pub(crate) fn message(&mut self, kind: Kind, payload: &[u8], out: &mut Encoder) {
        out.compressed_message(kind, None, &mut self.deflater, payload);
    }

    /// Bytes of memory that the connection takes to compress, at most. The decoder counts what it
    /// keeps to inflate.
    pub(crate) fn held_bytes(&self) -> usize {
        let Self { parameters, .. } = self;
        let kept = !parameters.no_context_takeover(Role::Server);
        if kept { deflating(parameters.window_bits(Role::Server).get()) } else { 0 }
    }
}

/// Bytes that a [`Deflater`] keeps, by its window: see the table of [`frames::deflate`].
fn deflating(window_bits: u8) -> usize {
    if window_bits <= 11 { 1 << window_bits } else { (146 << 10) + (4 << window_bits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_the_table() {
        for (bits, sends) in [(8, 0), (11, 2), (12, 162), (13, 178), (14, 210), (15, 274)] {
            assert_eq!(deflating(bits) >> 10, sends, "{bits}");
        }
    }
}
