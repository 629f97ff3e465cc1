//! `loadgen ab`: pairs of runs until there is a verdict.

use std::{
    io,
    path::{Path, PathBuf},
};

use loadgen::{
    Stop,
    plan::{Group, Plan, Until},
};
use program::Exit;
use reports::{
    Metric, Render, Report, Verdict,
    gate::Gate,
    human,
    paired::{DiscardedPair, Observation, PairOrder, PairedComparison, PairedTest, order},
    render::{
        Html, Json, LabelledResult, Markdown,
        comparison::{Ab, RenderComparison},
    },
    store,
};

use super::public_target;
use crate::{
    ab::{AbError, AbSides, Side},
    cli::{self, AbArgs, Destination, ServerChoice},
    command_error::CommandError,
    export::{Saved, put},
    signals::{self, stop_on_signal},
    terminal,
};

/// Compares two sides; how the process ends.
pub(super) fn ab(args: &AbArgs) -> Result<Exit, CommandError> {
    let plan = args.plan(None)?;
    let test = args.test(&plan)?;
    args.check()?;
    enough_messages(&plan, test.gates())?;
    for side in [&args.a, &args.b] {
        if let ServerChoice::Url(url) = side {
            public_target::warn(&args.console, &args.plan(Some(url))?, None);
        }
    }
    // The first signal ends all within seconds. Ending at the second would leave servers behind.
    let stop = stop_on_signal(|| {});
    let temporary = args.results.is_none().then(tempfile::tempdir).transpose()?;
    let folder = match (&args.results, &temporary) {
        (Some(folder), _) => folder.clone(),
        (None, Some(folder)) => folder.path().to_owned(),
        (None, None) => PathBuf::from("."),
    };
    let compared = compare(args, &plan, &test, &folder, stop);
    if let Err(CommandError::Ab(AbError::Run { report, judgement, .. })) = &compared {
        terminal::show(&args.console, args.stdout_is_taken(), |text, out| text.render(report, judgement, out));
    }
    compared
}

/// Runs pairs until the test has enough of them.
fn compare(args: &AbArgs, plan: &Plan, test: &PairedTest, folder: &Path, stop: Stop) -> Result<Exit, CommandError> {
    let sides = AbSides::new(args, plan, folder.to_owned(), stop)?;
    let seed = plan.seed();
    let progress = AbProgress { quiet: args.console.quiet, test };
    progress.begin(args, plan);
    for side in [Side::A, Side::B] {
        sides.run(side, "warm-up", seed)?;
    }
    let (mut pairs, mut discarded) = (Vec::new(), Vec::new());
    let outcome = loop {
        let number = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
        let pair = run_pair(&sides, test, number, seed)?;
        progress.pair(number, &pair);
        let slow = [&pair.0, &pair.1].iter().any(|observation| observation.verdict == Verdict::Invalid);
        let repeats = u32::try_from(discarded.len()).unwrap_or(u32::MAX);
        if slow && repeats < args.max_repeats() {
            progress.repeat(&pair, repeats + 1, args.max_repeats());
            if let Err(error) = sides.set_aside(&pair_name(number), repeats + 1) {
                progress.say(&format!("its results can't be kept: {error}"));
            }
            discarded.push(DiscardedPair { pair: pairs.len() + 1, a: pair.0, b: pair.1 });
            continue;
        }
        pairs.push(pair);
        let looks = test.looks().iter().any(|look| *look as usize == pairs.len());
        if looks || slow {
            let outcome = test.judge_with(&pairs, &discarded, seed);
            if slow || !outcome.needs_more {
                break outcome;
            }
            progress.look(&outcome);
        }
    };
    let exit = outcome.verdict.exit();
    signals::over(exit);
    Ok(show(args, &sides, &outcome).exit(exit))
}

type ObservedPair = (Observation, Observation);

/// One run of each side, in the order that the seed decides.
fn run_pair(sides: &AbSides, test: &PairedTest, number: u32, seed: u64) -> Result<ObservedPair, AbError> {
    let name = pair_name(number);
    // Both sides send the same bytes, and each pair sends others.
    let run = |side| sides.run(side, &name, seed.wrapping_add(u64::from(number) + 1));
    let observe = |report: Report| Observation::of(&report, test.gates());
    Ok(match order(seed, number) {
        PairOrder::AB => {
            let a = run(Side::A)?;
            (observe(a), observe(run(Side::B)?))
        }
        PairOrder::BA => {
            let b = run(Side::B)?;
            (observe(run(Side::A)?), observe(b))
        }
    })
}

/// The name of a pair: counted from 1, and sorted in that order.
fn pair_name(number: u32) -> String {
    format!("pair-{:02}", number + 1)
}

/// Refuses metrics that the planned number of messages can't tell.
fn enough_messages(plan: &Plan, gates: &[Gate]) -> Result<(), clap::Error> {
    for metric in gates.iter().map(Gate::metric) {
        // Else as many as the target answers; the test looks at what came.
        let Some(messages) = planned(plan, metric) else { continue };
        let needed = metric.min_messages();
        if messages < needed as f64 {
            let (name, option) = (
                metric.name(),
                if matches!(plan.run().until, Until::Messages(_)) { "--messages" } else { "--duration" },
            );
            return Err(cli::refuse(format!(
                "{option}: a run of {} messages can't tell {name}, which needs {} at least; raise {option}, --clients or \
                 --rate, or leave it out with --gate {}=off",
                human::rate(messages.floor()),
                human::count(needed),
                name.trim_start_matches("response."),
            )));
        }
    }
    Ok(())
}

