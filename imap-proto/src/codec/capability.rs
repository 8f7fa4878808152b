use core::fmt;

use super::encode::{Unwritable, Writer};
use super::fault::{Expected, Parsed};
use super::number::digits;
use super::text::{ASTRING, word};

macro_rules! capabilities {
    ($($(#[$doc:meta])* $variant:ident $name:literal)*) => {
        /// What a server can do, by the names that IANA has registered (RFC 9051 §7.2.2), and what ENABLE turns on (RFC 5161).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Capability<T> {
            $($(#[$doc])* #[doc = concat!("`", $name, "`")] $variant,)*
            /// `AUTH=`: a SASL mechanism for AUTHENTICATE.
            Auth(T),
            /// `APPENDLIMIT=`: the longest message that APPEND takes, in bytes; without a number each mailbox has its own (RFC 7889).
            AppendLimit(Option<u64>),
            /// `COMPRESS=`: an algorithm for COMPRESS (RFC 4978).
            Compress(T),
            /// `IMAPSIEVE=`: where the ManageSieve server is (RFC 6785).
            ImapSieve(T),
            /// `MESSAGELIMIT=`: the most messages that one command works on (RFC 9738).
            MessageLimit(u64),
            /// `SAVELIMIT=`: the same for COPY, MOVE and the like alone (RFC 9738).
            SaveLimit(u64),
            /// `QUOTA=RES-`: a resource that quotas count (RFC 9208).
            QuotaResource(T),
            /// `RIGHTS=`: rights that ACLs know beyond those of RFC 2086 (RFC 4314).
            Rights(T),
            /// `THREAD=`: an algorithm for THREAD (RFC 5256).
            Thread(T),
            /// Any other, as it came.
            Other(T),
        }

        impl<T> Capability<T> {
            /// All names that stand for themselves, in the order of the enumeration.
            const NAMES: &[&'static str] = &[$($name,)*];

            fn plain(index: usize) -> Option<Capability<T>> {
                let makers: &[fn() -> Capability<T>] = &[$(|| Capability::$variant,)*];
                makers.get(index).map(|make| make())
            }

            /// The same capability with its text held in another way.
            pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Capability<U> {
                match self {
                    $(Capability::$variant => Capability::$variant,)*
                    Capability::Auth(name) => Capability::Auth(text(name)),
                    Capability::AppendLimit(limit) => Capability::AppendLimit(limit),
                    Capability::Compress(name) => Capability::Compress(text(name)),
                    Capability::ImapSieve(url) => Capability::ImapSieve(text(url)),
                    Capability::MessageLimit(limit) => Capability::MessageLimit(limit),
                    Capability::SaveLimit(limit) => Capability::SaveLimit(limit),
                    Capability::QuotaResource(name) => Capability::QuotaResource(text(name)),
                    Capability::Rights(rights) => Capability::Rights(text(rights)),
                    Capability::Thread(name) => Capability::Thread(text(name)),
                    Capability::Other(name) => Capability::Other(text(name)),
                }
            }

            fn plain_name(&self) -> Option<&'static str> {
                match self {
                    $(Capability::$variant => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

capabilities! {
    /// IMAP4rev1 (RFC 3501):
    Imap4Rev1 "IMAP4rev1"
    /// IMAP4rev2 (RFC 9051):
    Imap4Rev2 "IMAP4rev2"
    /// Access control lists (RFC 4314):
    Acl "ACL"
    /// Annotations of messages (RFC 5257):
    Annotate "ANNOTATE-EXPERIMENT-1"
    /// Parts without transfer encoding (RFC 3516):
    Binary "BINARY"
    /// Messages put together from others (RFC 4469):
    Catenate "CATENATE"
    /// `\HasChildren` and `\HasNoChildren` (RFC 3348):
    Children "CHILDREN"
    /// Mod-sequences (RFC 7162):
    CondStore "CONDSTORE"
    /// Searches that stay (RFC 5267):
    ContextSearch "CONTEXT=SEARCH"
    /// Sorted searches that stay (RFC 5267):
    ContextSort "CONTEXT=SORT"
    /// Conversion of parts (RFC 5259):
    Convert "CONVERT"
    /// CREATE with a special use (RFC 6154):
    CreateSpecialUse "CREATE-SPECIAL-USE"
    /// The ENABLE command (RFC 5161):
    Enable "ENABLE"
    /// ESEARCH responses (RFC 4731):
    ESearch "ESEARCH"
    /// ESEARCH responses to SORT (RFC 5267):
    ESort "ESORT"
    /// Named filters in searches (RFC 5466):
    Filters "FILTERS"
    /// Comparators: the server's own (RFC 5255):
    I18nLevel1 "I18NLEVEL=1"
    /// Comparators: the client's choice (RFC 5255):
    I18nLevel2 "I18NLEVEL=2"
    /// The ID command (RFC 2971):
    Id "ID"
    /// The IDLE command (RFC 2177):
    Idle "IDLE"
    /// Responses that tell how far a command is (RFC 9585):
    InProgress "INPROGRESS"
    /// The mailboxes are in JMAP too (RFC 9698):
    JmapAccess "JMAPACCESS"
    /// Human text in other languages (RFC 5255):
    Language "LANGUAGE"
    /// LIST with options (RFC 5258):
    ListExtended "LIST-EXTENDED"
    /// LIST that gives metadata (RFC 9590):
    ListMetadata "LIST-METADATA"
    /// LIST that gives rights (RFC 8440):
    ListMyRights "LIST-MYRIGHTS"
    /// LIST that gives STATUS (RFC 5819):
    ListStatus "LIST-STATUS"
    /// Short literals that do not wait (RFC 7888):
    LiteralMinus "LITERAL-"
    /// Literals that do not wait (RFC 7888):
    LiteralPlus "LITERAL+"
    /// LOGIN is refused (RFC 9051 §6.2.3):
    LoginDisabled "LOGINDISABLED"
    /// Other servers for a user (RFC 2221):
    LoginReferrals "LOGIN-REFERRALS"
    /// Other servers for a mailbox (RFC 2193):
    MailboxReferrals "MAILBOX-REFERRALS"
    /// Metadata of mailboxes and of the server (RFC 5464):
    Metadata "METADATA"
    /// Metadata of the server alone (RFC 5464):
    MetadataServer "METADATA-SERVER"
    /// The MOVE command (RFC 6851):
    Move "MOVE"
    /// APPEND of several messages (RFC 3502):
    MultiAppend "MULTIAPPEND"
    /// Searches in several mailboxes (RFC 7377):
    MultiSearch "MULTISEARCH"
    /// The NAMESPACE command (RFC 2342):
    Namespace "NAMESPACE"
    /// The NOTIFY command (RFC 5465):
    Notify "NOTIFY"
    /// Identifiers of messages, threads and mailboxes (RFC 8474):
    ObjectId "OBJECTID"
    /// Parts of search results and of fetches (RFC 9394):
    Partial "PARTIAL"
    /// The start of a message's text (RFC 8970):
    Preview "PREVIEW"
    /// Quick resynchronisation (RFC 7162):
    QResync "QRESYNC"
    /// Quotas (RFC 9208):
    Quota "QUOTA"
    /// The SETQUOTA command (RFC 9208):
    QuotaSet "QUOTASET"
    /// The REPLACE command (RFC 8508):
    Replace "REPLACE"
    /// AUTHENTICATE with an initial response (RFC 4959):
    SaslIr "SASL-IR"
    /// When messages came into a mailbox (RFC 8514):
    SaveDate "SAVEDATE"
    /// Fuzzy searches (RFC 6203):
    SearchFuzzy "SEARCH=FUZZY"
    /// Results of searches that later commands use (RFC 5182):
    SearchRes "SEARCHRES"
    /// The SORT command (RFC 5256):
    Sort "SORT"
    /// SORT by display names (RFC 5957):
    SortDisplay "SORT=DISPLAY"
    /// Mailboxes with special uses (RFC 6154):
    SpecialUse "SPECIAL-USE"
    /// The STARTTLS command (RFC 9051 §6.2.1):
    StartTls "STARTTLS"
    /// The size of mailboxes in STATUS (RFC 8438):
    StatusSize "STATUS=SIZE"
    /// Batches of UIDs (RFC 10022):
    UidBatches "UIDBATCHES"
    /// Nothing but UIDs (RFC 9586):
    UidOnly "UIDONLY"
    /// COPYUID and APPENDUID (RFC 4315):
    UidPlus "UIDPLUS"
    /// The UNAUTHENTICATE command (RFC 8437):
    Unauthenticate "UNAUTHENTICATE"
    /// The UNSELECT command (RFC 3691):
    Unselect "UNSELECT"
    /// Parts of what a URL names (RFC 5550):
    UrlPartial "URL-PARTIAL"
    /// URLs that carry authorisation (RFC 4467):
    UrlAuth "URLAUTH"
    /// URLs that carry authorisation, without transfer encoding (RFC 5524):
    UrlAuthBinary "URLAUTH=BINARY"
    /// UTF-8 in strings, when enabled (RFC 6855, RFC 9755):
    Utf8Accept "UTF8=ACCEPT"
    /// UTF-8 in strings, which must be enabled (RFC 6855, RFC 9755):
    Utf8Only "UTF8=ONLY"
    /// Searches by age (RFC 5032):
    Within "WITHIN"
}

impl<'a, T: From<&'a [u8]>> Capability<T> {
    /// The capability of this name, in any case; what is not known is [`Capability::Other`].
    pub fn parse(name: &'a [u8]) -> Capability<T> {
        let place = Self::NAMES.iter().position(|one| one.as_bytes().eq_ignore_ascii_case(name));
        if let Some(known) = place.and_then(Capability::plain) {
            return known;
        }
        Capability::with_argument(name).unwrap_or_else(|| Capability::Other(name.into()))
    }

    /// The capabilities of these names, with spaces between them, however many.
    pub(crate) fn list(names: &'a [u8]) -> impl Iterator<Item = Capability<T>> {
        names.split(|byte| *byte == b' ').filter(|name| !name.is_empty()).map(Capability::parse)
    }

    fn with_argument(name: &'a [u8]) -> Option<Capability<T>> {
        if name.eq_ignore_ascii_case(b"APPENDLIMIT") {
            return Some(Capability::AppendLimit(None));
        }
        let equals = memchr::memchr(b'=', name)?;
        let (head, argument) = (&name[..equals], &name[equals + 1..]);
        if argument.is_empty() {
            return None;
        }
        let is = |wanted: &[u8]| head.eq_ignore_ascii_case(wanted);
        let number = || digits(argument).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, number)| number);
        Some(match head.len() {
            4 if is(b"AUTH") => Capability::Auth(argument.into()),
            5 if is(b"QUOTA") => {
                let (prefix, resource) = argument.split_at_checked(4)?;
                if !prefix.eq_ignore_ascii_case(b"RES-") || resource.is_empty() {
                    return None;
                }
                Capability::QuotaResource(resource.into())
            }
            6 if is(b"RIGHTS") => Capability::Rights(argument.into()),
            6 if is(b"THREAD") => Capability::Thread(argument.into()),
            8 if is(b"COMPRESS") => Capability::Compress(argument.into()),
            9 if is(b"IMAPSIEVE") => Capability::ImapSieve(argument.into()),
            9 if is(b"SAVELIMIT") => Capability::SaveLimit(number()?),
            11 if is(b"APPENDLIMIT") => Capability::AppendLimit(Some(number()?)),
            12 if is(b"MESSAGELIMIT") => Capability::MessageLimit(number()?),
            _ => return None,
        })
    }
}

/// What stands before the argument, and the argument.
enum Parts<'a> {
    Plain(&'a [u8]),
    Text(&'static str, &'a [u8]),
    Number(&'static str, u64),
}

impl<T: AsRef<[u8]>> Capability<T> {
    fn parts(&self) -> Parts<'_> {
        match self {
            Capability::Auth(name) => Parts::Text("AUTH=", name.as_ref()),
            Capability::AppendLimit(None) => Parts::Plain(b"APPENDLIMIT"),
            Capability::AppendLimit(Some(limit)) => Parts::Number("APPENDLIMIT=", *limit),
            Capability::Compress(name) => Parts::Text("COMPRESS=", name.as_ref()),
            Capability::ImapSieve(url) => Parts::Text("IMAPSIEVE=", url.as_ref()),
            Capability::MessageLimit(limit) => Parts::Number("MESSAGELIMIT=", *limit),
            Capability::SaveLimit(limit) => Parts::Number("SAVELIMIT=", *limit),
            Capability::QuotaResource(name) => Parts::Text("QUOTA=RES-", name.as_ref()),
            Capability::Rights(rights) => Parts::Text("RIGHTS=", rights.as_ref()),
            Capability::Thread(name) => Parts::Text("THREAD=", name.as_ref()),
            Capability::Other(name) => Parts::Plain(name.as_ref()),
            known => Parts::Plain(known.plain_name().unwrap_or_default().as_bytes()),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self.parts() {
            Parts::Plain(name) => writer.atom(name),
            Parts::Text(head, argument) => {
                writer.put(head.as_bytes());
                writer.atom(argument)
            }
            Parts::Number(head, argument) => {
                writer.put(head.as_bytes());
                writer.number(argument);
                Ok(())
            }
        }
    }
}

impl<T: AsRef<[u8]>> fmt::Display for Capability<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Parts::Plain(name) => name.escape_ascii().fmt(f),
            Parts::Text(head, argument) => write!(f, "{head}{}", argument.escape_ascii()),
            Parts::Number(head, argument) => write!(f, "{head}{argument}"),
        }
    }
}

/// `capability` (RFC 9051 §9). Servers put characters of astrings into them.
pub(crate) fn capability<'a, T: From<&'a [u8]>>(input: &'a [u8]) -> Parsed<'a, Capability<T>> {
    let (rest, name) = word(input, ASTRING, Expected::Atom)?;
    Ok((rest, Capability::parse(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn read(name: &str) -> Capability<&[u8]> {
        Capability::parse(name.as_bytes())
    }

    #[test]
    fn every_name_reads_back_as_it_was_written() {
        for name in Capability::<&[u8]>::NAMES {
            let capability = read(name);
            assert_eq!(capability.to_string(), *name);
            assert_eq!(read(&name.to_lowercase()), capability);
            assert!(!matches!(capability, Capability::Other(_)), "{name}");
            assert_eq!(capability.map_text(&mut |name| name.to_vec()).to_string(), *name);
        }
        for name in [
            "AUTH=SCRAM-SHA-256-PLUS",
            "APPENDLIMIT",
            "APPENDLIMIT=35651584",
            "COMPRESS=DEFLATE",
            "IMAPSIEVE=sieve://example.org",
            "MESSAGELIMIT=1000",
            "SAVELIMIT=1000",
            "QUOTA=RES-STORAGE",
            "RIGHTS=texk",
            "THREAD=REFERENCES",
        ] {
            let capability = read(name);
            assert_eq!(capability.to_string(), name);
            assert!(!matches!(capability, Capability::Other(_)), "{name}");
        }
    }

    #[test]
    fn what_is_odd_is_kept() {
        for odd in ["X-GM-EXT-1", "AUTH=", "QUOTA=RES-", "QUOTA=X", "APPENDLIMIT=many", "SAVELIMIT=1x", "IMAP4"] {
            assert_eq!(read(odd), Capability::Other(odd.as_bytes()));
        }
    }
}
