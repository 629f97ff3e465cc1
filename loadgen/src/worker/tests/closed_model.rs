//! The closed model: a reply lets the next message go.

use std::time::Duration;

use super::rig::{Case, MILLI, START, at, closed_model};
use crate::{
    engine::simulated::{EndScript, Fault, PeerScript},
    plan::Until,
};

fn peer(delay: u64) -> PeerScript {
    PeerScript { delay: delay * MILLI, ..PeerScript::default() }
}

fn ends(after: u64, end: EndScript) -> PeerScript {
    PeerScript { ends: vec![(at(START + after), end)], ..peer(10) }
}

#[test]
fn each_client_keeps_its_window_in_flight() {
    let done = Case::new(closed_model(2, 4), vec![peer(10)]).run();
    // A round takes 10 ms and a little, so there are 119 or 118 in 1.2 s, and 20 in the warm-up.
    let [warmup, measured] = done.counts();
    assert_eq!((warmup.sent, done.drops()), (20 * 8, [0, 0, 0]));
    assert!((98 * 8..=100 * 8).contains(&measured.sent), "{}", measured.sent);
    assert_eq!((measured.matched, measured.lost), (measured.sent, 0), "what was in flight at the end came, too");
    assert_eq!(done.window(), (200, 1_200));
    assert!((START + 1_200..START + 1_215).contains(&done.ended), "{}", done.ended);
    let recorder = &done.group(0).recorder;
    assert_eq!((recorder.writes.max, recorder.writes.calls * 4), (4, recorder.writes.messages));
    // The next message is due when the reply was read.
    assert!(recorder.send_lag.max() < 100_000, "{}", recorder.send_lag.max());
    assert_eq!(done.outcome.spun, 0);
}

#[test]
fn a_slow_write_or_read_is_not_the_peers_time() {
    let mut case = Case::new(closed_model(1, 1), vec![peer(10)]);
    case.script.work = 5 * MILLI;
    let recorder = &case.run().outcome.groups[0].recorder;
    assert!(recorder.service.min() >= 19 * MILLI, "{}", recorder.service.min());
    assert!(recorder.floor.max() < 11 * MILLI, "{}", recorder.floor.max());
}

#[test]
fn nothing_is_sent_before_the_start_or_after_the_end() {
    let done = Case::new(closed_model(1, 1), vec![peer(250)]).run();
    // Sent at 0, 250, 500, 750 and 1000. The reply at 1250 comes after the end.
    assert_eq!((done.counts()[0].sent, done.counts()[1].sent), (1, 4));
    assert_eq!(done.group(0).recorder.traffic.matched_in_window, 4);
    assert_eq!((done.all().matched, done.ended), (5, START + 1_251));
}

#[test]
fn a_number_of_messages_ends_with_the_last_reply() {
    let done = Case::new(closed_model(3, 4), vec![peer(10), peer(30)]).messages(9).run();
    assert_eq!((done.counts()[1].sent, done.counts()[1].matched), (27, 27));
    // The warm-up ends in the middle of a round. Then 9 messages take 3 rounds of 30 ms at most.
    let (from, to) = done.window();
    assert!(from == 200 && (270..=300).contains(&to), "{to}");
    assert!((START + to..=START + to + 3).contains(&done.ended), "{} {to}", done.ended);
    assert_eq!(done.connections(), [3, 0, 0]);
}

#[test]
fn a_lost_message_is_waited_for_and_given_up() {
    let mut silent = peer(10);
    silent.faults.insert(85, Fault::Lose);
    let mut case = Case::new(closed_model(2, 4), vec![silent, peer(10)]).messages(9);
    case.drain = 1_500;
    let done = case.run();
    assert_eq!((done.counts()[1].sent, done.counts()[1].lost), (18, 1));
    // 1.5 s of silence after the last reply, which is the end of the phase. The drain began with
    // it.
    let (_, to) = done.window();
    assert!((220..240).contains(&to), "{to}");
    assert!((START + to + 1_500..=START + to + 1_555).contains(&done.ended), "{} {to}", done.ended);

    // A shorter drain than a second gives replies a second all the same.
    case.drain = 0;
    let done = case.run();
    assert!((START + to + 1_000..=START + to + 1_055).contains(&done.ended), "{} {to}", done.ended);
}

#[test]
fn a_server_that_falls_silent_stops_the_load() {
    let silent = PeerScript { silent_from: at(START + 600), ..peer(10) };
    let done = Case::new(closed_model(2, 4), vec![silent]).run();
    assert_eq!((done.all().lost, done.connections(), done.window()), (8, [2, 0, 0], (200, 1_200)));
    assert!((START + 1_700..START + 1_710).contains(&done.ended), "the whole drain: {}", done.ended);
}

#[test]
fn a_large_window_is_filled_in_parts() {
    let mut group = closed_model(2, 100);
    group.size = 8 * 1024;
    let done = Case::new(group, vec![peer(700)]).run();
    // 800 KB for each client: 256 KB at once, 64 KB a write.
    assert_eq!(done.all().sent, 2 * 100 * 2);
    assert_eq!(done.group(0).recorder.writes.max, 8);
    assert_eq!(done.all().matched, done.all().sent);
}

#[test]
fn a_peer_that_does_not_read_gets_no_more_until_it_does() {
    let mut group = closed_model(1, 100);
    group.size = 16 * 1024;
    let blocked = PeerScript { unread: vec![at(START)..at(START + 500)], buffer: 32 * 1024, ..peer(300) };
    let mut case = Case::new(group, vec![blocked]);
    case.warmup = 0;
    let done = case.run();
    assert_eq!((done.all().lost, done.drops()), (0, [0, 0, 0]));
    // Two messages fit the buffer, and the transport holds 1 MiB and the rest of a write. The
    // others of the window go once the peer reads.
    let first = done.group(0).recorder.service.count_between(700 * MILLI, 900 * MILLI);
    assert!((66..=70).contains(&first), "{first}");
    assert_eq!(done.all().sent, 200);
}

