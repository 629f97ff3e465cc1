//! How clients come and go: times that lie outside, and rules that do nothing or never end.

use std::time::Duration;

use reports::human;

use super::PlanError;
use crate::plan::{Group, RunOptions, SessionLength, Until};

/// Cuts a second that a group may have at most. A worker looks at a client for each.
const MOST_CUTS: f64 = 1e6;

/// Finds times outside of the measured phase, and rules that can't work.
pub(super) fn check(index: usize, run: &RunOptions, group: &Group) -> Result<(), PlanError> {
    let end = match run.until {
        Until::Elapsed(duration) => duration,
        Until::Messages(_) => Duration::MAX,
    };
    times(index, group, end)?;
    storms(index, group, end)?;
    drops(index, group)?;
    reconnect(index, group)?;
    messages(index, group)
}

/// As an option takes it.
fn time(time: Duration) -> String {
    humantime::format_duration(time).to_string().replace(' ', "")
}

/// Finds that clients would come after they have to go.
fn times(index: usize, group: &Group, end: Duration) -> Result<(), PlanError> {
    let sessions = &group.sessions;
    let refused = |key, value: Duration, why| Err(PlanError::new(Some(index), key, time(value), why));
    if let Some(start) = sessions.start.filter(|start| *start >= end) {
        let why =
            format!("the measured phase is over after {}; give an earlier time or a longer --duration", time(end));
        return refused("start", start, why);
    }
    if let Some(stop) = sessions.stop.filter(|stop| *stop > end) {
        let why = format!("the measured phase is over after {}, and with it the group; leave it out", time(end));
        return refused("stop", stop, why);
    }
    let start = sessions.start.unwrap_or_default();
    if let Some(stop) = sessions.stop.filter(|stop| *stop <= start) {
        let why = format!("the clients open at {} only (--start); give a later time", time(start));
        return refused("stop", stop, why);
    }
    let until = sessions.stop.unwrap_or(end);
    let Some(ramp) = sessions.ramp.filter(|ramp| start.saturating_add(*ramp) > until) else { return Ok(()) };
    let (what, remedy) = match sessions.stop {
        Some(_) => ("the group stops", "a later --stop"),
        None => ("the measured phase is over", "a longer --duration"),
    };
    let begins = if start.is_zero() { String::new() } else { format!("it begins after {}, and ", time(start)) };
    refused("ramp", ramp, format!("{begins}{what} after {}; give a shorter ramp or {remedy}", time(until)))
}

/// Finds storms that would cut nobody.
fn storms(index: usize, group: &Group, end: Duration) -> Result<(), PlanError> {
    let sessions = &group.sessions;
    let until = sessions.stop.unwrap_or(end);
    let clients = group.clients.get();
    for storm in &sessions.storms {
        let refused = |why| Err(PlanError::new(Some(index), "storm", storm, why));
        if storm.at >= until {
            let what = if sessions.stop.is_some() { "the group stops" } else { "the measured phase is over" };
            return refused(format!("{what} after {}; give an earlier time", time(until)));
        }
        let start = sessions.start.unwrap_or_default();
        if sessions.opens_later() && storm.at <= start {
            let when = if start.is_zero() {
                "after that (--ramp)".to_owned()
            } else {
                format!("at {} (--start)", time(start))
            };
            return refused(format!("clients open {when}, so nobody would be cut; give a later time"));
        }
        if storm.clients_of(clients.into()) == 0 {
            let why =
                format!("that is less than half a client of --clients {clients}; give a larger share or more clients");
            return refused(why);
        }
    }
    Ok(())
}

/// Finds cuts that follow each other too fast.
fn drops(index: usize, group: &Group) -> Result<(), PlanError> {
    let Some(every) = group.sessions.drop else { return Ok(()) };
    let cuts = f64::from(group.clients.get()) / every.as_secs_f64();
    if cuts <= MOST_CUTS {
        return Ok(());
    }
    let remedy = format!("at most {} are accepted, so give a longer time or fewer clients", human::rate(MOST_CUTS));
    let why = if every.is_zero() {
        "a client would be cut all the time; give a time over 0, such as 'every 15s'".to_owned()
    } else {
        format!("with --clients {} that is {} cuts a second; {remedy}", group.clients, human::rate(cuts))
    };
    Err(PlanError::new(Some(index), "drop", format!("every {}", time(every)), why))
}

/// Finds a backoff that is none.
fn reconnect(index: usize, group: &Group) -> Result<(), PlanError> {
    let Some(reconnect) = group.sessions.reconnect else { return Ok(()) };
    let why = if reconnect.max < reconnect.min {
        format!("the shortest wait stands first; write '{}..{}'", time(reconnect.max), time(reconnect.min))
    } else if reconnect.min.is_zero() {
        "twice 0 is 0, so a client would try again without a pause; give a time over 0, such as 1ms".to_owned()
    } else {
        return Ok(());
    };
    Err(PlanError::new(Some(index), "reconnect", reconnect, why))
}

