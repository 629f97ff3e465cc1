//! Options that make the server slow or wrong on purpose.

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, ValueEnum};

use super::values;
use crate::{Delay, DelayShape, FaultKind, Faults, Stall};

/// How the server misbehaves.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Misbehaviour, to test load generators")]
#[command(group = ArgGroup::new("drawn").args(["faults", "delay"]).multiple(true))]
pub(crate) struct MisbehaviourArgs {
    /// Break a share of the messages, such as drop=1%; repeatable
    ///
    /// RATE is 0.01 or 1%. Each message is broken at most once. KIND is one of drop, duplicate,
    /// reorder, coalesce (two as one), split, truncate, corrupt (one bit), wrong-type, misroute (to
    /// another connection), unexpected (one more that nobody sent), first-only (of the messages in
    /// one read), late (at the peer's Close), die (reset), close (with a hostile reason).
    #[arg(long = "fault", value_name = "KIND=RATE", value_delimiter = ',', value_parser = rate)]
    faults: Vec<(FaultKind, f64)>,

    /// Seed of faults and delays
    ///
    /// [default: random, printed]
    #[arg(long, value_name = "N", requires = "drawn", hide_short_help = true)]
    fault_seed: Option<u64>,

    /// Save each fault that was done in this file at the end, as JSON
    #[arg(long, value_name = "FILE", requires = "faults", hide_short_help = true)]
    pub(crate) fault_ledger: Option<PathBuf>,

    /// Answer each message so much later
    ///
    /// Never earlier; in the median up to 0.1 ms more.
    #[arg(long, value_name = "TIME", value_parser = values::delay)]
    delay: Option<Duration>,

    /// How delays differ, with --delay as their mean
    ///
    /// `uniform` goes from 0 to twice the mean.
    #[arg(long, value_name = "SHAPE", default_value = "fixed", requires = "delay", hide_short_help = true)]
    delay_dist: ShapeName,

    /// Stand still once: AT after the first connection, FOR so long
    #[arg(long, value_name = "AT:FOR", value_parser = stall)]
    pub(crate) stall: Option<Stall>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShapeName {
    Fixed,
    Uniform,
    Exponential,
}

impl MisbehaviourArgs {
    /// # Errors
    /// What to tell the user when the rates make no sense together.
    pub(crate) fn faults(&self) -> Result<Faults, String> {
        Faults::new(self.faults.iter().copied()).map_err(|error| {
            let given: Vec<_> = self.faults.iter().map(|(kind, rate)| format!("{kind}={rate}")).collect();
            format!("--fault {}: {error}", given.join(","))
        })
    }

    pub(crate) fn delay(&self) -> Option<Delay> {
        let shape = match self.delay_dist {
            ShapeName::Fixed => DelayShape::Fixed,
            ShapeName::Uniform => DelayShape::Uniform,
            ShapeName::Exponential => DelayShape::Exponential,
        };
        self.delay.map(|mean| Delay { mean, shape })
    }

    /// The seed that was given, or a short random one.
    pub(crate) fn seed(&self) -> u64 {
        self.fault_seed.unwrap_or_else(|| rand::random::<u32>().into())
    }
}

fn rate(text: &str) -> Result<(FaultKind, f64), String> {
    let (kind, rate) = text.split_once('=').ok_or("expected KIND=RATE, such as drop=0.01 or drop=1%")?;
    let kind = kind.parse().map_err(|_| {
        let names = FaultKind::ALL.map(FaultKind::name).join(", ");
        format!("expected one of {names}")
    })?;
    let (number, unit) = rate.strip_suffix('%').map_or((rate, 1.0), |percent| (percent, 0.01));
    let rate = number.parse::<f64>().ok().map(|number| number * unit).filter(|rate| *rate > 0.0 && *rate <= 1.0);
    rate.map(|rate| (kind, rate)).ok_or_else(|| "expected a rate from 0 to 1, such as 0.01 or 1%, but not 0".to_owned())
}

fn stall(text: &str) -> Result<Stall, String> {
    let time = |text: &str, most| humantime::parse_duration(text).ok().filter(|time| *time <= most);
    text.split_once(':')
        .and_then(|(after, length)| {
            let after = time(after, Duration::from_secs(24 * 60 * 60))?;
            let length = time(length, Duration::from_secs(60 * 60)).filter(|length| !length.is_zero())?;
            Some(Stall { after, length })
        })
        .ok_or_else(|| "expected two times, such as 10s:250ms; at most 24h until then and 1h long".to_owned())
}