#[test]
fn withheld_bytes_are_no_reply() {
    let mut withheld = peer(10);
    withheld.faults.insert(0, Fault::Withhold(600 * MILLI));
    let done = Case::new(closed_model(1, 1), vec![withheld]).run();
    let service = &done.group(0).recorder.service;
    assert_eq!(done.all().lost, 0);
    // The first message takes 610 ms, and then each 10 ms.
    assert!((57..=60).contains(&done.all().matched), "{}", done.all().matched);
    assert_eq!(service.count_between(20 * MILLI, u64::MAX), 0, "it was due in the warm-up");
}

#[test]
fn a_dead_client_stops_and_the_others_go_on() {
    for (end, kind) in [
        (EndScript::Reset, "reset"),
        (EndScript::Eof, "eof"),
        (EndScript::ProtocolError, "protocol_error"),
        (EndScript::Close(1011), "closed_1011"),
        (EndScript::Close(1000), "closed_1000"),
    ] {
        let done = Case::new(closed_model(2, 4), vec![ends(605, end), peer(10)]).run();
        assert_eq!((done.connections(), done.kinds()), ([2, 0, 1], vec![(kind, 1)]));
        assert_eq!((done.all().undetermined, done.all().lost), (4, 0), "{kind}");
        assert_eq!(done.window(), (200, 1_200));
    }
}

#[test]
fn the_phase_ends_when_all_have_died() {
    let done = Case::new(closed_model(2, 4), vec![ends(605, EndScript::Reset), ends(725, EndScript::Eof)]).run();
    assert_eq!((done.connections(), done.window()), ([2, 0, 2], (200, 725)));
    assert_eq!((done.all().undetermined, done.drops()), (8, [0, 0, 0]));
    assert!(done.ended < START + 740, "{}", done.ended);
    // In the warm-up, nothing was measured.
    let done = Case::new(closed_model(2, 4), vec![ends(105, EndScript::Reset)]).run();
    assert_eq!((done.window(), done.counts()[1].sent), ((105, 105), 0));
}

#[test]
fn who_leaves_with_messages_planned_has_died() {
    // Client 0 has its 9 replies by 240 ms.
    let case = |after| Case::new(closed_model(2, 4), vec![ends(after, EndScript::Close(1000)), peer(30)]).messages(9);
    assert_eq!(case(275).run().connections(), [2, 0, 0]);
    let done = case(215).run();
    assert_eq!((done.connections(), done.all().undetermined), ([2, 0, 1], 4));
    // All were sent, and their replies are missing.
    let mut waits = case(50).messages(3);
    (waits.warmup, waits.script.peers[0].delay) = (0, 100 * MILLI);
    let done = waits.run();
    assert_eq!((done.connections(), done.all().undetermined), ([2, 0, 1], 3));
    // Before the load begins nothing is in flight, but messages are planned.
    let done = case(0).run();
    assert_eq!((done.connections(), done.kinds()), ([2, 0, 1], vec![("closed_1000", 1)]));
    assert_eq!(done.counts()[1].matched, 9);
    let done = Case::new(closed_model(2, 4), vec![ends(0, EndScript::Close(1001))]).messages(9).run();
    assert_eq!((done.connections(), done.window()), ([2, 0, 2], (200, 200)));
}

#[test]
fn a_blocked_worker_is_not_the_peers_fault() {
    let mut case = Case::new(closed_model(2, 4), vec![peer(10)]);
    case.script.stops = vec![(at(START + 605), 300 * MILLI)];
    let done = case.run();
    let recorder = &done.group(0).recorder;
    assert!(recorder.service.max() > 290 * MILLI && recorder.floor.max() < 15 * MILLI);
    assert_eq!((done.outcome.stopped.times, done.all().lost), (1, 0));

    // Work of up to a tick before it may be taken for work in it, and no more than that.
    case.script.work = 500_000;
    let longest = case.run().outcome.stopped.longest;
    assert!((245 * MILLI..=302 * MILLI).contains(&longest), "{longest}");
}

#[test]
fn windows_are_filled_for_a_slice_at_a_time() {
    // To fill all takes 10 ms. Meanwhile the first replies are read.
    let mut case = Case::new(closed_model(100, 1), vec![peer(1)]).messages(1);
    (case.warmup, case.script.work) = (0, 100_000);
    let done = case.run();
    let service = done.group(0).recorder.service.max();
    assert!(service < 8 * MILLI, "{service}");
    assert_eq!(done.all().matched, 100);
}

#[test]
fn no_peer_holds_the_worker() {
    // Replies come faster than they can be read, on more connections than are read together.
    let mut case = Case::new(closed_model(20, 2), vec![PeerScript { delay: 1_000, ..PeerScript::default() }]);
    case.script.work = 50_000;
    (case.warmup, case.until) = (0, Until::Elapsed(Duration::from_millis(200)));
    let done = case.run();
    assert_eq!((done.window(), done.all().lost), ((0, 200), 0));
    // A read and a write take 100 microseconds, so each client has a turn every 2 ms.
    let service = done.group(0).recorder.service.max();
    assert!(service < 6 * MILLI, "{service}");
    assert_eq!(done.outcome.stopped.times, 0);
    // Eight are read before the first of them is written.
    let lag = done.group(0).recorder.send_lag.max();
    assert!(lag < MILLI, "{lag}");
}
