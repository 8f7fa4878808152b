use core::ops::Range;

use wirestate_machine::redact::{Direction, Redact};

/// A line that is longer is judged by its first part.
const LINE_LIMIT: usize = 16 * 1024;

/// One direction of a session, cut into lines to find the secrets in it.
pub(super) struct Lines {
    direction: Direction,
    end: u8,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// The stream offset of the first byte that nobody has judged.
    judged: u64,
    /// Where the first part of the line had to be judged without the rest: whether the rest is hidden.
    rest: Option<bool>,
}

impl Lines {
    pub(super) fn new(direction: Direction, end: u8) -> Self {
        Lines { direction, end, line: Vec::new(), judged: 0, rest: None }
    }

    /// The stream offset up to which it is known what is secret.
    pub(super) fn judged(&self) -> u64 {
        self.judged
    }

    /// Takes the next bytes of the stream, and gives the stream's secret ranges as they come to be known.
    pub(super) fn feed(&mut self, mut bytes: &[u8], redact: &mut impl Redact, mut hide: impl FnMut(Range<u64>)) {
        while let Some(at) = bytes.iter().position(|byte| *byte == self.end) {
            let (line, rest) = bytes.split_at(at + 1);
            self.line.extend_from_slice(line);
            let content = self.line.len() - line_end(&self.line);
            let secret = self.judge(content, redact);
            hide(secret);
            self.rest = None;
            bytes = rest;
        }
        self.line.extend_from_slice(bytes);
        if self.line.len() >= LINE_LIMIT {
            let from = self.judged;
            let secret = self.judge(usize::MAX, redact);
            let to_the_end = !secret.is_empty() && secret.end == self.judged;
            self.rest = Some(self.rest.unwrap_or(false) || (to_the_end && from < secret.end));
            hide(secret);
        }
    }

    /// Judges a line before its end has come, for nobody can wait any longer. The rest of it will be hidden, to be safe.
    pub(super) fn give_up(&mut self, redact: &mut impl Redact, mut hide: impl FnMut(Range<u64>)) {
        if !self.line.is_empty() {
            let secret = self.judge(usize::MAX, redact);
            hide(secret);
            self.rest = Some(true);
        }
    }

    /// The secret among the first `content` bytes of the line, which is then done with.
    fn judge(&mut self, content: usize, redact: &mut impl Redact) -> Range<u64> {
        let content = content.min(self.line.len());
        let secret = match self.rest {
            Some(true) => 0..content,
            Some(false) => 0..0,
            None => redact.secret(self.direction, &self.line[..content]),
        };
        let end = secret.end.min(content);
        let start = secret.start.min(end);
        let range = self.judged + start as u64..self.judged + end as u64;
        self.judged += self.line.len() as u64;
        self.line.clear();
        range
    }
}

/// How long the end of this line is: CRLF, LF, or the one byte that ends lines instead.
fn line_end(line: &[u8]) -> usize {
    if line.ends_with(b"\r\n") { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hides what follows `PASS `.
    struct Passwords;

    impl Redact for Passwords {
        fn secret(&mut self, _direction: Direction, line: &[u8]) -> Range<usize> {
            if line.starts_with(b"PASS ") { 5..line.len() } else { 0..0 }
        }
    }

    fn shown(parts: &[&[u8]]) -> String {
        let mut lines = Lines::new(Direction::In, b'\n');
        let mut all = parts.concat();
        for part in parts {
            lines.feed(part, &mut Passwords, |range| all[range.start as usize..range.end as usize].fill(b'*'));
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_secret_is_hidden_wherever_the_line_was_cut() {
        let session = b"USER mrose\r\nPASS tanstaaf\r\nSTAT\nPASS x\n";
        let wanted = "USER mrose\r\nPASS ********\r\nSTAT\nPASS *\n";
        for size in 1..session.len() {
            assert_eq!(shown(&session.chunks(size).collect::<Vec<_>>()), wanted, "in pieces of {size}");
        }
    }

    #[test]
    fn the_rest_of_a_long_line_follows_its_beginning() {
        let long = [b'x'; LINE_LIMIT];
        let secret = shown(&[b"PASS ", &long, b"more\r\nSTAT\r\n"]);
        assert!(secret.ends_with("****\r\nSTAT\r\n") && !secret.contains('x'));
        let open = shown(&[b"TEXT ", &long, b"more\r\nPASS secret\r\n"]);
        assert!(open.ends_with("xmore\r\nPASS ******\r\n"));
    }

    #[test]
    fn what_cannot_be_waited_for_is_hidden() {
        let mut lines = Lines::new(Direction::In, b'\n');
        let mut hidden = Vec::new();
        lines.feed(b"PA", &mut Passwords, |range| hidden.push(range));
        lines.give_up(&mut Passwords, |range| hidden.push(range));
        lines.feed(b"SS hunter2\r\nSTAT\r\n", &mut Passwords, |range| hidden.push(range));
        hidden.retain(|range| !range.is_empty());
        assert_eq!(hidden.iter().map(|range| (range.start, range.end)).collect::<Vec<_>>(), [(2, 12)]);
    }
}
