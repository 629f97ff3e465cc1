//! How many messages are due by a time, where the rate changes: the integral of the rate, and its
//! exact inverse.

use crate::plan::{Arrivals, Rate, RatePlan, Stage};

/// Positions that a message takes: a position is half a millionth of a nanosecond at one message a
/// second, so that rates in millionths and the middle of a stage are whole numbers.
pub(super) const MESSAGE: u128 = 2 * 1_000_000 * 1_000_000_000;

/// The integral of a rate that goes through stages. Times are nanoseconds since the start of the
/// warm-up. A *position* is a value of the integral, in 1/[`MESSAGE`] of a message.
///
/// All is computed in whole numbers, so nothing drifts: at a rate `a + (b - a) t / L`, the position
/// at `t` is `2 a t + (b - a) t² / L`. After ten days at ten million messages a second that has 99
/// bits. But `(b - a) t²` has 143, so `t²` is divided before it is multiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RateIntegral {
    /// One at least, without gaps, from 0 on.
    segments: Box<[Segment]>,
    /// The position at the end of the last.
    total: u128,
}

/// A time in which the rate is linear. Rates are in millionths of a message a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    begin: u64,
    length: u64,
    from: u64,
    to: u64,
    /// The position at its beginning.
    before: u128,
}

impl RateIntegral {
    /// The integral for `clients` clients together. The warm-up of `warmup` nanoseconds holds the
    /// rate that the first stage begins with.
    ///
    /// The rate of all clients may be 2^62 millionths a second at most; more counts as that.
    pub(super) fn new(arrivals: &Arrivals, clients: u32, warmup: u64) -> Self {
        let of_all = |rate: Option<Rate>| {
            let each = rate.map_or(0, Rate::micro);
            each.saturating_mul(clients.into()).min(1 << 62)
        };
        let stages: &[Stage] = match &arrivals.rate {
            RatePlan::Constant(rate) => return Self::of([(of_all(Some(*rate)), of_all(Some(*rate)), u64::MAX)]),
            RatePlan::Stages(stages) => stages,
        };
        let first = of_all(stages.first().and_then(|stage| stage.from));
        let length = |stage: &Stage| u64::try_from(stage.length.as_nanos()).unwrap_or(u64::MAX);
        let measured = stages.iter().map(|stage| (of_all(stage.from), of_all(stage.to), length(stage)));
        Self::of([(first, first, warmup)].into_iter().chain(measured))
    }

    /// The integral over segments with these rates at begin and end, and lengths.
    fn of(segments: impl IntoIterator<Item = (u64, u64, u64)>) -> Self {
        let (mut begin, mut before) = (0_u64, 0_u128);
        let lay = |(from, to, length): (u64, u64, u64)| {
            let length = length.min(u64::MAX - begin);
            let segment = Segment { begin, length, from, to, before };
            begin += length;
            before += segment.whole();
            segment
        };
        let segments = segments.into_iter().map(lay).collect();
        Self { segments, total: before }
    }

    /// The first whole nanosecond that is not before the instant at which the integral leaves this
    /// position. So where the rate is 0, what is next is due once it is not. `u64::MAX` if the
    /// integral does not leave it.
    pub(super) fn leaves(&self, position: u128) -> u64 {
        if position >= self.total {
            return u64::MAX;
        }
        let after = self.segments.partition_point(|segment| segment.before <= position);
        // The first segment begins at 0.
        let segment = &self.segments[after - 1];
        segment.begin + segment.reaches(position - segment.before)
    }

    /// The highest position that the integral [leaves](Self::leaves) at `time` or before.
    pub(super) fn left_by(&self, time: u64) -> Option<u128> {
        let after = self.segments.partition_point(|segment| segment.begin <= time);
        let segment = &self.segments[after - 1];
        let within = time - segment.begin;
        if within >= segment.length {
            return self.total.checked_sub(1);
        }
        if (segment.from, segment.to) == (0, 0) {
            return segment.before.checked_sub(1);
        }
        Some(segment.before + segment.position(within))
    }
}

