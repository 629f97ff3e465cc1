use super::*;
use crate::{
    escape::visible,
    model::sample,
    render::{
        Html, Json, Markdown, Text,
        connecting::INSECURE,
        hostile::{HOSTILE, is_safe, spans_with},
        written,
    },
    search::sample::{ending, foreign, record},
};

fn shown(format: &impl RenderSearch, record: &SearchRecord) -> String {
    written(|out| format.search(record, out))
}

fn text(record: &SearchRecord) -> String {
    shown(&Text::default(), record)
}

#[test]
fn text_of_a_search() {
    insta::assert_snapshot!(text(&record()));
}

#[test]
fn text_for_a_narrow_terminal() {
    insta::assert_snapshot!(shown(&Text { color: false, width: 60 }, &record()));
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    for width in [60, 80, 120] {
        let text = shown(&Text { color: false, width }, &record());
        assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
    }
}

#[test]
fn colour_is_for_words_that_judge() {
    insta::assert_snapshot!(shown(&Text { color: true, ..Text::default() }, &record()).replace('\u{1b}', "␛"));
}

#[test]
fn markdown_of_a_search() {
    insta::assert_snapshot!(shown(&Markdown, &record()));
}

#[test]
fn json_of_a_search() {
    let mut record = record();
    record.steps.drain(2..record.steps.len() - 1);
    insta::assert_snapshot!(shown(&Json, &record));
}

#[test]
fn each_end_is_told_from_the_others() {
    let edge = |cause| Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause };
    let nothing = |cause| Conclusion::Nothing { fails: 20.0, cause };
    let unfinished = |holds, fails| Conclusion::Unfinished { holds, fails, why: "interrupted".to_owned() };
    let ends = [
        edge(FailureCause::Threshold),
        edge(FailureCause::Backlog),
        edge(FailureCause::Connections),
        edge(FailureCause::Generator),
        edge(FailureCause::Delivery),
        Conclusion::Everything { holds: 100_000.0 },
        nothing(FailureCause::Threshold),
        nothing(FailureCause::Delivery),
        nothing(FailureCause::Generator),
        unfinished(None, None),
        unfinished(Some(4_000.0), None),
        unfinished(None, Some(20.0)),
        unfinished(Some(4_000.0), Some(8_000.0)),
    ];
    let lines = ends.map(|end| {
        let (word, meaning, tone) = summary(&end);
        format!("{word}: {meaning} ({tone:?})\n  limited by {}", limit(&end).unwrap_or("-"))
    });
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn without_a_step_there_is_no_table() {
    let mut record = ending(Conclusion::Unfinished { holds: None, fails: None, why: "interrupted".to_owned() });
    record.steps.clear();
    let page = text(&record);
    assert!(page.starts_with("UNFINISHED   interrupted; so far, nothing is known\n\ntarget"), "{page}");
    assert!(!page.contains("due/s") && page.ends_with("Z\n"), "{page}");
}

#[test]
fn what_a_reader_must_know_besides_is_noted() {
    let mut record = record();
    let invalid = "1 of 11 tries (9.09 %) were invalid, for the generator was the limit: they say nothing of the target, and \
                   plots and tiles leave them out";
    assert_eq!(record.notes(), [invalid]);
    for step in &mut record.steps {
        step.outcome = if step.is_valid() { step.outcome } else { StepOutcome::Holds };
    }
    assert_eq!(record.notes(), [""; 0]);
    record.target.embedded = true;
    for step in &mut record.steps {
        step.messages = 9_999;
    }
    let eight = record.steps.iter_mut().find(|step| step.rate > 7_000.0).unwrap();
    (eight.outcome, eight.reasons) =
        (StepOutcome::Fails(FailureCause::Delivery), vec!["12 of 40 000 messages lost".to_owned()]);
    let six = record.steps.iter_mut().find(|step| step.rate > 5_500.0 && step.rate < 7_000.0).unwrap();
    six.outcome = StepOutcome::Holds;
    let notes = record.notes();
    for (note, parts) in notes.iter().zip([
        ["delivery was violated at 8 000 messages/s", "12 of 40 000 messages lost"],
        ["5 660 messages/s held in a try", "5 190 do not hold"],
        ["response.p99 rests on 9 999 messages", "10 000 are needed"],
        ["embedded server", "shares this machine"],
    ]) {
        assert!(parts.iter().all(|part| note.contains(part)), "{note}");
    }
    assert_eq!(notes.len(), 4);
}

#[test]
fn a_search_says_that_any_certificate_is_accepted() {
    let connected = sample::connected();
    let mut record = record();
    (record.target, record.plan.groups[0].connect) = (connected.target, connected.plan.groups[0].connect.clone());
    let markdown = shown(&Markdown, &record);
    for text in [text(&record).split_whitespace().collect::<Vec<_>>().join(" "), markdown, shown(&Html, &record)] {
        for part in ["wss://a.example.org/socket, wss://b.example.org/socket", INSECURE] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn hostile_text_stays_text_in_every_format() {
    let hostile = foreign(HOSTILE);
    let page = text(&hostile);
    assert!(is_safe(&page) && page.lines().all(|line| line.chars().count() <= 100 && !line.starts_with('#')), "{page}");
    let failed = hostile.steps.iter().find(|step| step.outcome != StepOutcome::Holds).unwrap();
    assert!(is_safe(&progress_line(failed)) && !progress_line(failed).contains('\n'), "{}", progress_line(failed));

    let wild = shown(&Markdown, &hostile);
    assert!(is_safe(&wild), "{wild}");
    let spans = spans_with(&visible(HOSTILE), &wild, &shown(&Markdown, &foreign("plain")));
    // Why it ended, a reason, the target, the thresholds.
    assert_eq!(spans, 4);

    let parsed: serde_json::Value = serde_json::from_str(&shown(&Json, &hostile)).unwrap();
    assert_eq!(parsed["target"]["url"], HOSTILE);
}
