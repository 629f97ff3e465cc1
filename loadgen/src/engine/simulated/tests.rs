use super::*;
use crate::engine::ConnectionEnd;

/// What was heard of a slot, and when, in microseconds.
#[derive(Default)]
struct Heard(Vec<(u64, String)>);

impl EventSink for Heard {
    fn opened(&mut self, at: Time, _: Opened) {
        self.0.push((at.as_nanos() / 1000, "opened".to_owned()));
    }

    fn failed(&mut self, at: Time, error: ConnectError) {
        self.0.push((at.as_nanos() / 1000, error.kind));
    }

    fn message(&mut self, at: Time, event: MessageEvent<'_>) {
        self.0.push((at.as_nanos() / 1000, String::from_utf8_lossy(event.bytes).into_owned()));
    }

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, cause: ConnectionEnd) {
        self.0.push((0, cause.kind));
    }
}

struct Rig {
    engine: Simulated,
    clock: SimulatedClock,
    route: Rc<Route>,
    heard: Heard,
}

impl Rig {
    fn new(peer: PeerScript) -> Self {
        let clock = SimulatedClock::default();
        let script = Script { peers: vec![peer], ..Script::default() };
        let route = Rc::new(route(Duration::from_secs(1)));
        Self { engine: Simulated::new(1, clock.clone(), script), clock, route, heard: Heard::default() }
    }

    fn send(&mut self, text: &str) {
        let messages = [(MessageKind::Text, text.len())];
        self.engine.queue(0, messages.into_iter(), |spaces| {
            spaces.for_each(|space| space.copy_from_slice(text.as_bytes()));
        });
        self.engine.flush(0);
    }

    /// Takes turns until this time, in milliseconds. Returns what was heard, with milliseconds.
    fn turn(&mut self, until: u64) -> Vec<(u64, String)> {
        let until = Time::from_nanos(until * 1_000_000);
        while self.clock.now() < until {
            self.engine.wait(Wait::Until(until));
            self.engine.begin_turn();
            while let Some(slot) = self.engine.next_ready() {
                self.engine.receive(slot, &mut self.heard);
            }
        }
        self.heard.0.drain(..).map(|(micros, what)| (micros / 1000, what)).collect()
    }
}

fn heard(all: &[(u64, &str)]) -> Vec<(u64, String)> {
    all.iter().map(|&(at, what)| (at, what.to_owned())).collect()
}

#[test]
fn a_slot_opens_again_and_hears_nothing_of_before() {
    let openings =
        vec![OpeningScript::Fails(5_000_000, "refused"), OpeningScript::TimesOut, OpeningScript::Opens(5_000_000)];
    let mut rig = Rig::new(PeerScript { openings, delay: 50_000_000, ..PeerScript::default() });
    for (until, expected) in [(10, (5, "refused")), (1_020, (1_010, "timeout")), (1_030, (1_025, "opened"))] {
        rig.engine.open(0, &Rc::clone(&rig.route), 0, None);
        assert_eq!(rig.turn(until), heard(&[expected]));
    }
    rig.send("old");
    rig.engine.abort(0);
    rig.engine.open(0, &Rc::clone(&rig.route), 0, None);
    assert_eq!(rig.turn(1_300), heard(&[(1_035, "opened")]), "an abort is heard by nobody");
}

#[test]
fn withheld_reads_come_later() {
    let mut rig = Rig::new(PeerScript { openings: vec![OpeningScript::Opens(0)], ..PeerScript::default() });
    rig.engine.open(0, &Rc::clone(&rig.route), 0, None);
    rig.turn(1);
    rig.engine.set_reading(0, false);
    rig.send("a");
    assert_eq!(rig.turn(50), []);
    rig.engine.set_reading(0, true);
    assert_eq!(rig.turn(60), heard(&[(50, "a")]));
}

#[test]
fn a_peer_that_does_not_read_takes_what_fits_its_buffer() {
    let unread = Time::from_nanos(1_000_000)..Time::from_nanos(20_000_000);
    let openings = vec![OpeningScript::Opens(0)];
    let mut rig = Rig::new(PeerScript { openings, unread: vec![unread], buffer: 3, ..PeerScript::default() });
    rig.engine.open(0, &Rc::clone(&rig.route), 0, None);
    rig.turn(2);
    rig.send("abc");
    assert_eq!(rig.engine.unsent(0), 0);
    rig.send("d");
    assert_eq!(rig.engine.unsent(0), 1);
    assert_eq!(rig.turn(30), heard(&[(21, "abc"), (21, "d")]));
    assert_eq!(rig.engine.unsent(0), 0);
}

#[test]
fn a_stop_is_a_jump_of_the_clock() {
    let mut rig = Rig::new(PeerScript { openings: vec![OpeningScript::Opens(5_000_000)], ..PeerScript::default() });
    rig.engine.script.stops = vec![(Time::from_nanos(3_000_000), 40_000_000)];
    rig.engine.open(0, &Rc::clone(&rig.route), 0, None);
    assert_eq!(rig.turn(2), []);
    assert_eq!(rig.turn(4), heard(&[(44, "opened")]), "it was stopped at 4 ms, when it woke");
    assert!(rig.clock.processor_time() < 1_000_000, "the thread did not work meanwhile");
}
