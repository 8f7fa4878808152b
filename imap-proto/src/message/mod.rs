//! What a server tells of its messages, from the messages as they lie in a store (RFC 5322, RFC 2045): with the feature `message`.
//!
//! | what | from where |
//! |---|---|
//! | ENVELOPE, BODY, BODYSTRUCTURE, `BODY[section]`, BINARY, PREVIEW | [`Message`] |
//! | what a mailbox's index keeps of each message | [`Summary`] |
//! | SEARCH | [`Query`], with the [`Facts`] of each message |
//! | SORT | [`sort`] |
//! | THREAD | [`thread`] |
//!
//! Messages come from strangers. Whatever stands in them, time is linear in their length (SORT and THREAD: n log n in the number of
//! messages), nothing recurses, nothing panics, and what is made of them is bounded by [`Limits`].
//!
//! ```
//! use imap_proto::message::{Limits, Message};
//!
//! let raw = b"From: Ada <ada@example.org>\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\nSee you there.\r\n";
//! let message = Message::parse(raw, &Limits::default());
//! assert_eq!(message.envelope().subject.as_deref(), Some(&b"=?utf-8?Q?Caf=C3=A9?="[..]));
//! assert_eq!(message.preview(), "See you there.");
//! ```

mod address;
mod collation;
mod content;
mod date;
mod decode;
mod envelope;
mod forest;
mod header;
mod html;
mod ids;
mod lexer;
mod mime;
mod part;
mod preview;
mod search;
mod sort;
mod structure;
mod subject;
mod summary;
#[cfg(test)]
mod tests;
mod thread;

pub use collation::{casemap, compare};
pub use header::{Field, Fields};
pub use part::{Message, UnknownEncoding, partial};
pub use search::{BadQuery, Facts, Query, Setting};
pub use sort::sort;
pub use subject::BaseSubject;
pub use summary::{BadSummary, Summary};
pub use thread::{Threading, thread};

use alloc::borrow::Cow;
use bytes::Bytes;

/// How much is made of a message, whatever is in it. What goes beyond is left out or shown as data without structure; the message itself is
/// always given whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many parts a structure has; at least 1.
    pub parts: usize,
    /// How deep parts are nested: 63 at most, as [`BodyStructure`](crate::codec::BodyStructure) has it.
    pub depth: usize,
    /// How many fields of one header are looked at.
    pub fields: usize,
    /// How many addresses an envelope has in all.
    pub addresses: usize,
    /// How many parameters a field has, or languages.
    pub parameters: usize,
    /// How many references of a message are kept for threads: the last ones.
    pub references: usize,
}

impl Default for Limits {
    /// 1,000 parts 63 deep, 5,000 fields, 10,000 addresses, 100 parameters and 1,000 references.
    fn default() -> Self {
        Limits { parts: 1000, depth: 63, fields: 5000, addresses: 10_000, parameters: 100, references: 1000 }
    }
}

/// Hands text to the buffer that it borrows from, without a copy: for `map_text` of envelopes and structures.
///
/// ```
/// use bytes::Bytes;
/// use imap_proto::message::{Limits, Message, shared};
///
/// let raw = Bytes::from_static(b"Subject: hello\r\n\r\n");
/// let envelope = Message::parse(&raw, &Limits::default()).envelope().map_text(&mut shared(&raw));
/// assert_eq!(envelope.subject, Some(Bytes::from_static(b"hello")));
/// ```
pub fn shared(raw: &Bytes) -> impl FnMut(Cow<'_, [u8]>) -> Bytes {
    |text| crate::codec::own(raw, text)
}
