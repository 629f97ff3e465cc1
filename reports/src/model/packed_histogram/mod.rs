//! A histogram in a few kilobytes.

mod bucket_counts;
mod encoding;
mod text;

use std::fmt;

use hdrhistogram::{Counter, Histogram, serialization::Deserializer};

pub use self::bucket_counts::BucketCounts;
use super::Latency;

/// A histogram of the shape that all results use ([`Latency::histogram`]), in `HdrHistogram`'s V2
/// encoding. One second of a run takes a few kilobytes, where the plain histogram takes 220.
///
/// It always holds a valid histogram: bytes are checked before they are accepted. It is not
/// deflated before it is written, as that takes longer than all else that is done with it.
#[derive(Clone, PartialEq, Eq)]
pub struct PackedHistogram(Box<[u8]>);

/// Why bytes or a histogram can't be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The text is not base64.
    #[error("not base64: {0}")]
    NotBase64(String),
    /// The bytes do not begin as a deflated histogram does.
    #[error("not an HdrHistogram in its deflated V2 encoding")]
    NotPacked,
    /// The histogram has another shape, so it can be neither merged nor compared bucket by bucket.
    #[error(
        "holds {low} to {high} ns with {digits} digits, expected {} to {} ns with {} digits",
        Latency::LOW_NS,
        Latency::HIGH_NS,
        Latency::DIGITS
    )]
    OtherShape {
        /// Smallest value that it tells from 0.
        low: u64,
        /// Largest value that it holds.
        high: u64,
        /// Significant decimal digits.
        digits: u64,
    },
    /// The encoding is broken.
    #[error("does not decode: {0}")]
    Broken(String),
    /// A count is too large for the encoding, which has room for 63 bits.
    #[error("can't be encoded: {0}")]
    NotEncodable(String),
}

impl PackedHistogram {
    /// Packs a histogram.
    ///
    /// # Errors
    /// Its shape is another ([`PackError::OtherShape`]), or a count is too large
    /// ([`PackError::NotEncodable`]).
    pub fn of<C: Counter>(histogram: &Histogram<C>) -> Result<Self, PackError> {
        Ok(Self(encoding::encode(histogram)?.into()))
    }

    /// Accepts bytes if they are a packed histogram, deflated. They may come from anywhere, so
    /// their header is checked before memory is reserved. That is 250 KB at most.
    ///
    /// # Errors
    /// They are not, or one of another shape.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PackError> {
        encoding::inflate(bytes).map(Self)
    }

    /// The bytes, deflated. In base64, the tools of every `HdrHistogram` implementation read them.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::deflate(&self.0)
    }

    /// The histogram.
    ///
    /// # Panics
    /// Never: what does not decode was never packed.
    pub fn unpack(&self) -> Histogram<u64> {
        Deserializer::new().deserialize(&mut &self.0[..]).expect("it was checked when it was packed")
    }
}

impl fmt::Debug for PackedHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bytes)", self.0.len())
    }
}

