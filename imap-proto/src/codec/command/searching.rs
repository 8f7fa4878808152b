//! SEARCH, SORT, THREAD and ESEARCH: what is asked of a search beside its keys (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 5267, RFC 5957,
//! RFC 6203, RFC 7377, RFC 9394).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::cursor::Cursor;
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::{Expected, Parsed, fail};
use crate::codec::response::PartialRange;
use crate::codec::search::SearchKeys;
use crate::codec::text::{astring, atom, byte, keyword, list, list1, skip_spaces, sp};
use crate::codec::words::words;

use super::notify::MailboxFilter;
use super::{Text, is_next, named_value, write_named_value};

/// `[UID] SEARCH [RETURN (...)] [CHARSET charset] keys`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search<T> {
    /// Whether UIDs are asked for.
    pub uid: bool,
    /// What is told of the result, in an ESEARCH response; absent for a SEARCH response, unless IMAP4rev2 is enabled. An empty list means ALL.
    pub returns: Option<Vec<SearchReturn<T>>>,
    /// What the text of the keys is written in; US-ASCII or UTF-8 if it is absent.
    pub charset: Option<T>,
    /// What messages must be.
    pub keys: SearchKeys<T>,
}

/// What is told of the result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchReturn<T> {
    /// `MIN`: the lowest number.
    Min,
    /// `MAX`: the highest number.
    Max,
    /// `ALL`: all numbers, as a set.
    All,
    /// `COUNT`: how many.
    Count,
    /// `SAVE`: nothing; `$` will mean the result (RFC 5182).
    Save,
    /// `PARTIAL`: some of the numbers (RFC 5267 §4.4, RFC 9394 §3.1).
    Partial(PartialRange),
    /// `UPDATE`: its changes from now on (RFC 5267 §4.3).
    Update,
    /// `CONTEXT`: nothing; it will be asked for again (RFC 5267 §4.2).
    Context,
    /// `RELEVANCY`: how well each message fits, 1 to 100 (RFC 6203 §4).
    Relevancy,
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// A list in parentheses.
        value: Option<T>,
    },
}

/// `[UID] SORT [RETURN (...)] (criteria) charset keys`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort<T> {
    /// Whether UIDs are asked for.
    pub uid: bool,
    /// What is told of the result, in an ESEARCH response; absent for a SORT response.
    pub returns: Option<Vec<SearchReturn<T>>>,
    /// By what messages are sorted, the first before the second; at least one.
    pub criteria: Vec<SortCriterion<T>>,
    /// What the text of the keys is written in.
    pub charset: T,
    /// What messages must be.
    pub keys: SearchKeys<T>,
}

/// By what messages are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortCriterion<T> {
    /// `REVERSE`: the other way round.
    pub reverse: bool,
    /// By what.
    pub key: SortKey<T>,
}

words! {
    /// By what messages are sorted (RFC 5256 §3, RFC 5957).
    SortKey:
    /// INTERNALDATE.
    Arrival "ARRIVAL",
    /// The first address of that header field, by its mailbox.
    Cc "CC",
    /// When it was sent.
    Date "DATE",
    /// The first address of that header field, by its display name.
    DisplayFrom "DISPLAYFROM",
    /// The first address of that header field, by its display name.
    DisplayTo "DISPLAYTO",
    /// The first address of that header field, by its mailbox.
    From "FROM",
    /// How well it fits (RFC 6203 §5).
    Relevancy "RELEVANCY",
    /// How long it is.
    Size "SIZE",
    /// The subject without `Re:` and the like.
    Subject "SUBJECT",
    /// The first address of that header field, by its mailbox.
    To "TO",
}

/// `[UID] THREAD algorithm charset keys`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread<T> {
    /// Whether UIDs are asked for.
    pub uid: bool,
    /// How messages are put together.
    pub algorithm: ThreadAlgorithm<T>,
    /// What the text of the keys is written in.
    pub charset: T,
    /// What messages must be.
    pub keys: SearchKeys<T>,
}

