use alloc::string::String;

use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::prep::PrepError;

/// Why an exchange cannot start or must not go on: one variant for each rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // At the start.
    /// The credentials are of another kind than the mechanism takes, or have an authorization identity that it cannot carry.
    #[error("these credentials do not fit {mechanism}; choose another mechanism")]
    WrongCredentials {
        /// The mechanism.
        mechanism: Mechanism,
    },
    /// A -PLUS form without channel binding.
    #[error("{mechanism} needs a channel binding, and the session has none; choose a mechanism without -PLUS")]
    NoChannelBinding {
        /// The mechanism.
        mechanism: Mechanism,
    },
    /// The user name has no SASLprep form.
    #[error("the user name cannot be used: {0}")]
    UserName(PrepError),
    /// The password has no SASLprep form.
    #[error("the password cannot be used: {0}")]
    Password(PrepError),
    /// The host of the context is empty or has space, `,`, `<`, `>`, `@`, or anything but visible ASCII.
    #[error("the host name of the context cannot stand in a message; give a DNS name in ASCII or an address")]
    Host,

    // Of every mechanism.
    /// The server sent more than the limit in the whole exchange.
    #[error("the server sent more than {limit} octets in one exchange; raise the limit if that is right")]
    TooLong {
        /// The limit in octets.
        limit: usize,
    },
    /// A challenge where the mechanism has none.
    #[error("the server sent a challenge that the mechanism does not have")]
    UnexpectedChallenge,
    /// An empty challenge where something must stand.
    #[error("the server sent an empty challenge, which proves nothing when it is signed")]
    EmptyChallenge,
    /// Success with additional data where the mechanism has none.
    #[error("the server sent data with its success that the mechanism does not have")]
    UnexpectedSuccessData,
    /// Success before the mechanism had run to its end.
    #[error("the server reported success before the mechanism had ended; do not trust this connection")]
    Incomplete,
    /// Success after the server had refused the token.
    #[error("the server reported success after it had refused the token; do not trust this connection")]
    SuccessAfterRefusal,

    // Of DIGEST-MD5.
    /// The challenge is not a list of directives (RFC 2831 §7).
    #[cfg(feature = "legacy")]
    #[error("the server's DIGEST-MD5 challenge is not a list of directives")]
    DigestForm,
    /// A directive is missing, stands twice, or has a value that is not known here.
    #[cfg(feature = "legacy")]
    #[error("the server's DIGEST-MD5 directive `{0}` is missing, stands twice, or asks for what is not known here")]
    DigestDirective(&'static str),
    /// The server knows ISO 8859-1 only, which cannot write the name or the password.
    #[cfg(feature = "legacy")]
    #[error("the server does not take UTF-8, and ISO 8859-1 cannot write these credentials; choose another mechanism")]
    Latin1,

    // Of SCRAM, and of HT and DIGEST-MD5 where they have a signature.
    /// A message that is not UTF-8.
    #[error("the server's SCRAM message is not UTF-8")]
    NotUtf8,
    /// A message without an attribute at its place (RFC 5802 §7).
    #[error("the server's SCRAM message lacks the attribute `{0}=` at its place")]
    AttributeMissing(char),
    /// An extension that must be understood, `m=`; none is defined.
    #[error("the server's SCRAM message asks for an extension that is not known here")]
    MandatoryExtension,
    /// The server's nonce does not begin with the client's, or adds nothing to it.
    #[error("the server's nonce does not extend the client's; do not trust this connection")]
    NonceNotExtended,
    /// The server's nonce has characters that a nonce cannot have.
    #[error("the server's nonce has characters outside printable ASCII")]
    NonceMalformed,
    /// The salt is not base64.
    #[error("the server's salt is not base64")]
    SaltNotBase64,
    /// The salt is empty.
    #[error("the server's salt is empty, which would make the password easy to guess")]
    SaltEmpty,
    /// The iteration count is not a positive number without leading zeros.
    #[error("the server's iteration count is not a positive number")]
    IterationsMalformed,
    /// The iteration count is below the bounds of the context.
    #[error("the server asks for {iterations} iterations, fewer than the {min} that keep a password safe")]
    TooFewIterations {
        /// The server's count.
        iterations: u32,
        /// The least that the context allows.
        min: u32,
    },
    /// The iteration count is above the bounds of the context.
    #[error("the server asks for more than {max} iterations; raise the bound if that is right")]
    TooManyIterations {
        /// The most that the context allows.
        max: u32,
    },
    /// The server's signature has not the form or the length that it must have.
    #[error("the server's signature has not the form or the length that it must have")]
    SignatureMalformed,
    /// The server's signature is not the one that knowledge of the password gives.
    #[error("the server does not know the password: its signature is wrong; do not trust this connection")]
    SignatureWrong,
    /// The lists that the server says it advertised are not those that came (XEP-0474).
    #[error(
        "somebody changed the server's list of mechanisms or channel bindings on its way; do not trust this connection"
    )]
    AdvertisedChanged,
    /// Success without the server's signature.
    #[error("the server reported success without proving that it knows the password; do not trust this connection")]
    SignatureMissing,
    /// The server said why it refuses, `e=` (RFC 5802 §7).
    #[error("the server refused: {0}")]
    Server(ServerErrorValue),

    /// A call that does not fit the state. It changed nothing.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

