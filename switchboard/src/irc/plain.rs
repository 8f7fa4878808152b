//! What is said on IRC as plain text, and plain text as IRC has it.

use std::fmt::Write;

/// Bytes of text in one line: with the longest source and channel it still fits.
const MOST: usize = 350;
/// Lines of one text; the rest is left out.
const LINES: usize = 32;

/// The text of a PRIVMSG without what only styles it; `None` for CTCP other than
/// ACTION, which becomes `/me`.
pub(super) fn read(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    match text.strip_prefix('\x01') {
        Some(ctcp) => {
            let ctcp = ctcp.strip_suffix('\x01').unwrap_or(ctcp);
            ctcp.strip_prefix("ACTION ").map(|action| format!("/me {}", without_style(action)))
        }
        None => Some(without_style(&text)),
    }
}

/// Without bold, italics, colours and their like (<https://modern.ircdocs.horse/formatting>), and without other control characters.
fn without_style(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let digits = match c {
            '\x03' => 2,
            '\x04' => 6,
            c if c.is_control() && c != '\t' => continue,
            c => {
                plain.push(c);
                continue;
            }
        };
        let is_digit = |c: &char| if digits == 2 { c.is_ascii_digit() } else { c.is_ascii_hexdigit() };
        let take = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            (0..digits).take_while(|_| rest.next_if(is_digit).is_some()).count()
        };
        if take(&mut rest) > 0 {
            let mut ahead = rest.clone();
            // The background's colour; a comma without one is the text's.
            if ahead.next() == Some(',') && ahead.peek().is_some_and(is_digit) {
                rest.next();
                take(&mut rest);
            }
        }
    }
    plain
}

/// The lines that say this to `target`.
pub(super) fn lines(target: &str, text: &str) -> Vec<String> {
    let (text, is_action) = text.strip_prefix("/me ").map_or((text, false), |action| (action, true));
    let parts = text.lines().filter(|line| !line.trim().is_empty()).flat_map(parts);
    let mut lines = Vec::new();
    for part in parts.take(LINES) {
        let mut line = format!("PRIVMSG {target} :");
        let part = part.replace(|c: char| c.is_control(), " ");
        let _ = if is_action { write!(line, "\x01ACTION {part}\x01") } else { write!(line, "{part}") };
        lines.push(line);
    }
    lines
}

/// A line in parts that fit, each of whole characters.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let end = (0..=rest.len().min(MOST)).rev().find(|end| rest.is_char_boundary(*end))?;
        let (part, more) = rest.split_at(end);
        rest = more;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_left_out() {
        for (text, wanted) in [
            ("\x02bold\x0f and \x1ditalic\x1d", "bold and italic"),
            ("\x0304,12red\x03 plain, \x034,x", "red plain, ,x"),
            ("\x04ff0000red", "red"),
            ("a\x03,1b", "a,1b"),
        ] {
            assert_eq!(read(text.as_bytes()).as_deref(), Some(wanted), "{text:?}");
        }
        assert_eq!(read(b"\x01ACTION waves\x01").as_deref(), Some("/me waves"));
        assert_eq!(read(b"\x01VERSION\x01"), None);
        assert_eq!(read(b"caf\xe9").as_deref(), Some("caf\u{fffd}"));
    }

    #[test]
    fn texts_become_lines() {
        assert_eq!(lines("#l", "one\n\ntwo\r\n"), ["PRIVMSG #l :one", "PRIVMSG #l :two"]);
        assert_eq!(lines("#l", "/me waves"), ["PRIVMSG #l :\x01ACTION waves\x01"]);
        assert_eq!(lines("#l", "a\rQUIT"), ["PRIVMSG #l :a QUIT"]);
        let long = lines("#l", &"ä".repeat(400));
        assert_eq!(long.len(), 3);
        assert!(long.iter().all(|line| line.len() <= MOST + 12));
        assert_eq!(lines("#l", &"x\n".repeat(1000)).len(), LINES);
    }
}
