//! SELECT and EXAMINE, with CONDSTORE and QRESYNC (RFC 9051 §6.3.2, RFC 4466 §2.1, RFC 7162 §3.1.8 and §3.2.5).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Parsed;
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::number::{ModSeq, mod_seq_or_zero, nz_number};
use crate::codec::sequence::SequenceSet;
use crate::codec::text::{atom, byte, list1, skip_spaces, sp};

use super::{Text, is_next, named_value, sequence_set, write_named_value, write_set};
use crate::codec::fault::Expected;

/// `SELECT mailbox [(parameters)]`, and EXAMINE the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select<T> {
    /// Which.
    pub mailbox: Mailbox<T>,
    /// How; absent by default.
    pub parameters: Vec<SelectParameter<T>>,
}

/// A parameter of SELECT or EXAMINE.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectParameter<T> {
    /// `CONDSTORE`: mod-sequences are told from now on.
    CondStore,
    /// `QRESYNC (...)`: what the client knows of the mailbox; the server tells what has changed since.
    QResync(QResync),
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// An atom, a number, a set, a string or a list in parentheses.
        value: Option<T>,
    },
}

/// What a client knows of a mailbox (RFC 7162 §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QResync {
    /// The UIDVALIDITY for which all this holds.
    pub uid_validity: NonZeroU32,
    /// The highest mod-sequence it knows. Some clients say 0.
    pub mod_seq: ModSeq,
    /// The UIDs it knows; absent for all.
    pub known_uids: Option<SequenceSet>,
    /// Sequence numbers and the UIDs that they stood for, so that the server need not tell of all that went before them.
    pub matches: Option<(SequenceSet, SequenceSet)>,
}

impl<'a> Select<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, mailbox) = mailbox(input)?;
        let mut select = Select { mailbox, parameters: Vec::new() };
        if !is_next(rest, b'(') {
            return Ok((rest, select));
        }
        let (rest, parameters) = list1(skip_spaces(rest), SelectParameter::read)?;
        select.parameters = parameters;
        Ok((rest, select))
    }
}

impl<'a> SelectParameter<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        if name.eq_ignore_ascii_case(b"CONDSTORE") {
            return Ok((rest, SelectParameter::CondStore));
        }
        if name.eq_ignore_ascii_case(b"QRESYNC") {
            let (rest, ()) = sp(rest)?;
            let (rest, known) = QResync::read(rest)?;
            return Ok((rest, SelectParameter::QResync(known)));
        }
        let (rest, value) = named_value(rest)?;
        Ok((rest, SelectParameter::Other { name: Cow::Borrowed(name), value }))
    }
}

impl QResync {
    fn read(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, ()) = byte(input, b'(', Expected::Open)?;
        let (rest, uid_validity) = nz_number(skip_spaces(rest))?;
        let (rest, ()) = sp(rest)?;
        let (mut rest, mod_seq) = mod_seq_or_zero(rest)?;
        let mut known = QResync { uid_validity, mod_seq, known_uids: None, matches: None };
        // Either of what follows may be missing.
        if rest.first() == Some(&b' ') && !is_next(rest, b'(') && !is_next(rest, b')') {
            let (after, uids) = sequence_set(skip_spaces(rest))?;
            known.known_uids = Some(uids);
            rest = after;
        }
        if is_next(rest, b'(') {
            let (after, ()) = byte(skip_spaces(rest), b'(', Expected::Open)?;
            let (after, numbers) = sequence_set(after)?;
            let (after, ()) = sp(after)?;
            let (after, uids) = sequence_set(after)?;
            let (after, ()) = byte(after, b')', Expected::Close)?;
            known.matches = Some((numbers, uids));
            rest = after;
        }
        let (rest, ()) = byte(skip_spaces(rest), b')', Expected::Close)?;
        Ok((rest, known))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.put(b"QRESYNC (");
        writer.number(u64::from(self.uid_validity.get()));
        writer.space();
        writer.number(self.mod_seq.get());
        if let Some(uids) = &self.known_uids {
            writer.space();
            write_set(uids, writer);
        }
        if let Some((numbers, uids)) = &self.matches {
            writer.put(b" (");
            write_set(numbers, writer);
            writer.space();
            write_set(uids, writer);
            writer.put(b")");
        }
        writer.put(b")");
    }
}

impl<T: AsRef<[u8]>> Select<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.mailbox.write(writer)?;
        if self.parameters.is_empty() {
            return Ok(());
        }
        writer.space();
        writer.list(&self.parameters, |writer, parameter| match parameter {
            SelectParameter::CondStore => {
                writer.put(b"CONDSTORE");
                Ok(())
            }
            SelectParameter::QResync(known) => {
                known.write(writer);
                Ok(())
            }
            SelectParameter::Other { name, value } => write_named_value(name, value.as_ref(), writer),
        })
    }
}

impl<T> Select<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Select<U> {
        let parameter = |parameter| match parameter {
            SelectParameter::CondStore => SelectParameter::CondStore,
            SelectParameter::QResync(known) => SelectParameter::QResync(known),
            SelectParameter::Other { name, value } => {
                SelectParameter::Other { name: text(name), value: value.map(&mut *text) }
            }
        };
        let parameters = self.parameters.into_iter().map(parameter).collect();
        Select { mailbox: self.mailbox.map_text(text), parameters }
    }
}
