//! The page as a browser reads it.

use std::collections::BTreeMap;

use html5ever::{ParseOpts, parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// The elements and the text of a page, in their order.
pub(super) struct Dom {
    pub(super) elements: Vec<Element>,
    /// All text, but not comments.
    pub(super) text: String,
}

/// An element.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Dom {
    /// Reads a page. It must have no errors.
    pub(super) fn of(page: &str) -> Self {
        let document = parse_document(RcDom::default(), ParseOpts::default()).one(page);
        assert!(document.errors.borrow().is_empty(), "{:?}: {page}", document.errors);
        let mut dom = Self { elements: Vec::new(), text: String::new() };
        dom.add(&document.document);
        dom
    }

    fn add(&mut self, node: &Handle) {
        match &node.data {
            NodeData::Text { contents } => self.text.push_str(&contents.borrow()),
            NodeData::Comment { contents } => panic!("a comment: {contents}"),
            NodeData::Element { name, attrs, .. } => {
                let attributes = attrs.borrow();
                let attributes = attributes.iter().map(|one| (one.name.local.to_string(), one.value.to_string()));
                self.elements.push(Element { name: name.local.to_string(), attributes: attributes.collect() });
            }
            _ => {}
        }
        for child in node.children.borrow().iter() {
            self.add(child);
        }
    }
}
