//! Values that are written alike on the command line and in a plan file.
//!
//! Each is parsed from its text. In a plan file, a number stands for its text: `10` means what
//! `"10"` means.

use std::{
    fmt,
    marker::PhantomData,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    str::FromStr,
    time::Duration,
};

use bytesize::ByteSize;
use reports::human;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::plan::Rate;

/// A whole number over 0, such as `10000`, `10k` or `1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<N>(pub N);

/// Messages a second of a client; none if it only listens, which is written `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientRate(pub Option<Rate>);

/// A time with its unit, such as `500ms`, `10s` or `2m`; at most 366 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Duration);

/// A [`Time`] over 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositiveTime(pub Duration);

/// A number of bytes up to 64 MiB, such as `64` or `4KiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u32);

/// A whole number of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

/// A value in the place of its text.
pub(super) struct FromText<T>(PhantomData<T>);

impl<T> FromText<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

/// A value that a plan file has as text, or as the number that the text is.
macro_rules! text_value {
    ($($name:ty: $schema:tt)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::plan::keys::value::FromText::new())
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}
pub(super) use text_value;

text_value! {
    Number<NonZeroU32>: { "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": u32::MAX },
        { "type": "string", "pattern": "^\\+?0*[1-9][0-9]*[kKmM]?$" },
    ] }
    Number<NonZeroU64>: { "anyOf": [
        { "type": "integer", "minimum": 1 },
        { "type": "string", "pattern": "^\\+?0*[1-9][0-9]*[kKmM]?$" },
    ] }
    Number<NonZeroUsize>: { "anyOf": [
        { "type": "integer", "minimum": 1 },
        { "type": "string", "pattern": "^\\+?0*[1-9][0-9]*[kKmM]?$" },
    ] }
    Rate: { "anyOf": [
        { "type": "number", "exclusiveMinimum": 0, "maximum": Rate::MAX_TOTAL },
        { "type": "string", "pattern": "^\\+?[0-9.]*[1-9][0-9.]*[kKmM]?$" },
    ] }
    ClientRate: { "anyOf": [
        { "type": "number", "minimum": 0, "maximum": Rate::MAX_TOTAL },
        { "type": "string", "pattern": "^\\+?[0-9.]*[0-9][0-9.]*[kKmM]?$" },
    ] }
    Time: { "type": "string", "pattern": "^(0|\\s*([0-9][0-9 ]*\\s*[a-zA-Zµ]+\\s*)+)$" }
    PositiveTime: { "type": "string", "pattern": "^\\s*([0-9][0-9 ]*\\s*[a-zA-Zµ]+\\s*)+$" }
    Size: { "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": LARGEST },
        { "type": "string", "pattern": "^[0-9.]+ *([kKmM]?[iI]?[bB]?)?$" },
    ] }
    Seed: { "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": u64::MAX },
        { "type": "string", "pattern": "^\\+?[0-9]+$" },
    ] }
}

impl<N: TryFrom<NonZeroU64>> FromStr for Number<N> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let largest = if size_of::<N>() == 4 { u32::MAX.into() } else { u64::MAX };
        let (digits, factor) = split_suffix(text);
        let number = u64::from_str(digits).ok().and_then(|number| number.checked_mul(factor));
        number
            .and_then(NonZeroU64::new)
            .and_then(|number| N::try_from(number).ok())
            .map(Self)
            .ok_or_else(|| format!("expected a whole number over 0 and at most {largest}, such as 500, 10k or 1m"))
    }
}

impl<N: fmt::Display> fmt::Display for Number<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<N: fmt::Display> Serialize for Number<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(&self.0, serializer)
    }
}

/// As text where TOML has no such number.
fn serialize_number<S: Serializer>(number: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    match number.to_string().parse() {
        Ok(number) => serializer.serialize_i64(number),
        Err(_) => serializer.collect_str(number),
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, factor) = split_suffix(text);
        // Lossless: a factor of a thousand or a million.
        let rate = f64::from_str(digits).ok().map(|rate| rate * factor as f64);
        rate.and_then(Self::new).ok_or_else(|| {
            format!("expected a number over 0 and at most {}, such as 0.5, 50 or 10k", human::rate(Self::MAX_TOTAL))
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.per_second().fmt(f)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.micro() / 1_000_000;
        let is_whole = whole * 1_000_000 == self.micro();
        if is_whole { serializer.serialize_u64(whole) } else { serializer.serialize_f64(self.per_second()) }
    }
}

impl FromStr for ClientRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A tiny rate is a mistake and must not round to none.
        if f64::from_str(split_suffix(text).0).is_ok_and(|rate| rate == 0.0) {
            return Ok(Self(None));
        }
        let rate = text.parse().map_err(|_| {
            format!(
                "expected 0 to only listen, or a number over 0 and at most {}, such as 0.5, 50 or 10k",
                human::rate(Rate::MAX_TOTAL)
            )
        })?;
        Ok(Self(Some(rate)))
    }
}

