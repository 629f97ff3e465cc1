//! The ledgers of rooms against scenarios written by hand, and against random histories whose
//! outcome a model knows that remembers everything.

mod histories;
mod model;
mod rig;
mod scenarios;
mod script;
mod sessions;
mod shards;
mod steps;
