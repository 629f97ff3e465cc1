//! A histogram as text: `HdrHistogram`'s V2 encoding, deflated, in base64 (RFC 4648, section 4, with padding).
//!
//! The tools of every `HdrHistogram` implementation read this form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::StoreError;
use crate::model::Latency;

/// The first four bytes of the deflated form; without them it is another form that the decoder would take as well.
const COOKIE: [u8; 4] = [0x1c, 0x84, 0x93, 0x14];

pub(super) fn encode(name: &'static str, histogram: &Histogram<u64>) -> Result<String, StoreError> {
    check_shape(name, histogram)?;
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .map_err(|error| StoreError::Histogram { name, problem: format!("can't be encoded: {error}") })?;
    Ok(STANDARD.encode(bytes))
}

pub(super) fn decode(name: &'static str, text: &str) -> Result<Histogram<u64>, StoreError> {
    let refuse = |problem: String| StoreError::Histogram { name, problem };
    let bytes = STANDARD.decode(text).map_err(|error| refuse(format!("not base64: {error}")))?;
    if !bytes.starts_with(&COOKIE) {
        return Err(refuse("not an HdrHistogram in its deflated V2 encoding".to_owned()));
    }
    let histogram = Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .map_err(|error| refuse(format!("does not decode: {error}")))?;
    check_shape(name, &histogram)?;
    Ok(histogram)
}

/// Histograms of different shapes can be neither merged nor compared bucket by bucket.
fn check_shape(name: &'static str, histogram: &Histogram<u64>) -> Result<(), StoreError> {
    let shape = (histogram.low(), histogram.high(), histogram.sigfig());
    let expected = (Latency::LOW_NS, Latency::HIGH_NS, Latency::DIGITS);
    if shape == expected {
        return Ok(());
    }
    let problem = format!(
        "holds {} to {} ns with {} digits, expected {} to {} ns with {} digits",
        shape.0, shape.1, shape.2, expected.0, expected.1, expected.2
    );
    Err(StoreError::Histogram { name, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        decode("response", text).expect_err("it should not decode").to_string()
    }

    #[test]
    fn what_is_no_histogram_is_refused_by_name() {
        assert!(refusal("n/a!").starts_with("histogram `response`: not base64"));
        assert!(refusal("").contains("deflated V2"));
        assert!(refusal("AAAA").contains("deflated V2"));
        let whole = encode("response", &Latency::histogram()).unwrap();
        assert!(refusal(&whole[..24]).contains("does not decode"));
    }

    #[test]
    fn another_shape_is_refused_both_ways() {
        let two_digits = Histogram::new_with_bounds(1, 1_000_000, 2).unwrap();
        let error = encode("connect", &two_digits).unwrap_err().to_string();
        assert_eq!(
            error,
            "histogram `connect`: holds 1 to 1000000 ns with 2 digits, expected 1 to 60000000000 ns with 3 digits"
        );
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&two_digits, &mut bytes).unwrap();
        assert!(refusal(&STANDARD.encode(bytes)).contains("with 2 digits"));
    }
}
