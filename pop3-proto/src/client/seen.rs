use alloc::collections::BTreeSet;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::codec::UniqueId;

/// The unique ids of the messages that have been fetched, for "leave mail on the server" (RFC 1939 §7, UIDL).
///
/// It is written as lines, one id each, and read back by `parse`.
///
/// ```
/// use pop3_proto::{client::Seen, codec::UniqueId};
/// let mut seen: Seen = "a1\na2\n".parse()?;
/// let listed = [UniqueId::new("a2")?, UniqueId::new("a3")?];
/// let new: Vec<_> = listed.iter().filter(|id| seen.is_new(id)).map(UniqueId::as_str).collect();
/// assert_eq!(new, ["a3"]);
/// seen.add(listed[1].clone());
/// seen.keep(&listed); // a1 is no longer on the server
/// assert_eq!(seen.to_string(), "a2\na3\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Seen {
    ids: BTreeSet<UniqueId>,
}

impl Seen {
    /// None yet.
    pub fn new() -> Self {
        Seen::default()
    }

    /// Whether the message has not been fetched.
    pub fn is_new(&self, id: &UniqueId) -> bool {
        !self.ids.contains(id)
    }

    /// Notes that the message has been fetched; whether that is news.
    pub fn add(&mut self, id: UniqueId) -> bool {
        self.ids.insert(id)
    }

    /// Forgets the message, as when it has been deleted.
    pub fn remove(&mut self, id: &UniqueId) -> bool {
        self.ids.remove(id)
    }

    /// Forgets all that a complete listing does not have, so that the set does not grow for ever.
    pub fn keep<'a>(&mut self, listed: impl IntoIterator<Item = &'a UniqueId>) {
        let listed: BTreeSet<&UniqueId> = listed.into_iter().collect();
        self.ids.retain(|id| listed.contains(id));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All of them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &UniqueId> {
        self.ids.iter()
    }
}

impl Extend<UniqueId> for Seen {
    fn extend<I: IntoIterator<Item = UniqueId>>(&mut self, ids: I) {
        self.ids.extend(ids);
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ids.iter().try_for_each(|id| writeln!(f, "{id}"))
    }
}

impl FromStr for Seen {
    type Err = SeenError;

    /// Reads lines of one id each; empty lines are skipped.
    fn from_str(text: &str) -> Result<Self, SeenError> {
        let mut seen = Seen::new();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let id = UniqueId::new_of_any_length(line.as_bytes()).map_err(|_| SeenError { line: place + 1 })?;
            seen.ids.insert(id);
        }
        Ok(seen)
    }
}

/// A line that is no unique id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line} is no unique id: only visible ASCII may stand there")]
pub struct SeenError {
    /// Which line, counted from 1.
    pub line: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn it_reads_what_it_wrote() {
        let mut seen = Seen::new();
        seen.extend([UniqueId::new("b").unwrap(), UniqueId::new_of_any_length(&[b'a'; 100]).unwrap()]);
        assert!(!seen.add(UniqueId::new("b").unwrap()));
        assert_eq!(seen.to_string().parse(), Ok(seen));
        assert_eq!("a\n\na b\n".parse::<Seen>(), Err(SeenError { line: 3 }));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_reads_what_it_wrote_and_nothing_else() {
        let mut seen = Seen::new();
        seen.extend([UniqueId::new("b").unwrap(), UniqueId::new("a").unwrap()]);
        assert_eq!(serde_json::to_string(&seen).unwrap(), r#"["a","b"]"#);
        assert_eq!(serde_json::from_str::<Seen>(r#"["a","b"]"#).unwrap(), seen);
        assert!(serde_json::from_str::<Seen>(r#"["a b"]"#).is_err());
    }
}
