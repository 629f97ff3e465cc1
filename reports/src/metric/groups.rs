//! The group that a metric names, in a report and among the groups of a run.

use super::{GroupName, Metric, Quantity, Series};
use crate::{
    model::{Measurement, Report},
    text::{escape::visible_part, nearest::nearest},
};

/// What a report holds of a group, or of all groups together. `None` if it has no such group. In a
/// run with one group, every name means that one.
pub(super) fn measurement(report: &Report, group: Option<GroupName>) -> Option<&Measurement> {
    match group {
        Some(name) if !report.groups.is_empty() => {
            let named = report.groups.iter().find(|group| group.name == name.as_str());
            named.map(|group| &group.measurement)
        }
        _ => Some(&report.total),
    }
}

/// A metric names a group that the run does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no group `{name}`; {}{}", self.there_are(), self.suggestion())]
pub struct UnknownGroup {
    name: GroupName,
    quantity: Quantity,
    groups: Vec<String>,
}

impl Metric {
    /// The metric in a run with these groups. The only group of a run is its total.
    ///
    /// # Errors
    /// It names another group. The error says which groups there are, and what may have been meant.
    pub fn in_groups<'a>(self, groups: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownGroup> {
        let Some(name) = self.group else { return Ok(self) };
        // They may come from a file.
        let groups: Vec<String> = groups.into_iter().map(|group| visible_part(group, GroupName::LONGEST)).collect();
        if !groups.iter().any(|group| group == name.as_str()) {
            return Err(UnknownGroup { name, quantity: self.quantity, groups });
        }
        Ok(if groups.len() == 1 { self.quantity.into() } else { self })
    }
}

impl UnknownGroup {
    /// The metric that may have been meant: of another group, or of a series whose name was
    /// misspelled.
    fn suggestion(&self) -> String {
        let series = Series::ALL.iter().map(|(_, definition)| definition.name);
        let may_be_series = matches!(self.quantity, Quantity::Latency(Series::Response, _));
        let names = self.groups.iter().map(String::as_str).chain(series.filter(|_| may_be_series));
        let meant = nearest(self.name.as_str(), names);
        meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}.{}`?", self.quantity))
    }

    fn there_are(&self) -> String {
        match self.groups.as_slice() {
            [] => "the run has no groups".to_owned(),
            [only] => format!("the only group is {only}"),
            [first @ .., last] => format!("the groups are {} and {last}", first.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(metric: &str, groups: &[&str]) -> Option<String> {
        let metric: Metric = metric.parse().unwrap();
        metric.in_groups(groups.iter().copied()).err().map(|unknown| unknown.to_string())
    }

    #[test]
    fn an_unknown_group_is_refused_with_the_names_of_all() {
        let groups = ["chat", "slow", "idle"];
        for known in ["p99", "lost", "efficiency", "chat.p99", "slow.service.max", "idle.died"] {
            assert_eq!(refusal(known, &groups), None, "{known}");
        }
        let table = [
            ("chta.p99", "there is no group `chta`; the groups are chat, slow and idle; did you mean `chat.p99`?"),
            ("xyz.lost", "there is no group `xyz`; the groups are chat, slow and idle"),
            ("sevice.lost", "there is no group `sevice`; the groups are chat, slow and idle"),
            // A misspelled series looks like a group.
            (
                "sevice.p99",
                "there is no group `sevice`; the groups are chat, slow and idle; did you mean `service.p99`?",
            ),
        ];
        for (metric, expected) in table {
            assert_eq!(refusal(metric, &groups).as_deref(), Some(expected));
        }
        assert_eq!(refusal("chat.p99", &["main"]).unwrap(), "there is no group `chat`; the only group is main");
    }

    #[test]
    fn the_only_group_is_the_total() {
        let metric: Metric = "chat.p99".parse().unwrap();
        assert_eq!(metric.in_groups(["chat"]), Ok("p99".parse().unwrap()));
        assert_eq!(metric.in_groups(["chat", "slow"]), Ok(metric));
    }

    #[test]
    fn a_hostile_name_is_escaped_and_cut() {
        let hostile = format!("<b>\u{1b}[31m{}", "x".repeat(1000));
        let shown = refusal("chat.p99", &[&hostile]).unwrap();
        assert!(!shown.contains('\u{1b}') && shown.chars().count() < 200, "{shown}");
    }
}
