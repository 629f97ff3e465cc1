//! Text on the two standard outputs.
//!
//! Their reader may be gone (`| head -1`), may have no room (`2>/dev/full`), or may not read at all
//! (a full pipe, a terminal stopped with Ctrl-S). `println!` panics in the first two cases and
//! blocks in the third. The functions here do neither, so the results of a program don't depend on
//! its reader.
//!
//! Where an output was closed (`2>&-`), Rust's runtime has put `/dev/null` in its place.

use std::{
    fmt::Display,
    io::{self, ErrorKind, IsTerminal},
    os::fd::{AsFd, BorrowedFd},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

/// Longest wait for a reader of stderr that takes nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of one write. A pipe that has room has room for as many, so such a write doesn't block.
const PIECE: usize = 512;

/// The last wait for a reader of stderr was in vain, so the next text doesn't wait.
static NOBODY_READS: AtomicBool = AtomicBool::new(false);

/// A text is being printed on stdout, which may wait for its reader.
static PRINTING: AtomicBool = AtomicBool::new(false);

/// Whether a text is being printed on stdout just now. That takes as long as its reader does, or
/// for ever.
pub fn is_printing() -> bool {
    PRINTING.load(Ordering::Relaxed)
}

/// One of the two standard outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Where the output of a program goes.
    Stdout,
    /// Where everything else goes.
    Stderr,
}

impl Channel {
    /// Whether a person may be looking at it.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    /// Columns of the terminal that a person looks at. `None` elsewhere, and where the terminal
    /// does not tell.
    pub fn columns(self) -> Option<u16> {
        let size = match self {
            Self::Stdout => rustix::termios::tcgetwinsize(io::stdout()),
            Self::Stderr => rustix::termios::tcgetwinsize(io::stderr()),
        };
        size.ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
    }

    /// Whether to print in colors: on a terminal, unless the variable `NO_COLOR` says otherwise.
    pub fn wants_color(self) -> bool {
        self.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// Prints all of `bytes`. On stdout that takes as long as its reader takes; on stderr, printing
    /// gives up if the reader takes nothing for two seconds.
    ///
    /// # Errors
    /// The system's, if not all was taken. [`ErrorKind::BrokenPipe`] means that the reader has
    /// gone, which is often fine.
    pub fn print(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                PRINTING.store(true, Ordering::Relaxed);
                let printed = write(io::stdout().as_fd(), bytes, None);
                PRINTING.store(false, Ordering::Relaxed);
                printed
            }
            Self::Stderr => {
                let patience = if NOBODY_READS.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
                let printed = write(io::stderr().as_fd(), bytes, Some(patience));
                let in_vain = printed.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut);
                NOBODY_READS.store(in_vain, Ordering::Relaxed);
                printed
            }
        }
    }
}

/// Prints a line on stderr. A failure is no error: there is no other place to report it.
pub fn say(line: impl Display) {
    let _ = Channel::Stderr.print(format!("{line}\n").as_bytes());
}

/// Prints a line on stdout that need not be read. Waits for a reader no longer than [`say`] does.
pub fn tell(line: impl Display) {
    let _ = write(io::stdout().as_fd(), format!("{line}\n").as_bytes(), Some(PATIENCE));
}

/// Prints text on stderr without a newline, or drops it if it can't be written at once. For text
/// that is soon out of date.
pub fn say_if_ready(text: &str) {
    let _ = write(io::stderr().as_fd(), text.as_bytes(), Some(Duration::ZERO));
}

/// Writes all of `bytes`. Each time that nothing can be written, it waits no longer than
/// `patience`, or for ever without one.
fn write(to: BorrowedFd<'_>, mut bytes: &[u8], patience: Option<Duration>) -> io::Result<()> {
    let most = if patience.is_some() { PIECE } else { usize::MAX };
    while !bytes.is_empty() {
        if patience.is_some() {
            wait_for_room(to, patience)?;
        }
        match rustix::io::write(to, &bytes[..bytes.len().min(most)]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Another process that has it open may have made it non-blocking for all.
            Err(Errno::AGAIN) => wait_for_room(to, patience)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until something can be written, or fails.
fn wait_for_room(to: BorrowedFd<'_>, patience: Option<Duration>) -> io::Result<()> {
    let until = patience.map(|patience| Instant::now() + patience);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec::try_from(left).unwrap_or_default());
        let mut descriptor = [PollFd::from_borrowed_fd(to, PollFlags::OUT)];
        match poll(&mut descriptor, left.as_ref()) {
            Ok(0) => return Err(ErrorKind::TimedOut.into()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            // An error or a reader that has gone is told by the write.
            Ok(_) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Read};

    use super::*;

    const SHORT: Option<Duration> = Some(Duration::from_millis(20));

    #[test]
    fn all_of_it_arrives_in_order() {
        let (mut reader, writer) = io::pipe().unwrap();
        let text: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        let expected = text.clone();
        let thread = std::thread::spawn(move || write(writer.as_fd(), &text, Some(Duration::from_secs(30))));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        thread.join().unwrap().unwrap();
        assert!(read == expected);
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_given_up() {
        let (_reader, writer) = io::pipe().unwrap();
        let error = write(writer.as_fd(), &vec![b'x'; 1 << 20], SHORT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn what_is_soon_out_of_date_does_not_wait() {
        let (_reader, writer) = io::pipe().unwrap();
        while write(writer.as_fd(), &[b'x'; PIECE], Some(Duration::ZERO)).is_ok() {}
        let began = Instant::now();
        assert!(write(writer.as_fd(), b"progress", Some(Duration::ZERO)).is_err());
        assert!(began.elapsed() < PATIENCE / 2);
    }

    #[test]
    fn a_gone_reader_and_a_full_disk_are_errors() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        for patience in [SHORT, None] {
            let gone = write(writer.as_fd(), b"text", patience).unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::BrokenPipe);
        }
        let Ok(full) = File::options().write(true).open("/dev/full") else { return };
        for patience in [SHORT, None] {
            assert_eq!(write(full.as_fd(), b"text", patience).unwrap_err().kind(), ErrorKind::StorageFull);
        }
    }

    #[test]
    fn a_non_blocking_output_is_waited_for() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let thread = std::thread::spawn(move || write(writer.as_fd(), &vec![b'x'; 200_000], None));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        thread.join().unwrap().unwrap();
        assert_eq!(read.len(), 200_000);
    }
}
