use thiserror::Error;

/// Why compression could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The peer's stream is not what RFC 1951, or RFC 1950 for ZLIB, allows.
    #[error("the compressed stream is damaged")]
    Corrupt,
    /// The machine asked for compression of a stream that is compressed already.
    #[error("compression was asked for a second time")]
    Twice,
}
