//! The programs that are measured, as users start them.

use std::{
    env::current_exe,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use procfs::process::Process;
use reports::Report;

/// The generator and the server.
pub(crate) struct Programs {
    loadgen: PathBuf,
    server: PathBuf,
}

/// A server, until it is dropped.
pub(crate) struct MeasuredServer {
    process: Child,
    pub(crate) url: String,
}

impl Programs {
    /// Builds them as this bench was built: cargo builds no programs for benches of another
    /// package.
    pub(crate) fn build() -> io::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo).args(["build", "--release", "-p", "loadgen", "-p", "server"]).status()?;
        if !built.success() {
            return Err(io::Error::other("the programs were not built"));
        }
        // Benches lie in `deps`, beside which the programs are.
        let folder = current_exe()?.parent().and_then(|deps| deps.parent()).map(PathBuf::from).unwrap_or_default();
        Ok(Self { loadgen: folder.join("loadgen"), server: folder.join("server") })
    }

    pub(crate) fn serve(&self) -> io::Result<MeasuredServer> {
        let mut process = Command::new(&self.server)
            .args(["--listen", "127.0.0.1:0", "--connections", "200000", "--handshake", "60s"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or_else(|| io::Error::other("no output"))?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").unwrap_or_default().to_owned();
        Ok(MeasuredServer { process, url })
    }

    /// Runs the generator with `options`.
    pub(crate) fn load(&self, server: &MeasuredServer, options: &[&str]) -> io::Result<Report> {
        let output = Command::new(&self.loadgen)
            .args([&server.url, "--json", "--quiet"])
            .args(options)
            .stderr(Stdio::inherit())
            .output()?;
        let (report, _) = reports::store::from_json(&output.stdout).map_err(io::Error::other)?;
        Ok(report)
    }
}

impl MeasuredServer {
    /// Bytes of memory that it has used at most.
    pub(crate) fn peak_memory(&self) -> io::Result<u64> {
        let status = Process::new(self.process.id().cast_signed()).and_then(|process| process.status());
        let kib = status.map_err(io::Error::other)?.vmhwm.ok_or_else(|| io::Error::other("no peak memory"))?;
        Ok(1024 * kib)
    }
}

impl Drop for MeasuredServer {
    fn drop(&mut self) {
        // It ends as well when it can't be told so.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
