//! The progress line on stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loadgen::{Snapshot, Stage};
use reports::human;

/// A line that says how far a run is. Shows nothing where stderr is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    clients: u32,
}

/// Steps of the bar.
const LENGTH: u64 = 1000;

impl Progress {
    /// A line for a run of `clients` clients; nothing if `quiet`.
    pub(crate) fn new(clients: u32, quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let style = ProgressStyle::with_template("{prefix:>10} {bar:24} {wide_msg}").expect("the template is valid");
        Self { bar: ProgressBar::with_draw_target(Some(LENGTH), target).with_style(style), clients }
    }

    /// Shows how far the run is.
    pub(crate) fn show(&self, snapshot: &Snapshot) {
        let share = match (snapshot.stage, snapshot.total_s) {
            (Stage::Connecting, _) => snapshot.open as f64 / f64::from(self.clients),
            (_, Some(total)) if total > 0.0 => snapshot.elapsed_s / total,
            _ => 0.0,
        };
        // Between 0 and LENGTH.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        self.bar.set_position((share.clamp(0.0, 1.0) * LENGTH as f64) as u64);
        self.bar.set_prefix(match snapshot.stage {
            Stage::Connecting => "connecting",
            Stage::Warmup => "warm-up",
            Stage::Measuring => "measuring",
            Stage::Draining => "draining",
        });
        self.bar.set_message(match snapshot.stage {
            Stage::Connecting => {
                format!("{} of {} clients", human::count(snapshot.open), human::count(self.clients.into()))
            }
            _ => format!(
                "{:.0} s  sent {}  matched {}  in flight {}  anomalies {}",
                snapshot.elapsed_s,
                human::count(snapshot.sent),
                human::count(snapshot.matched),
                human::count(snapshot.in_flight),
                human::count(snapshot.anomalies),
            ),
        });
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
