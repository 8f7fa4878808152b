//! Client states (XEP-0352).

use crate::named::named;
use crate::ns;
use crate::xml::{ElementRef, Sink, Writer, XmlError};

named! {
    /// Whether somebody looks at the client.
    #[derive(Default)]
    pub enum ClientState {
        /// Somebody does.
        #[default]
        Active = "active",
        /// Nobody does: what is not urgent may wait.
        Inactive = "inactive",
    }
}

impl ClientState {
    /// Reads one of these. `None`: the element is none of them.
    pub fn of(element: ElementRef<'_>) -> Option<ClientState> {
        (element.ns() == ns::CSI).then(|| ClientState::read(element.name()))?
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// None that a [`Writer`] can give for it.
    pub fn write<S: Sink + ?Sized>(self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        writer.element(self.as_str(), ns::CSI).map(drop)
    }
}
