//! Decimal numbers that name messages: `{{id}}`.

/// Names a message by one number, unique in a run.
///
/// The number is `1 + client + sequence * clients`. It is under 2^53, so it is exact in JSON
/// readers whose numbers are floats (RFC 8259, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    /// Client that sends it.
    pub client: u32,
    /// Its number within the client, from 0.
    pub sequence: u64,
}

impl Id {
    /// Numbers are smaller.
    pub const END: u64 = 1 << 53;

    /// The number in a run of so many clients. For more than [`Self::END`] messages it is of no
    /// use. A million messages a second reach that after 285 years.
    #[inline]
    pub const fn encode(self, clients: u32) -> u64 {
        self.sequence.wrapping_mul(clients as u64).wrapping_add(self.client as u64 + 1)
    }

    /// The message of a number; none if a run of so many clients has none of this number.
    #[inline]
    pub fn decode(number: u64, clients: u32) -> Option<Self> {
        let ordinal = number.checked_sub(1).filter(|_| number < Self::END)?;
        let sequence = ordinal.checked_div(clients.into())?;
        let client = u32::try_from(ordinal % u64::from(clients)).ok()?;
        Some(Self { client, sequence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_a_number_of_its_own() {
        let numbers: Vec<_> =
            (0..3).flat_map(|sequence| (0..4).map(move |client| Id { client, sequence }.encode(4))).collect();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
        for number in numbers {
            assert_eq!(Id::decode(number, 4).map(|id| id.encode(4)), Some(number));
        }
    }

    #[test]
    fn numbers_of_no_message_are_refused() {
        let last = Id { client: u32::MAX - 1, sequence: 2_097_151 };
        assert_eq!(Id::decode(last.encode(u32::MAX), u32::MAX), Some(last));
        for (number, clients) in [(0, 4), (Id::END, 4), (u64::MAX, 4), (1, 0)] {
            assert_eq!(Id::decode(number, clients), None, "{number} of {clients}");
        }
    }
}
