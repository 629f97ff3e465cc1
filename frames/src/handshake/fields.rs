//! Header fields, and the lists in their values.

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// A token, in the case in which it was received.
    pub name: String,
    /// Without surrounding blanks. The tab is its only control character.
    pub value: Vec<u8>,
}

/// The header fields of a head, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Copies the fields of the parser. A fold becomes a blank (RFC 9112, section 5.2).
    pub(super) fn of(headers: &[httparse::Header<'_>]) -> Self {
        let field =
            |header: &httparse::Header<'_>| Field { name: header.name.to_owned(), value: unfolded(header.value) };
        Self(headers.iter().map(field).collect())
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }

    /// The values of all fields with this name, in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_slice())
    }

    /// The value of the first field with this name.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The elements of a list over all fields with this name. Empty elements are skipped (RFC 9110,
    /// section 5.6.1).
    pub fn elements<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(Elements).map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
    }

    /// Whether the list with this name has this element, in any case.
    pub(super) fn lists(&self, name: &str, element: &str) -> bool {
        self.elements(name).any(|listed| listed.eq_ignore_ascii_case(element.as_bytes()))
    }
}

/// Splits at the commas outside quoted strings (RFC 9110, section 5.6.4).
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let comma = self.0.iter().position(|&byte| {
            let ends = byte == b',' && !quoted;
            quoted ^= byte == b'"' && !escaped;
            escaped = quoted && byte == b'\\' && !escaped;
            ends
        });
        let (element, rest) = match comma {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        Some(element)
    }
}

fn unfolded(value: &[u8]) -> Vec<u8> {
    if !value.contains(&b'\n') {
        return value.trim_ascii().to_vec();
    }
    let lines: Vec<&[u8]> = value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).collect();
    lines.join(&b' ').trim_ascii().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_go_over_lines_and_ignore_empty_elements() {
        let field = |name: &str, value: &[u8]| Field { name: name.to_owned(), value: value.to_vec() };
        let fields = Fields(vec![
            field("A", b", b ,,c"),
            field("X", b"no"),
            field("a", br#""d, \", e" , f"#),
            field("A", b""),
            field("A", b"g,"),
        ]);
        let listed: Vec<_> = fields.elements("a").collect();
        assert_eq!(listed, [b"b".as_slice(), b"c", br#""d, \", e""#, b"f", b"g"]);
        assert!(fields.lists("A", "G") && !fields.lists("A", "e"));
    }

    #[test]
    fn a_fold_becomes_a_blank() {
        assert_eq!(unfolded(b" a\r\n\t b \n  c "), b"a b c");
    }
}
