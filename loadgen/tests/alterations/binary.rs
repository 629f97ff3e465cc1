//! What becomes of binary.

use loadgen::message::Mix;

use super::{NEVER, check};

type BinaryAlteration = fn(&[u8]) -> Vec<u8>;

/// What a server does, and within how many binary messages of 64 B, 256 B, 4 KiB and 64 KiB it is
/// found.
const ALTERATIONS: &[(&str, BinaryAlteration, [u64; 4])] = &[
    ("takes bit 7 off", |bytes| bytes.iter().map(|byte| byte & 0x7f).collect(), [1, 1, 1, 1]),
    ("ends at NUL", |bytes| bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec(), [1, 1, 1, 1]),
    ("takes NUL out", |bytes| without(bytes, 0), [1, 1, 1, 1]),
    ("compresses runs of zeros", |bytes| replaced(bytes, b"\0\0", b"\0\x02"), [1, 1, 1, 1]),
    ("makes CR LF of LF", |bytes| replaced(bytes, b"\n", b"\r\n"), [64, 16, 1, 1]),
    ("makes LF of CR LF", |bytes| replaced(bytes, b"\r\n", b"\n"), [8_000, 2_000, 128, 16]),
    ("takes CR out", |bytes| without(bytes, b'\r'), [32, 4, 1, 1]),
    ("takes 0xFF out", |bytes| without(bytes, 0xff), [32, 8, 1, 1]),
    ("doubles 0xFF", |bytes| replaced(bytes, b"\xff", b"\xff\xff"), [32, 8, 1, 1]),
    ("ends at 0x1A", |bytes| bytes.split(|&byte| byte == 0x1a).next().unwrap_or_default().to_vec(), [32, 4, 1, 1]),
    ("takes XON out", |bytes| without(bytes, 0x11), [32, 8, 1, 1]),
    ("unescapes SLIP", |bytes| replaced(bytes, b"\xdb\xdc", b"\xc0"), [8_192, 1_024, 32, 16]),
    ("decodes UTF-8 with U+FFFD", |bytes| String::from_utf8_lossy(bytes).into_owned().into_bytes(), [1, 1, 1, 1]),
    (
        "encodes as if it were Latin-1",
        |bytes| bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
        [1, 1, 1, 1],
    ),
    ("sends hex", |bytes| bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(), [1, 1, 1, 1]),
    ("flips a bit of the last byte", |bytes| last(bytes, |byte| byte ^ 1), [1, 1, 1, 1]),
    ("takes the sign off the last byte", |bytes| last(bytes, |byte| byte & 0x7f), [4, 4, 4, 4]),
    ("leaves the last byte away", |bytes| bytes[..bytes.len() - 1].to_vec(), [1, 1, 1, 1]),
    ("adds a NUL", |bytes| [bytes, b"\0"].concat(), [1, 1, 1, 1]),
    (
        "swaps bytes two by two",
        |bytes| bytes.chunks(2).flat_map(|pair| pair.iter().rev().copied()).collect(),
        [1, 1, 1, 1],
    ),
    ("swaps bytes four by four behind the header", |bytes| [&bytes[..28], &four(&bytes[28..])].concat(), [1, 1, 1, 1]),
    ("takes blanks off the end", |bytes| bytes.trim_ascii_end().to_vec(), [128, 128, 64, 128]),
    (
        "takes NULs off the end",
        |bytes| bytes[..bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1)].to_vec(),
        [512, 256, 512, 128],
    ),
    ("ends after 4095 bytes", |bytes| bytes[..bytes.len().min(4_095)].to_vec(), [NEVER, NEVER, 1, 1]),
    ("ends after 32767 bytes", |bytes| bytes[..bytes.len().min(32_767)].to_vec(), [NEVER, NEVER, NEVER, 1]),
    ("sends the first half twice", |bytes| bytes[..bytes.len() / 2].repeat(2), [1, 1, 1, 1]),
];

#[test]
fn every_alteration_of_binary_is_found() {
    let wrong: Vec<_> =
        ALTERATIONS.iter().flat_map(|&(name, alter, within)| check(name, &alter, Mix::Binary, within)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn without(bytes: &[u8], byte: u8) -> Vec<u8> {
    bytes.iter().copied().filter(|&other| other != byte).collect()
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(byte);
            rest = after;
        }
    }
    out
}

fn last(bytes: &[u8], change: fn(u8) -> u8) -> Vec<u8> {
    let (last, rest) = bytes.split_last().expect("not empty");
    [rest, &[change(*last)]].concat()
}

fn four(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(4).flat_map(|word| word.iter().rev().copied()).collect()
}
