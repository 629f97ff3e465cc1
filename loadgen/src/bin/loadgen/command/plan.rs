//! `loadgen plan [URL]`: checks a plan, and shows what it adds up to.

use std::io::{self, Write};

use loadgen::{
    plan::{Group, Load, Plan, Rate, Spacing, Target, Until},
    secrets::bare,
    threads_of,
};
use program::{Channel, Exit};
use reports::human;

use super::shared_rows;
use crate::{
    cli::CheckPlanArgs,
    command_error::CommandError,
    terminal::{self, print},
};

/// Checks a plan; how the process ends.
pub(super) fn plan(args: &CheckPlanArgs) -> Result<Exit, CommandError> {
    let plan = args.plan()?;
    if args.print {
        print(Channel::Stdout, &args.console, |_, out| out.write_all(CheckPlanArgs::file(&plan).as_bytes()))?;
    } else {
        terminal::show(&args.console, false, |_, out| describe(&plan, out));
    }
    Ok(Exit::Pass)
}

/// What the plan adds up to.
pub(super) fn describe(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[String; 6]> = plan.groups().iter().map(|group| row(plan, group)).collect();
    let total = [
        "total".to_owned(),
        human::count(plan.clients().get().into()),
        String::new(),
        plan.peak_rate().map_or_else(|| "-".to_owned(), human::rate),
        messages(plan.groups().iter().map(|group| plan.messages(group)).sum()),
        String::new(),
    ];
    let headings = ["group", "clients", "load of a client", "messages/s", "messages", "target"].map(str::to_owned);
    let totals = (rows.len() > 1).then_some(total);
    let table: Vec<_> = [headings].into_iter().chain(rows).chain(totals).collect();
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &table {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            1 | 3 | 4 => format!("{cell:>width$}"),
            _ => format!("{cell:width$}"),
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    lengths(plan, out)
}

fn row(plan: &Plan, group: &Group) -> [String; 6] {
    let load = match &group.load {
        Load::Open { arrivals, burst, .. } => {
            let rate = human::rate(arrivals.rate.peak().map_or(0.0, Rate::per_second));
            let most = if arrivals.rate.constant().is_some() { "" } else { "at most " };
            let random = if arrivals.spacing == Spacing::Poisson { ", random gaps" } else { "" };
            format!("{most}{rate}/s in bursts of {burst}{random}")
        }
        Load::Closed { window, think } if think.is_zero() => format!("{window} in flight"),
        Load::Closed { window, think } => {
            format!("{window} in flight, {} to think", human::seconds(think.as_secs_f64()))
        }
        Load::Listen => "only listens".to_owned(),
    };
    let target = match &group.target {
        Target::Embedded => "a reference server of its own".to_owned(),
        several_or_one => several_or_one.listed(|url| bare(&url.to_string())),
    };
    [
        group.name.to_string(),
        human::count(group.clients.get().into()),
        load,
        group.peak_rate().map_or_else(|| "-".to_owned(), human::rate),
        messages(plan.messages(group)),
        target,
    ]
}

/// A number of planned messages; none if the target decides.
fn messages(planned: Option<f64>) -> String {
    planned.map_or_else(|| "-".to_owned(), |planned| human::rate(planned.round()))
}

fn lengths(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let run = plan.run();
    let seconds = |duration: std::time::Duration| human::seconds(duration.as_secs_f64());
    let connecting = f64::from(plan.clients().get()) / run.connect_rate.per_second();
    let measured = match (run.until, plan.measured_length()) {
        (Until::Elapsed(duration), _) => seconds(duration),
        (Until::Messages(messages), Some(length)) => {
            format!("{} for {} messages of each client", seconds(length), human::count(messages.get()))
        }
        (Until::Messages(messages), None) => {
            format!("until {} messages of each client came back", human::count(messages.get()))
        }
    };
    writeln!(out)?;
    writeln!(out, "connecting   {} at least", human::seconds(connecting))?;
    writeln!(out, "warm-up      {}", seconds(run.warmup))?;
    writeln!(out, "measured     {measured}")?;
    writeln!(out, "drain        {} at most", seconds(run.drain))?;
    let seed = run.seed.map_or_else(|| "random".to_owned(), |seed| seed.to_string());
    let threads = match threads_of(plan).get() {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    };
    for group in plan.groups() {
        if let Some(rows) = shared_rows::of(group) {
            writeln!(out, "data         {rows}")?;
        }
    }
    writeln!(out, "generator    {threads}, engine {}, seed {seed}", run.engine)?;
    if run.only_delivery {
        writeln!(out, "verdict      delivery and connections only")?;
    }
    for threshold in &run.thresholds {
        writeln!(out, "threshold    {threshold}")?;
    }
    Ok(())
}
