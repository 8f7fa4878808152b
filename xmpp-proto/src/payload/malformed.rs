/// A payload that breaks a rule of its extension. Where it stood in a request, the answer is `bad-request` (RFC 6120 §8.3.3.1) or, for a name that is no
/// address, `jid-malformed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// An attribute that must be there is not.
    #[error("the attribute `{0}` is missing; it must be there")]
    Missing(&'static str),
    /// An attribute or text has a value that it cannot have.
    #[error("the value of `{0}` is not one that it can have")]
    Value(&'static str),
    /// An address is none.
    #[error("`{0}` is no address")]
    Jid(&'static str),
    /// There is another number of elements than there can be.
    #[error("there must be {0}")]
    Count(&'static str),
}
