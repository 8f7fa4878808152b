//! Whether a message is found by a search (RFC 9051 §6.4.4, RFC 5032, RFC 7162, RFC 8474, RFC 8514).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use memchr::memmem::Finder;
use thiserror::Error;

use super::header::Fields;
use super::{Limits, Message, Summary, casemap, decode, mime};
use crate::codec::{
    Address, AddressField, Date, DateTime, Flag, ModSeq, SearchKey, SearchKeys, SeqNo, SequenceSet, Uid, UidSet,
};

/// A search that is ready to be asked of each message of a mailbox.
///
/// Text is found as RFC 5255 §4.1 has it, in what a person reads: without encodings, in any case, é composed or not. BODY looks into the
/// parts that are text and into the headers of messages inside; TEXT into the header too.
#[derive(Clone, Debug)]
pub struct Query {
    keys: SearchKeys<Needle>,
}

/// Text to be looked for.
#[derive(Clone, Debug)]
struct Needle {
    bytes: Vec<u8>,
    finder: Finder<'static>,
}

impl Needle {
    fn is_in(&self, text: &str) -> bool {
        self.finder.find(text.as_bytes()).is_some()
    }
}

/// Why a search cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BadQuery {
    /// Its text is in a character set that is not known.
    #[error("the character set is not known: answer NO [BADCHARSET (UTF-8 US-ASCII)]")]
    Charset,
    /// It has FILTER, or a key of an extension that this crate does not know.
    #[error("the search has FILTER or an unknown key: put what it stands for in its place, or answer BAD")]
    UnknownKey,
}

/// What is the same for all messages of a search.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'s> {
    /// The time, in seconds after 1970-01-01 00:00 UTC: for OLDER and YOUNGER.
    pub now: i64,
    /// The highest sequence number: what `*` means.
    pub last_number: SeqNo,
    /// The highest UID: what `*` means after UID.
    pub last_uid: Uid,
    /// What the last search with SAVE has found: what `$` means.
    pub saved: Option<&'s UidSet>,
    /// Whether the mailbox knows when its messages came into it.
    pub has_save_dates: bool,
    /// What is made of a message.
    pub limits: &'s Limits,
}

/// What is known of a message without opening it.
#[derive(Clone, Copy)]
pub struct Facts<'f> {
    /// Its sequence number.
    pub number: SeqNo,
    /// Its UID.
    pub uid: Uid,
    /// Whether it has a flag, `\Recent` included.
    pub has_flag: &'f dyn Fn(&Flag<&[u8]>) -> bool,
    /// INTERNALDATE.
    pub internal_date: DateTime,
    /// SAVEDATE; where it is not known, INTERNALDATE is taken (RFC 8514 §4.3).
    pub save_date: Option<DateTime>,
    /// RFC822.SIZE, in octets.
    pub size: u64,
    /// The mod-sequence; nothing is found by it where there is none.
    pub mod_seq: Option<ModSeq>,
    /// EMAILID.
    pub email_id: Option<&'f [u8]>,
    /// THREADID.
    pub thread_id: Option<&'f [u8]>,
    /// The summary, so that the message need not be opened for its envelope.
    pub summary: Option<&'f Summary>,
}

impl Query {
    /// Takes the keys of a search, whose text is in this character set, or in UTF-8.
    ///
    /// # Errors
    ///
    /// [`BadQuery`].
    pub fn new<T: AsRef<[u8]>>(keys: SearchKeys<T>, charset: Option<&[u8]>) -> Result<Self, BadQuery> {
        let charset = charset.unwrap_or_default();
        if !decode::knows_charset(charset) {
            return Err(BadQuery::Charset);
        }
        if keys.keys().iter().any(|key| matches!(key, SearchKey::Filter(_) | SearchKey::Other { .. })) {
            return Err(BadQuery::UnknownKey);
        }
        let keys = keys.map_text(&mut |text| {
            let bytes = text.as_ref().to_vec();
            let finder = Finder::new(casemap(&decode::charset(&bytes, charset)).as_bytes()).into_owned();
            Needle { bytes, finder }
        });
        Ok(Query { keys: cheapest_first(keys) })
    }

    /// Whether a message may have to be opened, even with its summary.
    pub fn opens_messages(&self) -> bool {
        self.keys.keys().iter().any(|key| cost(key) == Cost::Opening)
    }

    /// Whether a message is found. `open` gives the message's bytes; it is called once at most, and only if they matter.
    ///
    /// # Errors
    ///
    /// What `open` fails with: the message is neither found nor not.
    pub fn finds<E>(
        &self,
        setting: &Setting<'_>,
        facts: &Facts<'_>,
        open: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<bool, E> {
        let mut opened =
            Opened { open: Some(open), raw: None, summary: None, text: None, failure: None, setting, facts };
        let found = self.keys.evaluate(|key| opened.holds(key));
        match opened.failure {
            Some(failure) => Err(failure),
            None => Ok(found),
        }
    }
}

/// What a key needs to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    Facts,
    Summary,
    Opening,
}

