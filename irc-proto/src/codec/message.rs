use alloc::boxed::Box;
use core::fmt;
use core::num::NonZeroU32;

use bytes::Bytes;
use memchr::memchr;

use super::command::Command;
use super::defect::{self, Defect};
use super::params::Params;
use super::profile::{Fault, Profile};
use super::scan;
use super::source::Source;
use super::tags::Tags;

/// One message, generic over how it holds its line: `Message<&[u8]>` borrows it, `Message<Bytes>` shares or owns it.
///
/// Parsing finds where the parts begin and end, and copies nothing. The line itself stays as it came, whatever its spacing, and
/// holds no CR, LF or NUL: passed on, one message never becomes two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<T> {
    line: T,
    spans: Spans,
}

/// Where the parts of a line are. In 32 bits each, for messages are handed from one to the next by value.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Spans {
    /// The ends of the tags and the source. They begin where what is before them ends, after spaces and a mark, which are no end of a part.
    tags: Option<NonZeroU32>,
    source: Option<NonZeroU32>,
    command: (u32, u32),
}

impl<'a> Message<&'a [u8]> {
    /// Parses a line without its line end (see [`Profile::trim_line`]).
    ///
    /// # Errors
    ///
    /// The first [`Fault`]: of the grammar, or, where the profile is strict, of its spacing and spelling.
    pub fn parse(line: &'a [u8], profile: Profile) -> Result<Self, Fault> {
        Message::parse_told(line, profile, false)
    }

    /// Parses a line, of which it may be known that it holds no control character.
    #[inline(always)]
    pub(crate) fn parse_told(line: &'a [u8], profile: Profile, is_plain: bool) -> Result<Self, Fault> {
        if !is_plain && let Some(at) = scan::forbidden(line) {
            return Err(match line[at] {
                b'\r' => Fault::BareCr,
                b'\n' => Fault::InnerLf,
                _ => Fault::Nul,
            });
        }
        let message = Message { line, spans: Spans::find(line)? };
        if profile == Profile::Strict {
            message.check()?;
        }
        Ok(message)
    }

    /// The line, as it came.
    pub fn line(self) -> &'a [u8] {
        self.line
    }

    /// The tags; none is the same as a section without any.
    pub fn tags(self) -> Tags<'a> {
        Tags::parse(self.tags_span().map_or(&[], |tags| self.part(tags)))
    }

    /// Who the message is from, where it says so.
    pub fn source(self) -> Option<Source<'a>> {
        self.source_span().map(|source| Source::parse(self.part(source)))
    }

    /// What the message is about.
    pub fn command(self) -> Command<'a> {
        let (start, end) = self.spans.command;
        Command::of_word(self.part((start as usize, end as usize)))
    }

    /// The parameters, in order.
    pub fn params(self) -> Params<'a> {
        Params::of(&self.line[self.spans.command.1 as usize..])
    }

    /// The parameter at `index`, counted from 0; absent where the sender left it out, as many servers do.
    pub fn param(self, index: usize) -> Option<&'a [u8]> {
        self.params().nth(index)
    }

    /// Whether there is one at `index`.
    #[inline(never)]
    pub(crate) fn has_param(self, index: usize) -> bool {
        self.param(index).is_some()
    }

    /// Copies the message into a buffer of its own, so that it can outlive what it was read from.
    #[inline]
    pub fn to_owned(self) -> Message<Bytes> {
        Message { line: Box::<[u8]>::from(self.line).into(), spans: self.spans }
    }

    /// Checks a message that was parsed leniently against the strict profile.
    ///
    /// # Errors
    ///
    /// The first [`Fault`] that the strict profile finds.
    pub fn check(self) -> Result<(), Fault> {
        match self.defects().next() {
            Some(defect) => Err(defect.fault),
            None => Ok(()),
        }
    }

    /// What is wrong with a message that was parsed leniently: each rule of the strict profile that it breaks, once, with where it does so
    /// first. For loggers, and for proxies that tell what they pass on.
    ///
    /// How the line ended is not known here; [`Profile::trim_line`] tells.
    ///
    /// ```
    /// use irc_proto::codec::{Defect, Fault, Message, Profile};
    ///
    /// let message = Message::parse(b":ada PRIVMSG  #lobby hello ", Profile::Lenient)?;
    /// let found: Vec<_> = message.defects().collect();
    /// assert_eq!(found, [Defect { fault: Fault::ExtraSpace, at: 13 }, Defect { fault: Fault::TrailingSpace, at: 26 }]);
    /// # Ok::<(), Fault>(())
    /// ```
    pub fn defects(self) -> impl Iterator<Item = Defect> {
        defect::of(self)
    }

    /// How many bytes stand before the source or the command: the tags, with their `@`, one space, and any before them.
    pub(super) fn tag_section(self) -> usize {
        self.tags_span().map_or(0, |(_, end)| end + 1)
    }

    /// Whether it has a section of tags, be there any in it or none.
    pub(crate) fn has_tags(self) -> bool {
        self.spans.tags.is_some()
    }

    /// Where the tags are, without their `@`.
    pub(super) fn tags_span(self) -> Option<(usize, usize)> {
        self.spans.tags.map(|end| marked(self.line, 0, end))
    }

    /// Where the source is, without its `:`.
    pub(super) fn source_span(self) -> Option<(usize, usize)> {
        let before = self.spans.tags.map_or(0, |end| end.get() as usize);
        self.spans.source.map(|end| marked(self.line, before, end))
    }

    pub(super) fn command_start(self) -> usize {
        self.spans.command.0 as usize
    }

    fn part(self, (start, end): (usize, usize)) -> &'a [u8] {
        &self.line[start..end]
    }
}

