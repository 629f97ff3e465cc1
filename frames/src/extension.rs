//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).

/// An extension with its parameters, as it stands in the field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) name: String,
    pub(crate) parameters: Vec<ExtensionParameter>,
}

/// A parameter. Its value may be quoted in the field, and is not here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExtensionParameter {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

/// Whether this is a token (RFC 9110, section 5.6.2). A subprotocol must be one.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_tchar)
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Extension {
    /// Parses an element of the list. Returns none if it does not follow the grammar.
    pub(crate) fn parse(element: &[u8]) -> Option<Self> {
        let mut rest = Scanner(element);
        let name = rest.token()?;
        let mut parameters = Vec::new();
        while !rest.is_empty() {
            rest.byte(b';')?;
            let name = rest.token()?;
            let value = if rest.byte(b'=').is_some() { Some(rest.value()?) } else { None };
            parameters.push(ExtensionParameter { name, value });
        }
        Some(Self { name, parameters })
    }
}

/// What is left of an element. Blanks may stand around each part.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn is_empty(&mut self) -> bool {
        self.0 = self.0.trim_ascii_start();
        self.0.is_empty()
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.trim_ascii_start();
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn token(&mut self) -> Option<String> {
        self.0 = self.0.trim_ascii_start();
        let end = self.0.iter().position(|&byte| !is_tchar(byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        // Tokens are ASCII.
        (!token.is_empty()).then(|| String::from_utf8_lossy(token).into_owned())
    }

    /// A token or a quoted string, which must be a token without its quotes and escapes.
    fn value(&mut self) -> Option<String> {
        if self.byte(b'"').is_none() {
            return self.token();
        }
        let mut value = Vec::new();
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => return is_token(&value).then(|| String::from_utf8_lossy(&value).into_owned()),
                b'\\' => {
                    let (&escaped, rest) = self.0.split_first()?;
                    self.0 = rest;
                    value.push(escaped);
                }
                byte => value.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_follow_the_grammar() {
        for (text, expected) in [
            ("a", Some("a")),
            ("a;b;c=d", Some("a b c=d")),
            (" a ; b\t; c = d ", Some("a b c=d")),
            (r#"a; b="c""#, Some("a b=c")),
            (r#"a; b="1\0""#, Some("a b=10")),
            ("a; b; b=1", Some("a b b=1")),
            ("", None),
            (";", None),
            ("a;", None),
            ("a;;b", None),
            ("a; =b", None),
            ("a; b=", None),
            ("a; b=\"\"", None),
            ("a; b=\"c d\"", None),
            ("a; b=\"c", None),
            ("a; b=\"c\\", None),
            ("a; b=\"c\"d", None),
            ("a b", None),
            ("\"a\"", None),
            ("a=b", None),
            ("\u{e9}", None),
        ] {
            let parsed = Extension::parse(text.as_bytes()).map(|extension| {
                let parameters = extension.parameters.into_iter().map(|parameter| match parameter.value {
                    Some(value) => format!(" {}={value}", parameter.name),
                    None => format!(" {}", parameter.name),
                });
                parameters.fold(extension.name, |text, parameter| text + &parameter)
            });
            assert_eq!(parsed.as_deref(), expected, "{text}");
        }
    }
}
