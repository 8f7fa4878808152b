//! LIST, with LIST-EXTENDED, LIST-STATUS, SPECIAL-USE, LIST-MYRIGHTS and LIST-METADATA (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440,
//! RFC 9590); STATUS (RFC 9051 §6.3.11); CREATE with a special use (RFC 6154 §3).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::{Expected, Parsed};
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::text::{astring, atom, keyword, list, list_mailbox, list1, skip_spaces, sp};
use crate::codec::words::words;

use super::metadata::{read_entries, write_entries};
use super::{Text, is_next, named_value, write_named_value};

/// `LIST [(selection)] reference pattern [RETURN (...)]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    /// Which mailboxes are meant, beyond their names.
    pub selection: Vec<ListSelection<T>>,
    /// What is put before each pattern.
    pub reference: T,
    /// Names with `*` and `%`; one or more.
    pub patterns: Vec<T>,
    /// Whether the patterns stand in parentheses, which makes LIST an extended one even where there is but one (RFC 5258 §3).
    pub in_parentheses: bool,
    /// What is told of each mailbox; absent where nothing was asked for.
    pub returns: Option<Vec<ListReturn<T>>>,
}

/// Which mailboxes LIST is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListSelection<T> {
    /// `SUBSCRIBED`: those that are subscribed to, there or not.
    Subscribed,
    /// `REMOTE`: those on other servers too.
    Remote,
    /// `RECURSIVEMATCH`: those too that have children that are selected.
    RecursiveMatch,
    /// `SPECIAL-USE`: those with a special use.
    SpecialUse,
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// A list in parentheses, most often.
        value: Option<T>,
    },
}

/// What LIST tells of each mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListReturn<T> {
    /// `SUBSCRIBED`
    Subscribed,
    /// `CHILDREN`
    Children,
    /// `SPECIAL-USE`
    SpecialUse,
    /// `MYRIGHTS`
    MyRights,
    /// `STATUS (...)`
    Status(Vec<StatusItem<T>>),
    /// `METADATA (...)`: the values of these entries.
    Metadata(Vec<T>),
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// A list in parentheses, most often.
        value: Option<T>,
    },
}

words! {
    /// What STATUS asks for.
    StatusItem:
    /// How many messages there are.
    Messages "MESSAGES",
    /// How many are recent (RFC 3501).
    Recent "RECENT",
    /// The UID that the next message will have at least.
    UidNext "UIDNEXT",
    /// What the UIDs' validity depends on.
    UidValidity "UIDVALIDITY",
    /// How many are unseen.
    Unseen "UNSEEN",
    /// How many are deleted.
    Deleted "DELETED",
    /// The size of all messages together (RFC 8438).
    Size "SIZE",
    /// The highest mod-sequence (RFC 7162).
    HighestModSeq "HIGHESTMODSEQ",
    /// The longest message that APPEND takes (RFC 7889).
    AppendLimit "APPENDLIMIT",
    /// How many bytes expunging the deleted messages would free (RFC 9208).
    DeletedStorage "DELETED-STORAGE",
    /// The mailbox's identifier (RFC 8474).
    MailboxId "MAILBOXID",
}

/// `STATUS mailbox (items)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<T> {
    /// Which.
    pub mailbox: Mailbox<T>,
    /// What is asked for; at least one.
    pub items: Vec<StatusItem<T>>,
}

/// `CREATE mailbox [(parameters)]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create<T> {
    /// Which.
    pub mailbox: Mailbox<T>,
    /// How; absent by default.
    pub parameters: Vec<CreateParameter<T>>,
}

/// A parameter of CREATE (RFC 4466 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateParameter<T> {
    /// `USE (...)`: special uses, with their backslashes (RFC 6154 §3).
    Use(Vec<T>),
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// An atom, a number, a set, a string or a list in parentheses.
        value: Option<T>,
    },
}

impl<'a> List<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut rest, mut selection) = (input, Vec::new());
        if rest.first() == Some(&b'(') {
            let (after, some) = list(rest, ListSelection::read)?;
            selection = some;
            rest = sp(after)?.0;
        }
        let (rest, reference) = astring(rest)?;
        let (rest, ()) = sp(rest)?;
        let in_parentheses = rest.first() == Some(&b'(');
        let (rest, patterns) = if in_parentheses {
            list1(rest, list_mailbox)?
        } else {
            list_mailbox(rest).map(|(rest, pattern)| (rest, Vec::from([pattern])))?
        };
        let mut found = List { selection, reference, patterns, in_parentheses, returns: None };
        if !matches!(skip_spaces(rest).first(), Some(b'R' | b'r')) {
            return Ok((rest, found));
        }
        let (rest, ()) = sp(rest)?;
        let (rest, ()) = keyword(rest, b"RETURN")?;
        let (rest, ()) = sp(rest)?;
        let (rest, returns) = list(rest, ListReturn::read)?;
        found.returns = Some(returns);
        Ok((rest, found))
    }
}

