use alloc::boxed::Box;

use wirestate_machine::scan::position;

use super::name::{self, CLASS, STOP};
use super::scan::is_space;
use super::{Limit, Limits, XmlError};

/// Follows tags, to find where an element ends. It goes over each byte once, however the input was cut, and stops where a limit is passed.
///
/// It judges no more than it must to count right: the parser that goes over the whole element is the judge.
#[derive(Debug)]
pub(super) struct Cutter {
    /// How far it has looked, from the element's `<` on.
    at: usize,
    mode: Mode,
    /// Where the name began that was last met.
    name: usize,
    attributes: u16,
    all_attributes: u32,
    elements: u32,
    declarations: u8,
    depth: u8,
    levels: [Level; SHALLOW],
    /// What lies deeper, in elements that are.
    deeper: Option<Box<[Level; DEEP]>>,
}

/// How many levels have their room in each session: as many as strangers may open, and more than stanzas have.
const SHALLOW: usize = 16;
const DEEP: usize = Limits::MAX_DEPTH as usize - SHALLOW;

/// What is remembered of an open element.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Of its name, so that most end tags that belong elsewhere are refused at once.
    mark: u8,
    /// How many declarations were in scope outside it.
    declarations: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Text,
    /// After a `<`.
    Markup,
    Name,
    /// In a start tag, where an attribute may begin.
    Gap,
    AttributeName,
    Equals,
    Quote,
    Value(u8),
    /// After the `/` of an empty element.
    Slash,
    EndName,
    EndGap,
    /// After `<!`, with as many bytes of [`SECTION`] as are known.
    Section(u8),
    /// Inside it, with as many `]` as came last, two at most.
    InSection(u8),
}

/// After `<!`.
const SECTION: &[u8] = b"[CDATA[";

/// What has been found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) kind: CutKind,
    /// Its bytes.
    pub(super) len: usize,
    /// How many slots its index takes.
    pub(super) slots: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutKind {
    Element,
    StartTag,
    EndTag,
}

impl Cutter {
    pub(super) fn new() -> Self {
        Cutter {
            at: 0,
            mode: Mode::Text,
            name: 0,
            attributes: 0,
            all_attributes: 0,
            elements: 0,
            declarations: 0,
            depth: 0,
            levels: [Level::default(); SHALLOW],
            deeper: None,
        }
    }

    /// Whether nothing of an element has been looked at.
    pub(super) fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// Forgets the element, to begin with another one.
    #[inline]
    pub(super) fn reset(&mut self) {
        (self.at, self.mode, self.elements, self.all_attributes) = (0, Mode::Text, 0, 0);
        (self.depth, self.declarations) = (0, 0);
        self.deeper = None;
    }

    /// Goes on where it stopped. `bytes` begin with the `<` of an element, or of an end tag. With `only_start_tag` the first start tag is all.
    pub(super) fn advance(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        only_start_tag: bool,
    ) -> Result<Option<Cut>, XmlError> {
        let most = limits.most_bytes();
        let seen = bytes.get(..most).unwrap_or(bytes);
        let cut = self.cut(seen, limits, only_start_tag)?;
        if cut.is_none() && bytes.len() > most {
            return Err(XmlError::Limit(Limit::Bytes));
        }
        Ok(cut)
    }

