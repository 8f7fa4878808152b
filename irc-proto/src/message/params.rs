use core::fmt;

use thiserror::Error;

use crate::codec::{Command, Params, Parts, Profile};

/// A parameter whose items have commas between them, as the targets of PRIVMSG.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct List<'a>(&'a [u8]);

/// A parameter whose items have spaces between them, as the names in 353 RPL_NAMREPLY.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Words<'a>(&'a [u8]);

/// Several parameters in a row: of a message that was read, or of one that is to be written.
#[derive(Clone, Copy)]
pub struct Rest<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Line { params: Params<'a>, count: usize },
    Slice(&'a [&'a [u8]]),
}

/// Room for the parameters of a message that is written, so that nothing is allocated: see `parts` of each message type.
#[derive(Clone, Copy)]
pub struct Slots<'a> {
    /// One more than a message may have, so that [`Encoder`](crate::codec::Encoder) refuses what has too many.
    params: [&'a [u8]; Profile::MAX_PARAMS + 1],
    count: usize,
    /// An optional parameter was left out.
    absent: bool,
    gap: bool,
}

/// An optional parameter is left out, and one after it is there: nobody could tell which is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("a parameter is left out before one that is given: give it, too, or neither")]
pub struct Gap;

impl<'a> List<'a> {
    /// The list that is written so.
    pub const fn new(raw: &'a [u8]) -> Self {
        List(raw)
    }

    /// The whole list, as it is written.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The items; empty ones are passed over.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.places().filter(|item| !item.is_empty())
    }

    /// The items, the empty ones too: for a list that goes item by item with another, as the keys of JOIN.
    pub fn places(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.0.split(|byte| *byte == b',')
    }
}

impl<'a> Words<'a> {
    /// The words that are written so.
    pub const fn new(raw: &'a [u8]) -> Self {
        Words(raw)
    }

    /// The whole parameter, as it is written.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The words.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.0.split(|byte| *byte == b' ').filter(|word| !word.is_empty())
    }
}

impl<'a> Rest<'a> {
    /// No parameter.
    pub const NONE: Rest<'static> = Rest(Source::Slice(&[]));

    /// These parameters.
    pub const fn new(params: &'a [&'a [u8]]) -> Self {
        Rest(Source::Slice(params))
    }

    /// The next `count` parameters of a message.
    pub(super) fn of(params: Params<'a>, count: usize) -> Self {
        Rest(Source::Line { params, count })
    }

    /// The parameters in order.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let (line, slice) = match self.0 {
            Source::Line { params, count } => (Some(params.take(count)), &[][..]),
            Source::Slice(slice) => (None, slice),
        };
        line.into_iter().flatten().chain(slice.iter().copied())
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

impl Default for Rest<'_> {
    fn default() -> Self {
        Rest::NONE
    }
}

impl<'a> From<Params<'a>> for Rest<'a> {
    fn from(params: Params<'a>) -> Self {
        Rest::of(params, usize::MAX)
    }
}

impl PartialEq for Rest<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Rest<'_> {}

impl Default for Slots<'_> {
    fn default() -> Self {
        Slots::new()
    }
}

impl<'a> Slots<'a> {
    /// Empty slots.
    pub const fn new() -> Self {
        Slots { params: [&[]; Profile::MAX_PARAMS + 1], count: 0, absent: false, gap: false }
    }

    pub(super) fn clear(&mut self) {
        (self.count, self.absent, self.gap) = (0, false, false);
    }

    /// Adds a parameter. Where there is no room left the message has too many already.
    pub(super) fn put(&mut self, param: &'a [u8]) {
        if let Some(slot) = self.params.get_mut(self.count) {
            *slot = param;
            self.count += 1;
        }
    }

    pub(super) fn put_optional(&mut self, param: Option<&'a [u8]>) {
        match param {
            None => self.absent = true,
            Some(param) => {
                self.gap |= self.absent;
                self.put(param);
            }
        }
    }

    pub(super) fn put_rest(&mut self, params: Rest<'a>) {
        params.iter().for_each(|param| self.put_optional(Some(param)));
    }

    pub(super) fn parts<'s>(&'s self, command: Command<'a>) -> Result<Parts<'s>, Gap> {
        if self.gap {
            return Err(Gap);
        }
        Ok(Parts { command, params: self.params.get(..self.count).unwrap_or_default(), ..Parts::default() })
    }
}

impl fmt::Debug for List<'_> {
    /// Shows how many items there are, never what they say: they may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({})", self.iter().count())
    }
}

impl fmt::Debug for Words<'_> {
    /// Shows how many words there are, never what they say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.iter().count())
    }
}

impl fmt::Debug for Rest<'_> {
    /// Shows how many there are, never what they say: one may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rest({})", self.iter().count())
    }
}

impl fmt::Debug for Slots<'_> {
    /// Shows how many are filled, never with what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slots({})", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    #[test]
    fn items_are_read_apart() {
        let list = List::new(b"#a,,#b,");
        assert_eq!(list.iter().collect::<Vec<_>>(), [b"#a", b"#b"]);
        assert_eq!(list.places().collect::<Vec<_>>(), [&b"#a"[..], b"", b"#b", b""]);
        assert_eq!(Words::new(b" ada  bob ").iter().collect::<Vec<_>>(), [b"ada", b"bob"]);
        assert_eq!(List::new(b"").iter().count(), 0);
    }

    #[test]
    fn the_rest_is_what_it_holds_wherever_from() {
        let slice = [&b"a"[..], b"b"];
        let message = crate::codec::Message::parse(b"X a b c", Profile::Strict).unwrap();
        assert_eq!(Rest::of(message.params(), 2), Rest::new(&slice));
        assert_ne!(Rest::from(message.params()), Rest::new(&slice));
        assert!(Rest::NONE.is_empty() && Rest::of(message.params(), 0).is_empty());
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?} {:?} {:?}", List::new(b"k1,k2"), Words::new(b"a b c"), Rest::new(&[b"hunter2"]));
        assert_eq!(shown, "List(2) Words(3) Rest(1)");
    }
}
