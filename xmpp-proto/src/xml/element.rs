use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use bytes::Bytes;
use bytestring::ByteString;

use super::framing::measure;
use super::scope::Scope;
use super::slot::{AttributeSlot, ElementSlot, NO_SLOT, Namespace, Place, Slot};
use super::{Limits, XmlError, escape, tree};
use crate::ns;

/// An element as it was written, with an index over it: a handle, cheap to clone. Its bytes are shared, and dropping it is no recursion.
///
/// What it says is read through [`view`](Element::view), or the methods here that do so for its root. Two elements are equal that mean the
/// same: names, attributes, children and text; not how prefixes and quotes were chosen.
#[derive(Clone)]
pub struct Element {
    text: ByteString,
    slots: Arc<[Slot]>,
    scope: Scope,
    at: u32,
    /// Whether a prefix is used that is declared outside the root of the index.
    is_outer_prefix_used: bool,
}

/// A view of an element, or of one inside it.
#[derive(Clone, Copy)]
pub struct ElementRef<'a> {
    tree: &'a Element,
    at: u32,
}

impl Element {
    pub(super) fn new(text: ByteString, slots: Arc<[Slot]>, scope: Scope, is_outer_prefix_used: bool) -> Self {
        Element { text, slots, scope, at: 0, is_outer_prefix_used }
    }

    /// One whole element, as a WebSocket message holds it (RFC 7395 §3.3.3). There may be whitespace around it, but no XML declaration. `scope`
    /// is what is declared outside it.
    ///
    /// # Errors
    ///
    /// The first rule or limit that is broken, and [`XmlError::NotOneElement`] where it is not whole or not alone.
    pub fn parse(bytes: Bytes, scope: &Scope, limits: &Limits) -> Result<Element, XmlError> {
        let start = super::scan::skip_space(&bytes, 0);
        let end = bytes.iter().rposition(|byte| !super::scan::is_space(*byte)).map_or(start, |last| last + 1);
        let bytes = bytes.slice(start.min(end)..end);
        match bytes.first() {
            Some(b'<') => {}
            None => return Err(XmlError::NotOneElement),
            Some(_) => return Err(XmlError::NotXml),
        }
        let slots = measure(&bytes, limits)?;
        tree::parse(bytes, slots, scope, limits, false)
    }

    /// A view of it.
    #[inline]
    pub fn view(&self) -> ElementRef<'_> {
        ElementRef { tree: self, at: self.at }
    }

    /// Its bytes as they were written, shared.
    pub fn to_bytes(&self) -> Bytes {
        self.text.as_bytes().slice_ref(self.view().raw().as_bytes())
    }

    /// Its local name.
    #[inline]
    pub fn name(&self) -> &str {
        self.view().name()
    }

    /// The name of its namespace; empty where it has none.
    #[inline]
    pub fn ns(&self) -> &str {
        self.view().ns()
    }

    /// Whether it has this local name and namespace.
    #[inline]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.view().is(name, ns)
    }

    /// The value of the attribute of this name that has no prefix.
    #[inline]
    pub fn attr(&self, name: &str) -> Option<Cow<'_, str>> {
        self.view().attr(name)
    }

    /// The value of the attribute of this local name and namespace.
    pub fn attr_ns(&self, name: &str, ns: &str) -> Option<Cow<'_, str>> {
        self.view().attr_ns(name, ns)
    }

    /// Its attributes, without namespace declarations.
    pub fn attrs(&self) -> Attributes<'_> {
        self.view().attrs()
    }

    /// The `xml:lang` in force (XML 1.0, §2.12), from it or from what it is in.
    pub fn lang(&self) -> Option<Cow<'_, str>> {
        self.view().lang()
    }

    /// The elements directly in it.
    #[inline]
    pub fn children(&self) -> Children<'_> {
        self.view().children()
    }

    /// The first element directly in it that has this local name and namespace.
    #[inline]
    pub fn child(&self, name: &str, ns: &str) -> Option<ElementRef<'_>> {
        self.view().child(name, ns)
    }

    /// The text directly in it, in one piece.
    pub fn text(&self) -> Cow<'_, str> {
        self.view().text()
    }
}

impl<'a> ElementRef<'a> {
    /// A handle on it alone, sharing bytes and index.
    pub fn to_element(self) -> Element {
        Element { at: self.at, ..self.tree.clone() }
    }

