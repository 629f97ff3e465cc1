//! Values on the command line: what is accepted, and what a refusal says.

use std::{
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    num::NonZeroUsize,
    time::Duration,
};

use bytesize::ByteSize;
use frames::handshake::is_token;

use crate::{DeflateSettings, WindowBits};

/// A time without a byte, or `off`: a type of its own, as clap takes an `Option` for a flag that
/// may be absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle(pub(super) Option<Duration>);

/// An address with a port, a name with a port, or a port alone for all IPv4 addresses.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    const ACCEPTED: &str =
        "expected an address and a port, such as 127.0.0.1:9001, localhost:9001, [::1]:0, or :9001 for all addresses";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').ok_or(ACCEPTED)?;
    let port = port.parse().map_err(|_| ACCEPTED)?;
    if host.is_empty() {
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    let all: Vec<_> = match (host, port).to_socket_addrs() {
        Ok(all) => all.collect(),
        Err(error) => return Err(format!("{error}; {ACCEPTED}")),
    };
    all.iter().find(|address| address.is_ipv4()).or(all.first()).copied().ok_or_else(|| ACCEPTED.to_owned())
}

/// A name of a header field: a token (RFC 9110, section 5.6.2).
pub(super) fn field_name(text: &str) -> Result<String, String> {
    if !is_token(text.as_bytes()) {
        return Err("expected names of header fields, such as `host` or `host,user-agent`".to_owned());
    }
    Ok(text.to_owned())
}

/// A name of a subprotocol: a token, too (RFC 6455, section 4.1).
pub(super) fn subprotocol(text: &str) -> Result<String, String> {
    let accepted = || "expected names, such as chat or chat,superchat".to_owned();
    is_token(text.as_bytes()).then(|| text.to_owned()).ok_or_else(accepted)
}

/// Window bits, `no-context-takeover` or both.
pub(super) fn compression(text: &str) -> Result<DeflateSettings, String> {
    let mut settings = DeflateSettings::default();
    for part in text.split(',') {
        if part == "no-context-takeover" {
            settings.no_context_takeover = true;
            continue;
        }
        // zlib can't compress with a window of 2^8.
        let bits = part.parse().ok().filter(|bits| (9..=15).contains(bits)).and_then(WindowBits::new);
        settings.window_bits =
            bits.ok_or("expected window bits from 9 to 15, no-context-takeover, or both: 12,no-context-takeover")?;
    }
    Ok(settings)
}

pub(super) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    number(text, 1, 1024).and_then(|n| NonZeroUsize::new(n).ok_or_else(|| "expected at least 1".to_owned()))
}

pub(super) fn connections(text: &str) -> Result<usize, String> {
    number(text, 1, 1_000_000)
}

pub(super) fn frames(text: &str) -> Result<u32, String> {
    number(text, 1, 1_000_000_000).and_then(|n| u32::try_from(n).map_err(|error| error.to_string()))
}

pub(super) fn replay(text: &str) -> Result<u32, String> {
    number(text, 1, 1_000_000).and_then(|n| u32::try_from(n).map_err(|error| error.to_string()))
}

pub(super) fn message_bytes(text: &str) -> Result<usize, String> {
    size(text, 1, 1 << 30)
}

pub(super) fn memory(text: &str) -> Result<usize, String> {
    size(text, 1 << 20, 1 << 50)
}

pub(super) fn unsent_bytes(text: &str) -> Result<usize, String> {
    size(text, 0, 1 << 30)
}

/// A count from `least` to `most`, with `k` for thousands and `m` for millions.
fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1_000),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    let value = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(unit));
    value
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("expected a number from {least} to {most}, such as 8, 10k or 1m"))
}

/// A size in bytes from `least` to `most`.
fn size(text: &str, least: u64, most: u64) -> Result<usize, String> {
    let value = text.parse::<ByteSize>().ok().map(|size| size.as_u64());
    value
        .filter(|n| (least..=most).contains(n))
        .and_then(|n| usize::try_from(n).ok())
        .ok_or_else(|| format!("expected a size from {least} to {most} bytes, such as 64, 4KiB or 16MiB"))
}

/// A time from 1 ms to a day.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let accepted = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);
    humantime::parse_duration(text)
        .ok()
        .filter(|time| accepted.contains(time))
        .ok_or_else(|| "expected a time from 1ms to 24h, such as 500ms, 10s or 2m".to_owned())
}

/// A time from 1 µs to an hour by which a message comes later.
pub(super) fn delay(text: &str) -> Result<Duration, String> {
    let accepted = Duration::from_micros(1)..=Duration::from_secs(60 * 60);
    humantime::parse_duration(text)
        .ok()
        .filter(|time| accepted.contains(time))
        .ok_or_else(|| "expected a time from 1us to 1h, such as 300us, 20ms or 1s".to_owned())
}

pub(super) fn idle(text: &str) -> Result<Idle, String> {
    if text == "off" {
        return Ok(Idle(None));
    }
    time(text).map(|time| Idle(Some(time))).map_err(|error| format!("{error}, or `off`"))
}
