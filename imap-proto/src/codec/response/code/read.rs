use alloc::borrow::Cow;
use alloc::vec::Vec;

use memchr::memchr;

use super::{Code, MetadataCode, Progress};
use crate::codec::capability::Capability;
use crate::codec::cursor::{Cursor, NAME, Read};
use crate::codec::fault::Expected;
use crate::codec::flag_list::FlagList;
use crate::codec::number::mod_seq_or_zero;
use crate::codec::section::upper;

type Text<'a> = Cow<'a, [u8]>;

impl<'a> Code<Text<'a>> {
    /// Reads a code with its brackets, if there is one.
    pub(in crate::codec::response) fn read_in_brackets(cursor: &mut Cursor<'a>) -> Option<Self> {
        let inside = cursor.rest().strip_prefix(b"[")?;
        let (code, rest) = inside.split_at(end_of_code(inside)?);
        let known = || {
            let mut cursor = Cursor::new(code);
            let known = Code::read_known(&mut cursor).ok()??;
            cursor.rest().is_empty().then_some(known)
        };
        let code = known().or_else(|| Code::read_other(code))?;
        cursor.resume(rest.get(1..)?);
        Some(code)
    }

    #[cold]
    fn read_other(code: &'a [u8]) -> Option<Self> {
        let name = Cursor::new(code).take_class(NAME);
        if name.is_empty() || code.iter().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        let text = match code.get(name.len()..)? {
            [] => None,
            [b' ', text @ ..] => Some(Cow::Borrowed(text)),
            _ => return None,
        };
        Some(Code::Other { name: Cow::Borrowed(name), text })
    }

    fn read_known(cursor: &mut Cursor<'a>) -> Read<Option<Self>> {
        let name = cursor.take_class(NAME);
        let mut word = [0; 20];
        let name = upper(name, &mut word);
        if let Some(code) = Code::of_plain_name(name) {
            return Ok(Some(code));
        }
        // The two whose argument may be missing.
        match name {
            b"BADCHARSET" if cursor.rest().is_empty() => return Ok(Some(Code::BadCharset(Vec::new()))),
            b"INPROGRESS" if cursor.rest().is_empty() => return Ok(Some(Code::InProgress(None))),
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
            b"BADURL" => Code::BadUrl(rest_of_code(cursor)?),
            b"CAPABILITY" => {
                let words = cursor.rest_of_line();
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
            b"REFERRAL" => Code::Referral(rest_of_code(cursor)?),
            b"UIDNEXT" => Code::UidNext(cursor.nz_number()?.into()),
            b"UIDVALIDITY" => Code::UidValidity(cursor.nz_number()?),
            b"UNDEFINED-FILTER" => Code::UndefinedFilter(rest_of_code(cursor)?),
            b"UNSEEN" => Code::Unseen(cursor.nz_number()?),
            _ => return Ok(None),
        };
        cursor.skip_spaces();
        Ok(Some(code))
    }
}

/// Where the bracket is that ends a code: the first outside quotes and parentheses, or if they are never closed, the first.
fn end_of_code(inside: &[u8]) -> Option<usize> {
    let mut outside = Outside::default();
    let end = inside.iter().position(|byte| outside.is_after(*byte) && *byte == b']');
    end.or_else(|| memchr(b']', inside))
}

/// Whether this can be in a code, and the code still ends after it and not before.
pub(super) fn is_within_code(text: &[u8]) -> bool {
    let mut outside = Outside::default();
    text.iter().all(|byte| !(outside.is_after(*byte) && *byte == b']')) && outside.is_outside()
}

/// Keeps track of quotes and parentheses.
#[derive(Default)]
struct Outside {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Outside {
    /// Passes a byte; gives whether what comes then is outside.
    fn is_after(&mut self, byte: u8) -> bool {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'"' => self.quoted = !self.quoted,
            b'\\' => self.escaped = self.quoted,
            b'(' if !self.quoted => self.depth += 1,
            b')' if !self.quoted => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.is_outside()
    }

    fn is_outside(&self) -> bool {
        self.depth == 0 && !self.quoted
    }
}

fn rest_of_code<'a>(cursor: &mut Cursor<'a>) -> Read<Text<'a>> {
    let text = cursor.take_while(|byte| !byte.is_ascii_control());
    if text.is_empty() { cursor.fail(Expected::String) } else { Ok(Cow::Borrowed(text)) }
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

impl MetadataCode {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let name = cursor.take_class(NAME);
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
}
