//! Writes the log. Writing a line never fails and never waits, even if the reader is slow or gone.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// The most lines that wait for a slow reader. Further lines are dropped and counted.
const WAITING_LINES: usize = 1024;

/// The longest line in bytes, with its end. Longer lines are cut.
const LINE_BYTES: usize = 4096;

/// The end of a line that was cut.
const CUT: &[u8] = "…\n".as_bytes();

/// The longest wait for a reader when the command ends.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// A log that a thread of its own writes to a stream, line by line.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter {
    queue: SyncSender<QueuedItem>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum QueuedItem {
    Line(Vec<u8>),
    /// Asks to be told when everything before it is written.
    Flush(std::sync::mpsc::Sender<()>),
}

impl LogWriter {
    /// Starts the thread that writes to `stream`.
    ///
    /// # Errors
    /// If the thread can't be started.
    pub(crate) fn start(stream: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, entries) = sync_channel(WAITING_LINES);
        let dropped = Arc::<AtomicU64>::default();
        let thread_dropped = Arc::clone(&dropped);
        thread::Builder::new().name("log".to_owned()).spawn(move || write(stream, &entries, &thread_dropped))?;
        Ok(Self { queue, dropped })
    }

    /// Writes a line, which ends with a line feed. It is dropped and counted if too many wait.
    pub(crate) fn line(&self, text: &[u8]) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(QueuedItem::Line(cut(text))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines are written, but not for long: the reader may take nothing.
    pub(crate) fn finish(&self) {
        let (written, done) = channel();
        let (mut entry, end) = (QueuedItem::Flush(written), Instant::now() + LAST_WAIT);
        while let Err(TrySendError::Full(back)) = self.queue.try_send(entry) {
            if Instant::now() >= end {
                return;
            }
            entry = back;
            thread::sleep(Duration::from_millis(1));
        }
        let _ = done.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

/// Each write is one line.
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what comes. It goes on after errors, as a full disk may have room later.
fn write(mut stream: impl Write, entries: &Receiver<QueuedItem>, dropped: &AtomicU64) {
    while let Ok(entry) = entries.recv() {
        match entry {
            QueuedItem::Line(line) => {
                // There is no other place to report that the log can't be written.
                let _ = stream.write_all(&line).and_then(|()| stream.flush());
            }
            QueuedItem::Flush(sender) => {
                let _ = sender.send(());
            }
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let lines = if lost == 1 { "line was" } else { "lines were" };
            let _ = writeln!(stream, "{lost} {lines} dropped here: nobody read fast enough");
        }
    }
}

/// A line of at most [`LINE_BYTES`], cut between characters.
fn cut(line: &[u8]) -> Vec<u8> {
    if line.len() <= LINE_BYTES {
        return line.to_vec();
    }
    let mut end = LINE_BYTES - CUT.len();
    // Back to the beginning of a character. Its other bytes are 10xxxxxx.
    while end > 0 && line[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    [&line[..end], CUT].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A stream that keeps what is written. It blocks while the test holds the lock.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_takes_are_dropped_and_counted() {
        let kept = Kept::default();
        let log = LogWriter::start(kept.clone()).expect("a thread");
        let held = kept.0.lock().expect("no panic");
        let lines = 3 * WAITING_LINES;
        (0..lines).for_each(|_| log.line(b"x\n"));
        // This does not wait for long.
        log.finish();
        drop(held);
        while Arc::strong_count(&kept.0) == 2 && !said(&kept).contains("dropped") {
            thread::yield_now();
        }
        let said = said(&kept);
        let dropped =
            said.lines().find_map(|line| line.strip_suffix(" lines were dropped here: nobody read fast enough"));
        let dropped: usize = dropped.expect("it says so").parse().expect("a number");
        // The thread may have one line in its hands.
        assert!((lines - WAITING_LINES - 1..=lines - WAITING_LINES).contains(&dropped), "{dropped}");
    }

    fn said(kept: &Kept) -> String {
        String::from_utf8(kept.0.lock().expect("no panic").clone()).expect("UTF-8")
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(cut(b"short\n"), b"short\n");
        for before in 0..4 {
            let line = format!("{}{}\n", "a".repeat(before), "é€😀".repeat(1000));
            let short = String::from_utf8(cut(line.as_bytes())).expect("UTF-8");
            assert!(short.len() <= LINE_BYTES && short.ends_with("…\n"), "{}", short.len());
            assert!(line.starts_with(short.trim_end_matches("…\n")));
        }
    }

    #[test]
    fn a_stream_that_fails_is_no_reason_to_stop() {
        struct Fails;
        impl Write for Fails {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let log = LogWriter::start(Fails).expect("a thread");
        (0..10).for_each(|_| log.line(b"x\n"));
        log.finish();
    }
}
