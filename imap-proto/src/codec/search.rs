//! Search keys, flat and in prefix order (RFC 9051 §6.4.4), with those of RFC 5032, RFC 5466, RFC 6203, RFC 7162, RFC 8474 and RFC 8514.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use thiserror::Error;

use super::date::Date;
use super::number::ModSeq;
use super::sequence::SequenceSet;

mod read;
mod write;

/// What a message must be to be found: a tree, laid out flat with each operator before its operands.
///
/// At the top all keys must hold. A tree is no deeper than [`SearchKeys::DEPTH`], whoever has made it, so that whoever walks it may recurse.
///
/// ```
/// use imap_proto::codec::{SearchKey, SearchKeys};
///
/// let keys = SearchKeys::new([SearchKey::Not, SearchKey::Or, SearchKey::Seen, SearchKey::From(&b"ada"[..])])?;
/// let unseen_and_not_from_ada = keys.evaluate(|key| !matches!(key, SearchKey::Seen | SearchKey::From(_)));
/// assert!(unseen_and_not_from_ada);
/// # Ok::<(), imap_proto::codec::BadSearch>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchKeys<T> {
    keys: Vec<SearchKey<T>>,
}

/// One key of a search, or an operator whose operands are the keys after it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchKey<T> {
    /// `NOT key`: of the next key the opposite.
    Not,
    /// `OR key key`: either of the next two keys.
    Or,
    /// `(key ...)`: all of the next so many keys; at least one.
    And(u32),
    /// `FUZZY key`: the next key, not to the letter (RFC 6203 §3).
    Fuzzy,
    /// `ALL`
    All,
    /// `ANSWERED`
    Answered,
    /// `DELETED`
    Deleted,
    /// `DRAFT`
    Draft,
    /// `FLAGGED`
    Flagged,
    /// `NEW`: recent and not seen.
    New,
    /// `OLD`: not recent.
    Old,
    /// `RECENT`
    Recent,
    /// `SEEN`
    Seen,
    /// `UNANSWERED`
    Unanswered,
    /// `UNDELETED`
    Undeleted,
    /// `UNDRAFT`
    Undraft,
    /// `UNFLAGGED`
    Unflagged,
    /// `UNSEEN`
    Unseen,
    /// `KEYWORD`: has this keyword.
    Keyword(T),
    /// `UNKEYWORD`: does not have this keyword.
    Unkeyword(T),
    /// `BCC`: text in that header field.
    Bcc(T),
    /// `BODY`: text in the body.
    Body(T),
    /// `CC`: text in that header field.
    Cc(T),
    /// `FROM`: text in that header field.
    From(T),
    /// `SUBJECT`: text in that header field.
    Subject(T),
    /// `TEXT`: text in header or body.
    Text(T),
    /// `TO`: text in that header field.
    To(T),
    /// `HEADER`: text in the header field of this name; no text means that there is one.
    Header(T, T),
    /// `BEFORE`: INTERNALDATE before this day.
    Before(Date),
    /// `ON`: INTERNALDATE on this day.
    On(Date),
    /// `SINCE`: INTERNALDATE on this day or after it.
    Since(Date),
    /// `SENTBEFORE`: the Date header field before this day.
    SentBefore(Date),
    /// `SENTON`: the Date header field on this day.
    SentOn(Date),
    /// `SENTSINCE`: the Date header field on this day or after it.
    SentSince(Date),
    /// `SAVEDBEFORE`: came into the mailbox before this day (RFC 8514 §4.3).
    SavedBefore(Date),
    /// `SAVEDON`: came into the mailbox on this day.
    SavedOn(Date),
    /// `SAVEDSINCE`: came into the mailbox on this day or after it.
    SavedSince(Date),
    /// `SAVEDATESUPPORTED`: the mailbox knows when its messages came.
    SaveDateSupported,
    /// `LARGER`: longer than so many bytes.
    Larger(u64),
    /// `SMALLER`: shorter than so many bytes.
    Smaller(u64),
    /// `OLDER`: INTERNALDATE at least so many seconds ago (RFC 5032 §2).
    Older(u32),
    /// `YOUNGER`: INTERNALDATE at most so many seconds ago (RFC 5032 §2).
    Younger(u32),
    /// A sequence set alone: these messages by their sequence numbers.
    Numbers(SequenceSet),
    /// `UID`: these messages by their UIDs.
    Uids(SequenceSet),
    /// `MODSEQ`: changed so late (RFC 7162 §3.1.5).
    ModSeq {
        /// The entry whose mod-sequence is meant, and of which kind it is.
        entry: Option<(T, EntryKind)>,
        /// The least mod-sequence.
        mod_seq: ModSeq,
    },
    /// `EMAILID` (RFC 8474 §7)
    EmailId(T),
    /// `THREADID` (RFC 8474 §7)
    ThreadId(T),
    /// `FILTER`: a search that is stored under this name (RFC 5466 §3.1).
    Filter(T),
    /// Any other.
    Other {
        /// Its name.
        name: T,
        /// The string after it, where one follows. What else follows was read as the next key.
        argument: Option<T>,
    },
}

