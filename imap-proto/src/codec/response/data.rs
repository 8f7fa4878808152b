use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{
    Acl, Esearch, ListEntry, ListRights, MailboxStatus, Metadata, MyRights, Namespaces, Quota, QuotaRoots,
    SearchResult, Threads,
};
use crate::codec::capability::Capability;
use crate::codec::cursor::{ATOM, Cursor, Read};
use crate::codec::encode::{Encode, Unwritable, Writer};
use crate::codec::fault::Expected;
use crate::codec::fetch::{self, MessageAttribute};
use crate::codec::flag_list::FlagList;
use crate::codec::number::Uid;
use crate::codec::number_set::UidSet;
use crate::codec::section::upper;
use crate::codec::sequence::SeqNo;

/// What a server tells, asked or unasked (RFC 9051 §7.2 to §7.5, and extensions).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Data<T> {
    /// `CAPABILITY`
    Capability(Vec<Capability<T>>),
    /// `ENABLED`: what ENABLE has turned on (RFC 5161).
    Enabled(Vec<Capability<T>>),
    /// `FLAGS`: the flags that messages of the mailbox can have.
    Flags(FlagList<T>),
    /// `LIST`
    List(ListEntry<T>),
    /// `LSUB`: a mailbox that is subscribed to (RFC 3501 §7.2.3).
    Lsub(ListEntry<T>),
    /// `STATUS`
    Status(MailboxStatus<T>),
    /// `SEARCH` (RFC 3501 §7.2.5)
    Search(SearchResult),
    /// `SORT` (RFC 5256 §4)
    Sort(SearchResult),
    /// `ESEARCH`
    Esearch(Esearch<T>),
    /// `THREAD` (RFC 5256 §4)
    Thread(Threads),
    /// `EXISTS`: how many messages there are.
    Exists(u32),
    /// `RECENT`: how many messages are new to this session (RFC 3501 §7.3.2).
    Recent(u32),
    /// `EXPUNGE`: a message is gone, and all after it have a number less.
    Expunge(SeqNo),
    /// `VANISHED`: messages are gone (RFC 7162 §3.2.10).
    Vanished {
        /// Whether they went before this session knew of them: no number changes.
        earlier: bool,
        /// Which they are.
        uids: UidSet,
    },
    /// `FETCH`
    Fetch {
        /// Which message.
        number: SeqNo,
        /// What is told of it.
        items: Vec<MessageAttribute<T>>,
    },
    /// `UIDFETCH`, in the place of FETCH once UIDONLY is enabled (RFC 9586 §3.3).
    UidFetch {
        /// Which message.
        uid: Uid,
        /// What is told of it.
        items: Vec<MessageAttribute<T>>,
    },
    /// `ID`: what the server is, if it tells (RFC 2971 §3.2).
    Id(Option<Vec<(T, Option<T>)>>),
    /// `NAMESPACE`
    Namespace(Namespaces<T>),
    /// `QUOTA`
    Quota(Quota<T>),
    /// `QUOTAROOT`
    QuotaRoots(QuotaRoots<T>),
    /// `ACL`
    Acl(Acl<T>),
    /// `LISTRIGHTS`
    ListRights(ListRights<T>),
    /// `MYRIGHTS`
    MyRights(MyRights<T>),
    /// `METADATA`
    Metadata(Metadata<T>),
    /// `LANGUAGE`: the language that is used, or those that can be (RFC 5255 §3.3).
    Language(Vec<T>),
    /// `COMPARATOR`
    Comparator(Comparator<T>),
    /// Data that this crate does not know.
    Other {
        /// The number before the name, if there is one.
        number: Option<u32>,
        /// Its name.
        name: T,
        /// What stands after the name, as it is.
        rest: T,
    },
}

/// How texts are compared (RFC 5255 §4.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparator<T> {
    /// The comparator that is used.
    pub active: T,
    /// Those that could be.
    pub available: Vec<T>,
}

type Text<'a> = Cow<'a, [u8]>;