impl Message<Bytes> {
    /// Parses a line that is held already, without a copy. Otherwise as for a borrowed line.
    ///
    /// # Errors
    ///
    /// See the borrowed form.
    pub fn parse_shared(line: Bytes, profile: Profile) -> Result<Self, Fault> {
        let spans = Message::parse(&line, profile)?.spans;
        Ok(Message { line, spans })
    }

    /// The line, as it came.
    pub fn into_line(self) -> Bytes {
        self.line
    }
}

impl<T: AsRef<[u8]>> Message<T> {
    /// The message, borrowed: the form that can be read.
    pub fn borrow(&self) -> Message<&[u8]> {
        Message { line: self.line.as_ref(), spans: self.spans }
    }
}

impl Spans {
    #[inline(always)]
    fn find(line: &[u8]) -> Result<Spans, Fault> {
        if u32::try_from(line.len()).is_err() {
            return Err(Fault::TooLong);
        }
        // Most lines from clients begin with the command.
        let begins = !matches!(line.first(), None | Some(b' ' | b'@' | b':'));
        let (tags, source, at) = if begins { (None, None, 0) } else { Spans::before_command(line) };
        let len = Command::length(&line[at..])?;
        if len == 0 {
            return Err(if tags.is_none() && source.is_none() { Fault::Empty } else { Fault::MissingCommand });
        }
        Ok(Spans { tags, source, command: (at as u32, (at + len) as u32) })
    }

    /// Where tags and source end, and where the command begins.
    #[inline(never)]
    fn before_command(line: &[u8]) -> (Option<NonZeroU32>, Option<NonZeroU32>, usize) {
        let mut at = skip_spaces(line, 0);
        let mut end_of = |mark: u8| {
            if line.get(at) != Some(&mark) {
                return None;
            }
            let end = memchr(b' ', &line[at..]).map_or(line.len(), |len| at + len);
            at = skip_spaces(line, end);
            NonZeroU32::new(end as u32)
        };
        let (tags, source) = (end_of(b'@'), end_of(b':'));
        (tags, source, at)
    }
}

/// Where a part is that ends here, without the mark with which it begins.
fn marked(line: &[u8], before: usize, end: NonZeroU32) -> (usize, usize) {
    (skip_spaces(line, before) + 1, end.get() as usize)
}

fn skip_spaces(line: &[u8], from: usize) -> usize {
    line[from..].iter().position(|byte| *byte != b' ').map_or(line.len(), |blanks| from + blanks)
}

impl<T: AsRef<[u8]>> fmt::Debug for Message<T> {
    /// Shows what kind of message it is, never what its parameters say: one may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.borrow();
        f.debug_struct("Message")
            .field("tags", &message.tags())
            .field("source", &message.source())
            .field("command", &message.command())
            .field("params", &message.params())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn strict(line: &str) -> Result<Message<&[u8]>, Fault> {
        Message::parse(line.as_bytes(), Profile::Strict)
    }

    fn lenient(line: &str) -> Result<Message<&[u8]>, Fault> {
        Message::parse(line.as_bytes(), Profile::Lenient)
    }

