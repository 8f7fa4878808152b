//! LIST and LSUB (RFC 3501 §7.2.2, RFC 9051 §7.3.1), with what RFC 5258 and RFC 6154 add.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Expected;
use crate::codec::mailbox::Mailbox;
use crate::codec::section::upper;

/// One mailbox, or a level of the hierarchy, as LIST tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry<T> {
    /// What is to be known of it.
    pub attributes: Vec<ListAttribute<T>>,
    /// What stands between the levels of its name; absent where there are no levels.
    pub delimiter: Option<u8>,
    /// Its name.
    pub mailbox: Mailbox<T>,
    /// What extensions add.
    pub extended: Vec<ListExtension<T>>,
}

macro_rules! list_attributes {
    ($($(#[$doc:meta])* $attribute:ident $name:literal $upper:literal)*) => {
        /// An attribute of a mailbox in LIST (RFC 9051 §7.3.1, RFC 8457, and the IANA registry of mailbox name attributes).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ListAttribute<T> {
            $($(#[$doc])* $attribute,)*
            /// Another, without its backslash.
            Other(T),
        }

        impl<T> ListAttribute<T> {
            fn of(upper: &[u8]) -> Option<Self> {
                Some(match upper {
                    $($upper => ListAttribute::$attribute,)*
                    _ => return None,
                })
            }

            /// Turns the text into another.
            pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> ListAttribute<U> {
                match self {
                    $(ListAttribute::$attribute => ListAttribute::$attribute,)*
                    ListAttribute::Other(name) => ListAttribute::Other(f(name)),
                }
            }
        }

        impl<T: AsRef<[u8]>> ListAttribute<T> {
            /// The name, without its backslash.
            pub fn name(&self) -> &[u8] {
                match self {
                    $(ListAttribute::$attribute => $name,)*
                    ListAttribute::Other(name) => name.as_ref(),
                }
            }
        }
    };
}

list_attributes! {
    /// `\NonExistent`: there is no such mailbox; there may be some below it.
    NonExistent b"NonExistent" b"NONEXISTENT"
    /// `\Noinferiors`: none can be below it.
    NoInferiors b"Noinferiors" b"NOINFERIORS"
    /// `\Noselect`: it cannot be selected.
    NoSelect b"Noselect" b"NOSELECT"
    /// `\HasChildren`
    HasChildren b"HasChildren" b"HASCHILDREN"
    /// `\HasNoChildren`
    HasNoChildren b"HasNoChildren" b"HASNOCHILDREN"
    /// `\Marked`: there may be something new in it.
    Marked b"Marked" b"MARKED"
    /// `\Unmarked`: there is nothing new in it.
    Unmarked b"Unmarked" b"UNMARKED"
    /// `\Subscribed`
    Subscribed b"Subscribed" b"SUBSCRIBED"
    /// `\Remote`: it is on another server.
    Remote b"Remote" b"REMOTE"
    /// `\All`: all messages.
    All b"All" b"ALL"
    /// `\Archive`
    Archive b"Archive" b"ARCHIVE"
    /// `\Drafts`
    Drafts b"Drafts" b"DRAFTS"
    /// `\Flagged`: all messages that are flagged.
    Flagged b"Flagged" b"FLAGGED"
    /// `\Important`: all messages that are important (RFC 8457).
    Important b"Important" b"IMPORTANT"
    /// `\Junk`
    Junk b"Junk" b"JUNK"
    /// `\Memos`: what the user has noted.
    Memos b"Memos" b"MEMOS"
    /// `\Scheduled`: what is to be sent later.
    Scheduled b"Scheduled" b"SCHEDULED"
    /// `\Sent`
    Sent b"Sent" b"SENT"
    /// `\Snoozed`: what comes back to the inbox later.
    Snoozed b"Snoozed" b"SNOOZED"
    /// `\Trash`
    Trash b"Trash" b"TRASH"
}

/// What extensions tell of a mailbox in LIST (RFC 5258 §6, RFC 9051 §6.3.9.7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListExtension<T> {
    /// `CHILDINFO`: some mailboxes below it meet these selection options, as `SUBSCRIBED`.
    ChildInfo(Vec<T>),
    /// `OLDNAME`: the name it was asked for by, or had before.
    OldName(Mailbox<T>),
    /// Another.
    Other {
        /// Its name.
        name: T,
        /// Its value, as it stands.
        value: T,
    },
}

impl<'a> ListEntry<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let attributes = cursor.list(ListAttribute::read)?;
        cursor.space()?;
        let delimiter = cursor.delimiter()?;
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        let mut extended = Vec::new();
        if !cursor.is_at_end() {
            extended = cursor.list(ListExtension::read)?;
        }
        Ok(ListEntry { attributes, delimiter, mailbox, extended })
    }
}

