use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use bytestring::ByteString;

use super::element::Element;
use super::escape::{self, SECTION, SECTION_END};
use super::scan::{self, is_space, skip_space};
use super::scope::{Binding, Scope};
use super::slot::{AttributeSlot, ElementSlot, NO_SLOT, Namespace, Place, Slot};
use super::{Limit, Limits, XmlError, name};
use crate::ns;

/// More attributes than this are sorted to find two that are the same.
const FEW: usize = 16;

/// Goes once over one whole element, or one start tag, which is all of `bytes`, and judges it. `slots` is what the framer counted.
pub(super) fn parse(
    bytes: Bytes,
    slots: u32,
    scope: &Scope,
    limits: &Limits,
    only_start_tag: bool,
) -> Result<Element, XmlError> {
    if bytes.len() > limits.most_bytes() {
        return Err(XmlError::Limit(Limit::Bytes));
    }
    let text = ByteString::try_from(bytes).map_err(|_| XmlError::Utf8)?;
    let is_plain = scan::check_document(&text)?;
    // The one allocation of all this.
    let mut index: Arc<[Slot]> = (0..slots).map(|_| Slot::Vacant).collect();
    let mut parser = Parser {
        text: &text,
        is_plain,
        at: 0,
        slots: Arc::get_mut(&mut index).unwrap_or_default(),
        used: 0,
        scope,
        names: Vec::new(),
        limits,
        declared: 0,
        depth: 0,
        is_outer_prefix_used: false,
    };
    if only_start_tag {
        parser.start_tag_alone()?
    } else {
        parser.whole_element()?
    }
    let is_outer_prefix_used = parser.is_outer_prefix_used;
    let scope = scope.with(parser.names);
    Ok(Element::new(text, index, scope, is_outer_prefix_used))
}

struct Parser<'a> {
    text: &'a str,
    /// Whether there is neither a `]` in it nor whitespace other than spaces.
    is_plain: bool,
    at: usize,
    slots: &'a mut [Slot],
    used: u32,
    scope: &'a Scope,
    /// Names of namespaces that were written with references.
    names: Vec<Binding>,
    limits: &'a Limits,
    /// How many declarations are in scope.
    declared: usize,
    depth: usize,
    is_outer_prefix_used: bool,
}

/// The element whose content is being read.
#[derive(Clone, Copy)]
struct Open {
    slot: u32,
    declaration: u32,
    /// The default namespace in it, where that is known.
    default: Option<Namespace>,
}

/// What is around the outermost element.
const OUTSIDE: Open = Open { slot: NO_SLOT, declaration: NO_SLOT, default: None };

