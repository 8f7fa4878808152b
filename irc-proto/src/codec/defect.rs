use core::fmt;

use memchr::memchr;

use super::message::Message;
use super::profile::{Fault, Profile};
use super::tags::check_key;

/// A rule of the strict profile that a line breaks, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Defect {
    /// The rule.
    pub fault: Fault,
    /// The first byte of the line with which it is broken, counted from 0; the end of the part where something is missing.
    pub at: usize,
}

/// Finds where a line breaks one rule first.
type Find = fn(Message<&[u8]>) -> Option<usize>;

/// The rules that the strict profile alone has.
const RULES: [(Fault, Find); 8] = [
    (Fault::LeadingSpace, leading_space),
    (Fault::ExtraSpace, extra_space),
    (Fault::TagKey, tag_key),
    (Fault::TagNotUtf8, tag_not_utf8),
    (Fault::EmptySource, empty_source),
    (Fault::Command, command),
    (Fault::TrailingSpace, trailing_space),
    (Fault::TooManyParams, too_many_params),
];

/// Goes through the rules; see [`Message::defects`].
pub(super) fn of(message: Message<&[u8]>) -> impl Iterator<Item = Defect> {
    RULES.into_iter().filter_map(move |(fault, find)| find(message).map(|at| Defect { fault, at }))
}

fn leading_space(message: Message<&[u8]>) -> Option<usize> {
    message.line().starts_with(b" ").then_some(0)
}

/// Between two parts; spaces at the end, or in a trailing parameter, are others.
fn extra_space(message: Message<&[u8]>) -> Option<usize> {
    let line = message.line();
    let mut params = message.params();
    let between_params = core::iter::from_fn(|| {
        let end = line.len() - params.left();
        params.next().map(|_| end)
    });
    let heads = [message.tags_span(), message.source_span()].into_iter().flatten().map(|(_, end)| end);
    heads.chain(between_params).map(|end| end + 1).find(|second| line.get(*second) == Some(&b' '))
}

fn tag_key(message: Message<&[u8]>) -> Option<usize> {
    let (mut at, end) = message.tags_span()?;
    loop {
        let rest = &message.line()[at..end];
        let len = memchr(b';', rest).unwrap_or(rest.len());
        let tag = &rest[..len];
        let key_len = tag.iter().position(|byte| *byte == b'=').unwrap_or(len);
        if check_key(&tag[..key_len]).is_err() {
            return Some(at);
        }
        if len == rest.len() {
            return None;
        }
        at += len + 1;
    }
}

/// Keys are ASCII, or have a fault of their own.
fn tag_not_utf8(message: Message<&[u8]>) -> Option<usize> {
    let (start, _) = message.tags_span()?;
    core::str::from_utf8(message.tags().as_bytes()).err().map(|error| start + error.valid_up_to())
}

fn empty_source(message: Message<&[u8]>) -> Option<usize> {
    message.source_span().filter(|(start, end)| start == end).map(|(start, _)| start)
}

fn command(message: Message<&[u8]>) -> Option<usize> {
    message.command().check_strict().is_err().then_some(message.command_start())
}

fn trailing_space(message: Message<&[u8]>) -> Option<usize> {
    if !message.line().ends_with(b" ") {
        return None;
    }
    let mut params = message.params();
    let mut left = params.left();
    while params.next().is_some() {
        left = params.left();
    }
    (left > 0).then(|| message.line().len() - left)
}

fn too_many_params(message: Message<&[u8]>) -> Option<usize> {
    let mut params = message.params();
    params.nth(Profile::MAX_PARAMS - 1)?;
    let left = params.left();
    params.next().map(|_| message.line().len() - left + 1)
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.at, self.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn defects(line: &[u8]) -> Vec<(Fault, usize)> {
        let message = Message::parse(line, Profile::Lenient).unwrap();
        message.defects().map(|defect| (defect.fault, defect.at)).collect()
    }

    #[test]
    fn each_rule_is_told_once_and_where() {
        for (line, at, fault) in [
            (&b" PING x"[..], 0, Fault::LeadingSpace),
            (b"@a  PING x", 3, Fault::ExtraSpace),
            (b"@a  :s PING x", 3, Fault::ExtraSpace),
            (b":s  PING  x", 3, Fault::ExtraSpace),
            (b"PING  x", 5, Fault::ExtraSpace),
            (b"PING x  :y", 7, Fault::ExtraSpace),
            (b"@ PING x", 1, Fault::TagKey),
            (b"@a;b_=1;=c PING x", 3, Fault::TagKey),
            (b"@a; PING x", 3, Fault::TagKey),
            (b"@a=b\xff PING x", 4, Fault::TagNotUtf8),
            (b": PING x", 1, Fault::EmptySource),
            (b":s P1NG x", 3, Fault::Command),
            (b"PING ", 4, Fault::TrailingSpace),
            (b"PING x   ", 6, Fault::TrailingSpace),
            (b"A 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 :16", 38, Fault::TooManyParams),
        ] {
            assert_eq!(defects(line), [(fault, at)], "{}", line.escape_ascii());
            assert_eq!(Message::parse(line, Profile::Strict), Err(fault));
        }
    }

    #[test]
    fn all_rules_of_one_line_are_told() {
        let line = b"   @a_b=\xff  :  P1NG  a b c d e f g h i j k l m n o p q  ";
        let faults: Vec<_> = defects(line).into_iter().map(|(fault, _)| fault).collect();
        assert_eq!(faults, RULES.map(|(fault, _)| fault));
    }

    #[test]
    fn a_lawful_line_has_none() {
        for line in [
            &b"@a=1;+b.c/d :ada!a@host PRIVMSG #x :  two  spaces  "[..],
            b"PING",
            b"A 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
            b"AWAY :",
        ] {
            assert_eq!(defects(line), [], "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_defect_says_where_it_is() {
        let defect = Defect { fault: Fault::LeadingSpace, at: 0 };
        assert_eq!(defect.to_string(), "byte 0: a line must not begin with a space");
    }

    proptest! {
        #[test]
        fn the_strict_profile_takes_what_has_no_defect(line in prop::collection::vec(prop_oneof![1 => any::<u8>(), 6 => prop::sample::select(&b" :@;=\\+/#aA1"[..])], 0..60)) {
            let strict = Message::parse(&line, Profile::Strict);
            match Message::parse(&line, Profile::Lenient) {
                Err(fault) => prop_assert_eq!(strict, Err(fault)),
                Ok(message) => {
                    let all: Vec<_> = message.defects().collect();
                    prop_assert!(all.iter().all(|defect| defect.at <= line.len()));
                    prop_assert_eq!(strict.err(), all.first().map(|defect| defect.fault));
                }
            }
        }
    }
}