    /// Its local name.
    #[inline]
    pub fn name(self) -> &'a str {
        let slot = self.slot();
        let start = slot.start as usize + 1;
        let end = start + usize::from(slot.name);
        match slot.prefix {
            0 => self.slice(start, end),
            prefix => self.slice(start + usize::from(prefix) + 1, end),
        }
    }

    /// Its prefix.
    pub fn prefix(self) -> Option<&'a str> {
        let slot = self.slot();
        let start = slot.start as usize + 1;
        (slot.prefix > 0).then(|| self.slice(start, start + usize::from(slot.prefix)))
    }

    /// The name of its namespace; empty where it has none.
    #[inline]
    pub fn ns(self) -> &'a str {
        self.tree.uri(self.slot().namespace)
    }

    /// Whether it has this local name and namespace.
    #[inline]
    pub fn is(self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// The value of the attribute of this name that has no prefix.
    #[inline]
    pub fn attr(self, name: &str) -> Option<Cow<'a, str>> {
        self.all_attributes()
            .find(|attribute| attribute.slot.prefix == 0 && attribute.qualified() == name)
            .map(Attribute::value)
    }

    /// The value of the attribute of this local name and namespace.
    pub fn attr_ns(self, name: &str, ns: &str) -> Option<Cow<'a, str>> {
        self.attrs().find(|attribute| attribute.name() == name && attribute.ns() == ns).map(Attribute::value)
    }

    /// Its attributes, without namespace declarations.
    #[inline]
    pub fn attrs(self) -> Attributes<'a> {
        Attributes { all: self.all_attributes() }
    }

    /// The namespaces that it declares itself: prefixes, the empty one for the default namespace, and names.
    pub fn declarations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all_attributes()
            .filter(|attribute| attribute.slot.is_declaration)
            .map(move |attribute| (attribute.declared_prefix(), self.tree.uri(attribute.slot.namespace)))
    }

    /// The `xml:lang` in force (XML 1.0, §2.12), from it or from what it is in.
    pub fn lang(self) -> Option<Cow<'a, str>> {
        let mut next = Some(self);
        while let Some(element) = next {
            let own = element.all_attributes().find(|attribute| attribute.qualified() == "xml:lang");
            if let Some(attribute) = own {
                return Some(attribute.value());
            }
            next = element.parent();
        }
        None
    }

    /// What it is in, as far as that was read with it.
    pub fn parent(self) -> Option<ElementRef<'a>> {
        let parent = self.slot().parent;
        (parent != NO_SLOT).then_some(ElementRef { tree: self.tree, at: parent })
    }

    /// The elements directly in it.
    #[inline]
    pub fn children(self) -> Children<'a> {
        let slot = self.slot();
        Children { tree: self.tree, at: self.at + 1 + u32::from(slot.attributes), end: slot.next }
    }

    /// The first element directly in it that has this local name and namespace.
    #[inline]
    pub fn child(self, name: &str, ns: &str) -> Option<ElementRef<'a>> {
        self.children().find(|child| child.is(name, ns))
    }

    /// The elements and texts directly in it, in their order. A text is never empty, and goes from one tag to the next.
    pub fn nodes(self) -> Nodes<'a> {
        let slot = self.slot();
        Nodes { of: self, children: self.children(), ahead: None, at: slot.content }
    }

    /// The text directly in it, in one piece.
    pub fn text(self) -> Cow<'a, str> {
        if self.children().is_empty() {
            return escape::text(self.raw_content());
        }
        tree::joined(self.nodes().filter_map(|node| match node {
            Node::Text(text) => Some(text.raw()),
            Node::Element(_) => None,
        }))
    }

    /// Whether there is neither text nor an element in it.
    pub fn is_empty(self) -> bool {
        self.raw_content().is_empty()
    }

    /// It as it was written, from its `<` to the `>` of its end tag.
    #[inline]
    pub fn raw(self) -> &'a str {
        let slot = self.slot();
        self.slice(slot.start as usize, slot.end as usize)
    }

    /// What is between its tags, as it was written.
    #[inline]
    pub fn raw_content(self) -> &'a str {
        let slot = self.slot();
        self.slice(slot.content as usize, slot.content_end as usize)
    }

    /// Its qualified name, as it was written.
    pub(super) fn qualified(self) -> &'a str {
        let slot = self.slot();
        let start = slot.start as usize + 1;
        self.slice(start, start + usize::from(slot.name))
    }

    /// What follows its start tag; it ends with `/>` where that is all.
    pub(super) fn is_self_closed(self) -> bool {
        let slot = self.slot();
        slot.content == slot.end
    }

    /// What follows its start tag, shared.
    pub(super) fn rest(self) -> Bytes {
        let slot = self.slot();
        self.tree.text.as_bytes().slice(slot.content as usize..slot.end as usize)
    }

    pub(super) fn all_attributes(self) -> AllAttributes<'a> {
        AllAttributes { tree: self.tree, at: self.at + 1, left: self.slot().attributes }
    }

    /// Whether a name in it has a prefix that is declared outside it.
    pub(crate) fn uses_outer_prefix(self) -> bool {
        if self.at == 0 {
            return self.tree.is_outer_prefix_used;
        }
        let slots = self.tree.slots.get(self.at as usize..self.slot().next as usize).unwrap_or_default();
        slots.iter().any(|slot| {
            let (namespace, prefix) = match slot {
                Slot::Element(slot) => (slot.namespace, slot.prefix),
                Slot::Attribute(slot) if !slot.is_declaration => (slot.namespace, slot.prefix),
                _ => return false,
            };
            let is_outside = match namespace.place() {
                Place::None | Place::Xml => false,
                Place::Slot(at) => at < self.at,
                // Or written with references inside: then it is declared once more than needed.
                Place::Binding(_) => true,
            };
            prefix > 0 && is_outside
        })
    }

    /// What is declared around it, innermost first: prefixes and names.
    pub(super) fn outer_declarations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tree = self.tree;
        let mut next = self.parent().map_or(NO_SLOT, |parent| parent.slot().declaration);
        let around = core::iter::from_fn(move || match tree.slots.get(next as usize) {
            Some(Slot::Attribute(slot)) => {
                next = slot.declaration;
                let attribute = Attribute { tree, slot };
                Some((attribute.declared_prefix(), tree.uri(slot.namespace)))
            }
            _ => None,
        });
        around.chain(tree.scope.iter())
    }

    #[inline]
    fn slot(self) -> &'a ElementSlot {
        static NONE: ElementSlot = ElementSlot {
            start: 0,
            content: 0,
            content_end: 0,
            end: 0,
            next: 0,
            parent: NO_SLOT,
            declaration: NO_SLOT,
            namespace: Namespace::NONE,
            name: 0,
            prefix: 0,
            attributes: 0,
            declared: 0,
        };
        match self.tree.slots.get(self.at as usize) {
            Some(Slot::Element(slot)) => slot,
            _ => &NONE,
        }
    }

    #[inline]
    fn slice(self, start: usize, end: usize) -> &'a str {
        self.tree.slice(start, end)
    }
}

