//! The reference server as a command, for what starts servers by commands: this test program, started anew.

use std::num::NonZeroUsize;
use std::time::Duration;

use server::{Delay, DelayShape, FaultKind, Faults, Options};
use tokio::runtime::Builder;

/// What a served server does besides echoing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Echoes,
    /// Each answer comes 20 ms late.
    Dawdles,
    /// One message in ten does not come back.
    Forgets,
    /// It says so on stderr and ends.
    Fails,
    /// It runs, and does not listen.
    Sleeps,
}

const ADDRESS: &str = "LOADGEN_TEST_SERVE_AT";
const MANNER: &str = "LOADGEN_TEST_SERVE_HOW";

/// A command for `loadgen ab`.
pub(crate) fn served(manner: Manner) -> String {
    let this = std::env::current_exe().expect("a program");
    let this = this.to_str().expect("UTF-8");
    format!(
        "cmd:sh -c '{ADDRESS}={{addr}} {MANNER}={manner:?} exec \"{this}\" --exact rig::server_command::serve --ignored --nocapture'"
    )
}

#[test]
#[ignore = "no test: a server for others, which does nothing without them"]
fn serve() {
    let (Ok(address), Ok(manner)) = (std::env::var(ADDRESS), std::env::var(MANNER)) else { return };
    let mut options = Options { threads: NonZeroUsize::MIN, ..Options::default() };
    match manner.as_str() {
        "Dawdles" => options.delay = Some(Delay { mean: Duration::from_millis(20), shape: DelayShape::Fixed }),
        "Forgets" => options.faults = Faults::new([(FaultKind::Drop, 0.1)]).expect("a chance"),
        "Fails" => {
            eprintln!("no \u{1b}[31mlicence");
            std::process::exit(3);
        }
        "Sleeps" => loop {
            std::thread::park();
        },
        _ => {}
    }
    let listener = server::bind(address.parse().expect("an address")).expect("a free port");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(server::run(listener, options, std::future::pending())).expect("no failure");
}