    fn cut(&mut self, bytes: &[u8], limits: &Limits, only_start_tag: bool) -> Result<Option<Cut>, XmlError> {
        let mut at = self.at;
        let mut mode = self.mode;
        while let Some(byte) = bytes.get(at).copied() {
            mode = match mode {
                // One tag after the other.
                Mode::Text if byte == b'<' => {
                    at += 1;
                    Mode::Markup
                }
                Mode::Text => match position(b'<', bytes.get(at..).unwrap_or_default()) {
                    Some(within) => {
                        at += within + 1;
                        Mode::Markup
                    }
                    None => {
                        at = bytes.len();
                        Mode::Text
                    }
                },
                Mode::Markup => {
                    self.name = at;
                    match byte {
                        b'/' => {
                            at += 1;
                            self.name = at;
                            Mode::EndName
                        }
                        b'!' => {
                            at += 1;
                            Mode::Section(0)
                        }
                        b'?' => return Err(XmlError::ProcessingInstruction),
                        _ if CLASS[usize::from(byte)] == STOP => return Err(XmlError::Name),
                        _ => {
                            self.begin_element(limits)?;
                            Mode::Name
                        }
                    }
                }
                Mode::Name => {
                    at = name::end(bytes, at);
                    self.check_name(at, limits)?;
                    if at == bytes.len() {
                        Mode::Name
                    } else {
                        self.open(bytes, at);
                        Mode::Gap
                    }
                }
                Mode::Gap => {
                    if byte == b' '
                        && let Some(end) = self.usual_attribute(bytes, at, limits)?
                    {
                        at = end;
                        continue;
                    }
                    at += 1;
                    match byte {
                        b'>' if only_start_tag => return Ok(Some(self.found(CutKind::StartTag, at))),
                        b'>' => Mode::Text,
                        b'/' => Mode::Slash,
                        _ if is_space(byte) => Mode::Gap,
                        _ if CLASS[usize::from(byte)] == STOP => return Err(XmlError::Tag),
                        _ => {
                            self.name = at - 1;
                            self.begin_attribute(limits)?;
                            Mode::AttributeName
                        }
                    }
                }
                Mode::AttributeName => {
                    at = name::end(bytes, at);
                    self.check_name(at, limits)?;
                    if at == bytes.len() {
                        Mode::AttributeName
                    } else {
                        self.attribute(bytes, at, limits)?;
                        Mode::Equals
                    }
                }
                Mode::Equals => {
                    at += 1;
                    match byte {
                        b'=' => Mode::Quote,
                        _ if is_space(byte) => Mode::Equals,
                        _ => return Err(XmlError::Tag),
                    }
                }
                Mode::Quote => {
                    at += 1;
                    match byte {
                        b'"' | b'\'' => Mode::Value(byte),
                        _ if is_space(byte) => Mode::Quote,
                        _ => return Err(XmlError::Tag),
                    }
                }
                Mode::Value(quote) => match position(quote, bytes.get(at..).unwrap_or_default()) {
                    Some(within) => {
                        at += within + 1;
                        Mode::Gap
                    }
                    None => {
                        at = bytes.len();
                        Mode::Value(quote)
                    }
                },
                Mode::Slash => {
                    at += 1;
                    match byte {
                        b'>' if only_start_tag => return Err(XmlError::Tag),
                        b'>' => {
                            self.close();
                            if self.depth == 0 {
                                return Ok(Some(self.found(CutKind::Element, at)));
                            }
                            Mode::Text
                        }
                        _ => return Err(XmlError::Tag),
                    }
                }
                Mode::EndName => {
                    at = name::end(bytes, at);
                    self.check_name(at, limits)?;
                    if at == bytes.len() {
                        Mode::EndName
                    } else {
                        if self.depth > 0 && self.level().mark != self.mark(bytes, at) {
                            return Err(XmlError::MismatchedTag);
                        }
                        Mode::EndGap
                    }
                }
                Mode::EndGap => {
                    at += 1;
                    match byte {
                        b'>' if self.depth == 0 => return Ok(Some(self.found(CutKind::EndTag, at))),
                        b'>' => {
                            self.close();
                            if self.depth == 0 {
                                return Ok(Some(self.found(CutKind::Element, at)));
                            }
                            Mode::Text
                        }
                        _ if is_space(byte) => Mode::EndGap,
                        _ => return Err(XmlError::Tag),
                    }
                }
                Mode::Section(known) => {
                    at += 1;
                    match (known, byte) {
                        (0, b'-') => return Err(XmlError::Comment),
                        (0, b'[') if self.depth == 0 => return Err(XmlError::TextBetweenStanzas),
                        _ if SECTION.get(usize::from(known)) != Some(&byte) => return Err(XmlError::DocumentType),
                        _ if usize::from(known) + 1 == SECTION.len() => Mode::InSection(0),
                        _ => Mode::Section(known + 1),
                    }
                }
                Mode::InSection(brackets) => match byte {
                    b']' => {
                        at += 1;
                        Mode::InSection((brackets + 1).min(2))
                    }
                    b'>' if brackets == 2 => {
                        at += 1;
                        Mode::Text
                    }
                    _ => {
                        at += position(b']', bytes.get(at..).unwrap_or_default()).unwrap_or(bytes.len() - at);
                        Mode::InSection(0)
                    }
                },
            };
        }
        (self.at, self.mode) = (at, mode);
        Ok(None)
    }

