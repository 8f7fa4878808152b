use core::fmt;

use memchr::memchr;
use wirestate_machine::Inbox;

use super::budget::{Budget, Sender};
use super::profile::{Fault, Profile};
use super::scan;

/// How long a line may be, in bytes: its tags and the rest have budgets of their own (message-tags, "Size limit"; RFC 2812 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The section of tags, with its `@` and space.
    pub tags: usize,
    /// The rest, with a CRLF.
    pub body: usize,
}

impl Limits {
    /// What the specifications let this sender write: 4096 bytes of tags from a client, 8191 from a server, and 512 of the rest.
    pub const fn from(sender: Sender) -> Limits {
        Limits { tags: sender.section(), body: 512 }
    }

    /// The longest line, with a CRLF. An inbox must hold as much, or a line could neither end nor be too long.
    pub const fn line(self) -> usize {
        self.tags.saturating_add(self.body)
    }
}

/// Finds the next line of an inbox. How the input was cut changes nothing; memory is bounded by the inbox's limit and time is linear.
///
/// ```
/// use irc_proto::codec::{Budget, Frame, Framing, Limits, Profile, Sender};
/// use wirestate_machine::Inbox;
///
/// let limits = Limits::from(Sender::Client);
/// let (mut inbox, mut framing) = (Inbox::new(limits.line()), Framing::new(limits, Profile::Lenient));
/// inbox.push(format!("PING x\r\n{}\r\nPING y\n", "z".repeat(1000)).as_bytes());
/// assert_eq!(framing.next(&mut inbox), Some(Frame::Line(b"PING x")));
/// assert_eq!(framing.next(&mut inbox), Some(Frame::TooLong(Budget::Body)));
/// assert_eq!(framing.next(&mut inbox), Some(Frame::Line(b"PING y")));
/// assert_eq!(framing.next(&mut inbox), None);
/// ```
#[derive(Debug)]
pub struct Framing {
    limits: Limits,
    profile: Profile,
    /// How many bytes the last frame borrowed, which are still in the inbox.
    lent: usize,
    /// The beginning of a line has been looked at.
    begun: bool,
    /// In the middle of a line that is too long.
    skipping: bool,
    /// Whether the last line was a [plain](Framing::plain_line) one.
    plain: bool,
    head: Head,
}

/// What [`Framing::next`] found. Whatever it is, the stream goes on after it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// A line without its line end.
    Line(&'a [u8]),
    /// A line that is too long, told once, as soon as that is certain. It is skipped to its end.
    TooLong(Budget),
    /// A line that is not ended as the profile demands.
    Fault(Fault),
}

impl Framing {
    /// A framing for lines of these limits.
    pub fn new(limits: Limits, profile: Profile) -> Self {
        Framing { limits, profile, lent: 0, begun: false, skipping: false, plain: false, head: Head::default() }
    }

    /// Changes the limits, beginning with the line that is unfinished.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The next line, if it is all here. Empty lines are passed over (RFC 2812 §2.3.1). An unfinished line stays in the inbox.
    ///
    /// The line stays in the inbox too, until this is called again or [`release`](Framing::release) is.
    #[inline]
    pub fn next<'i>(&mut self, inbox: &'i mut Inbox) -> Option<Frame<'i>> {
        self.release(inbox);
        let plain = if self.begun { None } else { self.plain_line(inbox.bytes()) };
        self.plain = plain.is_some();
        match plain {
            Some(len) => {
                self.lent = len + 2;
                inbox.bytes().get(..len).map(Frame::Line)
            }
            None => self.next_of_any(inbox),
        }
    }

    /// How long the line is with which this begins, if it is one as nearly all are: all here, within the limits, with CRLF at its end and no control
    /// character before it, and beginning with what is no space and no tag. So one look at each byte tells all.
    fn plain_line(&self, bytes: &[u8]) -> Option<usize> {
        let len = scan::control(bytes)?;
        let is_whole = bytes.get(len..)?.starts_with(b"\r\n") && len.saturating_add(2) <= self.limits.body;
        let begins = !matches!(bytes.first(), Some(b' ' | b'@' | b'\r'));
        (is_whole && begins).then_some(len)
    }

    /// Whether the last line is known to hold no control character.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The next line, whatever it is.
    #[inline(never)]
    fn next_of_any<'i>(&mut self, inbox: &'i mut Inbox) -> Option<Frame<'i>> {
        loop {
            let end = inbox.find_lf();
            self.begun = end.is_none();
            if self.skipping {
                inbox.consume(end.map_or(usize::MAX, |end| end + 1));
                self.skipping = end.is_none();
                end?;
                continue;
            }
            let before = &inbox.bytes()[..end.unwrap_or(inbox.len())];
            let content = before.strip_suffix(b"\r").unwrap_or(before);
            if let Err(budget) = self.head.measure(content, self.limits) {
                self.head = Head::default();
                (self.begun, self.skipping) = (true, true);
                return Some(Frame::TooLong(budget));
            }
            let width = end? + 1;
            self.head = Head::default();
            if is_blank(content) {
                inbox.consume(width);
                continue;
            }
            self.lent = width;
            return Some(match self.profile.trim_line(&inbox.bytes()[..width]) {
                Ok(line) => Frame::Line(line),
                Err(fault) => Frame::Fault(fault),
            });
        }
    }

    /// Takes the last line out of the inbox. Whoever hands the rest of the inbox on, to TLS or an inflater, calls this first.
    #[inline]
    pub fn release(&mut self, inbox: &mut Inbox) {
        if self.lent > 0 {
            inbox.consume(core::mem::take(&mut self.lent));
        }
    }

    /// Forgets the line that was begun, for whoever has cleared the inbox or put another in its place.
    pub fn reset(&mut self) {
        *self = Framing::new(self.limits, self.profile);
    }
}

