//! Writing search keys, without recursion.

use super::{EntryKind, Open, SearchKey, SearchKeys};
use crate::codec::command::write_set;
use crate::codec::date::Date;
use crate::codec::encode::{Unwritable, Writer};

impl<T: AsRef<[u8]>> SearchKeys<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let mut open = Open::new();
        let mut is_group = [false; SearchKeys::<()>::DEPTH];
        let mut needs_space = false;
        for key in self.keys() {
            if needs_space {
                writer.space();
            }
            let operands = key.operands();
            if operands == 0 {
                key.write(writer)?;
                open.complete(|depth| {
                    if is_group[depth] {
                        writer.put(b")");
                    }
                });
                needs_space = true;
                continue;
            }
            let group = matches!(key, SearchKey::And(_));
            let place = is_group.get_mut(open.depth).ok_or(Unwritable::TooMany)?;
            *place = group;
            open.push(operands);
            match key {
                SearchKey::Not => writer.put(b"NOT"),
                SearchKey::Or => writer.put(b"OR"),
                SearchKey::Fuzzy => writer.put(b"FUZZY"),
                _ => writer.put(b"("),
            }
            needs_space = !group;
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> SearchKey<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        use SearchKey as Key;
        let plain: &[u8] = match self {
            Key::All => b"ALL",
            Key::Answered => b"ANSWERED",
            Key::Deleted => b"DELETED",
            Key::Draft => b"DRAFT",
            Key::Flagged => b"FLAGGED",
            Key::New => b"NEW",
            Key::Old => b"OLD",
            Key::Recent => b"RECENT",
            Key::Seen => b"SEEN",
            Key::Unanswered => b"UNANSWERED",
            Key::Undeleted => b"UNDELETED",
            Key::Undraft => b"UNDRAFT",
            Key::Unflagged => b"UNFLAGGED",
            Key::Unseen => b"UNSEEN",
            Key::SaveDateSupported => b"SAVEDATESUPPORTED",
            Key::Keyword(word) => return with_atom(writer, b"KEYWORD ", word.as_ref()),
            Key::Unkeyword(word) => return with_atom(writer, b"UNKEYWORD ", word.as_ref()),
            Key::Bcc(text) => return with_text(writer, b"BCC ", text.as_ref()),
            Key::Body(text) => return with_text(writer, b"BODY ", text.as_ref()),
            Key::Cc(text) => return with_text(writer, b"CC ", text.as_ref()),
            Key::From(text) => return with_text(writer, b"FROM ", text.as_ref()),
            Key::Subject(text) => return with_text(writer, b"SUBJECT ", text.as_ref()),
            Key::Text(text) => return with_text(writer, b"TEXT ", text.as_ref()),
            Key::To(text) => return with_text(writer, b"TO ", text.as_ref()),
            Key::EmailId(id) => return with_text(writer, b"EMAILID ", id.as_ref()),
            Key::ThreadId(id) => return with_text(writer, b"THREADID ", id.as_ref()),
            Key::Filter(name) => return with_text(writer, b"FILTER ", name.as_ref()),
            Key::Header(field, text) => {
                with_text(writer, b"HEADER ", field.as_ref())?;
                return with_text(writer, b" ", text.as_ref());
            }
            Key::Before(day) => return with_day(writer, b"BEFORE ", *day),
            Key::On(day) => return with_day(writer, b"ON ", *day),
            Key::Since(day) => return with_day(writer, b"SINCE ", *day),
            Key::SentBefore(day) => return with_day(writer, b"SENTBEFORE ", *day),
            Key::SentOn(day) => return with_day(writer, b"SENTON ", *day),
            Key::SentSince(day) => return with_day(writer, b"SENTSINCE ", *day),
            Key::SavedBefore(day) => return with_day(writer, b"SAVEDBEFORE ", *day),
            Key::SavedOn(day) => return with_day(writer, b"SAVEDON ", *day),
            Key::SavedSince(day) => return with_day(writer, b"SAVEDSINCE ", *day),
            Key::Larger(size) => return with_number(writer, b"LARGER ", *size),
            Key::Smaller(size) => return with_number(writer, b"SMALLER ", *size),
            Key::Older(seconds) => return with_seconds(writer, b"OLDER ", *seconds),
            Key::Younger(seconds) => return with_seconds(writer, b"YOUNGER ", *seconds),
            Key::Numbers(set) => {
                write_set(set, writer);
                return Ok(());
            }
            Key::Uids(set) => {
                writer.put(b"UID ");
                write_set(set, writer);
                return Ok(());
            }
            Key::ModSeq { entry, mod_seq } => {
                writer.put(b"MODSEQ ");
                if let Some((name, kind)) = entry {
                    // An entry that begins with a digit must not be read as the number.
                    writer.string(name.as_ref())?;
                    writer.put(match kind {
                        EntryKind::Private => b" priv ",
                        EntryKind::Shared => b" shared ",
                        EntryKind::All => b" all ",
                    });
                }
                writer.number(mod_seq.get());
                return Ok(());
            }
            Key::Other { name, argument } => return write_other(writer, name.as_ref(), argument.as_ref()),
            // The tree above writes these.
            Key::Not | Key::Or | Key::Fuzzy | Key::And(_) => return Err(Unwritable::Value),
        };
        writer.put(plain);
        Ok(())
    }
}

fn with_text(writer: &mut Writer<'_>, name: &[u8], text: &[u8]) -> Result<(), Unwritable> {
    writer.put(name);
    writer.astring(text)
}

fn with_atom(writer: &mut Writer<'_>, name: &[u8], word: &[u8]) -> Result<(), Unwritable> {
    writer.put(name);
    writer.atom(word)
}

fn with_day(writer: &mut Writer<'_>, name: &[u8], day: Date) -> Result<(), Unwritable> {
    writer.put(name);
    day.write(writer);
    Ok(())
}

fn with_number(writer: &mut Writer<'_>, name: &[u8], number: u64) -> Result<(), Unwritable> {
    writer.put(name);
    writer.number(number);
    if number >> 63 == 0 { Ok(()) } else { Err(Unwritable::Value) }
}

fn with_seconds(writer: &mut Writer<'_>, name: &[u8], seconds: u32) -> Result<(), Unwritable> {
    writer.put(name);
    writer.number(u64::from(seconds));
    if seconds == 0 { Err(Unwritable::Value) } else { Ok(()) }
}

/// A key that this crate does not know. A name that it knows would be read with other arguments.
fn write_other<T: AsRef<[u8]>>(writer: &mut Writer<'_>, name: &[u8], argument: Option<&T>) -> Result<(), Unwritable> {
    if writer.is_checking() && !super::read::is_unknown(name) {
        return Err(Unwritable::Value);
    }
    writer.atom(name)?;
    if let Some(argument) = argument {
        writer.space();
        writer.string(argument.as_ref())?;
    }
    Ok(())
}
