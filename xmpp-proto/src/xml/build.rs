use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::element::{Element, ElementRef};
use super::write::{put_declaration, put_text, put_value};
use super::{Limits, Scope, XmlError, name, scan};
use crate::ns;

/// Builds an element of the program's own, step by step. What XML cannot hold is told at the end.
///
/// ```
/// use xmpp_proto::ns;
/// use xmpp_proto::xml::ElementBuf;
///
/// let iq = ElementBuf::new("iq", ns::CLIENT)
///     .attr("type", "get")
///     .attr("id", "1")
///     .start("query", ns::DISCO_INFO)
///     .end()
///     .finish()?;
/// assert_eq!(iq.to_string(), "<iq xmlns='jabber:client' type='get' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
/// assert!(ElementBuf::new("body", ns::CLIENT).text("\u{1}").finish().is_err());
/// # Ok::<(), xmpp_proto::xml::XmlError>(())
/// ```
#[derive(Clone)]
pub struct ElementBuf {
    bytes: Vec<u8>,
    open: Vec<Open>,
    is_tag_open: bool,
    prefixes: u32,
    fault: Option<XmlError>,
}

#[derive(Clone)]
struct Open {
    name: Cow<'static, str>,
    ns: Cow<'static, str>,
}

impl ElementBuf {
    /// Begins an element.
    pub fn new(name: impl Into<Cow<'static, str>>, ns: impl Into<Cow<'static, str>>) -> Self {
        let buf = ElementBuf { bytes: Vec::new(), open: Vec::new(), is_tag_open: false, prefixes: 0, fault: None };
        buf.start(name, ns)
    }

    /// Begins an element like another one: its name, its attributes, all that is in it. More can be added to what is in it.
    pub fn like(element: ElementRef<'_>) -> Self {
        let mut buf = ElementBuf::new(String::from(element.name()), String::from(element.ns()));
        for attribute in element.attrs() {
            buf = buf.attr_ns(attribute.name(), attribute.ns(), &attribute.value());
        }
        for node in element.nodes() {
            buf = match node {
                super::Node::Element(child) => buf.embed(child),
                super::Node::Text(text) => buf.text(&text.value()),
            };
        }
        buf
    }

    /// Adds an attribute without namespace to the element that was begun last.
    pub fn attr(self, name: &str, value: &str) -> Self {
        self.attr_ns(name, "", value)
    }

    /// Adds `xml:lang`.
    pub fn lang(self, tag: &str) -> Self {
        self.attr_ns("lang", ns::XML, tag)
    }

    /// Adds an attribute that is in a namespace.
    pub fn attr_ns(mut self, name: &str, ns: &str, value: &str) -> Self {
        let checked = scan::check_characters(value).and_then(|()| scan::check_characters(ns));
        if let Err(fault) = checked {
            return self.with_fault(fault);
        }
        match ns {
            _ if !name::is_name(name) => return self.with_fault(XmlError::Name),
            ns::XMLNS => return self.with_fault(XmlError::NamespaceDeclaration),
            "" if name == "xmlns" => return self.with_fault(XmlError::NamespaceDeclaration),
            _ if !self.is_tag_open => return self.with_fault(XmlError::Tag),
            "" => self.bytes.push(b' '),
            ns::XML => self.bytes.extend_from_slice(b" xml:"),
            ns => {
                self.prefixes += 1;
                let prefix = alloc::format!("n{}", self.prefixes);
                put_declaration(&mut self.bytes, &prefix, ns);
                self.bytes.push(b' ');
                self.bytes.extend_from_slice(prefix.as_bytes());
                self.bytes.push(b':');
            }
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"='");
        put_value(&mut self.bytes, value);
        self.bytes.push(b'\'');
        self
    }

    /// Adds text.
    pub fn text(mut self, text: &str) -> Self {
        if let Err(fault) = scan::check_characters(text) {
            return self.with_fault(fault);
        }
        if !text.is_empty() {
            self.close_tag();
            put_text(&mut self.bytes, text);
        }
        self
    }

    /// Begins an element in the one that was begun last.
    pub fn start(mut self, name: impl Into<Cow<'static, str>>, ns: impl Into<Cow<'static, str>>) -> Self {
        let (name, ns) = (name.into(), ns.into());
        if !name::is_name(&name) {
            return self.with_fault(XmlError::Name);
        }
        if matches!(&*ns, ns::XML | ns::XMLNS) {
            return self.with_fault(XmlError::NamespaceDeclaration);
        }
        if let Err(fault) = scan::check_characters(&ns) {
            return self.with_fault(fault);
        }
        self.close_tag();
        self.bytes.push(b'<');
        self.bytes.extend_from_slice(name.as_bytes());
        if self.default() != ns {
            put_declaration(&mut self.bytes, "", &ns);
        }
        self.is_tag_open = true;
        self.open.push(Open { name, ns });
        self
    }

    /// Begins an element that has the namespace of the one it is in.
    pub fn own(self, name: impl Into<Cow<'static, str>>) -> Self {
        let ns = self.open.last().map(|open| open.ns.clone()).unwrap_or_default();
        self.start(name, ns)
    }

    /// Ends the element that was begun last. The outermost one needs no end.
    pub fn end(mut self) -> Self {
        if self.open.len() > 1 {
            self.close();
        }
        self
    }

    /// Adds an element that was read or built.
    pub fn embed(mut self, element: ElementRef<'_>) -> Self {
        self.close_tag();
        let default = self.open.last().map(|open| open.ns.clone()).unwrap_or_default();
        super::stamp::embed(&mut self.bytes, &Scope::EMPTY, &default, element);
        self
    }

    /// The element, with all ended that was begun.
    ///
    /// # Errors
    ///
    /// The first fault there was, or [`XmlError::DuplicateAttribute`]. [`Limits::PEER`] hold for what programs build, too.
    pub fn finish(mut self) -> Result<Element, XmlError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        while !self.open.is_empty() {
            self.close();
        }
        Element::parse(self.bytes.into(), &Scope::EMPTY, &Limits::PEER)
    }

    fn default(&self) -> &str {
        self.open.last().map_or("", |open| &*open.ns)
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if core::mem::take(&mut self.is_tag_open) {
            return self.bytes.extend_from_slice(b"/>");
        }
        self.bytes.extend_from_slice(b"</");
        self.bytes.extend_from_slice(open.name.as_bytes());
        self.bytes.push(b'>');
    }

    fn close_tag(&mut self) {
        if core::mem::take(&mut self.is_tag_open) {
            self.bytes.push(b'>');
        }
    }

    fn with_fault(mut self, fault: XmlError) -> Self {
        self.fault.get_or_insert(fault);
        self
    }
}

impl core::fmt::Debug for ElementBuf {
    /// Shows how long it is, not what it says.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ElementBuf").field("len", &self.bytes.len()).field("fault", &self.fault).finish_non_exhaustive()
    }
}