/// Empty lines are no messages (RFC 2812 §2.3.1), and lines of spaces say no more.
fn is_blank(content: &[u8]) -> bool {
    content.iter().all(|byte| *byte == b' ')
}

/// What comes after the lines that a framing passes over.
pub(crate) fn after_blank_lines(mut bytes: &[u8]) -> &[u8] {
    while let Some(lf) = memchr(b'\n', bytes)
        && let line = &bytes[..lf]
        && is_blank(line.strip_suffix(b"\r").unwrap_or(line))
    {
        bytes = &bytes[lf + 1..];
    }
    bytes
}

/// What is known of the line that is coming in, so that no byte of it is looked at twice.
#[derive(Debug, Default)]
struct Head {
    looked: usize,
    tagged: bool,
    /// Where the section of tags is over, or where the line begins if it has none.
    body: Option<usize>,
}

impl Head {
    /// Measures as much of a line as is here, without its line end. What is once too long stays so, whatever follows.
    fn measure(&mut self, line: &[u8], limits: Limits) -> Result<(), Budget> {
        if line.len() < self.looked {
            // Somebody has cleared the inbox in the middle of a line.
            *self = Head::default();
        }
        let untagged = self.looked == 0 && !matches!(line.first(), None | Some(b' ' | b'@'));
        let (tags, body) = if untagged { (0, line.len()) } else { self.sections(line) };
        if tags > limits.tags {
            Err(Budget::Tags)
        } else if body > limits.body.saturating_sub(2) {
            Err(Budget::Body)
        } else {
            Ok(())
        }
    }

    /// How long the section of tags is so far, and how long the rest.
    fn sections(&mut self, line: &[u8]) -> (usize, usize) {
        self.look(line);
        match self.body {
            Some(at) => (at, line.len() - at),
            None if self.tagged => (line.len(), 0),
            None => (0, line.len()),
        }
    }

    fn look(&mut self, line: &[u8]) {
        if self.body.is_some() {
            return;
        }
        if !self.tagged {
            let blanks = line[self.looked..].iter().position(|byte| *byte != b' ');
            self.looked = blanks.map_or(line.len(), |blanks| self.looked + blanks);
            match line.get(self.looked) {
                None => return,
                Some(b'@') => self.tagged = true,
                Some(_) => {
                    self.body = Some(0);
                    return;
                }
            }
        }
        self.body = memchr(b' ', &line[self.looked..]).map(|space| self.looked + space + 1);
        self.looked = line.len();
    }
}

