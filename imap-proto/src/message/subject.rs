//! Base subjects (RFC 5256 §2.1).

use alloc::string::String;

use super::decode;

/// A subject without what answering and forwarding puts around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BaseSubject {
    /// What is left; it may be empty.
    pub text: String,
    /// Whether anything was taken away that tells of an answer or of forwarding.
    pub is_reply_or_forward: bool,
}

impl BaseSubject {
    /// The base subject of a Subject field's value. The time is linear.
    pub fn of(subject: &[u8]) -> Self {
        let line = single_spaced(&decode::words(subject));
        let mut is_reply_or_forward = false;
        let mut text = line.as_str();
        loop {
            text = text.trim_matches(' ');
            while let Some(before) = strip_end(text, "(fwd)") {
                text = before.trim_end_matches(' ');
                is_reply_or_forward = true;
            }
            // All blobs stand before a "Re:", or all that leave something go.
            loop {
                text = text.trim_start_matches(' ');
                let (mut after, mut last) = (text, text);
                while let Some(rest) = strip_blob(after) {
                    after = rest;
                    if !rest.is_empty() {
                        last = rest;
                    }
                }
                match strip_refwd(after) {
                    Some(rest) => text = rest,
                    None => {
                        text = last;
                        break;
                    }
                }
                is_reply_or_forward = true;
            }
            match strip_start(text, "[fwd:").and_then(|inside| inside.strip_suffix(']')) {
                Some(inside) => text = inside,
                None => break,
            }
            is_reply_or_forward = true;
        }
        BaseSubject { text: text.into(), is_reply_or_forward }
    }
}

fn single_spaced(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if !matches!(character, ' ' | '\t' | '\r' | '\n') {
            line.push(character);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line
}

/// What follows `[...]` and spaces.
fn strip_blob(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(['[', ']'])?;
    let rest = inside.get(end..)?.strip_prefix(']')?;
    Some(rest.trim_start_matches(' '))
}

/// What follows `Re:`, `Fw:` or `Fwd:`, which may have a blob before the colon.
fn strip_refwd(text: &str) -> Option<&str> {
    let rest = ["re", "fwd", "fw"].into_iter().find_map(|word| strip_start(text, word))?;
    let rest = rest.trim_start_matches(' ');
    strip_blob(rest).unwrap_or(rest).strip_prefix(':')
}

fn strip_start<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let (found, rest) = text.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

fn strip_end<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let (rest, found) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    found.eq_ignore_ascii_case(end).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_rfc_5256() {
        for (subject, wanted, is_reply) in [
            ("hello", "hello", false),
            ("  hello \t\r\n there  ", "hello there", false),
            ("Re: hello", "hello", true),
            ("RE [2] : Fwd:fw:  hello", "hello", true),
            ("[list] Re: [list] hello", "hello", true),
            ("[list] hello", "hello", false),
            ("[a][b] [c]", "[c]", false),
            ("[a] [b] Re: [c]", "[c]", true),
            ("hello (fwd) (FWD)", "hello", true),
            ("[Fwd: hello]", "hello", true),
            ("[fwd: Re: [fwd: [x] hello (fwd)]]", "hello", true),
            ("[fwd: hello] there", "there", false),
            ("Re: (fwd)", "", true),
            ("Re:", "", true),
            ("", "", false),
            ("research", "research", false),
            ("Re[x]: y", "y", true),
            ("re [x: y", "re [x: y", false),
            ("=?utf-8?Q?Re:_caf=C3=A9?=", "café", true),
            ("é", "é", false),
        ] {
            let base = BaseSubject::of(subject.as_bytes());
            assert_eq!((base.text.as_str(), base.is_reply_or_forward), (wanted, is_reply), "{subject}");
        }
    }

    #[test]
    fn h41_nested_prefixes_are_taken_off_in_one_pass() {
        for (piece, end) in
            [("[a]", ""), ("Re: ", ""), ("[fwd: ", "]"), ("[a", ""), ("", " (fwd)"), ("re[a]", ""), ("[fwd:[a]", "]")]
        {
            let subject = piece.repeat(100_000) + "x" + &end.repeat(100_000);
            let base = BaseSubject::of(subject.as_bytes());
            assert!(base.text == "x" || base.text.len() == subject.len(), "{piece}");
        }
    }
}
