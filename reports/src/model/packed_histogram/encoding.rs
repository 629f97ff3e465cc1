//! `HdrHistogram`'s V2 encoding: a header, and then the counts as numbers of variable length.
//!
//! The counts stand in the order of their buckets. A negative number is that many empty buckets. So
//! they can be added up without a histogram in between, which has 27 000 buckets.

use std::{cell::RefCell, io::Write};

use flate2::{Compression, write::ZlibEncoder};
use hdrhistogram::{
    Counter, Histogram,
    serialization::{Serializer, V2Serializer},
};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::{PackError, check_shape};

/// The first four bytes of the deflated form, and of what is inside. The last digit is the word
/// size: one byte, because counts have a variable length.
pub(super) const DEFLATED_COOKIE: u32 = 0x1c84_9314;
pub(super) const COOKIE: u32 = 0x1c84_9313;

/// Bytes of the header: cookie, length of the counts, normalizing offset, digits, lowest and
/// highest value, and a ratio.
pub(super) const HEADER: usize = 40;

/// Most bytes of one number.
const LONGEST_NUMBER: usize = 9;

/// Buckets of a histogram of the shape that all results use: 26 octaves of 1024, and those below.
const BUCKETS: usize = 27 * 1024;

/// Most bytes that all counts may take: every bucket with the longest number.
const LONGEST_COUNTS: usize = BUCKETS * LONGEST_NUMBER;

/// The encoding of a histogram.
pub(super) fn encode<C: Counter>(histogram: &Histogram<C>) -> Result<Vec<u8>, PackError> {
    check_shape(histogram.low(), histogram.high(), histogram.sigfig().into())?;
    let mut plain = Vec::new();
    V2Serializer::new().serialize(histogram, &mut plain).map_err(|error| PackError::NotEncodable(error.to_string()))?;
    Ok(plain)
}

/// The deflated form of an encoding, with a header of its own.
pub(super) fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut bytes = DEFLATED_COOKIE.to_be_bytes().to_vec();
    bytes.extend([0; 4]);
    let mut encoder = ZlibEncoder::new(bytes, Compression::default());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    let mut bytes = written.expect("memory takes every write");
    let length = u32::try_from(bytes.len() - 8).expect("an encoding has 250 KB at most");
    bytes[4..8].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// The encoding in a deflated form, which may come from anywhere. It takes 250 KB at most,
/// whatever its header says.
pub(super) fn inflate(bytes: &[u8]) -> Result<Box<[u8]>, PackError> {
    let (head, body) = bytes.split_at_checked(8).ok_or(PackError::NotPacked)?;
    if number::<4>(head, 0) != u64::from(DEFLATED_COOKIE) {
        return Err(PackError::NotPacked);
    }
    if number::<4>(head, 4) != body.len() as u64 {
        return Err(broken("its length is not what it says"));
    }
    INFLATER.with_borrow_mut(|inflater| {
        let plain = inflater.inflate(body)?;
        check(plain)?;
        Ok(plain.into())
    })
}

thread_local! {
    /// To make one takes longer than to inflate a second of a run.
    static INFLATER: RefCell<Inflater> = RefCell::new(Inflater::new());
}

struct Inflater {
    stream: Inflate,
    /// Room for the longest encoding, and a byte more, which shows that one is longer.
    space: Vec<u8>,
}

impl Inflater {
    /// Of streams with a header, which have the largest window (15 bits).
    fn new() -> Self {
        Self { stream: Inflate::new(true, 15), space: vec![0; HEADER + LONGEST_COUNTS + 1] }
    }

    fn inflate(&mut self, body: &[u8]) -> Result<&[u8], PackError> {
        self.stream.reset(true);
        let status = self
            .stream
            .decompress(body, &mut self.space, InflateFlush::Finish)
            .map_err(|error| broken(error.as_str()))?;
        let length = usize::try_from(self.stream.total_out()).unwrap_or(self.space.len());
        match (status, self.space.get(..length)) {
            (Status::StreamEnd, Some(plain)) => Ok(plain),
            (_, Some(plain)) if length == self.space.len() => check_header(plain).and(Err(too_many_counts())),
            _ => Err(broken("it ends too early")),
        }
    }
}

/// Finds out whether bytes are a whole encoding of the one shape.
fn check(plain: &[u8]) -> Result<(), PackError> {
    if check_header(plain)? != plain.len() - HEADER {
        return Err(broken("its counts are not as long as they should be"));
    }
    visit(plain, |_, _| {})
}

/// How long the counts are, if the header is of the one shape.
fn check_header(plain: &[u8]) -> Result<usize, PackError> {
    if plain.len() < HEADER {
        return Err(broken("its header is cut"));
    }
    if number::<4>(plain, 0) != u64::from(COOKIE) {
        return Err(PackError::NotPacked);
    }
    check_shape(number::<8>(plain, 16), number::<8>(plain, 24), number::<4>(plain, 12))?;
    if number::<4>(plain, 8) != 0 || plain[32..HEADER] != 1_f64.to_be_bytes() {
        return Err(broken("its values are scaled"));
    }
    let counts = usize::try_from(number::<4>(plain, 4)).unwrap_or(usize::MAX);
    if counts > LONGEST_COUNTS { Err(too_many_counts()) } else { Ok(counts) }
}

