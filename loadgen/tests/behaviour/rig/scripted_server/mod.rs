//! A WebSocket server that does exactly what its [`Behaviour`] says, and records what it received.

mod behaviour;
mod connection;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    thread::{self, JoinHandle},
};

pub(crate) use behaviour::{Alteration, Behaviour, CloseAnswer};
use connection::ScriptedConnection;

use super::PATIENCE;

pub(crate) struct ScriptedServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    first: Receiver<()>,
    thread: JoinHandle<Vec<ConnectionRecord>>,
}

/// What the server received on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionRecord {
    /// The request of the opening handshake.
    pub(crate) request: String,
    /// Data messages.
    pub(crate) messages: u64,
    /// Logins, and answers to heartbeats.
    pub(crate) logins: Vec<String>,
    pub(crate) answers: u64,
    /// Payloads of pongs.
    pub(crate) pongs: Vec<Vec<u8>>,
    /// Characters that the server cut in two between fragments.
    pub(crate) characters_cut: u64,
    /// Code of the Close.
    pub(crate) closed: Option<u16>,
}

/// Writing ends of all connections.
type Writers = Arc<Mutex<BTreeMap<usize, TcpStream>>>;

impl ScriptedServer {
    /// A server with one behaviour on all connections.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        Self::start_each(move |_| behaviour.clone())
    }

    /// A server whose behaviour depends on how many connections were accepted before.
    pub(crate) fn start_each(behaviour: impl Fn(usize) -> Behaviour + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let over = Arc::new(AtomicBool::new(false));
        let (told, first) = channel();
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let writers = Writers::default();
            let mut connections = Vec::new();
            for (index, client) in listener.incoming().enumerate() {
                if ended.load(Ordering::Acquire) {
                    break;
                }
                let stream = client.expect("a connection");
                let (behaviour, writers, over, told) =
                    (behaviour(index), Arc::clone(&writers), Arc::clone(&ended), told.clone());
                connections.push(thread::spawn(move || {
                    ScriptedConnection::open(index, stream, behaviour, writers, told).serve(&over)
                }));
            }
            connections.into_iter().map(|connection| connection.join().expect("no panic")).collect()
        });
        Self { address, over, first, thread }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Waits until a data message has come.
    pub(crate) fn wait_for_a_message(&self) {
        self.first.recv_timeout(PATIENCE).expect("a message");
    }

    /// Waits for the end of all connections. The records are in the order in which they were
    /// accepted.
    pub(crate) fn finish(self) -> Vec<ConnectionRecord> {
        self.over.store(true, Ordering::Release);
        // Ends the wait for another connection.
        drop(TcpStream::connect(self.address));
        self.thread.join().expect("no panic")
    }
}
