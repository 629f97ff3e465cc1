//! Tests of the loop with simulated peers and a simulated clock. Nothing waits in real time.

mod changing_load;
mod closed_model;
mod connecting;
mod dialogue;
mod finishing;
mod groups;
mod histories;
mod listening;
mod open_model;
mod pings;
mod presence;
mod rig;
mod rooms;
mod rooms_with_sessions;
mod sessions;
mod slow_readers;
mod so_far;
mod stop;
mod templates;
