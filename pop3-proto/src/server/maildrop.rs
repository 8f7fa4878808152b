use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::Misuse;

use crate::codec::{Expire, LoginDelay, MessageNumber, UniqueId};

/// The listing of a maildrop, as it is when the session opens it: sizes and unique ids, nothing of the messages themselves.
///
/// From it the machine answers STAT, LIST, UIDL, DELE, RSET and LAST without asking the application.
#[derive(Clone, Debug, Default)]
pub struct Maildrop {
    sizes: Vec<u64>,
    /// All unique ids, one behind the other.
    ids: String,
    /// Where each id ends.
    id_ends: Vec<u32>,
    octets: u64,
    pub(super) expire: Option<Expire>,
    pub(super) login_delay: Option<LoginDelay>,
}

impl Maildrop {
    /// An empty maildrop.
    pub fn new() -> Self {
        Maildrop::default()
    }

    /// Appends a message: its size on the wire in octets (see [`WireSize`](crate::codec::WireSize)) and its unique id, which must be
    /// 1 to 70 characters from `!` to `~`.
    pub fn push(&mut self, octets: u64, unique_id: &str) -> Result<MessageNumber, Misuse> {
        let message = MessageNumber::from_index(self.sizes.len()).ok_or(Misuse::OutOfRange)?;
        UniqueId::check(unique_id.as_bytes())?;
        let end = u32::try_from(self.ids.len() + unique_id.len()).map_err(|_| Misuse::OutOfRange)?;
        self.octets = self.octets.checked_add(octets).ok_or(Misuse::OutOfRange)?;
        self.sizes.push(octets);
        self.ids.push_str(unique_id);
        self.id_ends.push(end);
        Ok(message)
    }

    /// Sets the user's own `EXPIRE`, for CAPA after login (RFC 2449 §6.7).
    #[must_use]
    pub fn with_expire(mut self, expire: Expire) -> Self {
        self.expire = Some(expire);
        self
    }

    /// Sets the user's own `LOGIN-DELAY`, for CAPA after login (RFC 2449 §6.5).
    #[must_use]
    pub fn with_login_delay(mut self, delay: LoginDelay) -> Self {
        self.login_delay = Some(delay);
        self
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    fn unique_id(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.id_ends[before] as usize);
        &self.ids[start..self.id_ends[index] as usize]
    }
}

/// A maildrop in a session: the listing and what is marked as deleted.
#[derive(Debug)]
pub(super) struct Opened {
    listing: Maildrop,
    /// One bit a message; empty while nothing is marked.
    marks: Vec<u64>,
    marked: u32,
    octets_left: u64,
    pub(super) last: u32,
}

/// Why a message cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    NoSuchMessage,
    Deleted,
}

impl Opened {
    pub(super) fn new(mut listing: Maildrop) -> Self {
        // It will not grow any more, and may wait for long.
        listing.sizes.shrink_to_fit();
        listing.ids.shrink_to_fit();
        listing.id_ends.shrink_to_fit();
        Opened { octets_left: listing.octets, listing, marks: Vec::new(), marked: 0, last: 0 }
    }

    pub(super) fn listing(&self) -> &Maildrop {
        &self.listing
    }

    /// Messages and octets that are not marked (RFC 1939 §5, STAT).
    pub(super) fn stat(&self) -> (u32, u64) {
        (self.listing.sizes.len() as u32 - self.marked, self.octets_left)
    }

    /// The index of a message that exists and is not marked.
    pub(super) fn find(&self, message: MessageNumber) -> Result<usize, Missing> {
        let index = message.index();
        if index >= self.listing.len() {
            Err(Missing::NoSuchMessage)
        } else if self.is_marked(index) {
            Err(Missing::Deleted)
        } else {
            Ok(index)
        }
    }

    /// The first message at `from` or behind it that is not marked.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        (from..self.listing.len()).find(|index| !self.is_marked(*index))
    }

    pub(super) fn octets(&self, index: usize) -> u64 {
        self.listing.sizes[index]
    }

    pub(super) fn unique_id(&self, index: usize) -> &str {
        self.listing.unique_id(index)
    }

    pub(super) fn mark(&mut self, index: usize) {
        if self.marks.is_empty() {
            self.marks.resize(self.listing.len().div_ceil(64), 0);
        }
        self.marks[index / 64] |= 1 << (index % 64);
        self.marked += 1;
        self.octets_left -= self.listing.sizes[index];
    }

    pub(super) fn unmark_all(&mut self) {
        self.marks = Vec::new();
        self.marked = 0;
        self.octets_left = self.listing.octets;
        self.last = 0;
    }

    pub(super) fn has_marks(&self) -> bool {
        self.marked > 0
    }

    pub(super) fn take_marks(&mut self) -> Deletions {
        Deletions { marks: core::mem::take(&mut self.marks), count: core::mem::take(&mut self.marked), at: 0 }
    }

    fn is_marked(&self, index: usize) -> bool {
        self.marks.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

/// The messages to remove, in rising order.
#[derive(Debug)]
pub struct Deletions {
    marks: Vec<u64>,
    count: u32,
    at: usize,
}

impl Iterator for Deletions {
    type Item = MessageNumber;

    fn next(&mut self) -> Option<MessageNumber> {
        while let Some(word) = self.marks.get_mut(self.at) {
            if *word != 0 {
                let bit = word.trailing_zeros() as usize;
                *word &= *word - 1;
                self.count -= 1;
                return MessageNumber::from_index(self.at * 64 + bit);
            }
            self.at += 1;
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count as usize, Some(self.count as usize))
    }
}

impl ExactSizeIterator for Deletions {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn opened(messages: usize) -> Opened {
        let mut maildrop = Maildrop::new();
        for index in 0..messages {
            maildrop.push(100, &format!("id{index}")).unwrap();
        }
        Opened::new(maildrop)
    }

    #[test]
    fn unique_ids_are_enforced() {
        let mut maildrop = Maildrop::new();
        assert_eq!(maildrop.push(1, ""), Err(Misuse::ForbiddenCharacter));
        assert_eq!(maildrop.push(1, "a b"), Err(Misuse::ForbiddenCharacter));
        assert_eq!(maildrop.push(1, &"a".repeat(71)), Err(Misuse::TooLong));
        assert_eq!(maildrop.push(u64::MAX, "a").map(MessageNumber::number), Ok(1));
        assert_eq!(maildrop.push(1, "b"), Err(Misuse::OutOfRange));
        assert_eq!(maildrop.len(), 1);
    }

    #[test]
    fn marks_hide_messages_and_never_shift_numbers() {
        let mut drop = opened(130);
        for index in [0, 64, 129] {
            drop.mark(index);
        }
        assert_eq!(drop.stat(), (127, 12_700));
        assert_eq!(drop.find(MessageNumber::new(1).unwrap()), Err(Missing::Deleted));
        assert_eq!(drop.find(MessageNumber::new(131).unwrap()), Err(Missing::NoSuchMessage));
        assert_eq!(drop.next(0), Some(1));
        assert_eq!(drop.next(129), None);
        assert_eq!(drop.unique_id(1), "id1");
        let marks = drop.take_marks();
        assert_eq!(marks.len(), 3);
        assert_eq!(marks.map(MessageNumber::number).collect::<Vec<_>>(), [1, 65, 130]);
        let mut drop = opened(2);
        drop.mark(1);
        drop.unmark_all();
        assert_eq!(drop.stat(), (2, 200));
    }
}
