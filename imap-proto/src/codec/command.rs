//! Commands, as a client says them and a server understands them.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use bytes::Bytes;
use thiserror::Error;

use super::capability::Capability;
use super::encode::{Unwritable, Writer};
use super::fault::{Expected, Fault, Parsed, fail};
use super::mailbox::Mailbox;
use super::number::nz_number;
use super::sequence::{Bound, SequenceSet};
use super::text::{self, Secret, atom, opaque, skip_spaces};

mod acl;
mod append;
mod arguments;
mod fetch;
mod keyword;
mod list;
mod metadata;
mod notify;
mod searching;
mod select;
mod store;
mod write;

use arguments::Head;

pub use acl::{RightsAction, SetAcl, SetQuota};
pub use append::{After, Append, CatenatePart, Content, Further, MessageData, NewMessage, Replace, Within};
pub use fetch::{Fetch, FetchAttribute, FetchItems, FetchModifier, Partial};
pub use keyword::Keyword;
pub use list::{Create, CreateParameter, List, ListReturn, ListSelection, Status, StatusItem};
pub use metadata::{Depth, GetMetadata, MetadataOption, SetMetadata};
pub use notify::{EventGroup, MailboxFilter, Notify, NotifyEvent};
pub use searching::{
    MultiSearch, Search, SearchReturn, SearchSources, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm,
};
pub use select::{QResync, Select, SelectParameter};
pub use store::{Store, StoreAction, StoreModifier};

/// Text as it is read: borrowed from the frame, unless a quoted string has escapes.
pub(crate) type Text<'a> = Cow<'a, [u8]>;

/// A command with its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedCommand<T> {
    /// What its answers will be known by.
    pub tag: T,
    /// The command.
    pub command: Command<T>,
}

