//! Node.js with [ws](https://github.com/websockets/ws).

use crate::{rig::Language, scenarios};

pub(crate) const NODE: Language =
    Language { name: "node", interpreter: "node", suffix: "mjs", installed: "node_modules/ws" };

#[test]
fn an_echo_server_brings_every_message_back() {
    scenarios::echo(&NODE);
}

#[test]
fn a_fixed_reply_is_one_event_a_send() {
    scenarios::fixed_reply(&NODE);
}

#[test]
fn a_fixed_reply_can_be_counted() {
    scenarios::counted(&NODE);
}

#[test]
fn a_reply_that_comes_twice_is_found() {
    scenarios::answers_twice(&NODE);
}

#[test]
fn a_reply_that_does_not_come_is_found() {
    scenarios::forgets_to_answer(&NODE);
}

#[test]
fn replies_that_are_merged_are_found() {
    scenarios::merges_answers(&NODE);
}

#[test]
fn an_echo_server_that_breaks_in_four_ways_is_found_out() {
    scenarios::breaks_echoes(&NODE);
}

#[test]
fn a_client_gets_five_echoes_in_order() {
    scenarios::client_gets_echoes(&NODE);
}

#[test]
fn a_client_gets_five_replies() {
    scenarios::client_gets_replies(&NODE);
}
