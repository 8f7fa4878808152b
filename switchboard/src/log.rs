//! The log: one line per event, on standard error, so that standard output
//! keeps to the `listening` lines and the first-steps page.

use std::io::{self, Write};

use tracing_subscriber::filter::LevelFilter;

/// Starts the log for the whole process: events of level `INFO` and above, or
/// all of them under `trace`. A second call changes nothing.
pub fn start(trace: bool) {
    let level = if trace { LevelFilter::TRACE } else { LevelFilter::INFO };
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(|| OneLine(io::stderr()))
        .finish();
    // Fails only when a log is there already, as in tests.
    let _ = tracing::subscriber::set_global_default(log);
}

/// Escapes control characters, so that no text from the network can add a line
/// to the log or command the terminal. Each event arrives in one write that
/// ends with its line feed.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = event.strip_suffix(b"\n").unwrap_or(event);
        let mut line = Vec::with_capacity(event.len());
        for &byte in text {
            match byte {
                b'\t' => line.push(byte),
                byte if byte.is_ascii_control() => line.extend(byte.escape_ascii()),
                byte => line.push(byte),
            }
        }
        line.extend_from_slice(&event[text.len()..]);
        self.0.write_all(&line)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let sink = Shared::default();
        let copy = sink.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || OneLine(copy.clone())).finish();
        tracing::subscriber::with_default(log, || {
            tracing::info!(user = %"eve\r\nfake line\x1b[2J", "login failed");
            tracing::info!("next");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text:?}");
        assert!(text.contains("eve\\r\\nfake line"), "{text:?}");
        assert!(!text.contains('\x1b'));
    }
}
