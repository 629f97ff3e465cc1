//! Hostile text for the tests of formats, and what must hold for it.

use comrak::{Arena, Options, nodes::NodeValue, parse_document};

/// Text that means something to a terminal, to Markdown or to HTML.
pub(super) const HOSTILE: &str = "x\u{1b}[2J|`<script>alert(1)</script>[a](javascript:b)\n# c\u{202e} @me";

/// Whether a terminal does nothing with a text but show it, from the left to the right.
pub(super) fn is_safe(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}')
}

/// A part of a Markdown text.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Text(String),
    Code(String),
    /// The name of any node that a report must not have.
    Other(String),
}

/// Reads Markdown as GitHub does.
pub(super) fn parse(text: &str) -> Vec<Node> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    for on in [
        &mut extension.table,
        &mut extension.autolink,
        &mut extension.strikethrough,
        &mut extension.tasklist,
        &mut extension.footnotes,
        &mut extension.alerts,
        &mut extension.math_dollars,
        &mut extension.math_code,
    ] {
        *on = true;
    }
    let arena = Arena::new();
    let mut nodes = Vec::new();
    for node in parse_document(&arena, text, &options).descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(text) => nodes.push(Node::Text(text.to_string())),
            NodeValue::Code(code) => nodes.push(Node::Code(code.literal.clone())),
            NodeValue::Document
            | NodeValue::Paragraph
            | NodeValue::Heading(_)
            | NodeValue::List(_)
            | NodeValue::Item(_)
            | NodeValue::Table(_)
            | NodeValue::TableRow(_)
            | NodeValue::TableCell
            | NodeValue::SoftBreak => {}
            other => nodes.push(Node::Other(format!("{other:?}"))),
        }
    }
    nodes
}

/// Counts the code spans of `wild` that hold `text`. It must have the structure of `harmless`,
/// which shows a harmless text instead.
pub(super) fn spans_with(text: &str, wild: &str, harmless: &str) -> usize {
    let (wild, harmless) = (parse(wild), parse(harmless));
    assert_eq!(wild.len(), harmless.len(), "{wild:#?}");
    let mut spans = 0;
    for nodes in wild.iter().zip(&harmless) {
        match nodes {
            (Node::Code(code), Node::Code(_)) => spans += usize::from(code.contains(text)),
            (wild, harmless) => assert_eq!(wild, harmless),
        }
    }
    spans
}
