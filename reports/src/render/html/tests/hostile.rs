//! Pages of results with hostile strings. They have the same elements and attributes as any other.

use super::*;
use crate::{
    escape::visible,
    model::{Evidence, Expect, GroupMeasurement},
};

pub(super) const HOSTILE: [&str; 14] = [
    "\"><script>alert(1)</script>",
    "'><img src=x onerror='alert(1)'>",
    "</style><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "</svg></desc><svg onload=alert(1)>",
    "]]><b>",
    "<!--",
    "--><b>",
    "<![CDATA[",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{ 7 * 7 }}{% include \"x\" %}&lt;&#60;&",
    "\u{202e}\u{2066}abc\u{200b}\u{feff}",
    "a\0b\u{1b}[2J\r\n\t\u{85}\u{a0}",
];

/// A report in which every string comes from `string`.
fn with(mut string: impl FnMut() -> String) -> (String, Report, Judgement) {
    let mut report = few(sample::violation());
    report.total.intervals[1].anomalies = 3;
    report.target.url = string();
    report.started_at = string();
    let (plan, environment) = (&mut report.plan, &mut report.environment);
    plan.groups[0].expect = Expect::Reply(string());
    (environment.cpu, environment.kernel) = (string(), string());
    report.environment.version = string();
    report.shards = sample::merged().shards;
    for shard in &mut report.shards {
        (shard.start.at, shard.environment.kernel) = (string(), string());
    }
    report.plan.run.thresholds = vec![string(), string()];
    report.total.connections.errors = [(format!("1{}", string()), 1), (format!("2{}", string()), 2)].into();
    report.total.connections.details = [(format!("1{}", string()), string())].into();
    report.total.connections.failed = 3;
    report.groups = few_groups();
    for group in &mut report.groups {
        group.name = string();
        group.measurement.evidence = (0..5).map(|n| evidence(n, &mut string)).collect();
    }
    // The page shows the evidence of groups, and that of the total if there are several results.
    report.total.evidence.clone_from(&report.groups[0].measurement.evidence);
    let mut judgement = judge(&report, &[]);
    judgement.reasons = vec![string(), string()];
    (string(), report, judgement)
}

fn few_groups() -> Vec<GroupMeasurement> {
    let mut groups = sample::two_groups().groups;
    let few = few(sample::pass()).total.latency;
    for group in &mut groups {
        // Enough for a line and a row of each group.
        group.measurement.latency = Latency { response: few.response.clone(), ..Latency::default() };
    }
    groups
}

fn evidence(n: u32, mut string: impl FnMut() -> String) -> Evidence {
    Evidence {
        client: n,
        local: string(),
        peer: string(),
        expected: Some(string()),
        received: Some(string()),
        detail: Some(string()),
        ..Evidence::default()
    }
}

/// Pages of one and of two results, in which every string is `string`.
fn pages(string: &str) -> [String; 2] {
    let (label, report, judgement) = with(|| string.to_owned());
    let result = LabelledResult { label: &label, report: &report, judgement: &judgement };
    [page_of(&[result]), page_of(&[result, result])]
}

#[test]
fn no_string_adds_an_element_or_an_attribute() {
    let harmless = pages("harmless").map(|page| Dom::of(&page).elements);
    for string in HOSTILE {
        for (page, harmless) in pages(string).iter().zip(&harmless) {
            // Values too: no foreign text is in an attribute, where it could be a URL.
            assert_eq!(&Dom::of(page).elements, harmless, "{string}");
        }
    }
}

#[test]
fn every_string_is_shown_and_nothing_in_it_is_invisible() {
    let mut number = 0;
    let (label, report, judgement) = with(|| {
        number += 1;
        format!("<{number}>{}", HOSTILE[number % HOSTILE.len()])
    });
    let page = page_of(&[LabelledResult { label: &label, report: &report, judgement: &judgement }]);
    assert!(page.chars().all(|c| c == '\n' || visible(&c.to_string()).len() == c.len_utf8()));
    let text = Dom::of(&page).text;
    assert!(number > 40, "{number}");
    for n in 1..=number {
        let string = visible(&format!("<{n}>{}", HOSTILE[n % HOSTILE.len()]));
        // A kind's name has blanks for underscores; none of these has any.
        assert!(text.contains(&string), "{string} is not in the page");
    }
}