/// One command, generic over how it holds its text: `Command<Cow<[u8]>>` borrows from a frame, `Command<Bytes>` shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<T> {
    /// `CAPABILITY` (RFC 9051 §6.1.1)
    Capability,
    /// `NOOP` (RFC 9051 §6.1.2)
    Noop,
    /// `LOGOUT` (RFC 9051 §6.1.3)
    Logout,
    /// `STARTTLS` (RFC 9051 §6.2.1)
    StartTls,
    /// `AUTHENTICATE mechanism [initial-response]` (RFC 9051 §6.2.2, RFC 4959)
    Authenticate {
        /// The SASL mechanism's name.
        mechanism: T,
        /// Base64, or `=` for an empty response.
        initial: Option<Secret<T>>,
    },
    /// `LOGIN user password` (RFC 9051 §6.2.3)
    Login {
        /// Who.
        user: T,
        /// The password.
        password: Secret<T>,
    },
    /// `ID (field value ...)` or `ID NIL` (RFC 2971); at most 30 pairs.
    Id(Option<Vec<(T, Option<T>)>>),
    /// `ENABLE capability ...` (RFC 9051 §6.3.1)
    Enable(Vec<Capability<T>>),
    /// `COMPRESS algorithm` (RFC 4978)
    Compress(T),
    /// `UNAUTHENTICATE` (RFC 8437)
    Unauthenticate,
    /// `SELECT` (RFC 9051 §6.3.2)
    Select(Select<T>),
    /// `EXAMINE` (RFC 9051 §6.3.3)
    Examine(Select<T>),
    /// `CREATE` (RFC 9051 §6.3.4)
    Create(Create<T>),
    /// `DELETE` (RFC 9051 §6.3.5)
    Delete(Mailbox<T>),
    /// `RENAME` (RFC 9051 §6.3.6)
    Rename {
        /// The name it has.
        from: Mailbox<T>,
        /// The name it gets.
        to: Mailbox<T>,
    },
    /// `SUBSCRIBE` (RFC 9051 §6.3.7)
    Subscribe(Mailbox<T>),
    /// `UNSUBSCRIBE` (RFC 9051 §6.3.8)
    Unsubscribe(Mailbox<T>),
    /// `LIST` (RFC 9051 §6.3.9)
    List(List<T>),
    /// `LSUB` (RFC 3501 §6.3.9)
    Lsub {
        /// What is put before the pattern.
        reference: T,
        /// A name with `*` and `%`.
        pattern: T,
    },
    /// `NAMESPACE` (RFC 9051 §6.3.10)
    Namespace,
    /// `STATUS` (RFC 9051 §6.3.11)
    Status(Status<T>),
    /// `APPEND` (RFC 9051 §6.3.12)
    Append(Append<T>),
    /// `IDLE` (RFC 9051 §6.3.13); its end is told by [`Command::is_done`].
    Idle,
    /// `CHECK` (RFC 3501 §6.4.1)
    Check,
    /// `CLOSE` (RFC 9051 §6.4.1)
    Close,
    /// `UNSELECT` (RFC 9051 §6.4.2)
    Unselect,
    /// `EXPUNGE` (RFC 9051 §6.4.3)
    Expunge,
    /// `UID EXPUNGE` (RFC 9051 §6.4.9)
    UidExpunge(SequenceSet),
    /// `SEARCH` and `UID SEARCH` (RFC 9051 §6.4.4)
    Search(Search<T>),
    /// `FETCH` and `UID FETCH` (RFC 9051 §6.4.5)
    Fetch(Fetch<T>),
    /// `STORE` and `UID STORE` (RFC 9051 §6.4.6)
    Store(Store<T>),
    /// `COPY` and `UID COPY` (RFC 9051 §6.4.7)
    Copy {
        /// Whether the set is one of UIDs.
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// Where to.
        mailbox: Mailbox<T>,
    },
    /// `MOVE` and `UID MOVE` (RFC 9051 §6.4.8)
    Move {
        /// Whether the set is one of UIDs.
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// Where to.
        mailbox: Mailbox<T>,
    },
    /// `SORT` and `UID SORT` (RFC 5256)
    Sort(Sort<T>),
    /// `THREAD` and `UID THREAD` (RFC 5256)
    Thread(Thread<T>),
    /// `REPLACE` and `UID REPLACE` (RFC 8508)
    Replace(Replace<T>),
    /// `ESEARCH` (RFC 7377)
    ESearch(MultiSearch<T>),
    /// `CANCELUPDATE tag ...` (RFC 5267 §4.3): tags of searches whose changes are told no more.
    CancelUpdate(Vec<T>),
    /// `UIDBATCHES size [from:to]` (RFC 10022)
    UidBatches {
        /// How many messages are in a batch.
        size: NonZeroU32,
        /// Which batches, counted from 1 at the highest UIDs; absent for all.
        range: Option<(NonZeroU32, NonZeroU32)>,
    },
    /// `GETACL` (RFC 4314 §3.3)
    GetAcl(Mailbox<T>),
    /// `SETACL` (RFC 4314 §3.1)
    SetAcl(SetAcl<T>),
    /// `DELETEACL` (RFC 4314 §3.2)
    DeleteAcl {
        /// Of which mailbox.
        mailbox: Mailbox<T>,
        /// Whose rights.
        identifier: T,
    },
    /// `LISTRIGHTS` (RFC 4314 §3.4)
    ListRights {
        /// Of which mailbox.
        mailbox: Mailbox<T>,
        /// Whose rights.
        identifier: T,
    },
    /// `MYRIGHTS` (RFC 4314 §3.5)
    MyRights(Mailbox<T>),
    /// `GETQUOTA root` (RFC 9208 §4.1.1)
    GetQuota(T),
    /// `GETQUOTAROOT mailbox` (RFC 9208 §4.1.2)
    GetQuotaRoot(Mailbox<T>),
    /// `SETQUOTA` (RFC 9208 §4.1.3)
    SetQuota(SetQuota<T>),
    /// `GETMETADATA` (RFC 5464 §4.2)
    GetMetadata(GetMetadata<T>),
    /// `SETMETADATA` (RFC 5464 §4.3)
    SetMetadata(SetMetadata<T>),
    /// `NOTIFY` (RFC 5465)
    Notify(Notify<T>),
    /// Any other command; its arguments as they came, literals included.
    Other {
        /// The name in the client's own spelling; two words if the first is UID.
        name: T,
        /// What follows the name and a space; empty where nothing does.
        arguments: T,
    },
}

/// A command that is not grammatical. It keeps the tag, so that BAD can always be answered to it.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct BadCommand<T> {
    /// The tag; absent where there is none that could be answered to.
    pub tag: Option<T>,
    /// Which command it was to be.
    pub keyword: Keyword,
    /// What is wrong with it.
    pub fault: Fault,
}

impl<T> fmt::Debug for BadCommand<T> {
    /// Shows nothing of the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BadCommand({}: {})", self.keyword, self.fault)
    }
}

