//! The page of a search.

use super::*;
use crate::escape::visible;
use crate::render::search::RenderSearch;
use crate::search::sample::{ending, record};
use crate::search::{Conclusion, Outcome, Record};

fn page(record: &Record) -> String {
    let mut out = Vec::new();
    Html.search(record, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_search() {
    insta::assert_snapshot!(markup(&page(&record())));
}

#[test]
fn nothing_measured_is_shown_as_such() {
    let mut record = ending(Conclusion::Unfinished { holds: None, fails: None, why: "interrupted".to_owned() });
    record.steps.clear();
    let empty = page(&record);
    Dom::of(&empty);
    assert!(empty.contains("Nothing matched in any step.") && empty.contains("nothing is known"), "{empty}");
}

#[test]
fn no_string_adds_an_element_or_an_attribute() {
    let foreign = |text: &str| {
        let why = text.to_owned();
        let mut record = ending(Conclusion::Unfinished { holds: Some(4_970.0), fails: Some(5_190.0), why });
        let (plan, environment) = (&mut record.plan, &mut record.environment);
        for place in
            [&mut record.target.url, &mut record.started_at, &mut plan.payload, &mut plan.expect, &mut plan.engine]
        {
            text.clone_into(place);
        }
        for place in [&mut environment.cpu, &mut environment.kernel, &mut environment.version] {
            text.clone_into(place);
        }
        record.plan.thresholds = vec![text.to_owned()];
        for step in record.steps.iter_mut().filter(|step| step.outcome != Outcome::Holds) {
            step.reasons = vec![text.to_owned()];
        }
        page(&record)
    };
    let harmless = Dom::of(&foreign("harmless")).elements;
    for string in hostile::HOSTILE {
        let page = Dom::of(&foreign(string));
        assert_eq!(page.elements, harmless, "{string}");
        assert!(page.text.contains(&visible(string)), "{string}");
    }
}
