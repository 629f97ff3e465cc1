//! Any text as a threshold, a metric, a gate, a level of confidence or the name of a baseline:
//! parsing never panics, a refusal points into the text, and what is displayed parses back to the
//! same.

#![no_main]

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use libfuzzer_sys::fuzz_target;
use reports::{
    Confidence, Gate, Metric, ParseError, Threshold, metric::GroupName, search::Resolution,
    store::baseline::BaselineName,
};

/// What parses is displayed in a form that parses to the same.
fn comes_back<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T::Err> {
    let parsed = match text.parse::<T>() {
        Ok(parsed) => parsed,
        Err(error) => return Some(error),
    };
    let shown = parsed.to_string();
    match shown.parse::<T>() {
        Ok(again) => assert_eq!(again, parsed, "{text:?} is shown as {shown:?}"),
        Err(_) => panic!("{text:?} is shown as {shown:?}, which is refused"),
    }
    None
}

/// A refusal has a place in the text and fills the four lines of its form.
fn points_into(text: &str, refusal: Option<ParseError>) {
    if let Some(refusal) = refusal {
        assert!(refusal.column() <= text.chars().count(), "{text:?}: {refusal}");
        assert!(refusal.to_string().lines().count() >= 4, "{text:?}: {refusal}");
    }
}

fuzz_target!(|text: &str| {
    points_into(text, comes_back::<Threshold>(text));
    points_into(text, comes_back::<Gate>(text));
    points_into(text, comes_back::<Confidence>(text));
    points_into(text, comes_back::<Resolution>(text));
    points_into(text, comes_back::<Metric>(text));
    let _ = comes_back::<GroupName>(text);
    let refused = comes_back::<BaselineName>(text).is_some();
    assert!(refused || !text.contains(['/', '\0']), "{text:?} leaves its folder");
});