/// Finds sessions that a number of messages can't end.
fn messages(index: usize, group: &Group) -> Result<(), PlanError> {
    let Some(session @ SessionLength::Messages(messages)) = group.sessions.session else { return Ok(()) };
    let why = if !group.load.sends() {
        "clients that only listen (--rate 0) send none, so no session would end; give a time, such as 60s".to_owned()
    } else if group.senders() != Some(group.clients.get().into()) {
        "clients that do not publish send none, so their sessions would not end; give a time, such as 60s".to_owned()
    } else if messages.get() > u64::from(u32::MAX) {
        format!("at most {} are accepted; leave it out", human::count(u32::MAX.into()))
    } else {
        return Ok(());
    };
    Err(PlanError::new(Some(index), "session", session, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Load, OwnCopy, Reconnect, RoomBy, Rooms, Sessions};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// With a measured phase of 10 s.
    fn checked(sessions: Sessions) -> Result<(), String> {
        let group = Group { sessions, ..Group::default() };
        check(0, &RunOptions::default(), &group).map_err(|error| error.to_string())
    }

    fn storms(texts: &[&str]) -> Vec<crate::plan::Storm> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn reconnect(text: &str) -> Reconnect {
        text.parse().unwrap()
    }

    #[test]
    fn what_fits_is_taken() {
        for sessions in [
            Sessions::default(),
            Sessions { start: Some(seconds(2)), ramp: Some(seconds(3)), stop: Some(seconds(5)), ..Sessions::default() },
            Sessions { ramp: Some(seconds(10)), stop: Some(seconds(10)), ..Sessions::default() },
            Sessions { storms: storms(&["20%@0s", "1%@9s"]), ..Sessions::default() },
            Sessions {
                drop: Some(Duration::from_micros(100)),
                reconnect: Some(reconnect("1s..1s none")),
                ..Sessions::default()
            },
            Sessions { session: Some("3msg".parse().unwrap()), ..Sessions::default() },
            Sessions { session: Some("1m".parse().unwrap()), ..Sessions::default() },
        ] {
            assert_eq!(checked(sessions.clone()), Ok(()), "{sessions:?}");
        }
        let endless = RunOptions { until: Until::Messages(5.try_into().unwrap()), ..RunOptions::default() };
        let sessions = Sessions { start: Some(seconds(100)), storms: storms(&["50%@200s"]), ..Sessions::default() };
        assert_eq!(check(0, &endless, &Group { sessions, ..Group::default() }), Ok(()), "nobody knows its length");
    }

    #[test]
    fn what_does_nothing_or_never_ends_is_refused() {
        let none = Sessions::default;
        for (sessions, said) in [
            (
                Sessions { start: Some(seconds(10)), ..none() },
                "--start 10s: the measured phase is over after 10s; give",
            ),
            (Sessions { stop: Some(seconds(11)), ..none() }, "--stop 11s: the measured phase is over after 10s, and"),
            (
                Sessions { start: Some(seconds(5)), stop: Some(seconds(5)), ..none() },
                "--stop 5s: the clients open at 5s only (--start); give a later time",
            ),
            (
                Sessions { ramp: Some(seconds(11)), ..none() },
                "--ramp 11s: the measured phase is over after 10s; give a shorter ramp or",
            ),
            (
                Sessions { start: Some(seconds(2)), ramp: Some(seconds(6)), stop: Some(seconds(7)), ..none() },
                "--ramp 6s: it begins after 2s, and the group stops after 7s; give a shorter ramp or a later",
            ),
            (Sessions { storms: storms(&["20%@10s"]), ..none() }, "--storm 20%@10s: the measured phase is over after"),
            (
                Sessions { storms: storms(&["20%@3s"]), stop: Some(seconds(3)), ..none() },
                "--storm 20%@3s: the group stops after 3s; give an earlier time",
            ),
            (
                Sessions { storms: storms(&["20%@1s"]), start: Some(seconds(2)), ..none() },
                "--storm 20%@1s: clients open at 2s (--start), so nobody would be cut; give a later time",
            ),
            (
                Sessions { storms: storms(&["20%@0s"]), ramp: Some(seconds(2)), ..none() },
                "--storm 20%@0s: clients open after that (--ramp), so nobody would be cut",
            ),
            (
                Sessions { storms: storms(&["0.4%@1s"]), ..none() },
                "--storm 0.4%@1s: that is less than half a client of --clients 100; give a larger share or more",
            ),
            (Sessions { drop: Some(Duration::ZERO), ..none() }, "--drop every 0s: a client would be cut all the time"),
            (
                Sessions { drop: Some(Duration::from_micros(10)), ..none() },
                "--drop every 10us: with --clients 100 that is",
            ),
            (
                Sessions { reconnect: Some(reconnect("20s..500ms equal")), ..none() },
                "--reconnect 20s..500ms equal: the shortest wait stands first; write '500ms..20s'",
            ),
            (
                Sessions { reconnect: Some(reconnect("0s..1s")), ..none() },
                "--reconnect 0s..1s full: twice 0 is 0, so a client would try again without a pause; give",
            ),
            (
                Sessions { session: Some("5000000000msg".parse().unwrap()), ..none() },
                "--session 5000000000msg: at most 4 294 967 295 are accepted",
            ),
        ] {
            let error = checked(sessions).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn messages_end_sessions_of_clients_that_send() {
        let sessions = Sessions { session: Some("3msg".parse().unwrap()), ..Sessions::default() };
        let listening = Group { sessions: sessions.clone(), load: Load::Listen, ..Group::default() };
        let error = check(0, &RunOptions::default(), &listening).unwrap_err().to_string();
        assert!(error.starts_with("--session 3msg: clients that only listen (--rate 0) send none"), "{error}");
        let group = |publishers| {
            let by = RoomBy::Size(10.try_into().unwrap());
            let rooms = Rooms { by, publishers, own: OwnCopy::Expect, durable: false };
            Group { sessions: sessions.clone(), rooms: Some(rooms), ..Group::default() }
        };
        assert_eq!(check(0, &RunOptions::default(), &group(None)), Ok(()));
        let error = check(0, &RunOptions::default(), &group(Some(2))).unwrap_err().to_string();
        assert!(error.starts_with("--session 3msg: clients that do not publish send none"), "{error}");
    }
}
