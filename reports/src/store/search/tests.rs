use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::*;
use crate::{
    judge::{LimitedBy, Verdict},
    render::{Html, Json, Markdown, Text, search::RenderSearch},
    search::{
        Conclusion, FailureCause, Resolution, Search, Step, StepOutcome,
        sample::{ending, foreign, record},
    },
    store::Stored,
};

fn json(record: &SearchRecord) -> Value {
    serde_json::from_str(&to_json(record).unwrap()).unwrap()
}

fn refusal(text: &str) -> StoreError {
    from_json(text.as_bytes()).expect_err(text)
}

/// The sample with other values at some JSON pointers.
fn changed(changes: &[(&str, Value)]) -> String {
    let mut file = json(&record());
    for (pointer, value) in changes {
        *file.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")) = value.clone();
    }
    file.to_string()
}

/// What each format shows of a search.
fn shown(record: &SearchRecord) -> [Vec<u8>; 4] {
    let formats: [&dyn RenderSearch; 4] = [&Text::default(), &Markdown, &Html, &Json];
    formats.map(|format| {
        let mut out = Vec::new();
        format.search(record, &mut out).unwrap();
        out
    })
}

#[test]
fn a_search_reads_back_as_it_was() {
    let why = || "interrupted".to_owned();
    let ends = [
        Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Backlog },
        Conclusion::Everything { holds: 100_000.0 },
        Conclusion::Nothing { fails: 20.0, cause: FailureCause::Delivery },
        Conclusion::Unfinished { holds: None, fails: None, why: why() },
        Conclusion::Unfinished { holds: Some(4_000.0), fails: None, why: why() },
    ];
    let hostile = foreign("x\u{1b}[2J|`<script>\n# c\u{202e}");
    for written in ends.map(ending).into_iter().chain([record(), hostile]) {
        let read = from_json(to_json(&written).unwrap().as_bytes()).unwrap();
        assert_eq!(read, written);
        assert_eq!(shown(&read), shown(&written));
    }
}

