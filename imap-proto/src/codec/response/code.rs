use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use memchr::memchr;

use crate::codec::capability::Capability;
use crate::codec::cursor::{Cursor, Read, is_atom_byte};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Expected;
use crate::codec::flag_list::FlagList;
use crate::codec::number::{ModSeq, Uid, mod_seq_or_zero};
use crate::codec::section::upper;
use crate::codec::sequence::{SeqNo, SequenceSet};

/// A response code: what programs can understand of a status (RFC 9051 §7.1, and the IANA registry of IMAP response codes).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code<T> {
    /// `ALERT`: the text must be shown to the user, as a message of the server's.
    Alert,
    /// `ALREADYEXISTS`: there is such a mailbox already (RFC 5530).
    AlreadyExists,
    /// `APPENDUID`: where the messages that were appended are (RFC 4315).
    AppendUid {
        /// The mailbox's UIDVALIDITY.
        uid_validity: NonZeroU32,
        /// Their UIDs, in their order.
        uids: SequenceSet,
    },
    /// `AUTHENTICATIONFAILED`: the credentials are wrong (RFC 5530).
    AuthenticationFailed,
    /// `AUTHORIZATIONFAILED`: the credentials are good, but not for acting as that user (RFC 5530).
    AuthorizationFailed,
    /// `BADCHARSET`: the search's charset is not known; those that are.
    BadCharset(Vec<T>),
    /// `BADCOMPARATOR`: no comparator of those is there (RFC 5255).
    BadComparator,
    /// `BADEVENT`: NOTIFY asked for an event that cannot be; those that can (RFC 5465).
    BadEvent(Vec<T>),
    /// `BADURL`: CATENATE named a URL that cannot be read (RFC 4469).
    BadUrl(T),
    /// `CANNOT`: the server will never do this (RFC 5530).
    Cannot,
    /// `CAPABILITY`: what the server can do now.
    Capability(Vec<Capability<T>>),
    /// `CLIENTBUG`: the client did what it should not (RFC 5530).
    ClientBug,
    /// `CLOSED`: what was said before is about the mailbox that was selected, what comes is about the next (RFC 7162).
    Closed,
    /// `COMPRESSIONACTIVE`: the connection is compressed already (RFC 4978).
    CompressionActive,
    /// `CONTACTADMIN`: a person must be asked (RFC 5530).
    ContactAdmin,
    /// `COPYUID`: where the messages that were copied or moved are now (RFC 4315).
    CopyUid {
        /// The other mailbox's UIDVALIDITY.
        uid_validity: NonZeroU32,
        /// The UIDs of the messages that were copied.
        from: SequenceSet,
        /// The UIDs of their copies, in the same order.
        to: SequenceSet,
    },
    /// `CORRUPTION`: the server's own data is damaged (RFC 5530).
    Corruption,
    /// `EXPIRED`: the password must be changed (RFC 5530).
    Expired,
    /// `EXPUNGEISSUED`: a message that was asked for is gone (RFC 5530).
    ExpungeIssued,
    /// `HASCHILDREN`: a mailbox that has others in it cannot be deleted (RFC 9051).
    HasChildren,
    /// `HIGHESTMODSEQ`: the mailbox's highest mod-sequence (RFC 7162).
    HighestModSeq(ModSeq),
    /// `INPROGRESS`: a long command goes on (RFC 9585).
    InProgress(Option<Progress<T>>),
    /// `INUSE`: someone else holds it now (RFC 5530).
    InUse,
    /// `LIMIT`: the server does not do so much (RFC 5530).
    Limit,
    /// `MAILBOXID`: what stays with the mailbox when it gets another name (RFC 8474).
    MailboxId(T),
    /// `MESSAGELIMIT`: only so many messages were dealt with (RFC 9738).
    MessageLimit {
        /// How many the server takes at once.
        limit: NonZeroU32,
        /// The lowest UID of those that were dealt with, or the one to go on from.
        uid: Option<Uid>,
    },
    /// `METADATA` (RFC 5464)
    Metadata(MetadataCode),
    /// `MODIFIED`: messages that STORE left alone, for they had been changed in between (RFC 7162).
    Modified(SequenceSet),
    /// `NOMODSEQ`: this mailbox has no mod-sequences (RFC 7162).
    NoModSeq,
    /// `NONEXISTENT`: there is no such mailbox (RFC 5530).
    NonExistent,
    /// `NOPERM`: the user may not (RFC 5530).
    NoPerm,
    /// `NOTIFICATIONOVERFLOW`: too much happens; no more notifications come (RFC 5465).
    NotificationOverflow,
    /// `NOTSAVED`: the search's result was not kept for `$` (RFC 5182).
    NotSaved,
    /// `NOUPDATE`: no updates come for the search with this tag (RFC 5267).
    NoUpdate(T),
    /// `OVERQUOTA`: the quota is, or would be, exceeded (RFC 5530, RFC 9208).
    OverQuota,
    /// `PARSE`: a message could not be parsed.
    Parse,
    /// `PERMANENTFLAGS`: the flags that can be changed for good.
    PermanentFlags(FlagList<T>),
    /// `PRIVACYREQUIRED`: not without encryption (RFC 5530).
    PrivacyRequired,
    /// `READ-ONLY`
    ReadOnly,
    /// `READ-WRITE`
    ReadWrite,
    /// `REFERRAL`: URLs to go to instead (RFC 2193, RFC 2221).
    Referral(T),
    /// `SERVERBUG`: the server did what it should not (RFC 5530).
    ServerBug,
    /// `TEMPFAIL`: a conversion failed for now (RFC 5259).
    TempFail,
    /// `TOOBIG`: the message would be too big (RFC 4469).
    TooBig,
    /// `TRYCREATE`: CREATE would make that mailbox.
    TryCreate,
    /// `UIDNEXT`: what UID the next message gets.
    UidNext(Uid),
    /// `UIDNOTSTICKY`: UIDs do not outlive the session (RFC 4315).
    UidNotSticky,
    /// `UIDREQUIRED`: message numbers were used though only UIDs may be (RFC 9586).
    UidRequired,
    /// `UIDVALIDITY`: with it UIDs are what they were.
    UidValidity(NonZeroU32),
    /// `UNAVAILABLE`: some part of the server is out of reach for now (RFC 5530).
    Unavailable,
    /// `UNDEFINED-FILTER`: there is no filter of this name (RFC 5466).
    UndefinedFilter(T),
    /// `UNKNOWN-CTE`: the part's transfer encoding is not known (RFC 3516).
    UnknownCte,
    /// `UNSEEN`: the first message that is not seen (RFC 3501).
    Unseen(SeqNo),
    /// `USEATTR`: no mailbox of this use can be made (RFC 6154).
    UseAttr,
    /// A code that this crate does not know, or cannot make sense of.
    Other {
        /// Its name.
        name: T,
        /// What stands after the name, as it is.
        text: Option<T>,
    },
}

