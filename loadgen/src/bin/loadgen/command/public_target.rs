//! The warning before a run that may harm somebody.

use loadgen::{plan::Plan, public_address};
use reports::human;

use crate::{cli::ConsoleArgs, terminal};

/// Says where more than a thousand clients will go, if that is a public address. `most` is the
/// highest total rate that is tried, where the plan does not say.
pub(super) fn warn(console: &ConsoleArgs, plan: &Plan, most: Option<f64>) {
    if console.quiet {
        return;
    }
    let Some(address) = public_address(plan) else { return };
    let messages = match (most, plan.peak_rate()) {
        (Some(most), _) => format!("up to {} messages/s", human::rate(most)),
        (None, Some(0.0)) => "no messages".to_owned(),
        (None, Some(rate)) => format!("{} messages/s", human::rate(rate)),
        (None, None) => "as many messages as it answers".to_owned(),
    };
    terminal::tell(format!(
        "loadgen: {address} is a public address, and {} clients will send it {messages}: be sure that its operator allows \
         it (--quiet leaves this out)",
        human::count(plan.clients().get().into()),
    ));
}