fn cost<T>(key: &SearchKey<T>) -> Cost {
    use SearchKey as Key;
    match key {
        Key::Body(_) | Key::Text(_) | Key::Header(..) => Cost::Opening,
        Key::From(_) | Key::To(_) | Key::Cc(_) | Key::Bcc(_) | Key::Subject(_) => Cost::Summary,
        Key::SentBefore(_) | Key::SentOn(_) | Key::SentSince(_) => Cost::Summary,
        _ => Cost::Facts,
    }
}

/// The same search with those of the outermost keys first that cost least, so that a message is not opened which is not found anyway.
fn cheapest_first<T: Clone>(keys: SearchKeys<T>) -> SearchKeys<T> {
    let mut trees: Vec<(Cost, &[SearchKey<T>])> = Vec::new();
    let mut rest = keys.keys();
    while !rest.is_empty() {
        let (mut length, mut left) = (0, 1u64);
        while let Some(key) = rest.get(length).filter(|_| left > 0) {
            left = left - 1 + u64::from(key.operands());
            length += 1;
        }
        let (tree, after) = rest.split_at(length);
        trees.push((tree.iter().map(cost).max().unwrap_or(Cost::Facts), tree));
        rest = after;
    }
    trees.sort_by_key(|(cost, _)| *cost);
    let sorted = trees.iter().flat_map(|(_, tree)| tree.iter().cloned()).collect::<Vec<_>>();
    SearchKeys::new(sorted).unwrap_or(keys)
}

/// What has been read of a message for the keys before.
struct Opened<'a, O, E> {
    open: Option<O>,
    raw: Option<Bytes>,
    summary: Option<Summary>,
    /// The text of the body, as it is compared.
    text: Option<String>,
    failure: Option<E>,
    setting: &'a Setting<'a>,
    facts: &'a Facts<'a>,
}

impl<O: FnOnce() -> Result<Bytes, E>, E> Opened<'_, O, E> {
    fn holds(&mut self, key: &SearchKey<Needle>) -> bool {
        use SearchKey as Key;
        if self.failure.is_some() {
            return false;
        }
        let (facts, setting) = (self.facts, self.setting);
        let has = |flag: Flag<&[u8]>| (facts.has_flag)(&flag);
        let came = facts.internal_date;
        let saved = || facts.save_date.unwrap_or(came).date();
        let age = || setting.now.saturating_sub(came.unix());
        match key {
            Key::All => true,
            Key::Answered => has(Flag::Answered),
            Key::Deleted => has(Flag::Deleted),
            Key::Draft => has(Flag::Draft),
            Key::Flagged => has(Flag::Flagged),
            Key::New => has(Flag::Recent) && !has(Flag::Seen),
            Key::Old => !has(Flag::Recent),
            Key::Recent => has(Flag::Recent),
            Key::Seen => has(Flag::Seen),
            Key::Unanswered => !has(Flag::Answered),
            Key::Undeleted => !has(Flag::Deleted),
            Key::Undraft => !has(Flag::Draft),
            Key::Unflagged => !has(Flag::Flagged),
            Key::Unseen => !has(Flag::Seen),
            Key::Keyword(word) => has(Flag::Keyword(&word.bytes)),
            Key::Unkeyword(word) => !has(Flag::Keyword(&word.bytes)),
            Key::Before(day) => came.date() < *day,
            Key::On(day) => came.date() == *day,
            Key::Since(day) => came.date() >= *day,
            Key::SentBefore(day) => self.sent().is_some_and(|sent| sent < *day),
            Key::SentOn(day) => self.sent().is_some_and(|sent| sent == *day),
            Key::SentSince(day) => self.sent().is_some_and(|sent| sent >= *day),
            Key::SavedBefore(day) => saved() < *day,
            Key::SavedOn(day) => saved() == *day,
            Key::SavedSince(day) => saved() >= *day,
            Key::SaveDateSupported => setting.has_save_dates,
            Key::Larger(size) => facts.size > *size,
            Key::Smaller(size) => facts.size < *size,
            Key::Older(seconds) => age() >= i64::from(*seconds),
            Key::Younger(seconds) => age() <= i64::from(*seconds),
            Key::Numbers(set) => self.is_in(set, facts.number, setting.last_number),
            Key::Uids(set) => self.is_in(set, facts.uid.into(), setting.last_uid.into()),
            Key::ModSeq { mod_seq, .. } => facts.mod_seq.is_some_and(|own| own >= *mod_seq),
            Key::EmailId(id) => facts.email_id == Some(&id.bytes),
            Key::ThreadId(id) => facts.thread_id == Some(&id.bytes),
            Key::From(text) => self.has_address(AddressField::From, text),
            Key::To(text) => self.has_address(AddressField::To, text),
            Key::Cc(text) => self.has_address(AddressField::Cc, text),
            Key::Bcc(text) => self.has_address(AddressField::Bcc, text),
            Key::Subject(text) => self.summary().is_some_and(|summary| {
                let subject = summary.envelope.subject.as_deref();
                subject.is_some_and(|subject| text.is_in(&casemap(&decode::words(subject))))
            }),
            Key::Header(name, text) => self.has_field(&name.bytes, text),
            Key::Body(text) => self.body_has(text),
            Key::Text(text) => self.header_has(text) || self.body_has(text),
            // Operators are not asked for, and the rest was refused.
            _ => false,
        }
    }

    fn is_in(&self, set: &SequenceSet, number: SeqNo, last: SeqNo) -> bool {
        match set.is_saved() {
            true => self.setting.saved.is_some_and(|saved| saved.contains(self.facts.uid)),
            false => set.contains(number, last),
        }
    }

    fn raw(&mut self) -> Option<Bytes> {
        if let Some(open) = self.open.take() {
            match open() {
                Ok(raw) => self.raw = Some(raw),
                Err(failure) => self.failure = Some(failure),
            }
        }
        self.raw.clone()
    }

    fn summary(&mut self) -> Option<&Summary> {
        if self.facts.summary.is_some() {
            return self.facts.summary;
        }
        if self.summary.is_none() {
            let raw = self.raw()?;
            // Of a header alone the summary is the same, but for the size.
            let message = Message::parse(header_of(&raw), self.setting.limits);
            self.summary = Some(Summary::of(&message, self.facts.internal_date));
        }
        self.summary.as_ref()
    }

    fn sent(&mut self) -> Option<Date> {
        self.summary().and_then(Summary::date).map(DateTime::date)
    }

    fn has_address(&mut self, field: AddressField, text: &Needle) -> bool {
        let Some(summary) = self.summary() else { return false };
        let addresses = summary.envelope.addresses(field);
        !addresses.is_empty() && text.is_in(&casemap(&shown(addresses)))
    }

    /// Text that is empty asks whether there is such a field.
    fn has_field(&mut self, name: &[u8], text: &Needle) -> bool {
        let Some(raw) = self.raw() else { return false };
        let mut fields = Fields::new(&raw).filter(|field| field.is(name));
        fields.any(|field| text.finder.needle().is_empty() || text.is_in(&casemap(&decode::words(&field.value()))))
    }

    fn header_has(&mut self, text: &Needle) -> bool {
        self.raw().is_some_and(|raw| text.is_in(&header_text(header_of(&raw))))
    }

    fn body_has(&mut self, text: &Needle) -> bool {
        if self.text.is_none() {
            let Some(raw) = self.raw() else { return false };
            self.text = Some(body_text(&Message::parse(&raw, self.setting.limits)));
        }
        self.text.as_ref().is_some_and(|body| text.is_in(body))
    }
}

