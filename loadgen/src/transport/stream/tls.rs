//! TLS on another stream.

use std::{
    cell::RefCell,
    io::{self, ErrorKind, IoSlice, Read, Write},
    os::fd::AsFd,
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};

use super::Stream;

/// Bytes of records that are read at once, at most: those of a burst. rustls by itself would ask
/// for 4 KiB.
const RECORDS: usize = 64 * 1024;

/// TLS on a stream: on a socket, or on the TLS of a proxy.
#[derive(Debug)]
pub(crate) struct TlsStream<S> {
    under: Stream<S>,
    session: ClientConnection,
    /// The last read took everything that was there.
    is_drained: bool,
    /// The handshake is complete, and no farewell was said.
    is_open: bool,
}

impl<S: AsFd> TlsStream<S> {
    /// TLS on a connected stream, before its handshake.
    ///
    /// # Errors
    /// The settings don't fit the name.
    pub(in crate::transport) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        under: Stream<S>,
    ) -> Result<Self, rustls::Error> {
        Ok(Self { under, session: ClientConnection::new(config, name)?, is_drained: false, is_open: false })
    }

    /// The socket underneath.
    pub(crate) fn socket(&self) -> &S {
        self.under.socket()
    }

    /// What the handshake has agreed on so far.
    pub(in crate::transport) fn session(&self) -> &ClientConnection {
        &self.session
    }

    /// Whether it, or what is under it, holds bytes that TCP has not taken.
    pub(super) fn holds(&self) -> bool {
        self.session.wants_write() || self.under.holds()
    }

    /// Whether the kernel reports everything that a short read left behind.
    pub(super) fn is_drained(&self) -> bool {
        self.is_drained
    }

    /// Says farewell, and then what is under it does.
    pub(super) fn say_farewell(&mut self) {
        if self.is_open {
            self.is_open = false;
            self.session.send_close_notify();
            // What finds no room is left out.
            let _ = self.push();
            self.under.say_farewell();
        }
    }

    /// From now on no farewell is said.
    pub(super) fn cut(&mut self) {
        self.is_open = false;
    }

    /// Does what can be done of the handshake now. True once it is complete: what TLS still holds
    /// then goes out with the first write.
    ///
    /// # Errors
    /// The handshake failed, or the peer ended the stream ([`ErrorKind::UnexpectedEof`]).
    pub(crate) fn handshake(&mut self) -> io::Result<bool> {
        while self.session.is_handshaking() {
            self.push()?;
            match self.session.read_tls(&mut Under(&mut self.under)) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => self.decrypt()?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
        }
        self.is_open = true;
        Ok(true)
    }

    /// Takes bytes that were read from what is under it, before its handshake.
    ///
    /// # Errors
    /// They are no TLS.
    pub(in crate::transport) fn take_early(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.session.read_tls(&mut bytes)?;
            self.decrypt()?;
        }
        Ok(())
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                // Nothing is decrypted yet. The next read of TCP meets the end of the stream.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            let bytes = with_records(|records| self.receive(records, buffer))?;
            if bytes > 0 {
                return Ok(bytes);
            }
        }
    }

    /// Reads what is under it once, and decrypts that into `buffer`. Returns how many bytes came
    /// out of it, which may be none.
    ///
    /// It reads no more than fits into `buffer`, so TLS keeps a record at most.
    fn receive(&mut self, records: &mut [u8], buffer: &mut [u8]) -> io::Result<usize> {
        let most = records.len().min(buffer.len());
        let bytes = self.under.read(&mut records[..most])?;
        self.is_drained = bytes < most && self.under.tells_what_is_left();
        let (mut rest, mut filled) = (&records[..bytes], 0);
        loop {
            // No bytes tell TLS of the end of the stream.
            let taken = self.session.read_tls(&mut rest)?;
            // Nothing more is read then, and only the next read tells of the end.
            let is_closed = self.decrypt()? || taken == 0;
            self.is_drained &= !is_closed;
            match self.session.reader().read(&mut buffer[filled..]) {
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock || filled > 0 => {}
                Err(error) => return Err(error),
            }
            if is_closed || rest.is_empty() {
                return Ok(filled);
            }
        }
    }

    /// Decrypts what was read. Returns whether the peer has said farewell.
    fn decrypt(&mut self) -> io::Result<bool> {
        match self.session.process_new_packets() {
            Ok(state) => {
                if state.tls_bytes_to_write() > 0 && !self.session.is_handshaking() {
                    // An answer to the peer, such as a refusal to negotiate anew. It may be late.
                    let _ = self.push();
                }
                Ok(state.peer_has_closed())
            }
            Err(error) => {
                // Alerts the peer, if it still listens.
                let _ = self.push();
                Err(io::Error::new(ErrorKind::InvalidData, error))
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        loop {
            // TLS holds a bounded number of bytes, so it must pass some on first.
            self.push()?;
            let more = self.session.writer().write(&bytes[taken..])?;
            taken += more;
            if more == 0 || taken == bytes.len() {
                break;
            }
        }
        self.push()?;
        if taken == 0 && !bytes.is_empty() { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    pub(super) fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Under(&mut self.under)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.under.push()
    }
}

/// What TLS lies on, as rustls reads and writes it.
struct Under<'a, S>(&'a mut Stream<S>);

impl<S: AsFd> Read for Under<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: AsFd> Write for Under<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, records: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(records)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// Buffers for records on their way into TLS. There is one for each layer of TLS.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Lends a buffer of the thread, so that no connection has one of its own.
fn with_records<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; RECORDS]);
    let result = read(&mut buffer);
    SPARE.with_borrow_mut(|spare| spare.push(buffer));
    result
}