/// Messages of a run that a metric is about, if they are planned.
fn planned(plan: &Plan, metric: Metric) -> Option<f64> {
    let is_of = |group: &&Group| metric.group().is_none_or(|name| name == group.name);
    plan.groups().iter().filter(is_of).map(|group| plan.messages(group)).sum()
}

/// The progress of the comparison, on stderr.
struct AbProgress<'a> {
    quiet: bool,
    test: &'a PairedTest,
}

impl AbProgress<'_> {
    fn say(&self, text: &str) {
        if !self.quiet {
            terminal::tell(text);
        }
    }

    fn begin(&self, args: &AbArgs, plan: &Plan) {
        self.say(&format!("A: {}\nB: {}", args.a.label(), args.b.label()));
        let looks: Vec<_> = self.test.looks().iter().map(u32::to_string).collect();
        let pairs = looks.join(", or if that is inconclusive ");
        let length = match plan.run().until {
            Until::Elapsed(duration) => format!(" of {}", human::seconds((plan.run().warmup + duration).as_secs_f64())),
            Until::Messages(_) => String::new(),
        };
        self.say(&format!("{pairs} pairs of runs{length}, seed {}; first one run of each to warm up", plan.seed()));
    }

    fn pair(&self, number: u32, (a, b): &ObservedPair) {
        let changes = self.test.gates().iter().zip(a.values.iter().zip(&b.values)).map(|(gate, (a, b))| {
            let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| gate.metric().show(value));
            format!("{} {} → {}", gate.metric().name(), show(a.value), show(b.value))
        });
        self.say(&format!("pair {}: {}", number + 1, changes.collect::<Vec<_>>().join(", ")));
    }

    fn repeat(&self, (a, b): &ObservedPair, repeat: u32, most: u32) {
        let reasons =
            [("A", a), ("B", b)].map(|(side, run)| run.reasons.first().map(|reason| format!("{side}: {reason}")));
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        self.say(&format!(
            "this pair does not count and is repeated ({repeat} of {most} repeats; longer runs need fewer): {}",
            reasons.join("; ")
        ));
    }

    fn look(&self, outcome: &PairedComparison) {
        let undecided =
            outcome.rows.iter().filter_map(|row| Some(format!("{}: {}", row.metric.name(), row.note.as_ref()?)));
        self.say(&format!("inconclusive so far ({}); more pairs follow", undecided.collect::<Vec<_>>().join("; ")));
    }
}

/// Saves the outcome where it was asked for, files first, and shows it.
fn show(args: &AbArgs, sides: &AbSides, outcome: &PairedComparison) -> Saved {
    let (a, b) = (args.a.label(), args.b.label());
    let repeated = u32::try_from(outcome.discarded.len()).unwrap_or(u32::MAX);
    let ab = &Ab { a: &a, b: &b, outcome, repeated };
    let mut saved = Saved::default();
    let destinations = [("--markdown", &args.markdown), ("--html", &args.html)];
    let mut destinations: Vec<_> =
        destinations.into_iter().filter_map(|(flag, destination)| Some((flag, destination.as_ref()?))).collect();
    destinations.sort_by_key(|(_, destination)| **destination == Destination::Stdout);
    for (flag, destination) in destinations {
        let page = || page(destination, sides, &outcome.pairs);
        saved.note(flag, if flag == "--html" { page() } else { put(destination, |out| Markdown.ab(ab, out)) });
    }
    if args.json {
        saved.note("--json", put(&Destination::Stdout, |out| Json.ab(ab, out)));
    }
    terminal::show(&args.console, args.stdout_is_taken(), |text, out| text.ab(ab, out));
    saved
}

/// The page of the pair whose change of the first metric is the median.
fn page(destination: &Destination, sides: &AbSides, pairs: &[ObservedPair]) -> io::Result<()> {
    let change = |(a, b): &ObservedPair| match (a.values[0].value, b.values[0].value) {
        (Some(a), Some(b)) if a > 0.0 => b / a,
        _ => f64::INFINITY,
    };
    let mut by_change: Vec<usize> = (0..pairs.len()).collect();
    by_change.sort_by(|x, y| change(&pairs[*x]).total_cmp(&change(&pairs[*y])));
    let Some(&median) = by_change.get(by_change.len().saturating_sub(1) / 2) else { return Ok(()) };
    let name = pair_name(u32::try_from(median).unwrap_or(u32::MAX));
    let read = |side| store::read(&sides.file(side, &name)).map_err(io::Error::other);
    let (a, b) = (read(Side::A)?, read(Side::B)?);
    let labels = ["A", "B"].map(|side| format!("{side}, pair {} of {}", median + 1, pairs.len()));
    let entries = [(&labels[0], &a), (&labels[1], &b)].map(|(label, (report, judgement))| LabelledResult {
        label,
        report,
        judgement,
    });
    put(destination, |out| Html.page(&entries, out))
}
