//! How a message is built of parts: BODY and BODYSTRUCTURE (RFC 3501 §7.4.2, RFC 9051 §7.5.2).

mod read;
mod write;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;
use core::ops::Deref;

use super::envelope::{Envelope, Place};

/// The MIME structure of a message: its parts in depth-first order, the whole message's own part first.
///
/// However deep it is, it is read, written and dropped without recursion. All parameters lie in one vector, so that a message of usual
/// build takes two allocations.
#[derive(Clone)]
pub struct BodyStructure<T> {
    parts: Vec<Part<T>>,
    texts: Vec<T>,
}

/// One part of a message.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// The media type, `TEXT` or `IMAGE`; absent for a multipart, of which the wire does not say it.
    pub media_type: Option<T>,
    /// The subtype: `PLAIN`, `JPEG`, `MIXED`.
    pub subtype: T,
    /// The Content-ID. Multiparts have none, nor the next four.
    pub id: Option<T>,
    /// The Content-Description.
    pub description: Option<T>,
    /// The Content-Transfer-Encoding; empty where the server does not know it.
    pub encoding: Option<T>,
    /// The size in octets, in its transfer encoding.
    pub size: u64,
    /// How many lines it has, in its transfer encoding: of texts and messages only.
    pub lines: Option<u64>,
    /// The envelope of the message inside, where the part is a message (`MESSAGE/RFC822`, `MESSAGE/GLOBAL`).
    pub envelope: Option<Box<Envelope<T>>>,
    /// The Content-MD5; extension data, as what follows: absent from BODY.
    pub md5: Option<T>,
    /// The Content-Disposition's type: `INLINE`, `ATTACHMENT`.
    pub disposition: Option<T>,
    /// The Content-Location.
    pub location: Option<T>,
    parameters: Place,
    disposition_parameters: Place,
    languages: Place,
    children: u32,
    parent: u32,
    /// The index of the first part that is not inside this one.
    end: u32,
}

/// The parameters of a part or of its disposition: names and values.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'s, T>(&'s [T]);

/// A part, with what belongs to it.
pub struct PartRef<'s, T> {
    structure: &'s BodyStructure<T>,
    part: &'s Part<T>,
    index: u32,
}

/// Why a structure cannot be built so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A part was put into one that is no longer open, or into one that cannot have (more) parts.
    #[error(
        "a part can be added only to a multipart, or once to a message, that is the last one or around the last one"
    )]
    NoPlace,
    /// Parts are nested deeper than may be.
    #[error("parts may be nested {} deep at most: show what is deeper as a part without structure", BodyStructure::<()>::MAX_DEPTH)]
    TooDeep,
}

impl<T> BodyStructure<T> {
    /// How deep parts may be nested, on reading and on building.
    pub const MAX_DEPTH: usize = 64;

    /// The part that is the whole message.
    pub fn root(&self) -> Option<PartRef<'_, T>> {
        self.part(0)
    }

    /// The part at `index` of the depth-first order.
    pub fn part(&self, index: usize) -> Option<PartRef<'_, T>> {
        let part = self.parts.get(index)?;
        Some(PartRef { structure: self, part, index: u32::try_from(index).ok()? })
    }

    /// All parts, depth first.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = PartRef<'_, T>> {
        self.parts.iter().enumerate().map(|(index, part)| PartRef { structure: self, part, index: index as u32 })
    }

    /// The part that `BODY[1.2]` means (RFC 3501 §6.4.5): the numbers count the parts of a multipart, and look through a message into
    /// what it holds. A message that is no multipart has one part, number 1. No numbers mean the whole.
    pub fn find(&self, numbers: &[NonZeroU32]) -> Option<PartRef<'_, T>> {
        let mut part = self.root()?;
        for (place, number) in numbers.iter().enumerate() {
            // What is inside a message is numbered as if it stood in the message's place.
            if place > 0
                && let Some(inner) = part.message()
            {
                part = inner;
            } else if place > 0 && !part.is_multipart() {
                return None;
            }
            if part.is_multipart() {
                part = part.children().nth(number.get() as usize - 1)?;
            } else if number.get() != 1 {
                return None;
            }
        }
        Some(part)
    }

    /// Turns each text into another, as from borrowed to shared.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> BodyStructure<U> {
        BodyStructure {
            parts: self.parts.into_iter().map(|part| part.map_text(f)).collect(),
            texts: self.texts.into_iter().map(f).collect(),
        }
    }
}

