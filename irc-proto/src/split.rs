//! Splitting of long texts, so that no relay has to cut them.
//!
//! A line has 512 bytes with its end (RFC 1459 §2.3; LINELEN may allow more), and a server puts the sender's `:nick!user@host ` before what it relays: what
//! fits on the way there may not fit on the way on.

/// What the relay puts before a text: `:nick!user@host COMMAND target :`. All lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Bytes of a line with CR LF: 512, or LINELEN.
    pub line: usize,
    /// Of the own nickname.
    pub nick: usize,
    /// Of the own user name as others see it, `~` included; 10 or USERLEN when it is not known.
    pub user: usize,
    /// Of the own host as others see it; 63 or HOSTLEN when it is not known.
    pub host: usize,
}

impl Relay {
    /// How many bytes of text one message may have: `PRIVMSG`, `NOTICE` or another command to `target`. 0 when nothing fits.
    pub fn room(&self, command: &str, target: &[u8]) -> usize {
        const MARKS: usize = ":!@ ".len() + " ".len() + " :".len() + "\r\n".len();
        let parts = [MARKS, self.nick, self.user, self.host, command.len(), target.len()];
        parts.into_iter().fold(self.line, usize::saturating_sub)
    }
}

/// Why a text cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitFault {
    /// There is room for less than 4 bytes, so that not every character fits.
    #[error("a line leaves no room for a character: shorten the target's name")]
    NoRoom,
    /// The text has a NUL.
    #[error("a text holds no NUL: remove it")]
    Nul,
    /// The text makes more messages than allowed.
    #[error("the text makes too many messages: shorten it, or allow more")]
    TooMany,
}

/// Splits a text into parts of at most `room` bytes: at CR and LF, at blanks where there are any, and else between two characters, never inside a
/// character of UTF-8. What is not UTF-8 is cut anywhere. The blank or line end at a cut is left out, as are empty lines; nothing else is.
///
/// # Errors
///
/// A [`SplitFault`], before any part is given: `room` below 4 bytes, a NUL, or more than `most` parts.
pub fn split(text: &[u8], room: usize, most: usize) -> Result<Parts<'_>, SplitFault> {
    if room < 4 {
        return Err(SplitFault::NoRoom);
    }
    if text.contains(&0) {
        return Err(SplitFault::Nul);
    }
    let parts = Parts { rest: text, room };
    // One more than allowed is enough to know.
    if parts.clone().nth(most).is_some() {
        return Err(SplitFault::TooMany);
    }
    Ok(parts)
}

/// The parts of a text, in order.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: &'a [u8],
    room: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|byte| !is_line_end(byte))?;
        let rest = self.rest.get(start..)?;
        // One byte more than the room tells whether the part ends there by itself.
        let window = rest.get(..=self.room).unwrap_or(rest);
        let (end, skip) = match window.iter().position(is_line_end) {
            Some(end) => (end, 1),
            None if window.len() <= self.room => (window.len(), 0),
            None => match window.iter().rposition(|byte| *byte == b' ') {
                Some(blank) if blank > 0 => (blank, 1),
                _ => (character_end(window, self.room), 0),
            },
        };
        self.rest = rest.get(end + skip..).unwrap_or_default();
        rest.get(..end)
    }
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The last place at or before `room` where no character is cut. `room` is at least 4, and so is the place at least 1.
fn character_end(window: &[u8], room: usize) -> usize {
    let starts = |place: &usize| window.get(*place).is_none_or(|byte| byte & 0xc0 != 0x80);
    (room - 3..=room).rev().find(starts).unwrap_or(room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn parts(text: &str, room: usize) -> Vec<&str> {
        split(text.as_bytes(), room, 1000).unwrap().map(|part| core::str::from_utf8(part).unwrap()).collect()
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(parts("one two three", 7), ["one two", "three"]);
        assert_eq!(parts("one two three", 8), ["one two", "three"]);
        assert_eq!(parts("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(parts("exactly", 7), ["exactly"]);
        assert!(parts("", 7).is_empty());
    }

    #[test]
    fn characters_and_lines_are_never_joined_or_cut() {
        assert_eq!(parts("äöüß", 5), ["äö", "üß"]);
        assert_eq!(parts("😀😀", 4), ["😀", "😀"]);
        assert_eq!(parts("a\r\n\nQUIT\rb", 50), ["a", "QUIT", "b"]);
        let odd = [0x80; 9];
        assert_eq!(split(&odd, 4, 9).unwrap().map(<[u8]>::len).collect::<Vec<_>>(), [4, 4, 1]);
    }

    #[test]
    fn what_cannot_be_split_is_an_error() {
        assert_eq!(split(b"x", 3, 9).err(), Some(SplitFault::NoRoom));
        assert_eq!(split(b"a\0", 9, 9).err(), Some(SplitFault::Nul));
        assert_eq!(split(&[b'x'; 21], 10, 2).err(), Some(SplitFault::TooMany));
        assert_eq!(split(&[b'x'; 20], 10, 2).map(Iterator::count), Ok(2));
        assert_eq!(split(b"", 10, 0).map(Iterator::count), Ok(0));
    }

    #[test]
    fn a_relayed_line_is_full_to_the_byte() {
        let relay = Relay { line: 512, nick: 3, user: 4, host: 11 };
        let room = relay.room("PRIVMSG", b"#chan");
        let line = format!(":dan!~dan@example.org PRIVMSG #chan :{}\r\n", "x".repeat(room));
        assert_eq!(line.len(), 512);
        assert_eq!(relay.room("PRIVMSG", &[b'x'; 600]), 0);
    }

    proptest! {
        #[test]
        fn parts_fit_and_lose_only_blanks_and_line_ends(text in "([a-zä😀]{0,9}[ \r\n]?){0,20}", room in 4usize..30) {
            let parts = parts(&text, room);
            prop_assert!(parts.iter().all(|part| !part.is_empty() && part.len() <= room && !part.contains(['\r', '\n'])));
            let bare = |text: &str| text.replace([' ', '\r', '\n'], "");
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
            let without_line_ends: String = text.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
            prop_assert!(without_line_ends.len() - parts.concat().len() <= parts.len());
        }

        #[test]
        fn any_bytes_are_split(text: Vec<u8>, room in 0usize..20, most in 0usize..20) {
            if let Ok(parts) = split(&text, room, most) {
                let parts: Vec<_> = parts.collect();
                prop_assert!(parts.len() <= most && parts.iter().all(|part| part.len() <= room));
            }
        }
    }
}
