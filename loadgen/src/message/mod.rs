//! The bytes of message k of client c.
//!
//! ```text
//! source.rs    what the clients of a group send: generated messages, or templates
//! generated/   messages that loadgen makes up: a header that names the message, and a body
//! template/    messages of the user, with {{...}} for what differs
//! data/        values for templates, a row a client
//! bound/       templates with what their names stand for in a group
//! id.rs        numbers that name messages
//! marks/       finds the marks of messages in what comes back
//! pattern.rs   regular expressions over the bytes of an event
//! capture.rs   what clients remember of the events that they receive
//! split_mix.rs random values that follow the seed
//! ```

mod bound;
mod capture;
mod data;
mod generated;
mod id;
mod marks;
mod pattern;
mod source;
mod split_mix;
mod template;

pub use self::{
    bound::{BoundTemplate, ClientValues, Place, RoomName, Scope, Values},
    capture::Capture,
    data::{Data, DataError},
    generated::{
        ClientMessages, MessageHeader, MessageKind, Mix, Payload, SizeQuantile, SizeQuantiles, SizeRange, Sizes,
        VariedMessages, VariedPayload, leading, parse,
    },
    id::Id,
    marks::{BrokenMark, MARK, Marks, WholeMark},
    pattern::Pattern,
    source::{ClientSource, ClientTemplates, Source, Templates},
    template::{Name, Template, TemplateError, TemplatePart},
};
pub(crate) use self::{
    capture::CapturedValues,
    generated::{distance, mix, parse_text, text_header},
    marks::only_mark,
};
