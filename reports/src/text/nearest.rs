//! What a misspelled name was meant to be.

/// Least similarity (Jaro's, from 0 to 1) at which a name is suggested.
const ALIKE: f64 = 0.8;

/// The name that is most like `text`, if one is alike enough to be what was meant.
pub fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = names.into_iter().map(|name| (strsim::jaro(text, name), name)).filter(|(alike, _)| *alike >= ALIKE);
    alike.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_found() {
        let names = ["report", "compare", "search", "throughput"];
        for (text, meant) in [("raport", "report"), ("serach", "search"), ("throughputs", "throughput")] {
            assert_eq!(nearest(text, names), Some(meant), "{text}");
        }
        for text in ["", "nonsense", "localhost", "latency"] {
            assert_eq!(nearest(text, names), None, "{text}");
        }
    }
}
