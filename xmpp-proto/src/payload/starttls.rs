//! STARTTLS (RFC 6120 §5.4.2).

use crate::named::named;
use crate::ns;
use crate::xml::{ElementRef, Sink, Writer, XmlError};

named! {
    /// What either end says.
    pub enum Starttls {
        /// The initiating end wants TLS.
        Starttls = "starttls",
        /// Then begin.
        Proceed = "proceed",
        /// No.
        Failure = "failure",
    }
}

impl Starttls {
    /// Reads one of these. `None`: the element is none of them.
    pub fn of(element: ElementRef<'_>) -> Option<Starttls> {
        (element.ns() == ns::TLS).then(|| Starttls::read(element.name()))?
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// None that a [`Writer`] can give for it.
    pub fn write<S: Sink + ?Sized>(self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        writer.element(self.as_str(), ns::TLS).map(drop)
    }
}
