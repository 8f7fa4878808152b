//! The structure of a message (RFC 3501 §7.4.2, RFC 9051 §7.5.2), from its parts.

use alloc::borrow::Cow;

use super::content::{Parameterized, languages};
use super::mime::{Kind, Node, fields};
use super::{Limits, envelope};
use crate::codec::{BodyStructure, Part};

type Text<'m> = Cow<'m, [u8]>;

pub(super) fn build<'m>(raw: &'m [u8], nodes: &[Node<'m>], limits: &Limits) -> BodyStructure<Text<'m>> {
    let mut structure: Option<BodyStructure<Text<'m>>> = None;
    for node in nodes {
        let described = Described::read(raw, node, limits);
        let part = described.part(raw, node, limits);
        let built = match &mut structure {
            None => structure.insert(BodyStructure::new(part)),
            Some(built) => {
                // The reader of parts keeps to the limits of a structure.
                if built.push(node.parent, part).is_err() {
                    break;
                }
                built
            }
        };
        built.set_parameters(shown(&node.content_type));
        if let Some(disposition) = &described.disposition {
            built.set_disposition_parameters(shown(disposition));
        }
        built.set_languages(described.languages);
    }
    structure.unwrap_or_else(|| BodyStructure::new(Part::single(name(b"TEXT"), name(b"PLAIN"), name(b"7BIT"), 0)))
}

/// What a part's header tells beside its type.
#[derive(Default)]
struct Described<'m> {
    id: Option<Text<'m>>,
    description: Option<Text<'m>>,
    md5: Option<Text<'m>>,
    location: Option<Text<'m>>,
    disposition: Option<Parameterized<'m>>,
    languages: alloc::vec::Vec<Text<'m>>,
}

impl<'m> Described<'m> {
    fn read(raw: &'m [u8], node: &Node<'m>, limits: &Limits) -> Self {
        let mut described = Described::default();
        for field in fields(raw, &node.header, limits) {
            let Some(name) = field.name().get(..8).filter(|name| name.eq_ignore_ascii_case(b"content-")) else {
                continue;
            };
            let text = match &field.name()[name.len()..] {
                name if name.eq_ignore_ascii_case(b"id") => &mut described.id,
                name if name.eq_ignore_ascii_case(b"description") => &mut described.description,
                name if name.eq_ignore_ascii_case(b"md5") => &mut described.md5,
                name if name.eq_ignore_ascii_case(b"location") => &mut described.location,
                name if name.eq_ignore_ascii_case(b"disposition") => {
                    if described.disposition.is_none() {
                        described.disposition = Parameterized::read(field.folded(), limits.parameters);
                    }
                    continue;
                }
                name if name.eq_ignore_ascii_case(b"language") => {
                    if described.languages.is_empty() {
                        described.languages = languages(field.folded(), limits.parameters);
                    }
                    continue;
                }
                _ => continue,
            };
            text.get_or_insert_with(|| field.value());
        }
        described
    }

    fn part(&self, raw: &'m [u8], node: &Node<'m>, limits: &Limits) -> Part<Text<'m>> {
        let size = node.body.len() as u64;
        let (media_type, subtype) = (upper(&node.content_type.value), upper(&node.content_type.subtype));
        let mut part = match node.kind {
            Kind::Multipart => Part::multipart(subtype),
            Kind::Message => {
                let inside = raw.get(node.body.clone()).unwrap_or_default();
                let envelope = envelope::read(inside, limits);
                Part::message(media_type, subtype, node.encoding.name(), size, node.lines, envelope)
            }
            Kind::Single => {
                let mut part = Part::single(media_type, subtype, node.encoding.name(), size);
                part.lines = node.is_text().then_some(node.lines);
                part
            }
        };
        if node.kind != Kind::Multipart {
            part.id.clone_from(&self.id);
            part.description.clone_from(&self.description);
            part.md5.clone_from(&self.md5);
        }
        part.disposition = self.disposition.as_ref().map(|disposition| upper(&disposition.value));
        part.location.clone_from(&self.location);
        part
    }
}

fn shown<'m>(value: &Parameterized<'m>) -> impl Iterator<Item = (Text<'m>, Text<'m>)> {
    value.parameters.iter().map(|(name, value)| (upper(name), value.clone()))
}

/// Names in upper case, as examples have them; borrowed where they are so already, or known.
fn upper<'m>(word: &Text<'m>) -> Text<'m> {
    const KNOWN: [&[u8]; 12] = [
        b"TEXT",
        b"PLAIN",
        b"HTML",
        b"CHARSET",
        b"MULTIPART",
        b"MIXED",
        b"ALTERNATIVE",
        b"BOUNDARY",
        b"ATTACHMENT",
        b"FILENAME",
        b"APPLICATION",
        b"NAME",
    ];
    if !word.iter().any(u8::is_ascii_lowercase) {
        return word.clone();
    }
    let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(word));
    known.map_or_else(|| Cow::Owned(word.to_ascii_uppercase()), Cow::Borrowed)
}

fn name<'m>(word: &'static [u8]) -> Text<'m> {
    Cow::Borrowed(word)
}
