//! Python with [websockets](https://github.com/python-websockets/websockets).

use crate::{rig::Language, scenarios};

pub(crate) const PYTHON: Language =
    Language { name: "python", interpreter: "venv/bin/python", suffix: "py", installed: "venv/bin/python" };

#[test]
fn an_echo_server_brings_every_message_back() {
    scenarios::echo(&PYTHON);
}

#[test]
fn a_fixed_reply_is_one_event_a_send() {
    scenarios::fixed_reply(&PYTHON);
}

#[test]
fn a_fixed_reply_can_be_counted() {
    scenarios::counted(&PYTHON);
}

#[test]
fn a_reply_that_comes_twice_is_found() {
    scenarios::answers_twice(&PYTHON);
}

#[test]
fn a_reply_that_does_not_come_is_found() {
    scenarios::forgets_to_answer(&PYTHON);
}

#[test]
fn replies_that_are_merged_are_found() {
    scenarios::merges_answers(&PYTHON);
}

#[test]
fn an_echo_server_that_breaks_in_four_ways_is_found_out() {
    scenarios::breaks_echoes(&PYTHON);
}

#[test]
fn a_client_gets_five_echoes_in_order() {
    scenarios::client_gets_echoes(&PYTHON);
}

#[test]
fn a_client_gets_five_replies() {
    scenarios::client_gets_replies(&PYTHON);
}
