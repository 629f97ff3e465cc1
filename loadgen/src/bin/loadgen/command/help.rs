//! `loadgen help metrics`.

use std::io::{self, Write};

use program::{Channel, Exit};
use reports::metric::{GlossaryPart, Unit, glossary};

use crate::{cli::HelpArgs, command_error::CommandError, terminal::print};

const THRESHOLDS: &str = "\
Thresholds: METRIC OP VALUE
  'p99<5ms'  'service.p99.9<=500us'  'throughput>=49000'  'sent_rate>10k'  'lost==0'

OP is one of < <= > >= ==. Quote it in a shell. VALUE of a latency has a unit: ns, us, ms, s or m.
Rates and numbers may end in k or m, for thousand and million. A missed threshold is exit code 1.

Gates: METRIC=PERCENT, how much worse a metric may become than in the baseline
  p50=5%  service.p99.9=20%  throughput=off
";

/// Explains metrics and thresholds; how the process ends. What commands do is explained by the
/// command line.
pub(super) fn help(args: &HelpArgs) -> Result<Exit, CommandError> {
    print(Channel::Stdout, &args.console, |_, out| metrics(out))?;
    Ok(Exit::Pass)
}

fn metrics(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Metrics, as --threshold and --gate name them\n")?;
    for GlossaryPart { heading, unit, definitions } in glossary() {
        let unit = match unit {
            Unit::Nanoseconds => "nanoseconds",
            Unit::MessagesPerSecond => "messages per second",
            Unit::Count => "a number",
        };
        writeln!(out, "{heading} ({unit})")?;
        for definition in definitions {
            writeln!(out, "  {:16}  {}", definition.name, definition.meaning)?;
        }
        writeln!(out)?;
    }
    out.write_all(THRESHOLDS.as_bytes())
}
