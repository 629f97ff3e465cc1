//! What the program does: listen, serve until a signal comes, and save what was done wrong.

use std::{
    error::Error,
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use program::Exit;
use tokio::sync::oneshot;

use super::{cli::ServerArgs, log_writer::LogWriter, serve_error::ServeError};
use crate::{Allowance, ConnectionCapacity, FaultLedger};

/// Serves until a signal comes; how the process ends.
///
/// # Errors
/// If the options contradict each other, the server can't listen or serve, or a file can't be
/// written.
pub fn serve(args: ServerArgs) -> Result<Exit, ServeError> {
    let log = args.log.log.then(|| LogWriter::start(io::stderr())).transpose();
    let log = log.map_err(|error| format!("--log: cannot start its thread: {error}; raise the limit (`ulimit -u`)"))?;
    if let Some(log) = &log {
        log_to(log.clone());
    }
    let listener = crate::bind(args.listen).map_err(|error| args.bind_failure(&error))?;
    let address = listener.local_addr()?;
    let ledger = args.misbehaviour.fault_ledger.clone().map(LedgerFile::create).transpose()?;
    let shutdown = signalled()?;
    let (tls, notes) = args.tls.ready(address.ip())?.map(|tls| (tls.settings, tls.notes)).unzip();
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let options = args.options(ConnectionCapacity::new(Allowance::raise()), tls)?;
    let (seed, drawn) = (options.seed, options.delay.is_some() || !options.faults.is_empty());
    let (threads, has_rooms) = (options.threads, options.rooms.is_some());
    let serving = crate::start(listener, options).map_err(|error| {
        format!("--threads {threads}: {error}; use fewer, or raise the limits on threads and files (`ulimit -u`, `ulimit -n`)")
    })?;
    // The server serves even if this can't be printed.
    program::tell(format!("listening on {scheme}://{address}"));
    notes.into_iter().flatten().for_each(program::tell);
    if drawn {
        program::tell(format!("fault seed {seed}"));
    }
    if has_rooms {
        program::tell("rooms: one thread, as threads share no connections");
    }
    // The future needs a runtime only to be polled.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let served = runtime.block_on(serving.until(shutdown));
    let written = served.map_err(Box::from).and_then(|stats| match ledger {
        Some(ledger) => ledger.write(&FaultLedger::new(seed, &stats.faults)),
        None => Ok(()),
    });
    if let Some(log) = log {
        log.finish();
    }
    written?;
    Ok(Exit::Pass)
}

/// The file for the ledger of faults. It is opened at the start, so that a path that can't be
/// written is reported then.
struct LedgerFile {
    path: PathBuf,
    file: File,
}

impl LedgerFile {
    fn create(path: PathBuf) -> Result<Self, String> {
        let file = File::create(&path).map_err(|error| format!("--fault-ledger {}: {error}", path.display()))?;
        Ok(Self { path, file })
    }

    fn write(self, faults: &FaultLedger<'_>) -> Result<(), Box<dyn Error>> {
        let mut out = BufWriter::new(self.file);
        let written = faults.write(&mut out).and_then(|()| out.flush());
        written.map_err(|error| format!("--fault-ledger {}: {error}", self.path.display()).into())
    }
}

/// Logs what the server tells of its connections, with one line for each event.
fn log_to(writer: LogWriter) {
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_target(false)
        // The writer has no errors, and errors of other crates do not belong into this log.
        .log_internal_errors(false)
        .init();
}

/// Completes at the first Ctrl-C, SIGTERM or SIGHUP.
fn signalled() -> io::Result<impl Future<Output = ()>> {
    let (send, receive) = oneshot::channel();
    let mut send = Some(send);
    program::on_signal(move || {
        if let Some(send) = send.take() {
            // The server may have failed meanwhile.
            let _ = send.send(());
        }
    })?;
    Ok(async {
        let _ = receive.await;
    })
}
