//! DEFLATE compression in both directions (RFC 4978 for IMAP, XEP-0138 for XMPP).

mod failure;
mod layer;
mod streams;

pub use failure::Failure;
pub use layer::Deflate;
pub use streams::Traffic;

/// How the compressed stream is wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Bare DEFLATE (RFC 1951), as RFC 4978 §4 demands for IMAP.
    #[default]
    Raw,
    /// With the header of ZLIB (RFC 1950), as XEP-0138 §3.1 demands for XMPP.
    Zlib,
}
