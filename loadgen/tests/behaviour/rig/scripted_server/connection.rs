//! One connection of a scripted server: the opening handshake, then an answer to each frame.

use std::{
    collections::BTreeMap,
    io::{BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    ops::ControlFlow,
    slice::Chunks,
    sync::{
        MutexGuard,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
    time::{Duration, Instant},
};

use socket2::SockRef;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    ConnectionRecord, Writers,
    behaviour::{Behaviour, CloseAnswer},
};
use crate::rig::{
    PATIENCE,
    frame::{BINARY, CLOSE, CONTINUATION, FINAL, Frame, PING, PONG, TEXT, close_frame, frame, whole},
};

/// A connection of the server, on a thread of its own.
pub(super) struct ScriptedConnection {
    index: usize,
    behaviour: Behaviour,
    reader: BufReader<TcpStream>,
    writers: Writers,
    told: Sender<()>,
    /// Messages that wait for others.
    held: Vec<Frame>,
    seen: ConnectionRecord,
}

impl ScriptedConnection {
    pub(super) fn open(
        index: usize,
        stream: TcpStream,
        behaviour: Behaviour,
        writers: Writers,
        told: Sender<()>,
    ) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("an option");
        stream.set_write_timeout(Some(PATIENCE)).expect("an option");
        stream.set_nodelay(true).expect("an option");
        let writer = stream.try_clone().expect("a descriptor");
        writers.lock().expect("no panic").insert(index, writer);
        let mut this = Self {
            index,
            behaviour,
            reader: BufReader::new(stream),
            writers,
            told,
            held: Vec::new(),
            seen: ConnectionRecord::default(),
        };
        this.shake_hands();
        this
    }

    fn shake_hands(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.reader.read_exact(&mut byte).expect("a request");
            head.extend(byte);
        }
        self.seen.request = String::from_utf8(head).expect("ASCII");
        let mut fields = self.seen.request.lines().filter_map(|line| line.split_once(": "));
        let key = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
        let accept = derive_accept_key(key.expect("a key").1.as_bytes());
        self.write(
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            )
            .as_bytes(),
        );
    }

    pub(super) fn serve(mut self, over: &AtomicBool) -> ConnectionRecord {
        if matches!(self.behaviour, Behaviour::NeverReads) {
            while !over.load(Ordering::Acquire) {
                thread::park_timeout(Duration::from_millis(10));
            }
            return self.seen;
        }
        if let Behaviour::SendsAtOnce { bytes } = &self.behaviour {
            self.write(bytes);
        }
        if matches!(self.behaviour, Behaviour::Welcomes | Behaviour::RefusesLogins) {
            self.write(&whole(TEXT, b"hello"));
        }
        while let Some(frame) = Frame::read(&mut self.reader) {
            if self.take(frame).is_break() {
                break;
            }
        }
        self.seen
    }

    fn take(&mut self, frame: Frame) -> ControlFlow<()> {
        match frame.opcode {
            TEXT | BINARY => {
                let sequence = self.seen.messages;
                self.seen.messages += 1;
                let _ = self.told.send(());
                return self.answer(sequence, frame);
            }
            PING => self.write(&whole(PONG, &frame.payload)),
            PONG => {
                if matches!(self.behaviour, Behaviour::PingsOnly) {
                    thread::sleep(Duration::from_millis(100));
                    self.write(&whole(PING, &frame.payload));
                }
                self.seen.pongs.push(frame.payload);
            }
            CLOSE => {
                self.seen.closed = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                if let (Behaviour::OnceMoreAtTheEnd, Some(last)) = (&self.behaviour, self.held.pop()) {
                    self.echo(&last);
                }
                return self.part(&whole(CLOSE, &frame.payload));
            }
            other => panic!("opcode {other}"),
        }
        ControlFlow::Continue(())
    }

    fn part(&self, answer: &[u8]) -> ControlFlow<()> {
        let Behaviour::Closes(answer_to_close) = self.behaviour else {
            self.write(answer);
            return self.hang_up();
        };
        match answer_to_close {
            CloseAnswer::WithoutCode => self.write(&whole(CLOSE, b"")),
            CloseAnswer::Bytewise => answer.iter().for_each(|byte| self.write(&[*byte])),
            CloseAnswer::AfterPingAndPong => {
                self.write(&[&whole(PING, b"last"), &whole(PONG, b"unasked"), answer].concat());
            }
            CloseAnswer::Crossing => self.write(&close_frame(1001, "going away")),
            CloseAnswer::EndsItsSide | CloseAnswer::WaitsForTheClient => {
                self.write(answer);
                if matches!(answer_to_close, CloseAnswer::EndsItsSide) {
                    let _ = self.reader.get_ref().shutdown(Shutdown::Write);
                }
                // The client's end is the next that is read.
                return ControlFlow::Continue(());
            }
        }
        self.hang_up()
    }

    fn hang_up(&self) -> ControlFlow<()> {
        let _ = self.reader.get_ref().shutdown(Shutdown::Both);
        ControlFlow::Break(())
    }

    fn answer(&mut self, sequence: u64, message: Frame) -> ControlFlow<()> {
        let Frame { opcode, payload } = &message;
        match &self.behaviour {
            Behaviour::Echo | Behaviour::Closes(_) => self.echo(&message),
            Behaviour::Welcomes | Behaviour::RefusesLogins => return self.converse(&message),
            Behaviour::Bytewise => whole(*opcode, payload).iter().for_each(|byte| self.write(&[*byte])),
            Behaviour::FragmentedWithPings { bytes }
            | Behaviour::FragmentedWithEmptyOnes { bytes }
            | Behaviour::FragmentedWithPongs { bytes } => {
                self.fragments(&message, *bytes);
            }
            Behaviour::EchoWithPing => {
                let number = sequence.to_be_bytes();
                self.write(&[whole(PING, &number), whole(*opcode, payload), whole(PONG, b"unasked")].concat());
            }
            Behaviour::DropsEveryThird => {
                if sequence % 3 != 2 {
                    self.echo(&message);
                }
            }
            Behaviour::Duplicates => self.write(&whole(*opcode, payload).repeat(2)),
            Behaviour::OnceMoreAtTheEnd => {
                self.echo(&message);
                self.held = vec![message];
            }
            Behaviour::Coalesces => {
                self.held.push(message);
                if let [first, second] = self.held.as_slice() {
                    let joined = [first.payload.as_slice(), &second.payload].concat();
                    // Binary if one of them is: it may not be UTF-8.
                    self.write(&whole(first.opcode.max(second.opcode), &joined));
                    self.held.clear();
                }
            }
            Behaviour::Splits => {
                let (first, second) = payload.split_at(payload.len() / 2);
                self.write(&[whole(*opcode, first), whole(*opcode, second)].concat());
            }
            Behaviour::Truncates => self.write(&whole(*opcode, &payload[..53])),
            Behaviour::Reorders => {
                self.held.push(message);
                if self.held.len() == 4 {
                    let frames: Vec<_> = self.held.drain(..).rev().collect();
                    for frame in &frames {
                        self.echo(frame);
                    }
                }
            }
            Behaviour::AnswersAsBinary => self.write(&whole(BINARY, payload)),
            Behaviour::PushesOnly => return self.push(),
            Behaviour::AnswersAsText => self.write(&whole(TEXT, payload)),
            Behaviour::Corrupts => {
                let mut payload = payload.clone();
                *payload.last_mut().expect("not empty") ^= 1;
                self.write(&whole(*opcode, &payload));
            }
            Behaviour::Alters(alter) => {
                let altered = whole(*opcode, &alter(payload));
                self.write(&altered);
            }
            Behaviour::EchoAndGreeting => self.write(&[whole(TEXT, b"hello there"), whole(*opcode, payload)].concat()),
            Behaviour::RepeatsTheRequest => {
                let head = self.seen.request.clone();
                let pieces = head.as_bytes().chunks(40).chain(head.as_bytes().chunks(7));
                for piece in pieces.chain(head.lines().map(str::as_bytes)).chain([head.as_bytes()]) {
                    self.write(&whole(TEXT, piece));
                }
                self.write(&close_frame(1008, &format!("not you: {}", &head[..100])));
                return self.hang_up();
            }
            Behaviour::FloodsGreetings => return self.flood(),
            Behaviour::Misroutes => {
                let writers = self.writers();
                (&writers[&(self.index ^ 1)]).write_all(&whole(*opcode, payload)).expect("it listens");
            }
            Behaviour::EndsTcp { after } | Behaviour::Resets { after } | Behaviour::SendsInstead { after, .. }
                if sequence < *after =>
            {
                self.echo(&message);
            }
            Behaviour::EndsTcp { after } if sequence == *after => {
                let _ = self.reader.get_ref().shutdown(Shutdown::Write);
            }
            Behaviour::Resets { .. } => {
                // The other handle on the socket is the list's.
                let stream = self.writers().remove(&self.index).expect("listed");
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("an option");
                return ControlFlow::Break(());
            }
            Behaviour::PingsOnly if sequence == 0 => self.write(&whole(PING, b"still here")),
            Behaviour::SendsInstead { after, bytes } if sequence == *after => self.write(bytes),
            Behaviour::SendsAfterTheFirst { bytes } if sequence == 0 => {
                self.write(&[whole(*opcode, payload), bytes.clone()].concat());
            }
            Behaviour::NeverAnswers
            | Behaviour::PingsOnly
            | Behaviour::NeverReads
            | Behaviour::EndsTcp { .. }
            | Behaviour::SendsInstead { .. }
            | Behaviour::SendsAtOnce { .. }
            | Behaviour::SendsAfterTheFirst { .. } => {}
        }
        ControlFlow::Continue(())
    }

    fn converse(&mut self, message: &Frame) -> ControlFlow<()> {
        if matches!(self.behaviour, Behaviour::RefusesLogins) {
            self.write(&close_frame(1008, "who are you?"));
            return self.hang_up();
        }
        match str::from_utf8(&message.payload) {
            Ok("3") => self.seen.answers += 1,
            Ok(text) if text.starts_with("login:") => {
                self.seen.logins.push(text["login:".len()..].to_owned());
                // The heartbeat comes in one read with the welcome.
                self.write(&[whole(TEXT, b"welcome"), whole(TEXT, b"2")].concat());
            }
            _ => {
                let before = [whole(TEXT, b"2"), whole(TEXT, b"presence")].concat();
                self.write(&[before, whole(message.opcode, &message.payload)].concat());
            }
        }
        ControlFlow::Continue(())
    }

    fn push(&self) -> ControlFlow<()> {
        let mut stream = self.reader.get_ref();
        while stream.write_all(&whole(TEXT, b"tick")).is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
        ControlFlow::Break(())
    }

    fn flood(&self) -> ControlFlow<()> {
        let started = Instant::now();
        // Long ones: a machine that is slow must be done with a turn of them all the same.
        let greetings = whole(TEXT, &b"hello there".repeat(100)).repeat(10);
        let mut stream = self.reader.get_ref();
        while started.elapsed() < PATIENCE + Duration::from_secs(5) && stream.write_all(&greetings).is_ok() {}
        ControlFlow::Break(())
    }

    fn echo(&self, message: &Frame) {
        self.write(&whole(message.opcode, &message.payload));
    }

    fn fragments(&mut self, message: &Frame, bytes: usize) {
        let pieces = message.payload.chunks(bytes);
        // A piece that ends within a character is not UTF-8 by itself.
        if message.opcode == TEXT {
            let cut =
                pieces.clone().filter(|piece| str::from_utf8(piece).is_err_and(|error| error.error_len().is_none()));
            self.seen.characters_cut += cut.count() as u64;
        }
        if matches!(self.behaviour, Behaviour::FragmentedWithPongs { .. }) {
            return self.among_pongs(message.opcode, pieces);
        }
        self.write(&frame(message.opcode, b""));
        for piece in pieces {
            let between = match self.behaviour {
                Behaviour::FragmentedWithEmptyOnes { .. } => frame(CONTINUATION, b""),
                // A ping has at most 125 bytes: RFC 6455, section 5.5.
                _ => whole(PING, &piece[..piece.len().min(125)]),
            };
            self.write(&[frame(CONTINUATION, piece), between].concat());
        }
        self.write(&frame(FINAL | CONTINUATION, b""));
    }

    fn among_pongs(&self, opcode: u8, pieces: Chunks<'_, u8>) {
        let (last, pong) = (pieces.len() - 1, whole(PONG, b"unasked"));
        self.write(&pong);
        for (index, piece) in pieces.enumerate() {
            let opcode = if index == 0 { opcode } else { CONTINUATION };
            let first = if index == last { FINAL | opcode } else { opcode };
            self.write(&[frame(first, piece), pong.clone()].concat());
        }
    }

    fn writers(&self) -> MutexGuard<'_, BTreeMap<usize, TcpStream>> {
        self.writers.lock().expect("no panic")
    }

    /// Ignores the failure of a write, since the client may be gone.
    fn write(&self, bytes: &[u8]) {
        let mut stream = self.reader.get_ref();
        let _ = stream.write_all(bytes);
    }
}