impl Segment {
    fn whole(&self) -> u128 {
        (u128::from(self.from) + u128::from(self.to)) * u128::from(self.length)
    }

    /// The whole positions that are passed after `time` nanoseconds of it.
    fn position(&self, time: u64) -> u128 {
        let linear = 2 * u128::from(self.from) * u128::from(time);
        if self.from == self.to {
            return linear;
        }
        let (square, length) = (u128::from(time) * u128::from(time), u128::from(self.length));
        let (whole, rest) = (square / length, square % length);
        let change = u128::from(self.from.abs_diff(self.to));
        if self.from < self.to {
            linear + change * whole + change * rest / length
        } else {
            linear - change * whole - (change * rest).div_ceil(length)
        }
    }

    /// The first whole nanosecond at which `position` is reached. It is reached in the segment.
    fn reaches(&self, position: u128) -> u64 {
        if self.from == self.to {
            return narrow(position.div_ceil(2 * u128::from(self.from)));
        }
        // Newton would converge; a solution in floating point is as close, and then its
        // neighbours are tried in whole numbers.
        let estimate = self.estimate(position).min(self.length);
        first(estimate, self.length, |time| self.position(time) >= position)
    }

    /// About when `position` is reached. A root of `c t² + 2 a t = p` is `p / (a + sqrt(a² + cp))`,
    /// which loses no digits as long as nothing is negative. So a falling rate is followed from its
    /// end.
    fn estimate(&self, position: u128) -> u64 {
        let rises = self.from < self.to;
        let (slow, left) = if rises { (self.from, position) } else { (self.to, self.whole().saturating_sub(position)) };
        let (slow, left) = (slow as f64, left as f64);
        let change = self.from.abs_diff(self.to) as f64 / self.length as f64;
        let time = left / (slow + (slow * slow + change * left).sqrt());
        // Casts of floats stop at the ends of the range.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        if rises { time.ceil() as u64 } else { self.length.saturating_sub(time.floor() as u64) }
    }
}