impl Element {
    #[inline]
    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    #[inline]
    fn uri(&self, namespace: Namespace) -> &str {
        match namespace.place() {
            Place::None => "",
            Place::Xml => ns::XML,
            Place::Slot(at) => match self.slots.get(at as usize) {
                Some(Slot::Attribute(slot)) => self.slice(slot.value as usize, slot.value_end as usize),
                _ => "",
            },
            Place::Binding(number) => self.scope.bindings().get(number).map_or("", |binding| &*binding.uri),
        }
    }
}

impl FromStr for Element {
    type Err = XmlError;

    /// One whole element, for which nothing is declared outside, within [`Limits::AFTER_LOGIN`].
    fn from_str(text: &str) -> Result<Element, XmlError> {
        Element::parse(Bytes::copy_from_slice(text.as_bytes()), &Scope::EMPTY, &Limits::AFTER_LOGIN)
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl fmt::Debug for ElementRef<'_> {
    /// Shows what it is and how long, not what it says: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} xmlns='{}'> of {} bytes", self.name(), self.ns(), self.raw().len())
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.view().raw())
    }
}

impl fmt::Display for ElementRef<'_> {
    /// It as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

/// An attribute.
#[derive(Clone, Copy)]
pub struct Attribute<'a> {
    tree: &'a Element,
    slot: &'a AttributeSlot,
}

