//! Writing a body structure from its parts in their order, without a stack.

use super::{BodyStructure, Parameters, PartRef};
use crate::codec::encode::{Unwritable, Writer};

impl<T: AsRef<[u8]>> BodyStructure<T> {
    /// Writes the structure with its parentheses; with extension data for BODYSTRUCTURE, without for BODY.
    pub(crate) fn write(&self, extended: bool, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        for part in self.parts() {
            part.begin(writer)?;
            // It is the last inside itself, if nothing is inside, and of those around it perhaps of some.
            let mut last = Some(part);
            while let Some(complete) = last.filter(|last| last.part.end as usize == part.index() + 1) {
                complete.finish(extended, writer)?;
                last = complete.parent();
            }
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> PartRef<'_, T> {
    /// Writes what stands before the parts inside.
    fn begin(self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"(");
        let Some(media_type) = &self.media_type else {
            return if self.part.children == 0 { Err(Unwritable::Empty) } else { Ok(()) };
        };
        writer.string(media_type.as_ref())?;
        writer.space();
        writer.string(self.subtype.as_ref())?;
        writer.space();
        write_parameters(self.parameters(), writer)?;
        writer.space();
        writer.nstring(text(&self.id))?;
        writer.space();
        writer.nstring(text(&self.description))?;
        writer.space();
        writer.string(text(&self.encoding).unwrap_or_default())?;
        writer.space();
        writer.number(self.size);
        if let Some(envelope) = &self.envelope {
            if self.part.children == 0 {
                return Err(Unwritable::Empty);
            }
            writer.space();
            envelope.write(writer)?;
            writer.space();
        }
        Ok(())
    }

    /// Writes what stands after the parts inside.
    fn finish(self, extended: bool, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match &self.media_type {
            None => {
                writer.space();
                writer.string(self.subtype.as_ref())?;
                if extended {
                    writer.space();
                    write_parameters(self.parameters(), writer)?;
                }
            }
            Some(media_type) => {
                // By its type a reader knows whether lines follow.
                if self.envelope.is_some() || media_type.as_ref().eq_ignore_ascii_case(b"TEXT") {
                    writer.space();
                    writer.number(self.lines.unwrap_or(0));
                }
                if extended {
                    writer.space();
                    writer.nstring(text(&self.md5))?;
                }
            }
        }
        if extended {
            self.write_common_extension(writer)?;
        }
        writer.put(b")");
        Ok(())
    }

    fn write_common_extension(self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        match &self.disposition {
            Some(disposition) => {
                writer.put(b"(");
                writer.string(disposition.as_ref())?;
                writer.space();
                write_parameters(self.disposition_parameters(), writer)?;
                writer.put(b")");
            }
            None => writer.put(b"NIL"),
        }
        writer.space();
        match self.languages() {
            [] => writer.put(b"NIL"),
            [language] => writer.string(language.as_ref())?,
            languages => writer.list(languages, |writer, language| writer.string(language.as_ref()))?,
        }
        writer.space();
        writer.nstring(text(&self.location))
    }
}

fn write_parameters<T: AsRef<[u8]>>(parameters: Parameters<'_, T>, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    if parameters.is_empty() {
        writer.put(b"NIL");
        return Ok(());
    }
    writer.list(parameters.iter(), |writer, (name, value)| {
        writer.string(name.as_ref())?;
        writer.space();
        writer.string(value.as_ref())
    })
}

fn text<T: AsRef<[u8]>>(text: &Option<T>) -> Option<&[u8]> {
    text.as_ref().map(AsRef::as_ref)
}
