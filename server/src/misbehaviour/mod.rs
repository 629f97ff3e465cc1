//! What the server does wrong or late on purpose, for tests of those who measure servers. An echo server has no use for any of
//! this, and without the options that ask for it nothing here exists.

pub(crate) mod answer_queue;
pub(crate) mod answer_sender;
pub(crate) mod delay;
pub(crate) mod fault;
pub(crate) mod message;
pub(crate) mod timer;
