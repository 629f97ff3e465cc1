//! A tunnel through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6).

use super::{
    ResponseError,
    final_head::{FinalHead, FinalHeadReader},
};

/// Writes a client's request for a tunnel to `authority`, such as `example.org:443`. `fields` are
/// added to `Host`. The caller ensures that the authority is valid, that the fields' names are
/// tokens, and that their values have no control characters.
pub fn tunnel_request<'a>(out: &mut Vec<u8>, authority: &str, fields: impl Iterator<Item = (&'a str, &'a [u8])>) {
    for part in ["CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    for (name, value) in fields {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Reads a proxy's response to CONNECT, and decides on it.
///
/// Any status 2xx opens the tunnel, in HTTP/1.0 and HTTP/1.1. Such a response has no body: a length
/// or a transfer coding is ignored (RFC 9110, section 9.3.6), and the bytes after its head are the
/// tunnel's.
#[derive(Debug)]
pub struct TunnelReader {
    reader: FinalHeadReader,
}

impl Default for TunnelReader {
    fn default() -> Self {
        Self { reader: FinalHeadReader::awaiting(200..=299) }
    }
}

impl TunnelReader {
    /// Takes the bytes of a read. Returns none until the head is complete, and then the bytes after
    /// it. Of a refusal, the first bytes of its body count as a part of it.
    ///
    /// # Errors
    /// The proxy declines, or does not speak HTTP. Don't call this again after an error.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, ResponseError> {
        Ok(self.reader.take(bytes)?.map(|FinalHead { remaining, .. }| remaining))
    }

    /// Whether the response is refused, and only its body is still read. The caller may stop
    /// waiting for that and call [`Self::finish`].
    pub fn is_refused(&self) -> bool {
        self.reader.is_refused()
    }

    /// Whether any byte was received.
    pub fn has_begun(&self) -> bool {
        self.reader.has_begun()
    }

    /// Decides on the bytes so far, when the stream has ended or the caller waits no longer.
    pub fn finish(&mut self) -> ResponseError {
        self.reader.finish()
    }
}
