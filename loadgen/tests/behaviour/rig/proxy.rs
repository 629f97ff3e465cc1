//! A proxy that passes every byte on, but cuts and joins the streams of both directions anew, as
//! TCP may.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::stream_cutter::{HeaderPosition, StreamCutter};

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

/// Usually long enough for a waiting reader to take what was written. Nothing depends on it.
const PAUSE: Duration = Duration::from_micros(10);

/// How many bytes of a read [`Cutting::Bytewise`] pauses after. Pauses after all bytes of large
/// messages would take minutes.
const PAUSES: usize = 256;

/// Passes connections on for as long as the test process lives.
pub(crate) struct Proxy {
    address: SocketAddr,
    cut: Cuts,
}

/// The places within headers that were cut, on all connections.
type Cuts = Arc<Mutex<BTreeSet<HeaderPosition>>>;

impl Proxy {
    /// In front of the server at `server`.
    pub(crate) fn in_front_of(server: SocketAddr, cutting: Cutting) -> Self {
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
    pub(crate) fn cut(&self) -> BTreeSet<HeaderPosition> {
        self.cut.lock().expect("no panic").clone()
    }
}

impl Cutting {
    /// The cutting of one of several streams.
    fn of(self, stream: u64) -> Self {
        match self {
            Self::Random { seed, longest } => Self::Random { seed: seed.wrapping_mul(1 << 16) + stream, longest },
            other => other,
        }
    }

    /// Passes one direction of a connection on, and reads it to its end even if nobody takes it any
    /// more.
    fn pass(self, mut from: TcpStream, mut to: TcpStream, cuts: &Cuts) {
        let mut cutter = match self {
            Self::Random { seed, longest } => Some(StreamCutter::new(seed, longest)),
            Self::Bytewise | Self::Collected => None,
        };
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..read];
            match (&mut cutter, self) {
                (Some(cutter), _) => {
                    let places = cutter.cut.len();
                    for piece in cutter.pieces(bytes).into_iter().filter(|piece| !piece.is_empty()) {
                        let _ = to.write_all(piece);
                        // Short ones are those around headers.
                        if piece.len() < 16 {
                            thread::sleep(PAUSE);
                        }
                    }
                    if cutter.cut.len() > places {
                        cuts.lock().expect("no panic").extend(&cutter.cut);
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
