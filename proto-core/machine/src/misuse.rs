use thiserror::Error;

/// A call that the program may not make on a machine now. Nothing has changed by it.
///
/// This is the caller's own mistake; what the peer does wrong is the machine's `Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The ticket's command has been answered or its session has moved on.
    #[error("this ticket is no longer open: each ticket answers one command, once, on the machine that issued it")]
    StaleTicket,
    /// The call does not fit the session's state.
    #[error("the session is not in a state for this call: see the state table in the crate's documentation")]
    WrongState,
    /// The session is over.
    #[error("the session is closed: drop the machine and open a new connection")]
    Closed,
    /// The text has a character that would break out of its place in the protocol.
    #[error("the text has a character that the protocol's grammar forbids there (CR, LF or NUL, most often)")]
    ForbiddenCharacter,
    /// The argument is longer than the protocol lets it be.
    #[error("the argument is too long for one line of the protocol: shorten it")]
    TooLong,
    /// The value lies outside what the protocol can say.
    #[error("the value is out of the protocol's range")]
    OutOfRange,
    /// Policy forbids to send credentials over a channel that is not encrypted.
    #[error("credentials may not go over an unencrypted channel: use TLS, or allow cleartext in the configuration")]
    CleartextForbidden,
    /// The peer has not offered what the call needs.
    #[error("the peer does not offer this: look at its capabilities first")]
    NotOffered,
    /// Too many requests are under way.
    #[error("too many requests are waiting for their responses: take some responses first")]
    QueueFull,
    /// A plugin of this name is already, or not, in the pipeline.
    #[error("the pipeline has no place for this plugin: names are unique, and the one named as a neighbour must exist")]
    NoSuchPlugin,
}
