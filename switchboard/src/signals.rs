//! SIGTERM and Ctrl-C end the program gracefully; SIGHUP makes it read its
//! certificates again.

use std::io::{self, IsTerminal};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `stop` once, at the first SIGTERM or Ctrl-C, and `reload` at each
/// SIGHUP before it, on a thread of their own; either may use any runtime's
/// channels. A second signal to end ends the process at once with status 1,
/// for whoever does not want to wait.
///
/// A SIGHUP that tells of a terminal that was closed ends the program, as ever.
///
/// # Errors
///
/// The system's, if the handlers or the thread cannot be set up.
pub fn listen(stop: impl FnOnce() + Send + 'static, mut reload: impl FnMut() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let on_terminal = io::stderr().is_terminal();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut pending = signals.forever().filter(|signal| {
            let hangs_up = on_terminal && !io::stderr().is_terminal();
            let ends = *signal != SIGHUP || hangs_up;
            if !ends {
                reload();
            }
            ends
        });
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
    fn sighup_reloads_and_the_first_sigterm_stops() {
        let (sender, receiver) = mpsc::channel();
        let reloads = sender.clone();
        listen(move || sender.send("stop").unwrap(), move || reloads.send("reload").unwrap()).unwrap();
        for (signal, called) in [(SIGHUP, "reload"), (SIGHUP, "reload"), (SIGTERM, "stop"), (SIGHUP, "reload")] {
            signal_hook::low_level::raise(signal).unwrap();
            assert_eq!(receiver.recv(), Ok(called));
        }
    }
}