/// Reads all of a response that is `* 12 FETCH (...)`, spelt just so. What is the most that servers say is put where it is to be at once; whatever is wrong with it,
/// the others find out.
#[inline]
pub(super) fn read_fetched<'a>(frame: &'a [u8]) -> Option<Data<Text<'a>>> {
    let mut cursor = Cursor::new(frame);
    if !cursor.eat_prefix(b"* ") {
        return None;
    }
    let number = cursor.nz_number().ok()?;
    if !cursor.eat_prefix(b" FETCH ") {
        return None;
    }
    let items = fetch::read_items(&mut cursor).ok()?;
    cursor.is_at_end().then_some(Data::Fetch { number, items })
}

/// Reads `12 FETCH (...)` and its like.
pub(super) fn read_numbered<'a>(cursor: &mut Cursor<'a>) -> Read<Data<Text<'a>>> {
    let at_number = *cursor;
    let number = cursor.number()?;
    cursor.space()?;
    let name = cursor.take_class(ATOM);
    let not_zero = || SeqNo::new(number).ok_or_else(|| at_number.error(Expected::NonZero));
    let data = match upper(name, &mut [0; 8]) {
        b"FETCH" => {
            cursor.space()?;
            Data::Fetch { number: not_zero()?, items: fetch::read_items(cursor)? }
        }
        b"UIDFETCH" => {
            cursor.space()?;
            Data::UidFetch { uid: not_zero()?.into(), items: fetch::read_items(cursor)? }
        }
        b"EXISTS" => Data::Exists(number),
        b"RECENT" => Data::Recent(number),
        b"EXPUNGE" => Data::Expunge(not_zero()?),
        _ => return read_other(cursor, Some(number), name),
    };
    cursor.end()?;
    Ok(data)
}

/// Reads what follows the name, which is given as it came and in upper case.
pub(super) fn read_named<'a>(cursor: &mut Cursor<'a>, name: &'a [u8], upper: &[u8]) -> Read<Data<Text<'a>>> {
    let data = match upper {
        b"SEARCH" => Data::Search(SearchResult::read(cursor)?),
        b"SORT" => Data::Sort(SearchResult::read(cursor)?),
        b"ESEARCH" => Data::Esearch(Esearch::read(cursor)?),
        b"THREAD" => Data::Thread(Threads::read(cursor)?),
        b"FLAGS" => {
            cursor.space()?;
            Data::Flags(FlagList::read(cursor)?)
        }
        b"LIST" => Data::List(ListEntry::read(cursor)?),
        b"LSUB" => Data::Lsub(ListEntry::read(cursor)?),
        b"STATUS" => Data::Status(MailboxStatus::read(cursor)?),
        b"CAPABILITY" => Data::Capability(Capability::list(cursor.rest_of_line()).collect()),
        b"ENABLED" => Data::Enabled(Capability::list(cursor.rest_of_line()).collect()),
        b"VANISHED" => {
            cursor.space()?;
            let earlier = cursor.peek() == Some(b'(');
            if earlier {
                cursor.open()?;
                if !cursor.eat_word(b"EARLIER") {
                    return cursor.fail(Expected::Keyword);
                }
                cursor.close()?;
                cursor.space()?;
            }
            Data::Vanished { earlier, uids: cursor.uid_set()? }
        }
        b"ID" => {
            cursor.space()?;
            Data::Id(if cursor.eat_nil() { None } else { Some(cursor.list(field)?) })
        }
        b"NAMESPACE" => Data::Namespace(Namespaces::read(cursor)?),
        b"QUOTA" => Data::Quota(Quota::read(cursor)?),
        b"QUOTAROOT" => Data::QuotaRoots(QuotaRoots::read(cursor)?),
        b"ACL" => Data::Acl(Acl::read(cursor)?),
        b"LISTRIGHTS" => Data::ListRights(ListRights::read(cursor)?),
        b"MYRIGHTS" => Data::MyRights(MyRights::read(cursor)?),
        b"METADATA" => Data::Metadata(Metadata::read(cursor)?),
        b"LANGUAGE" => {
            cursor.space()?;
            Data::Language(cursor.list(Cursor::string)?)
        }
        b"COMPARATOR" => {
            cursor.space()?;
            let active = cursor.string()?;
            let available = if cursor.is_at_end() { Vec::new() } else { cursor.list(Cursor::string)? };
            Data::Comparator(Comparator { active, available })
        }
        _ => return read_other(cursor, None, name),
    };
    cursor.end()?;
    Ok(data)
}

