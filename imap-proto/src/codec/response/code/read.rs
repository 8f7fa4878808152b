use alloc::borrow::Cow;
use alloc::vec::Vec;

use memchr::memchr;

use super::{Code, MetadataCode, Progress};
use crate::codec::capability::Capability;
use crate::codec::cursor::{Cursor, NAME, Read, is};
use crate::codec::fault::Expected;
use crate::codec::flag_list::FlagList;
use crate::codec::number::mod_seq_or_zero;
use crate::codec::section::upper;

type Text<'a> = Cow<'a, [u8]>;

impl<'a> Code<Text<'a>> {
    /// Reads a code with its brackets, if there is one.
    pub(in crate::codec::response) fn read_in_brackets(cursor: &mut Cursor<'a>) -> Option<Self> {
        let start = *cursor;
        if !cursor.eat(b'[') {
            return None;
        }
        let inside = *cursor;
        if let Ok(Some(code)) = Code::read_known(cursor)
            && cursor.eat(b']')
        {
            return Some(code);
        }
        *cursor = inside;
        let other = Code::read_other(cursor);
        if other.is_none() {
            *cursor = start;
        }
        other
    }

    #[cold]
    fn read_other(cursor: &mut Cursor<'a>) -> Option<Self> {
        let (code, rest) = cursor.rest().split_at(memchr(b']', cursor.rest())?);
        let name = cursor.take_while(|byte| is(NAME, byte));
        let text = code.get(name.len()..)?;
        let well_formed = !name.is_empty() && !code.iter().any(|byte| byte.is_ascii_control());
        let text = match text {
            [] => None,
            [b' ', text @ ..] => Some(Cow::Borrowed(text)),
            _ => return None,
        };
        cursor.resume(rest.get(1..)?);
        well_formed.then_some(Code::Other { name: Cow::Borrowed(name), text })
    }

    fn read_known(cursor: &mut Cursor<'a>) -> Read<Option<Self>> {
        let name = cursor.take_while(|byte| is(NAME, byte));
        let mut word = [0; 20];
        let name = upper(name, &mut word);
        if let Some(code) = Code::of_plain_name(name) {
            return Ok(Some(code));
        }
        // The two whose argument may be missing.
        match name {
            b"BADCHARSET" if cursor.peek() == Some(b']') => return Ok(Some(Code::BadCharset(Vec::new()))),
            b"INPROGRESS" if cursor.peek() == Some(b']') => return Ok(Some(Code::InProgress(None))),
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
            b"BADURL" => Code::BadUrl(text_to_bracket(cursor)?),
            b"CAPABILITY" => {
                let words = cursor.take_while(|byte| byte != b']' && byte != b'\r');
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
            b"REFERRAL" => Code::Referral(text_to_bracket(cursor)?),
            b"UIDNEXT" => Code::UidNext(cursor.nz_number()?.into()),
            b"UIDVALIDITY" => Code::UidValidity(cursor.nz_number()?),
            b"UNDEFINED-FILTER" => Code::UndefinedFilter(text_to_bracket(cursor)?),
            b"UNSEEN" => Code::Unseen(cursor.nz_number()?),
            _ => return Ok(None),
        };
        cursor.skip_spaces();
        Ok(Some(code))
    }
}

fn text_to_bracket<'a>(cursor: &mut Cursor<'a>) -> Read<Text<'a>> {
    let text = cursor.take_while(|byte| byte != b']' && !byte.is_ascii_control());
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
        let name = cursor.take_while(|byte| is(NAME, byte));
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
