//! STORE (RFC 9051 §6.4.6), with CONDSTORE (RFC 7162).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Parsed;
use crate::codec::flag::{Flag, flag};
use crate::codec::number::{ModSeq, mod_seq_or_zero};
use crate::codec::sequence::SequenceSet;
use crate::codec::text::{atom, keyword, list, list1, skip_spaces, sp};

use super::{Text, named_value, sequence_set, write_named_value, write_set};

/// `[UID] STORE set [(modifiers)] FLAGS ...`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store<T> {
    /// Whether the set is one of UIDs.
    pub uid: bool,
    /// Of which messages.
    pub set: SequenceSet,
    /// On what terms; absent by default.
    pub modifiers: Vec<StoreModifier<T>>,
    /// What is done with the flags.
    pub action: StoreAction,
    /// `.SILENT`: the new flags are not to be told.
    pub silent: bool,
    /// The flags.
    pub flags: Vec<Flag<T>>,
}

/// What STORE does with flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreAction {
    /// `FLAGS`: these and no others.
    Replace,
    /// `+FLAGS`: these too.
    Add,
    /// `-FLAGS`: these no more.
    Remove,
}

/// On what terms STORE changes flags (RFC 4466 §2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreModifier<T> {
    /// `UNCHANGEDSINCE`: only where the mod-sequence is no higher (RFC 7162 §3.1.3).
    UnchangedSince(ModSeq),
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// An atom, a number, a set, a string or a list in parentheses.
        value: Option<T>,
    },
}

impl<'a> Store<Text<'a>> {
    pub(crate) fn read(input: &'a [u8], uid: bool) -> Parsed<'a, Self> {
        let (rest, set) = sequence_set(input)?;
        let (mut rest, ()) = sp(rest)?;
        let mut modifiers = Vec::new();
        if rest.first() == Some(&b'(') {
            let (after, some) = list1(rest, StoreModifier::read)?;
            modifiers = some;
            rest = sp(after)?.0;
        }
        let (rest, action) = match rest {
            [b'+', rest @ ..] => (rest, StoreAction::Add),
            [b'-', rest @ ..] => (rest, StoreAction::Remove),
            _ => (rest, StoreAction::Replace),
        };
        let (rest, silent) = match keyword(rest, b"FLAGS.SILENT") {
            Ok((rest, ())) => (rest, true),
            Err(_) => (keyword(rest, b"FLAGS")?.0, false),
        };
        let (rest, ()) = sp(rest)?;
        let (rest, flags) = read_flags(rest)?;
        Ok((rest, Store { uid, set, modifiers, action, silent, flags }))
    }
}

/// Flags in parentheses, or one or more without them.
fn read_flags(input: &[u8]) -> Parsed<'_, Vec<Flag<Text<'_>>>> {
    if input.first() == Some(&b'(') {
        return list(input, flag);
    }
    let (mut rest, first) = flag(input)?;
    let mut flags = Vec::from([first]);
    while let [b' ', after @ ..] = rest {
        if skip_spaces(after).is_empty() {
            break;
        }
        let (after, one) = flag(after)?;
        flags.push(one);
        rest = after;
    }
    Ok((rest, flags))
}

impl<'a> StoreModifier<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        if name.eq_ignore_ascii_case(b"UNCHANGEDSINCE") {
            return mod_seq_or_zero(sp(rest)?.0).map(|(rest, since)| (rest, StoreModifier::UnchangedSince(since)));
        }
        let (rest, value) = named_value(rest)?;
        Ok((rest, StoreModifier::Other { name: Cow::Borrowed(name), value }))
    }
}

impl<T: AsRef<[u8]>> Store<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        write_set(&self.set, writer);
        writer.space();
        if !self.modifiers.is_empty() {
            writer.list(&self.modifiers, |writer, modifier| match modifier {
                StoreModifier::UnchangedSince(since) => {
                    writer.put(b"UNCHANGEDSINCE ");
                    writer.number(since.get());
                    Ok(())
                }
                StoreModifier::Other { name, value } => write_named_value(name, value.as_ref(), writer),
            })?;
            writer.space();
        }
        writer.put(match self.action {
            StoreAction::Replace => b"FLAGS",
            StoreAction::Add => b"+FLAGS",
            StoreAction::Remove => b"-FLAGS",
        });
        writer.put(if self.silent { b".SILENT " } else { b" " });
        writer.list(&self.flags, |writer, flag| flag.write(writer))
    }
}

impl<T> Store<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Store<U> {
        let Store { uid, set, modifiers, action, silent, flags } = self;
        let modifier = |modifier| match modifier {
            StoreModifier::UnchangedSince(since) => StoreModifier::UnchangedSince(since),
            StoreModifier::Other { name, value } => {
                StoreModifier::Other { name: text(name), value: value.map(&mut *text) }
            }
        };
        let modifiers = modifiers.into_iter().map(modifier).collect();
        let flags = flags.into_iter().map(|flag| flag.map_text(text)).collect();
        Store { uid, set, modifiers, action, silent, flags }
    }
}
