//! Ten minutes of the command against a server, each in a process of its own: nothing is lost, and
//! the memory of neither grows.
//!
//! `cargo test --release -p loadgen --test behaviour -- --ignored --nocapture soak` runs it and
//! shows the figures. `SOAK_SECONDS=30` before it makes it shorter, and the bound on memory less
//! sharp.

use std::{
    env,
    io::{self, BufRead, BufReader, Lines, Read},
    net::Ipv4Addr,
    num::NonZeroUsize,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use procfs::process::Process;
use reports::{Judgement, Report, Verdict, identities, store};
use server::Options;

use crate::rig::{Loadgen, PATIENCE};

/// Length of the measured phase in seconds, instead of [`SECONDS`].
const VARIABLE: &str = "SOAK_SECONDS";
const SECONDS: u64 = 600;

const CLIENTS: u64 = 200;
const RATE: u64 = 50;

/// Samples of memory in a run; one in two seconds of ten minutes.
const SAMPLES: u32 = 300;

/// Makes this program the server.
const ROLE: &str = "SOAK_SERVES";

const LISTENING: &str = "listening on ";
const SERVED: &str = "served ";

/// Bytes by which resident memory may grow whatever the reason: the allocator's arenas, pages of
/// code used for the first time. In ten minutes, two million messages pass between the two times
/// that are compared, so a leak of a byte a message would be more.
const SLACK: u64 = 1 << 20;

/// Bytes that a second of a run may leave behind in the generator, which keeps it until the result
/// is written: a row of `intervals`, and the packed histogram of the second's response times,
/// mostly less than 2 KB, in a vector that doubles.
const PER_SECOND: u64 = 4096;

#[test]
#[ignore = "takes ten minutes"]
fn nothing_is_lost_and_memory_stays_flat() {
    let seconds = env::var(VARIABLE).map_or(SECONDS, |text| {
        text.parse().ok().filter(|seconds| *seconds > 0).unwrap_or_else(|| panic!("{VARIABLE}={text}: whole seconds"))
    });
    let server = SoakServer::start();
    let generator = start_generator(&server.url, seconds);
    let period = Duration::from_secs(seconds) / SAMPLES;
    let sampler =
        MemorySampler::start([generator.pid().as_raw_nonzero().get(), server.child.id().cast_signed()], period);
    let outcome = generator.finish();
    let [of_generator, of_server] = sampler.finish();
    let messages = server.finish();

    let text = outcome.stdout.as_bytes();
    let (report, judgement) = store::from_json(text).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    println!("{seconds} s: {:?}, {:?} {:?}", report.total.measured.counts, judgement.verdict, judgement.reasons);
    println!("generator {of_generator:?}\nserver    {of_server:?}");
    assert_eq!(outcome.code, Some(judgement.verdict.exit_code().into()), "{}", outcome.stderr);
    complete(&report, &judgement, seconds);
    assert_eq!(
        messages,
        report.total.measured.counts.sent + report.total.warmup.counts.sent,
        "the server saw what was sent"
    );
    // From the middle of the second fifth to the middle of the last.
    let rows = PER_SECOND * seconds * 3 / 5;
    assert!(
        of_generator.growth() <= SLACK + rows,
        "the generator grew by more than {SLACK} + {rows}: {of_generator:?}"
    );
    assert!(of_server.growth() <= SLACK, "the server grew by more than {SLACK}: {of_server:?}");
}

/// Not a test but the server: [`SoakServer::start`] runs this program again with nothing but it.
#[test]
#[ignore = "no test: a server for the soak, which does nothing without it"]
fn serve() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    let listener = server::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let address = listener.local_addr().expect("bound");
    // The end of stdin is the end of the server, and comes too when the test is killed.
    let (told, stopped) = tokio::sync::oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(told);
    });
    // The test program may have begun a line.
    println!("\n{LISTENING}{address}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let options = Options { threads: NonZeroUsize::MIN, ..Options::default() };
    let stats = runtime.block_on(server::run(listener, options, async { drop(stopped.await) })).expect("no failure");
    println!("{SERVED}{}", stats.messages);
}

