//! A plain decompressor (RFC 1951) that also tells how far back a stream refers: an oracle that has
//! no code of the one under test.

/// What a stream has.
#[derive(Debug, Default)]
pub(crate) struct Inflated {
    pub(crate) bytes: Vec<u8>,
    /// The furthest reference, in bytes before its place.
    pub(crate) furthest: usize,
    /// Types of its blocks: stored, fixed, dynamic.
    pub(crate) blocks: [usize; 3],
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        8 * self.bytes.len() - self.at
    }

    fn bit(&mut self) -> usize {
        let bit = (self.bytes[self.at / 8] >> (self.at % 8)) & 1;
        self.at += 1;
        bit.into()
    }

    fn number(&mut self, bits: usize) -> usize {
        (0..bits).map(|at| self.bit() << at).sum()
    }
}

/// A canonical code: section 3.2.2.
struct Code {
    /// Of each length, how many codes there are.
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn of(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        for &length in lengths.iter().filter(|&&length| length > 0) {
            counts[length] += 1;
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|&symbol| lengths[symbol] > 0).collect();
        symbols.sort_by_key(|&symbol| (lengths[symbol], symbol));
        Self { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.bit();
            if code < first + count {
                return self.symbols[index + code - first];
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        panic!("no such code");
    }
}

/// The base and the number of extra bits of each code of a length, from 257 on, and of a distance:
/// section 3.2.5.
fn ranges(extra: impl Iterator<Item = usize>, first: usize) -> Vec<(usize, usize)> {
    let mut base = first;
    let range = |bits| {
        let begin = base;
        base += 1_usize << bits;
        (begin, bits)
    };
    extra.map(range).collect()
}

/// Inflates a stream that ends between two blocks.
pub(crate) fn inflate(stream: &[u8]) -> Inflated {
    let mut lengths = ranges([0; 4].into_iter().chain((0..6).flat_map(|bits| [bits; 4])), 3);
    lengths.truncate(28);
    lengths.push((258, 0));
    let distances = ranges([0; 2].into_iter().chain((0..14).flat_map(|bits| [bits; 2])), 1);
    let (mut bits, mut out) = (Bits { bytes: stream, at: 0 }, Inflated::default());
    while bits.left() >= 8 {
        assert_eq!(bits.bit(), 0, "not the last block");
        let kind = bits.number(2);
        out.blocks[kind] += 1;
        let (literals, references) = match kind {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let (length, complement) = (bits.number(16), bits.number(16));
                assert_eq!(length ^ 0xffff, complement);
                out.bytes.extend((0..length).map(|_| u8::try_from(bits.number(8)).unwrap()));
                continue;
            }
            1 => {
                let lengths: Vec<usize> = [[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat();
                (Code::of(&lengths), Code::of(&[5; 30]))
            }
            2 => dynamic(&mut bits),
            _ => panic!("no such block"),
        };
        loop {
            match literals.read(&mut bits) {
                256 => break,
                literal @ 0..256 => out.bytes.push(u8::try_from(literal).unwrap()),
                symbol => {
                    let (base, extra) = lengths[symbol - 257];
                    let length = base + bits.number(extra);
                    let (base, extra) = distances[references.read(&mut bits)];
                    let distance = base + bits.number(extra);
                    out.furthest = out.furthest.max(distance);
                    for _ in 0..length {
                        out.bytes.push(out.bytes[out.bytes.len() - distance]);
                    }
                }
            }
        }
    }
    out
}

/// The codes of a dynamic block: section 3.2.7.
fn dynamic(bits: &mut Bits<'_>) -> (Code, Code) {
    let (literals, distances, count) = (257 + bits.number(5), 1 + bits.number(5), 4 + bits.number(4));
    let mut lengths = [0; 19];
    for at in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].into_iter().take(count) {
        lengths[at] = bits.number(3);
    }
    let code = Code::of(&lengths);
    let mut lengths: Vec<usize> = Vec::new();
    while lengths.len() < literals + distances {
        match code.read(bits) {
            16 => {
                let last = *lengths.last().unwrap();
                lengths.extend(vec![last; 3 + bits.number(2)]);
            }
            17 => lengths.extend(vec![0; 3 + bits.number(3)]),
            18 => lengths.extend(vec![0; 11 + bits.number(7)]),
            length => lengths.push(length),
        }
    }
    (Code::of(&lengths[..literals]), Code::of(&lengths[literals..]))
}
