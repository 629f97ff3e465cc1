//! Foreign text in Markdown.

use crate::escape::visible_part;

/// Most characters of a text.
const LONGEST: usize = 300;

/// Writes a foreign text as a code span, visible and bounded.
///
/// In a code span nothing has a meaning except the run of backticks that ends it (`CommonMark`
/// 0.31, section 6.1). GitHub finds no mentions, references or links there. The span has more
/// backticks than the text has in a row.
///
/// A code span must not stand in a table, because a pipe ends the cell even there.
pub(crate) fn code(text: &str) -> String {
    let text = visible_part(text, LONGEST);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let longest_run = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest_run + 1);
    // Markdown takes one blank off each end, unless there is nothing else.
    let needs_room = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let room = if needs_room && !text.trim_matches(' ').is_empty() { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::hostile::{Node, parse};

    #[test]
    fn the_fence_is_longer_than_what_it_holds() {
        let table = [
            ("plain", "`plain`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``` x", "```` ``` x ````"),
            (" x ", "`  x  `"),
            ("  ", "`  `"),
            ("", "(empty)"),
            ("a\nb|c", "`a\\x0ab|c`"),
        ];
        for (text, expected) in table {
            assert_eq!(code(text), expected);
        }
        assert!(code(&"x".repeat(1000)).ends_with("x…+700`"));
    }

    proptest! {
        #[test]
        fn whatever_it_holds_is_read_back_as_code(
            text in prop_oneof![any::<String>(), "[`\\\\ |<@#*_\\[\\]()&;a]{1,20}"],
        ) {
            let shown = visible_part(&text, LONGEST);
            prop_assume!(!shown.is_empty());
            let nodes = parse(&format!("- {} after", code(&text)));
            prop_assert_eq!(nodes, [Node::Code(shown), Node::Text(" after".to_owned())]);
        }
    }
}