/// Gives the index and the count of each bucket of an encoding that has one, in ascending order.
///
/// # Errors
/// The rest of the counts is cut or out of range.
#[inline]
pub(super) fn visit(plain: &[u8], mut give: impl FnMut(usize, u64)) -> Result<(), PackError> {
    let mut rest = plain.get(HEADER..).unwrap_or_default();
    let mut bucket = 0_usize;
    while let Some((&first, after)) = rest.split_first() {
        // Most numbers have one byte.
        let number = if first < 0x80 {
            rest = after;
            signed(first.into())
        } else {
            long_number(&mut rest)?
        };
        if number > 0 {
            if bucket >= BUCKETS {
                return Err(out_of_range());
            }
            give(bucket, number.unsigned_abs());
            bucket += 1;
        } else {
            let step = usize::try_from(number.unsigned_abs().max(1)).ok().filter(|_| number > i64::MIN);
            bucket = step.and_then(|step| bucket.checked_add(step)).ok_or_else(out_of_range)?;
        }
    }
    Ok(())
}

/// Takes a number of 1 to 9 bytes: seven bits each, the lowest first, as long as the highest bit of
/// a byte is set. The ninth has eight bits.
fn long_number(rest: &mut &[u8]) -> Result<i64, PackError> {
    let mut value = 0;
    for (place, &byte) in rest.iter().take(LONGEST_NUMBER).enumerate() {
        let is_last = place + 1 == LONGEST_NUMBER;
        let bits = if is_last { byte } else { byte & 0x7f };
        value |= u64::from(bits) << (7 * place);
        if is_last || byte < 0x80 {
            *rest = &rest[place + 1..];
            return Ok(signed(value));
        }
    }
    Err(broken("a count is cut"))
}

/// A signed number, which was made an unsigned one: 0, -1, 1, -2, 2 as 0, 1, 2, 3, 4.
fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The big-endian number of `N` bytes at an offset.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + N].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn broken(what: &str) -> PackError {
    PackError::Broken(what.to_owned())
}

#[cold]
fn out_of_range() -> PackError {
    broken("it has a count out of range")
}

fn too_many_counts() -> PackError {
    broken("it has more counts than its range has buckets")
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::Deserializer;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::model::Latency;

    /// The header of counts that take `length` bytes.
    fn header(length: usize) -> Vec<u8> {
        let mut header = COOKIE.to_be_bytes().to_vec();
        header.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        header.extend(0_u32.to_be_bytes());
        header.extend(u32::from(Latency::DIGITS).to_be_bytes());
        header.extend(Latency::LOW_NS.to_be_bytes());
        header.extend(Latency::HIGH_NS.to_be_bytes());
        header.extend(1_f64.to_be_bytes());
        header
    }

    /// Appends the number of a bucket with a count, or of empty buckets if it is negative.
    fn put(number: i64, counts: &mut Vec<u8>) {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        for _ in 1..LONGEST_NUMBER {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                counts.push(low & 0x7f);
                return;
            }
            counts.push(low | 0x80);
        }
        counts.push(rest.to_le_bytes()[0]);
    }

    #[test]
    fn the_shape_has_as_many_buckets_as_we_say() {
        assert_eq!(Latency::histogram().distinct_values(), BUCKETS);
    }

    #[test]
    fn an_encoding_is_inflated_only_as_far_as_one_may_be_long() {
        let mut bomb = header(LONGEST_COUNTS);
        bomb.resize(4 << 20, 0);
        let refusal = inflate(&deflate(&bomb)).unwrap_err();
        assert_eq!(refusal, too_many_counts());
        // A count for each bucket, as large as there are, is the longest that is one.
        let mut longest = Vec::new();
        (0..BUCKETS).for_each(|_| put(i64::MAX, &mut longest));
        let mut plain = header(longest.len());
        plain.append(&mut longest);
        assert_eq!(plain.len(), HEADER + LONGEST_COUNTS);
        assert_eq!(inflate(&deflate(&plain)).unwrap(), plain.into());
    }

    #[test]
    fn what_is_cut_or_changed_is_refused() {
        let mut histogram = Latency::histogram();
        (0..60).for_each(|n| histogram.record(n * n * 1000).unwrap());
        let plain = encode(&histogram).unwrap();
        for end in 0..plain.len() {
            assert!(inflate(&deflate(&plain[..end])).is_err(), "cut at {end}");
        }
        let bytes = deflate(&plain);
        for end in 8..bytes.len() {
            let mut cut = bytes[..end].to_vec();
            cut[4..8].copy_from_slice(&u32::try_from(end - 8).unwrap().to_be_bytes());
            assert!(inflate(&cut).is_err(), "cut at {end}");
            let mut changed = bytes.clone();
            changed[end] ^= 0x10;
            assert!(inflate(&changed).is_err(), "changed at {end}");
        }
        assert!(inflate(&bytes).is_ok());
    }

    /// Numbers as they are written, and some that never are.
    fn numbers() -> impl Strategy<Value = Vec<i64>> {
        let number = prop_oneof![8 => 1..300_i64, 4 => -2000..=0_i64, 1 => any::<i64>(), 1 => Just(i64::MIN)];
        vec(number, 0..60)
    }

    proptest! {
        #[test]
        fn counts_are_read_as_the_library_reads_them(numbers in numbers(), cut in 0..20_usize) {
            let mut counts = Vec::new();
            for number in &numbers {
                put(*number, &mut counts);
            }
            // In most cases they are whole.
            counts.truncate(counts.len() - (cut.saturating_sub(10)).min(counts.len()));
            let mut plain = header(counts.len());
            plain.append(&mut counts);
            let is_lawful = check(&plain).is_ok();
            // The library would overflow.
            prop_assume!(is_lawful || !numbers.contains(&i64::MIN));
            let decoded = Deserializer::new().deserialize::<u64, _>(&mut &plain[..]);
            prop_assert_eq!(is_lawful, decoded.is_ok());
            if let (true, Ok(decoded)) = (is_lawful, decoded) {
                let mut sum = 0_u64;
                visit(&plain, |_, count| sum = sum.saturating_add(count)).unwrap();
                prop_assert_eq!(sum, decoded.len());
            }
        }
    }
}
