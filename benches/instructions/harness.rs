//! gungraun's part: it runs each benchmark in a process of its own under callgrind, which calls
//! back this program.

use gungraun::{Callgrind, LibraryBenchmarkConfig, main};

use crate::benchmarks::{
    codec::codec, compression::compression, frames::frames, ledger::ledger, payload::payload, recorder::recorder,
};

/// glibc copies and fills memory by what the processor can do. Without these features, it does so
/// in one way on every x86-64: a machine's AVX would move counts by up to 12 %, and callgrind takes
/// a fast `rep stosb` (ERMS, FSRM) for as many instructions as it fills bytes, which would be nine
/// of ten where the read buffer is 40 KB.
const ONE_WAY_TO_COPY: &str = "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM";

main!(
    config = LibraryBenchmarkConfig::default()
        // Instructions only: what a simulated cache says is no fact of any machine.
        .tool(Callgrind::with_args(["--cache-sim=no"]))
        .env("GLIBC_TUNABLES", ONE_WAY_TO_COPY),
    library_benchmark_groups = [payload, ledger, recorder, frames, compression, codec]
);

/// Does what the arguments of this program say: measures, or is measured.
pub(crate) fn run() {
    main();
}
