//! A server that a command starts for one run.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use loadgen::Stop;
use reports::escape;
use rustix::process::{Pid, Signal, kill_process_group};

use super::cleanup::{Cleanup, Registered, StartedProcess};
use crate::cli::ADDRESS;

/// Time between two checks of something that is waited for.
const TURN: Duration = Duration::from_millis(10);

/// Time that a server has to end before it is killed.
const TO_END: Duration = Duration::from_secs(5);

/// How many of the last bytes of a failed server's output are shown.
const SHOWN: u64 = 2000;

/// A running server in a process group of its own. Dropping this ends the whole group.
#[derive(Debug)]
pub(super) struct StartedServer<'a> {
    child: Child,
    _registered: Registered<'a>,
    address: SocketAddr,
    said: File,
}

/// Why a server can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("the server can't be started: {0}")]
    Start(#[from] io::Error),
    #[error("the server ended before it took a connection at {address}: {status}{said}")]
    Ended { address: SocketAddr, status: std::process::ExitStatus, said: String },
    #[error("the server took no connection at {address} within {}; --start-timeout waits longer{said}", reports::human::seconds(.waited.as_secs_f64()))]
    Silent { address: SocketAddr, waited: Duration, said: String },
    #[error("interrupted")]
    Interrupted,
}

impl<'a> StartedServer<'a> {
    /// Starts a server at a free port of 127.0.0.1, and waits until it takes connections.
    pub(super) fn start(
        command: &[String],
        patience: Duration,
        stop: &Stop,
        cleanup: &'a Cleanup,
    ) -> Result<Self, ServerError> {
        // Another process may take the port meanwhile. Then the server fails, and so does the
        // comparison.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let words: Vec<_> = command.iter().map(|word| word.replace(ADDRESS, &address.to_string())).collect();
        let said = tempfile::tempfile()?;
        let child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said.try_clone()?)
            // Ctrl-C in a terminal would end it before the run that it serves.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("`{}`: {error}", escape(words[0].as_bytes(), 200)))
            })?;
        let registered = cleanup.register(StartedProcess::group(&child));
        let mut server = Self { child, _registered: registered, address, said };
        server.wait(patience, stop)?;
        Ok(server)
    }

    /// Where clients find it; `path` begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    fn wait(&mut self, patience: Duration, stop: &Stop) -> Result<(), ServerError> {
        let started = Instant::now();
        while TcpStream::connect_timeout(&self.address, TURN).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(ServerError::Ended { address: self.address, status, said: self.said() });
            }
            if stop.is_stopped() {
                return Err(ServerError::Interrupted);
            }
            if started.elapsed() > patience {
                return Err(ServerError::Silent { address: self.address, waited: patience, said: self.said() });
            }
            sleep(TURN);
        }
        Ok(())
    }

    /// The end of what it printed, for a message.
    pub(super) fn said(&mut self) -> String {
        let mut said = Vec::new();
        let read = self.said.seek(SeekFrom::End(0)).and_then(|end| {
            self.said.seek(SeekFrom::Start(end.saturating_sub(SHOWN)))?;
            (&mut self.said).take(SHOWN).read_to_end(&mut said)
        });
        let lines: Vec<_> = said.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        if read.is_err() || lines.is_empty() {
            return String::new();
        }
        let lines = lines.iter().map(|line| format!("\n  {}", escape(line, 200)));
        format!("; it said:{}", lines.collect::<String>())
    }

    fn signal(&self, signal: Signal) {
        // An error means that it has ended already.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for StartedServer<'_> {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < TO_END {
            sleep(TURN);
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}
