//! A histogram as text.

use hdrhistogram::Histogram;

use super::StoreError;
use crate::model::{PackError, PackedHistogram};

pub(super) fn encode(name: &'static str, histogram: &Histogram<u64>) -> Result<String, StoreError> {
    PackedHistogram::of(histogram).map(|packed| packed.to_text()).map_err(|error| refusal(name, &error))
}

pub(super) fn decode(name: &'static str, text: &str) -> Result<Histogram<u64>, StoreError> {
    PackedHistogram::from_text(text).map(|packed| packed.unpack()).map_err(|error| refusal(name, &error))
}

fn refusal(name: &'static str, error: &PackError) -> StoreError {
    StoreError::Histogram { name, problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};

    use super::*;
    use crate::model::Latency;

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
        let mut plain = Vec::new();
        V2Serializer::new().serialize(&Latency::histogram(), &mut plain).unwrap();
        assert!(refusal(&STANDARD.encode(plain)).contains("deflated V2"));
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
