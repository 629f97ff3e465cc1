//! Scenarios in one line.
//!
//! `s0` is that client 0 sends its next message, once that is due. `d0` drops it, `d0*3` three.
//! `j1` is that client 1 joins; clients that join nowhere, or leave first, have joined before the
//! start. `e1` is that its connection dies, `c1` that the plan ends it. `drain` ends the load.
//! Events come to the client after `>`: `0.2` is message 2 of client 0; `0.2+0.3` two in one event;
//! `0.2[..43]` its first bytes; `0.2~30` with a bit of byte 30 flipped; `r:0.2` of another run; `x`
//! bytes that nobody sent.
//!
//! What it leads to has deliveries and findings. What is not named is 0.

use loadgen::{
    clock::Time,
    plan::{Group, OwnCopy},
};

use crate::rig::{self, Play, Played, RUN, START, mark, seconds};

/// Clients and room size, publishers a room, and what the server does with own copies.
pub(crate) struct Rooms(pub(crate) u32, pub(crate) u32, pub(crate) Option<u32>, pub(crate) OwnCopy);

impl Rooms {
    /// A group of these rooms.
    pub(crate) fn group(&self) -> Group {
        rig::group(self.0, self.1, self.2, self.3)
    }
}

/// What a scenario leads to.
pub(crate) fn played(mut play: Play, script: &str) -> Played {
    let clients = play.membership.clients();
    let late = |client: u32| {
        let comes_or_goes = |token: &&str| ["j", "e", "c"].iter().any(|how| **token == format!("{how}{client}"));
        script.split(' ').find(comes_or_goes).is_some_and(|token| token.starts_with('j'))
    };
    (0..clients).filter(|client| !late(*client)).for_each(|client| play.joined(client, Time::default()));
    play.begin();
    let (mut now, mut draining) = (START, false);
    for token in script.split(' ') {
        now = now.plus(1_000);
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"));
        match (token, token.split_at(1)) {
            ("drain", _) => {
                play.begin_drain();
                draining = true;
            }
            (_, ("s" | "d", rest)) => {
                let (client, times) = rest.split_once('*').unwrap_or((rest, "1"));
                let client = u32::try_from(number(client)).unwrap();
                for _ in 0..number(times) {
                    let sequence = if token.starts_with('s') { play.sent(client) } else { play.dropped(client) };
                    let publisher = play.membership.publisher(play.membership.publisher_number(client).unwrap());
                    now = now.max(play.timetable.due(publisher.group as usize, publisher.rank, sequence));
                }
            }
            (_, ("j", client)) => play.joined(u32::try_from(number(client)).unwrap(), now),
            (_, (end @ ("e" | "c"), client)) => {
                play.ended(u32::try_from(number(client)).unwrap(), now, end == "c");
            }
            (_, ("t", at)) => now = START.plus(seconds(number(at))),
            _ => {
                let (event, client) = token.split_once('>').unwrap_or_else(|| panic!("`{token}` is nothing"));
                play.received(u32::try_from(number(client)).unwrap(), &bytes(event), now);
            }
        }
    }
    if !draining {
        play.begin_drain();
    }
    play.settle(false);
    play.finish()
}

/// The bytes of an event.
fn bytes(event: &str) -> Vec<u8> {
    let parts = event.split('+').map(|part| {
        let (run, part) = part.strip_prefix("r:").map_or((RUN, part), |part| (RUN + 1, part));
        let Some((client, rest)) = part.split_once('.') else { return b"nobody sent this".to_vec() };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (sequence, how) = rest.split_at(digits);
        let mut mark = mark(run, client.parse().unwrap(), sequence.parse().unwrap());
        if let Some(at) = how.strip_prefix('~') {
            // To another digit, or it would say nothing any more.
            let byte = &mut mark[at.parse::<usize>().unwrap()];
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        } else if let Some(end) = how.strip_prefix("[..") {
            mark.truncate(end.trim_end_matches(']').parse().unwrap());
        }
        [br#"{"text":""#, &mark[..], br#""}"#].concat()
    });
    parts.collect::<Vec<_>>().concat()
}

/// Messages of the measured phase by their worst delivery.
pub(crate) fn fates(played: &Played) -> String {
    let [_, fates] = played.messages;
    let fates = [
        ("lost", fates.lost),
        ("damaged", fates.damaged),
        ("undetermined", fates.undetermined),
        ("by_plan", fates.undetermined_by_plan),
    ];
    let fates = fates.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name}={count}"));
    fates.collect::<Vec<_>>().join(" ")
}
