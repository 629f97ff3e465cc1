//! What events are with marks, ids and numbered pushes: scenarios written by hand, and random
//! histories whose outcome is known by construction.

mod ids;
mod marks;
mod pushes;
mod random;
mod rig;
mod sessions;
mod templates;
mod until;
mod varied;