impl<'s, T> PartRef<'s, T> {
    /// Whether the part is made of others.
    pub fn is_multipart(&self) -> bool {
        self.part.media_type.is_none()
    }

    /// Where the part stands in the depth-first order.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// The parameters of the Content-Type.
    pub fn parameters(&self) -> Parameters<'s, T> {
        Parameters(self.part.parameters.of(&self.structure.texts))
    }

    /// The parameters of the Content-Disposition.
    pub fn disposition_parameters(&self) -> Parameters<'s, T> {
        Parameters(self.part.disposition_parameters.of(&self.structure.texts))
    }

    /// The Content-Language.
    pub fn languages(&self) -> &'s [T] {
        self.part.languages.of(&self.structure.texts)
    }

    /// The parts right inside this one: those of a multipart, or the one that a message holds.
    pub fn children(&self) -> impl Iterator<Item = PartRef<'s, T>> + use<'s, T> {
        let (structure, mut next) = (self.structure, self.index as usize + 1);
        (0..self.part.children).map_while(move |_| {
            let child = structure.part(next)?;
            next = child.part.end as usize;
            Some(child)
        })
    }

    /// The part around this one.
    pub fn parent(&self) -> Option<PartRef<'s, T>> {
        if self.index == 0 { None } else { self.structure.part(self.part.parent as usize) }
    }

    /// What is inside, where the part is a message.
    fn message(&self) -> Option<PartRef<'s, T>> {
        self.part.envelope.as_ref()?;
        self.children().next()
    }
}

impl<T> Clone for PartRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PartRef<'_, T> {}

impl<T> Deref for PartRef<'_, T> {
    type Target = Part<T>;

    fn deref(&self) -> &Part<T> {
        self.part
    }
}

