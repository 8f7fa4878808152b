//! Reading search keys, without recursion.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{EntryKind, Open, SearchKey, SearchKeys, Text};
use crate::codec::command::sequence_set;
use crate::codec::date::{Date, date};
use crate::codec::fault::{Expected, Parsed, fail};
use crate::codec::number::{mod_seq_or_zero, number64, nz_number};
use crate::codec::text::{astring, atom, keyword, likely_items, skip_spaces, sp, string};
use crate::codec::word::{Word, known_words};

/// What a parenthesis that is not closed counts for: as many keys as come.
const ANY: u32 = u32::MAX;

impl<'a> SearchKeys<Text<'a>> {
    /// Reads keys with spaces between them, to the end of the input.
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let mut keys: Vec<SearchKey<Text<'a>>> = Vec::with_capacity(likely_items(input));
        let mut open = Open::new();
        // Of each open parenthesis: where its key is, and how many keys are in it.
        let mut groups: Vec<(usize, u32)> = Vec::new();
        let mut rest = input;
        loop {
            let place = keys.len();
            if let [b'(', after @ ..] = rest {
                if !open.push(ANY) {
                    return fail(rest, Expected::Shallower);
                }
                groups.push((place, 0));
                keys.push(SearchKey::And(0));
                rest = skip_spaces(after);
                continue;
            }
            let (after, key) = one_key(rest)?;
            let operands = key.operands();
            if operands > 0 {
                if !open.push(operands) {
                    return fail(rest, Expected::Shallower);
                }
                keys.push(key);
                rest = sp(after)?.0;
                continue;
            }
            keys.push(key);
            rest = after;
            // What this key completes, and the parentheses that close after it.
            let next = loop {
                close(&mut open, &mut groups);
                let next = skip_spaces(rest);
                let [b')', after @ ..] = next else { break next };
                if open.top().is_none_or(|left| *left != ANY) {
                    return fail(rest, Expected::SearchKey);
                }
                open.depth -= 1;
                if let Some((place, count)) = groups.pop()
                    && let Some(group) = keys.get_mut(place)
                {
                    *group = SearchKey::And(count);
                }
                rest = after;
            };
            if next.is_empty() {
                return if open.depth == 0 { Ok((&[], SearchKeys { keys })) } else { fail(rest, Expected::Close) };
            }
            if next.len() == rest.len() {
                return fail(rest, Expected::Space);
            }
            rest = next;
        }
    }
}

/// A key is complete, and so may be the operators around it, up to a parenthesis, which counts it.
fn close(open: &mut Open, groups: &mut [(usize, u32)]) {
    while let Some(left) = open.top() {
        if *left == ANY {
            if let Some((_, count)) = groups.last_mut() {
                *count += 1;
            }
            return;
        }
        *left -= 1;
        if *left > 0 {
            return;
        }
        open.depth -= 1;
    }
}

type Key<'a> = SearchKey<Text<'a>>;

