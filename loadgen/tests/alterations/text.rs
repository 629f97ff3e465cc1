//! What becomes of text.

use loadgen::message::Mix;

use super::{NEVER, check};

type TextAlteration = fn(&str) -> String;

/// What a server does, and within how many texts in a row of 64 B, 256 B, 4 KiB and 64 KiB it is
/// found.
const ALTERATIONS: &[(&str, TextAlteration, [u64; 4])] = &[
    ("escapes HTML", escape_html, [32, 4, 1, 1]),
    ("unescapes HTML", |text| replaced(text, &[("&lt;", "<"), ("&amp;", "&"), ("&#39;", "'")]), [128, 32, 1, 1]),
    ("strips tags", |text| replaced(text, &[("<b>", ""), ("</p>", ""), ("<!--", "")]), [256, 128, 1, 1]),
    ("escapes quotes and backslashes", |text| replaced(text, &[("\\", "\\\\"), ("\"", "\\\"")]), [32, 4, 1, 1]),
    (
        "resolves escapes of JSON",
        |text| replaced(text, &[("\\u0000", "\0"), ("\\n", "\n"), ("\\\\", "\\")]),
        [128, 32, 1, 1],
    ),
    ("drops backslashes", |text| text.replace('\\', ""), [64, 4, 1, 1]),
    ("joins continued lines", |text| text.replace("\\\n", ""), [256, 256, 1, 1]),
    ("trims", |text| text.trim().to_owned(), [16, 32, 8, 8]),
    ("trims the beginning", |text| text.trim_start().to_owned(), [64, 64, 64, 64]),
    ("trims the end", |text| text.trim_end().to_owned(), [16, 32, 8, 8]),
    ("trims up to U+0020", |text| text.trim_matches(|c| c <= ' ').to_owned(), [16, 32, 8, 8]),
    ("trims line ends", |text| text.trim_end_matches(['\r', '\n']).to_owned(), [128, 32, 32, 16]),
    ("makes LF of CR LF", |text| text.replace("\r\n", "\n"), [256, 128, 1, 1]),
    ("makes CR LF of LF", |text| text.replace('\n', "\r\n"), [64, 16, 1, 1]),
    ("makes LF of CR", |text| text.replace('\r', "\n"), [128, 16, 1, 1]),
    ("reads lines", |text| text.lines().collect::<Vec<_>>().join("\n"), [256, 64, 1, 1]),
    ("reads one line", |text| text.lines().next().unwrap_or("").to_owned(), [64, 16, 1, 1]),
    ("takes NUL out", |text| text.replace('\0', ""), [64, 32, 1, 1]),
    ("ends at NUL", |text| text.split('\0').next().unwrap_or("").to_owned(), [64, 32, 1, 1]),
    ("ends at U+001A", |text| text.split('\x1a').next().unwrap_or("").to_owned(), [128, 128, 1, 1]),
    ("takes C0 controls out", |text| text.replace(|c: char| c < ' ' && !"\t\r\n".contains(c), ""), [16, 4, 1, 1]),
    ("takes C1 controls out", |text| text.replace(|c| ('\u{80}'..='\u{9f}').contains(&c), ""), [128, 32, 1, 1]),
    ("takes DEL out", |text| text.replace('\x7f', ""), [128, 128, 1, 1]),
    ("applies backspaces", |text| text.replace('\x08', ""), [256, 256, 1, 1]),
    ("takes escape sequences out", |text| text.replace("\x1b[0m", ""), [256, 128, 1, 1]),
    ("puts ? for what Latin-1 has not", |text| text.replace(|c| c > '\u{ff}', "?"), [1, 1, 1, 1]),
    ("puts ? for what ASCII has not", |text| text.replace(|c: char| !c.is_ascii(), "?"), [1, 1, 1, 1]),
    ("decodes as Latin-1", |text| text.bytes().map(char::from).collect(), [1, 1, 1, 1]),
    (
        "takes Latin-1 for Windows-1252",
        |text| replaced(text, &[("\u{80}", "\u{20ac}"), ("\u{85}", "\u{2026}")]),
        [128, 128, 1, 1],
    ),
    ("puts ? for what is outside the BMP", |text| text.replace(|c| c > '\u{ffff}', "?"), [4, 1, 1, 1]),
    ("puts U+FFFD for each surrogate", |text| text.replace(|c| c > '\u{ffff}', "\u{fffd}\u{fffd}"), [4, 1, 1, 1]),
    ("takes emoji out", |text| text.replace(|c| ('\u{1f300}'..='\u{1faff}').contains(&c), ""), [32, 1, 1, 1]),
    ("composes (NFC)", compose, [128, 128, 1, 1]),
    ("decomposes (NFD)", decompose, [32, 1, 1, 1]),
    (
        "makes what is compatible the same (NFKC)",
        |text| replaced(text, &[("\u{fb01}", "fi"), ("\u{ff21}", "A"), ("\u{bd}", "1/2")]),
        [256, 128, 1, 1],
    ),
    ("makes lower case", str::to_lowercase, [8, 1, 1, 1]),
    ("makes upper case", str::to_uppercase, [1, 1, 1, 1]),
    (
        "takes a BOM off the beginning",
        |text| text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        [256, 256, 128, 128],
    ),
    ("takes BOMs out", |text| text.replace('\u{feff}', ""), [64, 32, 1, 1]),
    ("makes LF of U+2028", |text| text.replace(['\u{2028}', '\u{2029}'], "\n"), [256, 128, 1, 1]),
    (
        "decodes percents",
        |text| replaced(text, &[("%41", "A"), ("%2B", "+"), ("%C3%A9", "\u{e9}"), ("%00", "\0")]),
        [128, 64, 1, 1],
    ),
    ("makes a blank of +", |text| text.replace('+', " "), [128, 32, 1, 1]),
    ("formats", |text| replaced(text, &[("%%", "%"), ("%s", "")]), [256, 128, 1, 1]),
    (
        "fills templates in",
        |text| replaced(text, &[("{{x}}", ""), ("${x}", ""), ("{0}", ""), ("#{x}", "")]),
        [128, 32, 1, 1],
    ),
    ("makes blanks of tabs", |text| text.replace('\t', "    "), [64, 32, 1, 1]),
    ("makes one blank of several", |text| text.replace("  ", " "), [64, 32, 1, 1]),
    ("makes a blank of U+00A0", |text| text.replace('\u{a0}', " "), [256, 256, 1, 1]),
    ("takes the soft hyphen out", |text| text.replace('\u{ad}', ""), [256, 256, 1, 1]),
    (
        "takes zero width out",
        |text| text.replace(['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'], ""),
        [128, 32, 1, 1],
    ),
    (
        "takes bidirectional controls out",
        |text| text.replace(['\u{202a}', '\u{202e}', '\u{2066}', '\u{200e}'], ""),
        [128, 64, 1, 1],
    ),
    ("takes variation selectors out", |text| text.replace('\u{fe0f}', ""), [256, 128, 1, 1]),
    ("takes noncharacters out", |text| text.replace(noncharacter, ""), [128, 32, 1, 1]),
    ("puts U+FFFD for noncharacters", |text| text.replace(noncharacter, "\u{fffd}"), [128, 32, 1, 1]),
    ("takes U+FFFD out", |text| text.replace('\u{fffd}', ""), [256, 256, 1, 1]),
    (
        "takes private characters out",
        |text| text.replace(|c| ('\u{e000}'..='\u{f8ff}').contains(&c), ""),
        [256, 256, 1, 1],
    ),
    ("straightens quotes", |text| replaced(text, &[("\u{201c}", "\""), ("\u{201d}", "\"")]), [256, 256, 1, 1]),
    ("doubles quotes for CSV", |text| text.replace('"', "\"\""), [64, 16, 1, 1]),
    ("doubles apostrophes for SQL", |text| text.replace('\'', "''"), [128, 128, 1, 1]),
    ("ends after 1000 characters", |text| text.chars().take(1_000).collect(), [NEVER, NEVER, 1, 1]),
    ("decodes byte by byte", |text| in_pieces(text, 1), [1, 1, 1, 1]),
    ("decodes two bytes at a time", |text| in_pieces(text, 2), [1, 1, 1, 1]),
    ("decodes three bytes at a time", |text| in_pieces(text, 3), [4, 1, 1, 1]),
    ("decodes 5 bytes at a time", |text| in_pieces(text, 5), [4, 1, 1, 1]),
    // With 64 bytes, each cut is in the header.
    ("decodes 16 bytes at a time", |text| in_pieces(text, 16), [NEVER, 1, 1, 1]),
    ("decodes 1000 bytes at a time", |text| in_pieces(text, 1_000), [NEVER, NEVER, 4, 1]),
    ("decodes 1024 bytes at a time", |text| in_pieces(text, 1_024), [NEVER, NEVER, 1, 1]),
    ("decodes 4095 bytes at a time", |text| in_pieces(text, 4_095), [NEVER, NEVER, 64, 1]),
    ("decodes 4096 bytes at a time", |text| in_pieces(text, 4_096), [NEVER, NEVER, NEVER, 1]),
    ("decodes 16384 bytes at a time", |text| in_pieces(text, 16_384), [NEVER, NEVER, NEVER, 1]),
];