impl<'a> ListAttribute<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.eat(b'\\');
        let name = cursor.atom()?;
        Ok(ListAttribute::of(upper(name, &mut [0; 13])).unwrap_or(ListAttribute::Other(Cow::Borrowed(name))))
    }
}

impl<'a> ListExtension<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let name = cursor.string()?;
        cursor.space()?;
        let start = *cursor;
        let known = match upper(&name, &mut [0; 9]) {
            b"CHILDINFO" => cursor.list(Cursor::string).map(ListExtension::ChildInfo).ok(),
            b"OLDNAME" => old_name(cursor).map(ListExtension::OldName).ok(),
            _ => None,
        };
        if let Some(known) = known {
            return Ok(known);
        }
        *cursor = start;
        Ok(ListExtension::Other { name, value: Cow::Borrowed(cursor.value()?) })
    }
}

fn old_name<'a>(cursor: &mut Cursor<'a>) -> Read<Mailbox<Cow<'a, [u8]>>> {
    cursor.open()?;
    let mailbox = cursor.mailbox()?;
    cursor.close()?;
    Ok(mailbox)
}

impl<'a> Cursor<'a> {
    /// A quoted character, or NIL.
    pub(super) fn delimiter(&mut self) -> Read<Option<u8>> {
        // A backslash that should have been escaped.
        if self.rest().starts_with(b"\"\\\" ") {
            self.take(3);
            return Ok(Some(b'\\'));
        }
        match self.nstring()?.as_deref() {
            None | Some([]) => Ok(None),
            Some([delimiter]) => Ok(Some(*delimiter)),
            Some(_) => self.fail(Expected::Delimiter),
        }
    }
}

impl<T> ListEntry<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> ListEntry<U> {
        ListEntry {
            attributes: self.attributes.into_iter().map(|attribute| attribute.map_text(f)).collect(),
            delimiter: self.delimiter,
            mailbox: self.mailbox.map_text(f),
            extended: self.extended.into_iter().map(|extension| extension.map_text(f)).collect(),
        }
    }
}

impl<T> ListExtension<T> {
    fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> ListExtension<U> {
        match self {
            ListExtension::ChildInfo(options) => ListExtension::ChildInfo(options.into_iter().map(f).collect()),
            ListExtension::OldName(mailbox) => ListExtension::OldName(mailbox.map_text(f)),
            ListExtension::Other { name, value } => ListExtension::Other { name: f(name), value: f(value) },
        }
    }
}

impl<T: AsRef<[u8]>> ListEntry<T> {
    /// Writes what stands after `LIST` or `LSUB`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        writer.list(&self.attributes, |writer, attribute| {
            writer.put(b"\\");
            writer.atom(attribute.name())
        })?;
        writer.space();
        writer.delimiter(self.delimiter)?;
        writer.space();
        self.mailbox.write(writer)?;
        if !self.extended.is_empty() {
            writer.space();
            writer.list(&self.extended, |writer, extension| extension.write(writer))?;
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> ListExtension<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            ListExtension::ChildInfo(options) => {
                writer.put(b"\"CHILDINFO\" ");
                writer.list1(options, |writer, option| writer.string(option.as_ref()))
            }
            ListExtension::OldName(mailbox) => {
                writer.put(b"\"OLDNAME\" (");
                mailbox.write(writer)?;
                writer.put(b")");
                Ok(())
            }
            ListExtension::Other { name, value } => {
                writer.string(name.as_ref())?;
                writer.space();
                writer.opaque(value.as_ref())
            }
        }
    }
}