fn one_key(input: &[u8]) -> Parsed<'_, Key<'_>> {
    if matches!(input.first(), Some(b'0'..=b'9' | b'*' | b'$')) {
        return sequence_set(input).map(|(rest, set)| (rest, SearchKey::Numbers(set)));
    }
    let Ok((rest, name)) = atom(input) else { return fail(input, Expected::SearchKey) };
    known_words!(
        NOT OR FUZZY ALL ANSWERED DELETED DRAFT FLAGGED NEW OLD RECENT SEEN UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN
        KEYWORD UNKEYWORD BCC BODY CC FROM SUBJECT TEXT TO EMAILID THREADID FILTER HEADER BEFORE ON SINCE SENTBEFORE SENTON SENTSINCE SAVEDBEFORE SAVEDON SAVEDSINCE LARGER SMALLER OLDER YOUNGER UID MODSEQ
    );
    let plain = match Word::of(name) {
        NOT => SearchKey::Not,
        OR => SearchKey::Or,
        FUZZY => SearchKey::Fuzzy,
        ALL => SearchKey::All,
        ANSWERED => SearchKey::Answered,
        DELETED => SearchKey::Deleted,
        DRAFT => SearchKey::Draft,
        FLAGGED => SearchKey::Flagged,
        NEW => SearchKey::New,
        OLD => SearchKey::Old,
        RECENT => SearchKey::Recent,
        SEEN => SearchKey::Seen,
        UNANSWERED => SearchKey::Unanswered,
        UNDELETED => SearchKey::Undeleted,
        UNDRAFT => SearchKey::Undraft,
        UNFLAGGED => SearchKey::Unflagged,
        UNSEEN => SearchKey::Unseen,
        KEYWORD => return flag_keyword(rest, SearchKey::Keyword),
        UNKEYWORD => return flag_keyword(rest, SearchKey::Unkeyword),
        BCC => return text(rest, SearchKey::Bcc),
        BODY => return text(rest, SearchKey::Body),
        CC => return text(rest, SearchKey::Cc),
        FROM => return text(rest, SearchKey::From),
        SUBJECT => return text(rest, SearchKey::Subject),
        TEXT => return text(rest, SearchKey::Text),
        TO => return text(rest, SearchKey::To),
        EMAILID => return text(rest, SearchKey::EmailId),
        THREADID => return text(rest, SearchKey::ThreadId),
        FILTER => return text(rest, SearchKey::Filter),
        HEADER => {
            let (rest, field) = astring(sp(rest)?.0)?;
            let (rest, value) = astring(sp(rest)?.0)?;
            return Ok((rest, SearchKey::Header(field, value)));
        }
        BEFORE => return day(rest, SearchKey::Before),
        ON => return day(rest, SearchKey::On),
        SINCE => return day(rest, SearchKey::Since),
        SENTBEFORE => return day(rest, SearchKey::SentBefore),
        SENTON => return day(rest, SearchKey::SentOn),
        SENTSINCE => return day(rest, SearchKey::SentSince),
        SAVEDBEFORE => return day(rest, SearchKey::SavedBefore),
        SAVEDON => return day(rest, SearchKey::SavedOn),
        SAVEDSINCE => return day(rest, SearchKey::SavedSince),
        LARGER => return number64(sp(rest)?.0).map(|(rest, size)| (rest, SearchKey::Larger(size))),
        SMALLER => return number64(sp(rest)?.0).map(|(rest, size)| (rest, SearchKey::Smaller(size))),
        OLDER => return nz_number(sp(rest)?.0).map(|(rest, seconds)| (rest, SearchKey::Older(seconds.get()))),
        YOUNGER => return nz_number(sp(rest)?.0).map(|(rest, seconds)| (rest, SearchKey::Younger(seconds.get()))),
        UID => return sequence_set(sp(rest)?.0).map(|(rest, set)| (rest, SearchKey::Uids(set))),
        MODSEQ => return mod_seq(sp(rest)?.0),
        // It is too long for a word.
        _ if name.eq_ignore_ascii_case(b"SAVEDATESUPPORTED") => SearchKey::SaveDateSupported,
        _ => {
            let (rest, argument) = match rest {
                [b' ', after @ ..] if matches!(after.first(), Some(b'"' | b'{')) => {
                    string(after).map(|(rest, argument)| (rest, Some(argument)))?
                }
                _ => (rest, None),
            };
            return Ok((rest, SearchKey::Other { name: Cow::Borrowed(name), argument }));
        }
    };
    Ok((rest, plain))
}

fn text<'a>(input: &'a [u8], make: fn(Text<'a>) -> Key<'a>) -> Parsed<'a, Key<'a>> {
    astring(sp(input)?.0).map(|(rest, text)| (rest, make(text)))
}

fn flag_keyword<'a>(input: &'a [u8], make: fn(Text<'a>) -> Key<'a>) -> Parsed<'a, Key<'a>> {
    atom(sp(input)?.0).map(|(rest, word)| (rest, make(Cow::Borrowed(word))))
}

fn day<'a>(input: &'a [u8], make: fn(Date) -> Key<'a>) -> Parsed<'a, Key<'a>> {
    date(sp(input)?.0).map(|(rest, day)| (rest, make(day)))
}

/// `search-modsequence`'s arguments (RFC 7162 §7).
fn mod_seq(input: &[u8]) -> Parsed<'_, Key<'_>> {
    let (mut rest, mut entry) = (input, None);
    if !matches!(input.first(), Some(b'0'..=b'9')) {
        let (after, name) = astring(input)?;
        let (after, ()) = sp(after)?;
        let kinds: [(&[u8], _); 3] =
            [(b"priv", EntryKind::Private), (b"shared", EntryKind::Shared), (b"all", EntryKind::All)];
        let found = kinds.iter().find_map(|(word, kind)| keyword(after, word).ok().map(|(rest, ())| (rest, *kind)));
        let Some((after, kind)) = found else { return fail(after, Expected::Keyword) };
        entry = Some((name, kind));
        rest = sp(after)?.0;
    }
    mod_seq_or_zero(rest).map(|(rest, mod_seq)| (rest, SearchKey::ModSeq { entry, mod_seq }))
}

/// Whether a word would be read as a key that is not known.
pub(super) fn is_unknown(name: &[u8]) -> bool {
    matches!(one_key(name), Ok((b"", SearchKey::Other { .. })))
}
