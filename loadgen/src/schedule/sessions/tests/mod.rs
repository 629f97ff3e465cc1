//! Sessions against tables and a model.

mod histories;
mod rig;
mod table;