impl<'s, T> Parameters<'s, T> {
    /// Each name with its value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'s T, &'s T)> + use<'s, T> {
        self.0.chunks_exact(2).map(|pair| (&pair[0], &pair[1]))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'s, T: AsRef<[u8]>> Parameters<'s, T> {
    /// The value of the parameter of this name, in any case.
    pub fn value(&self, name: &[u8]) -> Option<&'s T> {
        self.iter().find(|(of, _)| of.as_ref().eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Building, part by part, depth first: by a server that tells what its messages are made of.
impl<T> BodyStructure<T> {
    /// A structure that has only its first part yet, without any parameters.
    pub fn new(root: Part<T>) -> Self {
        let mut structure = BodyStructure { parts: Vec::new(), texts: Vec::new() };
        structure.parts.push(Part { parent: 0, children: 0, end: 1, ..root });
        structure
    }

    /// Adds a part inside the part at index `parent`; gives its index.
    ///
    /// # Errors
    ///
    /// [`BuildError`], when the parent is no multipart or message, has been followed by another part already, or is too deep inside.
    pub fn push(&mut self, parent: usize, part: Part<T>) -> Result<usize, BuildError> {
        let index = self.parts.len();
        let around = self.parts.get(parent).ok_or(BuildError::NoPlace)?;
        let is_open = around.end as usize == index;
        let has_room = around.media_type.is_none() || (around.envelope.is_some() && around.children == 0);
        if !is_open || !has_room {
            return Err(BuildError::NoPlace);
        }
        if self.depth_of(parent) + 1 >= Self::MAX_DEPTH {
            return Err(BuildError::TooDeep);
        }
        let place = u32::try_from(index + 1).map_err(|_| BuildError::NoPlace)?;
        self.parts.push(Part { parent: parent as u32, children: 0, end: place, ..part });
        self.parts[parent].children += 1;
        let mut around = parent;
        loop {
            self.parts[around].end = place;
            if around == 0 {
                return Ok(index);
            }
            around = self.parts[around].parent as usize;
        }
    }

    /// Sets the Content-Type's parameters of the part that was added last.
    pub fn set_parameters(&mut self, parameters: impl IntoIterator<Item = (T, T)>) {
        let span = self.add_pairs(parameters);
        self.last().parameters = span;
    }

    /// Sets the Content-Disposition's parameters of the part that was added last.
    pub fn set_disposition_parameters(&mut self, parameters: impl IntoIterator<Item = (T, T)>) {
        let span = self.add_pairs(parameters);
        self.last().disposition_parameters = span;
    }

    /// Sets the Content-Language of the part that was added last.
    pub fn set_languages(&mut self, languages: impl IntoIterator<Item = T>) {
        let start = self.texts.len();
        self.texts.extend(languages);
        let span = Place::since(start, &self.texts);
        self.last().languages = span;
    }

    fn add_pairs(&mut self, pairs: impl IntoIterator<Item = (T, T)>) -> Place {
        let start = self.texts.len();
        self.texts.extend(pairs.into_iter().flat_map(|(name, value)| [name, value]));
        Place::since(start, &self.texts)
    }

    /// There is always one.
    fn last(&mut self) -> &mut Part<T> {
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    fn depth_of(&self, mut index: usize) -> usize {
        let mut depth = 0;
        while index > 0 {
            index = self.parts[index].parent as usize;
            depth += 1;
        }
        depth
    }
}

impl<T> Part<T> {
    /// A part that is made of others.
    pub fn multipart(subtype: T) -> Self {
        Part {
            media_type: None,
            subtype,
            id: None,
            description: None,
            encoding: None,
            size: 0,
            lines: None,
            envelope: None,
            md5: None,
            disposition: None,
            location: None,
            parameters: Place::default(),
            disposition_parameters: Place::default(),
            languages: Place::default(),
            children: 0,
            parent: 0,
            end: 0,
        }
    }

    /// A part that holds data. Of a text, set the lines too.
    pub fn single(media_type: T, subtype: T, encoding: T, size: u64) -> Self {
        Part { media_type: Some(media_type), encoding: Some(encoding), size, ..Part::multipart(subtype) }
    }

    /// A message, to which the structure of what it holds must be added.
    pub fn message(media_type: T, subtype: T, encoding: T, size: u64, lines: u64, envelope: Envelope<T>) -> Self {
        let envelope = Some(Box::new(envelope));
        Part { lines: Some(lines), envelope, ..Part::single(media_type, subtype, encoding, size) }
    }

    fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Part<U> {
        Part {
            media_type: self.media_type.map(&mut *f),
            subtype: f(self.subtype),
            id: self.id.map(&mut *f),
            description: self.description.map(&mut *f),
            encoding: self.encoding.map(&mut *f),
            size: self.size,
            lines: self.lines,
            envelope: self.envelope.map(|envelope| Box::new(envelope.map_text(f))),
            md5: self.md5.map(&mut *f),
            disposition: self.disposition.map(&mut *f),
            location: self.location.map(&mut *f),
            parameters: self.parameters,
            disposition_parameters: self.disposition_parameters,
            languages: self.languages,
            children: self.children,
            parent: self.parent,
            end: self.end,
        }
    }
}

/// Two structures are the same when they say the same, wherever their texts lie.
impl<T: PartialEq> PartialEq for BodyStructure<T> {
    fn eq(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len()
            && self.parts().zip(other.parts()).all(|(one, other)| one.says_the_same(other))
    }
}

impl<T: Eq> Eq for BodyStructure<T> {}

impl<T: PartialEq> PartRef<'_, T> {
    fn says_the_same(self, other: PartRef<'_, T>) -> bool {
        let (one, two) = (self.part, other.part);
        (one.children, one.parent, one.size, one.lines) == (two.children, two.parent, two.size, two.lines)
            && one.media_type == two.media_type
            && one.subtype == two.subtype
            && one.id == two.id
            && one.description == two.description
            && one.encoding == two.encoding
            && one.envelope == two.envelope
            && one.md5 == two.md5
            && one.disposition == two.disposition
            && one.location == two.location
            && self.parameters().0 == other.parameters().0
            && self.disposition_parameters().0 == other.disposition_parameters().0
            && self.languages() == other.languages()
    }
}

impl<T: fmt::Debug> fmt::Debug for BodyStructure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts()).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for PartRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Part");
        shown.field("part", self.part).field("parameters", &self.parameters().0);
        shown.field("disposition_parameters", &self.disposition_parameters().0).field("languages", &self.languages());
        shown.finish()
    }
}
