//! The `server` command.

mod cli;

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use server::{Allowance, FaultLedger, Room};
use tokio::sync::oneshot;

fn main() -> ExitCode {
    program::tell_panics("server");
    match serve(cli::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            program::say(format!("server: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(args: cli::Args) -> Result<(), Box<dyn Error>> {
    if args.log {
        log_to_stderr();
    }
    let listener = server::bind(args.listen).map_err(|error| args.bind_failure(&error))?;
    let address = listener.local_addr()?;
    let ledger = args.misbehaviour.fault_ledger.clone().map(Ledger::create).transpose()?;
    let shutdown = signalled()?;
    let options = args.options(Room::new(Allowance::raise())).unwrap_or_else(|error| error.exit());
    let (seed, faulty) = (options.seed, !options.faults.is_empty());
    // A server serves whether or not anyone reads where it listens.
    program::tell(format!("listening on ws://{address}"));
    if faulty || options.delay.is_some() {
        program::tell(format!("fault seed {seed}"));
    }
    // `run` needs nothing of this runtime but to be polled.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let stats = runtime.block_on(server::run(listener, options, shutdown))?;
    match ledger {
        Some(ledger) => ledger.write(&FaultLedger::new(seed, &stats.faults)),
        None => Ok(()),
    }
}

/// The file for what was done wrong, open from the start: a path that can't be written shall not be found out at the end.
struct Ledger {
    path: PathBuf,
    file: File,
}

impl Ledger {
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

/// Sends what the server tells of its connections to stderr, one line an event.
fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        // A panic of the thread that serves, otherwise, once nobody reads stderr.
        .log_internal_errors(false)
        .init();
}

/// Completes at the first Ctrl-C, SIGTERM or SIGHUP.
fn signalled() -> Result<impl Future<Output = ()>, ctrlc::Error> {
    let (send, receive) = oneshot::channel();
    let mut send = Some(send);
    ctrlc::set_handler(move || {
        if let Some(send) = send.take() {
            // The server may have failed in the meantime.
            let _ = send.send(());
        }
    })?;
    Ok(async {
        let _ = receive.await;
    })
}
