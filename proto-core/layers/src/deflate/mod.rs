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

/// How far back compressed output may point. Who can have text of their own compressed beside a secret, and sees how long it becomes, may
/// guess the secret bit by bit (RFC 4978 §6, CVE-2026-40203): a right guess makes it shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Memory {
    /// To the last 32 KiB that were said: what compresses best.
    #[default]
    Session,
    /// To what leaves with it: at each flush all is forgotten. So one answer tells nothing of an earlier one, if the peer waits for each; answers
    /// to requests that came together, and the parts of one answer, still share.
    Batch,
    /// To nothing: octets are given shorter or longer codes, as they are frequent or rare, and repetitions stay as long as they are. Text
    /// becomes a third shorter or so, and length tells no more of it than how frequent its octets are.
    Nothing,
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
