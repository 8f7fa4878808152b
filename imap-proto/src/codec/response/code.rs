mod read;
mod write;

use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::codec::capability::Capability;
use crate::codec::flag_list::FlagList;
use crate::codec::number::{ModSeq, Uid};
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
