//! What stands between `{{` and `}}`.

use std::fmt;

/// Most characters of `{{random:N}}`: 1 MiB.
const MOST_RANDOM: u32 = 1 << 20;

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The client's number in the run, from 0.
    Client,
    /// The message's number within its client, from 0.
    Sequence,
    /// The message's number in the run: see [`Id`](crate::message::Id).
    Id,
    /// The message's mark, by which it is found wherever it stands.
    Mark,
    /// Milliseconds since 1970, when the message is written.
    UnixMs,
    /// A random UUID (RFC 9562, section 5.4). It follows the seed.
    Uuid,
    /// So many random letters, digits, `-` and `_`. They follow the seed.
    Random(u32),
    /// The name of the client's room, or the column of this name.
    Room,
    /// A column of the group's data.
    Column(Box<str>),
}

impl Name {
    /// All names that need no data, as they are written.
    pub const ALL: [&str; 8] = ["client", "sequence", "id", "mark", "unix_ms", "uuid", "random:16", "room"];

    /// The name that a text is. The error is what is wrong, and what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, after)| (name, Some(after)));
        let known = match name {
            "client" => Self::Client,
            "sequence" => Self::Sequence,
            "id" => Self::Id,
            "mark" => Self::Mark,
            "unix_ms" => Self::UnixMs,
            "uuid" => Self::Uuid,
            "room" => Self::Room,
            "random" => return random(argument),
            _ => return Self::column(text),
        };
        match argument {
            None => Ok(known),
            Some(_) => Err(format!("`{name}` takes nothing after it: write `{{{{{name}}}}}`")),
        }
    }

    fn column(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("a name is missing between `{{` and `}}`".to_owned()),
            _ if text.contains(['{', '}']) => {
                Err("a name has no braces: is the `}}` of the name before it missing?".to_owned())
            }
            _ => Ok(Self::Column(text.into())),
        }
    }
}

fn random(argument: Option<&str>) -> Result<Name, String> {
    let count = argument.and_then(|digits| digits.parse().ok()).filter(|count| (1..=MOST_RANDOM).contains(count));
    let refused =
        || format!("`random` needs a number of characters, from 1 to {MOST_RANDOM}: such as `{{{{random:16}}}}`");
    count.map(Name::Random).ok_or_else(refused)
}

/// Without the braces.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Sequence => "sequence",
            Self::Id => "id",
            Self::Mark => "mark",
            Self::UnixMs => "unix_ms",
            Self::Uuid => "uuid",
            Self::Random(count) => return write!(f, "random:{count}"),
            Self::Room => "room",
            Self::Column(name) => name,
        })
    }
}
