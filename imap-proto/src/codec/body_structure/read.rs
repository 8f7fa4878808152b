//! Reading a body structure in one pass, with the parts themselves as the stack.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{BodyStructure, Part};
use crate::codec::cursor::{Cursor, Read};
use crate::codec::envelope::{Envelope, Place};
use crate::codec::fault::Expected;

type Text<'a> = Cow<'a, [u8]>;

/// Enough for the parameters of most messages: names and values.
const FIRST_TEXTS: usize = 16;

impl<'a> BodyStructure<Text<'a>> {
    /// Reads a structure, with its parentheses, with or without extension data.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        // A multipart has at least one part more, and mostly two or three; one that begins with another has more.
        let parts = match cursor.rest() {
            [b'(', b'(', b'(', ..] => 6,
            [b'(', b'(', ..] => 4,
            _ => 1,
        };
        let mut structure = BodyStructure { parts: Vec::with_capacity(parts), texts: Vec::new() };
        let mut around: Option<usize> = None;
        let mut depth = 0;
        loop {
            if depth == Self::MAX_DEPTH {
                return cursor.fail(Expected::Shallower);
            }
            if structure.begin(cursor, around)? {
                around = Some(structure.parts.len() - 1);
                depth += 1;
                cursor.skip_spaces();
                continue;
            }
            // One part is complete, and with it those around it whose last it was.
            loop {
                let Some(open) = around else { return Ok(structure) };
                cursor.skip_spaces();
                if structure.parts[open].media_type.is_none() && cursor.peek() == Some(b'(') {
                    break;
                }
                structure.finish(cursor, open)?;
                around = (open > 0).then(|| structure.parts[open].parent as usize);
                depth -= 1;
            }
        }
    }

    /// Reads a part up to the first part inside it, if it can have some: then it stays open, which is told.
    fn begin(&mut self, cursor: &mut Cursor<'a>, around: Option<usize>) -> Read<bool> {
        cursor.open()?;
        cursor.skip_spaces();
        let stays_open = if cursor.peek() == Some(b'(') {
            self.parts.push(Part::multipart(Cow::Borrowed(b"")));
            true
        } else {
            self.begin_single(cursor)?
        };
        let index = self.parts.len() - 1;
        self.parts[index].end = index as u32 + 1;
        if let Some(around) = around {
            self.parts[index].parent = around as u32;
            self.parts[around].children += 1;
        }
        Ok(stays_open)
    }

    fn begin_single(&mut self, cursor: &mut Cursor<'a>) -> Read<bool> {
        let media_type = cursor.string_or_nil()?;
        cursor.space()?;
        let subtype = cursor.string_or_nil()?;
        cursor.space()?;
        let parameters = self.read_parameters(cursor)?;
        cursor.space()?;
        let id = cursor.nstring()?;
        cursor.space()?;
        let description = cursor.nstring()?;
        cursor.space()?;
        let encoding = Some(cursor.string_or_nil()?);
        cursor.space()?;
        let size = cursor.count64()?;
        let is_text = media_type.eq_ignore_ascii_case(b"TEXT");
        let index = self.parts.len();
        self.parts.push(Part {
            media_type: Some(media_type),
            id,
            description,
            encoding,
            size,
            parameters,
            lines: is_text.then_some(0),
            ..Part::multipart(subtype)
        });
        cursor.skip_spaces();
        match cursor.peek() {
            Some(b'(') => {
                self.parts[index].envelope = Some(Box::new(Envelope::read(cursor)?));
                return Ok(true);
            }
            // MD5 sums are quoted: these can only be lines.
            Some(b'0'..=b'9' | b'-') => {
                let lines = cursor.count64()?;
                if is_text {
                    self.parts[index].lines = Some(lines);
                }
            }
            _ => {}
        }
        self.read_single_extension(cursor, index)?;
        Ok(false)
    }

    /// Reads what follows the parts inside a multipart or a message.
    fn finish(&mut self, cursor: &mut Cursor<'a>, index: usize) -> Read<()> {
        self.parts[index].end = self.parts.len() as u32;
        if self.parts[index].media_type.is_none() {
            self.parts[index].subtype = cursor.string_or_nil()?;
            return self.read_multipart_extension(cursor, index);
        }
        self.parts[index].lines = Some(if cursor.peek() == Some(b')') { 0 } else { cursor.count64()? });
        self.read_single_extension(cursor, index)
    }

    fn read_single_extension(&mut self, cursor: &mut Cursor<'a>, index: usize) -> Read<()> {
        if goes_on(cursor)? {
            self.parts[index].md5 = cursor.nstring()?;
            self.read_common_extension(cursor, index)?;
        }
        Ok(())
    }

    fn read_multipart_extension(&mut self, cursor: &mut Cursor<'a>, index: usize) -> Read<()> {
        if goes_on(cursor)? {
            self.parts[index].parameters = self.read_parameters(cursor)?;
            self.read_common_extension(cursor, index)?;
        }
        Ok(())
    }

    fn read_common_extension(&mut self, cursor: &mut Cursor<'a>, index: usize) -> Read<()> {
        if !goes_on(cursor)? {
            return Ok(());
        }
        if cursor.eat(b'(') {
            cursor.skip_spaces();
            let disposition = cursor.string_or_nil()?;
            cursor.skip_spaces();
            let parameters = if cursor.peek() == Some(b')') { Place::default() } else { self.read_parameters(cursor)? };
            cursor.close()?;
            self.parts[index].disposition = Some(disposition);
            self.parts[index].disposition_parameters = parameters;
        } else {
            // Some servers leave out the parentheses where there is no parameter.
            self.parts[index].disposition = cursor.nstring()?;
        }
        if !goes_on(cursor)? {
            return Ok(());
        }
        let start = self.texts.len();
        if cursor.eat(b'(') {
            loop {
                cursor.skip_spaces();
                if cursor.eat(b')') {
                    break;
                }
                let language = cursor.string_or_nil()?;
                self.texts.push(language);
            }
        } else if let Some(language) = cursor.nstring()? {
            self.texts.push(language);
        }
        self.parts[index].languages = Place::since(start, &self.texts);
        if goes_on(cursor)? {
            self.parts[index].location = cursor.nstring()?;
            // What later standards may add.
            cursor.skip_to_close()?;
        }
        Ok(())
    }

    fn read_parameters(&mut self, cursor: &mut Cursor<'a>) -> Read<Place> {
        let start = self.texts.len();
        if cursor.eat(b'(') {
            if self.texts.capacity() == 0 {
                self.texts.reserve(FIRST_TEXTS);
            }
            loop {
                cursor.skip_spaces();
                if cursor.eat(b')') {
                    break;
                }
                let name = cursor.string_or_nil()?;
                cursor.space()?;
                let value = cursor.string_or_nil()?;
                self.texts.push(name);
                self.texts.push(value);
            }
        } else if !cursor.eat_nil() {
            return cursor.fail(Expected::Open);
        }
        Ok(Place::since(start, &self.texts))
    }
}

/// Whether extension data follows; where not, the part's end is passed.
fn goes_on(cursor: &mut Cursor<'_>) -> Read<bool> {
    cursor.skip_spaces();
    Ok(!cursor.eat(b')'))
}