/// How far a long command has come (RFC 9585 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress<T> {
    /// The command's tag.
    pub tag: Option<T>,
    /// How far it has come.
    pub done: Option<u32>,
    /// How far it has to come; more than 0, and no less than what is done.
    pub goal: Option<u32>,
}

/// What is wrong with metadata (RFC 5464 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetadataCode {
    /// `LONGENTRIES`: values were left out; the longest has so many octets.
    LongEntries(u64),
    /// `MAXSIZE`: a value may have so many octets.
    MaxSize(u64),
    /// `TOOMANY`: there can be no more entries.
    TooMany,
    /// `NOPRIVATE`: there are no private entries.
    NoPrivate,
}

type Text<'a> = Cow<'a, [u8]>;

impl<'a> Code<Text<'a>> {
    /// Reads a code with its brackets, if there is one.
    pub(super) fn read_in_brackets(cursor: &mut Cursor<'a>) -> Option<Self> {
        let start = *cursor;
        if !cursor.eat(b'[') {
            return None;
        }
        let inside = *cursor;
        if let Ok(Some(code)) = Code::read_known(cursor)
            && cursor.eat(b']')
        {
            return Some(code);
        }
        *cursor = inside;
        let other = Code::read_other(cursor);
        if other.is_none() {
            *cursor = start;
        }
        other
    }

    #[cold]
    fn read_other(cursor: &mut Cursor<'a>) -> Option<Self> {
        let (code, rest) = cursor.rest().split_at(memchr(b']', cursor.rest())?);
        let name = cursor.take_while(|byte| is_atom_byte(byte) && byte != b']');
        let text = code.get(name.len()..)?;
        let well_formed = !name.is_empty() && !code.iter().any(|byte| byte.is_ascii_control());
        let text = match text {
            [] => None,
            [b' ', text @ ..] => Some(Cow::Borrowed(text)),
            _ => return None,
        };
        cursor.resume(rest.get(1..)?);
        well_formed.then_some(Code::Other { name: Cow::Borrowed(name), text })
    }

