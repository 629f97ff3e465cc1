//! Messages of the user: their lengths differ.

use reports::model::Expect;

use super::rig::{Case, GroupCase, MILLI, open_model};
use crate::engine::simulated::PeerScript;

#[test]
fn messages_of_differing_lengths_are_sent() {
    let templates = &["{{sequence}}", r#"{"id":{{id}},"text":"{{mark}}"}"#, "plain"];
    let group = GroupCase { templates, expect: Expect::Count, ..open_model(2, 100, 5, 100) };
    let done = Case::new(group, vec![PeerScript { delay: MILLI, ..PeerScript::default() }]).messages(30).run();
    let counts = done.group(0).recorder.measured.counts;
    assert_eq!((counts.sent, counts.matched), (60, 60));
    // The warm-up had messages 0 to 9.
    let length = |client: u64, sequence: u64| match sequence % 3 {
        0 => sequence.to_string().len(),
        1 => r#"{"id":,"text":""}"#.len() + (1 + client + 2 * sequence).to_string().len() + 53,
        _ => "plain".len(),
    };
    let lengths = (0..2).flat_map(|client| (10..40).map(move |sequence| length(client, sequence)));
    assert_eq!(done.group(0).recorder.traffic.sent_bytes, lengths.sum::<usize>() as u64);
}