/// Whose entry a mod-sequence belongs to (RFC 7162 §7, `entry-type-req`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// `priv`
    Private,
    /// `shared`
    Shared,
    /// `all`
    All,
}

/// Why a list of keys is no search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BadSearch {
    /// There is no key at all, or a group has none.
    #[error("a search needs at least one key, and so does each of its groups")]
    Empty,
    /// An operator's keys are missing.
    #[error("the last operators lack keys: NOT and FUZZY take one, OR two, a group as many as it says")]
    Incomplete,
    /// The tree is deeper than [`SearchKeys::DEPTH`].
    #[error("the keys are nested more than 32 deep")]
    TooDeep,
}

impl<T> SearchKey<T> {
    /// How many keys after this one belong to it.
    pub fn operands(&self) -> u32 {
        match self {
            SearchKey::Not | SearchKey::Fuzzy => 1,
            SearchKey::Or => 2,
            SearchKey::And(count) => *count,
            _ => 0,
        }
    }
}

/// What is open at some place of the flat tree: of each operator, how many of its operands are still to come.
struct Open {
    left: [u32; SearchKeys::<()>::DEPTH],
    depth: usize,
}

impl Open {
    fn new() -> Self {
        Open { left: [0; SearchKeys::<()>::DEPTH], depth: 0 }
    }

    /// An operator with so many operands begins; it tells whether there was room.
    fn push(&mut self, operands: u32) -> bool {
        match self.left.get_mut(self.depth) {
            Some(left) => {
                *left = operands;
                self.depth += 1;
                true
            }
            None => false,
        }
    }

    fn top(&mut self) -> Option<&mut u32> {
        self.left[..self.depth].last_mut()
    }

    /// A key is complete: closes the operators that it completes, the innermost first.
    fn complete(&mut self, mut closed: impl FnMut(usize)) {
        while let Some(left) = self.top() {
            *left -= 1;
            if *left > 0 {
                break;
            }
            self.depth -= 1;
            closed(self.depth);
        }
    }
}

impl<T> SearchKeys<T> {
    /// How deep keys may be nested: NOT, OR, FUZZY and parentheses each count for one.
    pub const DEPTH: usize = 32;

    /// The keys in prefix order: each operator before its operands.
    ///
    /// # Errors
    ///
    /// [`BadSearch`].
    pub fn new(keys: impl Into<Vec<SearchKey<T>>>) -> Result<Self, BadSearch> {
        let keys = keys.into();
        let mut open = Open::new();
        for key in &keys {
            match key.operands() {
                0 if matches!(key, SearchKey::And(_)) => return Err(BadSearch::Empty),
                0 => open.complete(|_| {}),
                count if !open.push(count) => return Err(BadSearch::TooDeep),
                _ => {}
            }
        }
        match (keys.is_empty(), open.depth) {
            (true, _) => Err(BadSearch::Empty),
            (false, 0) => Ok(SearchKeys { keys }),
            (false, _) => Err(BadSearch::Incomplete),
        }
    }

    /// The keys in prefix order; never none.
    pub fn keys(&self) -> &[SearchKey<T>] {
        &self.keys
    }