words! {
    /// How messages are put together into threads (RFC 5256 §3).
    ThreadAlgorithm:
    /// By subject, and then by date.
    OrderedSubject "ORDEREDSUBJECT",
    /// By References and In-Reply-To, and then by subject.
    References "REFERENCES",
    /// By References and In-Reply-To alone.
    Refs "REFS",
}

/// `ESEARCH [IN (...)] [RETURN (...)] [CHARSET charset] keys`: a search in several mailboxes (RFC 7377).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiSearch<T> {
    /// In which mailboxes; absent for the selected one.
    pub sources: Option<SearchSources<T>>,
    /// What is told of each mailbox's result.
    pub returns: Option<Vec<SearchReturn<T>>>,
    /// What the text of the keys is written in.
    pub charset: Option<T>,
    /// What messages must be.
    pub keys: SearchKeys<T>,
}

/// Where ESEARCH looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchSources<T> {
    /// In all these; at least one.
    pub mailboxes: Vec<MailboxFilter<T>>,
    /// What extensions say of them: name and value as it stands.
    pub options: Vec<(T, Option<T>)>,
}

impl<'a> Search<Text<'a>> {
    pub(crate) fn read(input: &'a [u8], uid: bool) -> Parsed<'a, Self> {
        let (rest, returns) = read_returns(input)?;
        let (rest, charset) = read_charset(rest)?;
        let (rest, keys) = SearchKeys::read(rest)?;
        Ok((rest, Search { uid, returns, charset, keys }))
    }
}

/// `RETURN (...)` and a space, if they are there.
fn read_returns(input: &[u8]) -> Parsed<'_, Option<Vec<SearchReturn<Text<'_>>>>> {
    let Ok((rest, ())) = keyword(input, b"RETURN") else { return Ok((input, None)) };
    let (rest, ()) = sp(rest)?;
    let (rest, returns) = list(rest, SearchReturn::read)?;
    let (rest, ()) = sp(rest)?;
    Ok((rest, Some(returns)))
}

/// `CHARSET` with its argument and a space, if they are there.
fn read_charset(input: &[u8]) -> Parsed<'_, Option<Text<'_>>> {
    let Ok((rest, ())) = keyword(input, b"CHARSET") else { return Ok((input, None)) };
    let (rest, ()) = sp(rest)?;
    let (rest, charset) = astring(rest)?;
    let (rest, ()) = sp(rest)?;
    Ok((rest, Some(charset)))
}

impl<'a> SearchReturn<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        if is(b"PARTIAL") {
            let (rest, ()) = sp(rest)?;
            let mut cursor = Cursor::new(rest);
            let range = PartialRange::read(&mut cursor).map_err(nom::Err::Error)?;
            return Ok((cursor.rest(), SearchReturn::Partial(range)));
        }
        let known = [
            (&b"MIN"[..], SearchReturn::Min),
            (b"MAX", SearchReturn::Max),
            (b"ALL", SearchReturn::All),
            (b"COUNT", SearchReturn::Count),
            (b"SAVE", SearchReturn::Save),
            (b"UPDATE", SearchReturn::Update),
            (b"CONTEXT", SearchReturn::Context),
            (b"RELEVANCY", SearchReturn::Relevancy),
        ];
        if let Some((_, known)) = known.into_iter().find(|(word, _)| is(word)) {
            return Ok((rest, known));
        }
        let (rest, value) = if is_next(rest, b'(') { named_value(rest)? } else { (rest, None) };
        Ok((rest, SearchReturn::Other { name: Cow::Borrowed(name), value }))
    }
}

