//! Clients that join, answer and ignore.

use reports::model::OtherEvents;

use super::rig::{Case, Done, GroupCase, MILLI, START, at, open_model};
use crate::{
    engine::simulated::{EndScript, PeerScript},
    plan::{Answer, Capture, Dialogue, Expect, JoinStep, Load},
};

/// Steps as pairs of what is sent and what ends them; none of a part if it is empty.
fn steps(steps: &[(&str, &str)]) -> Vec<JoinStep> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let step = |(send, expect): &(&str, &str)| JoinStep {
        send: given(send).map(|text| text.parse().unwrap()),
        expect: given(expect).map(|text| text.parse().unwrap()),
    };
    steps.iter().map(step).collect()
}

fn answer(when: &str, send: &str) -> Answer {
    Answer { when: when.parse().unwrap(), send: send.parse().unwrap() }
}

/// Waits for a greeting, logs in, answers heartbeats and ignores presence.
fn dialogue() -> Dialogue {
    Dialogue {
        on_open: steps(&[("", "^hello"), ("login", "^ok")]),
        answers: vec![answer("^2$", "3")],
        ignore: vec!["presence".parse().unwrap()],
        captures: Vec::new(),
    }
}

/// Each of two clients sends a message every 100 ms.
fn group(dialogue: Dialogue) -> GroupCase {
    GroupCase { dialogue, ..open_model(2, 100, 1, 100) }
}

/// Each of two clients listens, and expects nothing.
fn listening(dialogue: Dialogue) -> GroupCase {
    GroupCase { load: Load::Listen, expect: Expect::Count, ..group(dialogue) }
}

/// Greets after 1 ms, and takes a login within 2 ms.
fn peer() -> PeerScript {
    let replies = [("login", vec![(2 * MILLI, "ok")]), ("3", vec![])];
    PeerScript { greetings: vec![(MILLI, "hello")], replies: replies.into(), ..PeerScript::default() }
}

fn others(ignored: u64, answered: u64, joined: u64) -> OtherEvents {
    OtherEvents { ignored, answered, joined, ..OtherEvents::default() }
}

impl Done {
    /// Other events of the warm-up and before, and of the measured phase.
    fn others(&self) -> [OtherEvents; 2] {
        [self.group(0).recorder.warmup.other_events, self.group(0).recorder.measured.other_events]
    }

    fn detail(&self, kind: &str) -> &str {
        &self.group(0).connections.details[kind]
    }
}

/// How often the peers heard a text.
fn heard(case: &Case, text: &str) -> usize {
    case.script.heard.borrow().iter().filter(|(_, heard)| heard == text).count()
}

#[test]
fn a_client_joins_step_by_step_and_then_counts_as_opened() {
    let case = Case::new(group(dialogue()), vec![peer()]);
    let mut done = case.run();
    assert_eq!((done.connections(), done.connected), ([2, 0, 0], Some(2)));
    assert_eq!((done.others(), heard(&case, "login")), ([others(0, 0, 4), others(0, 0, 0)], 2));
    assert_eq!((done.counts()[1].matched, done.counts()[1].lost, done.window()), (20, 0, (200, 1_200)));
    let outcome = &mut done.outcome.groups[0];
    let join = std::mem::take(&mut outcome.recorder.rare.join).into_histogram();
    assert_eq!((join.len(), outcome.openings.connect.take().len()), (2, 2));
    assert!((2_990_000..3_200_000).contains(&join.min()), "{}", join.min());
}

#[test]
fn a_client_says_what_it_remembers() {
    let last = Capture { name: "last".to_owned(), pattern: "number (.)".parse().unwrap() };
    let dialogue = Dialogue {
        on_open: steps(&[("a{{last}}", "^number"), ("b{{last}}", "^ok")]),
        answers: vec![answer("^2$", "c{{last}}")],
        captures: vec![last],
        ..Dialogue::default()
    };
    let greetings = vec![(MILLI, "number 7"), (3 * MILLI, "2"), (5 * MILLI, "number 8"), (6 * MILLI, "2")];
    let replies = [("a", vec![]), ("b7", vec![(MILLI, "ok")]), ("c7", vec![]), ("c8", vec![])];
    let case = Case::new(
        listening(dialogue),
        vec![PeerScript { greetings, replies: replies.into(), ..PeerScript::default() }],
    );
    let done = case.run();
    assert_eq!(["a", "b7", "c7", "c8"].map(|text| heard(&case, text)), [2; 4]);
    // What is remembered is no more than that: it was not ignored.
    assert_eq!((done.others()[0].answered, done.group(0).recorder.warmup.anomalies.unexpected), (4, 2));
}