    /// Whether a message is found, by what `holds` says of each key that is no operator. A key whose answer cannot matter is not asked for.
    ///
    /// A key after FUZZY is asked for like any other.
    pub fn evaluate(&self, mut holds: impl FnMut(&SearchKey<T>) -> bool) -> bool {
        // Of each open operator: is it an OR, is its result turned round, and what of its result is settled.
        #[derive(Clone, Copy, Default)]
        struct Level {
            left: u32,
            is_or: bool,
            negated: bool,
        }
        let mut levels = [Level::default(); SearchKeys::<()>::DEPTH];
        let mut depth = 0;
        let mut place = 0;
        while let Some(key) = self.keys.get(place) {
            place += 1;
            let operands = key.operands();
            if operands > 0 {
                let negated = matches!(key, SearchKey::Not);
                let Some(level) = levels.get_mut(depth) else { return false };
                *level = Level { left: operands, is_or: matches!(key, SearchKey::Or), negated };
                depth += 1;
                continue;
            }
            let mut value = holds(key);
            loop {
                let Some(level) = levels[..depth].last_mut() else {
                    // At the top all must hold.
                    if !value {
                        return false;
                    }
                    break;
                };
                level.left -= 1;
                if level.left > 0 && value != level.is_or {
                    break;
                }
                for _ in 0..level.left {
                    place = self.after(place);
                }
                value ^= level.negated;
                depth -= 1;
            }
        }
        true
    }

    /// The place after the key at this one and all that belongs to it.
    fn after(&self, mut place: usize) -> usize {
        let mut left = 1u64;
        while left > 0 {
            let Some(key) = self.keys.get(place) else { break };
            left = left - 1 + u64::from(key.operands());
            place += 1;
        }
        place
    }

    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> SearchKeys<U> {
        SearchKeys { keys: self.keys.into_iter().map(|key| key.map_text(text)).collect() }
    }
}

impl<T> From<SearchKey<T>> for Vec<SearchKey<T>> {
    fn from(key: SearchKey<T>) -> Self {
        Vec::from([key])
    }
}

impl<T> SearchKey<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> SearchKey<U> {
        use SearchKey as Key;
        match self {
            Key::Not => Key::Not,
            Key::Or => Key::Or,
            Key::And(count) => Key::And(count),
            Key::Fuzzy => Key::Fuzzy,
            Key::All => Key::All,
            Key::Answered => Key::Answered,
            Key::Deleted => Key::Deleted,
            Key::Draft => Key::Draft,
            Key::Flagged => Key::Flagged,
            Key::New => Key::New,
            Key::Old => Key::Old,
            Key::Recent => Key::Recent,
            Key::Seen => Key::Seen,
            Key::Unanswered => Key::Unanswered,
            Key::Undeleted => Key::Undeleted,
            Key::Undraft => Key::Undraft,
            Key::Unflagged => Key::Unflagged,
            Key::Unseen => Key::Unseen,
            Key::Keyword(word) => Key::Keyword(text(word)),
            Key::Unkeyword(word) => Key::Unkeyword(text(word)),
            Key::Bcc(value) => Key::Bcc(text(value)),
            Key::Body(value) => Key::Body(text(value)),
            Key::Cc(value) => Key::Cc(text(value)),
            Key::From(value) => Key::From(text(value)),
            Key::Subject(value) => Key::Subject(text(value)),
            Key::Text(value) => Key::Text(text(value)),
            Key::To(value) => Key::To(text(value)),
            Key::Header(name, value) => Key::Header(text(name), text(value)),
            Key::Before(day) => Key::Before(day),
            Key::On(day) => Key::On(day),
            Key::Since(day) => Key::Since(day),
            Key::SentBefore(day) => Key::SentBefore(day),
            Key::SentOn(day) => Key::SentOn(day),
            Key::SentSince(day) => Key::SentSince(day),
            Key::SavedBefore(day) => Key::SavedBefore(day),
            Key::SavedOn(day) => Key::SavedOn(day),
            Key::SavedSince(day) => Key::SavedSince(day),
            Key::SaveDateSupported => Key::SaveDateSupported,
            Key::Larger(size) => Key::Larger(size),
            Key::Smaller(size) => Key::Smaller(size),
            Key::Older(seconds) => Key::Older(seconds),
            Key::Younger(seconds) => Key::Younger(seconds),
            Key::Numbers(set) => Key::Numbers(set),
            Key::Uids(set) => Key::Uids(set),
            Key::ModSeq { entry, mod_seq } => {
                Key::ModSeq { entry: entry.map(|(name, kind)| (text(name), kind)), mod_seq }
            }
            Key::EmailId(id) => Key::EmailId(text(id)),
            Key::ThreadId(id) => Key::ThreadId(text(id)),
            Key::Filter(name) => Key::Filter(text(name)),
            Key::Other { name, argument } => Key::Other { name: text(name), argument: argument.map(text) },
        }
    }
}

/// Text as it is read.
type Text<'a> = Cow<'a, [u8]>;

#[cfg(test)]
mod tests;