    fn read_known(cursor: &mut Cursor<'a>) -> Read<Option<Self>> {
        let name = cursor.take_while(|byte| is_atom_byte(byte) && byte != b']');
        let mut word = [0; 20];
        let name = upper(name, &mut word);
        if let Some(code) = Code::of_plain_name(name) {
            return Ok(Some(code));
        }
        // The two whose argument may be missing.
        match name {
            b"BADCHARSET" if cursor.peek() == Some(b']') => return Ok(Some(Code::BadCharset(Vec::new()))),
            b"INPROGRESS" if cursor.peek() == Some(b']') => return Ok(Some(Code::InProgress(None))),
            _ => {}
        }
        cursor.space()?;
        let code = match name {
            b"APPENDUID" => {
                let uid_validity = cursor.nz_number()?;
                cursor.space()?;
                Code::AppendUid { uid_validity, uids: cursor.known_set()? }
            }
            b"BADCHARSET" => Code::BadCharset(cursor.list(Cursor::string)?),
            b"BADEVENT" => Code::BadEvent(cursor.list(Cursor::string)?),
            b"BADURL" => Code::BadUrl(text_to_bracket(cursor)?),
            b"CAPABILITY" => {
                let words = cursor.take_while(|byte| byte != b']' && byte != b'\r');
                Code::Capability(Capability::list(words).collect())
            }
            b"COPYUID" => {
                let uid_validity = cursor.nz_number()?;
                cursor.space()?;
                let from = cursor.known_set()?;
                cursor.space()?;
                Code::CopyUid { uid_validity, from, to: cursor.known_set()? }
            }
            b"HIGHESTMODSEQ" => Code::HighestModSeq(cursor.with(mod_seq_or_zero)?),
            b"INPROGRESS" => Code::InProgress(Some(Progress::read(cursor)?)),
            b"MAILBOXID" => {
                cursor.open()?;
                let id = cursor.string()?;
                cursor.close()?;
                Code::MailboxId(id)
            }
            b"MESSAGELIMIT" => {
                let limit = cursor.nz_number()?;
                let uid = if cursor.eat(b' ') { Some(cursor.nz_number()?.into()) } else { None };
                Code::MessageLimit { limit, uid }
            }
            b"METADATA" => Code::Metadata(MetadataCode::read(cursor)?),
            b"MODIFIED" => Code::Modified(cursor.known_set()?),
            b"NOUPDATE" => Code::NoUpdate(cursor.string()?),
            b"PERMANENTFLAGS" => Code::PermanentFlags(FlagList::read(cursor)?),
            b"REFERRAL" => Code::Referral(text_to_bracket(cursor)?),
            b"UIDNEXT" => Code::UidNext(cursor.nz_number()?.into()),
            b"UIDVALIDITY" => Code::UidValidity(cursor.nz_number()?),
            b"UNDEFINED-FILTER" => Code::UndefinedFilter(text_to_bracket(cursor)?),
            b"UNSEEN" => Code::Unseen(cursor.nz_number()?),
            _ => return Ok(None),
        };
        cursor.skip_spaces();
        Ok(Some(code))
    }
}

fn text_to_bracket<'a>(cursor: &mut Cursor<'a>) -> Read<Text<'a>> {
    let text = cursor.take_while(|byte| byte != b']' && !byte.is_ascii_control());
    if text.is_empty() { cursor.fail(Expected::String) } else { Ok(Cow::Borrowed(text)) }
}

/// The codes that are a word and nothing more.
macro_rules! plain_codes {
    ($($code:ident $name:literal)*) => {
        impl<T> Code<T> {
            fn of_plain_name(upper: &[u8]) -> Option<Code<T>> {
                Some(match upper {
                    $($name => Code::$code,)*
                    _ => return None,
                })
            }

            fn plain_name(&self) -> Option<&'static [u8]> {
                Some(match self {
                    $(Code::$code => $name,)*
                    _ => return None,
                })
            }

            /// Turns each text into another.
            pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Code<U> {
                match self {
                    $(Code::$code => Code::$code,)*
                Code::AppendUid { uid_validity, uids } => Code::AppendUid { uid_validity, uids },
                Code::BadCharset(known) => Code::BadCharset(known.into_iter().map(f).collect()),
                Code::BadEvent(known) => Code::BadEvent(known.into_iter().map(f).collect()),
                Code::BadUrl(url) => Code::BadUrl(f(url)),
                Code::Capability(all) => Code::Capability(all.into_iter().map(|one| one.map_text(f)).collect()),
                Code::CopyUid { uid_validity, from, to } => Code::CopyUid { uid_validity, from, to },
                Code::HighestModSeq(mod_seq) => Code::HighestModSeq(mod_seq),
                Code::InProgress(progress) => Code::InProgress(progress.map(|progress| Progress {
                    tag: progress.tag.map(f),
                    done: progress.done,
                    goal: progress.goal,
                })),
                Code::MailboxId(id) => Code::MailboxId(f(id)),
                Code::MessageLimit { limit, uid } => Code::MessageLimit { limit, uid },
                Code::Metadata(what) => Code::Metadata(what),
                Code::Modified(messages) => Code::Modified(messages),
                Code::NoUpdate(tag) => Code::NoUpdate(f(tag)),
                Code::PermanentFlags(flags) => Code::PermanentFlags(flags.map_text(f)),
                Code::Referral(url) => Code::Referral(f(url)),
                Code::UidNext(uid) => Code::UidNext(uid),
                Code::UidValidity(number) => Code::UidValidity(number),
                Code::UndefinedFilter(name) => Code::UndefinedFilter(f(name)),
                Code::Unseen(number) => Code::Unseen(number),
                Code::Other { name, text } => Code::Other { name: f(name), text: text.map(f) },
                }
            }
        }
    };
}

