/// Cuts a message down to its header, the blank line, and the first lines of its body (RFC 1939 §7, TOP).
///
/// It works on message text before stuffing, with line ends of either kind.
#[derive(Debug)]
pub struct TopCut {
    lines_left: u32,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// In the header, where the line so far is empty, is a lone CR, or holds something.
    HeaderLineStart,
    HeaderAfterCr,
    HeaderInside,
    Body,
    Done,
}

impl TopCut {
    /// A cut that lets `lines` lines of the body pass.
    pub fn new(lines: u32) -> Self {
        TopCut { lines_left: lines, part: Part::HeaderLineStart }
    }

    /// How many bytes of the next piece belong to the answer.
    pub fn admit(&mut self, piece: &[u8]) -> usize {
        let mut at = 0;
        while at < piece.len() && self.part != Part::Done {
            at = match memchr::memchr(b'\n', &piece[at..]) {
                Some(length) => {
                    let line = &piece[at..at + length];
                    self.end_line(line);
                    at + length + 1
                }
                None => {
                    self.begin_line(&piece[at..]);
                    piece.len()
                }
            };
        }
        at
    }

    /// Whether the answer is complete: no more of the message is needed.
    pub fn is_done(&self) -> bool {
        self.part == Part::Done
    }

    fn end_line(&mut self, line: &[u8]) {
        let blank = match self.part {
            Part::HeaderLineStart => matches!(line, [] | [b'\r']),
            Part::HeaderAfterCr => line.is_empty(),
            _ => false,
        };
        self.part = match self.part {
            Part::Body if self.lines_left <= 1 => Part::Done,
            Part::Body => {
                self.lines_left -= 1;
                Part::Body
            }
            _ if blank && self.lines_left == 0 => Part::Done,
            _ if blank => Part::Body,
            _ => Part::HeaderLineStart,
        };
    }

    fn begin_line(&mut self, start: &[u8]) {
        self.part = match (self.part, start) {
            (Part::Body | Part::Done, _) => self.part,
            (Part::HeaderLineStart, [b'\r']) => Part::HeaderAfterCr,
            _ => Part::HeaderInside,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn top(message: &str, lines: u32, step: usize) -> (String, bool) {
        let mut cut = TopCut::new(lines);
        let mut text = Vec::new();
        for piece in message.as_bytes().chunks(step) {
            text.extend_from_slice(&piece[..cut.admit(piece)]);
        }
        (String::from_utf8(text).unwrap(), cut.is_done())
    }

    #[test]
    fn header_lines_do_not_count_as_body_lines() {
        for (message, blank) in
            [("A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n", "\r\n"), ("A: 1\nB: 2\n\none\n\nthree\n", "\n")]
        {
            let header_end = message.find(&alloc::format!("{blank}{blank}")).unwrap() + 2 * blank.len();
            for step in [1, 2, 3, 100] {
                assert_eq!(top(message, 0, step), (message[..header_end].into(), true));
                let one = message.find("one").unwrap() + 3 + blank.len();
                assert_eq!(top(message, 1, step), (message[..one].into(), true));
                assert_eq!(top(message, 2, step), (message[..one + blank.len()].into(), true));
                assert_eq!(top(message, 3, step), (message.into(), true));
                assert_eq!(top(message, 9, step), (message.into(), false));
                assert_eq!(top(message, u32::MAX, step), (message.into(), false));
            }
        }
    }

    #[test]
    fn odd_messages() {
        assert_eq!(top("no blank line\r\n", 0, 1), ("no blank line\r\n".into(), false));
        assert_eq!(top("", 0, 1), ("".into(), false));
        assert_eq!(top("\r\nbody\r\n", 0, 1), ("\r\n".into(), true));
        assert_eq!(top("A: 1\r\n \rx\r\n\r\nb", 0, 1), ("A: 1\r\n \rx\r\n\r\n".into(), true));
        assert_eq!(top("A\r\n\r\nno line end", 1, 4), ("A\r\n\r\nno line end".into(), false));
    }
}
