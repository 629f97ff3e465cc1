//! The clients of one group on a worker: what drives them, and what was recorded of them.

use std::{rc::Rc, sync::Arc, time::Duration};

use super::{
    clients::MAX_UNSENT,
    config::{GroupConfig, WorkerConfig},
    dialogue::GroupDialogue,
    lifecycle::GroupSessions,
    outcome::GroupOutcome,
    rooms::run_rooms::RunRooms,
};
use crate::{
    dialogue::Script,
    plan::{Load, Share, Until},
    schedule::{
        Schedule, Senders,
        driver::{ClosedDriver, Driver, ListenDriver, OpenDriver, Progress},
    },
    transport::Route,
};

/// Bytes that are queued before they are written. A message's write time is taken just before the
/// write, so a burst of large messages is written in parts.
const WRITE_AT_ONCE: usize = 64 * 1024;

/// Bytes that fill a window at once. The rest of a large window follows after other connections.
const FILL: usize = 256 * 1024;

/// Bytes that a connection may have unsent before a burst is cut short. Leaves room for large
/// messages and bounds large bursts.
const MAX_UNSENT_BURST: u64 = 64 * MAX_UNSENT;

/// The clients of one group on a worker.
#[derive(Debug)]
pub(super) struct WorkerGroup {
    pub(super) config: GroupConfig,
    pub(super) route: Rc<Route>,
    pub(super) driver: Driver,
    pub(super) progress: Progress,
    pub(super) outcome: GroupOutcome,
    /// Only groups that say something besides their messages have it.
    pub(super) dialogue: Option<Box<GroupDialogue>>,
    /// Only groups whose clients come and go have it.
    pub(super) sessions: Option<Box<GroupSessions>>,
    /// Messages that are written at once.
    pub(super) write_at_once: u32,
    /// Bytes that a connection may have unsent before a send is cut short.
    pub(super) most_unsent: u64,
    /// Its clients are in rooms.
    pub(super) has_rooms: bool,
}

impl WorkerGroup {
    pub(super) fn new(worker: &WorkerConfig, index: usize, share: Share, route: Route, outcome: GroupOutcome) -> Self {
        let group = &worker.groups[index];
        let rooms = worker.rooms.as_ref().filter(|rooms| rooms.membership.has_rooms(index));
        let driver = match rooms {
            Some(rooms) => driver_in_rooms(worker, index, &share, rooms),
            None => driver(worker, index, group, share.clone()),
        };
        let sessions = GroupSessions::of(worker, index, &share);
        let first_slot = share.slots.start;
        let route = Rc::new(route.of_worker());
        let dialogue =
            |script: &Arc<Script>| Box::new(GroupDialogue::new(Arc::clone(script), Rc::clone(&route), first_slot));
        Self {
            config: group.clone(),
            progress: Progress::default(),
            outcome,
            sessions,
            dialogue: group.script.as_ref().map(dialogue),
            route,
            write_at_once: messages_in(WRITE_AT_ONCE, group.largest_message),
            most_unsent: if driver.drops() { MAX_UNSENT_BURST } else { MAX_UNSENT },
            has_rooms: rooms.is_some(),
            driver,
        }
    }
}

/// Messages of `size` bytes that `bytes` bytes hold; one at least.
fn messages_in(bytes: usize, size: usize) -> u32 {
    u32::try_from(bytes / size.max(1)).unwrap_or(u32::MAX).max(1)
}

/// The driver of a group whose clients are in rooms: some of them publish, the others listen.
/// Nothing bounds what is in flight there, as nobody knows before the end what has come to
/// everyone.
fn driver_in_rooms(worker: &WorkerConfig, index: usize, share: &Share, rooms: &RunRooms) -> Driver {
    let group = &worker.groups[index];
    let publishers = rooms.membership.publishers_of(index);
    let (Some(publishers), Load::Open { arrivals, burst, .. }) = (publishers, &group.load) else {
        return driver(worker, index, &GroupConfig { load: Load::Listen, ..group.clone() }, share.clone());
    };
    let senders = Senders::Some(rooms.publishers(&worker.partition, worker.worker, index).into());
    let seed = Schedule::seed_of_group(worker.seed, index);
    let schedule = Schedule::of(publishers, arrivals, *burst, worker.warmup, seed);
    Driver::Open(match worker.until {
        Until::Elapsed(duration) => OpenDriver::elapsed(schedule, senders, u32::MAX, nanos(duration)),
        Until::Messages(messages) => OpenDriver::counted(schedule, senders, u32::MAX, messages.get()),
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn driver(worker: &WorkerConfig, index: usize, group: &GroupConfig, share: Share) -> Driver {
    match (&group.load, worker.until) {
        (Load::Open { arrivals, burst, max_in_flight }, until) => {
            let seed = Schedule::seed_of_group(worker.seed, index);
            let schedule = Schedule::of(group.clients, arrivals, *burst, worker.warmup, seed);
            let most = max_in_flight.get();
            Driver::Open(match until {
                Until::Elapsed(duration) => OpenDriver::elapsed(schedule, share, most, nanos(duration)),
                Until::Messages(messages) => OpenDriver::counted(schedule, share, most, messages.get()),
            })
        }
        (Load::Closed { window, think }, until) => {
            let (window, fill) = (window.get(), messages_in(FILL, group.largest_message));
            let driver = match until {
                Until::Elapsed(duration) => ClosedDriver::elapsed(&share, window, fill, nanos(duration)),
                Until::Messages(messages) => ClosedDriver::counted(&share, window, fill, messages.get(), worker.drain),
            };
            Driver::Closed(driver.thinking(&share, group.clients.get(), nanos(*think)))
        }
        (Load::Listen, Until::Elapsed(duration)) => Driver::Listen(ListenDriver::new(nanos(duration))),
        // The others end the run.
        (Load::Listen, Until::Messages(_)) => Driver::Listen(ListenDriver::new(0)),
    }
}
