//! How the sizes of messages are written.

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Size, text_value};
use crate::plan::{SizeQuantile, SizeQuantiles, SizeRange, Sizes};

/// One size, a range or the edges: `64`, `64..4KiB`, `edges`.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeRule(pub Sizes);

/// Quantiles of the sizes: `p50=200,p99=8KiB`.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeDistribution(pub SizeQuantiles);

text_value! {
    SizeRule: { "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": Sizes::MOST },
        { "type": "string", "pattern": "^(edges|[0-9.]+ *([kKmM]?[iI]?[bB]?)?( *\\.\\. *[0-9.]+ *([kKmM]?[iI]?[bB]?)?)?)$" },
    ] }
    SizeDistribution: { "type": "string", "pattern": "^ *p[0-9.]+ *=[^,]+(, *p[0-9.]+ *=[^,]+)*$" }
}

impl FromStr for SizeRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "edges" {
            return Ok(Self(Sizes::Edges));
        }
        let one = |text: &str| match text.trim().parse() {
            Ok(Size(size)) => Ok(size),
            Err(_) => Err("expected a number of bytes up to 64MiB, such as 64 or 4KiB, a range such as 64..4096, or \
                           edges"
                .to_owned()),
        };
        let Some((least, largest)) = text.split_once("..") else { return Ok(Self(Sizes::Fixed(one(text)?))) };
        match SizeRange::new(one(least)?, one(largest)?) {
            Some(range) => Ok(Self(Sizes::Range(range))),
            None => Err(format!("the range ends before it begins (was {largest}..{least} meant?)")),
        }
    }
}

impl FromStr for SizeDistribution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let quantiles: Result<Vec<_>, _> = text.split(',').map(quantile).collect();
        let quantiles =
            quantiles.map_err(|part| format!("`{part}` is no quantile; expected some such as p50=200,p99=8KiB"))?;
        let sizes = SizeQuantiles::new(&quantiles);
        sizes.map(Self).map_err(|why| format!("{why}; expected some such as p50=200,p99=8KiB"))
    }
}

/// A quantile such as `p99.9=8KiB`. The error is what can't be read.
fn quantile(text: &str) -> Result<SizeQuantile, &str> {
    let text = text.trim();
    let read = || {
        let (percent, size) = text.strip_prefix(['p', 'P'])?.split_once('=')?;
        let Size(size) = size.trim().parse().ok()?;
        let percent = percent.trim();
        // No sign and no exponent.
        if percent.contains(|c: char| !c.is_ascii_digit() && c != '.') {
            return None;
        }
        Some(SizeQuantile { share_ppm: ppm(percent.parse().ok()?)?, size })
    };
    read().ok_or(text)
}

/// Millionths. `None` if the percentage has more digits, or is over 100.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1 000 000")]
fn ppm(percent: f64) -> Option<u32> {
    let ppm = percent * 1e4;
    let whole = ppm.round();
    // A percentage in binary is not exact.
    ((0.0..=100.0).contains(&percent) && (ppm - whole).abs() < 1e-6).then_some(whole as u32)
}

impl Serialize for SizeRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Sizes::Fixed(size) => serializer.serialize_u32(*size),
            sizes => serializer.collect_str(sizes),
        }
    }
}

impl Serialize for SizeDistribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn sizes_are_read_and_written() {
        for (text, shown) in [
            ("64", "64"),
            ("4KiB", "4096"),
            ("64..4096", "64..4096"),
            ("64 .. 4KiB", "64..4096"),
            ("0..0", "0..0"),
            ("edges", "edges"),
        ] {
            let rule: SizeRule = text.parse().unwrap();
            assert_eq!((rule.0.to_string().as_str(), &again(&rule)), (shown, &rule), "{text}");
        }
        for (text, shown) in [
            ("p50=200,p99=8KiB", "p50=200,p99=8192"),
            ("P0=64, p99.9 = 1KiB, p100=1KiB", "p0=64,p99.9=1024,p100=1024"),
            ("p33.3333=7", "p33.3333=7"),
        ] {
            let sizes: SizeDistribution = text.parse().unwrap();
            assert_eq!((sizes.0.to_string().as_str(), &again(&sizes)), (shown, &sizes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for (text, why) in [
            ("", "such as 64 or 4KiB"),
            ("edge", "or edges"),
            ("64..", "a range such as 64..4096"),
            ("..64", "a range such as 64..4096"),
            ("65MiB", "up to 64MiB"),
            ("4096..64", "ends before it begins (was 64..4096 meant?)"),
        ] {
            assert!(text.parse::<SizeRule>().unwrap_err().contains(why), "{text}");
        }
        for (text, why) in [
            ("", "`` is no quantile"),
            ("200", "`200` is no quantile; expected some such as p50=200,p99=8KiB"),
            ("p50=", "`p50=` is no quantile"),
            ("p50=200,", "`` is no quantile"),
            ("p101=5", "`p101=5` is no quantile"),
            ("p-1=5", "is no quantile"),
            ("p5e1=5", "is no quantile"),
            ("p50.00001=5", "is no quantile"),
            ("p50=0", "a size is over 0"),
            ("p99=9,p50=9", "quantiles must rise"),
            ("p50=9,p99=8", "the size of a higher quantile can't be smaller"),
        ] {
            assert!(text.parse::<SizeDistribution>().unwrap_err().contains(why), "{text}");
        }
    }
}
