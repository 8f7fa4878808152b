//! An observer that writes down what it is told.

use std::sync::mpsc::{Receiver, channel};

use wirestate_driver::{Notice, Observer};

use super::PATIENCE;

/// What an observer was told, in order: on which connection (0 where on none), and what, in words.
pub(crate) struct Notes(Receiver<(u64, String)>);

impl Notes {
    pub(crate) fn new() -> (Observer, Notes) {
        let (tell, told) = channel();
        let observer = Observer::new(move |notice| {
            // Who tests may have seen enough.
            let _ = tell.send(words(notice));
        });
        (observer, Notes(told))
    }

    /// The next note on any connection.
    pub(crate) fn next(&self) -> (u64, String) {
        self.0.recv_timeout(PATIENCE).expect("something is told")
    }

    /// Waits for `what`, and gives all that was told until then.
    pub(crate) fn until(&self, what: &str) -> Vec<String> {
        let mut told = Vec::new();
        while told.last().is_none_or(|last| last != what) {
            match self.0.recv_timeout(PATIENCE) {
                Ok((_, note)) => told.push(note),
                Err(_) => panic!("no {what:?}, but {told:?}"),
            }
        }
        told
    }

    /// What has been told by now.
    pub(crate) fn so_far(&self) -> Vec<String> {
        self.0.try_iter().map(|(_, note)| note).collect()
    }
}

fn words(notice: &Notice<'_>) -> (u64, String) {
    match notice {
        Notice::Connected { info } => (info.id(), "connected".into()),
        Notice::Disconnected { info, reason, .. } => (info.id(), format!("disconnected: {reason}")),
        Notice::Flushed { info } => (info.id(), "flushed".into()),
        Notice::HighWater { info } => (info.id(), "high water".into()),
        Notice::LowWater { info } => (info.id(), "low water".into()),
        Notice::Idle { info, silent } => (info.id(), format!("idle for {silent:?}")),
        Notice::Upgraded { info } => (info.id(), "upgraded".into()),
        Notice::Compressed { info, channel } => {
            (info.id(), if channel.deflate.is_some() { "compressed" } else { "not compressed" }.into())
        }
        Notice::Refused { info, why } => (info.id(), format!("refused: {why}")),
        Notice::ConnectorOpened { info } => (info.id(), "connector opened".into()),
        Notice::ConnectorFailed { error } => (0, format!("connector failed: {error}")),
        other => (0, format!("{other:?}")),
    }
}
