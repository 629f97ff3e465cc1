//! What the server agrees on in the opening handshake.

use clap::{Args, error::ErrorKind};

use super::{refused, values};
use crate::DeflateSettings;

/// What the server agrees on, if the client offers it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Handshake")]
#[allow(rustdoc::broken_intra_doc_links)] // Help is no Markdown.
pub(super) struct HandshakeArgs {
    /// Subprotocols to choose from, such as chat,superchat
    ///
    /// The first that the client offers is chosen. Without it, none is.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = values::subprotocol)]
    pub(super) subprotocol: Vec<String>,

    /// Compress messages: [=WINDOW BITS][,no-context-takeover]
    ///
    /// With clients that offer permessage-deflate. Such as --compress, --compress=12 or
    /// --compress=12,no-context-takeover. Fewer window bits, 9 to 15, take less memory and compress
    /// less. Not with --rooms, whose members all get the same frames.
    ///
    /// [default with --compress: 15, with context takeover]
    #[arg(long, value_name = "PARAMETERS", num_args = 0..=1, require_equals = true, default_missing_value = "15")]
    #[arg(value_parser = values::compression)]
    compress: Option<DeflateSettings>,
}

impl HandshakeArgs {
    /// How messages are compressed, if they may be.
    ///
    /// # Errors
    /// With rooms.
    pub(super) fn compression(&self, has_rooms: bool) -> Result<Option<DeflateSettings>, clap::Error> {
        match self.compress {
            Some(_) if has_rooms => Err(refused(
                ErrorKind::ArgumentConflict,
                "--compress: --rooms sends the same frames to all members, so it can't compress them; leave out one of \
                 the two"
                    .to_owned(),
            )),
            compress => Ok(compress),
        }
    }
}
