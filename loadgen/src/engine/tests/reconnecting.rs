//! Many clients that connect over and over, with every message accounted for.

use std::{
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::{
    super::*,
    rig::{Heard, Slots, accept_over, accept_tcp, listener},
};
use crate::transport::tls::test_server;

/// Messages of a connection.
const BURST: usize = 3;

/// How a connection ends: by a closing handshake, or by a reset before the last message has come
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Close,
    Abort,
}

/// A client: which connection of its own this is, and how many messages have come back on it.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    times: usize,
    returned: usize,
}

impl Client {
    fn ending(self) -> Ending {
        if self.times % 5 == 4 { Ending::Abort } else { Ending::Close }
    }
}

/// Accepts `connections` and sends back what comes.
fn echo<S: io::Read + io::Write>(
    listener: TcpListener,
    connections: usize,
    stream: impl Fn(TcpStream) -> S + Clone + Send + 'static,
) {
    thread::spawn(move || {
        for _ in 0..connections {
            let (tcp, stream) = (accept_tcp(&listener), stream.clone());
            thread::spawn(move || {
                let mut socket = accept_over(stream(tcp), b"");
                while let Ok(message) = socket.read() {
                    if message.is_text() && socket.send(message).is_err() {
                        break;
                    }
                }
            });
        }
    });
}

fn message(slot: usize, times: usize, number: usize) -> Vec<u8> {
    format!("{slot} {times} {number}").into_bytes()
}

/// Lets `clients` connect `times` each. Returns how many messages came back in all.
fn reconnect<E: Engine>(mut slots: Slots<E>, clients: usize, times: usize) -> usize {
    let mut all = vec![Client::default(); clients];
    for slot in 0..clients {
        slots.open(slot);
    }
    let (mut returned, mut gone) = (0, 0);
    while gone < clients {
        slots.turn();
        for (slot, client) in all.iter_mut().enumerate() {
            for heard in std::mem::take(&mut slots.heard[slot]) {
                let over = match heard {
                    Heard::Opened => {
                        let burst: Vec<_> = (0..BURST).map(|number| message(slot, client.times, number)).collect();
                        let burst: Vec<_> = burst.into_iter().map(|bytes| (MessageKind::Text, bytes)).collect();
                        slots.send(slot, &burst);
                        false
                    }
                    Heard::Message(bytes) => {
                        assert_eq!(bytes, message(slot, client.times, client.returned), "in order, and its own");
                        client.returned += 1;
                        returned += 1;
                        if client.returned == BURST && client.ending() == Ending::Close {
                            slots.engine.close(slot);
                        }
                        let aborts = client.ending() == Ending::Abort && client.returned == 1;
                        if aborts {
                            slots.engine.abort(slot);
                        }
                        aborts
                    }
                    Heard::Ended(kind) => {
                        assert_eq!((kind.as_str(), client.returned), ("closed_1000", BURST), "{slot}");
                        true
                    }
                    Heard::Failed(kind) => panic!("{slot}: {kind}"),
                    Heard::Pong(_) => panic!("{slot}: nobody pings"),
                };
                if over {
                    *client = Client { times: client.times + 1, returned: 0 };
                    if client.times < times {
                        slots.open(slot);
                    } else {
                        gone += 1;
                    }
                    // What else was heard in this turn came from the connection that was aborted.
                    break;
                }
            }
        }
    }
    returned
}

/// Messages that come back: one of each connection that is aborted.
fn expected(clients: usize, times: usize) -> usize {
    let aborted = times / 5;
    clients * (aborted + (times - aborted) * BURST)
}

fn plain(build: impl BuildEngine) {
    let (listener, address) = listener();
    echo(listener, 100 * 50, |tcp| tcp);
    let slots = Slots::new(build, 100, address, Duration::from_secs(60));
    assert_eq!(reconnect(slots, 100, 50), expected(100, 50));
}

#[test]
fn a_hundred_clients_reconnect_fifty_times() {
    plain(Lean::new);
    plain(Tungstenite::new);
}

fn secure(build: impl BuildEngine) {
    let (listener, address) = listener();
    echo(listener, 20 * 10, test_server::accept);
    let slots = Slots::new(build, 20, address, Duration::from_secs(60)).with_tls();
    assert_eq!(reconnect(slots, 20, 10), expected(20, 10));
}

#[test]
fn clients_reconnect_over_tls() {
    secure(Lean::new);
    secure(Tungstenite::new);
}
