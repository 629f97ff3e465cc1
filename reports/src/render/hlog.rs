//! The interval log of `HdrHistogram`, with histograms of version 2, for `HistogramLogProcessor`
//! and other readers.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::DateTime;
use hdrhistogram::{
    Histogram,
    serialization::{
        V2DeflateSerializeError, V2DeflateSerializer,
        interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError, Tag},
    },
};

use super::{Render, connecting, invalid_data, part::Part, shards};
use crate::{
    escape::visible,
    judge::{Judgement, bounds},
    model::Report,
};

/// Divides the column of the largest value. People read it in milliseconds, as in Java's logs.
const MAX_DIVISOR: f64 = 1e6;

/// Response times second by second without a tag, and lines for the whole run with `Tag=service`,
/// `Tag=floor`, `Tag=send_lag`, `Tag=connect` and its phases, as `Tag=connect_tcp`. If a run has
/// several groups, each has such lines with its name: `Tag=chat` for response times,
/// `Tag=chat.service` and so on.
///
/// Values are nanoseconds, except the column of the largest value, which is in milliseconds. Times
/// are seconds since the measured phase began. `StartTime` and `BaseTime` say when that was, to the
/// second.
///
/// A histogram without values has no line. Connections open before the measured phase, but the
/// format knows no earlier time, so their line stands at its start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hlog;

impl Render for Hlog {
    fn render(&self, report: &Report, _: &Judgement, mut out: &mut dyn io::Write) -> io::Result<()> {
        let mut builder = IntervalLogWriterBuilder::new();
        builder.add_comment(&format!("[Logged with loadgen {}]", visible(&report.environment.version)));
        builder.add_comment("[Histogram log format version 1.3]");
        builder.add_comment("Nanoseconds; without a tag: response times; Interval_Max in milliseconds");
        let marked = bounds::all_marked(&report.total.latency);
        if !marked.is_empty() {
            builder.add_comment(&format!("The generator may have a part in {}: see the floor", marked.join(", ")));
        }
        if connecting::is_insecure(&report.plan) {
            builder.add_comment(connecting::INSECURE);
        }
        for shards::ShardFact { name, text, .. } in shards::facts(report) {
            builder.add_comment(&visible(&format!("{name}: {text}")));
        }
        if let Some(start) = start(report) {
            builder.with_start_time(start).with_base_time(start);
        }
        let mut serializer = V2DeflateSerializer::new();
        let mut log = builder.with_max_value_divisor(MAX_DIVISOR).begin_log_with(&mut out, &mut serializer)?;
        let mut line = |histogram: &Histogram<u64>, at: Duration, length: Duration, tag: Option<&str>| {
            log.write_histogram(histogram, at, length, tag.and_then(Tag::new)).map_err(error)
        };
        let whole = duration("measured_s", report.measured_s)?;
        // Lines are sorted by their start, so those of the whole run come first.
        let mut seconds = Vec::new();
        for part in Part::all(report) {
            let tags = PartTags::of(part);
            for (name, histogram) in part.measurement.latency.by_name() {
                if histogram.is_empty() || name == "response" {
                    continue;
                }
                line(histogram, Duration::ZERO, whole, tags.series(name).as_deref())?;
            }
            for interval in &part.measurement.intervals {
                if let Some(response) = &interval.response {
                    seconds.push((duration("intervals.at_s", interval.at_s)?, response, tags.clone()));
                }
            }
        }
        // The total comes before the groups, as this sort keeps their order.
        seconds.sort_by_key(|(at, ..)| *at);
        for (at, response, tags) in seconds {
            line(&response.unpack(), at, Duration::from_secs(1), tags.series("response").as_deref())?;
        }
        Ok(())
    }
}

/// The tags of a group's lines: its name for response times, and `chat.service` for other series.
/// The total has no name.
#[derive(Clone)]
struct PartTags(Option<String>);

impl PartTags {
    /// A tag ends at a comma or a blank, so names from a changed file have none.
    fn of(part: Part<'_>) -> Self {
        Self(part.group.map(|name| visible(name).replace([',', ' '], "_")))
    }

    fn series(&self, name: &str) -> Option<String> {
        match (&self.0, name) {
            (group, "response") => group.clone(),
            (None, name) => Some(name.to_owned()),
            (Some(group), name) => Some(format!("{group}.{name}")),
        }
    }
}

/// When the measured phase began. `None` if the file has no valid time, or one before 1970.
fn start(report: &Report) -> Option<SystemTime> {
    let started = SystemTime::from(DateTime::parse_from_rfc3339(&report.started_at).ok()?);
    let start = started.checked_add(Duration::try_from_secs_f64(report.plan.run.warmup_s).ok()?)?;
    (start >= UNIX_EPOCH).then_some(start)
}

fn duration(key: &str, seconds: f64) -> io::Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| invalid_data(format!("`{key}`: {error}")))
}

