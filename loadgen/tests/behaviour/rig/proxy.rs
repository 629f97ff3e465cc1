//! A proxy that passes every byte on, but cuts and joins the stream anew, in both directions. TCP may do the same.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::stream_cutter::{Knife, Place};

/// How a stream is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cutting {
    /// A write for each byte.
    Bytewise,
    /// One write for all that comes in 20 ms.
    Collected,
    /// Pieces of 1 to `longest` bytes, and cuts within the headers of frames.
    Random { seed: u64, longest: usize },
}

/// What [`Cutting::Collected`] waits for.
const COLLECTED_IN: Duration = Duration::from_millis(20);

/// Long enough for a reader that waits to take what was written; nothing depends on its being so.
const PAUSE: Duration = Duration::from_micros(10);

/// Bytes of a read that [`Cutting::Bytewise`] pauses after; all of them would take minutes where messages are large.
const PAUSES: usize = 256;

/// Passes connections on for as long as the test process lives.
pub(crate) struct Proxy {
    address: SocketAddr,
    cut: Cuts,
}

/// The places within headers that were cut, on all connections.
type Cuts = Arc<Mutex<BTreeSet<Place>>>;

impl Proxy {
    /// In front of the server at `server`.
    pub(crate) fn before(server: SocketAddr, cutting: Cutting) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let cut = Cuts::default();
        let cuts = Arc::clone(&cut);
        thread::spawn(move || {
            for (index, client) in (0..).zip(listener.incoming()) {
                let client = client.expect("a connection");
                let server = TcpStream::connect(server).expect("the server listens");
                for (direction, (from, to)) in (0..).zip([(&client, &server), (&server, &client)]) {
                    to.set_nodelay(true).expect("an option");
                    let (from, to) = (from.try_clone().expect("a descriptor"), to.try_clone().expect("a descriptor"));
                    let (cuts, cutting) = (Arc::clone(&cuts), cutting.of(2 * index + direction));
                    thread::spawn(move || cutting.pass(from, to, &cuts));
                }
            }
        });
        Self { address, cut }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The places within headers that were cut so far.
    pub(crate) fn cut(&self) -> BTreeSet<Place> {
        self.cut.lock().expect("no panic").clone()
    }
}

impl Cutting {
    /// The cutting of one stream among others.
    fn of(self, stream: u64) -> Self {
        match self {
            Self::Random { seed, longest } => Self::Random { seed: seed.wrapping_mul(1 << 16) + stream, longest },
            other => other,
        }
    }

    /// Passes one direction of a connection on. One that nobody reads any more is read to its end all the same.
    fn pass(self, mut from: TcpStream, mut to: TcpStream, cuts: &Cuts) {
        let mut knife = match self {
            Self::Random { seed, longest } => Some(Knife::new(seed, longest)),
            Self::Bytewise | Self::Collected => None,
        };
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..read];
            match (&mut knife, self) {
                (Some(knife), _) => {
                    let places = knife.cut.len();
                    for piece in knife.pieces(bytes).into_iter().filter(|piece| !piece.is_empty()) {
                        let _ = to.write_all(piece);
                        // Short ones are those around headers.
                        if piece.len() < 16 {
                            thread::sleep(PAUSE);
                        }
                    }
                    if knife.cut.len() > places {
                        cuts.lock().expect("no panic").extend(&knife.cut);
                    }
                }
                (None, Self::Collected) => {
                    let mut collected = bytes.to_vec();
                    collect(&mut from, &mut collected);
                    let _ = to.write_all(&collected);
                }
                (None, _) => {
                    for (index, byte) in bytes.iter().enumerate() {
                        let _ = to.write_all(&[*byte]);
                        if index < PAUSES {
                            thread::sleep(PAUSE);
                        }
                    }
                }
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// Adds what comes within [`COLLECTED_IN`].
fn collect(from: &mut TcpStream, collected: &mut Vec<u8>) {
    let until = Instant::now() + COLLECTED_IN;
    let mut buffer = [0; 4096];
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        from.set_read_timeout(Some(left)).expect("an option");
        match from.read(&mut buffer) {
            Ok(read @ 1..) => collected.extend(&buffer[..read]),
            // The end is met again by the next read, and so is an error that is not the timeout.
            _ => break,
        }
    }
    from.set_read_timeout(None).expect("an option");
}
