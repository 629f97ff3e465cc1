//! The request of the opening handshake.

use frames::handshake::{Key, request};

use super::Route;

impl Route {
    /// The request with this key.
    pub(super) fn request(&self, key: &Key) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        let fields: Vec<_> =
            self.headers.iter().map(|(name, value)| (titled(name.as_str()), value.as_bytes())).collect();
        let fields = fields.iter().map(|(name, value)| (name.as_str(), *value));
        request(&mut bytes, &self.authority, &self.resource, key, fields);
        bytes
    }
}

/// A field's name as people and careless servers expect it: `User-Agent`, `Sec-WebSocket-Protocol`.
fn titled(name: &str) -> String {
    let words = name.split('-').map(|word| match (word, word.split_at_checked(1)) {
        ("websocket", _) => "WebSocket".to_owned(),
        (_, Some((first, rest))) => format!("{}{rest}", first.to_ascii_uppercase()),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::titled;

    #[test]
    fn names_are_written_as_people_write_them() {
        let names = ["user-agent", "sec-websocket-protocol", "x", "x--y-", "1a"];
        assert_eq!(names.map(titled), ["User-Agent", "Sec-WebSocket-Protocol", "X", "X--Y-", "1a"]);
    }
}
