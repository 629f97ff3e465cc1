//! `--source-ip`: lists and ranges of addresses.

use std::net::IpAddr;

/// Most addresses of a range; more than twice the ports of any of them are of no use to one
/// machine.
const MOST: u128 = 65_536;

/// Addresses of this machine, as one use of the option names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sources(Vec<IpAddr>);

/// Addresses, or ranges of them, with commas in between.
pub(super) fn parse_sources(text: &str) -> Result<Sources, String> {
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once('-') {
            None => all.push(parse_address(part)?),
            Some((first, last)) => all.extend(range(parse_address(first)?, parse_address(last)?)?),
        }
    }
    Ok(Sources(all))
}

/// What all uses of the option name together.
pub(super) fn merge(lists: &[Sources]) -> Vec<IpAddr> {
    lists.iter().flat_map(|Sources(list)| list).copied().collect()
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
    let number = |address| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<String>, String> {
        parse_sources(text).map(|Sources(list)| list.iter().map(ToString::to_string).collect())
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
}
