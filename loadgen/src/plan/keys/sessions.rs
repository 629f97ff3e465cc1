//! Keys about how clients come and go.

use std::{fmt, num::NonZeroU32, str::FromStr};

use clap::Args;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Number, PositiveTime, Time, text_value};
use crate::plan::{Jitter, Reconnect, SessionLength, Sessions, Storm};

/// How clients come and go.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Sessions")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct SessionKeys {
    /// Clients open over this time, and send from when they are open
    ///
    /// It begins with the measured phase, or at --start.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<PositiveTime>,

    /// Clients open this long after the measured phase began
    ///
    /// [default: before the warm-up]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,

    /// Clients stop sending and close this long after the measured phase began
    ///
    /// [default: at the end of the run]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<PositiveTime>,

    /// Length of a session, such as 60s or 100msg
    ///
    /// Then a client waits for its replies and closes with a handshake. With --reconnect it comes
    /// back.
    #[arg(long, value_name = "LENGTH", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionLength>,

    /// Cut each client's connection again and again: 'every TIME'
    ///
    /// Without a closing handshake, as a network does. Spread evenly over the clients.
    #[arg(long, value_name = "TIMES", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<DropEvery>,

    /// Cut a share of the clients at once, such as '20%@30s'; repeatable
    ///
    /// SHARE@TIME. The time counts from the start of the measured phase.
    #[arg(long, value_name = "STORM", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storm: Option<Vec<Storm>>,

    /// Come back after 'MIN..MAX [full|equal|none]': backoff and jitter
    ///
    /// A client waits for MIN, after each failure for twice as long, up to MAX. With `full` jitter
    /// it waits for any part of that, with `equal` for half of it and any part of the rest, with
    /// `none` for all of it. The backoff starts anew once a client has been open for a second.
    ///
    /// [default: a client whose connection ended stays away]
    #[arg(long, value_name = "BACKOFF", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnect: Option<Reconnect>,
}

/// How often a client's connection is cut: `every TIME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropEvery(pub PositiveTime);

text_value! {
    SessionLength: { "type": "string", "pattern": "^.*[0-9].*$" }
    DropEvery: { "type": "string", "pattern": "^every .+$" }
    Storm: { "type": "string", "pattern": "^[^%@]+%@[^@]+$" }
    Reconnect: { "type": "string", "pattern": "^.+\\.\\..+$" }
}

impl SessionKeys {
    /// How clients come and go.
    pub(super) fn sessions(self) -> Sessions {
        let positive = |time: Option<PositiveTime>| time.map(|PositiveTime(time)| time);
        Sessions {
            start: self.start.map(|Time(start)| start),
            stop: positive(self.stop),
            ramp: positive(self.ramp),
            session: self.session,
            drop: self.drop.map(|DropEvery(PositiveTime(every))| every),
            storms: self.storm.unwrap_or_default(),
            reconnect: self.reconnect,
        }
    }

    pub(super) fn of(sessions: &Sessions) -> Self {
        Self {
            ramp: sessions.ramp.map(PositiveTime),
            start: sessions.start.map(Time),
            stop: sessions.stop.map(PositiveTime),
            session: sessions.session,
            drop: sessions.drop.map(|every| DropEvery(PositiveTime(every))),
            storm: (!sessions.storms.is_empty()).then(|| sessions.storms.clone()),
            reconnect: sessions.reconnect,
        }
    }
}

fn time(time: std::time::Duration) -> String {
    humantime::format_duration(time).to_string().replace(' ', "")
}

impl FromStr for SessionLength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a time or a number of messages, such as 60s or 100msg";
        match text.strip_suffix("msg") {
            Some(messages) => {
                let messages = messages.trim_end().parse::<Number<_>>().map_err(|_| expected)?;
                Ok(Self::Messages(messages.0))
            }
            None => match text.parse::<PositiveTime>() {
                Ok(PositiveTime(time)) => Ok(Self::Elapsed(time)),
                Err(_) => Err(expected.to_owned()),
            },
        }
    }
}

impl fmt::Display for SessionLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(length) => f.write_str(&time(*length)),
            Self::Messages(messages) => write!(f, "{messages}msg"),
        }
    }
}