impl Parser<'_> {
    fn start_tag_alone(&mut self) -> Result<(), XmlError> {
        self.at = 1;
        let (_, is_empty) = self.start_tag(OUTSIDE)?;
        if is_empty || self.at != self.text.len() { Err(XmlError::Tag) } else { Ok(()) }
    }

    fn whole_element(&mut self) -> Result<(), XmlError> {
        if self.byte() != Some(b'<') {
            return Err(XmlError::NotOneElement);
        }
        self.at = 1;
        let mut open = OUTSIDE;
        loop {
            // After a `<`.
            match self.byte() {
                Some(b'/') => open = self.end_tag(open)?,
                Some(b'!') => self.section()?,
                Some(b'?') => return Err(XmlError::ProcessingInstruction),
                _ => {
                    let (inner, is_empty) = self.start_tag(open)?;
                    if !is_empty {
                        open = inner;
                    }
                }
            }
            if open.slot == NO_SLOT {
                return if self.at == self.text.len() { Ok(()) } else { Err(XmlError::NotOneElement) };
            }
            self.text()?;
        }
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Goes on after the next `<`.
    #[inline(always)]
    fn text(&mut self) -> Result<(), XmlError> {
        // One tag after the other.
        if self.byte() == Some(b'<') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.at += if self.is_plain { scan::plain_text(self.rest()) } else { scan::text(self.rest()) };
            match self.byte() {
                Some(b'<') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'&') => self.at += escape::reference(self.rest())?.1,
                Some(_) if self.rest().starts_with(SECTION_END.as_bytes()) => return Err(XmlError::SectionEnd),
                Some(_) => self.at += 1,
                None => return Err(XmlError::NotOneElement),
            }
        }
    }

    #[cold]
    fn section(&mut self) -> Result<(), XmlError> {
        let markup = self.text.get(self.at - 1..).unwrap_or_default();
        let section = markup.strip_prefix(SECTION).ok_or(if markup.starts_with("<!-") {
            XmlError::Comment
        } else {
            XmlError::DocumentType
        })?;
        let end = memchr::memmem::find(section.as_bytes(), SECTION_END.as_bytes()).ok_or(XmlError::NotOneElement)?;
        self.at += SECTION.len() - 1 + end + SECTION_END.len();
        Ok(())
    }

    fn end_tag(&mut self, open: Open) -> Result<Open, XmlError> {
        let tag = self.at - 1;
        let text = self.text.as_bytes();
        let next = self.used;
        let Some(Slot::Element(element)) = self.slots.get_mut(open.slot as usize) else {
            return Err(XmlError::MismatchedTag);
        };
        let start = element.start as usize + 1;
        let (wanted, len) = (text.get(start..start + usize::from(element.name)), usize::from(element.name));
        if text.get(tag + 2..tag + 2 + len) != wanted {
            return Err(XmlError::MismatchedTag);
        }
        let mut at = tag + 2 + len;
        if text.get(at) != Some(&b'>') {
            let end = skip_space(text, at);
            if text.get(end) != Some(&b'>') {
                return Err(if end == at { XmlError::MismatchedTag } else { XmlError::Tag });
            }
            at = end;
        }
        element.content_end = tag as u32;
        element.end = at as u32 + 1;
        element.next = next;
        let (parent, declared) = (element.parent, element.declared);
        self.at = at + 1;
        self.declared -= usize::from(declared);
        self.depth -= 1;
        let declaration = match self.slots.get(parent as usize) {
            Some(Slot::Element(parent)) => parent.declaration,
            _ => NO_SLOT,
        };
        let default = if declared == 0 { open.default } else { None };
        Ok(Open { slot: parent, declaration, default })
    }

    fn start_tag(&mut self, parent: Open) -> Result<(Open, bool), XmlError> {
        let start = self.at - 1;
        let (len, prefix) = self.name()?;
        if self.depth >= self.limits.most_depth() {
            return Err(XmlError::Limit(Limit::Depth));
        }
        let slot = self.used;
        self.used += 1;
        let mut attributes = Attributes { declaration: parent.declaration, ..Attributes::default() };
        let is_empty = loop {
            match self.byte() {
                Some(b'>') => {
                    self.at += 1;
                    break false;
                }
                Some(b'/') => {
                    self.at += 2;
                    match self.text.as_bytes().get(self.at - 1) {
                        Some(b'>') => break true,
                        _ => return Err(XmlError::Tag),
                    }
                }
                Some(byte) if is_space(byte) => {
                    self.at = skip_space(self.text.as_bytes(), self.at + 1);
                    if !matches!(self.byte(), Some(b'>' | b'/')) {
                        self.attribute(&mut attributes)?;
                    }
                }
                _ => return Err(XmlError::Tag),
            }
        };
        if attributes.is_suspect || attributes.prefixed > 0 {
            self.finish_attributes(slot, &attributes)?;
        }
        let known = if attributes.declared == 0 { parent.default } else { None };
        let (namespace, default) = match known {
            Some(known) if prefix == 0 => (known, Some(known)),
            known => {
                let namespace = self.resolve(start + 1, prefix, attributes.declaration)?;
                (namespace, if prefix == 0 { Some(namespace) } else { known })
            }
        };
        let element = ElementSlot {
            start: start as u32,
            content: self.at as u32,
            content_end: self.at as u32,
            end: self.at as u32,
            next: self.used,
            parent: parent.slot,
            declaration: attributes.declaration,
            namespace,
            name: len as u16,
            prefix: prefix as u16,
            attributes: attributes.count,
            declared: attributes.declared,
        };
        match self.slots.get_mut(slot as usize) {
            Some(free) => *free = Slot::Element(element),
            None => return Err(XmlError::Tag),
        }
        if is_empty {
            self.declared -= usize::from(attributes.declared);
        } else {
            self.depth += 1;
        }
        Ok((Open { slot, declaration: attributes.declaration, default }, is_empty))
    }

    /// The lengths of a name and of its prefix.
    #[inline(always)]
    fn name(&mut self) -> Result<(usize, usize), XmlError> {
        let (len, prefix) = name::qualified(self.text, self.at)?;
        if len > usize::from(self.limits.name) {
            return Err(XmlError::Limit(Limit::Name));
        }
        self.at += len;
        Ok((len, prefix))
    }

    #[inline(always)]
    fn attribute(&mut self, attributes: &mut Attributes) -> Result<(), XmlError> {
        let start = self.at;
        let (len, prefix) = self.name()?;
        attributes.count += 1;
        if attributes.count > self.limits.attributes {
            return Err(XmlError::Limit(Limit::Attributes));
        }
        let bytes = self.text.as_bytes();
        if self.byte() != Some(b'=') {
            self.at = skip_space(bytes, self.at);
            if self.byte() != Some(b'=') {
                return Err(XmlError::Tag);
            }
        }
        self.at += 1;
        if self.byte().is_some_and(is_space) {
            self.at = skip_space(bytes, self.at);
        }
        let quote = match self.byte() {
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return Err(XmlError::Tag),
        };
        self.at += 1;
        let value = self.at;
        let is_plain = self.value(quote)?;
        let value_end = self.at;
        self.at += 1;

        let mut slot = AttributeSlot {
            start: start as u32,
            value: value as u32,
            value_end: value_end as u32,
            namespace: Namespace::NONE,
            declaration: NO_SLOT,
            name: len as u16,
            prefix: prefix as u16,
            is_declaration: false,
            is_plain,
        };
        let first = bytes.get(start).copied().unwrap_or_default();
        let last = bytes.get(start + len - 1).copied().unwrap_or_default();
        // Two names that are the same leave the same mark.
        let mark = 1u64 << (first.wrapping_mul(5).wrapping_add(last.wrapping_mul(3)).wrapping_add(len as u8) & 63);
        attributes.is_suspect |= attributes.marks & mark != 0;
        attributes.marks |= mark;
        if first == b'x' && len >= 5 && self.declares(start, len, prefix) {
            self.declare(&mut slot, attributes)?;
        } else if prefix > 0 {
            attributes.prefixed += 1;
        }
        match self.slots.get_mut(self.used as usize) {
            Some(free) => *free = Slot::Attribute(slot),
            None => return Err(XmlError::Tag),
        }
        self.used += 1;
        Ok(())
    }

    /// Goes to the quote that ends a value. Gives whether the value says what it is.
    #[inline(always)]
    fn value(&mut self, quote: u8) -> Result<bool, XmlError> {
        let mut is_plain = true;
        loop {
            let rest = self.rest();
            self.at += if self.is_plain { scan::plain_value(rest, quote) } else { scan::value(rest, quote) };
            match self.byte() {
                Some(byte) if byte == quote => return Ok(is_plain),
                Some(b'<') => return Err(XmlError::AttributeValue),
                Some(b'&') => self.at += escape::reference(self.rest())?.1,
                Some(_) => self.at += 1,
                None => return Err(XmlError::Tag),
            }
            is_plain = false;
        }
    }

    /// Whether this attribute declares a namespace.
    #[inline(always)]
    fn declares(&self, start: usize, len: usize, prefix: usize) -> bool {
        let bytes = self.text.as_bytes();
        bytes.get(start..start + 5) == Some(b"xmlns") && (len == 5 || prefix == 5)
    }

    fn declare(&mut self, slot: &mut AttributeSlot, attributes: &mut Attributes) -> Result<(), XmlError> {
        self.declared += 1;
        if self.declared > usize::from(self.limits.bindings) {
            return Err(XmlError::Limit(Limit::Bindings));
        }
        let raw = self.text.get(slot.value as usize..slot.value_end as usize).unwrap_or_default();
        let uri = if slot.is_plain { Cow::Borrowed(raw) } else { Cow::Owned(escape::value(raw)) };
        let name_end = slot.start as usize + usize::from(slot.name);
        let prefix = match slot.prefix {
            0 => None,
            len => self.text.get(slot.start as usize + usize::from(len) + 1..name_end),
        };
        let is_allowed = match (prefix, &*uri) {
            (Some("xml"), uri) => uri == ns::XML,
            (Some("xmlns"), _) | (_, ns::XML | ns::XMLNS) | (Some(_), "") => false,
            _ => true,
        };
        if !is_allowed {
            return Err(XmlError::NamespaceDeclaration);
        }
        slot.is_declaration = true;
        slot.declaration = attributes.declaration;
        slot.namespace = match uri {
            Cow::Borrowed(_) => Namespace::of_slot(self.used),
            Cow::Owned(uri) => {
                self.names.push(Binding { prefix: None, uri: Cow::Owned(uri) });
                Namespace::of_binding(self.scope.bindings().len() + self.names.len() - 1)
            }
        };
        attributes.declaration = self.used;
        attributes.declared += 1;
        Ok(())
    }

    /// The namespace of a name that begins at `start`, with a prefix of this length; without one, the default namespace.
    #[inline(always)]
    fn resolve(&mut self, start: usize, prefix: usize, declaration: u32) -> Result<Namespace, XmlError> {
        let prefix = if prefix == 0 { "" } else { self.text.get(start..start + prefix).unwrap_or_default() };
        let mut next = declaration;
        while let Some(Slot::Attribute(slot)) = self.slots.get(next as usize) {
            let is_this = match slot.prefix {
                0 => prefix.is_empty(),
                len => {
                    let local = slot.start as usize + usize::from(len) + 1;
                    !prefix.is_empty()
                        && self.text.get(local..slot.start as usize + usize::from(slot.name)) == Some(prefix)
                }
            };
            if is_this {
                return Ok(slot.namespace);
            }
            next = slot.declaration;
        }
        match self.scope.number(prefix) {
            _ if prefix == "xml" => Ok(Namespace::XML),
            Some(number) => {
                self.is_outer_prefix_used |= !prefix.is_empty();
                Ok(Namespace::of_binding(number))
            }
            None if prefix.is_empty() => Ok(Namespace::NONE),
            None => Err(XmlError::UnboundPrefix),
        }
    }

    /// Resolves the prefixes of an element's attributes, now that all its declarations are known, and looks for two that are the same.
    fn finish_attributes(&mut self, slot: u32, attributes: &Attributes) -> Result<(), XmlError> {
        for at in slot + 1..self.used {
            let Some(Slot::Attribute(attribute)) = self.slots.get(at as usize) else { continue };
            if attribute.prefix > 0 && !attribute.is_declaration {
                let (start, prefix) = (attribute.start as usize, usize::from(attribute.prefix));
                let namespace = self.resolve(start, prefix, attributes.declaration)?;
                if let Some(Slot::Attribute(attribute)) = self.slots.get_mut(at as usize) {
                    attribute.namespace = namespace;
                }
            }
        }
        if attributes.is_suspect || attributes.prefixed > 1 {
            self.check_duplicates(slot)?;
        }
        Ok(())
    }

    fn check_duplicates(&self, slot: u32) -> Result<(), XmlError> {
        let attributes = self.slots.get(slot as usize + 1..self.used as usize).unwrap_or_default();
        let is_double = if attributes.len() <= FEW {
            attributes.iter().enumerate().any(|(at, one)| {
                let name = self.expanded(one);
                attributes.iter().take(at).any(|other| self.expanded(other) == name)
            })
        } else {
            let mut names: Vec<_> = attributes.iter().map(|one| self.expanded(one)).collect();
            names.sort_unstable();
            names.windows(2).any(|two| two[0] == two[1])
        };
        if is_double { Err(XmlError::DuplicateAttribute) } else { Ok(()) }
    }

    /// The namespace and local name of an attribute.
    fn expanded(&self, slot: &Slot) -> (&str, &str) {
        let Slot::Attribute(slot) = slot else { return ("", "") };
        let end = slot.start as usize + usize::from(slot.name);
        let start = match slot.prefix {
            0 => slot.start as usize,
            prefix => slot.start as usize + usize::from(prefix) + 1,
        };
        let local = self.text.get(start..end).unwrap_or_default();
        let namespace = match slot.namespace.place() {
            // `xmlns` has no prefix, and would be the same as `xmlns:xmlns`, which is not allowed.
            _ if slot.is_declaration => ns::XMLNS,
            Place::None => "",
            Place::Xml => ns::XML,
            Place::Slot(at) => match self.slots.get(at as usize) {
                Some(Slot::Attribute(slot)) => {
                    self.text.get(slot.value as usize..slot.value_end as usize).unwrap_or_default()
                }
                _ => "",
            },
            Place::Binding(number) => {
                let own = number.checked_sub(self.scope.bindings().len());
                let binding = match own {
                    Some(own) => self.names.get(own),
                    None => self.scope.bindings().get(number),
                };
                binding.map_or("", |binding| &*binding.uri)
            }
        };
        (namespace, local)
    }
}

/// What is known of the attributes of a start tag while it is read.
struct Attributes {
    count: u16,
    declared: u16,
    /// How many have a prefix and are no declarations.
    prefixed: u16,
    marks: u64,
    /// Whether two have left the same mark.
    is_suspect: bool,
    /// The innermost declaration.
    declaration: u32,
}

impl Default for Attributes {
    fn default() -> Self {
        Attributes { count: 0, declared: 0, prefixed: 0, marks: 0, is_suspect: false, declaration: NO_SLOT }
    }
}

/// What the text of an element says that has more than one piece.
pub(super) fn joined<'a>(mut pieces: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let Some(first) = pieces.next() else { return Cow::Borrowed("") };
    match pieces.next() {
        None => escape::text(first),
        Some(second) => {
            let mut text = String::new();
            [first, second].into_iter().chain(pieces).for_each(|piece| escape::append_text(piece, &mut text));
            Cow::Owned(text)
        }
    }
}