/// The `server-error-value` of SCRAM (RFC 5802 §7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerErrorValue {
    /// `invalid-encoding`
    #[error("it could not read a message (invalid-encoding)")]
    InvalidEncoding,
    /// `extensions-not-supported`
    #[error("it does not know an extension (extensions-not-supported)")]
    ExtensionsNotSupported,
    /// `invalid-proof`
    #[error("the proof is wrong, and so is the user name or password (invalid-proof)")]
    InvalidProof,
    /// `channel-bindings-dont-match`
    #[error("the TLS channel is not the same on both ends (channel-bindings-dont-match)")]
    ChannelBindingsDontMatch,
    /// `server-does-support-channel-binding`
    #[error("somebody hid its -PLUS mechanisms (server-does-support-channel-binding)")]
    ServerDoesSupportChannelBinding,
    /// `channel-binding-not-supported`
    #[error("it has no channel binding (channel-binding-not-supported)")]
    ChannelBindingNotSupported,
    /// `unsupported-channel-binding-type`
    #[error("it does not know this type of channel binding (unsupported-channel-binding-type)")]
    UnsupportedChannelBindingType,
    /// `unknown-user`
    #[error("it does not know the user (unknown-user)")]
    UnknownUser,
    /// `invalid-username-encoding`
    #[error("it could not read the user name (invalid-username-encoding)")]
    InvalidUsernameEncoding,
    /// `no-resources`
    #[error("it lacks resources (no-resources)")]
    NoResources,
    /// `other-error`
    #[error("it does not say why (other-error)")]
    OtherError,
    /// A value that RFC 5802 does not list, as it came.
    #[error("{0:?}")]
    Unlisted(String),
}

impl ServerErrorValue {
    pub(crate) fn read(value: &str) -> Self {
        match value {
            "invalid-encoding" => ServerErrorValue::InvalidEncoding,
            "extensions-not-supported" => ServerErrorValue::ExtensionsNotSupported,
            "invalid-proof" => ServerErrorValue::InvalidProof,
            "channel-bindings-dont-match" => ServerErrorValue::ChannelBindingsDontMatch,
            "server-does-support-channel-binding" => ServerErrorValue::ServerDoesSupportChannelBinding,
            "channel-binding-not-supported" => ServerErrorValue::ChannelBindingNotSupported,
            "unsupported-channel-binding-type" => ServerErrorValue::UnsupportedChannelBindingType,
            "unknown-user" => ServerErrorValue::UnknownUser,
            "invalid-username-encoding" => ServerErrorValue::InvalidUsernameEncoding,
            "no-resources" => ServerErrorValue::NoResources,
            "other-error" => ServerErrorValue::OtherError,
            other => ServerErrorValue::Unlisted(other.into()),
        }
    }
}