plain_codes! {
    Alert b"ALERT"
    AlreadyExists b"ALREADYEXISTS"
    AuthenticationFailed b"AUTHENTICATIONFAILED"
    AuthorizationFailed b"AUTHORIZATIONFAILED"
    BadComparator b"BADCOMPARATOR"
    Cannot b"CANNOT"
    ClientBug b"CLIENTBUG"
    Closed b"CLOSED"
    CompressionActive b"COMPRESSIONACTIVE"
    ContactAdmin b"CONTACTADMIN"
    Corruption b"CORRUPTION"
    Expired b"EXPIRED"
    ExpungeIssued b"EXPUNGEISSUED"
    HasChildren b"HASCHILDREN"
    InUse b"INUSE"
    Limit b"LIMIT"
    NoModSeq b"NOMODSEQ"
    NonExistent b"NONEXISTENT"
    NoPerm b"NOPERM"
    NotificationOverflow b"NOTIFICATIONOVERFLOW"
    NotSaved b"NOTSAVED"
    OverQuota b"OVERQUOTA"
    Parse b"PARSE"
    PrivacyRequired b"PRIVACYREQUIRED"
    ReadOnly b"READ-ONLY"
    ReadWrite b"READ-WRITE"
    ServerBug b"SERVERBUG"
    TempFail b"TEMPFAIL"
    TooBig b"TOOBIG"
    TryCreate b"TRYCREATE"
    UidNotSticky b"UIDNOTSTICKY"
    UidRequired b"UIDREQUIRED"
    Unavailable b"UNAVAILABLE"
    UnknownCte b"UNKNOWN-CTE"
    UseAttr b"USEATTR"
}

impl<T: AsRef<[u8]>> Code<T> {
    /// Writes the code without its brackets.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        if let Some(name) = self.plain_name() {
            writer.put(name);
            return Ok(());
        }
        match self {
            Code::AppendUid { uid_validity, uids } => {
                writer.put(b"APPENDUID ");
                writer.number(uid_validity.get().into());
                writer.space();
                writer.known_set(uids)
            }
            Code::BadCharset(known) if known.is_empty() => {
                writer.put(b"BADCHARSET");
                Ok(())
            }
            Code::BadCharset(known) => {
                writer.put(b"BADCHARSET ");
                writer.list(known, |writer, charset| writer.astring(without_literal(charset.as_ref())?))
            }
            Code::BadEvent(known) => {
                writer.put(b"BADEVENT ");
                writer.list(known, |writer, event| writer.atom(event.as_ref()))
            }
            Code::BadUrl(url) => {
                writer.put(b"BADURL ");
                text_before_bracket(writer, url.as_ref())
            }
            Code::Capability(all) => {
                writer.put(b"CAPABILITY ");
                writer.spaced(all, |writer, capability| capability.write(writer))
            }
            Code::CopyUid { uid_validity, from, to } => {
                writer.put(b"COPYUID ");
                writer.number(uid_validity.get().into());
                writer.space();
                writer.known_set(from)?;
                writer.space();
                writer.known_set(to)
            }
            Code::HighestModSeq(mod_seq) => {
                writer.put(b"HIGHESTMODSEQ ");
                writer.number(mod_seq.get());
                Ok(())
            }
            Code::InProgress(progress) => {
                writer.put(b"INPROGRESS");
                progress.as_ref().map_or(Ok(()), |progress| progress.write(writer))
            }
            Code::MailboxId(id) => {
                writer.put(b"MAILBOXID (");
                writer.atom(id.as_ref())?;
                writer.put(b")");
                Ok(())
            }
            Code::MessageLimit { limit, uid } => {
                writer.put(b"MESSAGELIMIT ");
                writer.number(limit.get().into());
                if let Some(uid) = uid {
                    writer.space();
                    writer.number(uid.get().into());
                }
                Ok(())
            }
            Code::Metadata(what) => {
                what.write(writer);
                Ok(())
            }
            Code::Modified(messages) => {
                writer.put(b"MODIFIED ");
                writer.known_set(messages)
            }
            Code::NoUpdate(tag) => {
                writer.put(b"NOUPDATE ");
                writer.quoted(without_literal(tag.as_ref())?)
            }
            Code::PermanentFlags(flags) => {
                writer.put(b"PERMANENTFLAGS ");
                flags.write(writer)
            }
            Code::Referral(url) => {
                writer.put(b"REFERRAL ");
                text_before_bracket(writer, url.as_ref())
            }
            Code::UidNext(uid) => {
                writer.put(b"UIDNEXT ");
                writer.number(uid.get().into());
                Ok(())
            }
            Code::UidValidity(number) => {
                writer.put(b"UIDVALIDITY ");
                writer.number(number.get().into());
                Ok(())
            }
            Code::UndefinedFilter(name) => {
                writer.put(b"UNDEFINED-FILTER ");
                text_before_bracket(writer, name.as_ref())
            }
            Code::Unseen(number) => {
                writer.put(b"UNSEEN ");
                writer.number(number.get().into());
                Ok(())
            }
            Code::Other { name, text } => {
                writer.atom(name.as_ref())?;
                if let Some(text) = text {
                    writer.space();
                    text_before_bracket(writer, text.as_ref())?;
                }
                Ok(())
            }
            // The plain ones have been written.
            _ => Ok(()),
        }
    }
}

