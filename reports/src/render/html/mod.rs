//! One page for a browser that needs nothing else: no script, no network, no other file.
//!
//! ```text
//! html.rs                 results -> page
//! templates/report.html   all markup; report.css, all looks
//! html/policy.rs          what the browser may do
//! html/section.rs         the parts: verdict, glance, delivery, evidence, latency, history, facts
//! html/search.rs          the page of a search, of the same parts
//! html/table.rs           tables; plot.rs, plots: axis, scale, ticks, curve (percentiles), thin, path, key
//! html/shown.rs           the only text that the template takes
//! ```

mod axis;
mod curve;
mod delivery;
mod evidence;
mod facts;
mod glance;
mod history;
mod key;
mod latency;
mod path;
mod plot;
mod policy;
mod scale;
mod search;
mod section;
mod shown;
mod table;
mod thin;
mod ticks;
mod verdict;

use std::io;

use askama::Template;

use super::{Entry, Render, words};
use crate::judge::Judgement;
use crate::model::Report;
use evidence::Findings;
use key::Key;
use section::{Block, Section};
use shown::Shown;
use verdict::Banner;

/// A self-contained page of HTML, of one result or of several that are drawn over each other.
///
/// It holds no script and asks for nothing over the network, which a Content-Security-Policy in it enforces; so it works as
/// an attachment of a mail. Light and dark follow the reader's setting, and it is readable from 360 pixels of width on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

impl Html {
    /// Writes a page that shows `entries`, in their order.
    ///
    /// Lines are thinned out to what can be seen, without losing a peak; so an hour is not much larger than a minute.
    ///
    /// # Errors
    /// What `out` returns, or [`io::ErrorKind::InvalidInput`] when there is nothing to show.
    pub fn page(&self, entries: &[Entry<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        if entries.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a page needs one result at least"));
        }
        Page::of(entries).write_into(out)?;
        writeln!(out)
    }
}

impl Render for Html {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        self.page(&[Entry { label: &report.target.url, report, judgement }], out)
    }
}

/// What the template takes.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    policy: String,
    style: &'static str,
    title: Shown,
    banners: Vec<Banner>,
    glance: Block,
    /// Before the evidence and after it.
    sections: [Vec<Section>; 2],
    evidence: Vec<Findings>,
}

impl Page {
    fn of(entries: &[Entry<'_>]) -> Self {
        let key = |index| (entries.len() > 1).then_some(Key(index));
        Self {
            policy: policy::policy(),
            style: policy::STYLE,
            title: title(entries).into(),
            banners: entries.iter().enumerate().map(|(index, entry)| Banner::of(key(index), entry)).collect(),
            glance: glance::block(entries),
            sections: [
                vec![delivery::section(entries)],
                vec![
                    latency::section(entries),
                    history::section(entries),
                    facts::connecting(entries),
                    facts::health(entries),
                    facts::plan(entries),
                ],
            ],
            evidence: evidence::findings(entries),
        }
    }
}

/// What a tab or a list of attachments shows.
fn title(entries: &[Entry<'_>]) -> String {
    match entries {
        [entry] => format!("{}: {} – loadgen", words::verdict(entry.report, entry.judgement).0, entry.label),
        several => format!("{} results – loadgen", several.len()),
    }
}

#[cfg(test)]
mod tests;
