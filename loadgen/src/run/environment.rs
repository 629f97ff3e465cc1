//! What the result says about the machine.

use procfs::{CpuInfo, Current, process::Process};
use reports::model::Environment;

/// Describes this machine and process.
pub(crate) fn describe(seed: u64, run_id: u32) -> Environment {
    let kernel = rustix::system::uname();
    Environment {
        cpu: cpu_model().unwrap_or_else(|| "unknown".to_owned()),
        cores: cores(),
        kernel: format!("{} {}", kernel.sysname().to_string_lossy(), kernel.release().to_string_lossy()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed,
        run_id,
    }
}

/// Number of processors that this process may use.
pub fn cores() -> u32 {
    std::thread::available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok()).unwrap_or(1)
}

/// Peak resident memory of this process in bytes; 0 where the system does not tell.
pub(crate) fn peak_rss() -> u64 {
    let status = Process::myself().and_then(|process| process.status());
    status.ok().and_then(|status| status.vmhwm).unwrap_or(0) * 1024
}

/// The model of the first processor; some architectures name none.
fn cpu_model() -> Option<String> {
    CpuInfo::current().ok()?.model_name(0).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_bytes() {
        // A test takes over 1 MiB, and less than 1 TiB.
        assert!((1 << 20..1 << 40).contains(&peak_rss()), "{}", peak_rss());
    }
}