    /// Where an attribute ends that begins after a space, if it is all here and has no other whitespace outside its value. If it is not, the part
    /// that is here is gone over once more.
    #[inline(always)]
    fn usual_attribute(&mut self, bytes: &[u8], space: usize, limits: &Limits) -> Result<Option<usize>, XmlError> {
        let start = space + 1;
        let end = name::end(bytes, start);
        let Some([b'=', quote @ (b'\'' | b'"'), value @ ..]) = bytes.get(end..) else { return Ok(None) };
        if end == start || end - start > usize::from(limits.name) {
            return Ok(None);
        }
        let Some(len) = position(*quote, value) else { return Ok(None) };
        self.name = start;
        self.begin_attribute(limits)?;
        self.attribute(bytes, end, limits)?;
        Ok(Some(end + 2 + len + 1))
    }

    #[inline(always)]
    fn begin_attribute(&mut self, limits: &Limits) -> Result<(), XmlError> {
        self.attributes = self.attributes.saturating_add(1);
        if self.attributes > limits.attributes {
            return Err(XmlError::Limit(Limit::Attributes));
        }
        Ok(())
    }

    fn begin_element(&mut self, limits: &Limits) -> Result<(), XmlError> {
        self.elements += 1;
        self.attributes = 0;
        if self.elements > limits.elements {
            return Err(XmlError::Limit(Limit::Elements));
        }
        if usize::from(self.depth) >= limits.most_depth() {
            return Err(XmlError::Limit(Limit::Depth));
        }
        Ok(())
    }

    /// A start tag's name is known.
    #[inline]
    fn open(&mut self, bytes: &[u8], end: usize) {
        let level = Level { mark: self.mark(bytes, end), declarations: self.declarations };
        let at = usize::from(self.depth);
        self.depth += 1;
        match self.levels.get_mut(at) {
            Some(room) => *room = level,
            None => self.open_deep(at - SHALLOW, level),
        }
    }

    #[inline]
    fn close(&mut self) {
        self.declarations = self.level().declarations;
        self.depth = self.depth.saturating_sub(1);
    }

    /// The innermost open element's, of which there is one.
    #[inline(always)]
    fn level(&self) -> Level {
        let at = usize::from(self.depth).saturating_sub(1);
        self.levels.get(at).copied().unwrap_or_else(|| self.deep_level(at - SHALLOW))
    }

    #[cold]
    fn deep_level(&self, at: usize) -> Level {
        self.deeper.as_ref().and_then(|levels| levels.get(at)).copied().unwrap_or_default()
    }

    #[cold]
    fn open_deep(&mut self, at: usize, level: Level) {
        let levels = self.deeper.get_or_insert_with(|| Box::new([Level::default(); DEEP]));
        if let Some(room) = levels.get_mut(at) {
            *room = level;
        }
    }

    #[inline]
    fn attribute(&mut self, bytes: &[u8], end: usize, limits: &Limits) -> Result<(), XmlError> {
        self.all_attributes += 1;
        let is_declaration = matches!(
            bytes.get(self.name..end),
            Some([b'x', b'm', b'l', b'n', b's'] | [b'x', b'm', b'l', b'n', b's', b':', ..])
        );
        if is_declaration {
            self.declarations = self.declarations.saturating_add(1);
            if self.declarations > limits.bindings {
                return Err(XmlError::Limit(Limit::Bindings));
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn check_name(&self, end: usize, limits: &Limits) -> Result<(), XmlError> {
        if end - self.name > usize::from(limits.name) {
            return Err(XmlError::Limit(Limit::Name));
        }
        Ok(())
    }

    /// A little of a name.
    #[inline(always)]
    fn mark(&self, bytes: &[u8], end: usize) -> u8 {
        match bytes.get(self.name..end) {
            Some([first, .., last]) => first.wrapping_mul(31) ^ last.wrapping_mul(7) ^ (end - self.name) as u8,
            Some([only]) => *only,
            _ => 0,
        }
    }

    fn found(&mut self, kind: CutKind, len: usize) -> Cut {
        let slots = self.elements.saturating_add(self.all_attributes);
        self.reset();
        Cut { kind, len, slots }
    }
}
