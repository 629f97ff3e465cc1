//! Addresses to connect from: lists and ranges.

use std::{fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::text_value;

/// Most addresses of a range; more than twice the ports of any of them are of no use to one
/// machine.
const MOST: u128 = 65_536;

/// Addresses of this machine: some of them, or ranges, with commas in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources(pub Vec<IpAddr>);

impl FromStr for Sources {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for part in text.split(',').map(str::trim) {
            match part.split_once('-') {
                None => all.push(parse_address(part)?),
                Some((first, last)) => all.extend(range(parse_address(first)?, parse_address(last)?)?),
            }
        }
        Ok(Self(all))
    }
}

/// Addresses that follow each other are a range.
impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let follow =
            |a: &IpAddr, b: &IpAddr| a.is_ipv4() == b.is_ipv4() && number(*a).checked_add(1) == Some(number(*b));
        for (index, run) in self.0.chunk_by(follow).enumerate() {
            let most = usize::try_from(MOST).unwrap_or(usize::MAX);
            for (nth, part) in run.chunks(most).enumerate() {
                f.write_str(if index + nth > 0 { "," } else { "" })?;
                match part {
                    [one] => write!(f, "{one}")?,
                    [first, .., last] => write!(f, "{first}-{last}")?,
                    [] => {}
                }
            }
        }
        Ok(())
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

text_value! {
    Sources: { "type": "string", "pattern": "^[0-9A-Fa-f.:, -]+$" }
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    let what =
        "expected addresses of this machine such as 10.0.0.5, fd00::5 or 10.0.0.5-10.0.0.9, with commas in between";
    text.trim().parse().map_err(|_| {
        // A piece of something else is no help: the refusal shows the whole, without what is secret
        // in it.
        let is_meant_as_one = text.chars().all(|c| c.is_ascii_hexdigit() || ".:/ ".contains(c));
        if is_meant_as_one { format!("`{text}` is no address; {what}") } else { what.to_owned() }
    })
}

fn range(first: IpAddr, last: IpAddr) -> Result<Vec<IpAddr>, String> {
    let (low, high) = (number(first), number(last));
    if first.is_ipv4() != last.is_ipv4() || low > high || high - low >= MOST {
        return Err(format!(
            "{first}-{last} is no range; expected the first and the last of at most {MOST} addresses of one family"
        ));
    }
    let address = |number: u128| match u32::try_from(number) {
        Ok(number) if first.is_ipv4() => IpAddr::V4(number.into()),
        _ => IpAddr::V6(number.into()),
    };
    Ok((low..=high).map(address).collect())
}

/// An address as a number, so that the next address is the next number.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<String>, String> {
        text.parse().map(|Sources(list)| list.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lists_and_ranges() {
        assert_eq!(parse("10.0.0.1").unwrap(), ["10.0.0.1"]);
        assert_eq!(
            parse("10.0.0.254-10.0.1.1, 10.0.0.9").unwrap(),
            ["10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1", "10.0.0.9"]
        );
        assert_eq!(parse("::1-::2").unwrap(), ["::1", "::2"]);
        for wrong in ["", "localhost", "10.0.0.1,", "10.0.0.2-10.0.0.1", "10.0.0.1-::1", "10.0.0.0/24", "::-1::"] {
            assert!(parse(wrong).unwrap_err().contains("expected"), "{wrong}");
        }
        assert_eq!(parse("127.0.0.0-127.0.255.255").unwrap().len(), 65_536);
        assert!(parse("127.0.0.0-127.1.0.0").is_err());
    }

    #[test]
    fn addresses_in_a_row_are_written_as_a_range() {
        for text in ["10.0.0.1", "10.0.0.254-10.0.1.1,10.0.0.9", "::1-::2", "10.0.0.3,10.0.0.1"] {
            assert_eq!(text.parse::<Sources>().unwrap().to_string(), text);
        }
        let more: Sources = "127.0.0.0-127.0.255.255,127.1.0.0-127.1.0.1".parse().unwrap();
        assert_eq!(more.to_string().parse(), Ok(more));
    }
}
