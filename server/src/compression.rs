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

    /// Bytes of memory that the connection takes for compression in both directions, at most.
    pub(crate) fn held_bytes(&self) -> usize {
        let Self { parameters, .. } = self;
        let sends = deflating(parameters.window_bits(Role::Server).get());
        let receives = inflating(parameters.window_bits(Role::Client).get());
        let kept = |role, bytes| if parameters.no_context_takeover(role) { 0 } else { bytes };
        kept(Role::Server, sends) + kept(Role::Client, receives)
    }
}

/// Bytes that a [`Deflater`] keeps, by its window: see the table of [`frames::deflate`].
fn deflating(window_bits: u8) -> usize {
    if window_bits <= 11 { 1 << window_bits } else { (146 << 10) + (4 << window_bits) }
}

/// Bytes that an [`Inflater`] keeps, by its window: see the table of [`frames::deflate`].
fn inflating(window_bits: u8) -> usize {
    if window_bits <= 13 { 1 << window_bits } else { 47 << 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_the_table() {
        let table = [(8, 0, 0), (11, 2, 2), (12, 162, 4), (13, 178, 8), (14, 210, 47), (15, 274, 47)];
        for (bits, sends, receives) in table {
            assert_eq!((deflating(bits) >> 10, inflating(bits) >> 10), (sends, receives), "{bits}");
        }
    }
}
