//! How a search ends.

use program::Exit;

use super::step::FailureCause;
use crate::{judge::LimitedBy, text::human::rate};

/// What a search found. Rates are messages per second of all clients together.
#[derive(Clone, Debug, PartialEq)]
pub enum Conclusion {
    /// The highest rate that holds, and the lowest that does not.
    Edge {
        /// The highest rate that holds: it does in the majority of its tries.
        holds: f64,
        /// The lowest rate that does not hold. It is within the resolution of the other.
        fails: f64,
        /// Why it does not.
        cause: FailureCause,
    },
    /// The end of the range holds, so the limit is higher.
    Everything {
        /// The end of the range.
        holds: f64,
    },
    /// Not even the lowest rate holds.
    Nothing {
        /// The lowest rate.
        fails: f64,
        /// Why it does not hold.
        cause: FailureCause,
    },
    /// The search was stopped, or could not go on.
    Unfinished {
        /// The highest rate that held so far.
        holds: Option<f64>,
        /// The lowest rate that did not hold so far.
        fails: Option<f64>,
        /// What ended the search.
        why: String,
    },
}

impl Conclusion {
    /// The highest rate that holds, as far as is known.
    pub fn holds(&self) -> Option<f64> {
        match self {
            Self::Edge { holds, .. } | Self::Everything { holds } => Some(*holds),
            Self::Nothing { .. } => None,
            Self::Unfinished { holds, .. } => *holds,
        }
    }

    /// The lowest rate that does not hold, as far as is known.
    pub fn fails(&self) -> Option<f64> {
        match self {
            Self::Edge { fails, .. } | Self::Nothing { fails, .. } => Some(*fails),
            Self::Everything { .. } => None,
            Self::Unfinished { fails, .. } => *fails,
        }
    }

    /// Why the lowest rate that does not hold fails.
    pub fn cause(&self) -> Option<FailureCause> {
        match self {
            Self::Edge { cause, .. } | Self::Nothing { cause, .. } => Some(*cause),
            Self::Everything { .. } | Self::Unfinished { .. } => None,
        }
    }

    /// What keeps the rate from being higher. It is `Schedule` if that is the end of the range, and
    /// `None` if the search did not end.
    pub fn limited_by(&self) -> Option<LimitedBy> {
        match self {
            Self::Edge { cause, .. } | Self::Nothing { cause, .. } if cause.is_the_targets() => Some(LimitedBy::Target),
            Self::Edge { .. } | Self::Nothing { .. } => Some(LimitedBy::Generator),
            Self::Everything { .. } => Some(LimitedBy::Schedule),
            Self::Unfinished { .. } => None,
        }
    }

    /// What was found, in a sentence.
    pub fn meaning(&self) -> String {
        match self {
            Self::Edge { holds, fails, cause } => edge(&rate(*holds), &rate(*fails), *cause),
            Self::Everything { holds } => {
                let holds = rate(*holds);
                format!("{holds} messages/s hold, the end of the range; the limit is above and was not looked for")
            }
            Self::Nothing { fails, cause } => {
                let fails = rate(*fails);
                match cause {
                    FailureCause::Generator => format!("the generator is too slow for {fails} messages/s"),
                    FailureCause::Delivery => format!("delivery violation: no rate holds, not even {fails} messages/s"),
                    _ => format!("no rate holds, not even {fails} messages/s"),
                }
            }
            Self::Unfinished { holds, fails, why } => {
                let known = match (holds, fails) {
                    (Some(holds), Some(fails)) => {
                        format!("{} messages/s held, {}/s did not", rate(*holds), rate(*fails))
                    }
                    (Some(holds), None) => format!("{} messages/s held", rate(*holds)),
                    (None, Some(fails)) => format!("{} messages/s did not hold", rate(*fails)),
                    (None, None) => "nothing is known".to_owned(),
                };
                format!("{why}; so far, {known}")
            }
        }
    }

    /// How a program ends: with 4 if messages are lost or damaged at the edge, 5 if the generator
    /// was the limit, otherwise 0 if a rate holds. If none holds, it is 1 for a missed threshold or
    /// a backlog, and 6 for failed connections. `None` if the search did not end: what ended it
    /// decides.
    pub fn exit(&self) -> Option<Exit> {
        match self {
            Self::Unfinished { .. } => None,
            Self::Everything { .. } => Some(Exit::Pass),
            Self::Edge { cause, .. } | Self::Nothing { cause, .. } => Some(match cause {
                FailureCause::Delivery => Exit::Delivery,
                FailureCause::Generator => Exit::Invalid,
                _ if self.holds().is_some() => Exit::Pass,
                FailureCause::Connections => Exit::Connections,
                FailureCause::Backlog | FailureCause::Threshold => Exit::Failed,
            }),
        }
    }
}

fn edge(holds: &str, fails: &str, cause: FailureCause) -> String {
    let highest = format!("{holds} messages/s is the highest rate that holds");
    match cause {
        FailureCause::Delivery => format!("delivery violation at {fails} messages/s; {highest}"),
        FailureCause::Generator => {
            format!("{holds} messages/s hold, then the generator was the limit: the target may hold more")
        }
        FailureCause::Connections | FailureCause::Backlog | FailureCause::Threshold => {
            format!("{highest}; {fails}/s does not")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_exit_code_and_its_limit() {
        let edge = |cause| Conclusion::Edge { holds: 100.0, fails: 104.0, cause };
        let nothing = |cause| Conclusion::Nothing { fails: 1.0, cause };
        let table = [
            (edge(FailureCause::Threshold), Some(0), Some(LimitedBy::Target)),
            (edge(FailureCause::Backlog), Some(0), Some(LimitedBy::Target)),
            (edge(FailureCause::Connections), Some(0), Some(LimitedBy::Target)),
            (edge(FailureCause::Generator), Some(5), Some(LimitedBy::Generator)),
            (edge(FailureCause::Delivery), Some(4), Some(LimitedBy::Target)),
            (Conclusion::Everything { holds: 100.0 }, Some(0), Some(LimitedBy::Schedule)),
            (nothing(FailureCause::Threshold), Some(1), Some(LimitedBy::Target)),
            (nothing(FailureCause::Backlog), Some(1), Some(LimitedBy::Target)),
            (nothing(FailureCause::Connections), Some(6), Some(LimitedBy::Target)),
            (nothing(FailureCause::Generator), Some(5), Some(LimitedBy::Generator)),
            (nothing(FailureCause::Delivery), Some(4), Some(LimitedBy::Target)),
            (Conclusion::Unfinished { holds: None, fails: None, why: String::new() }, None, None),
        ];
        for (conclusion, code, limit) in table {
            assert_eq!((conclusion.exit().map(Exit::code), conclusion.limited_by()), (code, limit), "{conclusion:?}");
        }
    }
}
