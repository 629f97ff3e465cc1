//! What may happen next in a random history.

use proptest::prelude::*;

use crate::rig::PLANNED;

/// What a server does with one message at one receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ServerAction {
    Deliver,
    Drop,
    Duplicate,
    /// To a client of any room instead.
    Misroute(u32),
    Corrupt,
    /// In one event with the next that is on its way to this receiver, which may be broken.
    Join(bool),
    /// After something of nobody.
    Foreign,
    /// Together with a message that may never have been sent.
    MakeUp(u64),
}

fn action() -> impl Strategy<Value = ServerAction> {
    prop_oneof![
        30 => Just(ServerAction::Deliver),
        1 => Just(ServerAction::Drop),
        1 => Just(ServerAction::Duplicate),
        1 => (0..12_u32).prop_map(ServerAction::Misroute),
        1 => Just(ServerAction::Corrupt),
        1 => any::<bool>().prop_map(ServerAction::Join),
        1 => Just(ServerAction::Foreign),
        1 => (0..PLANNED + 3).prop_map(ServerAction::MakeUp),
    ]
}

/// What happens next.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// What is due next is sent.
    Send,
    /// What is due next is dropped.
    Drop,
    /// Something that is on its way arrives: which, and what the server does with it.
    Arrive(prop::sample::Index, ServerAction),
    /// What has been on its way for longest arrives.
    ArriveInOrder(ServerAction),
    Join(u32),
    /// A client's connection ends: by plan or not.
    End(u32, bool),
}

/// In one line, so that a failing history can be read.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Send => write!(f, "send"),
            Self::Drop => write!(f, "drop"),
            Self::Arrive(index, action) => write!(f, "{}th arrives: {action:?}", index.index(100)),
            Self::ArriveInOrder(action) => write!(f, "arrives: {action:?}"),
            Self::Join(client) => write!(f, "{client} joins"),
            Self::End(client, by_plan) => write!(f, "{client} {}", if *by_plan { "is cut" } else { "dies" }),
        }
    }
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => Just(Step::Send),
        1 => Just(Step::Drop),
        6 => (any::<prop::sample::Index>(), action()).prop_map(|(index, action)| Step::Arrive(index, action)),
        40 => action().prop_map(Step::ArriveInOrder),
        2 => (0..12_u32).prop_map(Step::Join),
        2 => prop::option::weighted(0.3, (0..12_u32, any::<bool>()))
            .prop_map(|end| end.map_or(Step::Send, |(client, by_plan)| Step::End(client, by_plan))),
    ]
}
