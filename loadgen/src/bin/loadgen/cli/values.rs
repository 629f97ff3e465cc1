//! Values on the command line: what is accepted, and what a refusal says.

use std::{num::NonZeroU64, str::FromStr, time::Duration};

use bytesize::ByteSize;
use http::{HeaderName, HeaderValue};
use loadgen::plan::{Expect, Rate};
use reports::human;

pub(super) fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// A whole number such as `10000`, `10k` or `1m`.
pub(super) fn parse_number<N>(text: &str) -> Result<N, String>
where
    N: TryFrom<NonZeroU64>,
{
    let largest = if size_of::<N>() == 4 { u32::MAX.into() } else { u64::MAX };
    let (digits, factor) = split_suffix(text);
    let number = u64::from_str(digits).ok().and_then(|number| number.checked_mul(factor));
    number
        .and_then(NonZeroU64::new)
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| format!("expected a whole number over 0 and at most {largest}, such as 500, 10k or 1m"))
}

pub(super) fn parse_rate(text: &str) -> Result<Rate, String> {
    let (digits, factor) = split_suffix(text);
    // Lossless: a factor of a thousand or a million.
    let rate = f64::from_str(digits).ok().map(|rate| rate * factor as f64);
    rate.and_then(Rate::new).ok_or_else(|| {
        format!("expected a number over 0 and at most {}, such as 0.5, 50 or 10k", human::rate(Rate::MAX_TOTAL))
    })
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

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
    humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST).ok_or_else(|| {
        match text.parse::<f64>() {
            Ok(_) => format!("a time needs its unit (was {text}s meant?); expected one such as 500ms, 10s or 2m"),
            Err(_) => "expected a time with its unit, such as 500ms, 10s or 2m, at most 366 days".to_owned(),
        }
    })
}

pub(super) fn parse_positive_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() { Err("expected a time over 0, such as 500ms, 10s or 2m".to_owned()) } else { Ok(duration) }
}

pub(super) fn parse_size(text: &str) -> Result<u32, String> {
    const LARGEST: u64 = 64 << 20;
    let size = ByteSize::from_str(text).ok().map(|size| size.as_u64()).filter(|&size| size <= LARGEST);
    size.and_then(|size| u32::try_from(size).ok())
        .ok_or_else(|| "expected a number of bytes up to 64MiB, such as 64, 1000 or 4KiB".to_owned())
}

pub(super) fn parse_expect(text: &str) -> Result<Expect, String> {
    match text {
        "echo" => Ok(Expect::Echo),
        "count" => Ok(Expect::Count),
        _ => match text.strip_prefix("reply=") {
            Some(reply) => Ok(Expect::Reply(reply.to_owned())),
            None => Err("expected echo, count or reply=TEXT".to_owned()),
        },
    }
}

/// Fields that the opening handshake sets itself.
const RESERVED: [&str; 5] =
    ["connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-accept"];

pub(super) fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected 'Name: value'")?;
    let name = HeaderName::from_str(name.trim()).map_err(|error| format!("{error}; expected 'Name: value'"))?;
    let value = HeaderValue::from_str(value.trim()).map_err(|error| format!("{error}; expected 'Name: value'"))?;
    match name.as_str() {
        reserved if RESERVED.contains(&reserved) => Err(format!("the opening handshake sets `{name}` itself")),
        "sec-websocket-extensions" => {
            Err("loadgen can do no extension, so it must not offer one: a server that took it \
             would send what can't be read"
                .to_owned())
        }
        "content-length" | "transfer-encoding" => {
            Err(format!("an opening handshake has no content, so it can't have `{name}`"))
        }
        "host" if value.is_empty() || value.as_bytes().iter().any(|byte| b" /?#@,".contains(byte)) => {
            Err("expected 'Host: NAME' or 'Host: NAME:PORT'".to_owned())
        }
        _ => Ok((name, value)),
    }
}
