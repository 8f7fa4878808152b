use super::Rejection;
use crate::prep::PrepError;
use crate::text::TextError;

/// Why a client was refused: one variant for each rule. What is not [`Rejected`](Failure::Rejected) is the fault of the
/// client program, and says nothing about the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The application said no, or the proof is wrong.
    #[error(transparent)]
    Rejected(#[from] Rejection),

    // Of every mechanism.
    /// The client sent more than the limit in the whole exchange.
    #[error("the client sent more than {limit} octets in one exchange")]
    TooLong {
        /// The limit in octets.
        limit: usize,
    },
    /// An initial response to a mechanism where the server speaks first.
    #[error("the mechanism has no initial response")]
    UnexpectedInitialResponse,
    /// Something but an empty response to the last challenge.
    #[error("the response to the last challenge must be empty")]
    ConfirmationNotEmpty,
    /// A name, password, token or message that is refused as it is.
    #[error(transparent)]
    Text(#[from] TextError),

    // Of PLAIN.
    /// A message without its two NULs (RFC 4616 §2).
    #[error("a PLAIN message is an authorization identity, NUL, a user name, NUL, and a password")]
    PlainForm,

    // Of CRAM-MD5.
    /// A response without a space, or without 32 lower-case hexadecimal digits after it (RFC 2195 §2).
    #[error("a CRAM-MD5 response is a user name, a space, and 32 lower-case hexadecimal digits")]
    CramForm,

    // Of HT.
    /// A message without a NUL, or without a SHA-256 hash after it (draft-schmaus-kitten-sasl-ht §3.1).
    #[error("an HT message is a user name, NUL, and the 32 octets of a hash")]
    TokenForm,

    // Of DIGEST-MD5.
    /// The message is not a list of directives (RFC 2831 §7).
    #[cfg(feature = "legacy")]
    #[error(
        "a DIGEST-MD5 message is a list of `name=value` with commas between, values in quotes where they need them"
    )]
    DigestForm,
    /// A directive is missing, stands twice, or has a value that it cannot have.
    #[cfg(feature = "legacy")]
    #[error("the DIGEST-MD5 directive `{0}` is missing, stands twice, or is not what was offered")]
    DigestDirective(&'static str),

    // Of SCRAM and OAUTHBEARER.
    /// The message does not begin with a GS2 header (RFC 5801 §4).
    #[error("the message does not begin with a GS2 header: `n,`, `y,` or `p=...,`, then `a=...,` or `,`")]
    Gs2Header,
    /// A name with `=` that is not part of `=2C` or `=3D`, or with a bare comma (RFC 5802 §5.1).
    #[error("a name has `=` where only `=2C` and `=3D` may stand")]
    SaslName,

    // Of SCRAM.
    /// A message without an attribute at its place (RFC 5802 §7).
    #[error("the SCRAM message lacks the attribute `{0}=` at its place")]
    AttributeMissing(char),
    /// An extension that must be understood, `m=`; none is defined.
    #[error("the SCRAM message asks for an extension that is not known here")]
    MandatoryExtension,
    /// The user name has no SASLprep form.
    #[error("the user name cannot be used: {0}")]
    UserName(PrepError),
    /// The client's nonce is empty or has characters that a nonce cannot have.
    #[error("the client's nonce is not printable ASCII")]
    NonceMalformed,
    /// A -PLUS form without `p=` in its GS2 header.
    #[error("a -PLUS mechanism needs `p=` with the type of channel binding in its GS2 header")]
    BindingMissing,
    /// `p=` in the GS2 header of a form without -PLUS.
    #[error("`p=` in the GS2 header belongs to the -PLUS mechanisms only")]
    BindingUnexpected,
    /// A type of channel binding that this session does not have.
    #[error("this session does not have the channel binding type that the client uses")]
    BindingTypeUnsupported,
    /// The client says that it saw no -PLUS form on offer, but there was one: somebody took it off the list.
    #[error("the client saw no -PLUS mechanism, although they are offered: somebody hid them")]
    Downgrade,
    /// `c=` is not base64.
    #[error("the channel binding `c=` is not base64")]
    BindingNotBase64,
    /// `c=` is not the GS2 header and the channel binding data of this session: another TLS channel, or tampering.
    #[error("the channel binding is not that of this session: somebody sits in between")]
    BindingMismatch,
    /// The nonce is not the one of this exchange.
    #[error("the nonce is not the one of this exchange")]
    NonceMismatch,
    /// The proof is not base64 of the hash function's length.
    #[error("the proof `p=` is not base64 of the hash function's length")]
    ProofMalformed,

    // Of OAUTHBEARER and XOAUTH2.
    /// The message is not a list of key, `=`, value, each ended by %x01, with another %x01 at the end (RFC 7628 §3.1).
    #[error("the message is not a list of `key=value`, each ended by %x01, with another %x01 at the end")]
    KeyValueForm,
    /// The list has no `auth`, or XOAUTH2's no `user`.
    #[error("the message lacks the key `{0}`")]
    KeyMissing(&'static str),
    /// A key stands twice, so that two readers could read differently.
    #[error("the message has the key `{0}` twice")]
    KeyTwice(&'static str),
    /// `auth` is of another scheme than Bearer.
    #[error("the token must be given as `Bearer` and a space before it")]
    NotBearer,
    /// `host` is not a host name or address.
    #[error("the key `host` is not a host name or address")]
    HostMalformed,
    /// `port` is no number from 1 to 65535.
    #[error("the key `port` is not a number from 1 to 65535")]
    PortMalformed,
}

impl Failure {
    /// The application's reason, or that of a wrong proof. `None`: the message itself was at fault.
    pub fn rejection(&self) -> Option<Rejection> {
        match self {
            Failure::Rejected(rejection) => Some(*rejection),
            _ => None,
        }
    }
}
