//! `loadgen help metrics`.

use std::io::{self, Write};

use program::{Channel, Exit};
use reports::metric::{GlossaryPart, Unit, glossary};

use crate::{cli::HelpArgs, command_error::CommandError, terminal::print};

const THRESHOLDS: &str = "
Of a run with several groups, a metric is of all together, and GROUP.METRIC of one of them:
  chat.p99  chat.service.max  chat.lost

Thresholds: METRIC OP VALUE
  'p99<5ms'  'service.p99.9<=500us'  'throughput>=49000'  'sent_rate>10k'  'lost==0'

OP is one of < <= > >= ==. Quote it in a shell. VALUE of a latency has a unit: ns, us, ms, s or m.
Rates and numbers may end in k or m, for thousand and million. A missed threshold is exit code 1.

Gates: METRIC=PERCENT, how much worse a latency or rate may become than the baseline's
  p50=5%  service.p99.9=20%  throughput=off
";

/// Explains metrics and thresholds; how the process ends. What commands do is explained by the
/// command line.
pub(super) fn help(args: &HelpArgs) -> Result<Exit, CommandError> {
    print(Channel::Stdout, &args.console, |text, out| metrics(text.width, out))?;
    Ok(Exit::Pass)
}

/// Least columns of a name in front of its meaning.
const NAME: usize = 20;

fn metrics(width: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Metrics, as --threshold and --gate name them")?;
    for GlossaryPart { heading, unit, definitions } in glossary() {
        let unit = match unit {
            Unit::Nanoseconds => "nanoseconds",
            Unit::MessagesPerSecond => "messages per second",
            Unit::Ratio => "one over the other",
            Unit::Count => "a number",
        };
        writeln!(out, "\n{heading} ({unit})")?;
        let longest = definitions.iter().map(|definition| definition.name.len()).max().unwrap_or(0);
        let column = NAME.max(longest + 4);
        for definition in definitions {
            let name = format!("  {:1$}", definition.name, column - 2);
            writeln!(out, "{name}{}", hanging(definition.meaning, column, width))?;
        }
    }
    out.write_all(THRESHOLDS.as_bytes())
}

/// The words of a meaning in lines that fit behind names of so many columns.
fn hanging(text: &str, column: usize, width: usize) -> String {
    let (mut lines, mut used) = (String::new(), column);
    for word in text.split_inclusive(' ') {
        if used > column && used + word.trim_end().len() > width {
            lines = format!("{}\n{:column$}", lines.trim_end(), "");
            used = column;
        }
        lines.push_str(word);
        used += word.len();
    }
    lines
}
