//! Compression of a stream (XEP-0138).

use alloc::string::String;

use crate::named::named;
use crate::ns;
use crate::xml::{ElementRef, Sink, Writer, XmlError};

/// What either end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compression {
    /// `<compress/>`: compress by this method.
    Compress {
        /// Its name, of which `zlib` is one that all know.
        method: String,
    },
    /// `<compressed/>`: from here on.
    Compressed,
    /// `<failure/>`.
    Failure(CompressionFailure),
}

named! {
    /// Why a stream is not compressed (XEP-0138 §3).
    #[non_exhaustive]
    pub enum CompressionFailure {
        /// It could not be begun.
        SetupFailed = "setup-failed",
        /// It broke while it was under way.
        ProcessingFailed = "processing-failed",
        /// There is no such method here.
        UnsupportedMethod = "unsupported-method",
    }
}

impl Compression {
    /// Reads one of these. `None`: the element is none of them.
    pub fn read(element: ElementRef<'_>) -> Option<Compression> {
        if element.ns() != ns::COMPRESS {
            return None;
        }
        match element.name() {
            "compress" => {
                let method = element.child("method", ns::COMPRESS).map(|method| method.text().trim().into());
                Some(Compression::Compress { method: method.unwrap_or_default() })
            }
            "compressed" => Some(Compression::Compressed),
            "failure" => {
                let why = element.children().find_map(|child| CompressionFailure::read(child.name()));
                Some(Compression::Failure(why.unwrap_or(CompressionFailure::SetupFailed)))
            }
            _ => None,
        }
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for a method that XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        match self {
            Compression::Compress { method } => {
                writer.element("compress", ns::COMPRESS)?.own_text("method", method).map(drop)
            }
            Compression::Compressed => writer.element("compressed", ns::COMPRESS).map(drop),
            Compression::Failure(why) => writer.element("failure", ns::COMPRESS)?.own_empty(why.as_str()).map(drop),
        }
    }
}
