//! One of the two servers that `loadgen ab` compares: one that runs already, or a command that
//! starts one.

use std::str::FromStr;

use loadgen::{
    plan::ServerUrl,
    secrets::{HIDDEN, Secrets, bare, bare_words},
};

/// What stands for the address in a command.
pub(crate) const ADDRESS: &str = "{addr}";

/// A server to compare with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerChoice {
    /// It runs already.
    Url(String),
    /// Program and arguments that start it, at the address that takes the place of [`ADDRESS`].
    Command(Vec<String>),
}

impl FromStr for ServerChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(command) = text.strip_prefix("cmd:") else {
            return match ServerUrl::from_str(text) {
                Ok(_) => Ok(Self::Url(text.to_owned())),
                Err(error) => Err(format!("{error}, or 'cmd:COMMAND' with {ADDRESS} where its address belongs")),
            };
        };
        let words =
            shlex::split(command).ok_or("a quotation mark or a backslash at the end of the command has no partner")?;
        match () {
            () if words.is_empty() => Err(format!("there is no command; expected 'cmd:./server --listen {ADDRESS}'")),
            () if !words.iter().any(|word| word.contains(ADDRESS)) => Err(format!(
                "the command does not say where to listen; expected {ADDRESS} in it, which becomes 127.0.0.1:PORT, as in \
                 'cmd:./server --listen {ADDRESS}'"
            )),
            () => Ok(Self::Command(words)),
        }
    }
}

impl ServerChoice {
    /// Its name in reports. It has no user-info, query or fragment of URLs, and no values of header
    /// fields. Other words of a command stand as they are.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Url(url) => bare(url),
            Self::Command(words) => line(words),
        }
    }

    /// A refused `text` without its secrets.
    pub(crate) fn shown(text: &str) -> String {
        match text.strip_prefix("cmd:") {
            None => bare(text),
            Some(command) => format!("cmd:{}", shlex::split(command).map_or(HIDDEN.to_owned(), |words| line(&words))),
        }
    }
}

/// A command without its secrets.
fn line(words: &[String]) -> String {
    let shown = bare_words(words);
    // It came from `shlex::split`, which takes no NUL.
    let line = shlex::try_join(shown.iter().map(String::as_str)).unwrap_or_default();
    Secrets::of_arguments(words).redact(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<ServerChoice>().expect_err("it should be refused")
    }

    #[test]
    fn a_url_or_a_command() {
        let url = "wss://user:secret@example.org/a?b=c";
        assert_eq!(url.parse(), Ok(ServerChoice::Url(url.to_owned())));
        assert_eq!(ServerChoice::Url(url.to_owned()).label(), "wss://***@example.org/a?***");
        let command: ServerChoice = "cmd:'./my server' --listen {addr} -v".parse().unwrap();
        assert_eq!(
            command,
            ServerChoice::Command(["./my server", "--listen", "{addr}", "-v"].map(str::to_owned).into())
        );
        assert_eq!(command.label(), "'./my server' --listen '{addr}' -v");
    }

    #[test]
    fn anything_else_is_refused_with_what_is_accepted() {
        for (text, part) in [
            ("http://127.0.0.1", "scheme `http`"),
            ("./server --listen {addr}", "'cmd:COMMAND'"),
            ("cmd:", "there is no command"),
            ("cmd:./server", "{addr} in it"),
            ("cmd:./server '{addr}", "quotation mark"),
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains(part), "{text}: {refusal}");
        }
    }
}