impl<'a> ListSelection<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        let known = if is(b"SUBSCRIBED") {
            ListSelection::Subscribed
        } else if is(b"REMOTE") {
            ListSelection::Remote
        } else if is(b"RECURSIVEMATCH") {
            ListSelection::RecursiveMatch
        } else if is(b"SPECIAL-USE") {
            ListSelection::SpecialUse
        } else {
            let (rest, value) = list_value(rest)?;
            return Ok((rest, ListSelection::Other { name: Cow::Borrowed(name), value }));
        };
        Ok((rest, known))
    }
}

/// Of an option that is not known, what stands in parentheses is its value; a word is the next option.
fn list_value(input: &[u8]) -> Parsed<'_, Option<Text<'_>>> {
    if is_next(input, b'(') { named_value(input) } else { Ok((input, None)) }
}

impl<'a> ListReturn<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        let known = if is(b"SUBSCRIBED") {
            ListReturn::Subscribed
        } else if is(b"CHILDREN") {
            ListReturn::Children
        } else if is(b"SPECIAL-USE") {
            ListReturn::SpecialUse
        } else if is(b"MYRIGHTS") {
            ListReturn::MyRights
        } else if is(b"STATUS") {
            let (rest, ()) = sp(rest)?;
            let (rest, items) = list1(rest, StatusItem::read)?;
            return Ok((rest, ListReturn::Status(items)));
        } else if is(b"METADATA") {
            let (rest, ()) = sp(rest)?;
            let (rest, entries) = read_entries(rest)?;
            return Ok((rest, ListReturn::Metadata(entries)));
        } else {
            let (rest, value) = list_value(rest)?;
            return Ok((rest, ListReturn::Other { name: Cow::Borrowed(name), value }));
        };
        Ok((rest, known))
    }
}

impl<'a> Status<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, mailbox) = mailbox(input)?;
        let (rest, ()) = sp(rest)?;
        let (rest, items) = list1(rest, StatusItem::read)?;
        Ok((rest, Status { mailbox, items }))
    }
}

impl<'a> Create<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, mailbox) = mailbox(input)?;
        let mut create = Create { mailbox, parameters: Vec::new() };
        if !is_next(rest, b'(') {
            return Ok((rest, create));
        }
        let (rest, parameters) = list1(skip_spaces(rest), CreateParameter::read)?;
        create.parameters = parameters;
        Ok((rest, create))
    }
}

impl<'a> CreateParameter<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        if name.eq_ignore_ascii_case(b"USE") {
            let (rest, ()) = sp(rest)?;
            let (rest, uses) = list(rest, special_use)?;
            return Ok((rest, CreateParameter::Use(uses)));
        }
        let (rest, value) = named_value(rest)?;
        Ok((rest, CreateParameter::Other { name: Cow::Borrowed(name), value }))
    }
}

/// `use-attr`: an atom after a backslash.
fn special_use(input: &[u8]) -> Parsed<'_, Text<'_>> {
    let (rest, ()) = crate::codec::text::byte(input, b'\\', Expected::Flag)?;
    let (rest, _) = atom(rest)?;
    Ok((rest, Cow::Borrowed(&input[..input.len() - rest.len()])))
}

impl<T: AsRef<[u8]>> List<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        if !self.selection.is_empty() {
            writer.list(&self.selection, |writer, selection| selection.write(writer))?;
            writer.space();
        }
        writer.astring(self.reference.as_ref())?;
        writer.space();
        match &self.patterns[..] {
            [pattern] if !self.in_parentheses => writer.list_mailbox(pattern.as_ref())?,
            patterns => writer.list1(patterns, |writer, pattern| writer.list_mailbox(pattern.as_ref()))?,
        }
        if let Some(returns) = &self.returns {
            writer.put(b" RETURN ");
            writer.list(returns, |writer, one| one.write(writer))?;
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> ListSelection<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let word: &[u8] = match self {
            ListSelection::Subscribed => b"SUBSCRIBED",
            ListSelection::Remote => b"REMOTE",
            ListSelection::RecursiveMatch => b"RECURSIVEMATCH",
            ListSelection::SpecialUse => b"SPECIAL-USE",
            ListSelection::Other { name, value } => return write_list_value(name, value.as_ref(), writer),
        };
        writer.put(word);
        Ok(())
    }
}