/// The server in a process of its own. Cargo builds the command of no other package for a test.
struct SoakServer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl SoakServer {
    fn start() -> Self {
        let this = env::current_exe().expect("a path");
        let mut command = Command::new(this);
        command.args(["--exact", "soak::serve", "--ignored", "--nocapture"]).env(ROLE, "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let url = format!("ws://{}", line_after(&mut lines, LISTENING));
        Self { child, lines, url }
    }

    /// Ends it. How many messages it says that it got.
    fn finish(mut self) -> u64 {
        drop(self.child.stdin.take());
        let messages = line_after(&mut self.lines, SERVED).parse().expect("a count");
        assert!(self.child.wait().expect("a child").success());
        messages
    }
}

/// The rest of the first line that begins with `prefix`.
fn line_after(lines: &mut Lines<BufReader<ChildStdout>>, prefix: &str) -> String {
    let found = lines.find_map(|line| line.expect("UTF-8").strip_prefix(prefix).map(str::to_owned));
    found.unwrap_or_else(|| panic!("the server did not say: {prefix}"))
}

fn start_generator(url: &str, seconds: u64) -> Loadgen {
    let (clients, rate, duration) = (CLIENTS.to_string(), RATE.to_string(), format!("{seconds}s"));
    let arguments = [url, "--clients", &clients, "--rate", &rate, "--duration", &duration, "--json"];
    Loadgen::start_patiently(&arguments, Duration::from_secs(seconds) + 2 * PATIENCE)
}

/// Everything that was sent came back. Only a slow machine is a reason not to have sent what was
/// due.
fn complete(report: &Report, judgement: &Judgement, seconds: u64) {
    for tally in [&report.total.measured, &report.total.warmup] {
        assert_eq!(identities(tally), Ok(()));
        assert!(tally.anomalies.is_clean(), "{:?}", tally.anomalies);
        assert_eq!(tally.counts.matched, tally.counts.sent);
        assert_eq!(tally.counts.dropped, tally.dropped.behind_schedule, "nothing else is a reason to drop: {tally:?}");
    }
    assert_eq!(report.total.measured.counts.scheduled, CLIENTS * RATE * seconds);
    assert_eq!((report.total.connections.opened, report.total.connections.died), (CLIENTS, 0));
    assert!(matches!(judgement.verdict, Verdict::Pass | Verdict::Invalid), "{judgement:?}");
    assert!(judgement.reasons.iter().all(|reason| reason.starts_with("generator: ")), "{judgement:?}");
}

/// Looks at the memory of some processes again and again.
struct MemorySampler<const N: usize> {
    stop: Sender<()>,
    thread: JoinHandle<[Vec<u64>; N]>,
}

impl<const N: usize> MemorySampler<N> {
    fn start(processes: [i32; N], period: Duration) -> Self {
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            let mut samples = processes.map(|_| Vec::new());
            let mut due = Instant::now();
            loop {
                due += period;
                match stopped.recv_timeout(due.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return samples,
                }
                for (samples, process) in samples.iter_mut().zip(processes) {
                    // One that has just ended has none.
                    samples.extend(resident(process));
                }
            }
        });
        Self { stop, thread }
    }

    fn finish(self) -> [MemoryUse; N] {
        drop(self.stop);
        self.thread.join().expect("no panic").map(|samples| MemoryUse::of(&samples))
    }
}

/// Resident bytes of a process. None if it has ended, even if nobody has waited for it yet.
fn resident(process: i32) -> Option<u64> {
    let status = Process::new(process).and_then(|process| process.status());
    status.ok()?.vmrss.map(|kibibytes| kibibytes * 1024)
}

/// Resident memory over time, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MemoryUse {
    samples: usize,
    /// Median of the second fifth of the samples: what is used from the start is in use by then.
    early: u64,
    /// Median of the last fifth.
    late: u64,
    most: u64,
}

impl MemoryUse {
    fn of(samples: &[u64]) -> Self {
        let fifth = samples.len() / 5;
        assert!(fifth > 0, "too few samples: {samples:?}");
        let (second, last) = (&samples[fifth..2 * fifth], &samples[samples.len() - fifth..]);
        let most = samples.iter().copied().max().unwrap_or(0);
        Self { samples: samples.len(), early: median(second), late: median(last), most }
    }

    fn growth(self) -> u64 {
        self.late.saturating_sub(self.early)
    }
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[test]
fn growth_is_from_the_second_fifth_to_the_last() {
    // The first fifth and single samples don't count.
    let samples = [0, 9, 1, 7, 7, 8, 100, 50, 50, 50, 50, 3, 11, 12, 999];
    assert_eq!(MemoryUse::of(&samples), MemoryUse { samples: 15, early: 7, late: 12, most: 999 });
    assert_eq!(MemoryUse::of(&samples).growth(), 5);
    assert_eq!(MemoryUse { samples: 15, early: 7, late: 5, most: 7 }.growth(), 0);
}

#[test]
fn a_process_that_has_ended_has_no_memory() {
    assert!(resident(std::process::id().cast_signed()).is_some_and(|bytes| bytes > 0));
    let mut ended = Command::new("true").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a process");
    let mut output = ended.stdout.take().expect("its output");
    output.read_to_end(&mut Vec::new()).expect("its end");
    let began = Instant::now();
    while resident(ended.id().cast_signed()).is_some() {
        assert!(began.elapsed() < PATIENCE, "it ends");
        thread::yield_now();
    }
    ended.wait().expect("its end");
}