    #[test]
    fn all_parts_are_found_in_both_profiles() {
        for message in [strict, lenient].map(|parse| parse("@a=1;b :ada!a@host 353 me = #x :@ada +bob").unwrap()) {
            assert_eq!(message.tags().as_bytes(), b"a=1;b");
            assert_eq!(message.source().unwrap().name(), b"ada");
            assert_eq!(message.command().numeric().unwrap().number(), 353);
            assert_eq!(message.params().collect::<Vec<_>>(), [&b"me"[..], b"=", b"#x", b"@ada +bob"]);
            assert_eq!(message.param(2), Some(&b"#x"[..]));
            assert_eq!(message.param(4), None);
        }
    }

    #[test]
    fn what_is_missing_is_absent() {
        let message = strict("PING").unwrap();
        assert!(message.tags().is_empty() && message.source().is_none() && message.param(0).is_none());
        assert!(message.command().is(b"ping"));
    }

    #[test]
    fn spacing_is_a_strict_fault_and_no_lenient_one() {
        for (line, fault) in [
            (" PING x", Fault::LeadingSpace),
            ("@a  PING x", Fault::ExtraSpace),
            ("@a  :s PING x", Fault::ExtraSpace),
            (":s  PING x", Fault::ExtraSpace),
            ("PING  x", Fault::ExtraSpace),
            ("PING x ", Fault::TrailingSpace),
            (": PING x", Fault::EmptySource),
            ("@ PING x", Fault::TagKey),
            ("@a_b PING x", Fault::TagKey),
            ("P1NG x", Fault::Command),
        ] {
            assert_eq!(strict(line), Err(fault), "{line}");
            let message = lenient(line).unwrap();
            assert_eq!(message.params().collect::<Vec<_>>(), [b"x"], "{line}");
            assert_eq!(message.line(), line.as_bytes());
        }
    }

    #[test]
    fn some_faults_are_faults_in_both() {
        for (line, fault) in [
            ("", Fault::Empty),
            ("   ", Fault::Empty),
            ("@a", Fault::MissingCommand),
            (":s ", Fault::MissingCommand),
            ("@a :s", Fault::MissingCommand),
            ("@a @b PING", Fault::Command),
            ("PING\u{e9} x", Fault::Command),
            ("PING a\rb", Fault::BareCr),
            ("PING a\nb", Fault::InnerLf),
            ("PING a\0b", Fault::Nul),
        ] {
            assert_eq!(strict(line), Err(fault), "{line:?}");
            assert_eq!(lenient(line), Err(fault), "{line:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_stay() {
        let message = Message::parse(b":n\xe9 PRIVMSG #x :caf\xe9", Profile::Strict).unwrap();
        assert_eq!(message.source().unwrap().name(), b"n\xe9");
        assert_eq!(message.param(1), Some(&b"caf\xe9"[..]));
    }

    #[test]
    fn an_owned_message_reads_like_the_borrowed_one() {
        let line = Bytes::from_static(b"@a=1 :s FOO b :c d");
        let shared = Message::parse_shared(line.clone(), Profile::Strict).unwrap();
        assert_eq!(shared.borrow(), Message::parse(&line, Profile::Strict).unwrap());
        assert_eq!(shared.borrow().to_owned(), shared);
        assert_eq!(shared.into_line().as_ptr(), line.as_ptr());
    }

    #[test]
    fn debug_shows_no_parameters() {
        let shown = format!("{:?}", strict("@a=b :ada PASS hunter2").unwrap());
        assert_eq!(shown, "Message { tags: [a], source: Some(ada), command: PASS, params: Params(1) }");
    }

    proptest! {
        #[test]
        fn no_line_panics(line in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b" :@;=\\!+/#aA1"[..])], 0..60)) {
            let lenient = Message::parse(&line, Profile::Lenient);
            if let Ok(message) = lenient {
                prop_assert_eq!(message.line(), &line[..]);
                let params: Vec<_> = message.params().collect();
                for middle in params.split_last().map_or(&[][..], |(_, middle)| middle) {
                    prop_assert!(!middle.is_empty() && !middle.starts_with(b":") && !middle.contains(&b' '));
                }
                let _ = (message.tags().iter().count(), message.source().map(|source| source.user()));
            }
            // The strict profile takes less, and reads it alike.
            if let Ok(strict) = Message::parse(&line, Profile::Strict) {
                prop_assert_eq!(Ok(strict), lenient);
            }
        }
    }
}
