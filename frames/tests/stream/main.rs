//! Streams of frames, right and wrong, cut in every way.

mod cuts;
mod duties;
mod oracle;
mod refusals;
mod rig;
