//! What an expectation needs, and what goes with it.

use regex::bytes::Regex;
use reports::model::{Expect, IdPlace, Order};

use super::{PlanError, about};
use crate::plan::{Group, Load};

/// Finds an expectation that can't be compiled, and keys that mean nothing beside it.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let Group { expect, order, until, batched, load, .. } = group;
    let refused = |key, why: String| Err(about(index, key, why));
    if let Expect::Id(IdPlace::Regex(text)) = expect
        && let Some(why) = expression(text)
    {
        return Err(PlanError::new(Some(index), "expect", expect, why));
    }
    if let Expect::Sequence(_) = expect
        && *load != Load::Listen
    {
        let why = "it is about what the server pushes by itself, so clients send nothing; give --rate 0";
        return Err(PlanError::new(Some(index), "expect", expect, why.to_owned()));
    }
    if let Some(order) = order
        && matches!(expect, Expect::Count | Expect::Reply(_))
    {
        let order = if *order == Order::Keep { "keep" } else { "any" };
        let why = format!(
            "with --expect {expect}, nothing tells which message a reply is for; leave it out, or expect mark or id"
        );
        return Err(PlanError::new(Some(index), "order", order, why));
    }
    if until.is_some() && !matches!(expect, Expect::Count | Expect::Mark | Expect::Id(_)) {
        return refused(
            "until",
            format!("with --expect {expect}, a reply is one event; leave it out, or expect id, mark or count"),
        );
    }
    if *batched && !matches!(expect, Expect::Mark | Expect::Id(_) | Expect::Broadcast) {
        return refused(
            "batched",
            format!("with --expect {expect}, an event is one reply; leave it out, or expect mark, id or broadcast"),
        );
    }
    Ok(())
}

/// Why a regular expression can't find an id.
fn expression(text: &str) -> Option<String> {
    let compiled = match text.parse::<crate::plan::Pattern>() {
        Ok(compiled) => compiled,
        Err(why) => return Some(why),
    };
    let groups = groups(compiled.regex());
    (groups != 1).then(|| {
        let has = if groups == 0 { "it has no group".to_owned() } else { format!("it has {groups} groups") };
        format!(r"{has}; put the id, and nothing else, in one: `id=~^43(\d+)`; (?:...) groups without capturing")
    })
}

fn groups(regex: &Regex) -> usize {
    regex.captures_len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Messages;

    fn expecting(expect: &str) -> Group {
        let message = r#"{"id":{{id}},"text":"{{mark}}"}"#.parse().unwrap();
        Group { expect: expect.parse().unwrap(), messages: Messages::Templates([message].into()), ..Group::default() }
    }

    fn listening(expect: &str) -> Group {
        Group { load: Load::Listen, ..expecting(expect) }
    }

    fn until(group: Group) -> Group {
        Group { until: Some("done".parse().unwrap()), ..group }
    }

    fn batched(group: Group) -> Group {
        Group { batched: true, ..group }
    }

    fn ordered(group: Group) -> Group {
        Group { order: Some(Order::Any), ..group }
    }

    #[test]
    fn what_fits_is_taken() {
        for group in [
            expecting("echo"),
            ordered(expecting("echo")),
            ordered(batched(until(expecting("mark")))),
            ordered(batched(until(expecting("id=/id")))),
            until(expecting("count")),
            expecting(r"id=~^43(\d+)"),
            expecting(r"id=~^(?:a|b)(\d+)"),
            ordered(listening("sequence=/n")),
        ] {
            assert_eq!(check(0, &group), Ok(()), "{group:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_remedy() {
        for (group, expected) in [
            (expecting(r"id=~^43\d+"), r"--expect id=~^43\d+: it has no group; put the id, and nothing else, in one"),
            (expecting(r"id=~(a)(b)"), "--expect id=~(a)(b): it has 2 groups; put the id"),
            (expecting(r"id=~("), "--expect id=~(: it is no regular expression: unclosed group"),
            (expecting("sequence=/n"), "--expect sequence=/n: it is about what the server pushes"),
            (ordered(expecting("count")), "--order any: with --expect count, nothing tells which message"),
            (until(expecting("echo")), "--until: with --expect echo, a reply is one event; leave it out"),
            (until(listening("sequence=/n")), "--until: with --expect sequence=/n, a reply is one event"),
            (batched(expecting("reply=x")), "--batched: with --expect reply=x, an event is one reply; leave it out"),
        ] {
            let error = check(0, &group).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