impl FromStr for DropEvery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = text.strip_prefix("every ").ok_or("expected 'every TIME', such as 'every 15s'")?;
        time.parse().map(Self)
    }
}

impl fmt::Display for DropEvery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(PositiveTime(every)) = self;
        write!(f, "every {}", time(*every))
    }
}

impl FromStr for Storm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected SHARE%@TIME, such as 20%@30s";
        let (share, at) = text.split_once("%@").ok_or(expected)?;
        let percent = share.parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent <= 100.0);
        // In range: at most a million.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = percent.and_then(|percent| NonZeroU32::new((percent * 1e4).round() as u32));
        let share = share.ok_or_else(|| format!("{expected}; a share is over 0 and at most 100%"))?;
        let Time(at) = at.parse()?;
        Ok(Self { share, at })
    }
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%@{}", f64::from(self.share.get()) / 1e4, time(self.at))
    }
}

impl FromStr for Reconnect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected MIN..MAX and full, equal or none, such as '500ms..20s full'";
        let (min, rest) = text.split_once("..").ok_or(expected)?;
        let (max, jitter) = match rest.trim_end().rsplit_once(' ') {
            Some((max, "full")) => (max, Jitter::Full),
            Some((max, "equal")) => (max, Jitter::Equal),
            Some((max, "none")) => (max, Jitter::None),
            _ => (rest, Jitter::default()),
        };
        let time = |text: &str| text.trim().parse::<Time>().map(|Time(time)| time);
        let (min, max) = (time(min), time(max));
        match (min, max) {
            (Ok(min), Ok(max)) => Ok(Self { min, max, jitter }),
            (Err(why), _) | (_, Err(why)) => Err(format!("{expected}; {why}")),
        }
    }
}

impl fmt::Display for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jitter = match self.jitter {
            Jitter::Full => "full",
            Jitter::Equal => "equal",
            Jitter::None => "none",
        };
        write!(f, "{}..{} {jitter}", time(self.min), time(self.max))
    }
}

/// Values that are written as they are displayed.
macro_rules! serialize_as_displayed {
    ($($name:ty)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

serialize_as_displayed! { SessionLength DropEvery Storm Reconnect }

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: FromStr<Err = String> + fmt::Display>(text: &str) -> Result<String, String> {
        text.parse::<T>().map(|value| value.to_string())
    }

    #[test]
    fn what_is_taken_is_shown_again() {
        assert_eq!(shown::<SessionLength>("90s").as_deref(), Ok("1m30s"));
        assert_eq!(shown::<SessionLength>("2k msg").as_deref(), Ok("2000msg"));
        assert_eq!(shown::<DropEvery>("every 15s").as_deref(), Ok("every 15s"));
        assert_eq!(shown::<Storm>("12.5%@1m").as_deref(), Ok("12.5%@1m"));
        assert_eq!(shown::<Reconnect>("500ms..20s").as_deref(), Ok("500ms..20s full"));
        assert_eq!(shown::<Reconnect>("0s .. 1m 30s equal").as_deref(), Ok("0s..1m30s equal"));
    }

    #[test]
    fn what_is_wrong_is_answered_with_what_is_right() {
        for (error, expected) in [
            (shown::<SessionLength>("60"), "expected a time or a number of messages"),
            (shown::<SessionLength>("0msg"), "expected a time or a number of messages"),
            (shown::<DropEvery>("15s"), "expected 'every TIME'"),
            (shown::<DropEvery>("every 0s"), "expected a time over 0"),
            (shown::<Storm>("20@30s"), "expected SHARE%@TIME"),
            (shown::<Storm>("0%@30s"), "over 0 and at most 100%"),
            (shown::<Storm>("101%@30s"), "over 0 and at most 100%"),
            (shown::<Storm>("nan%@30s"), "over 0 and at most 100%"),
            (shown::<Storm>("5%@30"), "was 30s meant?"),
            (shown::<Reconnect>("5s"), "expected MIN..MAX"),
            (shown::<Reconnect>("1s..2s some"), "expected MIN..MAX"),
        ] {
            let error = error.unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