fn error(error: IntervalLogWriterError<V2DeflateSerializeError>) -> io::Error {
    match error {
        IntervalLogWriterError::IoError(error) => error,
        IntervalLogWriterError::SerializeError(error) => invalid_data(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogHistogram, IntervalLogIterator, LogEntry};

    use super::*;
    use crate::{
        judge::judge,
        model::{Interval, Latency, PackedHistogram, sample},
        render::rendered,
    };

    /// What a log holds: its start, its base, and its lines.
    fn read(text: &str) -> (Option<Duration>, Option<Duration>, Vec<IntervalLogHistogram<'_>>) {
        let (mut start, mut base, mut lines) = (None, None, Vec::new());
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            match entry.unwrap() {
                LogEntry::StartTime(time) => start = Some(time),
                LogEntry::BaseTime(time) => base = Some(time),
                LogEntry::Interval(line) => lines.push(line),
            }
        }
        (start, base, lines)
    }

    fn histogram(line: &IntervalLogHistogram<'_>) -> Histogram<u64> {
        PackedHistogram::from_text(line.encoded_histogram()).unwrap().unpack()
    }

    fn refusal(report: &Report) -> String {
        let error = Hlog.render(report, &judge(report, &[]), &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        error.to_string()
    }

    #[test]
    fn a_clean_pass() {
        insta::assert_snapshot!(rendered(&Hlog, &sample::pass()));
    }

    #[test]
    fn a_delivery_violation_in_the_closed_model() {
        let mut report = sample::violation();
        report.total.latency = sample::closed().total.latency;
        insta::assert_snapshot!(rendered(&Hlog, &report));
    }

    #[test]
    fn seconds_are_untagged_and_whole_runs_are_tagged() {
        let report = sample::pass();
        let text = rendered(&Hlog, &report);
        let (start, base, lines) = read(&text);
        // 2026-01-02T03:04:05Z, and a second of warm-up.
        assert_eq!((start, base), (Some(Duration::from_secs(1_767_323_046)), start));
        let shape: Vec<_> = lines
            .iter()
            .map(|line| (line.tag().map(|tag| tag.as_str()), line.start_timestamp(), line.duration()))
            .collect();
        let (zero, ten) = (Duration::ZERO, Duration::from_secs(10));
        let tagged = ["service", "floor", "send_lag", "connect", "connect_tcp", "connect_upgrade"]
            .map(|tag| (Some(tag), zero, ten));
        let seconds = (0..10).map(|second| (None, Duration::from_secs(second), Duration::from_secs(1)));
        assert_eq!(shape, tagged.into_iter().chain(seconds).collect::<Vec<_>>());
        assert_eq!(histogram(&lines[0]), report.total.latency.service);
        assert_eq!(histogram(&lines[6]), report.total.intervals[0].response.as_ref().unwrap().unpack());
        // In milliseconds.
        assert!((lines[6].max() - 1.2).abs() < 0.001, "{}", lines[6].max());
    }

    #[test]
    fn groups_are_tagged_with_their_names() {
        let report = sample::two_groups();
        let text = rendered(&Hlog, &report);
        let lines = read(&text).2;
        let tags: Vec<_> = lines.iter().map(|line| line.tag().map_or("", |tag| tag.as_str())).collect();
        let whole: Vec<_> = lines.iter().filter(|line| line.duration() > Duration::from_secs(1)).collect();
        assert!(tags[..whole.len()].contains(&"chat.service") && tags[..whole.len()].contains(&"connect"), "{tags:?}");
        assert_eq!(tags[whole.len()..], ["", "chat", "slow"].repeat(10));
        assert!(lines.is_sorted_by_key(IntervalLogHistogram::start_timestamp));
        let of_slow = lines.iter().find(|line| line.tag().is_some_and(|tag| tag.as_str() == "slow")).unwrap();
        assert_eq!(histogram(of_slow), report.groups[1].measurement.intervals[0].response.as_ref().unwrap().unpack());
    }

    #[test]
    fn a_hostile_group_name_stays_in_its_tag() {
        let mut report = sample::two_groups();
        report.groups[0].name = "a, b\n0.0,1.0,1.0,x\u{1b}[2J\"|<c>".to_owned();
        let text = rendered(&Hlog, &report);
        assert_eq!(read(&text).2.len(), read(&rendered(&Hlog, &sample::two_groups())).2.len());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        assert!(text.contains("Tag=a__b\\x0a0.0_1.0_1.0_x\\x1b[2J\"|<c>,"), "{text}");
    }

    #[test]
    fn shards_stand_in_comments() {
        let lines = read(&rendered(&Hlog, &sample::merged())).2.len();
        let text = rendered(&Hlog, &sample::merged());
        assert!(text.contains("\n#start: within 40.9 ms of each other, the last 41.2 ms after 2026"), "{text}");
        let text = rendered(&Hlog, &sample::merged_with("1\n0.000,1.000,1.000,x\r\u{1b}[2J"));
        assert_eq!(read(&text).2.len(), lines);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn what_has_no_values_has_no_line() {
        let mut report = sample::pass();
        report.total.latency = Latency::default();
        report.total.intervals = vec![Interval::default()];
        assert!(read(&rendered(&Hlog, &report)).2.is_empty());
    }

    #[test]
    fn times_that_are_none_are_left_out_or_refused() {
        for (started_at, warmup_s) in
            [("soon\n1.0,1.0,1.0,x", 1.0), ("1969-12-31T00:00:00Z", 1.0), ("2026-01-02T03:04:05Z", -1e300)]
        {
            let mut report = sample::pass();
            report.started_at = started_at.to_owned();
            report.plan.run.warmup_s = warmup_s;
            let text = rendered(&Hlog, &report);
            let (start, base, lines) = read(&text);
            assert_eq!((start, base, lines.len()), (None, None, 16), "{started_at}");
            assert!(!text.contains("Time: "), "{text}");
        }
        let mut report = sample::pass();
        report.total.intervals[3].at_s = -1.0;
        assert!(refusal(&report).starts_with("`intervals.at_s`: "), "{}", refusal(&report));
        let mut report = sample::pass();
        report.measured_s = 1e300;
        assert!(refusal(&report).starts_with("`measured_s`: "), "{}", refusal(&report));
    }

    #[test]
    fn foreign_text_stays_in_its_comment() {
        let mut report = sample::pass();
        report.environment.version = "1\n0.000,1.000,1.000,x\r\u{1b}[2J".to_owned();
        let text = rendered(&Hlog, &report);
        assert_eq!(read(&text).2.len(), 16);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }
}
