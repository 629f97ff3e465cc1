//! The `server` command.

mod cli;

use std::{error::Error, io::Write, process::ExitCode};

use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::oneshot;

/// Descriptors that are not connections: standard streams, listeners, and each thread's poller.
const OTHER_FILES: u64 = 64;

fn main() -> ExitCode {
    match serve(cli::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: cli::Args) -> Result<(), Box<dyn Error>> {
    let listener = server::bind(args.listen).map_err(|error| args.bind_failure(&error))?;
    let address = listener.local_addr()?;
    let shutdown = signalled()?;
    let options = args.options(usize::try_from(raise_open_files().saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX));
    writeln!(std::io::stdout(), "listening on ws://{address}")?;
    // `run` needs nothing of this runtime but to be polled.
    tokio::runtime::Builder::new_current_thread().build()?.block_on(server::run(listener, options, shutdown))?;
    Ok(())
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

/// Raises the soft limit on open files to the hard one, as each connection is a file, and returns what is allowed then.
fn raise_open_files() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, maximum: now.maximum };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { now.current };
    limit.unwrap_or(u64::MAX)
}