fn field<'a>(cursor: &mut Cursor<'a>) -> Read<(Text<'a>, Option<Text<'a>>)> {
    let name = cursor.string()?;
    cursor.space()?;
    Ok((name, cursor.nstring()?))
}

fn read_other<'a>(cursor: &mut Cursor<'a>, number: Option<u32>, name: &'a [u8]) -> Read<Data<Text<'a>>> {
    if name.is_empty() {
        return cursor.fail(Expected::Data);
    }
    if !cursor.is_at_end_or_space() {
        return cursor.fail(Expected::Space);
    }
    cursor.skip_spaces();
    Ok(Data::Other { number, name: Cow::Borrowed(name), rest: Cow::Borrowed(cursor.rest_of_line()) })
}

impl<T> Data<T> {
    /// Turns each text into another, as from borrowed to shared.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Data<U> {
        match self {
            Data::Capability(all) => Data::Capability(all.into_iter().map(|one| one.map_text(f)).collect()),
            Data::Enabled(all) => Data::Enabled(all.into_iter().map(|one| one.map_text(f)).collect()),
            Data::Flags(flags) => Data::Flags(flags.map_text(f)),
            Data::List(entry) => Data::List(entry.map_text(f)),
            Data::Lsub(entry) => Data::Lsub(entry.map_text(f)),
            Data::Status(status) => Data::Status(status.map_text(f)),
            Data::Search(result) => Data::Search(result),
            Data::Sort(result) => Data::Sort(result),
            Data::Esearch(result) => Data::Esearch(result.map_text(f)),
            Data::Thread(threads) => Data::Thread(threads),
            Data::Exists(count) => Data::Exists(count),
            Data::Recent(count) => Data::Recent(count),
            Data::Expunge(number) => Data::Expunge(number),
            Data::Vanished { earlier, uids } => Data::Vanished { earlier, uids },
            Data::Fetch { number, items } => {
                Data::Fetch { number, items: items.into_iter().map(|item| item.map_text(f)).collect() }
            }
            Data::UidFetch { uid, items } => {
                Data::UidFetch { uid, items: items.into_iter().map(|item| item.map_text(f)).collect() }
            }
            Data::Id(fields) => Data::Id(
                fields.map(|fields| fields.into_iter().map(|(name, value)| (f(name), value.map(&mut *f))).collect()),
            ),
            Data::Namespace(namespaces) => Data::Namespace(namespaces.map_text(f)),
            Data::Quota(quota) => Data::Quota(quota.map_text(f)),
            Data::QuotaRoots(roots) => Data::QuotaRoots(roots.map_text(f)),
            Data::Acl(acl) => Data::Acl(acl.map_text(f)),
            Data::ListRights(rights) => Data::ListRights(rights.map_text(f)),
            Data::MyRights(rights) => Data::MyRights(rights.map_text(f)),
            Data::Metadata(metadata) => Data::Metadata(metadata.map_text(f)),
            Data::Language(languages) => Data::Language(languages.into_iter().map(f).collect()),
            Data::Comparator(Comparator { active, available }) => {
                Data::Comparator(Comparator { active: f(active), available: available.into_iter().map(f).collect() })
            }
            Data::Other { number, name, rest } => Data::Other { number, name: f(name), rest: f(rest) },
        }
    }
}

impl<T: AsRef<[u8]>> Encode for Data<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"* ");
        self.write_words(writer)?;
        writer.line_end();
        Ok(())
    }
}

