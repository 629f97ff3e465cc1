//! A part of a text.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use frames::PayloadSpace;

use super::{
    ClientValues,
    random::{Seed, UUID},
};
use crate::message::{Id, MARK};

/// Digits of the milliseconds since 1970, from the year 2001 to 2286.
pub(super) const UNIX_MS: usize = 13;

/// A part of a text.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(Box<[u8]>),
    Client,
    Sequence,
    Id,
    Mark,
    UnixMs,
    Uuid { place: u32 },
    Random { place: u32, count: u32 },
    RoomNumber(NonZeroU32),
    RoomText(Arc<[Part]>),
    Column(usize, Box<str>),
    Capture(usize, Box<str>),
}

impl Part {
    /// Bytes of what has the same length in each text.
    pub(super) fn constant(&self) -> Option<usize> {
        match self {
            Self::Literal(bytes) => Some(bytes.len()),
            Self::Mark => Some(MARK),
            Self::UnixMs => Some(UNIX_MS),
            Self::Uuid { .. } => Some(UUID),
            Self::Random { count, .. } => Some(*count as usize),
            Self::Client
            | Self::Sequence
            | Self::Id
            | Self::RoomNumber(_)
            | Self::RoomText(_)
            | Self::Column(..)
            | Self::Capture(..) => None,
        }
    }

    pub(super) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// The name to show in place of a value of data, or of what can't be told again.
    pub(super) fn mask(&self) -> Option<&str> {
        match self {
            Self::Column(_, name) | Self::Capture(_, name) => Some(name),
            Self::RoomText(_) => Some("room"),
            Self::UnixMs => Some("unix_ms"),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn length(&self, client: &ClientValues<'_>, sequence: u64) -> usize {
        match self {
            Self::Column(column, _) => value(client, *column).len(),
            Self::Capture(capture, _) => captured(client, *capture).len(),
            Self::RoomText(parts) => parts.iter().map(|part| part.length(client, sequence)).sum(),
            _ => match self.number(client, sequence) {
                Some(number) => number.checked_ilog10().map_or(1, |log| log as usize + 1),
                None => self.constant().unwrap_or(0),
            },
        }
    }

    /// The number that is written in decimal digits, without zeros before it.
    #[inline]
    fn number(&self, client: &ClientValues<'_>, sequence: u64) -> Option<u64> {
        match self {
            Self::Client => Some(client.client.into()),
            Self::Sequence => Some(sequence),
            Self::Id => Some(Id { client: client.client, sequence }.encode(client.values.clients)),
            Self::RoomNumber(size) => Some((client.index / *size).into()),
            _ => None,
        }
    }

    /// Writes the part. Returns the room after it.
    #[inline]
    pub(super) fn write<'o>(
        &self,
        client: &ClientValues<'_>,
        sequence: u64,
        out: PayloadSpace<'o>,
    ) -> PayloadSpace<'o> {
        match self {
            Self::Literal(bytes) => put(bytes, out),
            Self::Mark => {
                let (mark, rest) = out.split_at(MARK);
                client.marks.encode(sequence, mark);
                rest
            }
            Self::Column(column, _) => put(value(client, *column).as_bytes(), out),
            Self::Capture(capture, _) => put(captured(client, *capture).as_bytes(), out),
            Self::RoomText(parts) => parts.iter().fold(out, |out, part| part.write(client, sequence, out)),
            Self::UnixMs => put(itoa::Buffer::new().format(unix_ms()).as_bytes(), out),
            Self::Uuid { place } => put(&seed(client, sequence, *place).uuid(), out),
            Self::Random { place, count } => {
                let (text, rest) = out.split_at(*count as usize);
                put_random(seed(client, sequence, *place), text);
                rest
            }
            Self::Client | Self::Sequence | Self::Id | Self::RoomNumber(_) => {
                let number = self.number(client, sequence).unwrap_or(0);
                put(itoa::Buffer::new().format(number).as_bytes(), out)
            }
        }
    }
}

#[inline]
fn value<'v>(client: &ClientValues<'v>, column: usize) -> &'v str {
    client.values.data.as_ref().map_or("", |data| data.value(client.index, column))
}

fn captured<'v>(client: &ClientValues<'v>, capture: usize) -> &'v str {
    client.captured.get(capture).map_or("", |value| value)
}

#[inline]
fn put<'o>(bytes: &[u8], out: PayloadSpace<'o>) -> PayloadSpace<'o> {
    let (to, rest) = out.split_at(bytes.len());
    to.copy_from_slice(bytes);
    rest
}

/// In pieces of a multiple of four bytes, as masks are.
fn put_random(seed: Seed, out: PayloadSpace<'_>) {
    let mut characters = seed.characters();
    for out in out.chunks(64) {
        let mut piece = [0; 64];
        piece.fill_with(|| characters.next().unwrap_or_default());
        let length = out.len();
        out.copy_from_slice(&piece[..length]);
    }
}

fn seed(client: &ClientValues<'_>, sequence: u64, place: u32) -> Seed {
    Seed { run: client.values.marks().run(), client: client.client, sequence, place }
}

/// Of [`UNIX_MS`] digits.
fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX).clamp(1_000_000_000_000, 9_999_999_999_999)
}