#[test]
fn what_is_no_search_of_this_version_is_refused_by_name() {
    assert!(matches!(refusal(""), StoreError::Truncated { .. }));
    assert!(matches!(refusal("{}"), StoreError::NoSchema(_)));
    let newer = refusal(r#"{"schema": "loadgen.search/2"}"#).to_string();
    assert!(newer.starts_with("this search has the newer format loadgen.search/2, and"), "{newer}");
    assert!(matches!(refusal(r#"{"schema": "loadgen.result/2"}"#), StoreError::OtherSchema { .. }));
    assert!(matches!(refusal(r#"{"schema": "loadgen.search/1"}"#), StoreError::Malformed(Schema::SEARCH, _)));
    let text = to_json(&record()).unwrap();
    for cut in (0..text.len() - 2).step_by(13) {
        let error = from_json(&text.as_bytes()[..cut]).expect_err("it is incomplete");
        assert!(matches!(error, StoreError::Truncated { .. }), "cut at {cut}: {error}");
    }
}

#[test]
fn what_no_search_can_be_is_refused_by_key() {
    let table: [(&[(&str, Value)], &str); 17] = [
        (&[("/conclusion/kind", json!("found"))], "unknown variant `found`"),
        (&[("/conclusion/kind", json!("everything"))], "`conclusion`: its kind does not go with"),
        (&[("/conclusion/kind", json!("unfinished")), ("/conclusion/cause", Value::Null)], "`conclusion.why`: "),
        (&[("/conclusion/cause", Value::Null)], "`conclusion`: its kind does not go with"),
        (&[("/conclusion/holds_per_s", json!(-1.0))], "`conclusion.holds_per_s`: -1 is no rate"),
        (&[("/steps/0/holds", json!(false))], "`steps`: what does not hold has a cause"),
        (&[("/steps/0/rate_per_s", json!(0.0))], "`steps.rate_per_s`: 0 is no rate"),
        (&[("/steps/0/rate_per_s", json!(1e300))], "is no rate"),
        (&[("/steps/0/matched_per_s", json!(-0.5))], "`steps.matched_per_s`: -0.5 is no rate"),
        (&[("/search/from_per_s", json!(0.0))], "`search.from_per_s`: 0 is no rate"),
        (&[("/search/from_per_s", json!(1e6))], "`search`: the range from 1000000 to 100000 messages/s"),
        (&[("/search/tries", json!(4))], "`search`: 4 tries may have no majority"),
        (&[("/search/resolution_percent", json!(0.0))], "`search.resolution_percent`: it is not from 1 to 100"),
        (&[("/plan/groups/0/model", json!("closed")), ("/plan/groups/0/burst", Value::Null)], "missing field `window`"),
        (&[("/plan/run", json!({}))], "missing field"),
        (&[("/plan/groups", json!([]))], "`plan.groups`: a plan has a group"),
        (&[("/steps", json!([{}]))], "missing field `rate_per_s`"),
    ];
    for (changes, problem) in table {
        let error = refusal(&changed(changes)).to_string();
        assert!(error.starts_with("not a valid loadgen.search/1: ") && error.contains(problem), "{changes:?}: {error}");
    }
    let mut file = json(&record());
    file["plan"]["groups"][0]["model"] = "closed".into();
    file["plan"]["groups"][0]["window"] = 16.into();
    file["plan"]["groups"][0]["think_s"] = 0.0.into();
    assert!(refusal(&file.to_string()).to_string().contains("`plan.groups.model`: a search has the open model"));
}

#[test]
fn what_a_file_holds_is_not_printed_as_it_is() {
    let error = refusal(&changed(&[("/conclusion/kind", json!("\u{1b}[2J\u{202e}"))])).to_string();
    assert!(error.contains(r"unknown variant `\x1b[2J\u{202e}`"), "{error}");
    assert!(!error.contains(char::is_control), "{error}");
}

#[test]
fn what_follows_from_facts_is_written_and_never_believed() {
    let mut file = json(&record());
    assert_eq!(file["conclusion"]["meaning"], "4 970 messages/s is the highest rate that holds; 5 190/s does not");
    file["conclusion"]["meaning"] = "all is well".into();
    file["conclusion"].as_object_mut().unwrap().remove("exit_code");
    file["notes"] = 1.into();
    file["a key of a later revision"] = true.into();
    assert_eq!(shown(&from_json(file.to_string().as_bytes()).unwrap()), shown(&record()));
}

#[test]
fn numbers_that_json_does_not_have_are_refused_by_key() {
    type SetSearchNumber = fn(&mut SearchRecord, f64);
    let table: [(&str, SetSearchNumber); 4] = [
        ("search.pause_s", |r, x| r.pause_s = x),
        ("plan.run.drain_s", |r, x| r.plan.run.drain_s = x),
        ("steps.rate_per_s", |r, x| r.steps[3].rate = x),
        ("steps.matched_per_s", |r, x| r.steps[0].matched_per_s = Some(x)),
    ];
    for (key, change) in table {
        for x in [f64::NAN, f64::INFINITY] {
            let mut record = record();
            change(&mut record, x);
            assert!(matches!(to_json(&record), Err(StoreError::NotFinite(named)) if named == key), "{key}");
        }
    }
}

#[test]
fn a_file_of_either_format_is_read_as_what_it_is() {
    let record = record();
    assert!(matches!(Stored::from_json(to_json(&record).unwrap().as_bytes()), Ok(Stored::Search(_))));
    let report = crate::model::sample::violation();
    let judgement = crate::judge(&report, &[]);
    let text = crate::store::to_json(&report, &judgement).unwrap();
    assert_eq!(Stored::from_json(text.as_bytes()).unwrap(), Stored::Result(Box::new((report, judgement))));
    let refusal = |text: &str| Stored::from_json(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        refusal("{}"),
        r#"neither a result nor a search: expected an object with "schema": "loadgen.result/2" or "loadgen.search/1""#
    );
    assert_eq!(
        refusal(r#"{"schema": "loadgen.ab/1"}"#),
        r#"neither a result nor a search: its schema is "loadgen.ab/1", expected "loadgen.result/2" or "loadgen.search/1""#
    );
    assert!(refusal(r#"{"schema": "loadgen.search/2"}"#).starts_with("this search has the newer format"));
    assert!(refusal(r#"{"schema": "loadgen.result/3"}"#).starts_with("this result has the newer format"));
}

fn rates() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![(1.0..1e12_f64), Just(1e12), Just(f64::MIN_POSITIVE)]
}

fn steps() -> impl Strategy<Value = Step> {
    let outcomes =
        [StepOutcome::Holds, StepOutcome::Fails(FailureCause::Generator), StepOutcome::Fails(FailureCause::Threshold)];
    let verdicts = Verdict::ALL;
    let limits = [LimitedBy::Schedule, LimitedBy::Generator, LimitedBy::Target];
    let choices = (prop::sample::select(Vec::from(outcomes)), prop::sample::select(Vec::from(verdicts)));
    let choices = (choices, prop::sample::select(Vec::from(limits)));
    let texts = (vec(any::<String>(), 0..3), any::<String>());
    let numbers = (rates(), option::of(rates()), option::of(rates()), any::<[Option<u64>; 2]>(), any::<u64>());
    (choices, texts, numbers).prop_map(|(((outcome, verdict), limited_by), (reasons, started_at), numbers)| {
        let (rate, sent_per_s, matched_per_s, [p50_ns, p99_ns], messages) = numbers;
        Step {
            rate,
            outcome,
            reasons,
            verdict,
            limited_by,
            started_at,
            sent_per_s,
            matched_per_s,
            messages,
            p50_ns,
            p99_ns,
        }
    })
}

fn conclusions() -> impl Strategy<Value = Conclusion> {
    prop_oneof![
        (rates(), rates()).prop_map(|(holds, fails)| Conclusion::Edge { holds, fails, cause: FailureCause::Backlog }),
        rates().prop_map(|holds| Conclusion::Everything { holds }),
        rates().prop_map(|fails| Conclusion::Nothing { fails, cause: FailureCause::Connections }),
        (option::of(rates()), option::of(rates()), any::<String>())
            .prop_map(|(holds, fails, why)| Conclusion::Unfinished { holds, fails, why }),
    ]
}

fn records() -> impl Strategy<Value = SearchRecord> {
    let search = ([rates(), rates(), rates()], 100..=10_000_u32, 0..5_u32).prop_map(|(rates, hundredths, half)| {
        let ([one, other, least], share) = (rates, f64::from(hundredths) / 100.0 / 100.0);
        let resolution = Resolution::from_share(share).unwrap();
        Search::new(one.min(other), one.max(other), least, resolution, 2 * half + 1).unwrap()
    });
    (search, vec(steps(), 0..6), conclusions(), any::<[String; 3]>(), 0.0..1e9_f64).prop_map(
        |(search, steps, conclusion, [url, started_at, threshold], pause_s)| {
            let mut record = SearchRecord { started_at, search, pause_s, steps, conclusion, ..record() };
            record.target.url = url;
            record.plan.run.thresholds = vec![threshold, "p99<18446744073s".to_owned()];
            record
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_record_reads_back_and_can_be_shown(written in records()) {
        let text = to_json(&written).unwrap();
        let read = from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(&read.steps, &written.steps);
        prop_assert_eq!(&read.conclusion, &written.conclusion);
        prop_assert_eq!(read.search, written.search);
        prop_assert_eq!(shown(&read), shown(&written));
    }
}
