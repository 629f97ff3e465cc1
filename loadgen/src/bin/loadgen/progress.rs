//! The progress of a run on stderr: a changing line in a terminal, a line every few seconds
//! elsewhere.

use std::{
    io,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use loadgen::{Observer, Snapshot, Stage};
use program::Channel;
use reports::human;

/// Time between lines where stderr is no terminal. The log of a CI job stays short and still shows
/// that a run is alive.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Shows how far a run is.
pub(crate) struct Progress {
    clients: u32,
    output: ProgressOutput,
    waiting: WaitingClients,
}

/// Open connections while a run waits for a planned instant.
#[derive(Debug, Default)]
struct WaitingClients {
    most: u64,
    last: u64,
}

enum ProgressOutput {
    Nowhere,
    Line(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// Progress of a run with `clients` clients; shows nothing if `quiet`.
    pub(crate) fn new(clients: u32, quiet: bool) -> Self {
        let output = match () {
            () if quiet => ProgressOutput::Nowhere,
            () if !Channel::Stderr.is_terminal() => ProgressOutput::Lines { last: Instant::now() },
            // No bar: 80 columns are just enough for the words.
            () => {
                let target = ProgressDrawTarget::term_like_with_hz(Box::new(StderrTerminal), 10);
                let line = ProgressBar::with_draw_target(None, target);
                let style = ProgressStyle::with_template("{prefix} {wide_msg}").expect("the template is valid");
                ProgressOutput::Line(line.with_style(style))
            }
        };
        Self { clients, output, waiting: WaitingClients::default() }
    }

    /// How many connections ended while the run waited for a planned instant.
    pub(crate) fn ended_while_waiting(&self) -> u64 {
        self.waiting.most - self.waiting.last
    }

    /// Removes the changing line.
    pub(crate) fn clear(&self) {
        if let ProgressOutput::Line(line) = &self.output {
            line.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn progress(&mut self, snapshot: &Snapshot) {
        if snapshot.stage == Stage::Waiting {
            self.waiting.most = self.waiting.most.max(snapshot.open);
            self.waiting.last = snapshot.open;
        }
        match &mut self.output {
            ProgressOutput::Nowhere => {}
            ProgressOutput::Line(line) => {
                line.set_prefix(stage(snapshot.stage));
                line.set_message(state(snapshot, self.clients));
            }
            ProgressOutput::Lines { last } => {
                if last.elapsed() >= BETWEEN_LINES {
                    *last = Instant::now();
                    program::say_if_ready(&format!("{}: {}\n", stage(snapshot.stage), state(snapshot, self.clients)));
                }
            }
        }
    }
}

/// The terminal on stderr. A run must not wait for it, so text that it does not take at once is
/// dropped.
#[derive(Debug)]
struct StderrTerminal;

/// Columns where the terminal does not tell.
const COLUMNS: u16 = 80;

impl StderrTerminal {
    /// ECMA-48, 8.3: CUU, CUD, CUF, CUB.
    fn move_cursor(&self, n: usize, direction: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.write_str(&format!("\x1b[{n}{direction}")) }
    }
}

impl TermLike for StderrTerminal {
    fn width(&self) -> u16 {
        Channel::Stderr.columns().unwrap_or(COLUMNS)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        program::say_if_ready(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Connecting => "connecting",
        Stage::Waiting => "waiting",
        Stage::Warmup => "warm-up",
        Stage::Measuring => "measuring",
        Stage::Draining => "draining",
    }
}

/// The state of the run in one line, usually within 70 columns. Rates and latencies are of the last
/// whole second. Where clients come and go, those that are open and away take the place of the
/// median; who is opening again counts as away.
fn state(snapshot: &Snapshot, clients: u32) -> String {
    if snapshot.stage == Stage::Connecting {
        let mut text = format!("{} of {} clients", human::count(snapshot.open), human::count(clients.into()));
        if snapshot.joining > 0 {
            text = format!("{text}  {} joining", human::count(snapshot.joining));
        }
        return text;
    }
    if snapshot.stage == Stage::Waiting {
        let (open, clients) = (human::count(snapshot.open), human::count(clients.into()));
        return format!("{open} of {clients} clients  the load starts in {}", wait(-snapshot.elapsed_s));
    }
    let mut parts = vec![match snapshot.total_s {
        Some(total) => format!("{:.0}/{} s", snapshot.elapsed_s.min(total), human::rate(total)),
        None => format!("{:.0} s", snapshot.elapsed_s),
    }];
    let come_and_go = snapshot.opening + snapshot.away > 0;
    if come_and_go || snapshot.sent == 0 {
        parts.push(format!("{} open", human::count(snapshot.open)));
    }
    if come_and_go {
        parts.push(format!("{} away", human::count(snapshot.opening + snapshot.away)));
    }
    if snapshot.sent == 0 {
        // Clients that only listen.
        parts.push(format!("{} events", human::count(snapshot.events)));
        parts.push(format!("{} anomalies", human::count(snapshot.anomalies)));
        return parts.join("  ");
    }
    if let Some(second) = snapshot.last_second {
        parts.push(format!("{}/s", human::count(second.matched)));
        let median = second.response_p50_ns.filter(|_| !come_and_go);
        for (name, value) in [("p50", median), ("p99", second.response_p99_ns)] {
            parts.extend(value.map(|ns| format!("{name} {}", human::nanoseconds(ns as f64))));
        }
    } else {
        parts.push(format!("{} matched", human::count(snapshot.matched)));
    }
    parts.push(format!("{} anomalies", human::count(snapshot.anomalies)));
    parts.push(format!("{} in flight", human::count(snapshot.in_flight)));
    parts.join("  ")
}

/// How long it takes until something happens.
fn wait(seconds: f64) -> String {
    let seconds = seconds.max(0.0).ceil();
    humantime::format_duration(Duration::from_secs_f64(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use loadgen::LastSecond;

    use super::*;

    const NOW: Snapshot = Snapshot {
        stage: Stage::Measuring,
        elapsed_s: 6.4,
        total_s: Some(11.0),
        open: 1000,
        joining: 0,
        opening: 0,
        away: 0,
        attempts: 1000,
        sent: 320_000,
        matched: 319_988,
        anomalies: 2,
        events: 319_990,
        in_flight: 12,
        last_second: Some(LastSecond {
            matched: 50_000,
            response_p50_ns: Some(48_800),
            response_p99_ns: Some(617_000),
        }),
    };

    #[test]
    fn a_state_has_rates_of_the_last_second() {
        assert_eq!(state(&NOW, 1000), "6/11 s  50 000/s  p50 48.8 µs  p99 617 µs  2 anomalies  12 in flight");
        let warmup = Snapshot { stage: Stage::Warmup, last_second: None, total_s: None, ..NOW };
        assert_eq!(state(&warmup, 1000), "6 s  319 988 matched  2 anomalies  12 in flight");
        let silent = LastSecond { matched: 0, response_p50_ns: None, response_p99_ns: None };
        let silent = Snapshot { elapsed_s: 12.0, last_second: Some(silent), ..NOW };
        assert_eq!(state(&silent, 1000), "11/11 s  0/s  2 anomalies  12 in flight");
        let listening = Snapshot { sent: 0, ..NOW };
        assert_eq!(state(&listening, 1000), "6/11 s  1 000 open  319 990 events  2 anomalies");
        let storm = Snapshot { open: 800, opening: 50, away: 150, ..NOW };
        assert_eq!(state(&storm, 1000), "6/11 s  800 open  200 away  50 000/s  p99 617 µs  2 anomalies  12 in flight");
        let idle = Snapshot { sent: 0, ..storm };
        assert_eq!(state(&idle, 1000), "6/11 s  800 open  200 away  319 990 events  2 anomalies");
        let connecting = Snapshot { stage: Stage::Connecting, open: 250, ..NOW };
        assert_eq!(state(&connecting, 1000), "250 of 1 000 clients");
        let waiting = Snapshot { stage: Stage::Waiting, elapsed_s: -3_723.4, ..NOW };
        assert_eq!(state(&waiting, 1000), "1 000 of 1 000 clients  the load starts in 1h 2m 4s");
        let joining = Snapshot { joining: 12, ..connecting };
        assert_eq!(state(&joining, 1000), "250 of 1 000 clients  12 joining");
    }
}