impl<T: AsRef<[u8]>> Data<T> {
    fn write_words(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            Data::Capability(all) => {
                writer.put(b"CAPABILITY");
                write_capabilities(writer, all)
            }
            Data::Enabled(all) => {
                writer.put(b"ENABLED");
                write_capabilities(writer, all)
            }
            Data::Flags(flags) => {
                writer.put(b"FLAGS ");
                flags.write(writer)
            }
            Data::List(entry) => {
                writer.put(b"LIST");
                entry.write(writer)
            }
            Data::Lsub(entry) => {
                writer.put(b"LSUB");
                entry.write(writer)
            }
            Data::Status(status) => {
                writer.put(b"STATUS");
                status.write(writer)
            }
            Data::Search(result) => {
                writer.put(b"SEARCH");
                result.write(writer)
            }
            Data::Sort(result) => {
                writer.put(b"SORT");
                result.write(writer)
            }
            Data::Esearch(result) => {
                writer.put(b"ESEARCH");
                result.write(writer)
            }
            Data::Thread(threads) => {
                writer.put(b"THREAD");
                threads.write(writer)
            }
            Data::Exists(count) => {
                writer.number((*count).into());
                writer.put(b" EXISTS");
                Ok(())
            }
            Data::Recent(count) => {
                writer.number((*count).into());
                writer.put(b" RECENT");
                Ok(())
            }
            Data::Expunge(number) => {
                writer.number(number.get().into());
                writer.put(b" EXPUNGE");
                Ok(())
            }
            Data::Vanished { earlier, uids } => {
                writer.put(if *earlier { b"VANISHED (EARLIER) " } else { b"VANISHED " });
                writer.uid_set(uids)
            }
            Data::Fetch { number, items } => {
                writer.number(number.get().into());
                writer.put(b" FETCH ");
                writer.list(items, |writer, item| item.write(writer))
            }
            Data::UidFetch { uid, items } => {
                writer.number(uid.get().into());
                writer.put(b" UIDFETCH ");
                writer.list(items, |writer, item| item.write(writer))
            }
            Data::Id(None) => {
                writer.put(b"ID NIL");
                Ok(())
            }
            Data::Id(Some(fields)) => {
                writer.put(b"ID ");
                writer.list(fields, |writer, (name, value)| {
                    writer.string(name.as_ref())?;
                    writer.space();
                    writer.nstring(value.as_ref().map(AsRef::as_ref))
                })
            }
            Data::Namespace(namespaces) => {
                writer.put(b"NAMESPACE");
                namespaces.write(writer)
            }
            Data::Quota(quota) => {
                writer.put(b"QUOTA");
                quota.write(writer)
            }
            Data::QuotaRoots(roots) => {
                writer.put(b"QUOTAROOT");
                roots.write(writer)
            }
            Data::Acl(acl) => {
                writer.put(b"ACL");
                acl.write(writer)
            }
            Data::ListRights(rights) => {
                writer.put(b"LISTRIGHTS");
                rights.write(writer)
            }
            Data::MyRights(rights) => {
                writer.put(b"MYRIGHTS");
                rights.write(writer)
            }
            Data::Metadata(metadata) => {
                writer.put(b"METADATA");
                metadata.write(writer)
            }
            Data::Language(languages) => {
                writer.put(b"LANGUAGE ");
                writer.list1(languages, |writer, language| writer.string(language.as_ref()))
            }
            Data::Comparator(Comparator { active, available }) => {
                writer.put(b"COMPARATOR ");
                writer.string(active.as_ref())?;
                if !available.is_empty() {
                    writer.space();
                    writer.list(available, |writer, comparator| writer.string(comparator.as_ref()))?;
                }
                Ok(())
            }
            Data::Other { number, name, rest } => {
                if let Some(number) = number {
                    writer.number((*number).into());
                    writer.space();
                }
                writer.atom(name.as_ref())?;
                if !rest.as_ref().is_empty() {
                    writer.space();
                    writer.rest_of_response(rest.as_ref())?;
                }
                Ok(())
            }
        }
    }
}

fn write_capabilities<T: AsRef<[u8]>>(writer: &mut Writer<'_>, all: &[Capability<T>]) -> Result<(), Unwritable> {
    all.iter().try_for_each(|capability| {
        writer.space();
        capability.write(writer)
    })
}
