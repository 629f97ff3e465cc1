//! What the connections of one thread share.

use std::{cell::RefCell, rc::Rc};

use frames::{Encoder, deflate::DeflateSettings};
use tokio_rustls::TlsAcceptor;

use crate::{
    misbehaviour::WakeTimer,
    options::{Limits, Options, Reply},
    page,
    registry::Registry,
    rooms::Rooms,
    stats::Stats,
    tls::TlsSettings,
};

/// Bytes read at once.
const READ_BUFFER: usize = 64 * 1024;

/// What the connections of one thread share.
pub(crate) struct ConnectionContext {
    pub(crate) limits: Limits,
    /// The fixed reply. `None` for an echo.
    pub(crate) reply: Option<String>,
    /// The subprotocols that the server has.
    pub(crate) subprotocols: Vec<String>,
    /// How messages are compressed, where a client offers that.
    pub(crate) compression: Option<DeflateSettings>,
    /// Accepts TLS, if the server speaks it.
    pub(crate) tls: Option<TlsAcceptor>,
    /// The page for browsers, if they get one.
    pub(crate) page: Option<String>,
    /// The rooms, if messages are broadcast.
    pub(crate) rooms: Option<Rc<Rooms>>,
    pub(crate) workspace: RefCell<Workspace>,
    pub(crate) registry: Rc<Registry>,
    stats: RefCell<Stats>,
}

/// The buffers of a thread. Its connections use them in turn, so they need none of their own.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// What was read.
    pub(crate) read: Box<[u8]>,
    /// What is to be written. A connection leaves it empty.
    pub(crate) frames: Encoder,
}

impl ConnectionContext {
    /// `timer` is needed by rooms that stagger.
    pub(crate) fn new(options: &Options, registry: Registry, timer: Option<Rc<WakeTimer>>) -> Self {
        let rooms = options.rooms.as_ref().map(|rooms| {
            let account = Rc::clone(registry.account());
            Rc::new(Rooms::new(rooms.clone(), options.limits.unsent_bytes, account, timer))
        });
        Self {
            limits: options.limits.clone(),
            reply: match &options.reply {
                Reply::Echo => None,
                Reply::Text(text) => Some(text.clone()),
            },
            subprotocols: options.subprotocols.clone(),
            compression: options.compression,
            tls: options.tls.as_ref().map(TlsSettings::acceptor),
            page: (options.page && rooms.is_none()).then(|| page::content(&options.reply)),
            rooms,
            workspace: RefCell::default(),
            registry: Rc::new(registry),
            stats: RefCell::default(),
        }
    }

    /// Counts something.
    pub(crate) fn count(&self, what: impl FnOnce(&mut Stats)) {
        what(&mut self.stats.borrow_mut());
    }

    /// What was counted since the last call.
    pub(crate) fn take_stats(&self) -> Stats {
        self.stats.take()
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self { read: vec![0; READ_BUFFER].into(), frames: Encoder::default() }
    }
}