impl<'a> TaggedCommand<Text<'a>> {
    /// Parses a frame without its line end (see [`Frame`](super::Frame)), or the head of one that ends in the announcement of a message.
    ///
    /// Names of commands and arguments have any case. More than one space between arguments, and spaces at the end, are let pass. What
    /// is no command that this crate knows is [`Command::Other`], if it has a tag and a name.
    ///
    /// # Errors
    ///
    /// [`BadCommand`], which the server must answer with a tagged BAD, or an untagged one if there is no tag (RFC 9051 §7.1.3).
    ///
    /// ```
    /// use imap_proto::codec::{Command, Keyword, TaggedCommand};
    ///
    /// let parsed = TaggedCommand::parse(b"a1 login ada {6}\r\nsecret").map_err(|bad| bad.fault)?;
    /// assert_eq!(&*parsed.tag, b"a1");
    /// assert!(matches!(parsed.command, Command::Login { user, password } if &*user == b"ada" && &*password.0 == b"secret"));
    ///
    /// let bad = TaggedCommand::parse(b"a2 FETCH one FLAGS").unwrap_err();
    /// assert_eq!((bad.tag, bad.keyword), (Some(&b"a2"[..]), Keyword::Fetch));
    /// assert_eq!(bad.fault.to_string(), "expected a sequence set at byte 9");
    /// # Ok::<(), imap_proto::codec::Fault>(())
    /// ```
    pub fn parse(frame: &'a [u8]) -> Result<Self, BadCommand<&'a [u8]>> {
        let bad = |tag, keyword| move |failure| BadCommand { tag, keyword, fault: Fault::of(frame, failure) };
        let (rest, tag) = text::tag(frame).map_err(bad(None, Keyword::Other))?;
        let (rest, name) = name(rest).map_err(bad(Some(tag), Keyword::Other))?;
        arguments::read(rest, &Head { frame, tag, name })
    }

    /// The same command, sharing the frame that it was parsed from: nothing is copied but strings that had escapes.
    pub fn into_owned(self, frame: &Bytes) -> TaggedCommand<Bytes> {
        self.map_text(&mut |text| text::own(frame, text))
    }
}

impl<'a> Command<Text<'a>> {
    /// The same command, sharing the frame that it was parsed from: nothing is copied but strings that had escapes.
    pub fn into_owned(self, frame: &Bytes) -> Command<Bytes> {
        self.map_text(&mut |text| text::own(frame, text))
    }
}

impl Command<()> {
    /// Whether a line is `DONE`, which ends IDLE (RFC 9051 §6.3.13).
    pub fn is_done(line: &[u8]) -> bool {
        line.trim_ascii_end().eq_ignore_ascii_case(b"DONE")
    }
}

impl<T> TaggedCommand<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> TaggedCommand<U> {
        TaggedCommand { tag: text(self.tag), command: self.command.map_text(text) }
    }
}

/// A command's name as it was read.
#[derive(Clone, Copy)]
struct Name<'a> {
    keyword: Keyword,
    /// In the client's own spelling, of both words if the first is UID.
    name: &'a [u8],
}

fn name(input: &[u8]) -> Parsed<'_, Name<'_>> {
    let (input, ()) = text::sp(input)?;
    let Ok((rest, word)) = atom(input) else { return fail(input, Expected::Command) };
    if word != b"UID" && !word.eq_ignore_ascii_case(b"UID") {
        // The two words of a UID command cannot come out of one atom.
        return Ok((rest, Name { keyword: Keyword::from_bytes(word), name: word }));
    }
    let Ok((rest, second)) = text::sp(rest).and_then(|(rest, ())| atom(rest)) else {
        return fail(rest, Expected::Command);
    };
    let name = &input[..input.len() - rest.len()];
    Ok((rest, Name { keyword: Keyword::after_uid(second).unwrap_or(Keyword::Other), name }))
}

/// Whether this byte comes next, after spaces.
fn is_next(input: &[u8], wanted: u8) -> bool {
    skip_spaces(input).first() == Some(&wanted)
}

/// `sequence-set` (RFC 9051 §9), with `$` (RFC 5182).
pub(super) fn sequence_set(input: &[u8]) -> Parsed<'_, SequenceSet> {
    match SequenceSet::take(input) {
        Ok((set, rest)) => Ok((rest, set)),
        Err(_) => fail(input, Expected::SequenceSet),
    }
}

pub(super) fn write_set(set: &SequenceSet, writer: &mut Writer<'_>) {
    set.write(&mut |piece| writer.put(piece));
}

fn number_or_last(input: &[u8]) -> Parsed<'_, Bound> {
    match input {
        [b'*', rest @ ..] => Ok((rest, Bound::Last)),
        _ => nz_number(input).map(|(rest, number)| (rest, Bound::Number(number))),
    }
}

/// The value after a name, if one follows, as it stands.
fn named_value(input: &[u8]) -> Parsed<'_, Option<Text<'_>>> {
    let value = skip_spaces(input);
    if value.len() == input.len() || matches!(value.first(), None | Some(b')')) {
        return Ok((input, None));
    }
    opaque(value).map(|(rest, value)| (rest, Some(Cow::Borrowed(value))))
}

fn write_named_value<T: AsRef<[u8]>>(name: &T, value: Option<&T>, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    writer.atom(name.as_ref())?;
    match value {
        Some(value) => {
            writer.space();
            writer.opaque(value.as_ref())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
