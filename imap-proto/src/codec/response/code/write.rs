use super::read::is_within_code;
use super::{Code, MetadataCode, Progress};
use crate::codec::encode::{Unwritable, Writer};

impl<T: AsRef<[u8]>> Code<T> {
    /// Writes the code without its brackets.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
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

/// Text that does not end the code too early or too late.
fn text_before_bracket(writer: &mut Writer<'_>, text: &[u8]) -> Result<(), Unwritable> {
    if !is_within_code(text) {
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