/// A value that is no list would be read as the next option.
fn write_list_value<T: AsRef<[u8]>>(name: &T, value: Option<&T>, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    if value.is_some_and(|value| !value.as_ref().starts_with(b"(")) {
        return Err(Unwritable::Value);
    }
    write_named_value(name, value, writer)
}

impl<T: AsRef<[u8]>> ListReturn<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let word: &[u8] = match self {
            ListReturn::Subscribed => b"SUBSCRIBED",
            ListReturn::Children => b"CHILDREN",
            ListReturn::SpecialUse => b"SPECIAL-USE",
            ListReturn::MyRights => b"MYRIGHTS",
            ListReturn::Status(items) => {
                writer.put(b"STATUS ");
                return writer.list1(items, |writer, item| item.write(writer));
            }
            ListReturn::Metadata(entries) => {
                writer.put(b"METADATA ");
                return write_entries(entries, writer);
            }
            ListReturn::Other { name, value } => return write_list_value(name, value.as_ref(), writer),
        };
        writer.put(word);
        Ok(())
    }
}

impl<T: AsRef<[u8]>> Status<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.mailbox.write(writer)?;
        writer.space();
        writer.list1(&self.items, |writer, item| item.write(writer))
    }
}

impl<T: AsRef<[u8]>> Create<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.mailbox.write(writer)?;
        if self.parameters.is_empty() {
            return Ok(());
        }
        writer.space();
        writer.list(&self.parameters, |writer, parameter| match parameter {
            CreateParameter::Use(uses) => {
                writer.put(b"USE ");
                writer.list(uses, |writer, one| {
                    let name = one.as_ref().strip_prefix(b"\\").ok_or(Unwritable::Value)?;
                    writer.put(b"\\");
                    writer.atom(name)
                })
            }
            CreateParameter::Other { name, value } => write_named_value(name, value.as_ref(), writer),
        })
    }
}

impl<T> List<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> List<U> {
        let selection = self.selection.into_iter().map(|one| one.map_text(text)).collect();
        let reference = text(self.reference);
        let patterns = self.patterns.into_iter().map(&mut *text).collect();
        let returns = self.returns.map(|returns| returns.into_iter().map(|one| one.map_text(text)).collect());
        List { selection, reference, patterns, in_parentheses: self.in_parentheses, returns }
    }
}

impl<T> ListSelection<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> ListSelection<U> {
        match self {
            ListSelection::Subscribed => ListSelection::Subscribed,
            ListSelection::Remote => ListSelection::Remote,
            ListSelection::RecursiveMatch => ListSelection::RecursiveMatch,
            ListSelection::SpecialUse => ListSelection::SpecialUse,
            ListSelection::Other { name, value } => ListSelection::Other { name: text(name), value: value.map(text) },
        }
    }
}

impl<T> ListReturn<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> ListReturn<U> {
        match self {
            ListReturn::Subscribed => ListReturn::Subscribed,
            ListReturn::Children => ListReturn::Children,
            ListReturn::SpecialUse => ListReturn::SpecialUse,
            ListReturn::MyRights => ListReturn::MyRights,
            ListReturn::Status(items) => {
                ListReturn::Status(items.into_iter().map(|item| item.map_text(text)).collect())
            }
            ListReturn::Metadata(entries) => ListReturn::Metadata(entries.into_iter().map(text).collect()),
            ListReturn::Other { name, value } => ListReturn::Other { name: text(name), value: value.map(text) },
        }
    }
}

impl<T> Status<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Status<U> {
        let items = self.items.into_iter().map(|item| item.map_text(text)).collect();
        Status { mailbox: self.mailbox.map_text(text), items }
    }
}

impl<T> Create<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Create<U> {
        let parameter = |parameter| match parameter {
            CreateParameter::Use(uses) => CreateParameter::Use(uses.into_iter().map(&mut *text).collect()),
            CreateParameter::Other { name, value } => {
                CreateParameter::Other { name: text(name), value: value.map(&mut *text) }
            }
        };
        let parameters = self.parameters.into_iter().map(parameter).collect();
        Create { mailbox: self.mailbox.map_text(text), parameters }
    }
}