/// The header of a message without its empty line.
fn header_of(raw: &[u8]) -> &[u8] {
    let mut fields = Fields::new(raw);
    let length: usize = fields.by_ref().map(|field| field.raw().len()).sum();
    &raw[..length]
}

/// Addresses as a person reads them.
fn shown(addresses: &[Address<Bytes>]) -> String {
    let mut text = String::new();
    for Address { name, mailbox, host, .. } in addresses {
        if !text.is_empty() {
            text.push_str(", ");
        }
        if let Some(name) = name {
            text.push_str(&decode::words(name));
            text.push(' ');
        }
        match (mailbox, host) {
            (Some(mailbox), Some(host)) => {
                text.push('<');
                text.push_str(&String::from_utf8_lossy(mailbox));
                text.push('@');
                text.push_str(&String::from_utf8_lossy(host));
                text.push('>');
            }
            (Some(group), None) => text.push_str(&decode::words(group)),
            _ => {}
        }
    }
    text
}

/// A header as it is compared: each field a line.
fn header_text(header: &[u8]) -> String {
    let mut text = String::new();
    for field in Fields::new(header) {
        text.push_str(&casemap(&String::from_utf8_lossy(field.name())));
        text.push_str(": ");
        text.push_str(&casemap(&decode::words(&field.value())));
        text.push('\n');
    }
    text
}

/// What a body says, as it is compared: its texts, and the headers of messages inside.
fn body_text(message: &Message<'_>) -> String {
    let mut text = String::new();
    for (index, node) in message.nodes().iter().enumerate() {
        if index > 0 && message.nodes().get(node.parent).is_some_and(|parent| parent.kind == mime::Kind::Message) {
            text.push_str(&header_text(message.at(&node.header)));
        }
        if !node.is_text() {
            continue;
        }
        let charset = node.content_type.parameter(b"charset").map_or(&b""[..], |charset| charset);
        let data = node.encoding.decode(message.at(&node.body)).unwrap_or(Cow::Borrowed(b""));
        text.push_str(&casemap(&decode::charset(&data, charset)));
        text.push('\n');
    }
    text
}