impl<'a> Attribute<'a> {
    /// Its local name.
    pub fn name(self) -> &'a str {
        match self.slot.prefix {
            0 => self.qualified(),
            prefix => self.qualified().get(usize::from(prefix) + 1..).unwrap_or_default(),
        }
    }

    /// Its prefix.
    pub fn prefix(self) -> Option<&'a str> {
        self.qualified().get(..usize::from(self.slot.prefix)).filter(|prefix| !prefix.is_empty())
    }

    /// The name of its namespace; empty where it has no prefix.
    pub fn ns(self) -> &'a str {
        if self.slot.is_declaration { ns::XMLNS } else { self.tree.uri(self.slot.namespace) }
    }

    /// Its value: references resolved, and whitespace made spaces (XML 1.0, §3.3.3).
    #[inline]
    pub fn value(self) -> Cow<'a, str> {
        let raw = self.raw_value();
        if self.slot.is_plain { Cow::Borrowed(raw) } else { Cow::Owned(escape::value(raw)) }
    }

    /// Its value as it was written.
    #[inline]
    pub fn raw_value(self) -> &'a str {
        self.tree.slice(self.slot.value as usize, self.slot.value_end as usize)
    }

    /// It as it was written, from its name to the quote that ends its value.
    pub(super) fn raw(self) -> &'a str {
        self.tree.slice(self.slot.start as usize, self.slot.value_end as usize + 1)
    }

    #[inline]
    pub(super) fn qualified(self) -> &'a str {
        let start = self.slot.start as usize;
        self.tree.slice(start, start + usize::from(self.slot.name))
    }

    fn declared_prefix(self) -> &'a str {
        if self.slot.prefix == 0 { "" } else { self.name() }
    }
}

impl fmt::Debug for Attribute<'_> {
    /// Shows its name, not its value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attribute").field(&self.qualified()).finish()
    }
}

/// All attributes of an element.
#[derive(Clone)]
pub(super) struct AllAttributes<'a> {
    tree: &'a Element,
    at: u32,
    left: u16,
}

impl<'a> Iterator for AllAttributes<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attribute<'a>> {
        self.left = self.left.checked_sub(1)?;
        match self.tree.slots.get(self.at as usize) {
            Some(Slot::Attribute(slot)) => {
                self.at += 1;
                Some(Attribute { tree: self.tree, slot })
            }
            _ => None,
        }
    }
}

/// The attributes of an element, without namespace declarations.
#[derive(Clone)]
pub struct Attributes<'a> {
    all: AllAttributes<'a>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attribute<'a>> {
        self.all.find(|attribute| !attribute.slot.is_declaration)
    }
}

/// The elements directly in an element.
#[derive(Clone)]
pub struct Children<'a> {
    tree: &'a Element,
    at: u32,
    end: u32,
}

impl Children<'_> {
    /// Whether there is none left.
    pub fn is_empty(&self) -> bool {
        self.at >= self.end
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = ElementRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ElementRef<'a>> {
        if self.at >= self.end {
            return None;
        }
        let child = ElementRef { tree: self.tree, at: self.at };
        // It always goes on.
        self.at = child.slot().next.max(self.at + 1);
        Some(child)
    }
}

/// An element or text.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// An element.
    Element(ElementRef<'a>),
    /// What stands between two tags.
    Text(Text<'a>),
}

/// What stands between two tags.
#[derive(Clone, Copy)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// What it says: references and sections resolved, line ends LF (XML 1.0, §2.11).
    pub fn value(self) -> Cow<'a, str> {
        escape::text(self.0)
    }

    /// It as it was written.
    pub fn raw(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Text<'_> {
    /// Shows how long it is, not what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// The elements and texts directly in an element.
#[derive(Clone)]
pub struct Nodes<'a> {
    of: ElementRef<'a>,
    children: Children<'a>,
    ahead: Option<ElementRef<'a>>,
    at: u32,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let child = self.ahead.take().or_else(|| self.children.next());
        let until = child.map_or(self.of.slot().content_end, |child| child.slot().start);
        let from = core::mem::replace(&mut self.at, until);
        if from < until {
            self.ahead = child;
            return Some(Node::Text(Text(self.of.slice(from as usize, until as usize))));
        }
        self.at = child?.slot().end;
        child.map(Node::Element)
    }
}
