//! Says that clients share rows of data, which may be a mistake: a user who is there twice.

use loadgen::plan::{Group, Plan};
use reports::human;

use crate::{cli::ConsoleArgs, terminal};

/// Says before a run which groups have fewer rows than clients.
pub(super) fn warn(console: &ConsoleArgs, plan: &Plan) {
    for group in plan.groups().iter().filter(|_| !console.quiet) {
        if let Some(rows) = of(group) {
            terminal::tell(format!("loadgen: {rows} (--quiet leaves this out)"));
        }
    }
}

/// The rows that the clients of a group share, if there are fewer rows than clients.
pub(super) fn of(group: &Group) -> Option<String> {
    let (data, clients) = (group.data.as_ref()?, group.clients.get());
    let rows = data.rows() as u64;
    (rows < clients.into()).then(|| {
        format!(
            "{} has {} {} for the {} clients of `{}`, so clients share rows",
            data.path().display(),
            human::count(rows),
            if rows == 1 { "row" } else { "rows" },
            human::count(clients.into()),
            group.name
        )
    })
}
