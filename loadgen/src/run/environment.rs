//! What the result says about the machine.

use reports::model::Environment;

/// Describes this machine and process.
pub(crate) fn describe(seed: u64, run_id: u32) -> Environment {
    let kernel = rustix::system::uname();
    Environment {
        cpu: cpu_model(&read("/proc/cpuinfo")).unwrap_or("unknown").to_owned(),
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
    peak_rss_in(&read("/proc/self/status")).unwrap_or(0)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn cpu_model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

fn peak_rss_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"), Some("Some CPU @ 2 GHz"));
        assert_eq!(peak_rss_in("VmPeak:\t  9 kB\nVmHWM:\t    1234 kB\n"), Some(1234 * 1024));
        assert_eq!(peak_rss_in("nothing"), None);
        assert!(peak_rss() > 0);
    }
}
