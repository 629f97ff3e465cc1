//! The bytes of message k of client c.
//!
//! ```text
//! source.rs    what the clients of a group send: generated messages, or templates
//! generated/   messages that loadgen makes up: a header that names the message, and a body
//! template.rs  messages of the user, with {{...}} for what differs
//! data.rs      values for templates, a row a client
//! id.rs        numbers that name messages
//! marks/       finds the marks of messages in what comes back
//! ```

mod data;
mod generated;
mod id;
mod marks;
mod source;
mod template;

pub(crate) use self::generated::{distance, mix, parse_text, text_header};
pub use self::{
    data::Data,
    generated::{ClientMessages, MessageHeader, MessageKind, Mix, Payload, leading, parse},
    id::Id,
    marks::{BrokenMark, MARK, Marks, WholeMark},
    source::Source,
    template::{Template, TemplateError},
};