fn check_shape(low: u64, high: u64, digits: u64) -> Result<(), PackError> {
    if (low, high, digits) == (Latency::LOW_NS, Latency::HIGH_NS, Latency::DIGITS.into()) {
        return Ok(());
    }
    Err(PackError::OtherShape { low, high, digits })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn histogram(values: &[(u64, u64)]) -> Histogram<u64> {
        let mut histogram = Latency::histogram();
        for (value, times) in values {
            histogram.record_n(*value, *times).unwrap();
        }
        histogram
    }

    /// The deflated form of a header and counts.
    fn deflated(length: u32, digits: u32, low: u64, high: u64, counts: &[u8]) -> Vec<u8> {
        let mut inner = encoding::COOKIE.to_be_bytes().to_vec();
        inner.extend(length.to_be_bytes());
        inner.extend(0_u32.to_be_bytes());
        inner.extend(digits.to_be_bytes());
        inner.extend(low.to_be_bytes());
        inner.extend(high.to_be_bytes());
        inner.extend(1_f64.to_be_bytes());
        inner.extend(counts);
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&inner).unwrap();
        let body = encoder.finish().unwrap();
        let mut bytes = encoding::DEFLATED_COOKIE.to_be_bytes().to_vec();
        bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn of_our_shape(counts: &[u8]) -> Vec<u8> {
        deflated(u32::try_from(counts.len()).unwrap(), 3, Latency::LOW_NS, Latency::HIGH_NS, counts)
    }

    #[test]
    fn what_is_packed_unpacks_as_it_was() {
        for histogram in [
            Latency::histogram(),
            histogram(&[(0, 1), (1, 2), (60_000_000_000, 3)]),
            histogram(&[(40_000, u64::from(u32::MAX)), (1_000_000, 1)]),
        ] {
            let packed = PackedHistogram::of(&histogram).unwrap();
            assert_eq!(packed.unpack(), histogram);
            assert_eq!(PackedHistogram::from_bytes(&packed.to_bytes()), Ok(packed.clone()));
        }
    }

    #[test]
    fn a_second_takes_little_room() {
        // 50 000 values, spread over 20 to 120 µs and a few beyond: one bucket each for most of
        // them.
        let values: Vec<_> = (0..50_000).map(|i| (20_000 + i * 2, 1)).chain((0..50).map(|i| (i * 50_000, 1))).collect();
        let size = PackedHistogram::of(&histogram(&values)).unwrap().0.len();
        assert!(size < 4096, "{size}");
    }

    #[test]
    fn counts_that_the_encoding_does_not_hold_are_refused() {
        let too_many = histogram(&[(1, u64::MAX)]);
        assert!(matches!(PackedHistogram::of(&too_many), Err(PackError::NotEncodable(_))));
    }

    #[test]
    fn a_header_is_believed_only_if_it_is_ours() {
        // The widest range at the most digits would be 6 million buckets, 48 MB, and its counts 4
        // GB.
        let huge = deflated(u32::MAX, 5, 1, u64::MAX, &[]);
        assert_eq!(
            PackedHistogram::from_bytes(&huge),
            Err(PackError::OtherShape { low: 1, high: u64::MAX, digits: 5 })
        );
        let long = deflated(u32::MAX, 3, Latency::LOW_NS, Latency::HIGH_NS, &[]);
        assert!(
            PackedHistogram::from_bytes(&long)
                .unwrap_err()
                .to_string()
                .contains("more counts than its range has buckets")
        );
        let cut = deflated(1, 3, Latency::LOW_NS, Latency::HIGH_NS, &[]);
        assert!(matches!(PackedHistogram::from_bytes(&cut), Err(PackError::Broken(_))));
        let mut longer = of_our_shape(&[]);
        longer.push(0);
        assert!(PackedHistogram::from_bytes(&longer).unwrap_err().to_string().contains("its length"));
        assert_eq!(PackedHistogram::from_bytes(b"HISTFAAA"), Err(PackError::NotPacked));
        assert_eq!(PackedHistogram::from_bytes(&[]), Err(PackError::NotPacked));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(
            PackedHistogram::from_bytes(&of_our_shape(&[0xff; 9])).unwrap_err().to_string().contains("out of range")
        );
        // 2^31 empty buckets (a zigzag of -2^31) and then a count of 1.
        assert!(PackedHistogram::from_bytes(&of_our_shape(&[0xff, 0xff, 0xff, 0xff, 0x0f, 2])).is_err());
        assert_eq!(PackedHistogram::from_bytes(&of_our_shape(&[0, 2])).unwrap().unpack(), histogram(&[(1, 1)]));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, counts in vec(prop_oneof![any::<u8>(), Just(0xff)], 0..40)) {
            let _ = PackedHistogram::from_bytes(&bytes);
            if let Ok(packed) = PackedHistogram::from_bytes(&of_our_shape(&counts)) {
                let _ = packed.unpack();
            }
        }
    }
}
