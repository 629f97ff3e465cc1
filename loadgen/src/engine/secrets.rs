//! What the user gave and a server may throw back: masked before it is shown.

/// Shortest text that is taken for a secret; shorter ones stand in too many words by chance.
const SHORTEST: usize = 4;

/// Texts that must not be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// These, but for very short ones.
    pub(crate) fn new(texts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut texts: Vec<_> = texts.into_iter().filter(|text| text.len() >= SHORTEST).collect();
        // A long one may hold a short one.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self(texts)
    }

    /// `bytes` with `***` for each secret in them.
    pub(crate) fn masked(&self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let [first, behind @ ..] = rest {
            if let Some(secret) = self.0.iter().find(|secret| rest.starts_with(secret)) {
                masked.extend_from_slice(b"***");
                rest = &rest[secret.len()..];
            } else {
                masked.push(*first);
                rest = behind;
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_secret_is_masked_wherever_it_is() {
        let secrets = Secrets::new(["token=abcd", "abcd", "a"].map(|text| text.as_bytes().to_vec()));
        assert_eq!(secrets.masked(b"a token=abcd, abcdabcd!"), b"a ***, ******!");
        assert_eq!(Secrets::default().masked(b"abc"), b"abc");
    }
}