#[test]
fn what_a_client_remembers_is_not_shown() {
    let token = Capture { name: "token".to_owned(), pattern: "token=(.*)".parse().unwrap() };
    let dialogue = Dialogue { on_open: steps(&[("", "^ok")]), captures: vec![token], ..Dialogue::default() };
    let greetings = vec![(MILLI, "token=tiger-4711")];
    let case = |dialogue| {
        Case::new(listening(dialogue), vec![PeerScript { greetings: greetings.clone(), ..PeerScript::default() }])
    };
    let done = case(dialogue.clone()).run();
    let shown = done.detail("join_timeout");
    assert!(shown.contains("token=***") && !shown.contains("tiger"), "{shown}");
    let done = case(Dialogue { on_open: Vec::new(), ..dialogue }).run();
    let kept: Vec<_> = done.outcome.groups.into_iter().flat_map(|group| group.recorder.evidence.into_kept()).collect();
    assert_eq!(kept.iter().map(|evidence| evidence.received.as_deref()).collect::<Vec<_>>(), [Some("token=***"); 2]);
}

#[test]
fn what_follows_the_join_in_one_read_belongs_to_the_messages() {
    let alone = || Dialogue { on_open: steps(&[("", "^ok")]), ..Dialogue::default() };
    for (greetings, ignored, unexpected) in
        [(["ok", "push", "ok"], 0, 4), (["push", "ok", "push"], 2, 2), (["push", "push", "ok"], 4, 0)]
    {
        let greetings = greetings.map(|text| (MILLI, text)).to_vec();
        let done = Case::new(listening(alone()), vec![PeerScript { greetings, ..PeerScript::default() }]).run();
        assert_eq!((done.connections(), done.others()[0]), ([2, 0, 0], others(ignored, 0, 2)));
        assert_eq!(done.group(0).recorder.warmup.anomalies.unexpected, unexpected);
    }
}

#[test]
fn a_heartbeat_in_one_read_with_the_join_is_answered() {
    let logins = [("login", vec![(2 * MILLI, "ok"), (2 * MILLI, "2")]), ("3", vec![])];
    let case = Case::new(group(dialogue()), vec![PeerScript { replies: logins.into(), ..peer() }]);
    let done = case.run();
    assert_eq!((done.others()[0], heard(&case, "3"), done.all().matched), (others(0, 2, 4), 2, 24));
}

#[test]
fn several_steps_may_end_in_one_read() {
    let on_open = steps(&[("a", ""), ("", "^1"), ("b", "^2"), ("c", "")]);
    let replies = ["a", "b", "c"].map(|text| (text, vec![])).into();
    let greetings = vec![(MILLI, "1"), (MILLI, "2")];
    let peer = PeerScript { greetings, replies, ..PeerScript::default() };
    let case = Case::new(group(Dialogue { on_open, ..Dialogue::default() }), vec![peer]);
    let done = case.run();
    assert_eq!((done.connections(), done.others()[0], done.all().matched), ([2, 0, 0], others(0, 0, 4), 24));
    let of_first: Vec<_> =
        case.script.heard.borrow().iter().filter(|heard| heard.0 == 0).map(|h| h.1.clone()).collect();
    assert_eq!(of_first, ["a", "b", "c"]);
}

#[test]
fn who_waits_for_nothing_has_joined_at_once() {
    let on_open = steps(&[("a", ""), ("b", "")]);
    let replies = ["a", "b"].map(|text| (text, vec![])).into();
    let peer = PeerScript { replies, ..PeerScript::default() };
    let case = Case::new(group(Dialogue { on_open, ..Dialogue::default() }), vec![peer]);
    let done = case.run();
    assert_eq!((done.connections(), done.others()[0], done.all().matched), ([2, 0, 0], others(0, 0, 0), 24));
    assert_eq!((heard(&case, "a"), heard(&case, "b")), (2, 2));
}

