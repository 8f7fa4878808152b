//! Reading search keys, without recursion.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{EntryKind, Open, SearchKey, SearchKeys, Text};
use crate::codec::command::sequence_set;
use crate::codec::date::{Date, date};
use crate::codec::fault::{Expected, Parsed, fail};
use crate::codec::number::{mod_seq_or_zero, number64, nz_number};
use crate::codec::section::upper;
use crate::codec::text::{astring, atom, keyword, likely_items, skip_spaces, sp, string};

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
            loop {
                close(&mut open, &mut groups);
                let [b')', after @ ..] = skip_spaces(rest) else { break };
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
            }
            if skip_spaces(rest).is_empty() {
                return if open.depth == 0 { Ok((&[], SearchKeys { keys })) } else { fail(rest, Expected::Close) };
            }
            rest = sp(rest)?.0;
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
    let mut word = [0; 17];
    let word = upper(name, &mut word);
    if let Some(plain) = plain_key(word) {
        return Ok((rest, plain));
    }
    match word {
        b"KEYWORD" => flag_keyword(rest, SearchKey::Keyword),
        b"UNKEYWORD" => flag_keyword(rest, SearchKey::Unkeyword),
        b"BCC" => text(rest, SearchKey::Bcc),
        b"BODY" => text(rest, SearchKey::Body),
        b"CC" => text(rest, SearchKey::Cc),
        b"FROM" => text(rest, SearchKey::From),
        b"SUBJECT" => text(rest, SearchKey::Subject),
        b"TEXT" => text(rest, SearchKey::Text),
        b"TO" => text(rest, SearchKey::To),
        b"EMAILID" => text(rest, SearchKey::EmailId),
        b"THREADID" => text(rest, SearchKey::ThreadId),
        b"FILTER" => text(rest, SearchKey::Filter),
        b"HEADER" => {
            let (rest, field) = astring(sp(rest)?.0)?;
            let (rest, value) = astring(sp(rest)?.0)?;
            Ok((rest, SearchKey::Header(field, value)))
        }
        b"BEFORE" => day(rest, SearchKey::Before),
        b"ON" => day(rest, SearchKey::On),
        b"SINCE" => day(rest, SearchKey::Since),
        b"SENTBEFORE" => day(rest, SearchKey::SentBefore),
        b"SENTON" => day(rest, SearchKey::SentOn),
        b"SENTSINCE" => day(rest, SearchKey::SentSince),
        b"SAVEDBEFORE" => day(rest, SearchKey::SavedBefore),
        b"SAVEDON" => day(rest, SearchKey::SavedOn),
        b"SAVEDSINCE" => day(rest, SearchKey::SavedSince),
        b"LARGER" => number64(sp(rest)?.0).map(|(rest, size)| (rest, SearchKey::Larger(size))),
        b"SMALLER" => number64(sp(rest)?.0).map(|(rest, size)| (rest, SearchKey::Smaller(size))),
        b"OLDER" => nz_number(sp(rest)?.0).map(|(rest, seconds)| (rest, SearchKey::Older(seconds.get()))),
        b"YOUNGER" => nz_number(sp(rest)?.0).map(|(rest, seconds)| (rest, SearchKey::Younger(seconds.get()))),
        b"UID" => sequence_set(sp(rest)?.0).map(|(rest, set)| (rest, SearchKey::Uids(set))),
        b"MODSEQ" => mod_seq(sp(rest)?.0),
        _ => {
            let (rest, argument) = match rest {
                [b' ', after @ ..] if matches!(after.first(), Some(b'"' | b'{')) => {
                    string(after).map(|(rest, argument)| (rest, Some(argument)))?
                }
                _ => (rest, None),
            };
            Ok((rest, SearchKey::Other { name: Cow::Borrowed(name), argument }))
        }
    }
}

fn plain_key<T>(word: &[u8]) -> Option<SearchKey<T>> {
    Some(match word {
        b"NOT" => SearchKey::Not,
        b"OR" => SearchKey::Or,
        b"FUZZY" => SearchKey::Fuzzy,
        b"ALL" => SearchKey::All,
        b"ANSWERED" => SearchKey::Answered,
        b"DELETED" => SearchKey::Deleted,
        b"DRAFT" => SearchKey::Draft,
        b"FLAGGED" => SearchKey::Flagged,
        b"NEW" => SearchKey::New,
        b"OLD" => SearchKey::Old,
        b"RECENT" => SearchKey::Recent,
        b"SEEN" => SearchKey::Seen,
        b"UNANSWERED" => SearchKey::Unanswered,
        b"UNDELETED" => SearchKey::Undeleted,
        b"UNDRAFT" => SearchKey::Undraft,
        b"UNFLAGGED" => SearchKey::Unflagged,
        b"UNSEEN" => SearchKey::Unseen,
        b"SAVEDATESUPPORTED" => SearchKey::SaveDateSupported,
        _ => return None,
    })
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
