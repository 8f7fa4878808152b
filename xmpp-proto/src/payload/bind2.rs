//! Bind 2 (XEP-0386), which stands in the elements of SASL2.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ns;
use crate::xml::{Element, ElementRef, ElementWriter, Sink, XmlError};

/// A request to bind together with the login.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bind2 {
    /// What the client is called, for the resource that the server makes.
    pub tag: Option<String>,
    /// What is to be switched on together with it: carbons, stream management, client states.
    pub inline: Vec<Element>,
}

impl Bind2 {
    /// Reads a request.
    pub fn read(bind: ElementRef<'_>) -> Self {
        let tag = bind.child("tag", ns::BIND2).map(|tag| tag.text().into_owned()).filter(|tag| !tag.is_empty());
        let inline = bind.children().filter(|child| child.ns() != ns::BIND2).map(ElementRef::to_element).collect();
        Bind2 { tag, inline }
    }

    /// What is to be switched on under this name and namespace.
    pub fn inline(&self, name: &str, ns: &str) -> Option<ElementRef<'_>> {
        self.inline.iter().find(|one| one.is(name, ns)).map(Element::view)
    }

    /// Writes a request into `<authenticate/>`.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for a tag that XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, authenticate: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut bind = authenticate.child("bind", ns::BIND2)?;
        if let Some(tag) = &self.tag {
            bind.own_text("tag", tag)?;
        }
        for one in &self.inline {
            bind.embed(one.view());
        }
        Ok(())
    }
}

/// What came of what was to be switched on: the children of `<bound/>` in `<success/>`.
pub fn bound(bound: ElementRef<'_>) -> Vec<Element> {
    bound.children().map(ElementRef::to_element).collect()
}

/// Writes `<bound/>` into `<success/>`.
///
/// # Errors
///
/// None that an [`ElementWriter`] can give for it.
pub fn write_bound<S: Sink + ?Sized>(success: &mut ElementWriter<'_, S>, inline: &[Element]) -> Result<(), XmlError> {
    let mut bound = success.child("bound", ns::BIND2)?;
    for one in inline {
        bound.embed(one.view());
    }
    Ok(())
}