#[test]
fn every_alteration_of_text_is_found() {
    let wrong: Vec<_> = ALTERATIONS
        .iter()
        .flat_map(|&(name, alter, within)| {
            let alter = move |bytes: &[u8]| alter(std::str::from_utf8(bytes).expect("text")).into_bytes();
            check(name, &alter, Mix::Text, within)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_altered_is_matched() {
    let wrong = check("echo", &<[u8]>::to_vec, Mix::Text, [NEVER; 4]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn escape_html(text: &str) -> String {
    replaced(text, &[("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")])
}

/// Each piece by itself: a character that is cut becomes U+FFFD.
fn in_pieces(text: &str, bytes: usize) -> String {
    text.as_bytes().chunks(bytes).map(String::from_utf8_lossy).collect()
}

fn noncharacter(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

/// Of the pairs that messages have, those that NFC composes, reorders or replaces.
fn compose(text: &str) -> String {
    replaced(
        text,
        &[
            ("e\u{301}", "\u{e9}"),
            ("s\u{307}\u{323}", "\u{1e69}"),
            ("\u{1100}\u{1161}", "\u{ac00}"),
            ("\u{212b}", "\u{c5}"),
            ("\u{2126}", "\u{3a9}"),
        ],
    )
}

/// Of the characters that messages have, those that NFD takes apart.
fn decompose(text: &str) -> String {
    replaced(text, &[("\u{e9}", "e\u{301}"), ("\u{ac00}", "\u{1100}\u{1161}"), ("\u{c0}", "A\u{300}")])
}