#[test]
fn a_join_that_does_not_end_is_a_failure_with_what_came_last() {
    let mute = PeerScript { replies: [("login", vec![(MILLI, "error\n")])].into(), ..peer() };
    let done = Case::new(group(dialogue()), vec![mute, peer()]).run();
    assert_eq!((done.connections(), done.kinds()), ([1, 1, 0], vec![("join_timeout", 1)]));
    assert_eq!(
        done.detail("join_timeout"),
        "step 2 of 2: no event ended it within 800 ms; the last event was `error\\x0a`"
    );
    assert_eq!((done.counts()[1].matched, done.drops()), (10, [0, 10, 0]), "the other one goes on");
    let long: &'static str = Box::leak("x".repeat(500).into_boxed_str());
    let talks = PeerScript { greetings: vec![(MILLI, long)], ..peer() };
    let done = Case::new(group(dialogue()), vec![talks]).run();
    let shown = format!("the last event was `{}…+404`", "x".repeat(96));
    assert!(done.detail("join_timeout").ends_with(&shown), "{}", done.detail("join_timeout"));
    let silent = PeerScript { greetings: Vec::new(), ..peer() };
    let done = Case::new(group(dialogue()), vec![silent]).run();
    assert_eq!(done.connections(), [0, 2, 0]);
    assert_eq!(done.detail("join_timeout"), "step 1 of 2: no event ended it within 800 ms; no event came");
}

#[test]
fn each_client_has_its_own_time_to_join() {
    let slow = |millis| PeerScript { replies: [("login", vec![(millis * MILLI, "ok")])].into(), ..peer() };
    for (millis, connections) in [(700, [2, 0, 0]), (810, [0, 2, 0])] {
        let mut case = Case::new(group(dialogue()), vec![slow(millis)]);
        // The second connection opens 150 ms after the first.
        case.connect_rate = 1000.0 / 150.0;
        assert_eq!(case.run().connections(), connections, "{millis}");
    }
}

#[test]
fn an_end_while_joining_is_a_failure_and_no_death() {
    let refuses = PeerScript { replies: [].into(), closes_on: [("login", 1008)].into(), ..peer() };
    let done = Case::new(group(dialogue()), vec![refuses, peer()]).run();
    assert_eq!((done.connections(), done.kinds()), ([1, 1, 0], vec![("join_ended", 1)]));
    assert_eq!(
        done.detail("join_ended"),
        "step 2 of 2: closed by the server with 1008 `bye`; the last event was `hello`"
    );
    let resets = PeerScript { greetings: Vec::new(), ends: vec![(at(300), EndScript::Reset)], ..peer() };
    let done = Case::new(group(dialogue()), vec![resets, peer()]).run();
    assert_eq!((done.connections(), done.kinds()), ([1, 1, 0], vec![("join_ended", 1)]));
    assert!(done.detail("join_ended").starts_with("step 1 of 2: connection reset"), "{}", done.detail("join_ended"));
}

#[test]
fn a_worker_that_was_stopped_blames_nobody_for_a_late_join() {
    let slow = PeerScript { replies: [("login", vec![(900 * MILLI, "ok")])].into(), ..peer() };
    let mut case = Case::new(group(dialogue()), vec![slow]);
    case.script.stops = vec![(at(100), 120 * MILLI), (at(700), 110 * MILLI)];
    let kinds: Vec<_> = case.run().kinds().into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
    assert_eq!(kinds, [("timeout_stopped".to_owned(), 2)]);
}

#[test]
fn a_stop_ends_joining() {
    let silent = PeerScript { greetings: Vec::new(), ..peer() };
    let mut case = Case::new(group(dialogue()), vec![peer(), silent]);
    case.stop = Some(100);
    let done = case.run();
    assert_eq!((done.connections(), done.kinds()), ([1, 1, 0], vec![("interrupted", 1)]));
    assert!(done.ended < 160, "{}", done.ended);
}

