//! Whether two elements mean the same, found without recursion.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::element::{Attribute, Element, ElementRef, Node, Nodes, Text};

impl PartialEq for Element {
    fn eq(&self, other: &Element) -> bool {
        self.view() == other.view()
    }
}

impl Eq for Element {}

impl PartialEq<ElementRef<'_>> for Element {
    fn eq(&self, other: &ElementRef<'_>) -> bool {
        self.view() == *other
    }
}

impl PartialEq<ElementRef<'_>> for ElementRef<'_> {
    fn eq(&self, other: &ElementRef<'_>) -> bool {
        let mut ours = Walk::new(*self);
        let mut theirs = Walk::new(*other);
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(Step::Start(one)), Some(Step::Start(other))) if is_same_tag(one, other) => {}
                (Some(Step::Text(one)), Some(Step::Text(other))) if one == other => {}
                (Some(Step::End), Some(Step::End)) => {}
                _ => return false,
            }
        }
    }
}

impl Eq for ElementRef<'_> {}

fn is_same_tag(one: ElementRef<'_>, other: ElementRef<'_>) -> bool {
    if !one.is(other.name(), other.ns()) || one.attrs().count() != other.attrs().count() {
        return false;
    }
    let in_order = one.attrs().zip(other.attrs()).all(|(one, other)| known(one) == known(other));
    in_order || {
        let (mut one, mut other): (Vec<_>, Vec<_>) =
            (one.attrs().map(known).collect(), other.attrs().map(known).collect());
        one.sort_unstable();
        other.sort_unstable();
        one == other
    }
}

fn known(attribute: Attribute<'_>) -> (&str, &str, Cow<'_, str>) {
    (attribute.ns(), attribute.name(), attribute.value())
}

/// Goes over an element in the order in which it was written.
pub(super) struct Walk<'a> {
    root: Option<ElementRef<'a>>,
    open: Vec<(ElementRef<'a>, Nodes<'a>)>,
}

pub(super) enum Step<'a> {
    Start(ElementRef<'a>),
    Text(Cow<'a, str>),
    End,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: ElementRef<'a>) -> Self {
        Walk { root: Some(root), open: Vec::new() }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        if let Some(root) = self.root.take() {
            self.open.push((root, root.nodes()));
            return Some(Step::Start(root));
        }
        loop {
            let (_, nodes) = self.open.last_mut()?;
            return Some(match nodes.next() {
                Some(Node::Element(element)) => {
                    self.open.push((element, element.nodes()));
                    Step::Start(element)
                }
                // A section may say nothing.
                Some(Node::Text(text)) => match said(text) {
                    Some(text) => Step::Text(text),
                    None => continue,
                },
                None => {
                    self.open.pop();
                    Step::End
                }
            });
        }
    }
}

fn said(text: Text<'_>) -> Option<Cow<'_, str>> {
    Some(text.value()).filter(|text| !text.is_empty())
}