impl Serialize for ClientRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(rate) => rate.serialize(serializer),
            None => serializer.serialize_u64(0),
        }
    }
}

fn split_suffix(text: &str) -> (&str, u64) {
    if let Some(digits) = text.strip_suffix(['k', 'K']) {
        (digits, 1_000)
    } else if let Some(digits) = text.strip_suffix(['m', 'M']) {
        (digits, 1_000_000)
    } else {
        (text, 1)
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
        humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST).map(Self).ok_or_else(|| match text
            .parse::<f64>(
        ) {
            Ok(_) => format!("a time needs its unit (was {text}s meant?); expected one such as 500ms, 10s or 2m"),
            Err(_) => "expected a time with its unit, such as 500ms, 10s or 2m, at most 366 days".to_owned(),
        })
    }
}

impl FromStr for PositiveTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse()? {
            Time(Duration::ZERO) => Err("expected a time over 0, such as 500ms, 10s or 2m".to_owned()),
            Time(duration) => Ok(Self(duration)),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = ByteSize::from_str(text).ok().map(|size| size.as_u64()).filter(|&size| size <= LARGEST);
        size.and_then(|size| u32::try_from(size).ok())
            .map(Self)
            .ok_or_else(|| "expected a number of bytes up to 64MiB, such as 64, 1000 or 4KiB".to_owned())
    }
}

/// Largest message in bytes.
const LARGEST: u64 = 64 << 20;

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl Serialize for PositiveTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Time(self.0).serialize(serializer)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(&self.0, serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_suffixes_and_bounds() {
        let number = |text: &str| text.parse::<Number<NonZeroU32>>().map(|Number(n)| n.get());
        assert_eq!([number("1"), number("10k"), number("1M")], [Ok(1), Ok(10_000), Ok(1_000_000)]);
        for wrong in ["0", "-1", "1.5", "", "k", "4294967296", "5g"] {
            assert!(number(wrong).unwrap_err().contains("at most 4294967295"), "{wrong}");
        }
        assert_eq!("5m".parse::<Number<NonZeroU64>>().unwrap().to_string(), "5000000");
    }

    #[test]
    fn a_client_may_only_listen() {
        for zero in ["0", "0.0", "-0", "0k"] {
            assert_eq!(zero.parse(), Ok(ClientRate(None)), "{zero}");
        }
        assert_eq!("2k".parse(), Ok(ClientRate(Rate::new(2000.0))));
        for wrong in ["", "-1", "nan", "1e-9", "k", "11m"] {
            assert!(wrong.parse::<ClientRate>().unwrap_err().contains("expected 0 to only listen"), "{wrong}");
        }
    }

    #[test]
    fn a_time_needs_its_unit() {
        assert_eq!("1m 30s".parse(), Ok(Time(Duration::from_secs(90))));
        assert!("10".parse::<Time>().unwrap_err().contains("was 10s meant?"));
        assert!("367d".parse::<Time>().unwrap_err().contains("at most 366 days"));
        assert!("0s".parse::<PositiveTime>().unwrap_err().contains("over 0"));
        assert_eq!("0s".parse(), Ok(Time(Duration::ZERO)));
    }

    #[test]
    fn what_is_written_is_read_again() {
        fn again<T>(value: T)
        where
            T: Serialize + for<'de> Deserialize<'de> + PartialEq + fmt::Debug,
        {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
        }
        again(Number(NonZeroU64::MAX));
        again(Rate::new(0.000_001).unwrap());
        again(Rate::new(1e7).unwrap());
        again(ClientRate(None));
        again(ClientRate(Rate::new(0.5)));
        again(Time(Duration::new(366 * 24 * 3600 - 1, 123_456_789)));
        again(PositiveTime(Duration::from_nanos(1)));
        again(Size(64 << 20));
        again(Seed(u64::MAX));
        assert_eq!(serde_json::from_str::<Size>("\"4KiB\"").unwrap(), Size(4096));
    }
}
