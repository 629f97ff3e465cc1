//! Any bytes as a stored file, and real files with keys changed: reading never panics, what is read
//! and written again is the same, and every format can show what was read.
//!
//! The first byte of an input chooses: a text as it is, or one of the samples with changes that the
//! rest describes.

#![no_main]

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use libfuzzer_sys::fuzz_target;
use reports::{
    Judgement, Render, Report, compare,
    compare::CompareOptions,
    judge,
    metric::Better,
    render::{
        Bencher, GithubBenchmark, Hlog, Html, IntervalsCsv, Json, JsonLine, Junit, LabelledResult, Markdown,
        PercentilesCsv, Text, search::RenderSearch,
    },
    store::{self, Stored},
};
use serde_json::Value;

/// Files that the commands wrote; `fuzz/renew-samples` writes them.
static SAMPLES: LazyLock<[Value; 5]> = LazyLock::new(|| {
    let values: [Value; 5] = [
        include_str!("../seeds/result_files/pass"),
        include_str!("../seeds/result_files/violation"),
        include_str!("../seeds/result_files/groups"),
        include_str!("../seeds/result_files/search"),
        include_str!("../seeds/result_files/comparison"),
    ]
    .map(|text| serde_json::from_str(&text[1..]).expect("JSON after the byte that says that it is a text"));
    // Samples of an earlier format would test nothing but the refusal.
    for value in &values[..4] {
        Stored::from_json(value.to_string().as_bytes()).expect("a sample is of this version: fuzz/renew-samples");
    }
    values
});

/// Where a format writes to: it counts, and has an end, as a disk has.
struct CappedOutput(u64);

/// Bytes that a format may make of a file. The page of a sample has some 100 KB.
const MOST: u64 = 64 << 20;

impl Write for CappedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        assert!(self.0 < MOST, "a format writes without end");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sample with changes: which member, and what stands there then.
fn changed(choice: u8, mut script: &[u8]) -> Vec<u8> {
    let mut value = SAMPLES[usize::from(choice) % SAMPLES.len()].clone();
    while let [depth, new, rest @ ..] = script {
        let path = rest.get(..usize::from(depth % 6)).unwrap_or(rest);
        script = &rest[path.len()..];
        if let Some(place) = member(&mut value, path) {
            *place = replacement(*new, place);
        }
    }
    serde_json::to_vec(&value).expect("JSON")
}

fn member<'a>(value: &'a mut Value, path: &[u8]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, &step| match value {
        Value::Array(values) if !values.is_empty() => {
            let at = usize::from(step) % values.len();
            values.get_mut(at)
        }
        Value::Object(members) if !members.is_empty() => {
            let at = usize::from(step) % members.len();
            members.values_mut().nth(at)
        }
        _ => None,
    })
}

fn replacement(new: u8, old: &Value) -> Value {
    match new % 20 {
        0 => Value::Null,
        1 => 0.into(),
        2 => u64::MAX.into(),
        3 => i64::MIN.into(),
        4 => f64::MAX.into(),
        5 => f64::MIN_POSITIVE.into(),
        6 => (-1).into(),
        7 => "".into(),
        8 => "\u{1b}[2J\u{202e}<script>\"'|`\n]]>".into(),
        9 => Value::Array(Vec::new()),
        10 => Value::Object(serde_json::Map::new()),
        11 => true.into(),
        12 => 1.into(),
        13 => u32::MAX.into(),
        14 => 1e12.into(),
        15 => 0.5.into(),
        // More of the same.
        16 => match old {
            Value::Array(values) => values.iter().cycle().take(values.len() * 8).cloned().collect(),
            Value::String(text) => text.repeat(8).into(),
            Value::Number(number) => number.as_f64().map_or(Value::Null, |number| (number * 1e6).into()),
            other => other.clone(),
        },
        17 => match old {
            Value::Array(values) => values.iter().rev().skip(1).cloned().collect(),
            Value::String(text) => text.chars().rev().collect::<String>().into(),
            Value::Number(number) => number.as_u64().map_or(Value::Null, |number| number.wrapping_sub(1).into()),
            other => other.clone(),
        },
        18 => (u64::MAX / 2).into(),
        _ => (new >> 4).into(),
    }
}

/// Every format shows a run, or says that it can't.
fn show(report: &Report, judgement: &Judgement) {
    let (smaller, bigger) = (GithubBenchmark { better: Better::Lower }, GithubBenchmark { better: Better::Higher });
    let (plain, colored) = (Text::default(), Text { color: true, width: 40 });
    let formats: [&dyn Render; 13] = [
        &plain,
        &colored,
        &Markdown,
        &Html,
        &Json,
        &JsonLine,
        &Junit,
        &Hlog,
        &Bencher,
        &IntervalsCsv,
        &PercentilesCsv,
        &smaller,
        &bigger,
    ];
    for format in formats {
        let _ = format.render(report, judgement, &mut CappedOutput(0));
    }
    let entry = LabelledResult { label: "a", report, judgement };
    let _ = Html.page(&[entry, entry], &mut CappedOutput(0));
}

fuzz_target!(|bytes: &[u8]| {
    let [choice, rest @ ..] = bytes else { return };
    let text = if choice & 128 == 0 { rest.to_vec() } else { changed(*choice, rest) };
    let Ok(stored) = Stored::from_json(&text) else { return };
    match &stored {
        Stored::Result(result) => {
            let (report, judgement) = &**result;
            // A number that JSON has and a report can't hold again would be found here.
            let again = store::to_json(report, judgement).expect("what was read can be written");
            assert_eq!(Stored::from_json(again.as_bytes()).expect("what was written can be read"), stored);
            show(report, judgement);
            let thresholds: Vec<_> = report.plan.run.thresholds.iter().filter_map(|text| text.parse().ok()).collect();
            let _ = judge(report, &thresholds);
            let runs = std::slice::from_ref(report);
            let _ = compare(runs, runs, &CompareOptions { force: choice & 64 != 0, ..CompareOptions::default() });
        }
        Stored::Search(record) => {
            let again = store::search::to_json(record).expect("what was read can be written");
            assert_eq!(Stored::from_json(again.as_bytes()).expect("what was written can be read"), stored);
            let formats: [&dyn RenderSearch; 4] = [&Text::default(), &Markdown, &Json, &Html];
            for format in formats {
                let _ = format.search(record, &mut CappedOutput(0));
            }
        }
    }
});
