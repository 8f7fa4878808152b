//! Software version (XEP-0092).

use alloc::string::String;

use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What a program is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it runs on, if it tells.
    pub os: Option<String>,
}

impl Version {
    /// Reads an answer.
    pub fn read(query: ElementRef<'_>) -> Self {
        let text = |name| query.child(name, ns::VERSION).map(|element| element.text().into_owned());
        Version {
            name: text("name").unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            os: text("os").filter(|os| !os.is_empty()),
        }
    }

    /// Writes an answer.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut query = iq.child("query", ns::VERSION)?;
        query.own_text("name", &self.name)?.own_text("version", &self.version)?;
        if let Some(os) = &self.os {
            query.own_text("os", os)?;
        }
        Ok(())
    }
}
