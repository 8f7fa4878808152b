//! SIGTERM and Ctrl-C end the program gracefully.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `stop` once, on a thread of its own, at the first SIGTERM or Ctrl-C;
/// it may fire a channel of any runtime. A second signal ends the process at
/// once with status 1, for whoever does not want to wait.
///
/// # Errors
///
/// The system's, if the handlers or the thread cannot be set up.
pub fn listen(stop: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut pending = signals.forever();
        if pending.next().is_some() {
            stop();
        }
        if pending.next().is_some() {
            std::process::exit(1);
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_first_signal_calls_back() {
        let (sender, receiver) = mpsc::channel();
        listen(move || sender.send(()).unwrap()).unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert_eq!(receiver.recv(), Ok(()));
        // The sender went with the callback: it cannot be called again.
        assert!(receiver.recv().is_err());
    }
}