/// Text that ends with the code: it can hold no bracket, and no line end.
fn text_before_bracket(writer: &mut Writer<'_>, text: &[u8]) -> Result<(), Unwritable> {
    if text.contains(&b']') {
        return Err(Unwritable::Value);
    }
    writer.text(text)
}

/// A string that would not become a literal, for there are none in a status.
fn without_literal(text: &[u8]) -> Result<&[u8], Unwritable> {
    match memchr::memchr3(b'\r', b'\n', 0, text) {
        Some(_) => Err(Unwritable::LineEnd),
        None if !text.is_ascii() => Err(Unwritable::NotAscii),
        None => Ok(text),
    }
}

impl<'a> Progress<Text<'a>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.open()?;
        let tag = cursor.nstring()?;
        cursor.space()?;
        let done = number_or_nil(cursor)?;
        cursor.space()?;
        let goal = number_or_nil(cursor)?;
        cursor.close()?;
        Ok(Progress { tag, done, goal })
    }
}

fn number_or_nil(cursor: &mut Cursor<'_>) -> Read<Option<u32>> {
    if cursor.eat_nil() { Ok(None) } else { cursor.number().map(Some) }
}

impl<T: AsRef<[u8]>> Progress<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let number = |writer: &mut Writer<'_>, number: Option<u32>| match number {
            Some(number) => writer.number(number.into()),
            None => writer.put(b"NIL"),
        };
        writer.put(b" (");
        match &self.tag {
            Some(tag) => writer.quoted(without_literal(tag.as_ref())?)?,
            None => writer.put(b"NIL"),
        }
        writer.space();
        number(writer, self.done);
        writer.space();
        number(writer, self.goal);
        writer.put(b")");
        Ok(())
    }
}

impl MetadataCode {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let name = cursor.take_while(|byte| is_atom_byte(byte) && byte != b']');
        Ok(match upper(name, &mut [0; 11]) {
            b"LONGENTRIES" => {
                cursor.space()?;
                MetadataCode::LongEntries(cursor.number64()?)
            }
            b"MAXSIZE" => {
                cursor.space()?;
                MetadataCode::MaxSize(cursor.number64()?)
            }
            b"TOOMANY" => MetadataCode::TooMany,
            b"NOPRIVATE" => MetadataCode::NoPrivate,
            _ => return cursor.fail(Expected::Keyword),
        })
    }

    fn write(self, writer: &mut Writer<'_>) {
        match self {
            MetadataCode::LongEntries(size) => {
                writer.put(b"METADATA LONGENTRIES ");
                writer.number(size);
            }
            MetadataCode::MaxSize(size) => {
                writer.put(b"METADATA MAXSIZE ");
                writer.number(size);
            }
            MetadataCode::TooMany => writer.put(b"METADATA TOOMANY"),
            MetadataCode::NoPrivate => writer.put(b"METADATA NOPRIVATE"),
        }
    }
}