/// The first number up to `most` that is `reached`, as all after it are. It is likely to be near
/// `estimate`. `most` is reached.
fn first(estimate: u64, most: u64, reached: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high, mut step) = (0, most, 1);
    if reached(estimate) {
        high = estimate;
        while let Some(probe) = high.checked_sub(step) {
            if !reached(probe) {
                low = probe + 1;
                break;
            }
            (high, step) = (probe, step * 2);
        }
    } else {
        low = estimate + 1;
        while let Some(probe) = low.checked_add(step - 1).filter(|&probe| probe < most) {
            if reached(probe) {
                high = probe;
                break;
            }
            (low, step) = (probe + 1, step * 2);
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

fn narrow(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * SECOND;

    /// The integral over stages of (from, to, length), with rates in messages a second.
    fn integral(stages: &[(u64, u64, u64)]) -> RateIntegral {
        RateIntegral::of(stages.iter().map(|&(from, to, length)| (from * 1_000_000, to * 1_000_000, length)))
    }

    /// When messages are due.
    fn due(integral: &RateIntegral, messages: impl IntoIterator<Item = u128>) -> Vec<u64> {
        messages.into_iter().map(|message| integral.leaves(message * MESSAGE)).collect()
    }

    #[test]
    fn a_rising_rate_has_the_square_root_as_its_inverse() {
        // 2.5 t² messages by second t: message k is due after sqrt(k / 2.5) s.
        let rises = integral(&[(0, 10, 2 * SECOND)]);
        assert_eq!(rises.total, 10 * MESSAGE);
        assert_eq!(due(&rises, [0, 1, 2, 9]), [0, 632_455_533, 894_427_191, 1_897_366_597]);
        assert_eq!(due(&rises, [10, 11, u128::MAX / MESSAGE]), [u64::MAX; 3], "it has no more");
    }

    #[test]
    fn a_falling_rate_is_the_mirror_image() {
        // 10 t - 2.5 t² messages by second t. Message k is due 2 s - sqrt((10 - k) / 2.5) s.
        let falls = integral(&[(10, 0, 2 * SECOND)]);
        assert_eq!(due(&falls, [0, 1, 9]), [0, 102_633_404, 1_367_544_468]);
        // Half a millionth of a billionth of a message is left 14.1 ns before the end.
        assert_eq!(falls.leaves(10 * MESSAGE - 1), 2 * SECOND - 14);
    }

    #[test]
    fn what_is_due_in_a_pause_waits_for_its_end() {
        let pauses = integral(&[(0, 0, SECOND), (2, 2, SECOND), (0, 0, SECOND), (2, 0, SECOND), (0, 0, SECOND)]);
        // One is due when the pause begins, and so it is the first after it.
        assert_eq!(due(&pauses, 0..4), [SECOND, SECOND + SECOND / 2, 3 * SECOND, u64::MAX]);
        assert_eq!(pauses.left_by(SECOND - 1), None);
        assert_eq!(pauses.left_by(SECOND), Some(0));
        assert_eq!(pauses.left_by(2 * SECOND), Some(2 * MESSAGE - 1));
        assert_eq!(pauses.left_by(3 * SECOND), Some(2 * MESSAGE));
        assert_eq!([5 * SECOND, u64::MAX].map(|time| pauses.left_by(time)), [Some(3 * MESSAGE - 1); 2]);
    }

    /// `a * b` in two words.
    fn product(a: u128, b: u128) -> (u128, u128) {
        let low = u128::from(u64::MAX);
        let (a_high, a_low, b_high, b_low) = (a >> 64, a & low, b >> 64, b & low);
        let middle = ((a_low * b_low) >> 64) + ((a_high * b_low) & low) + ((a_low * b_high) & low);
        let high = a_high * b_high + ((a_high * b_low) >> 64) + ((a_low * b_high) >> 64) + (middle >> 64);
        (high, a.wrapping_mul(b))
    }

    fn sum((a_high, a_low): (u128, u128), (b_high, b_low): (u128, u128)) -> (u128, u128) {
        let (low, carry) = a_low.overflowing_add(b_low);
        (a_high + b_high + u128::from(carry), low)
    }

    /// Whether `2 a t + (b - a) t² / L >= position`, multiplied by `L` and in words of 256 bits.
    fn is_reached(&(from, to, length): &(u64, u64, u64), time: u64, position: u128) -> bool {
        let [from, to, length, time] = [from, to, length, time].map(u128::from);
        // 2 a t L + b t² >= p L + a t²
        let square = time * time;
        sum(product(2 * from * time, length), product(to, square))
            >= sum(product(position, length), product(from, square))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Up to ten days at ten million messages a second.
        #[test]
        fn the_inverse_is_exact(
            from in prop_oneof![Just(0), 1_u64..10_000_000_000_000], to in prop_oneof![Just(0), 1_u64..10_000_000_000_000],
            length in prop_oneof![1_u64..1_000, 1..10 * SECOND, 1..10 * DAY], part in prop_oneof![Just(0.0), 0.0..1.0, 0.999_999..1.0],
            before in 0..DAY,
        ) {
            prop_assume!(from + to > 0);
            let stage = (from, to, length);
            let integral = RateIntegral::of([(0, 0, before), stage]);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let position = ((integral.total as f64 * part) as u128).min(integral.total - 1);
            let due = integral.leaves(position);
            prop_assert!((before..=before + length).contains(&due));
            let within = due - before;
            prop_assert!(is_reached(&stage, within, position), "it is early");
            prop_assert!(within == 0 || !is_reached(&stage, within - 1, position), "it is a nanosecond late");
            // What has been left by then is the same, seen from the other side.
            if within < length {
                prop_assert!(integral.left_by(due) >= Some(position));
            }
            prop_assert!(due == 0 || integral.left_by(due - 1) < Some(position));
        }
    }
}
