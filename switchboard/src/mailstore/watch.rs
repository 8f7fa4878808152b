//! What other programs do to mailboxes that are open is heard at once where
//! the system tells of it, and otherwise looked for every second.
//!
//! One thread for the whole program. It wakes for a change only; those that
//! the store itself made are told apart by the names of the files, which it
//! knows already.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
mod nothing;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use inotify::Source;
#[cfg(not(target_os = "linux"))]
use nothing::Source;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often is looked at what cannot be heard.
const PERIOD: Duration = Duration::from_secs(1);

/// A folder that is watched, as its owner knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    New,
    Cur,
    /// The folder of folders.
    Tree,
}

/// What was heard of a folder.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sound<'a> {
    /// A name came into it.
    Came(&'a OsStr),
    /// A name went from it.
    Went(&'a OsStr),
    /// Something, possibly much.
    Noise,
}

/// Who is to hear of a folder.
pub(super) trait Watched: Send + Sync {
    /// Says whether it is worth a [`look`](Self::look). Quick.
    fn hear(&self, spot: Spot, sound: Sound<'_>) -> bool;

    /// Finds out what has changed.
    fn look(&self);
}

/// The thread that listens; it starts with the first watch, and ends when this
/// is dropped.
#[derive(Debug)]
pub struct Watcher(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Option<Source>,
    /// Rung to wake the thread, which holds the other end.
    bell: UnixStream,
    is_over: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Until the thread takes it.
    rung: Option<UnixStream>,
    count: u64,
    /// By the source's number of the folder, which two mailboxes may share.
    heard: HashMap<i32, Vec<Hearer>>,
    looked_at: Vec<(u64, Weak<dyn Watched>)>,
}

/// The number of a watch, its folder, and whose it is.
type Hearer = (u64, Spot, Weak<dyn Watched>);

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let State { heard, looked_at, .. } = self;
        f.debug_struct("State").field("heard", &heard.len()).field("looked_at", &looked_at.len()).finish()
    }
}

impl Watcher {
    /// A watcher without anything to watch.
    ///
    /// # Errors
    ///
    /// The system has no sockets left.
    pub fn new() -> io::Result<Arc<Self>> {
        Self::with(
            Source::new().inspect_err(|error| tracing::warn!(%error, "changes of mail are looked for, not heard")).ok(),
        )
    }

    /// One that hears nothing, and looks.
    #[cfg(test)]
    pub(super) fn deaf() -> io::Result<Arc<Self>> {
        Self::with(None)
    }

    fn with(source: Option<Source>) -> io::Result<Arc<Self>> {
        let (bell, rung) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        let state = Mutex::new(State { rung: Some(rung), ..State::default() });
        Ok(Arc::new(Self(Arc::new(Shared { source, bell, is_over: AtomicBool::new(false), state }))))
    }

    /// Watches these folders for `who`, until the result is dropped.
    pub(super) fn watch(&self, spots: &[(PathBuf, Spot)], who: &Weak<dyn Watched>) -> Watch {
        let shared = self.0.clone();
        let mut folders = Vec::with_capacity(spots.len());
        let mut state = shared.state();
        state.count += 1;
        let number = state.count;
        for (path, spot) in spots {
            let added = shared.source.as_ref().map(|source| source.add(path));
            match added {
                Some(Ok(folder)) => {
                    state.heard.entry(folder).or_default().push((number, *spot, who.clone()));
                    folders.push(folder);
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, folder = %path.display(), "cannot be heard, is looked at");
                }
                None => {}
            }
        }
        let is_heard = folders.len() == spots.len();
        if !is_heard {
            state.looked_at.push((number, who.clone()));
        }
        if let Some(rung) = state.rung.take() {
            let for_thread = shared.clone();
            let named = std::thread::Builder::new().name("mail-watch".into());
            if let Err(error) = named.spawn(move || for_thread.run(&rung)) {
                tracing::error!(%error, "changes of mail by other programs are not seen at once");
            }
        }
        drop(state);
        if !is_heard {
            // It may be waiting without end.
            shared.ring();
        }
        Watch { shared, number, folders, is_heard }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
        self.0.ring();
    }
}

/// A watch on some folders; ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    shared: Arc<Shared>,
    number: u64,
    folders: Vec<i32>,
    is_heard: bool,
}

impl Watch {
    /// Whether all changes are heard of; otherwise one must look.
    pub(super) fn is_heard(&self) -> bool {
        self.is_heard
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.looked_at.retain(|(number, _)| *number != self.number);
        for folder in &self.folders {
            let Some(listeners) = state.heard.get_mut(folder) else { continue };
            listeners.retain(|(number, ..)| *number != self.number);
            if listeners.is_empty() {
                state.heard.remove(folder);
                if let Some(source) = &self.shared.source {
                    source.remove(*folder);
                }
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // A full pipe is a ringing bell.
        let _ = (&self.bell).write(&[0]);
    }

    fn run(&self, mut rung: &UnixStream) {
        let mut next_look: Option<Instant> = None;
        while !self.is_over.load(Ordering::Acquire) {
            next_look =
                if self.state().looked_at.is_empty() { None } else { next_look.or(Some(Instant::now() + PERIOD)) };
            let wait = next_look.map(|then| then.saturating_duration_since(Instant::now()));
            if let Err(error) = self.wait(rung, wait) {
                tracing::error!(%error, "changes of mail by other programs are not seen any more");
                return;
            }
            while rung.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
            let mut moved = self.hear();
            if next_look.is_some_and(|then| then <= Instant::now()) {
                next_look = None;
                moved.extend(self.state().looked_at.iter().map(|(number, who)| (*number, who.clone())));
            }
            // Each once, however much there was to hear.
            moved.sort_by_key(|(number, _)| *number);
            moved.dedup_by_key(|(number, _)| *number);
            moved.iter().filter_map(|(_, who)| who.upgrade()).for_each(|who| who.look());
        }
    }

    fn wait(&self, rung: &UnixStream, wait: Option<Duration>) -> io::Result<()> {
        let timeout = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut ends = vec![PollFd::new(rung, PollFlags::IN)];
        ends.extend(self.source.as_ref().map(|source| PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN)));
        match poll(&mut ends, timeout.as_ref()) {
            Err(error) if error != rustix::io::Errno::INTR => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Hands on all there is to hear, and says who is to look.
    fn hear(&self) -> Vec<(u64, Weak<dyn Watched>)> {
        let mut moved = Vec::new();
        let Some(source) = &self.source else { return moved };
        source.drain(&mut |folder, sound| {
            // Not under the lock, since who hears may have to wait.
            let listeners: Vec<_> = match folder {
                Some(folder) => self.state().heard.get(&folder).cloned().unwrap_or_default(),
                None => self.state().heard.values().flatten().cloned().collect(),
            };
            for (number, spot, who) in listeners {
                if who.upgrade().is_some_and(|hearer| hearer.hear(spot, sound)) {
                    moved.push((number, who));
                }
            }
        });
        moved
    }
}
