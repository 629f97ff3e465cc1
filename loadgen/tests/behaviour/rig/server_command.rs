//! The reference server as a command: this test program, started anew. For tests of what starts
//! servers by commands.

use std::{num::NonZeroUsize, time::Duration};

use server::{Delay, DelayShape, FaultKind, Faults, Options};
use tokio::runtime::Builder;

/// What the server does besides echoing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerVariant {
    /// Nothing.
    Echoes,
    /// Each answer comes 20 ms late.
    Delays,
    /// One message in ten does not come back.
    Drops,
    /// It fails with a message on stderr.
    FailsToStart,
    /// It runs without listening.
    NeverListens,
}

const ADDRESS: &str = "LOADGEN_TEST_SERVE_AT";
const VARIANT: &str = "LOADGEN_TEST_SERVE_HOW";

/// A command for `loadgen ab`.
pub(crate) fn server_command(variant: ServerVariant) -> String {
    let this = std::env::current_exe().expect("a program");
    let this = this.to_str().expect("UTF-8");
    format!(
        "cmd:sh -c '{ADDRESS}={{addr}} {VARIANT}={variant:?} exec \"{this}\" --exact rig::server_command::serve --ignored --nocapture'"
    )
}

#[test]
#[ignore = "no test: a server for others, which does nothing without them"]
fn serve() {
    let (Ok(address), Ok(variant)) = (std::env::var(ADDRESS), std::env::var(VARIANT)) else { return };
    let mut options = Options { threads: NonZeroUsize::MIN, ..Options::default() };
    match variant.as_str() {
        "Delays" => options.delay = Some(Delay { mean: Duration::from_millis(20), shape: DelayShape::Fixed }),
        "Drops" => options.faults = Faults::new([(FaultKind::Drop, 0.1)]).expect("a chance"),
        "FailsToStart" => {
            eprintln!("no \u{1b}[31mlicence");
            std::process::exit(3);
        }
        "NeverListens" => loop {
            std::thread::park();
        },
        _ => {}
    }
    let listener = server::bind(address.parse().expect("an address")).expect("a free port");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(server::run(listener, options, std::future::pending())).expect("no failure");
}