impl fmt::Debug for Frame<'_> {
    /// Shows how long a line is, never what it says: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Line(line) => write!(f, "Line({} bytes)", line.len()),
            Frame::TooLong(budget) => write!(f, "TooLong({budget:?})"),
            Frame::Fault(fault) => write!(f, "Fault({fault:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq)]
    enum Told {
        Line(Vec<u8>),
        TooLong(Budget),
        Fault(Fault),
    }

    const SMALL: Limits = Limits { tags: 8, body: 12 };

    fn frames(input: &[u8], cut: usize, limits: Limits, profile: Profile) -> Vec<Told> {
        let (mut inbox, mut framing) = (Inbox::new(limits.line()), Framing::new(limits, profile));
        let mut told = Vec::new();
        for piece in input.chunks(cut) {
            let mut rest = piece;
            while !rest.is_empty() {
                let taken = inbox.push_some(rest);
                assert!(taken > 0, "the framing is stuck with a full inbox");
                rest = &rest[taken..];
                while let Some(frame) = framing.next(&mut inbox) {
                    let frame = match frame {
                        Frame::Line(line) => Told::Line(line.into()),
                        Frame::TooLong(budget) => Told::TooLong(budget),
                        Frame::Fault(fault) => Told::Fault(fault),
                    };
                    if framing.is_plain() {
                        assert!(matches!(&frame, Told::Line(line) if scan::control(line).is_none()), "{frame:?}");
                    }
                    told.push(frame);
                }
            }
        }
        told
    }

    fn only(line: &str, limits: Limits) -> Option<Budget> {
        match &frames(format!("{line}\r\nEND\r\n").as_bytes(), usize::MAX, limits, Profile::Strict)[..] {
            [Told::Line(first), Told::Line(end)] if first == line.as_bytes() && end == b"END" => None,
            [Told::TooLong(budget), Told::Line(end)] if end == b"END" => Some(*budget),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_limits_are_to_the_byte() {
        let limits = Limits::from(Sender::Client);
        let x = |count: usize| "x".repeat(count);
        assert_eq!(only(&x(510), limits), None);
        assert_eq!(only(&x(511), limits), Some(Budget::Body));
        let tags = |count: usize| format!("@{} ", x(count));
        assert_eq!(only(&(tags(4094) + &x(510)), limits), None);
        assert_eq!(only(&(tags(4094) + &x(511)), limits), Some(Budget::Body));
        assert_eq!(only(&(tags(4095) + "PING"), limits), Some(Budget::Tags));
        assert_eq!(only(&(tags(4095) + &x(511)), limits), Some(Budget::Tags));
        let limits = Limits::from(Sender::Server);
        assert_eq!(only(&(tags(8189) + &x(510)), limits), None);
        assert_eq!(only(&(tags(8190) + "PING"), limits), Some(Budget::Tags));
    }

    #[test]
    fn a_line_without_end_is_told_once_and_holds_nothing() {
        let limits = Limits::from(Sender::Server);
        let mut inbox = Inbox::new(limits.line());
        let mut framing = Framing::new(limits, Profile::Lenient);
        let mut told = 0;
        for _ in 0..2000 {
            assert_eq!(inbox.push_some(&[b'x'; 4096]), 4096);
            told += usize::from(framing.next(&mut inbox) == Some(Frame::TooLong(Budget::Body)));
            assert_eq!(framing.next(&mut inbox), None);
            assert!(inbox.is_empty());
        }
        inbox.push(b"\nPING x\n");
        assert_eq!(framing.next(&mut inbox), Some(Frame::Line(b"PING x")));
        assert_eq!(told, 1);
    }

    #[test]
    fn a_bare_lf_is_a_strict_fault_and_the_stream_goes_on() {
        let input = b"PING a\nPING b\r\n\r\n  \nPING c\r\n";
        let line = |line: &[u8]| Told::Line(line.into());
        assert_eq!(
            frames(input, 3, Limits::from(Sender::Client), Profile::Strict),
            [Told::Fault(Fault::BareLf), line(b"PING b"), line(b"PING c")]
        );
        assert_eq!(
            frames(input, 3, Limits::from(Sender::Client), Profile::Lenient),
            [line(b"PING a"), line(b"PING b"), line(b"PING c")]
        );
    }

    #[test]
    fn a_line_that_was_too_long_stays_so_whatever_limits_follow() {
        let (mut inbox, mut framing) = (Inbox::new(100), Framing::new(SMALL, Profile::Lenient));
        inbox.push(b"PRIVMSG #x :hi\r\nPING x\r\n");
        assert_eq!(framing.next(&mut inbox), Some(Frame::TooLong(Budget::Body)));
        framing.set_limits(Limits { tags: 8, body: 100 });
        assert_eq!(framing.next(&mut inbox), Some(Frame::Line(b"PING x")));
    }

    #[test]
    fn what_follows_a_line_is_left_when_it_is_released() {
        let mut inbox = Inbox::new(600);
        let mut framing = Framing::new(Limits::from(Sender::Server), Profile::Strict);
        inbox.push(b"SERVER x\r\n\x78\x9c rest");
        assert_eq!(framing.next(&mut inbox), Some(Frame::Line(b"SERVER x")));
        framing.release(&mut inbox);
        framing.release(&mut inbox);
        assert_eq!(inbox.bytes(), b"\x78\x9c rest");
    }

    #[test]
    fn an_inbox_may_be_cleared_in_the_middle_of_a_line() {
        let limits = Limits::from(Sender::Client);
        for begun in ["@a", "@abc d", "abc", "   ", "PING x\r\n@abc"] {
            for reset in [true, false] {
                let (mut inbox, mut framing) = (Inbox::new(limits.line()), Framing::new(limits, Profile::Strict));
                inbox.push(begun.as_bytes());
                while framing.next(&mut inbox).is_some() {}
                inbox.clear();
                if reset {
                    framing.reset();
                }
                inbox.push(b"X\r\n");
                assert_eq!(framing.next(&mut inbox), Some(Frame::Line(b"X")), "{begun}");
            }
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Frame::Line(b"PASS hunter2")), "Line(12 bytes)");
    }

    proptest! {
        #[test]
        fn the_cut_changes_nothing(parts in prop::collection::vec(prop::sample::select(vec!["@", " ", "a", "bcdefgh", "\r", "\n", "\r\n", "\0", "\u{e9}"]), 0..60), cut in 1usize..25, strict: bool) {
            let input: String = parts.concat();
            let profile = if strict { Profile::Strict } else { Profile::Lenient };
            let whole = frames(input.as_bytes(), 1, SMALL, profile);
            prop_assert_eq!(frames(input.as_bytes(), cut, SMALL, profile), whole);
        }
    }
}
