use alloc::vec::Vec;
use core::fmt;

use super::tracker::Name;

/// What a session hands to the one after it: its nickname, its channels with their keys, its being away, and whom it monitors.
///
/// Taken from a client by [`continuation`](super::Client::continuation), also after its end, and given to the next by
/// [`resuming`](super::Client::resuming), which takes all of it up once it is registered.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Continuation {
    pub(super) nick: Option<Name>,
    pub(super) channels: Vec<(Name, Option<Name>)>,
    pub(super) away: Option<Name>,
    pub(super) monitored: Vec<Name>,
}

impl Continuation {
    /// Nothing to take up.
    pub fn new() -> Self {
        Continuation::default()
    }

    /// A channel to join, with its key where it has one.
    #[must_use]
    pub fn channel(mut self, name: &str, key: Option<&str>) -> Self {
        self.channels.push((name.as_bytes().into(), key.map(|key| key.as_bytes().into())));
        self
    }

    /// The names of the channels.
    pub fn channels(&self) -> impl Iterator<Item = &[u8]> {
        self.channels.iter().map(|(name, _)| &name[..])
    }

    /// The nickname that the session wanted last.
    pub fn nick(&self) -> Option<&[u8]> {
        self.nick.as_deref()
    }
}

impl fmt::Debug for Continuation {
    /// Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            self.channels().map(|name| name.escape_ascii()).map(|name| alloc::format!("{name}")).collect();
        f.debug_struct("Continuation")
            .field("channels", &names)
            .field("away", &self.away.is_some())
            .finish_non_exhaustive()
    }
}

/// The parameters of the MONITORs that watch these nicknames.
pub(super) fn watches(nicks: &[Name], room: usize) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for nick in nicks {
        match lines.last_mut() {
            Some(line) if line.len() + nick.len() < room => {
                line.push(b',');
                line.extend_from_slice(nick);
            }
            _ => lines.push(nick.to_vec()),
        }
    }
    lines
}

/// The parameters of the JOINs that enter these channels: those with keys first, as few lines as `room` bytes and `most` channels in each allow.
pub(super) fn joins(channels: &[(Name, Option<Name>)], room: usize, most: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut ordered: Vec<_> = channels.iter().collect();
    ordered.sort_by_key(|(_, key)| key.is_none());
    let mut lines: Vec<(Vec<u8>, Vec<u8>, usize)> = Vec::new();
    for (name, key) in ordered {
        let key = key.as_deref().unwrap_or_default();
        match lines.last_mut() {
            Some((names, keys, count))
                if *count < most && names.len() + keys.len() + name.len() + key.len() + 2 <= room =>
            {
                names.push(b',');
                names.extend_from_slice(name);
                if !key.is_empty() {
                    keys.push(b',');
                    keys.extend_from_slice(key);
                }
                *count += 1;
            }
            _ => lines.push((name.to_vec(), key.to_vec(), 1)),
        }
    }
    lines.into_iter().map(|(names, keys, _)| (names, keys)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_are_few_and_keys_stand_first() {
        let all = Continuation::new().channel("#a", None).channel("#b", Some("key")).channel("#c", None);
        let lines = joins(&all.channels, 100, 9);
        assert_eq!(lines, [(b"#b,#a,#c".to_vec(), b"key".to_vec())]);
        assert_eq!(joins(&all.channels, 100, 1).len(), 3);
        assert_eq!(joins(&all.channels, 8, 9), [(b"#b".to_vec(), b"key".to_vec()), (b"#a,#c".to_vec(), Vec::new())]);
        assert!(!alloc::format!("{all:?}").contains("key"));
    }
}