impl<'a> Sort<Text<'a>> {
    pub(crate) fn read(input: &'a [u8], uid: bool) -> Parsed<'a, Self> {
        let (rest, returns) = read_returns(input)?;
        let (rest, criteria) = list1(rest, |input| {
            let (rest, reverse) = match keyword(input, b"REVERSE") {
                Ok((rest, ())) => (sp(rest)?.0, true),
                Err(_) => (input, false),
            };
            SortKey::read(rest).map(|(rest, key)| (rest, SortCriterion { reverse, key }))
        })?;
        let (rest, ()) = sp(rest)?;
        let (rest, charset) = astring(rest)?;
        let (rest, ()) = sp(rest)?;
        let (rest, keys) = SearchKeys::read(rest)?;
        Ok((rest, Sort { uid, returns, criteria, charset, keys }))
    }
}

impl<'a> Thread<Text<'a>> {
    pub(crate) fn read(input: &'a [u8], uid: bool) -> Parsed<'a, Self> {
        let (rest, algorithm) = ThreadAlgorithm::read(input)?;
        let (rest, ()) = sp(rest)?;
        let (rest, charset) = astring(rest)?;
        let (rest, ()) = sp(rest)?;
        let (rest, keys) = SearchKeys::read(rest)?;
        Ok((rest, Thread { uid, algorithm, charset, keys }))
    }
}

impl<'a> MultiSearch<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, sources) = match keyword(input, b"IN") {
            Ok((rest, ())) => {
                let (rest, sources) = SearchSources::read(sp(rest)?.0)?;
                (sp(rest)?.0, Some(sources))
            }
            Err(_) => (input, None),
        };
        let (rest, returns) = read_returns(rest)?;
        let (rest, charset) = read_charset(rest)?;
        let (rest, keys) = SearchKeys::read(rest)?;
        Ok((rest, MultiSearch { sources, returns, charset, keys }))
    }
}

impl<'a> SearchSources<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut rest, ()) = byte(input, b'(', Expected::Open)?;
        let mut sources = SearchSources { mailboxes: Vec::new(), options: Vec::new() };
        loop {
            rest = skip_spaces(rest);
            if rest.first() == Some(&b'(') && !sources.mailboxes.is_empty() {
                let (after, options) = list(rest, |input| {
                    let (rest, name) = atom(input)?;
                    let (rest, value) = if is_next(rest, b'(') { named_value(rest)? } else { (rest, None) };
                    Ok((rest, (Cow::Borrowed(name), value)))
                })?;
                sources.options = options;
                let (after, ()) = byte(skip_spaces(after), b')', Expected::Close)?;
                return Ok((after, sources));
            }
            if let ([b')', after @ ..], false) = (rest, sources.mailboxes.is_empty()) {
                return Ok((after, sources));
            }
            let (after, filter) = MailboxFilter::read(rest)?;
            sources.mailboxes.push(filter);
            if !matches!(after.first(), Some(b' ' | b')')) {
                return fail(after, Expected::Close);
            }
            rest = after;
        }
    }
}

impl<T: AsRef<[u8]>> Search<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        write_returns(self.returns.as_deref(), writer)?;
        write_charset(self.charset.as_ref(), writer)?;
        self.keys.write(writer)
    }
}

fn write_returns<T: AsRef<[u8]>>(
    returns: Option<&[SearchReturn<T>]>,
    writer: &mut Writer<'_>,
) -> Result<(), Unwritable> {
    let Some(returns) = returns else { return Ok(()) };
    writer.put(b"RETURN ");
    writer.list(returns, |writer, one| one.write(writer))?;
    writer.space();
    Ok(())
}

fn write_charset<T: AsRef<[u8]>>(charset: Option<&T>, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    let Some(charset) = charset else { return Ok(()) };
    writer.put(b"CHARSET ");
    writer.astring(charset.as_ref())?;
    writer.space();
    Ok(())
}

impl<T: AsRef<[u8]>> SearchReturn<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let plain: &[u8] = match self {
            SearchReturn::Min => b"MIN",
            SearchReturn::Max => b"MAX",
            SearchReturn::All => b"ALL",
            SearchReturn::Count => b"COUNT",
            SearchReturn::Save => b"SAVE",
            SearchReturn::Update => b"UPDATE",
            SearchReturn::Context => b"CONTEXT",
            SearchReturn::Relevancy => b"RELEVANCY",
            SearchReturn::Partial(range) => {
                writer.put(b"PARTIAL ");
                range.write(writer);
                return Ok(());
            }
            SearchReturn::Other { name, value } => return write_option(name, value.as_ref(), writer),
        };
        writer.put(plain);
        Ok(())
    }
}

