//! The page of a search.

use super::*;
use crate::{
    escape::visible,
    render::search::RenderSearch,
    search::{
        Conclusion, SearchRecord,
        sample::{ending, foreign, record},
    },
};

fn page(record: &SearchRecord) -> String {
    written(|out| Html.search(record, out))
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
    let harmless = Dom::of(&page(&foreign("harmless"))).elements;
    for string in hostile::HOSTILE {
        let page = Dom::of(&page(&foreign(string)));
        assert_eq!(page.elements, harmless, "{string}");
        assert!(page.text.contains(&visible(string)), "{string}");
    }
}
