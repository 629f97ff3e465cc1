//! Any bytes as a stream of results: finding them and merging them never panics, and what is found
//! does not depend on how many bytes come at once.

#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use reports::{
    judge,
    merge::{Merge, MergeOptions},
    store::{self, ResultText, ResultTexts},
};

/// The results in a stream that comes in pieces, and how many lines were skipped.
fn find(bytes: &[u8], piece: usize) -> (Vec<ResultText>, u64) {
    let mut texts = ResultTexts::new(BufReader::with_capacity(piece, bytes));
    let found = texts.by_ref().map(|text| text.expect("bytes in memory")).collect();
    (found, texts.skipped_lines())
}

fuzz_target!(|bytes: &[u8]| {
    let (found, skipped_lines) = find(bytes, 1 << 16);
    assert_eq!(find(bytes, 1), (found.clone(), skipped_lines));
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    assert!(skipped_lines <= lines && found.iter().all(|text| (1..=lines).contains(&text.line)));
    let mut merge = Merge::new(MergeOptions { allow_partial: true });
    for ResultText { line, text } in found {
        assert!(text.starts_with(b"{"));
        for (report, _) in store::from_json_texts(&text).map_while(Result::ok) {
            let _ = merge.add(&format!("line {line} of stdin"), report);
        }
    }
    if let Ok(report) = merge.finish() {
        let _ = judge(&report, &[]);
    }
});