/// A value that is no list would be read as the next option.
fn write_option<T: AsRef<[u8]>>(name: &T, value: Option<&T>, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    if value.is_some_and(|value| !value.as_ref().starts_with(b"(")) {
        return Err(Unwritable::Value);
    }
    write_named_value(name, value, writer)
}

impl<T: AsRef<[u8]>> Sort<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        write_returns(self.returns.as_deref(), writer)?;
        writer.list1(&self.criteria, |writer, criterion| {
            if criterion.reverse {
                writer.put(b"REVERSE ");
            }
            criterion.key.write(writer)
        })?;
        writer.space();
        writer.astring(self.charset.as_ref())?;
        writer.space();
        self.keys.write(writer)
    }
}

impl<T: AsRef<[u8]>> Thread<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.algorithm.write(writer)?;
        writer.space();
        writer.astring(self.charset.as_ref())?;
        writer.space();
        self.keys.write(writer)
    }
}

impl<T: AsRef<[u8]>> MultiSearch<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        if let Some(SearchSources { mailboxes, options }) = &self.sources {
            if mailboxes.is_empty() {
                return Err(Unwritable::Empty);
            }
            writer.put(b"IN (");
            writer.spaced(mailboxes, |writer, filter| filter.write(writer))?;
            if !options.is_empty() {
                writer.space();
                writer.list(options, |writer, (name, value)| write_option(name, value.as_ref(), writer))?;
            }
            writer.put(b") ");
        }
        write_returns(self.returns.as_deref(), writer)?;
        write_charset(self.charset.as_ref(), writer)?;
        self.keys.write(writer)
    }
}

fn map_returns<T, U>(
    returns: Option<Vec<SearchReturn<T>>>,
    text: &mut impl FnMut(T) -> U,
) -> Option<Vec<SearchReturn<U>>> {
    let one = |one| match one {
        SearchReturn::Min => SearchReturn::Min,
        SearchReturn::Max => SearchReturn::Max,
        SearchReturn::All => SearchReturn::All,
        SearchReturn::Count => SearchReturn::Count,
        SearchReturn::Save => SearchReturn::Save,
        SearchReturn::Partial(range) => SearchReturn::Partial(range),
        SearchReturn::Update => SearchReturn::Update,
        SearchReturn::Context => SearchReturn::Context,
        SearchReturn::Relevancy => SearchReturn::Relevancy,
        SearchReturn::Other { name, value } => SearchReturn::Other { name: text(name), value: value.map(&mut *text) },
    };
    returns.map(|returns| returns.into_iter().map(one).collect())
}

impl<T> Search<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Search<U> {
        let returns = map_returns(self.returns, text);
        Search { uid: self.uid, returns, charset: self.charset.map(&mut *text), keys: self.keys.map_text(text) }
    }
}

impl<T> Sort<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Sort<U> {
        let returns = map_returns(self.returns, text);
        let criterion =
            |SortCriterion { reverse, key }: SortCriterion<T>| SortCriterion { reverse, key: key.map_text(text) };
        let criteria = self.criteria.into_iter().map(criterion).collect();
        Sort { uid: self.uid, returns, criteria, charset: text(self.charset), keys: self.keys.map_text(text) }
    }
}

impl<T> Thread<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Thread<U> {
        let algorithm = self.algorithm.map_text(text);
        Thread { uid: self.uid, algorithm, charset: text(self.charset), keys: self.keys.map_text(text) }
    }
}

impl<T> MultiSearch<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> MultiSearch<U> {
        let sources = self.sources.map(|SearchSources { mailboxes, options }| SearchSources {
            mailboxes: mailboxes.into_iter().map(|filter| filter.map_text(text)).collect(),
            options: options.into_iter().map(|(name, value)| (text(name), value.map(&mut *text))).collect(),
        });
        let returns = map_returns(self.returns, text);
        MultiSearch { sources, returns, charset: self.charset.map(&mut *text), keys: self.keys.map_text(text) }
    }
}
