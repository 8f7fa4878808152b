//! DEFLATE compression (RFC 1951): as a protocol's own upgrade (RFC 4978 for IMAP, XEP-0138 for XMPP), or switched on and off by hand for
//! links that compress without a command.

mod failure;
mod inflater;
mod layer;
mod streams;

pub use failure::Failure;
pub use layer::Deflate;

/// How the compressed stream is wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Bare DEFLATE (RFC 1951), as RFC 4978 §4 demands for IMAP.
    #[default]
    Raw,
    /// With the header of ZLIB (RFC 1950), as XEP-0138 §3.1 demands for XMPP, and as IRC servers use on their links.
    Zlib,
}

/// From where on output is compressed when [`Deflate::compress`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// From the next call that says something: what has been said before leaves plain, to the byte, whether it was written already or
    /// waits for the next flush.
    NextFlush,
    /// From the next byte that the driver, or a layer outside, takes: what waits in the machine's outbox is compressed, too. How much that is
    /// depends on how fast the peer reads, so that this is for a moment when nothing waits, or when the peer can tell by other means.
    Now,
}