#[test]
fn heartbeats_are_answered_from_open_to_gone() {
    let beats = [10, START + 100, START + 500, START + 1_300].map(|millis| (at(millis), "2")).to_vec();
    let slow_login = [("login", vec![(20 * MILLI, "ok")]), ("3", vec![])];
    // Replies take 150 ms, so the drain lasts until then.
    let peer = PeerScript { pushes: beats, replies: slow_login.into(), delay: 150 * MILLI, ..peer() };
    let case = Case::new(group(dialogue()), vec![peer]);
    let done = case.run();
    assert_eq!((done.connections(), done.others()), ([2, 0, 0], [others(0, 4, 4), others(0, 4, 0)]));
    assert_eq!((heard(&case, "3"), done.counts()[1].matched), (8, 20));
}

#[test]
fn after_the_close_nothing_is_said() {
    let peer = PeerScript { pushes: vec![(at(START + 1_250), "2")], close: Some(100 * MILLI), ..peer() };
    let case = Case::new(group(dialogue()), vec![peer]);
    let done = case.run();
    assert_eq!((heard(&case, "3"), done.others()[1]), (0, others(2, 0, 0)));
    assert_eq!(done.connections(), [2, 0, 0]);
}

#[test]
fn what_is_ignored_is_in_nobodys_way() {
    let flood: Vec<_> = (0..1000).map(|n| (at(START + 300 + n / 2), "presence")).collect();
    let done = Case::new(group(dialogue()), vec![PeerScript { pushes: flood, ..peer() }]).run();
    assert_eq!((done.others()[1], done.counts()[1].matched), (others(2000, 0, 0), 20));
    assert!(done.group(0).recorder.measured.anomalies.is_clean());
    // Without the key they are unexpected.
    let dialogue = Dialogue { ignore: Vec::new(), ..dialogue() };
    let push = PeerScript { pushes: vec![(at(START + 300), "presence")], ..peer() };
    let done = Case::new(group(dialogue), vec![push]).run();
    assert_eq!(done.group(0).recorder.measured.anomalies.unexpected, 2);
}

#[test]
fn a_peer_that_does_not_read_gets_no_more_answers() {
    let long: &'static str = Box::leak("x".repeat(600 * 1024).into_boxed_str());
    let beats = [300, 310, 320, 330, 700].map(|millis| (at(START + millis), "2")).to_vec();
    let unread = vec![at(START + 290)..at(START + 600)];
    let replies = [("login", vec![(MILLI, "ok")]), (long, vec![])];
    let peer = PeerScript { pushes: beats, unread, buffer: 0, replies: replies.into(), ..peer() };
    let answers = vec![answer("^2$", long)];
    let case = Case::new(listening(Dialogue { answers, ..dialogue() }), vec![peer]);
    let done = case.run();
    // Two are over 1 MiB. The two events after them are ignored, and the last is answered.
    assert_eq!((heard(&case, long), done.others()[1]), (6, others(4, 6, 0)));
}

#[test]
fn an_answer_to_the_last_event_before_an_end_is_none() {
    // Both come in one read.
    let ends = vec![(at(START + 500).plus(500), EndScript::Close(1011))];
    let peer = PeerScript { pushes: vec![(at(START + 500), "2")], ends, ..peer() };
    let case = Case::new(listening(dialogue()), vec![peer]);
    let done = case.run();
    assert_eq!((heard(&case, "3"), done.others()[1], done.connections()), (0, others(2, 0, 0), [2, 0, 2]));
}

#[test]
fn another_group_hears_nothing_of_it() {
    let mut case = Case::new(group(dialogue()), vec![peer(), peer(), PeerScript::default()]);
    case.groups.push(open_model(1, 100, 1, 100));
    let done = case.run();
    assert_eq!((done.group(1).recorder.measured.counts.matched, done.group(1).connections.opened), (10, 1));
    assert_eq!(done.group(1).recorder.warmup.other_events, others(0, 0, 0));
    assert_eq!(done.connected, Some(3));
}
